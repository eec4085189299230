// The rows of the audit log. Pages are ordered by id, the order of writing. Never by time: after a clock was set back, new rows have
// earlier times, and a reader that goes on from its last row would miss them.
import { setImmediate } from 'node:timers/promises';
import { type Kysely, type SelectQueryBuilder, sql } from 'kysely';
import { actorOf, credentialSubject } from '../../domain/credential.ts';
import { type Clock, type UnixNanos, unixNanos } from '../../domain/time.ts';
import type { AuditEntry, AuditFilter, AuditLists, AuditRow, AuditWrites } from '../ports/audit.ts';
import { activityLists } from './activity.ts';
import { auditColumns, auditRowOf, type ReadAuditRow } from './audit-row.ts';
import { insertChanges } from './changes.ts';
import { NEXT_AUDIT_ID, nextNumbers } from './meta.ts';
import { cursorOf, paged } from './pages.ts';
import type { Planner } from './planner.ts';
import type { Tables } from './tables.ts';

/** Ids looked through in one turn: 1 ms, or 3 ms if each row must be read. Then others have their turn. */
export const PASSED_AT_ONCE = 10_000n;

interface Position {
  readonly id: bigint;
  readonly from: UnixNanos | undefined;
}

type AuditQuery = SelectQueryBuilder<Tables, 'audit', ReadAuditRow>;

export const auditLists = (db: Kysely<Tables>, planner: Planner): AuditLists => ({
  ...activityLists(db, planner),

  async audit(filter, page) {
    return paged(await readAudit(db, planner, filter, cursorOf('audit', page), page.limit + 1), page, cursorAt);
  },

  async receipts(requestIds) {
    if (requestIds.length === 0) return [];
    const rows = await db
      .selectFrom('audit')
      .select(auditColumns)
      .where('request_id', 'in', requestIds)
      // Found by request_id: the index by action has a row for every ending there ever was.
      .where(planner.textWithoutIndex('action'), '=', 'ending.receipt')
      .execute();
    return rows.map(auditRowOf);
  },

  async countAudit(action, from) {
    const { rows } = await db
      .selectFrom('audit')
      .select((e) => e.fn.countAll<bigint>().as('rows'))
      .where('at', '>=', from)
      .where('action', '=', action)
      .executeTakeFirstOrThrow();
    return Number(rows);
  },

  async lastAuditTime() {
    const row = await db.selectFrom('audit').select('at').orderBy('at', 'desc').limit(1).executeTakeFirst();
    return unixNanos(row?.at ?? 0n);
  },
});

/** The first `count` rows after the cursor's, in the order asked for. */
async function readAudit(
  db: Kysely<Tables>,
  planner: Planner,
  filter: AuditFilter,
  after: string | undefined,
  count: number,
): Promise<readonly AuditRow[]> {
  const { newestFirst = false } = filter;
  const end = (await lastId(db)) + 1n;
  const { id, from } = newestFirst
    ? { id: idOf(after) ?? end, from: filter.from }
    : await positionOf(db, after, filter.from);
  const query = queryOf(db, planner, { ...filter, from }, newestFirst);
  const found: AuditRow[] = [];
  // One span of ids at a time: rows that do not match may not hold up others either.
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

// Uses the index of the condition that the fewest rows meet, and hides the other columns from the planner. A credential's rows are
// looked for among those of its account: indexes of subject and actor would double what each login writes.
function queryOf(db: Kysely<Tables>, planner: Planner, filter: AuditFilter, newestFirst: boolean): AuditQuery {
  const { account, credential, action, address, requestId, from, to } = filter;
  const at = planner.integerWithoutIndex<UnixNanos>('at');
  let all = db
    .selectFrom('audit')
    .select(auditColumns)
    .where(at, '<', to)
    .orderBy('id', newestFirst ? 'desc' : 'asc');
  if (from !== undefined) all = all.where(at, '>=', from);
  let isFound = false;
  const by = (column: 'request_id' | 'client_ip' | 'account_id' | 'action', value: string | undefined): void => {
    if (value === undefined) return;
    all = all.where(isFound ? planner.textWithoutIndex(column) : sql.ref<string>(column), '=', value);
    // The condition of the partial index. Logins are not in it: nearly all rows are logins.
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

const cursorAt = ({ at, id }: Pick<AuditRow, 'at' | 'id'>): string => `${at}.${id}`;

// If the cursor's row is missing, it was lost by a restore, and ids went on from an earlier one: then go on by its time.
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

export const auditWrites = (db: Kysely<Tables>, clock: Clock): AuditWrites => ({
  appendAudit: (entry) => insertAudit(db, clock, [entry]),

  async appendAll(audits, changes) {
    if (audits.length > 0) await insertAudit(db, clock, audits);
    if (changes.length > 0) await insertChanges(db, clock, changes);
  },
});

/** Rows of one INSERT. Every other number of rows would be one more prepared statement to keep. */
const AUDIT_CHUNK_ROWS = 16;

/** Writes audit rows in the order given. */
export async function insertAudit(db: Kysely<Tables>, clock: Clock, entries: readonly AuditEntry[]): Promise<void> {
  const first = await nextNumbers(db, NEXT_AUDIT_ID, entries.length);
  const rows = auditRows(clock, first, entries);
  const whole = rows.length - (rows.length % AUDIT_CHUNK_ROWS);
  for (let from = 0; from < whole; from += AUDIT_CHUNK_ROWS) {
    await db
      .insertInto('audit')
      .values(rows.slice(from, from + AUDIT_CHUNK_ROWS))
      .execute();
  }
  for (const row of rows.slice(whole)) await db.insertInto('audit').values(row).execute();
}

const auditRows = (clock: Clock, first: bigint, entries: readonly AuditEntry[]): Tables['audit'][] =>
  entries.map((entry, index) => ({
    account_id: entry.account,
    id: first + BigInt(index),
    at: clock.now(),
    action: entry.action,
    actor: entry.actor,
    subject: entry.subject,
    request_id: entry.requestId,
    client_ip: entry.clientIp,
    detail: detailText(entry.detail),
  }));

/** Longest stored detail of an audit row, in UTF-16 units. */
const AUDIT_DETAIL_CAP = 8_192;
/** A detail that is too long keeps its members up to this length. Most wallet messages fit. */
const SHORT_MEMBER_CAP = 1_024;

function detailText(detail: Readonly<Record<string, unknown>>): string {
  const text = plainText(detail);
  if (text.length <= AUDIT_DETAIL_CAP) return text;
  // Only lists are long. Short members stay readable by name: an auditor verifies a signature years later, and this service reads its
  // time when the clock is set back.
  const short = Object.entries(detail).filter(([, value]) => (plainText(value)?.length ?? 0) <= SHORT_MEMBER_CAP);
  const all = { ...Object.fromEntries(short), truncated: true };
  const kept = plainText(all).length <= AUDIT_DETAIL_CAP / 2 ? all : { truncated: true };
  // Half of the rest: quoting JSON a second time can double its length.
  const left = (AUDIT_DETAIL_CAP - plainText(kept).length) / 2 - 32;
  return plainText({ ...kept, text: text.slice(0, left) });
}

const plainText = (value: unknown): string =>
  JSON.stringify(value, (_name, member) => (typeof member === 'bigint' ? member.toString() : member));
