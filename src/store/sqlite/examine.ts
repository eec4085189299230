// Tells what a database file is and holds: of a backup before it is kept or restored, and of the data folder for the doctor. Changes
// nothing.
import { type Kysely, sql } from 'kysely';
import { unixNanos } from '../../domain/time.ts';
import { StoreFailure } from '../../errors.ts';
import type { DatabaseFacts, Examination } from '../dialect.ts';
import { migrationNames, unknownMigration } from '../migrate.ts';
import { EPOCH, HIGHEST_TIME, LOG_HEAD } from '../sql/meta.ts';
import { DamagedRow } from '../sql/rows.ts';
import { signingKeyOf } from '../sql/signing-keys.ts';
import type { Tables } from '../sql/tables.ts';
import { openReadOnly } from './open-file.ts';
import { appliedMigrations, isUnfinished, tablesOf } from './unfinished.ts';

/** Reads the whole file, about a second per gigabyte. Any fault of the file is an answer, never an error. */
export async function examineDatabase(file: string): Promise<Examination> {
  try {
    const { reader, close } = openReadOnly(file);
    try {
      return await examine(reader);
    } finally {
      await close();
    }
  } catch (error) {
    if (error instanceof StoreFailure || error instanceof DamagedRow) {
      return { kind: 'damaged', problem: error.message };
    }
    throw error;
  }
}

async function examine(db: Kysely<Tables>): Promise<Examination> {
  const { rows } = await sql<{ quick_check: string }>`pragma quick_check(1)`.execute(db);
  const problem = rows.map((row) => row.quick_check).find((line) => line !== 'ok');
  if (problem !== undefined) return { kind: 'damaged', problem };
  if (await isUnfinished(db)) return { kind: 'unfinished' };
  if (!(await hasOurTables(db))) return { kind: 'not_ours' };
  const names = await appliedMigrations(db);
  const unknown = unknownMigration(names);
  if (unknown !== undefined) return { kind: 'newer', schema: unknown };
  return { kind: 'usable', facts: await factsOf(db, names) };
}

async function hasOurTables(db: Kysely<Tables>): Promise<boolean> {
  const wanted = ['account', 'change_log', 'kysely_migration', 'meta', 'signing_key', 'subkey', 'token'];
  const names = await tablesOf(db);
  return wanted.every((name) => names.has(name));
}

// Only columns of the first migration: a database that waits for its migrations must be readable too.
async function factsOf(db: Kysely<Tables>, migrations: readonly string[]): Promise<DatabaseFacts> {
  const meta = await db.selectFrom('meta').select(['name', 'value', 'text']).execute();
  const metaOf = (name: string) => meta.find((row) => row.name === name);
  const now = metaOf(HIGHEST_TIME)?.value ?? 0n;
  const { rows } = await sql<{ accounts: bigint; subkeys: bigint; tokens: bigint }>`
    select (select count(*) from account) as accounts,
           (select count(*) from subkey
             where state = 'active' and (expires_at = 0 or expires_at > ${now})) as subkeys,
           (select count(*) from token where revoked_at = 0 and expiry_at > ${now}) as tokens`.execute(db);
  const [counted] = rows;
  if (counted === undefined) throw new StoreFailure('counting gave no row');
  const keys = await db
    .selectFrom('signing_key')
    .select(['kid', 'use', 'public_jwk', 'sealed_private_key', 'state', 'created_at'])
    .orderBy('created_at')
    .execute();
  return {
    ...counted,
    epoch: metaOf(EPOCH)?.text ?? '',
    position: metaOf(LOG_HEAD)?.value ?? 0n,
    highestTime: unixNanos(now),
    signingKeys: keys.map((key) => signingKeyOf({ ...key, verify_until: 0n })),
    schema: migrations.at(-1) ?? '',
    older: migrations.length < migrationNames.length,
  };
}
