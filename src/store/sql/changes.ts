// The change log: one numbered row for each change, and the counter that numbers them.
import type { Kysely } from 'kysely';
import { type Clock, NEVER } from '../../domain/time.ts';
import { StoreFailure } from '../../errors.ts';
import type { ChangeEntry, ChangeReads, ChangeWrites } from '../ports/changes.ts';
import { LOG_HEAD, nextNumbers } from './meta.ts';
import { integer } from './rows.ts';
import type { Tables } from './tables.ts';

export const changeReads = (db: Kysely<Tables>): ChangeReads => ({ position: () => logHead(db) });

export const changeWrites = (db: Kysely<Tables>, clock: Clock): ChangeWrites => ({
  async appendChange(entry) {
    const position = await insertChanges(db, clock, [entry]);
    const { action, subjects, narrows, narrowsAt } = entry;
    return { position, action, subjects, narrows, narrowsAt };
  },
});

/** Returns the position of the first; the others follow it. */
export async function insertChanges(
  db: Kysely<Tables>,
  clock: Clock,
  entries: readonly ChangeEntry[],
): Promise<bigint> {
  const first = await nextNumbers(db, LOG_HEAD, entries.length);
  const rows = entries.map((entry, index) => ({
    position: first + BigInt(index),
    at: clock.now(),
    account_id: entry.account,
    action: entry.action,
    subjects: JSON.stringify(entry.subjects),
    narrows: entry.narrows ? 1n : 0n,
    narrows_at: entry.narrowsAt ?? NEVER,
  }));
  await db.insertInto('change_log').values(rows).execute();
  return first;
}

export async function logHead(db: Kysely<Tables>): Promise<bigint> {
  const { value } = await db.selectFrom('meta').select('value').where('name', '=', LOG_HEAD).executeTakeFirstOrThrow();
  return integer(value, 'meta.log_head');
}

/** Returns the head of the log. Throws StoreFailure if it is behind the last row: then no change could ever be written. */
export async function requireWholeLog(db: Kysely<Tables>): Promise<bigint> {
  const { last } = await db
    .selectFrom('change_log')
    .select((e) => e.fn.max('position').as('last'))
    .executeTakeFirstOrThrow();
  const head = await logHead(db);
  if (head < integer(last ?? 0n, 'change_log.position')) {
    throw new StoreFailure(`the change log ends at ${last ?? 0n}, and its head says ${head}: one of them is damaged`);
  }
  return head;
}
