// A database as an earlier release made it, with what a database of this one holds in the tables and columns of that time.
import { DatabaseSync } from 'node:sqlite';
import { Migrator } from 'kysely/migration';
import { migrations } from '../../../src/store/migrate.ts';
import { openConnections } from '../../../src/store/sqlite/open-file.ts';

/** Writes it to `file`, which must not exist; `from` is left as it is. */
export const writeFirstTables = (from: string, file: string): Promise<void> =>
  writeTablesUntil('0001-initial', from, file);

/** The same with the migrations up to `last`. */
export async function writeTablesUntil(last: string, from: string, file: string): Promise<void> {
  const until = Object.entries(migrations).filter(([name]) => name <= last);
  await migrateWith(file, until.slice(0, 1));
  const connection = new DatabaseSync(file);
  connection.exec(`
    attach '${from}' as later;
    insert into account select * from later.account;
    insert into token
      select account_id, token_id, lookup_id, name, kind, allowlist, created_at, expiry_at, last_updated_at, revoked_at
        from later.token;
    insert into meta select * from later.meta;
    insert into signing_key
      select kid, use, public_jwk, sealed_private_key, state, created_at, retired_at from later.signing_key;
    detach later`);
  connection.close();
  await migrateWith(file, until);
  const closing = new DatabaseSync(file);
  closing.exec('pragma journal_mode = delete');
  closing.close();
}

async function migrateWith(file: string, some: readonly (readonly [string, (typeof migrations)['0001-initial']])[]) {
  const { writer, close } = openConnections(file);
  const migrator = new Migrator({ db: writer, provider: { getMigrations: async () => Object.fromEntries(some) } });
  const { error } = await migrator.migrateToLatest();
  await close();
  if (error !== undefined) throw error;
}
