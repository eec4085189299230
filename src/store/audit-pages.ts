// The audit log page by page, in the order in which it was written: by id. Never by time, which goes back where a clock is accepted,
// so that whoever goes on from a row would pass over all that is dated before it and was written after.
import { setImmediate } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import { type UnixNanos, unixNanos } from '../domain/time.ts';
import { auditRowOf } from './rows.ts';
import type { AuditFilter, AuditRow } from './store.ts';
import type { Tables } from './tables.ts';

/** So many rows of other times are passed over at once: about a millisecond, and then others have their turn. */
export const PASSED_AT_ONCE = 10_000n;

interface Position {
  readonly id: bigint;
  readonly from: UnixNanos | undefined;
}

/** Up to `count` rows after that of the cursor, the first ones. */
export async function readAudit(
  db: Kysely<Tables>,
  filter: AuditFilter,
  after: string | undefined,
  count: number,
): Promise<readonly AuditRow[]> {
  const { id, from } = await positionOf(db, after, filter.from);
  // The expression keeps SQLite from finding them by time, and sorting all of them for each page.
  const at = sql<UnixNanos>`at + 0`;
  let query = db.selectFrom('audit').selectAll().where(at, '<', filter.to).orderBy('id');
  if (from !== undefined) query = query.where(at, '>=', from);
  if (filter.account !== undefined) {
    const rows = await query.where('account_id', '=', filter.account).where('id', '>', id).limit(count).execute();
    return rows.map(auditRowOf);
  }
  const last = await lastId(db);
  const found: AuditRow[] = [];
  for (let passed = id; passed < last && found.length < count; passed += PASSED_AT_ONCE) {
    if (passed > id) await setImmediate();
    const rows = await query
      .where('id', '>', passed)
      .where('id', '<=', passed + PASSED_AT_ONCE)
      .limit(count - found.length)
      .execute();
    found.push(...rows.map(auditRowOf));
  }
  return found;
}

export const auditCursor = ({ at, id }: Pick<AuditRow, 'at' | 'id'>): string => `${at}.${id}`;

// A row that is not there is of a log from before a restore, which goes on from an earlier id: then its time says what is new.
async function positionOf(
  db: Kysely<Tables>,
  cursor: string | undefined,
  from: UnixNanos | undefined,
): Promise<Position> {
  if (cursor === undefined) return { id: 0n, from };
  const [at = 0n, id = 0n] = cursor.split('.').map(BigInt);
  const row = await db.selectFrom('audit').select('id').where('id', '=', id).where('at', '=', at).executeTakeFirst();
  if (row !== undefined) return { id, from };
  const later = unixNanos(at + 1n);
  return { id: 0n, from: from !== undefined && from > later ? from : later };
}

async function lastId(db: Kysely<Tables>): Promise<bigint> {
  const row = await db
    .selectFrom('audit')
    .select((e) => e.fn.max('id').as('last'))
    .executeTakeFirstOrThrow();
  return BigInt(row.last ?? 0n);
}
