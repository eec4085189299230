// Two releases side by side: the next one may have added a column to any table. What this one reads, writes and answers stays the same.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { StatementSync } from 'node:sqlite';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { databases, sqliteDatabase, type TestDatabase } from '../support/store/databases.ts';
import { askEverything } from '../support/store/everything.ts';
import { T0 } from '../support/store/rows.ts';

const TABLES = [
  ...['account', 'subkey', 'token', 'device', 'signing_key', 'used_signature', 'siwe_nonce'],
  ...['audit', 'change_log', 'explanation', 'meta'],
];
const time = { wall: () => T0, monotonic: () => 0 };

const opened: TestDatabase[] = [];
afterEach(() => {
  vi.restoreAllMocks();
  for (const database of opened.splice(0)) database.remove();
});

/** All answers of a database with the columns of this release, and with one more in each table if `withLater`. */
async function answersOf(database: TestDatabase, withLater: boolean): Promise<ReadonlyMap<string, unknown>> {
  opened.push(database);
  await (await database.open(time)).store.close();
  for (const table of withLater ? TABLES : []) {
    database.sql(`alter table ${table} add column of_a_later_release text not null default 'later'`);
  }
  const { store } = await database.open(time);
  const answers = await askEverything(store, { renewEpoch: false });
  await store.transaction((tx) => tx.renewEpoch());
  await store.close();
  return answers;
}

describe.each(databases)('$name', ({ create }) => {
  test('a column that a later release has added to any table changes no answer and makes nothing fail', async () => {
    const plain = await answersOf(create(), false);
    expect(plain.size).toBeGreaterThan(60);
    expect(await answersOf(create(), true)).toEqual(plain);
  });
});

test('a column that a later release has added is never read (sqlite)', async () => {
  const all = vi.spyOn(StatementSync.prototype, 'all');
  await answersOf(sqliteDatabase(), true);
  const rows = all.mock.results.flatMap(({ value }) => (Array.isArray(value) ? value : []));
  const columns = new Set(rows.flatMap((row) => Object.keys(row)));
  for (const known of ['main_public_key', 'encrypted_key', 'lookup_id', 'public_jwk', 'client_ip', 'used_at']) {
    expect(columns).toContain(known);
  }
  expect(columns).not.toContain('of_a_later_release');
});

test('every statement of the store lists its columns', () => {
  const folder = join(import.meta.dirname, '../../src/store');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  expect(files.length).toBeGreaterThan(30);
  const lazy = files.filter((file) =>
    /\b(selectAll|returningAll)\(|\bselect \*/i.test(readFileSync(join(folder, file), 'utf8')),
  );
  expect(lazy).toEqual([]);
});
