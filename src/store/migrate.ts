// Brings a database to this release's tables. Migrations are named in code, so that the package needs no folder scan.
import type { Kysely } from 'kysely';
import { Migrator } from 'kysely/migration';
import { StoreFailure } from '../errors.ts';
import type { Database } from './dialect.ts';
import * as initial from './migrations/0001-initial.ts';
import * as operator from './migrations/0002-operator.ts';
import * as liveCredentials from './migrations/0003-live-credentials.ts';
import * as lists from './migrations/0004-lists.ts';
import * as auditOrder from './migrations/0005-audit-order.ts';
import * as repeats from './migrations/0006-repeats.ts';
import * as find from './migrations/0007-find.ts';
import * as tokenKeys from './migrations/0008-token-keys.ts';
import * as devices from './migrations/0009-devices.ts';
import * as tokenRotation from './migrations/0010-token-rotation.ts';
import * as usage from './migrations/0011-usage.ts';
import * as explain from './migrations/0012-explain.ts';
import type { Tables } from './sql/tables.ts';

/** All migrations by name, oldest first. */
export const migrations = {
  '0001-initial': initial,
  '0002-operator': operator,
  '0003-live-credentials': liveCredentials,
  '0004-lists': lists,
  '0005-audit-order': auditOrder,
  '0006-repeats': repeats,
  '0007-find': find,
  '0008-token-keys': tokenKeys,
  '0009-devices': devices,
  '0010-token-rotation': tokenRotation,
  '0011-usage': usage,
  '0012-explain': explain,
};

/** Oldest first. A database of this release has had all of them. */
export const migrationNames: readonly string[] = Object.keys(migrations);

/**
 * Applies the missing migrations in the given transaction: all or nothing, Kysely's own tables included. Tables that an earlier release
 * left half made are dropped and made again if they hold no row. Throws what a migration threw; StoreFailure if the database is not
 * ours, is half made and holds rows, or is of a newer release.
 */
export async function migrate(
  tx: Kysely<Tables>,
  database: Pick<Database, 'clearUnfinished' | 'appliedMigrations'>,
): Promise<void> {
  await database.clearUnfinished(tx);
  requireKnown(await database.appliedMigrations(tx));
  const migrator = new Migrator({ db: tx, provider: { getMigrations: async () => migrations } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
}

function requireKnown(applied: readonly string[]): void {
  const newer = unknownMigration(applied);
  if (newer !== undefined) throw new StoreFailure(`a newer release of Countersign has written it (${newer})`);
}

/** The newest of `applied` that this release does not know. */
export const unknownMigration = (applied: readonly string[]): string | undefined =>
  applied.filter((name) => !migrationNames.includes(name)).at(-1);
