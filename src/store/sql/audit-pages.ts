// The audit log page by page, in the order in which it was written: by id. Never by time, which goes back where a clock is accepted,
// so that whoever goes on from a row would pass over all that is dated before it and was written after.
import { setImmediate } from 'node:timers/promises';
import { type Kysely, type Selectable, type SelectQueryBuilder, sql } from 'kysely';
import { actorOf, credentialSubject } from '../../domain/credential.ts';
import { type UnixNanos, unixNanos } from '../../domain/time.ts';
import type { AuditFilter, AuditRow } from '../store.ts';
import { auditRowOf } from './rows.ts';
import type { AuditTable, Tables } from './tables.ts';

/** So many rows are passed over at once: a millisecond, three where each must be read, and then others have their turn. */
export const PASSED_AT_ONCE = 10_000n;

interface Position {
  readonly id: bigint;
  readonly from: UnixNanos | undefined;
}

type AuditQuery = SelectQueryBuilder<Tables, 'audit', Selectable<AuditTable>>;

/** Up to `count` rows after that of the cursor, the first ones in the order asked for. */
export async function readAudit(
  db: Kysely<Tables>,
  filter: AuditFilter,
  after: string | undefined,
  count: number,
): Promise<readonly AuditRow[]> {
  const { newestFirst = false } = filter;
  const end = (await lastId(db)) + 1n;
  const { id, from } = newestFirst
    ? { id: idOf(after) ?? end, from: filter.from }
    : await positionOf(db, after, filter.from);
  const query = queryOf(db, { ...filter, from }, newestFirst);
  const found: AuditRow[] = [];
  // Between two ids at a time, so that rows which are passed over never take more than their turn.
  for (let passed = id; found.length < count && (newestFirst ? passed > 1n : passed < end - 1n); ) {
    if (passed !== id) await setImmediate();
    const next = newestFirst ? passed - PASSED_AT_ONCE : passed + PASSED_AT_ONCE;
    const [above, below] = newestFirst ? [next - 1n, passed] : [passed, next + 1n];
    const between = query.where('id', '>', above).where('id', '<', below);
    const rows = await between.limit(count - found.length).execute();
    found.push(...rows.map(auditRowOf));
    passed = next;
  }
  return found;
}

// Rows are found by the index of the one condition that fewest of them meet. In the others an expression keeps SQLite from choosing for
// itself, which it would do as if all were alike. What a credential did, and what was done to it, is among the rows of its account:
// indexes of subjects and actors, nearly all of them of logins, would double what each login has to write.
function queryOf(db: Kysely<Tables>, filter: AuditFilter, newestFirst: boolean): AuditQuery {
  const { account, credential, action, address, requestId, from, to } = filter;
  const at = sql<UnixNanos>`at + 0`;
  let all = db
    .selectFrom('audit')
    .selectAll()
    .where(at, '<', to)
    .orderBy('id', newestFirst ? 'desc' : 'asc');
  if (from !== undefined) all = all.where(at, '>=', from);
  let isFound = false;
  const by = (column: 'request_id' | 'client_ip' | 'account_id' | 'action', value: string | undefined): void => {
    if (value === undefined) return;
    all = all.where(isFound ? sql<string>`${sql.ref(column)} || ''` : sql.ref<string>(column), '=', value);
    // In the words of its index; of logins there are too many for one.
    if (column === 'action' && !isFound && value !== 'login') all = all.where('action', '<>', sql.lit('login'));
    isFound = true;
  };
  by('request_id', requestId);
  by('client_ip', address);
  by('account_id', account);
  by('account_id', credential?.account);
  by('action', action);
  if (credential === undefined) return all;
  const [subject, actor] = [credentialSubject(credential), actorOf(credential)];
  return all.where((e) => e.or([e('subject', '=', subject), e('actor', '=', actor)]));
}

const idOf = (cursor: string | undefined): bigint | undefined =>
  cursor === undefined ? undefined : BigInt(cursor.split('.')[1] ?? '0');

/** In any order; of a request that ended nothing there is none. */
export async function readReceipts(db: Kysely<Tables>, requestIds: readonly string[]): Promise<readonly AuditRow[]> {
  if (requestIds.length === 0) return [];
  const rows = await db
    .selectFrom('audit')
    .selectAll()
    .where('request_id', 'in', requestIds)
    // Not found by its index: there are as many of them as there ever were endings.
    .where(sql`action || ''`, '=', 'ending.receipt')
    .execute();
  return rows.map(auditRowOf);
}

export async function countAudit(db: Kysely<Tables>, action: string, from: UnixNanos): Promise<number> {
  const { rows } = await db
    .selectFrom('audit')
    .select((e) => e.fn.countAll<bigint>().as('rows'))
    .where('at', '>=', from)
    .where('action', '=', action)
    .executeTakeFirstOrThrow();
  return Number(rows);
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
