// What a restore asks of the store, on every database: what it renews, raises and revokes reaches everybody, and nobody is let
// in again by it.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AccountId } from '../../src/domain/credential.ts';
import { feltOf } from '../../src/domain/felt.ts';
import { NEVER, unixNanos } from '../../src/domain/time.ts';
import type { Store } from '../../src/store/store.ts';
import { databases, type TestDatabase } from '../support/store/databases.ts';
import {
  alice,
  at,
  auditOf,
  bob,
  changeOf,
  insertAccounts,
  insertSubkey,
  insertTokens,
  keyOne,
  keyTwo,
  starkAccount,
  subkeyOf,
  tokenOf,
} from '../support/store/rows.ts';

const carol: AccountId = feltOf(0xca401n);
const now = at(500n);

describe.each(databases)('a restore on $name', ({ create }) => {
  let database: TestDatabase;
  let store: Store;

  beforeEach(async () => {
    database = create();
    ({ store } = await database.open());
  });
  afterEach(async () => {
    await store.close();
    database.remove();
  });

  test('begins an epoch of its own, in which the log goes on and no lost id is given again', async () => {
    await insertAccounts(store, alice);
    const before = await insertSubkey(store, subkeyOf(alice));
    await store.appendAudit([auditOf(alice)]);
    await store.transaction((tx) => tx.appendChange(changeOf(alice)));
    const old = store.epoch;
    const renewed = await store.transaction((tx) => tx.renewEpoch());
    await store.close();
    ({ store } = await database.open());
    expect(store.epoch).toBe(renewed);
    expect(renewed).not.toBe(old);

    const after = await insertSubkey(store, subkeyOf(alice, { publicKey: keyTwo }));
    expect(after.id - before.id).toBeGreaterThan(999_999n);
    await store.appendAudit([auditOf(alice)]);
    const [first, second] = database.sql('select id from audit order by id').map(({ id }) => BigInt(String(id)));
    expect((second ?? 0n) - (first ?? 0n)).toBeGreaterThan(999_999n);
    expect((await store.transaction((tx) => tx.appendChange(changeOf(alice)))).position).toBe(2n);
  });

  test('raises valid_after of every account, and lowers none', async () => {
    await insertAccounts(store, alice, bob);
    await store.transaction((tx) => tx.raiseValidAfter(bob, unixNanos(900n)));
    await store.transaction((tx) => tx.raiseEveryValidAfter(unixNanos(700n)));
    const floors = [(await store.account(alice))?.validAfter, (await store.account(bob))?.validAfter];
    expect(floors).toEqual([700n, 900n]);
  });

  test('an account that comes later begins where the restore raised the others to, however often it was raised', async () => {
    await store.transaction((tx) => tx.raiseEveryValidAfter(unixNanos(700n)));
    await store.transaction((tx) => tx.raiseEveryValidAfter(unixNanos(600n)));
    await insertAccounts(store, alice);
    expect((await store.account(alice))?.validAfter).toBe(700n);
    await store.transaction((tx) => tx.raiseEveryValidAfter(unixNanos(800n)));
    await insertAccounts(store, bob);
    await store.transaction((tx) => tx.insertAccount({ ...starkAccount(carol), validAfter: unixNanos(950n) }, ''));
    expect((await store.account(bob))?.validAfter).toBe(800n);
    expect((await store.account(carol))?.validAfter).toBe(950n);
  });

  describe('revokes', () => {
    beforeEach(async () => {
      await insertAccounts(store, alice, bob, carol);
      for (const account of [alice, bob]) {
        await insertSubkey(store, subkeyOf(account));
        await insertSubkey(store, subkeyOf(account, { publicKey: feltOf(BigInt(account) + 7n), state: 'pending' }));
        await insertTokens(store, tokenOf(account, `live-${account}`));
        await insertTokens(store, tokenOf(account, `dead-${account}`, { revokedAt: at(9n) }));
      }
    });

    const rowsOf = (account: AccountId) => ({
      subkeys: database.sql(`select state from subkey where account_id = '${account}' order by id`).map((r) => r.state),
      tokens: database.sql(`select revoked_at from token where account_id = '${account}' order by token_id`),
    });

    test('everything of the accounts that are named, and says whose and what', async () => {
      const revoked = await store.transaction((tx) =>
        tx.revokeCredentials([alice, carol], { subkeys: 'all', tokens: true }, now),
      );
      expect(revoked.map(({ account }) => account)).toEqual([alice]);
      expect(revoked[0]?.subkeys.map(({ publicKey }) => publicKey).sort()).toEqual(
        [keyOne, feltOf(BigInt(alice) + 7n)].sort(),
      );
      expect(revoked[0]?.tokens).toEqual([{ tokenId: `tok_live-${alice}`, lookupId: `lookup-live-${alice}` }]);
      expect(rowsOf(alice)).toEqual({
        subkeys: ['revoked', 'revoked'],
        // What was dead keeps the time of its end.
        tokens: [{ revoked_at: at(9n) }, { revoked_at: now }],
      });
      expect(rowsOf(bob)).toEqual({
        subkeys: ['active', 'pending'],
        tokens: [{ revoked_at: at(9n) }, { revoked_at: NEVER }],
      });
    });

    test('pending subkeys alone when the rest is kept, and nothing is left to activate them with', async () => {
      const revoked = await store.transaction((tx) =>
        tx.revokeCredentials([alice, bob], { subkeys: 'pending', tokens: false }, now),
      );
      expect(revoked.map(({ subkeys, tokens }) => [subkeys.length, tokens.length])).toEqual([
        [1, 0],
        [1, 0],
      ]);
      expect(rowsOf(alice).subkeys).toEqual(['active', 'revoked']);
      expect(
        database.sql("select encrypted_key, eph_public_key, pending_until from subkey where state = 'revoked'"),
      ).toEqual(Array(2).fill({ encrypted_key: '', eph_public_key: '', pending_until: 0n }));
    });
  });
});
