// The rows about use. What is written every half minute for thousands of credentials goes in statements of many rows each.
import { type Kysely, type RawBuilder, sql } from 'kysely';
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

export const usageReads = (db: Kysely<Tables>): UsageReads => ({
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

/** Rows of one INSERT. Every other number of rows would be one more prepared statement to keep. */
const CHUNK_ROWS = 20;

async function inChunks<Row>(rows: readonly Row[], write: (some: readonly Row[]) => Promise<unknown>): Promise<void> {
  const whole = rows.length - (rows.length % CHUNK_ROWS);
  for (let from = 0; from < whole; from += CHUNK_ROWS) await write(rows.slice(from, from + CHUNK_ROWS));
  for (const row of rows.slice(whole)) await write([row]);
}

const listOf = <Row>(rows: readonly Row[], values: (row: Row) => RawBuilder<unknown>): RawBuilder<unknown> =>
  sql.join(rows.map(values));

interface OneAddress extends AddressUse {
  readonly use: AddedUse;
}

/** As `UsageWrites.addUsage` says. */
export async function addUsage(db: Kysely<Tables>, uses: readonly AddedUse[]): Promise<void> {
  // A credential may come once for each day, and no statement may write one row twice.
  for (const ofDay of Map.groupBy(uses, ({ day }) => day).values()) {
    await inChunks(ofDay, (some) => addCounts(db, some));
    await inChunks(
      ofDay.filter(({ lastAt }) => lastAt !== 0n),
      (some) => setLastUses(db, some),
    );
    const addresses = ofDay.flatMap((use) => use.addresses.map((address) => ({ ...address, use })));
    const grown = new Map<string, AddedUse>();
    await inChunks(addresses, async (some) => {
      for (const use of await addAddresses(db, some)) grown.set(`${use.account} ${use.credential}`, use);
    });
    for (const use of grown.values()) await keepNewest(db, use);
  }
}

const addCounts = (db: Kysely<Tables>, uses: readonly AddedUse[]): Promise<unknown> =>
  sql`
  insert into usage_day (day, account_id, credential, allowed, refused, limited, failed) values ${listOf(
    uses,
    (u) =>
      sql`(${BigInt(u.day)}, ${u.account}, ${u.credential}, ${BigInt(u.allowed)}, ${BigInt(u.refused)}, ${BigInt(u.limited)}, ${BigInt(u.failed)})`,
  )}
  on conflict (day, account_id, credential) do update set
    allowed = usage_day.allowed + excluded.allowed, refused = usage_day.refused + excluded.refused,
    limited = usage_day.limited + excluded.limited, failed = usage_day.failed + excluded.failed`.execute(db);

const setLastUses = (db: Kysely<Tables>, uses: readonly AddedUse[]): Promise<unknown> =>
  sql`
  insert into last_use (account_id, credential, last_at, last_ip) values ${listOf(
    uses,
    (u) => sql`(${u.account}, ${u.credential}, ${u.lastAt}, ${u.lastIp})`,
  )}
  on conflict (account_id, credential) do update set last_at = excluded.last_at, last_ip = excluded.last_ip`.execute(
    db,
  );

/** Returns the credentials that have a row more. */
async function addAddresses(db: Kysely<Tables>, some: readonly OneAddress[]): Promise<readonly AddedUse[]> {
  const { rows } = await sql<{ account_id: string; credential: string; address: string; first_at: bigint }>`
    insert into used_address (account_id, credential, address, first_at, last_at, last_day, allowed, refused)
    values ${listOf(
      some,
      ({ use, address, firstAt, lastAt, allowed, refused }) =>
        sql`(${use.account}, ${use.credential}, ${address}, ${firstAt}, ${lastAt}, ${BigInt(dayOf(lastAt))}, ${BigInt(allowed)}, ${BigInt(refused)})`,
    )}
    on conflict (account_id, credential, address) do update set
      last_at = excluded.last_at, last_day = excluded.last_day,
      allowed = used_address.allowed + excluded.allowed, refused = used_address.refused + excluded.refused
    returning account_id, credential, address, first_at`.execute(db);
  // An older row keeps its first time.
  return some.flatMap(({ use, address, firstAt }) =>
    rows.some(
      (row) =>
        row.first_at === firstAt &&
        row.address === address &&
        row.credential === use.credential &&
        row.account_id === use.account,
    )
      ? [use]
      : [],
  );
}

const keepNewest = (db: Kysely<Tables>, { account, credential }: AddedUse): Promise<unknown> =>
  sql`
  delete from used_address where account_id = ${account} and credential = ${credential} and address in (
    select address from used_address where account_id = ${account} and credential = ${credential}
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

/** Rows of each table deleted by one transaction: every change waits for it. */
const PURGED_AT_ONCE = 500;

/** Deletes some rows, as `UsageWrites.purgeUsage` says. */
export async function purgeUsage(db: Kysely<Tables>, kept: Kept): Promise<void> {
  for (const where of outside(kept, 'day')) {
    await sql`
      delete from usage_day where (day, account_id, credential) in (
        select day, account_id, credential from usage_day where ${where} limit ${PURGED_AT_ONCE})`.execute(db);
  }
  for (const where of outside(kept, 'last_day')) {
    await sql`
      delete from used_address where (account_id, credential, address) in (
        select account_id, credential, address from used_address where ${where} limit ${PURGED_AT_ONCE})`.execute(db);
  }
  if (kept !== undefined) return;
  await sql`
    delete from last_use where (account_id, credential) in (
      select account_id, credential from last_use limit ${PURGED_AT_ONCE})`.execute(db);
}
