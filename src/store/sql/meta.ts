// The rows of meta: facts about the whole store, and the counters of its ids.
import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import { type Clock, type UnixNanos, unixNanos } from '../../domain/time.ts';
import { integer } from './rows.ts';
import type { Tables } from './tables.ts';

/** Renewed by a restore or a promotion: positions of two epochs must never be compared. */
export const EPOCH = 'epoch';
/** The clock never goes below it. */
export const HIGHEST_TIME = 'highest_time';
/** Set when the clock is set back: signatures dated up to here may be marked. */
export const DATED_UNTIL = 'dated_until';
/**
 * Set by a restore and by setting the clock: what was signed at or before it is dead, also for accounts onboarded later.
 */
export const VALID_AFTER_FLOOR = 'valid_after_floor';

/** Numbers the change log: the position of its last row. */
export const LOG_HEAD = 'log_head';
export const NEXT_SUBKEY_ID = 'next_subkey_id';
export const NEXT_AUDIT_ID = 'next_audit_id';

/** The rows that every database has from its first start on. */
const metaNames = [LOG_HEAD, NEXT_SUBKEY_ID, NEXT_AUDIT_ID, HIGHEST_TIME, EPOCH] as const;

/**
 * Ids that a restore skips: more than a store uses between two backups. The id of a lost row must never be given again: in a copy of
 * the audit log, two credentials would have one name.
 */
const LOST_IDS = 1_000_000n;

/** Returns the epoch. */
export async function initialiseMeta(db: Kysely<Tables>): Promise<string> {
  for (const name of metaNames) {
    await db
      .insertInto('meta')
      .values({ name, value: 0n, text: name === EPOCH ? randomUUID() : '' })
      .onConflict((c) => c.doNothing())
      .execute();
  }
  const row = await db.selectFrom('meta').select('text').where('name', '=', EPOCH).executeTakeFirstOrThrow();
  return row.text;
}

export async function renewEpoch(db: Kysely<Tables>): Promise<string> {
  const epoch = randomUUID();
  await db.updateTable('meta').set({ text: epoch }).where('name', '=', EPOCH).execute();
  await db
    .updateTable('meta')
    .set((e) => ({ value: e('value', '+', LOST_IDS) }))
    .where('name', 'in', [NEXT_SUBKEY_ID, NEXT_AUDIT_ID])
    .execute();
  return epoch;
}

// Returns the first of `count` numbers. Taking one locks the counter's row until commit, so numbers follow commit order.
export async function nextNumbers(
  db: Kysely<Tables>,
  name: typeof LOG_HEAD | typeof NEXT_SUBKEY_ID | typeof NEXT_AUDIT_ID,
  count: number,
): Promise<bigint> {
  const { value } = await db
    .updateTable('meta')
    .set((e) => ({ value: e('value', '+', BigInt(count)) }))
    .where('name', '=', name)
    .returning('value')
    .executeTakeFirstOrThrow();
  return value - BigInt(count) + 1n;
}

export async function highestTime(db: Kysely<Tables>): Promise<UnixNanos> {
  const row = await db.selectFrom('meta').select('value').where('name', '=', HIGHEST_TIME).executeTakeFirstOrThrow();
  return unixNanos(integer(row.value, 'meta.highest_time'));
}

export async function keepHighestTime(db: Kysely<Tables>, clock: Clock): Promise<void> {
  const now = clock.now();
  await db.updateTable('meta').set({ value: now }).where('name', '=', HIGHEST_TIME).where('value', '<', now).execute();
}

/** Sets it, even if it was higher. */
export async function setHighestTime(db: Kysely<Tables>, to: UnixNanos): Promise<void> {
  await db.updateTable('meta').set({ value: to }).where('name', '=', HIGHEST_TIME).execute();
}

export async function validAfterFloor(db: Kysely<Tables>): Promise<bigint> {
  const row = await db.selectFrom('meta').select('value').where('name', '=', VALID_AFTER_FLOOR).executeTakeFirst();
  return row?.value ?? 0n;
}

export async function raiseValidAfterFloor(db: Kysely<Tables>, to: UnixNanos): Promise<void> {
  await raise(db, VALID_AFTER_FLOOR, to);
}

export async function setValidAfterFloor(db: Kysely<Tables>, to: UnixNanos): Promise<void> {
  await db
    .insertInto('meta')
    .values({ name: VALID_AFTER_FLOOR, value: to, text: '' })
    .onConflict((c) => c.column('name').doUpdateSet({ value: to }))
    .execute();
}

export async function datedUntil(db: Kysely<Tables>): Promise<UnixNanos> {
  const row = await db.selectFrom('meta').select('value').where('name', '=', DATED_UNTIL).executeTakeFirst();
  return unixNanos(row?.value ?? 0n);
}

export async function raiseDatedUntil(db: Kysely<Tables>, to: UnixNanos): Promise<void> {
  await raise(db, DATED_UNTIL, to);
}

async function raise(db: Kysely<Tables>, name: string, to: bigint): Promise<void> {
  await db
    .insertInto('meta')
    .values({ name, value: to, text: '' })
    .onConflict((c) => c.column('name').doUpdateSet({ value: to }).where('meta.value', '<', to))
    .execute();
}

/** Reads one row, to see whether the database answers. */
export async function readAny(db: Kysely<Tables>): Promise<void> {
  await db.selectFrom('meta').select('value').limit(1).execute();
}
