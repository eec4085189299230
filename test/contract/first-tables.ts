// A database as the first release made it, with what a database of this one holds in the tables and columns of that time.
import { DatabaseSync } from 'node:sqlite';
import { Migrator } from 'kysely/migration';
import * as initial from '../../src/store/migrations/0001-initial.ts';
import { openSqlite } from '../../src/store/sqlite.ts';

/** Writes it to `file`, which must not exist; `from` is left as it is. */
export async function writeFirstTables(from: string, file: string): Promise<void> {
  const { writer, close } = openSqlite(file);
  const migrator = new Migrator({ db: writer, provider: { getMigrations: async () => ({ '0001-initial': initial }) } });
  const { error } = await migrator.migrateToLatest();
  await close();
  if (error !== undefined) throw error;
  const connection = new DatabaseSync(file);
  connection.exec(`
    attach '${from}' as later;
    insert into account select * from later.account;
    insert into token select * from later.token;
    insert into meta select * from later.meta;
    insert into signing_key
      select kid, use, public_jwk, sealed_private_key, state, created_at, retired_at from later.signing_key;
    detach later;
    pragma journal_mode = delete`);
  connection.close();
}
