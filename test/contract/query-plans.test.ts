// How SQLite finds the rows of each statement of the store: what one caller asks for must not cost what everybody has, nor what
// an account has ever ended. A plan is the same for ten rows and for ten million.
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type SqliteTestDatabase, sqliteDatabase } from '../support/store/databases.ts';
import { askEverything } from '../support/store/everything.ts';

let database: SqliteTestDatabase;
beforeEach(() => {
  database = sqliteDatabase();
});
afterEach(() => {
  vi.restoreAllMocks();
  database.remove();
});

/** Passing over all of these is meant: in brackets, the index that holds nothing else than what is looked for. */
const allowed: readonly RegExp[] = [
  // Three, five rows.
  /^SCAN (meta|signing_key)\b/,
  /^SCAN (one|CONSTANT ROW)$/,
  // What the statement itself says.
  /^SCAN \d+-ROW VALUES CLAUSE$/,
  // A page, in the order of the key.
  /^SCAN account USING INDEX sqlite_autoindex_account_1$/,
  // Pending subkeys alone.
  /^SCAN subkey USING INDEX subkey_ephemeral$/,
  // Its last entry.
  /^SCAN (token USING COVERING INDEX token_unrevoked_by_expiry|audit USING COVERING INDEX audit_by_time)$/,
  // No more rows than a setting says: counted, or the oldest of them.
  /^SCAN explanation USING (COVERING )?INDEX explanation_by_time$/,
];
/** A restore, a clock that is set, and usage.keep_days = 0 are about everybody. */
const aboutEverybody = [
  /^update "account" set "valid_after" = \?( where "valid_after" < \?)?$/,
  /^update "account" set "main_valid_after" = \? where "main_valid_after" > \?$/,
  /^update "subkey" set "valid_after" = \? where "valid_after" > \?$/,
  /^update "(subkey|token)" set .* where .*"created_at" > \?/,
  /^update "device" set "ended_at" = \? where "ended_at" = 0 returning /,
  /from "?(usage_day|used_address|last_use)"? (where true )?limit \?/,
];

/** Every statement that looks for rows, with the lines of its plan. */
async function plans(): Promise<ReadonlyMap<string, readonly string[]>> {
  const { store } = await database.open();
  const prepare = vi.spyOn(DatabaseSync.prototype, 'prepare');
  await askEverything(store);
  const statements = new Set(prepare.mock.calls.map(([sql]) => sql));
  prepare.mockRestore();
  await store.close();
  const looking = [...statements].filter((sql) => /^\s*(select|update|delete)\b/.test(sql) && sql !== 'select null');
  return new Map(
    looking.map((sql) => [sql, database.sql(`explain query plan ${sql}`).map(({ detail }) => String(detail))]),
  );
}

test('no statement passes over a whole table, but for those that are meant to', async () => {
  const found = await plans();
  expect(found.size).toBeGreaterThan(40);
  const scans = [...found].flatMap(([sql, plan]) =>
    aboutEverybody.some((form) => form.test(sql))
      ? []
      : plan
          .filter((line) => line.startsWith('SCAN') && !allowed.some((form) => form.test(line)))
          .map((line) => `${line}: ${sql}`),
  );
  expect(scans).toEqual([]);
});

test('tokens of one kind are looked up among all that an account ever had', async () => {
  const found = await plans();
  const byKind = [...found].filter(([sql]) => sql.startsWith('select') && sql.includes('and "kind" = ?'));
  expect(byKind).toHaveLength(2);
  for (const [, plan] of byKind) {
    expect(plan.join()).toMatch(
      /^SEARCH token USING INDEX token_by_kind \(account_id=\? AND kind=\?( AND token_id>\?)?\)$/,
    );
  }
});

test('a page of the audit log is read where it begins, in the order in which it was written, by what fewest rows have', async () => {
  const pages = [...(await plans())].filter(([sql]) => sql.includes('from "audit"') && sql.includes('order by "id"'));
  const used = pages.map(([, plan]) => plan.join());
  // Each alone is the whole plan: no row is sorted, none outside of the span between two ids is read.
  for (const plan of used)
    expect(plan).toMatch(/^SEARCH audit USING (COVERING )?INDEX \w+ \(([\w<>]+=\? AND )*id>\? AND id<\?\)$/);
  const ways = used.map((plan) => /INDEX (.*) AND id>/.exec(plan)?.[1] ?? plan.slice(0, 36));
  expect([...new Set(ways)].sort()).toEqual([
    'SEARCH audit USING INDEX audit_by_id',
    'audit_by_action (action=?',
    'audit_by_client (client_ip=?',
    'audit_by_request (request_id=?',
    'sqlite_autoindex_audit_1 (account_id=?',
  ]);
});

test('a credential is looked up among those of all accounts by whatever names it', async () => {
  const found = [...(await plans())].filter(([sql]) =>
    /from "(subkey|token|account)" where "\w+" = \?.* limit \?$/.test(sql),
  );
  expect(
    found
      .map(([, plan]) => plan.join())
      .filter((plan) => !plan.includes('account_id=?'))
      .sort(),
  ).toEqual([
    'SEARCH account USING INDEX account_by_public_key (main_public_key=?)',
    'SEARCH account USING INDEX account_by_wallet (eth_address=?)',
    'SEARCH subkey USING INDEX subkey_by_id (id=?)',
    'SEARCH subkey USING INDEX subkey_by_public_key (public_key=?)',
    'SEARCH token USING INDEX token_by_id (token_id=?)',
    'SEARCH token USING INDEX token_by_lookup_id (lookup_id=?)',
  ]);
});

test('lists and counts of what lives do not pass over what an account has revoked', async () => {
  const found = await plans();
  const live = (table: string) =>
    [...found].filter(
      ([sql]) => sql.startsWith('select') && sql.includes(`from "${table}"`) && / (= 0|<> 'revoked') /.test(sql),
    );
  expect(live('token')).toHaveLength(8);
  for (const [, plan] of live('token')) expect(plan.join()).toMatch(/USING (COVERING )?INDEX token_unrevoked/);
  expect(live('subkey')).toHaveLength(4);
  // Nor over subkeys that ended by themselves; a revocation of all takes those, too.
  const byEnd = live('subkey').map(
    ([, plan]) => /USING INDEX subkey_unrevoked_by_end \((.*?)\)/.exec(plan.join())?.[1],
  );
  expect(byEnd.sort()).toEqual(['account_id=?', ...Array(3).fill('account_id=? AND <expr>>?')]);
});
