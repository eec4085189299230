// The rows of explanations. Every write keeps the bounds in its own transaction, so that no moment shows more rows.
import type { ExpressionBuilder, Kysely } from 'kysely';
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
  trimAll: TrimAll,
): Promise<void> {
  const whole = rows.length - (rows.length % CHUNK_ROWS);
  for (let from = 0; from < whole; from += CHUNK_ROWS) await insert(db, rows.slice(from, from + CHUNK_ROWS));
  for (const row of rows.slice(whole)) await insert(db, [row]);
  for (const one of firsts(rows, (row) => [row.account])) {
    await keepShares(
      db,
      one.account,
      firsts(rows, (row) => [row.credential, row.reason], one.account),
      bounds,
    );
  }
  await trimAll(db, bounds.inAll);
}

/** Of an account: as many rows as it may have, and no more of a credential, or of a reason of it, than their share. */
async function keepShares(
  db: Kysely<Tables>,
  account: string,
  added: readonly Explanation[],
  { perReason, perCredential, perAccount }: ExplanationBounds,
): Promise<void> {
  // Mostly it has fewer than any share of it may have: one count in place of three.
  if ((await countOf(db, { account })) <= Math.min(perReason, perCredential, perAccount)) return;
  for (const { credential, reason } of added) await trim(db, { account, credential, reason }, perReason);
  for (const { credential } of firsts(added, (row) => [row.credential])) {
    await trim(db, { account, credential }, perCredential);
  }
  await trim(db, { account }, perAccount);
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

/** One row of each group, of one account or of all. */
const firsts = (
  rows: readonly Explanation[],
  groupOf: (row: Explanation) => readonly string[],
  account?: string,
): readonly Explanation[] => {
  const some = account === undefined ? rows : rows.filter((row) => row.account === account);
  return [...new Map(some.map((row) => [groupOf(row).join(' '), row])).values()];
};

type Group = { readonly account: string; readonly credential?: string; readonly reason?: string };

const ofGroup =
  ({ account, credential, reason }: Group) =>
  ({ and, eb }: ExpressionBuilder<Tables, 'explanation'>) =>
    and([
      eb('account_id', '=', account),
      ...(credential === undefined ? [] : [eb('credential', '=', credential)]),
      ...(reason === undefined ? [] : [eb('reason', '=', reason)]),
    ]);

/** An index has all that is looked at. */
async function countOf(db: Kysely<Tables>, group?: Group): Promise<number> {
  const all = db.selectFrom('explanation').select((e) => e.fn.countAll<bigint>().as('rows'));
  const { rows } = await (group === undefined ? all : all.where(ofGroup(group))).executeTakeFirstOrThrow();
  return Number(rows);
}

/** Deletes the oldest of a group, so that `most` are left. Returns the number deleted, at most `limit`. */
async function trim(db: Kysely<Tables>, group: Group, most: number, limit = BEYOND): Promise<number> {
  const beyond = Math.min((await countOf(db, group)) - most, limit);
  return beyond <= 0 ? 0 : deleteOldest(db, beyond, group);
}

/** Accounts that make room in one go. */
const MAKE_ROOM = 100;
/** What they give up beyond what is too many, as a share of all: looking for them takes 16 ms among 200,000 rows. */
const ROOM = 1 / 200;
/** Of that, what one transaction deletes: a few ms. */
const AT_ONCE = ROOM / 10;

/** Keeps no more than `most` rows in all. */
export type TrimAll = (db: Kysely<Tables>, most: number) => Promise<number>;

/**
 * Deletes what is beyond `most` in all, and returns the number deleted, at most a thousand. It is the oldest of the accounts that have the
 * most: however many others fill the room, who has few rows loses none. Which these are is remembered from one call to the next.
 */
export function createTrimAll(): TrimAll {
  /** The largest is the last. */
  let largest: string[] = [];
  let level = 1;

  async function lookForLargest(db: Kysely<Tables>, room: number): Promise<void> {
    const found = await db
      .selectFrom('explanation')
      .select((e) => ['account_id', e.fn.countAll<bigint>().as('rows')] as const)
      .groupBy('account_id')
      .orderBy('rows', 'desc')
      .limit(MAKE_ROOM)
      .execute();
    const sizes = found.map(({ rows }) => Number(rows));
    level = levelOf(sizes, room);
    const above = found.filter(({ rows }) => Number(rows) > level);
    largest = above.map(({ account_id }) => account_id).reverse();
  }

  return async (db, most) => {
    const rows = await countOf(db);
    // A bound that was lowered is met in pieces: the purge goes on.
    if (rows <= most) return 0;
    const needed = Math.min(rows - most, BEYOND);
    const wanted = Math.min(needed + Math.floor(most * AT_ONCE), BEYOND);
    let deleted = 0;
    while (deleted < wanted) {
      if (largest.length === 0) {
        if (deleted >= needed) break;
        await lookForLargest(db, needed - deleted + Math.floor(most * ROOM));
      }
      const account = largest.at(-1);
      // Nobody has more than one row.
      if (account === undefined) return deleted + (await deleteOldest(db, needed - deleted));
      deleted += await trim(db, { account }, level, wanted - deleted);
      if (deleted < wanted) largest.pop();
    }
    return deleted;
  };
}

/** To how many rows each account is cut, so that at least `wanted` go; one is left to each. */
function levelOf(sizes: readonly number[], wanted: number): number {
  let level = Math.max(1, ...sizes);
  const goAt = (at: number): number => sizes.reduce((sum, size) => sum + Math.max(0, size - at), 0);
  while (level > 1 && goAt(level) < wanted) level -= 1;
  return level;
}

async function deleteOldest(db: Kysely<Tables>, rows: number, group?: Group): Promise<number> {
  const all = db.selectFrom('explanation').select('request_id');
  const oldest = (group === undefined ? all : all.where(ofGroup(group))).orderBy('at').limit(rows);
  const { numDeletedRows } = await db.deleteFrom('explanation').where('request_id', 'in', oldest).executeTakeFirst();
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
