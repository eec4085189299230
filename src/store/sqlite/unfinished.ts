// Undoes what a start of an early release left when it broke off: that release committed each statement of a migration alone. Only if
// no row is lost by it; the migrations then start from where they expect to.
import { type Kysely, sql } from 'kysely';
import { StoreFailure } from '../../errors.ts';
import type { Tables } from '../sql/tables.ts';

const FIRST = '0001-initial';
const SECOND = '0002-operator';
const THIRD = '0003-live-credentials';

/** Of the first migration. Tables that refer to another come before it. */
const FIRST_TABLES = [
  'subkey',
  'token',
  'account',
  'signing_key',
  'used_signature',
  'siwe_nonce',
  'audit',
  'change_log',
  'meta',
];
const MIGRATION_TABLES = ['kysely_migration', 'kysely_migration_lock'];

/** Throws StoreFailure if the database is not ours, or if rows would be lost. */
export async function clearUnfinished(tx: Kysely<Tables>): Promise<void> {
  const tables = await tablesOf(tx);
  if (tables.size === 0) return;
  const applied = await appliedMigrations(tx);
  if (!applied.includes(FIRST)) return clearFirst(tx, tables);
  if (!applied.includes(SECOND)) await clearSecond(tx);
  if (!applied.includes(THIRD)) await clearThird(tx, applied.includes(SECOND));
}

/** True if there is nothing to keep: no table, or only those of a first start that broke off. */
export async function isUnfinished(db: Kysely<Tables>): Promise<boolean> {
  const tables = await tablesOf(db);
  if ([...tables].some((name) => !FIRST_TABLES.includes(name) && !MIGRATION_TABLES.includes(name))) return false;
  return !(await appliedMigrations(db)).includes(FIRST);
}

async function clearFirst(tx: Kysely<Tables>, tables: ReadonlySet<string>): Promise<void> {
  const strange = [...tables].find((name) => !FIRST_TABLES.includes(name) && !MIGRATION_TABLES.includes(name));
  if (strange !== undefined) {
    throw new StoreFailure(`it is not a database of Countersign: it has a table ${strange}`);
  }
  const unfinished = FIRST_TABLES.filter((name) => tables.has(name));
  for (const name of unfinished) {
    if (await hasRows(tx, name)) {
      throw new StoreFailure(
        `its tables were never finished, and ${name} has rows all the same: it is damaged; restore a backup`,
      );
    }
  }
  for (const name of unfinished) await tx.schema.dropTable(name).execute();
}

async function clearSecond(tx: Kysely<Tables>): Promise<void> {
  for (const name of ['token_by_expiry', 'audit_by_time']) await tx.schema.dropIndex(name).ifExists().execute();
  const columns = await sql<{ name: string }>`select name from pragma_table_info('signing_key')`.execute(tx);
  if (!columns.rows.some(({ name }) => name === 'verify_until')) return;
  const { rows } = await sql`select 1 from signing_key where verify_until <> 0 limit 1`.execute(tx);
  if (rows.length > 0) {
    throw new StoreFailure(
      `${SECOND} was never finished, and its column has values all the same: it is damaged; restore a backup`,
    );
  }
  await tx.schema.alterTable('signing_key').dropColumn('verify_until').execute();
}

async function clearThird(tx: Kysely<Tables>, isSecondDone: boolean): Promise<void> {
  for (const name of ['subkey_unrevoked', 'token_unrevoked', 'token_unrevoked_by_expiry']) {
    await tx.schema.dropIndex(name).ifExists().execute();
  }
  // The last statement of the third migration drops this index. The second makes it, if that is still to come.
  if (isSecondDone) await sql`create index if not exists token_by_expiry on token (expiry_at)`.execute(tx);
}

/** Oldest first; none if their table does not exist. */
export async function appliedMigrations(db: Kysely<Tables>): Promise<readonly string[]> {
  if (!(await tablesOf(db)).has('kysely_migration')) return [];
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db);
  return rows.map(({ name }) => name);
}

export async function tablesOf(db: Kysely<Tables>): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ name: string }>`
    select name from sqlite_schema where type = 'table' and name not like 'sqlite\\_%' escape '\\'`.execute(db);
  return new Set(rows.map(({ name }) => name));
}

async function hasRows(db: Kysely<Tables>, table: string): Promise<boolean> {
  const { rows } = await sql`select 1 from ${sql.table(table)} limit 1`.execute(db);
  return rows.length > 0;
}
