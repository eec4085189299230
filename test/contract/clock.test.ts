// What setting the clock asks of the store, on every database.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { feltOf } from '../../src/domain/felt.ts';
import { NEVER, secondsOf, type UnixNanos, unixNanos, unixSeconds } from '../../src/domain/time.ts';
import { ClockFarAhead } from '../../src/errors.ts';
import type { OpenedStore } from '../../src/store/open.ts';
import type { NewSubkey, Store } from '../../src/store/store.ts';
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
  subkeyOf,
  T0,
  tokenOf,
} from '../support/store/rows.ts';

const SECOND_NS = 1_000_000_000n;
const DAY_NS = 86_400n * SECOND_NS;

describe.each(databases)('a clock that is set on $name', ({ create }) => {
  let database: TestDatabase;
  let opened: OpenedStore;
  let store: Store;
  /** The machine's clock. */
  let wall: bigint;
  let monotonic: number;

  async function open() {
    opened = await database.open({ wall: () => wall, monotonic: () => monotonic });
    ({ store } = opened);
  }
  beforeEach(async () => {
    database = create();
    [wall, monotonic] = [at(100n), 0];
    await open();
  });
  afterEach(async () => {
    await store.close();
    database.remove();
  });

  const highest = () => database.sql("select value from meta where name = 'highest_time'")[0]?.value;

  test('back is stored by setTime alone, and holds across a restart', async () => {
    wall = at(-500n * SECOND_NS);
    await store.appendAudit([auditOf(alice)]);
    expect(highest()).toBe(at(100n));
    opened.clock.accept(opened.clock.machine(), monotonic);
    await store.appendAudit([auditOf(alice)]);
    expect(highest()).toBe(at(100n));
    await store.setTime();
    expect(highest()).toBe(wall);
    await store.close();
    await open();
    expect(opened.clock.now()).toBe(wall);
  });

  test('a jump that is not believed is stored by nothing, and purges nothing', async () => {
    await insertAccounts(store, alice);
    const until = at(3_600n * SECOND_NS);
    await store.transaction(async (tx) => {
      await tx.useSiweNonce(alice, 'nonce', until);
      await tx.useSignature(alice, 'login', { hash: feltOf(7n), by: keyOne }, until);
    });
    await insertSubkey(store, subkeyOf(alice, { state: 'pending' }));
    wall = at(DAY_NS);
    await store.purgeExpired(opened.clock.now());
    await store.transaction((tx) => tx.appendChange(changeOf(alice)));
    await store.appendAudit([auditOf(alice)]);
    expect(highest()).toBe(at(100n));
    const left = database.sql(
      'select (select count(*) from siwe_nonce) n, (select count(*) from used_signature) s, (select count(*) from subkey) k',
    );
    expect(left).toEqual([{ n: 1n, s: 1n, k: 1n }]);
    expect(database.sql('select at from audit union all select at from change_log')).toEqual(
      Array(2).fill({ at: at(100n) }),
    );
    await store.close();
    wall = at(200n);
    await open();
    expect(opened.clock.now()).toBe(at(200n));
  });

  test('a start more than thirty days ahead is refused, believed when the operator says so, or left in doubt', async () => {
    await store.close();
    wall = at(31n * DAY_NS);
    const time = { wall: () => wall, monotonic: () => monotonic };
    await expect(database.open(time)).rejects.toThrow(ClockFarAhead);
    opened = await database.open(time, 'doubt');
    ({ store } = opened);
    await store.appendAudit([auditOf(alice)]);
    expect([opened.clock.now(), opened.clock.latest(), highest()]).toEqual([at(100n), wall, at(100n)]);
    await store.close();
    opened = await database.open(time, 'accept');
    ({ store } = opened);
    expect(opened.clock.now()).toBe(wall);
    await store.close();
    expect(highest()).toBe(wall);
    await open();
  });

  test('raises and lowers valid_after of every account, and of those that come later', async () => {
    await insertAccounts(store, alice);
    const subkey = await insertSubkey(store, subkeyOf(alice));
    const main = { account: alice, kind: 'main', id: 'main' } as const;
    const bot = { account: alice, kind: 'subkey', id: subkey.id.toString() } as const;
    await store.transaction(async (tx) => {
      await tx.raiseEveryValidAfter(unixNanos(900n));
      for (const credential of [main, bot]) await tx.raiseCredentialValidAfter(credential, unixNanos(950n));
    });
    for (const to of [700n, 800n]) {
      await store.transaction((tx) => tx.setEveryValidAfter(unixNanos(to)));
      for (const credential of [main, bot]) {
        const { facts } = await store.facts({ ...credential, kid: 'kid-1' });
        expect(facts.validAfter).toBe(to);
      }
    }
    await insertAccounts(store, bob);
    expect((await store.account(bob))?.validAfter).toBe(800n);
  });

  test('back revokes what was over by then and is not now, and what was made since and ends', async () => {
    await insertAccounts(store, alice, bob);
    // Set from 1,000 to 500.
    const [now, then] = [at(500n), at(1_000n)];
    let keys = 100n;
    const bots: readonly (readonly [string, Partial<NewSubkey>, 'active' | 'pending' | 'revoked'])[] = [
      ['over long ago', { expiresAt: now }, 'active'],
      ['over by then', { expiresAt: at(501n) }, 'revoked'],
      ['over at the last moment', { expiresAt: then }, 'revoked'],
      ['over later', { expiresAt: at(1_001n) }, 'active'],
      ['never over', {}, 'active'],
      ['made then, and ends', { createdAt: at(501n), expiresAt: at(2_000n) }, 'revoked'],
      ['made then, and never ends', { createdAt: at(501n) }, 'active'],
      ['pending', { state: 'pending' }, 'pending'],
      ['pending until then', { state: 'pending', pending: pendingUntil(7n, at(700n)) }, 'revoked'],
      ['pending since then', { state: 'pending', createdAt: at(501n) }, 'revoked'],
    ];
    for (const [name, more] of bots) {
      keys += 1n;
      await insertSubkey(store, subkeyOf(alice, { name, publicKey: feltOf(keys), ...more }));
    }
    await insertTokens(
      store,
      tokenOf(alice, 'over-long-ago', { expiryAt: now }),
      tokenOf(bob, 'over-by-then', { expiryAt: then }),
      tokenOf(bob, 'over-later', { expiryAt: at(1_001n) }),
      tokenOf(bob, 'made-then', { createdAt: at(501n), expiryAt: at(9_000n) }),
      tokenOf(bob, 'revoked', { createdAt: at(501n), revokedAt: at(600n) }),
    );
    const revoked = await store.transaction((tx) => tx.revokeUntimely(now, then));
    const states = database.sql('select name, state from subkey order by id').map(({ name, state }) => [name, state]);
    expect(states).toEqual(bots.map(([name, , state]) => [name, state]));
    expect(revoked.map(({ account, subkeys, tokens }) => [account, subkeys.length, tokens.length])).toEqual([
      [alice, 5, 0],
      [bob, 0, 2],
    ]);
    expect(revoked[1]?.tokens.map(({ tokenId }) => tokenId).sort()).toEqual(['tok_made-then', 'tok_over-by-then']);
    const tokens = database.sql('select token_id, revoked_at from token where revoked_at <> 0 order by token_id');
    expect(tokens).toEqual([
      { token_id: 'tok_made-then', revoked_at: now },
      { token_id: 'tok_over-by-then', revoked_at: now },
      { token_id: 'tok_revoked', revoked_at: at(600n) },
    ]);
  });

  test('marks a second of one credential until it cannot matter', async () => {
    const second = unixSeconds(secondsOf(T0) + 50);
    expect(await store.isDated(alice, 'main:main', second)).toBe(false);
    await store.transaction((tx) => tx.markDated(alice, 'main:main', second, at(DAY_NS)));
    await store.setTime();
    await store.close();
    await open();
    expect(await store.isDated(alice, 'main:main', second)).toBe(true);
    expect(await store.isDated(alice, 'main:main', unixSeconds(second - 1))).toBe(false);
    expect(await store.isDated(bob, 'main:main', second)).toBe(false);
    expect(await store.isDated(alice, 'subkey:1', second)).toBe(false);
    await store.purgeExpired(at(DAY_NS));
    expect(await store.isDated(alice, 'main:main', second)).toBe(true);
    await store.purgeExpired(at(DAY_NS + 1n));
    expect(await store.isDated(alice, 'main:main', second)).toBe(false);
  });

  test('a clock that is set says the time of the newest row, also of one that lies ahead', async () => {
    expect(await store.lastAuditTime()).toBe(NEVER);
    await store.appendAudit([auditOf(alice)]);
    wall = at(-500n * SECOND_NS);
    opened.clock.accept(opened.clock.machine(), monotonic);
    await store.appendAudit([auditOf(bob)]);
    expect(await store.lastAuditTime()).toBe(at(100n));
  });
});

const pendingUntil = (ephemeral: bigint, until: UnixNanos) => ({
  encryptedKey: 'ciphertext',
  ephPublicKey: feltOf(ephemeral),
  until,
});
