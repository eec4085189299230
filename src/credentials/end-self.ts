// Possession ends: whoever holds a subkey or read-only token may end that very one, its owner, its bot or a finder. Nothing else of the
// account is touched, and a main key or wallet cannot be ended so.
import { refusalError } from '../access/refusal.ts';
import { type CredentialRef, credentialSubject } from '../domain/credential.ts';
import { deny } from '../domain/decision.ts';
import type { Clock } from '../domain/time.ts';
import type { Changed, Changes } from '../revocation/commit.ts';
import type { Revocable } from '../revocation/denial.ts';
import type { StoreTransaction } from '../store/store.ts';
import { type Caller, requireStill } from './caller.ts';
import { record } from './record.ts';

export interface EndedSelf {
  readonly kind: Revocable;
  /** A subkey's public key, a token's lookup_id. */
  readonly label: string;
}

/** Throws what requireStill throws, INVALID_TOKEN_SCOPE for a main key or wallet, and SERVICE_UNAVAILABLE; it is ended here then. */
export type EndSelf = (caller: Caller) => Promise<Changed<EndedSelf>>;

export function createEndSelf({ changes, clock }: { changes: Changes; clock: Clock }): EndSelf {
  return function endSelf(caller) {
    const { credential, label } = caller.principal;
    const { account, kind, id } = credential;
    // Decided before it came here, and asked again in the transaction.
    if (kind !== 'subkey' && kind !== 'token') throw refusalError(deny('permission_missing', caller));
    const ended = [{ kind: 'credential', credential: { account, kind, id }, label } as const];
    return changes.commit(
      async (tx) => {
        await requireStill(tx, caller, { permission: 'possession', method: 'POST' }, clock);
        const isNew = await revoke(tx, credential);
        const change = isNew
          ? await record(tx, {
              by: caller,
              action: 'credential.revoked_itself',
              subject: credentialSubject(credential),
              detail: kind === 'subkey' ? { public_key: label } : { lookup_id: label },
              narrows: true,
            })
          : undefined;
        return { result: { kind, label }, change };
      },
      { ifUnwritten: { end: () => ended }, onceWritten: { lift: () => ended } },
    );
  };

  function revoke(tx: StoreTransaction, { account, kind, id }: CredentialRef): Promise<boolean> {
    const now = clock.now();
    return kind === 'subkey' ? tx.revokeSubkey(account, BigInt(id), now) : tx.revokeToken(account, id, now);
  }
}
