// The rows of the audit log. It is read page by page in the order in which it was written: by id. Never by time, which goes back where
// a clock is accepted, so that whoever goes on from a row would pass over all that is dated before it and was written after.
import { setImmediate } from 'node:timers/promises';
import { type Kysely, type SelectQueryBuilder, sql } from 'kysely';
import { actorOf, credentialSubject } from '../../domain/credential.ts';
import { type Clock, type UnixNanos, unixNanos } from '../../domain/time.ts';
import type { AuditEntry, AuditFilter, AuditLists, AuditRow, AuditWrites } from '../ports/audit.ts';
import { insertChanges } from './changes.ts';
import { NEXT_AUDIT_ID, nextNumbers } from './meta.ts';
import { cursorOf, paged } from './pages.ts';
import type { Planner } from './planner.ts';
import type { AuditTable, Tables } from './tables.ts';

const columns = ['account_id', 'id', 'at', 'action', 'actor', 'subject', 'request_id', 'client_ip', 'detail'] as const;
type ReadRow = Pick<AuditTable, (typeof columns)[number]>;

/** As it stands: a row that no release has written is told all the same, for it may be the evidence. */
function auditRowOf(row: ReadRow): AuditRow {
  return {
    account: row.account_id,
    id: row.id,
    at: unixNanos(row.at),
    action: row.action,
    actor: row.actor,
    subject: row.subject,
    requestId: row.request_id,
    clientIp: row.client_ip,
    detail: row.detail,
  };
}

/** So many rows are passed over at once: a millisecond, three where each must be read, and then others have their turn. */
export const PASSED_AT_ONCE = 10_000n;

interface Position {
  readonly id: bigint;
  readonly from: UnixNanos | undefined;
}

type AuditQuery = SelectQueryBuilder<Tables, 'audit', ReadRow>;

export const auditLists = (db: Kysely<Tables>, planner: Planner): AuditLists => ({
  async audit(filter, page) {
    return paged(await readAudit(db, planner, filter, cursorOf('audit', page), page.limit + 1), page, cursorAt);
  },

  async receipts(requestIds) {
    if (requestIds.length === 0) return [];
    const rows = await db
      .selectFrom('audit')
      .select(columns)
      .where('request_id', 'in', requestIds)
      // Not found by its index: there are as many of them as there ever were endings.
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

/** Up to `count` rows after that of the cursor, the first ones in the order asked for. */
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
function queryOf(db: Kysely<Tables>, planner: Planner, filter: AuditFilter, newestFirst: boolean): AuditQuery {
  const { account, credential, action, address, requestId, from, to } = filter;
  const at = planner.integerWithoutIndex<UnixNanos>('at');
  let all = db
    .selectFrom('audit')
    .select(columns)
    .where(at, '<', to)
    .orderBy('id', newestFirst ? 'desc' : 'asc');
  if (from !== undefined) all = all.where(at, '>=', from);
  let isFound = false;
  const by = (column: 'request_id' | 'client_ip' | 'account_id' | 'action', value: string | undefined): void => {
    if (value === undefined) return;
    all = all.where(isFound ? planner.textWithoutIndex(column) : sql.ref<string>(column), '=', value);
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

const cursorAt = ({ at, id }: Pick<AuditRow, 'at' | 'id'>): string => `${at}.${id}`;

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

export const auditWrites = (db: Kysely<Tables>, clock: Clock): AuditWrites => ({
  appendAudit: (entry) => insertAudit(db, clock, [entry]),

  async appendAll(audits, changes) {
    if (audits.length > 0) await insertAudit(db, clock, audits);
    if (changes.length > 0) await insertChanges(db, clock, changes);
  },
});

/** Rows of one statement: each number of rows is a statement of its own, and the store keeps only so many of them. */
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

/** Stored text of one audit row's detail, at most, in UTF-16 units. */
const AUDIT_DETAIL_CAP = 8_192;
/** Of one member that stays one where the detail is longer than that; most messages of wallets are. */
const SHORT_MEMBER_CAP = 1_024;

function detailText(detail: Readonly<Record<string, unknown>>): string {
  const text = plainText(detail);
  if (text.length <= AUDIT_DETAIL_CAP) return text;
  // It is lists that are long. What is short, a signature and its time above all, is read by its name: by who verifies it years later,
  // and by this service when its clock is set back.
  const short = Object.entries(detail).filter(([, value]) => (plainText(value)?.length ?? 0) <= SHORT_MEMBER_CAP);
  const all = { ...Object.fromEntries(short), truncated: true };
  const kept = plainText(all).length <= AUDIT_DETAIL_CAP / 2 ? all : { truncated: true };
  // Half of what is left: quoting JSON once more doubles it at worst.
  const left = (AUDIT_DETAIL_CAP - plainText(kept).length) / 2 - 32;
  return plainText({ ...kept, text: text.slice(0, left) });
}

const plainText = (value: unknown): string =>
  JSON.stringify(value, (_name, member) => (typeof member === 'bigint' ? member.toString() : member));
