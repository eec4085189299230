// The rows about use. What is written every half minute for thousands of credentials goes in statements of many rows each.
import { CompiledQuery, type Kysely, type RawBuilder, sql } from 'kysely';
import { type AddressUse, dayOf, type LastUse, MOST_ADDRESSES, type UtcDay, utcDay } from '../../domain/use.ts';
import type { AddedUse, DayUse, UsageReads } from '../ports/usage.ts';
import { integer, nanos } from './rows.ts';
import type { Tables, UsageDayTable } from './tables.ts';

/** Days asked for by one statement. */
const DAYS_AT_ONCE = 31;

const countOf = (value: unknown, column: string): number => Number(integer(value, column));

const dayUseOf = (row: UsageDayTable): DayUse => ({
  credential: row.credential,
  day: utcDay(countOf(row.day, 'usage_day.day')),
  allowed: countOf(row.allowed, 'usage_day.allowed'),
  refused: countOf(row.refused, 'usage_day.refused'),
  limited: countOf(row.limited, 'usage_day.limited'),
  failed: countOf(row.failed, 'usage_day.failed'),
});

export const usageReads = (db: Kysely<Tables>): Omit<UsageReads, 'usedFrom'> => ({
  async usage(account, { credential, from, to, after }, count) {
    const ofAccount = db
      .selectFrom('usage_day')
      .select(['day', 'account_id', 'credential', 'allowed', 'refused', 'limited', 'failed'])
      .where('account_id', '=', account)
      .orderBy('day', 'desc')
      .orderBy('credential');
    const all = credential === undefined ? ofAccount : ofAccount.where('credential', '=', credential);
    const found: DayUse[] = [];
    let next: number = to;
    if (after !== undefined) {
      // The rest of the day on which the page before ended.
      const rest = all.where('day', '=', BigInt(after.day)).where('credential', '>', after.credential);
      if (after.day <= to && after.day >= from) found.push(...(await rest.limit(count).execute()).map(dayUseOf));
      next = Math.min(to, after.day - 1);
    }
    // Days one by one: the key begins with the day, and a span of days would pass over everybody's rows.
    for (; next >= from && found.length < count; next -= DAYS_AT_ONCE) {
      const days = Array.from({ length: Math.min(DAYS_AT_ONCE, next - from + 1) }, (_, back) => BigInt(next - back));
      const rows = await all
        .where('day', 'in', days)
        .limit(count - found.length)
        .execute();
      found.push(...rows.map(dayUseOf));
    }
    return found;
  },

  async usedAddresses(account, credential) {
    const rows = await db
      .selectFrom('used_address')
      .select(['address', 'first_at', 'last_at', 'allowed', 'refused'])
      .where('account_id', '=', account)
      .where('credential', '=', credential)
      .orderBy('last_at', 'desc')
      .orderBy('address')
      .limit(MOST_ADDRESSES)
      .execute();
    return rows.map((row) => ({
      address: row.address,
      firstAt: nanos(row.first_at, 'used_address.first_at'),
      lastAt: nanos(row.last_at, 'used_address.last_at'),
      allowed: countOf(row.allowed, 'used_address.allowed'),
      refused: countOf(row.refused, 'used_address.refused'),
    }));
  },

  async lastUses(account, credentials) {
    const uses = new Map<string, LastUse>();
    if (credentials.length === 0) return uses;
    const rows = await db
      .selectFrom('last_use')
      .select(['credential', 'last_at', 'last_ip'])
      .where('account_id', '=', account)
      .where('credential', 'in', credentials)
      .execute();
    for (const row of rows) {
      uses.set(row.credential, { lastAt: nanos(row.last_at, 'last_use.last_at'), lastIp: row.last_ip });
    }
    return uses;
  },
});

/**
 * Most rows of one statement. Each of fewer has a power of two, since every number of rows is a prepared statement that is kept. More rows
 * save nothing once it is prepared, and composing and preparing 64 took 4 ms of the first turn.
 */
const MOST_ROWS = 16;

/** Runs a statement for `rows`, some at once, and returns what it returns. */
type ForRows<Row, Result> = (db: Kysely<Tables>, rows: readonly Row[]) => Promise<readonly Result[]>;

/** `columns`: the values of one row, as `textOf` names their columns. */
function forRows<Row, Result = never>(
  columns: (row: Row) => readonly unknown[],
  textOf: (rows: RawBuilder<unknown>) => RawBuilder<unknown>,
): ForRows<Row, Result> {
  // Composing a text of many rows costs more than running it.
  const texts = new Map<number, string>();

  const composed = (db: Kysely<Tables>, rows: readonly Row[]): string =>
    textOf(sql.join(rows.map((row) => sql`(${sql.join(columns(row))})`))).compile(db).sql;

  return async (db, rows) => {
    const results: Result[] = [];
    for (let from = 0; from < rows.length; ) {
      let size = MOST_ROWS;
      while (size > rows.length - from) size /= 2;
      const some = rows.slice(from, from + size);
      const text = texts.get(size) ?? composed(db, some);
      texts.set(size, text);
      results.push(...(await db.executeQuery<Result>(CompiledQuery.raw(text, some.flatMap(columns)))).rows);
      from += size;
    }
    return results;
  };
}

interface OneAddress extends AddressUse {
  readonly use: AddedUse;
}
interface AddressRow {
  readonly account_id: string;
  readonly credential: string;
  readonly address: string;
  readonly first_at: bigint;
}

