// Brings a database to this release's tables. Migrations are named in code, so that the package needs no folder scan.
import { Migrator } from 'kysely/migration';
import * as initial from './migrations/0001-initial.ts';
import * as operator from './migrations/0002-operator.ts';
import * as liveCredentials from './migrations/0003-live-credentials.ts';
import type { Database } from './sqlite.ts';

const migrations = { '0001-initial': initial, '0002-operator': operator, '0003-live-credentials': liveCredentials };

/** Oldest first: what a database of this release has had applied. */
export const migrationNames: readonly string[] = Object.keys(migrations);

/**
 * Applies what is missing, all of it in one transaction. Throws what a failing migration threw, and an Error for a database of
 * a newer release.
 */
export async function migrate(database: Database): Promise<void> {
  const migrator = new Migrator({ db: database.writer, provider: { getMigrations: async () => migrations } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
}
