// The rows of explanations. Every write keeps the bounds in its own transaction, so that no moment shows more rows.
import type { Kysely } from 'kysely';
import type { UnixNanos } from '../../domain/time.ts';
import type { Explanation, ExplanationBounds, Explanations, OthersInMinute } from '../ports/explanations.ts';
import { felt, nanos } from './rows.ts';
import type { Tables } from './tables.ts';

const columns = ['account_id', 'request_id', 'at', 'credential', 'reason', 'route', 'others', 'detail'] as const;

export const explanationReads = (db: Kysely<Tables>): Pick<Explanations, 'explanation'> => ({
  async explanation(account, requestId) {
    const row = await db
      .selectFrom('explanation')
      .select(columns)
      .where('request_id', '=', requestId)
      .where('account_id', '=', account)
      .executeTakeFirst();
    return (
      row && {
        account: felt(row.account_id, 'explanation.account_id'),
        requestId: row.request_id,
        at: nanos(row.at, 'explanation.at'),
        credential: row.credential,
        reason: row.reason,
        route: row.route,
        others: Number(row.others),
        detail: row.detail,
      }
    );
  },
});

/** Rows of one INSERT. Every other number of rows would be one more prepared statement to keep. */
const CHUNK_ROWS = 10;
/** Rows that one statement deletes: more than one write adds. */
const BEYOND = 1_000;

export async function addExplanations(
  db: Kysely<Tables>,
  rows: readonly Explanation[],
  bounds: ExplanationBounds,
): Promise<void> {
  const whole = rows.length - (rows.length % CHUNK_ROWS);
  for (let from = 0; from < whole; from += CHUNK_ROWS) await insert(db, rows.slice(from, from + CHUNK_ROWS));
  for (const row of rows.slice(whole)) await insert(db, [row]);
  const { perReason, perCredential, perAccount } = bounds;
  for (const { account, credential, reason } of firsts(rows, (row) => [row.account, row.credential, row.reason])) {
    await trim(db, { account, credential, reason }, perReason);
  }
  for (const { account, credential } of firsts(rows, (row) => [row.account, row.credential])) {
    await trim(db, { account, credential }, perCredential);
  }
  for (const { account } of firsts(rows, (row) => [row.account])) await trim(db, { account }, perAccount);
  await trimAll(db, bounds.inAll);
}

async function insert(db: Kysely<Tables>, rows: readonly Explanation[]): Promise<void> {
  await db
    .insertInto('explanation')
    .values(
      rows.map(({ account, requestId, at, credential, reason, route, others, detail }) => ({
        account_id: account,
        request_id: requestId,
        at,
        credential,
        reason,
        route,
        others: BigInt(others),
        detail,
      })),
    )
    // One request has one row.
    .onConflict((c) => c.doNothing())
    .execute();
}

/** One row of each group. */
const firsts = (rows: readonly Explanation[], groupOf: (row: Explanation) => readonly string[]) =>
  new Map(rows.map((row) => [groupOf(row).join(' '), row])).values();

type Group = { readonly account: string; readonly credential?: string; readonly reason?: string };

/** Deletes the oldest of a group, so that `most` are left. Returns the number deleted, at most a thousand. */
async function trim(db: Kysely<Tables>, { account, credential, reason }: Group, most: number): Promise<number> {
  let beyond = db.selectFrom('explanation').select('request_id').where('account_id', '=', account);
  if (credential !== undefined) beyond = beyond.where('credential', '=', credential);
  if (reason !== undefined) beyond = beyond.where('reason', '=', reason);
  const { numDeletedRows } = await db
    .deleteFrom('explanation')
    .where('request_id', 'in', beyond.orderBy('at', 'desc').limit(BEYOND).offset(most))
    .executeTakeFirst();
  return Number(numDeletedRows);
}

/** Accounts that make room in one go. */
const MAKE_ROOM = 100;

/**
 * Returns the number deleted, at most a thousand: what is beyond `most` and a hundredth more, for looking for it takes 20 ms among 200,000
 * rows. It is the oldest of the accounts that have the most: however many others fill the room, who has few rows loses none.
 */
export async function trimAll(db: Kysely<Tables>, most: number): Promise<number> {
  const { rows } = await db
    .selectFrom('explanation')
    .select((e) => e.fn.countAll<bigint>().as('rows'))
    .executeTakeFirstOrThrow();
  // A bound that was lowered is met in pieces: the purge goes on.
  if (Number(rows) <= most) return 0;
  const wanted = Math.min(Number(rows) - most + Math.floor(most / 100), BEYOND);
  const largest = await db
    .selectFrom('explanation')
    .select((e) => ['account_id', e.fn.countAll<bigint>().as('rows')] as const)
    .groupBy('account_id')
    .orderBy('rows', 'desc')
    .limit(MAKE_ROOM)
    .execute();
  const level = levelOf(
    largest.map((one) => Number(one.rows)),
    wanted,
  );
  let deleted = 0;
  for (const one of largest) {
    if (Number(one.rows) <= level || deleted >= wanted) break;
    deleted += await trim(db, { account: one.account_id }, level);
  }
  // Where nobody has more than one row.
  const beyond = Math.min(Number(rows) - deleted - most, BEYOND - deleted);
  return beyond <= 0 ? deleted : deleted + (await deleteOldest(db, beyond));
}

/** To how many rows each account is cut, so that at least `wanted` go; one is left to each. */
function levelOf(sizes: readonly number[], wanted: number): number {
  let level = Math.max(1, ...sizes);
  const goAt = (at: number): number => sizes.reduce((sum, size) => sum + Math.max(0, size - at), 0);
  while (level > 1 && goAt(level) < wanted) level -= 1;
  return level;
}

async function deleteOldest(db: Kysely<Tables>, rows: number): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom('explanation')
    .where('request_id', 'in', (e) => e.selectFrom('explanation').select('request_id').orderBy('at').limit(rows))
    .executeTakeFirst();
  return Number(numDeletedRows);
}

export async function countOthers(db: Kysely<Tables>, minutes: readonly OthersInMinute[]): Promise<void> {
  for (const { account, credential, reason, route, others, from, to } of minutes) {
    await db
      .updateTable('explanation')
      .set({ others: BigInt(others) })
      .where('account_id', '=', account)
      .where('credential', '=', credential)
      .where('reason', '=', reason)
      .where('at', '>=', from)
      .where('at', '<', to)
      .where('route', '=', route)
      .execute();
  }
}

/** Returns the number deleted, at most a thousand. */
export async function deleteExplanations(
  db: Kysely<Tables>,
  { from, to }: { readonly from: UnixNanos; readonly to: UnixNanos },
): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom('explanation')
    .where('request_id', 'in', (e) =>
      e
        .selectFrom('explanation')
        .select('request_id')
        .where(({ or, eb }) => or([eb('at', '<', from), eb('at', '>', to)]))
        .limit(BEYOND),
    )
    .executeTakeFirst();
  return Number(numDeletedRows);
}
