// Deletes what is over, in pieces. Pending subkeys that nobody activated in time: such a key was never proven and never used; only the
// audit log and the change log remember it. Explanations of refusals that are too old, too many, or of times that the clock has not reached.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import { credentialSubject, NO_ACCOUNT } from '../domain/credential.ts';
import { parseFelt } from '../domain/felt.ts';
import type { Clock, UnixNanos } from '../domain/time.ts';
import { auditWrites } from './sql/audit.ts';
import { deleteExplanations, type TrimAll } from './sql/explanations.ts';
import type { Tables } from './sql/tables.ts';

/** Subkeys deleted by one transaction: every change waits for it, so a large backlog must not be one transaction. */
export const PURGED_AT_ONCE = 500;

/** Returns the number deleted. The view need not forget them: a subkey that was never active has had no session. */
export async function purgePendingSubkeys(db: Kysely<Tables>, clock: Clock, now: UnixNanos): Promise<number> {
  const purged = await deletePendingSubkeys(db, now);
  const action = 'subkey.expired';
  const named = purged.map((row) => {
    const account = parseFelt(row.account_id) ?? NO_ACCOUNT;
    return { ...row, account, subject: credentialSubject({ account, kind: 'subkey', id: row.id.toString() }) };
  });
  await auditWrites(db, clock).appendAll(
    named.map(({ account, subject, public_key, name, pending_until }) => ({
      account,
      action,
      actor: 'schedule',
      subject,
      requestId: '',
      clientIp: '',
      detail: { public_key, name, pending_until },
    })),
    named.map(({ account, subject }) => ({ account, action, subjects: [subject], narrows: false })),
  );
  return purged.length;
}

function deletePendingSubkeys(db: Kysely<Tables>, now: UnixNanos) {
  return db
    .deleteFrom('subkey')
    .where((e) =>
      e(
        e.refTuple('account_id', 'id'),
        'in',
        e
          .selectFrom('subkey')
          .select(['account_id', 'id'])
          .where('state', '=', sql.lit('pending'))
          .where('pending_until', '<', now)
          .limit(PURGED_AT_ONCE)
          .$asTuple('account_id', 'id'),
      ),
    )
    .returning(['account_id', 'id', 'public_key', 'name', 'pending_until'])
    .execute();
}

/** `write` is one transaction each time. */
export async function purgeExplanations(
  write: (work: (tx: Kysely<Tables>) => Promise<number>) => Promise<number>,
  kept: { readonly from: UnixNanos; readonly to: UnixNanos },
  inAll: number,
  trimAll: TrimAll,
): Promise<void> {
  while ((await write((tx) => deleteExplanations(tx, kept))) > 0) await nextTurn();
  while ((await write((tx) => trimAll(tx, inAll))) > 0) await nextTurn();
}
