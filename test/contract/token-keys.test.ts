// Tokens of an earlier release, whose rows did not say which key signed them: an upgrade finds it out, and ends what retired keys signed.
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type SqliteTestDatabase, sqliteDatabase } from '../support/store/databases.ts';
import { alice, at, starkAccount, tokenOf } from '../support/store/rows.ts';

let database: SqliteTestDatabase;
beforeEach(() => {
  database = sqliteDatabase();
});
afterEach(() => database.remove());

const keyOf = (kid: string, createdAt = at(0n)) => ({
  kid,
  use: 'token' as const,
  publicJwk: '{}',
  sealedPrivateKey: 'sealed',
  state: 'active' as const,
  createdAt,
});

test('a token is of the key that signed when it was made, and dead since that was retired', async () => {
  const { store } = await database.open();
  await store.insertSigningKey(keyOf('old', at(1n)));
  await store.insertSigningKey(keyOf('new', at(20n)));
  await store.insertSigningKey(keyOf('waits', at(25n)));
  await store.transaction(async (tx) => {
    await tx.insertAccount(starkAccount(alice), '0x0');
    for (const made of [0n, 10n, 30n, 50n]) {
      await tx.insertToken(tokenOf(alice, String(made), { createdAt: at(made), expiryAt: at(1_000n) }));
    }
    await tx.insertToken(tokenOf(alice, 'over', { createdAt: at(11n), expiryAt: at(59n) }));
  });
  await store.close();
  // As the release before had it: the second key was published a while before it signed.
  database.sql(`insert into audit (account_id, id, at, action, actor, subject, request_id, client_ip, detail)
    values ('0x0', 900, ${at(40n)}, 'signing_key.activated', '', 'kid/new', '', '', '{}')`);
  database.sql(`update signing_key set state = 'retired', retired_at = ${at(60n)} where kid = 'old'`);
  database.sql(`update signing_key set state = 'published' where kid = 'waits'`);
  database.sql('drop index token_unrevoked_by_key');
  database.sql('alter table token drop column kid');
  // And what later migrations have added, the newest first.
  database.sql('drop table explanation');
  for (const table of ['usage_day', 'last_use', 'used_address']) database.sql(`drop table ${table}`);
  database.sql('drop table device');
  for (const column of ['replaced_by', 'replaces', 'lifetime']) database.sql(`alter table token drop column ${column}`);
  database.sql('alter table change_log drop column narrows_at');
  database.sql(`delete from kysely_migration where name >= '0008-token-keys'`);

  const prepare = vi.spyOn(DatabaseSync.prototype, 'prepare');
  const { store: later } = await database.open();
  const statement = prepare.mock.calls.map(([sql]) => sql).find((sql) => sql.includes('update token set kid'));
  prepare.mockRestore();
  // Once, and not for each token, which would keep an upgrade busy for hours.
  const plan = database.sql(`explain query plan ${statement}`).map(({ detail }) => detail);
  expect(plan).toContain('MATERIALIZE signer');
  const known = [];
  for (const id of ['0', '10', '30', '50', 'over']) {
    const token = await later.token(alice, `lookup-${id}`);
    known.push([id, token?.kid, token?.revokedAt]);
  }
  expect(known).toEqual([
    ['0', '', 0n],
    ['10', 'old', at(60n)],
    ['30', 'old', at(60n)],
    ['50', 'new', 0n],
    ['over', 'old', 0n],
  ]);
  expect((await later.countLive(alice, at(70n))).tokens).toBe(2);
  await later.close();
});
