// The operator ends one credential, whoever its owner is, as its owner would: a subkey or a read-only token. A main key or wallet is
// the account itself, which is locked.
import { type CredentialRef, credentialSubject } from '../domain/credential.ts';
import { type Clock, NEVER } from '../domain/time.ts';
import type { Changed, Changes } from '../revocation/commit.ts';
import type { Denial, Revocable } from '../revocation/denial.ts';
import type { StoreTransaction } from '../store/store.ts';
import type { Found } from './find-credentials.ts';
import type { OperatorAct } from './operator-act.ts';
import { record } from './record.ts';

export type RevocableFound = Extract<Found, { readonly kind: 'subkey' | 'token' }>;

/**
 * Resolves with false, and changes nothing, when it was revoked already. Throws SERVICE_UNAVAILABLE: what could not be written is denied
 * on this node all the same.
 */
export type RevokeCredential = (found: RevocableFound, act: OperatorAct) => Promise<Changed<boolean>>;

export function createRevokeCredential({
  changes,
  clock,
}: {
  readonly changes: Changes;
  readonly clock: Clock;
}): RevokeCredential {
  return async function revokeCredential(found, act) {
    const { account } = found.ref;
    const [kind, label, name] =
      found.kind === 'subkey'
        ? (['subkey', found.subkey.publicKey, found.subkey.name] as const)
        : (['token', found.token.lookupId, found.token.name] as const);
    const credential: CredentialRef & { readonly kind: Revocable } = { account, kind, id: found.ref.id };
    const denial: Denial = { kind: 'credential', credential, label };
    let isNamed = false;
    const { result, receipt } = await changes.commit(
      async (tx, stored) => {
        isNamed = await hasName(stored);
        if (!(await end(tx))) return { result: false, change: undefined };
        const subject = credentialSubject(credential);
        const action = kind === 'subkey' ? 'subkey.revoked' : 'token.revoked';
        const detail = kind === 'subkey' ? { public_key: label, name } : { lookup_id: label, name };
        const change = await record(tx, { by: act, account, action, subject, detail, narrows: true });
        return { result: true, change };
      },
      {
        ifUnwritten: { end: () => [denial] },
        onceWritten: { lift: () => (isNamed ? [denial, { kind: 'named', account, of: kind, label }] : [denial]) },
      },
    );
    return { result, receipt };

    function end(tx: StoreTransaction): Promise<boolean> {
      return found.kind === 'subkey'
        ? tx.revokeSubkey(account, found.subkey.id, clock.now())
        : tx.revokeToken(account, found.token.tokenId, clock.now());
    }

    // A key that was registered again has this one's name: what was ended by that name is then not written with this one.
    async function hasName(stored: Pick<StoreTransaction, 'subkey'>): Promise<boolean> {
      return found.kind === 'token' || (await stored.subkey(account, found.subkey.publicKey))?.id === found.subkey.id;
    }
  };
}

/** Whether a revocation would find nothing to do. One that has expired may still be revoked. */
export const isRevoked = (found: RevocableFound): boolean =>
  found.kind === 'subkey' ? found.subkey.state === 'revoked' : found.token.revokedAt !== NEVER;
