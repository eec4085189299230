// The operator ends one subkey, read-only token or device of any account, as its owner would. A main key or wallet is the account itself: lock
// that instead.
import { credentialSubject } from '../domain/credential.ts';
import { kindTable } from '../domain/kinds.ts';
import type { Clock } from '../domain/time.ts';
import type { Changed, Changes } from '../revocation/commit.ts';
import type { Denial } from '../revocation/denial.ts';
import { hasLabel, revokeRow } from './credential-rows.ts';
import type { RevocableFound } from './found-credential.ts';
import type { OperatorAct } from './operator-act.ts';
import { record } from './record.ts';

/** Resolves to false when it was revoked before. Throws SERVICE_UNAVAILABLE when it cannot be written; it is denied on this node then. */
export type RevokeCredential = (found: RevocableFound, act: OperatorAct) => Promise<Changed<boolean>>;

export function createRevokeCredential({
  changes,
  clock,
}: {
  readonly changes: Changes;
  readonly clock: Clock;
}): RevokeCredential {
  return async function revokeCredential({ ref, row: { label, name } }, act) {
    const { account, kind } = ref;
    const { endedAs } = kindTable[kind];
    if (endedAs === undefined) throw new Error(`a ${kind} is not ended by its row`);
    const denial: Denial = { kind: 'credential', credential: ref, label };
    let isNamed = false;
    const { result, receipt } = await changes.commit(
      async (tx, stored) => {
        isNamed = await hasLabel(stored, ref, label);
        if (!(await revokeRow(tx, ref, clock.now()))) return { result: false, change: undefined };
        const change = await record(tx, {
          by: act,
          account,
          action: endedAs,
          subject: credentialSubject(ref),
          detail: { [kindTable[kind].label]: label, name },
          narrows: true,
        });
        return { result: true, change };
      },
      {
        ifUnwritten: { end: () => [denial] },
        // Writing this also settles a denial by name, unless a newer row has the name now.
        onceWritten: { lift: () => (isNamed ? [denial, { kind: 'named', account, of: kind, label }] : [denial]) },
      },
    );
    return { result, receipt };
  };
}

/** Whether a revocation would change nothing. An expired one can still be revoked. */
export const isRevoked = ({ row }: RevocableFound): boolean => row.state === 'revoked';
