// The operator ends one credential, whoever its owner is, as its owner would: a subkey or a read-only token. A main key or wallet is
// the account itself, which is locked.
import { credentialSubject } from '../domain/credential.ts';
import { kindTable } from '../domain/kinds.ts';
import type { Clock } from '../domain/time.ts';
import type { Changed, Changes } from '../revocation/commit.ts';
import type { Denial } from '../revocation/denial.ts';
import { hasLabel, revokeRow } from './credential-rows.ts';
import type { RevocableFound } from './found-credential.ts';
import type { OperatorAct } from './operator-act.ts';
import { record } from './record.ts';

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
  return async function revokeCredential({ ref, row: { label, name } }, act) {
    const { account, kind } = ref;
    const denial: Denial = { kind: 'credential', credential: ref, label };
    let isNamed = false;
    const { result, receipt } = await changes.commit(
      async (tx, stored) => {
        isNamed = await hasLabel(stored, ref, label);
        if (!(await revokeRow(tx, ref, clock.now()))) return { result: false, change: undefined };
        const change = await record(tx, {
          by: act,
          account,
          action: `${kind}.revoked`,
          subject: credentialSubject(ref),
          detail: { [kindTable[kind].label]: label, name },
          narrows: true,
        });
        return { result: true, change };
      },
      {
        ifUnwritten: { end: () => [denial] },
        // What was ended by its name is written with it, unless that names a newer row.
        onceWritten: { lift: () => (isNamed ? [denial, { kind: 'named', account, of: kind, label }] : [denial]) },
      },
    );
    return { result, receipt };
  };
}

/** Whether a revocation would find nothing to do. One that has expired may still be revoked. */
export const isRevoked = ({ row }: RevocableFound): boolean => row.state === 'revoked';
