// Ending what is out there, at once: signing out everywhere, and the panic button that also revokes tokens and subkeys. What a
// thief holds dies with it, a captured login signature included: valid_after stands above everything signed until now.
import { type CredentialRef, credentialSubject, sessionsSubject } from '../domain/credential.ts';
import { type Clock, signedUntil, type UnixNanos } from '../domain/time.ts';
import type { Changed, Changes, CommitOptions } from '../revocation/barrier.ts';
import type { WideDenial } from '../revocation/denial.ts';
import type { RevokedSubkey, RevokedToken, StoreTransaction } from '../store/store.ts';
import { type Caller, requireStill } from './caller.ts';
import { recordChange } from './record-change.ts';

export interface SignedOut {
  /** Sessions and login signatures with auth_time at or before this are dead. */
  readonly validAfter: UnixNanos;
}

export interface RevokedAll extends SignedOut {
  /** As they were before. */
  readonly subkeys: readonly RevokedSubkey[];
  readonly tokens: readonly RevokedToken[];
}

export interface RevokedKinds {
  readonly subkeys: boolean;
  readonly tokens: boolean;
}

export interface SignOut {
  everywhere(caller: Caller): Promise<Changed<SignedOut>>;
  /** Signs out everywhere and revokes every credential of the kinds asked for, in one transaction. */
  revokeAll(caller: Caller, kinds: RevokedKinds): Promise<Changed<RevokedAll>>;
}

/** Both throw what requireStill throws, and SERVICE_UNAVAILABLE. */
export function createSignOut(deps: {
  changes: Changes;
  clock: Clock;
  settings: { readonly futureToleranceSeconds: number };
}): SignOut {
  const { changes, clock } = deps;

  return {
    everywhere: (caller) =>
      changes.commit(async (tx) => {
        const validAfter = await raise(tx, caller);
        const change = await recordChange(tx, caller, {
          action: 'account.signed_out_everywhere',
          subject: sessionsSubject(caller.principal.credential.account),
          detail: { valid_after: validAfter },
          narrows: true,
        });
        return { result: { validAfter }, change };
      }, ending(caller)),

    revokeAll: (caller, kinds) =>
      changes.commit(
        async (tx) => {
          const { account } = caller.principal.credential;
          const validAfter = await raise(tx, caller);
          const now = clock.now();
          const subkeys = kinds.subkeys ? await tx.revokeSubkeys(account, now) : [];
          const tokens = kinds.tokens ? await tx.revokeTokens(account, now) : [];
          const subjects = [
            sessionsSubject(account),
            ...subkeys.map(({ id }) => credentialSubject(subkeyRef(account, id))),
            ...tokens.map(({ tokenId }) => credentialSubject({ account, kind: 'token', id: tokenId })),
          ];
          const change = await recordChange(tx, caller, {
            action: 'account.revoked_all',
            subject: sessionsSubject(account),
            subjects,
            detail: {
              valid_after: validAfter,
              subkeys: subkeys.map(({ publicKey }) => publicKey),
              tokens: tokens.map(({ lookupId }) => lookupId),
            },
            narrows: true,
          });
          return { result: { validAfter, subkeys, tokens }, change };
        },
        ending(caller, kinds),
      ),
  };

  // A sign-out that cannot be written still ends, on this node, what was signed until now, and with it every credential of the kinds
  // asked for, unseen and without a read: until the same is asked again and written.
  function ending(caller: Caller, kinds?: RevokedKinds): CommitOptions<SignedOut> {
    const { account } = caller.principal.credential;
    const all = (upTo: UnixNanos): readonly WideDenial[] => [
      { kind: 'sessions', account, upTo },
      ...(kinds?.subkeys ? [{ kind: 'every', account, of: 'subkey' } as const] : []),
      ...(kinds?.tokens ? [{ kind: 'every', account, of: 'token' } as const] : []),
    ];
    return { deny: () => all(ceiling()), lift: ({ validAfter }) => all(validAfter), cutReason: 'signed_out' };
  }

  // So that a captured signature dated into the future dies, too.
  function ceiling(): UnixNanos {
    return signedUntil(clock, deps.settings.futureToleranceSeconds);
  }

  async function raise(tx: StoreTransaction, caller: Caller): Promise<UnixNanos> {
    await requireStill(tx, caller, { permission: 'keys:manage', method: 'POST' }, clock);
    const validAfter = ceiling();
    await tx.raiseValidAfter(caller.principal.credential.account, validAfter);
    return validAfter;
  }
}

const subkeyRef = (account: CredentialRef['account'], id: bigint): CredentialRef => ({
  account,
  kind: 'subkey',
  id: id.toString(),
});