/** Made once for each store: it remembers the texts of its statements. */
export function createAddUsage(): (db: Kysely<Tables>, uses: readonly AddedUse[]) => Promise<void> {
  const addCounts = forRows(
    (u: AddedUse) => [u.day, u.account, u.credential, u.allowed, u.refused, u.limited, u.failed].map(stored),
    (rows) => sql`
      insert into usage_day (day, account_id, credential, allowed, refused, limited, failed) values ${rows}
      on conflict (day, account_id, credential) do update set
        allowed = usage_day.allowed + excluded.allowed, refused = usage_day.refused + excluded.refused,
        limited = usage_day.limited + excluded.limited, failed = usage_day.failed + excluded.failed`,
  );
  const setLastUses = forRows(
    (u: AddedUse) => [u.account, u.credential, u.lastAt, u.lastIp],
    (rows) => sql`
      insert into last_use (account_id, credential, last_at, last_ip) values ${rows}
      on conflict (account_id, credential) do update set last_at = excluded.last_at, last_ip = excluded.last_ip`,
  );
  const addAddresses = forRows<OneAddress, AddressRow>(
    ({ use, address, firstAt, lastAt, allowed, refused }) =>
      [use.account, use.credential, address, firstAt, lastAt, dayOf(lastAt), allowed, refused].map(stored),
    (rows) => sql`
      insert into used_address (account_id, credential, address, first_at, last_at, last_day, allowed, refused)
      values ${rows}
      on conflict (account_id, credential, address) do update set
        last_at = excluded.last_at, last_day = excluded.last_day,
        allowed = used_address.allowed + excluded.allowed, refused = used_address.refused + excluded.refused
      returning account_id, credential, address, first_at`,
  );
  const withTooMany = forRows<AddedUse, Pick<AddressRow, 'account_id' | 'credential'>>(
    (u) => [u.account, u.credential],
    (rows) => sql`
      select account_id, credential from used_address where (account_id, credential) in (values ${rows})
      group by account_id, credential having count(*) > ${sql.lit(MOST_ADDRESSES)}`,
  );

  return async (db, uses) => {
    // A credential may come once for each day, and no statement may write one row twice.
    for (const ofDay of Map.groupBy(uses, ({ day }) => day).values()) {
      await addCounts(db, ofDay);
      await setLastUses(
        db,
        ofDay.filter(({ lastAt }) => lastAt !== 0n),
      );
      const addresses = ofDay.flatMap((use) => use.addresses.map((address) => ({ ...address, use })));
      const rows = await addAddresses(db, addresses);
      for (const row of await withTooMany(db, grownOf(addresses, rows))) await keepNewest(db, row);
    }
  };
}

const stored = (value: unknown): unknown => (typeof value === 'number' ? BigInt(value) : value);

/** The credentials that have a row more: an older one keeps its first time. */
function grownOf(addresses: readonly OneAddress[], rows: readonly AddressRow[]): readonly AddedUse[] {
  const firsts = new Map(
    rows.map((row) => [`${row.account_id} ${row.credential} ${row.address}`, row.first_at] as const),
  );
  const grown = new Set<AddedUse>();
  for (const { use, address, firstAt } of addresses) {
    if (firsts.get(`${use.account} ${use.credential} ${address}`) === firstAt) grown.add(use);
  }
  return [...grown];
}

const keepNewest = (
  db: Kysely<Tables>,
  { account_id, credential }: Pick<AddressRow, 'account_id' | 'credential'>,
): Promise<unknown> =>
  sql`
  delete from used_address where account_id = ${account_id} and credential = ${credential} and address in (
    select address from used_address where account_id = ${account_id} and credential = ${credential}
    order by last_at desc, address limit 1000000 offset ${BigInt(MOST_ADDRESSES)})`.execute(db);

type Kept = { readonly from: UtcDay; readonly to: UtcDay } | undefined;

const outside = (kept: Kept, column: 'day' | 'last_day'): readonly RawBuilder<boolean>[] => {
  if (kept === undefined) return [sql<boolean>`true`];
  const name = sql.ref(column);
  return [sql<boolean>`${name} < ${BigInt(kept.from)}`, sql<boolean>`${name} > ${BigInt(kept.to)}`];
};

/** Whether `purgeUsage` has anything to delete. */
export async function anyUsageOutside(db: Kysely<Tables>, kept: Kept): Promise<boolean> {
  for (const where of outside(kept, 'day')) {
    if ((await db.selectFrom('usage_day').select('day').where(where).limit(1).execute()).length > 0) return true;
  }
  for (const where of outside(kept, 'last_day')) {
    if ((await db.selectFrom('used_address').select('last_day').where(where).limit(1).execute()).length > 0)
      return true;
  }
  if (kept !== undefined) return false;
  return (await db.selectFrom('last_use').select('last_at').limit(1).execute()).length > 0;
}

/** Rows deleted by one transaction: every change waits for it. */
const PURGED_AT_ONCE = 500;
/** Addresses lie by account and not by day: nearly each of these is in a page of its own. */
const PURGED_ADDRESSES = 100;

/** Deletes some rows of one table, as `UsageWrites.purgeUsage` says. */
export async function purgeUsage(db: Kysely<Tables>, kept: Kept): Promise<void> {
  for (const where of outside(kept, 'day')) {
    const { numAffectedRows } = await sql`
      delete from usage_day where (day, account_id, credential) in (
        select day, account_id, credential from usage_day where ${where} limit ${PURGED_AT_ONCE})`.execute(db);
    if ((numAffectedRows ?? 0n) > 0n) return;
  }
  for (const where of outside(kept, 'last_day')) {
    const { numAffectedRows } = await sql`
      delete from used_address where (account_id, credential, address) in (
        select account_id, credential, address from used_address where ${where} limit ${PURGED_ADDRESSES})`.execute(db);
    if ((numAffectedRows ?? 0n) > 0n) return;
  }
  if (kept !== undefined) return;
  await sql`
    delete from last_use where (account_id, credential) in (
      select account_id, credential from last_use limit ${PURGED_AT_ONCE})`.execute(db);
}
