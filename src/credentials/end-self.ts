// Any holder of a session of a subkey or device, or of a read-only token, may end that one credential: its owner, its bot or a finder.
// Nothing else of the account changes, and a main key or wallet cannot be ended this way.
import { refusalError } from '../access/refusal.ts';
import { credentialSubject } from '../domain/credential.ts';
import { deny } from '../domain/decision.ts';
import { isRevocableKind, kindTable, type RevocableKind } from '../domain/kinds.ts';
import type { Clock } from '../domain/time.ts';
import type { Changed, Changes } from '../revocation/commit.ts';
import { type Caller, requireStill } from './caller.ts';
import { revokeRow } from './credential-rows.ts';
import { record } from './record.ts';

export interface EndedSelf {
  readonly kind: RevocableKind;
  /** A subkey's public key, a token's lookup_id, the thumbprint of a device's key. */
  readonly label: string;
}

/** Throws as requireStill, INVALID_TOKEN_SCOPE for a main key or wallet, and SERVICE_UNAVAILABLE, after which it is dead on this node. */
export type EndSelf = (caller: Caller) => Promise<Changed<EndedSelf>>;

export function createEndSelf({ changes, clock }: { changes: Changes; clock: Clock }): EndSelf {
  return function endSelf(caller) {
    const { credential, label } = caller.principal;
    const { account, kind, id } = credential;
    // The decision refused this already; the transaction asks again.
    if (!isRevocableKind(kind)) throw refusalError(deny('permission_missing', caller));
    const self = { account, kind, id };
    const ended = [{ kind: 'credential', credential: self, label } as const];
    return changes.commit(
      async (tx) => {
        await requireStill(tx, caller, { permission: 'possession', method: 'POST' }, clock);
        const isNew = await revokeRow(tx, self, clock.now());
        const change = isNew
          ? await record(tx, {
              by: caller,
              action: 'credential.revoked_itself',
              subject: credentialSubject(credential),
              detail: { [kindTable[kind].label]: label },
              narrows: true,
            })
          : undefined;
        return { result: { kind, label }, change };
      },
      { ifUnwritten: { end: () => ended }, onceWritten: { lift: () => ended } },
    );
  };
}
