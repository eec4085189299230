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
  const reasons = new Map(rows.map((row) => [[row.account, row.credential, row.reason].join(' '), row]));
  for (const row of reasons.values()) await trimReason(db, row, bounds.perReason);
  const credentials = new Map(rows.map((row) => [[row.account, row.credential].join(' '), row]));
  for (const row of credentials.values()) await trimCredential(db, row, bounds.perCredential);
  for (const account of new Set(rows.map((row) => row.account))) await trimAccount(db, account, bounds.perAccount);
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

async function trimReason(
  db: Kysely<Tables>,
  { account, credential, reason }: Pick<Explanation, 'account' | 'credential' | 'reason'>,
  most: number,
): Promise<void> {
  await db
    .deleteFrom('explanation')
    .where('request_id', 'in', (e) =>
      e
        .selectFrom('explanation')
        .select('request_id')
        .where('account_id', '=', account)
        .where('credential', '=', credential)
        .where('reason', '=', reason)
        .orderBy('at', 'desc')
        .limit(BEYOND)
        .offset(most),
    )
    .execute();
}

async function trimCredential(
  db: Kysely<Tables>,
  { account, credential }: Pick<Explanation, 'account' | 'credential'>,
  most: number,
): Promise<void> {
  await db
    .deleteFrom('explanation')
    .where('request_id', 'in', (e) =>
      e
        .selectFrom('explanation')
        .select('request_id')
        .where('account_id', '=', account)
        .where('credential', '=', credential)
        .orderBy('at', 'desc')
        .limit(BEYOND)
        .offset(most),
    )
    .execute();
}

async function trimAccount(db: Kysely<Tables>, account: string, most: number): Promise<void> {
  await db
    .deleteFrom('explanation')
    .where('request_id', 'in', (e) =>
      e
        .selectFrom('explanation')
        .select('request_id')
        .where('account_id', '=', account)
        .orderBy('at', 'desc')
        .limit(BEYOND)
        .offset(most),
    )
    .execute();
}

/** Returns the number deleted: the oldest, until no more than `most` are left, or a thousand. */
export async function trimAll(db: Kysely<Tables>, most: number): Promise<number> {
  const { rows } = await db
    .selectFrom('explanation')
    .select((e) => e.fn.countAll<bigint>().as('rows'))
    .executeTakeFirstOrThrow();
  // A bound that was lowered is met in pieces: the purge goes on.
  const beyond = Math.min(Number(rows) - most, BEYOND);
  if (beyond <= 0) return 0;
  const { numDeletedRows } = await db
    .deleteFrom('explanation')
    .where('request_id', 'in', (e) => e.selectFrom('explanation').select('request_id').orderBy('at').limit(beyond))
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
