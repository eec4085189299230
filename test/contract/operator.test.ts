// What the operator's side asks of the store, on every database.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { feltOf } from '../../src/domain/felt.ts';
import { type KeptClock, type UnixNanos, unixNanos } from '../../src/domain/time.ts';
import { PASSED_AT_ONCE } from '../../src/store/sql/audit.ts';
import type { AuditFilter, Store } from '../../src/store/store.ts';
import { databases, type TestDatabase } from '../support/store/databases.ts';
import { alice, auditOf, bob, insertAccounts, insertTokens, tokenOf } from '../support/store/rows.ts';

describe.each(databases)('the operator’s store on $name', ({ create }) => {
  let database: TestDatabase;
  let store: Store;
  let clock: KeptClock;
  let wall: bigint;

  beforeEach(async () => {
    database = create();
    wall = 1_800_000_000_000_000_000n;
    ({ store, clock } = await database.open({ wall: () => wall, monotonic: () => 0 }));
  });
  afterEach(async () => {
    await store.close();
    database.remove();
  });

  async function note(...accounts: (typeof alice)[]): Promise<UnixNanos> {
    wall += 1n;
    await store.appendAudit(accounts.map((account) => auditOf(account)));
    return unixNanos(wall);
  }

  async function idsOf(filter: Partial<AuditFilter>, cursor?: string): Promise<number[]> {
    const everything = { account: undefined, from: undefined, to: unixNanos(wall + 1n) };
    const { rows } = await store.audit({ ...everything, ...filter }, { limit: 100, cursor });
    return rows.map(({ id }) => Number(id));
  }

  test('a span of the audit log has its first nanosecond and not its last, for all and for one account', async () => {
    const [first, second, third] = [await note(alice), await note(bob, alice), await note(alice)];
    expect(await idsOf({})).toEqual([1, 2, 3, 4]);
    expect(await idsOf({ from: second, to: third })).toEqual([2, 3]);
    expect(await idsOf({ from: first, to: second })).toEqual([1]);
    expect(await idsOf({ account: alice, from: second, to: third })).toEqual([3]);
    expect(await idsOf({ account: bob })).toEqual([2]);
    expect(await idsOf({ from: third, to: third })).toEqual([]);
  });

  test.each([undefined, alice])(
    'pages of the audit log have every row once, those of one nanosecond too (account %s)',
    async (account) => {
      await note(alice, alice, alice);
      await note(alice);
      const seen: number[] = [];
      let cursor: string | undefined;
      for (let page = 0; page < 4; page += 1) {
        const read = await store.audit({ account, from: undefined, to: unixNanos(wall + 1n) }, { limit: 1, cursor });
        seen.push(...read.rows.map(({ id }) => Number(id)));
        cursor = read.next;
      }
      expect({ seen, cursor }).toEqual({ seen: [1, 2, 3, 4], cursor: undefined });
    },
  );

  test.each([undefined, alice])(
    'whoever goes on from a row that lies ahead has all that was written since the clock was set back (account %s)',
    async (account) => {
      const [before, ahead] = [await note(alice), await note(alice)];
      wall -= 1_000_000_000n;
      clock.accept(unixNanos(wall), clock.monotonic());
      const [back] = [await note(alice), await note(alice)];
      const all = { account, to: unixNanos(ahead + 1n) };
      expect(await idsOf(all)).toEqual([1, 2, 3, 4]);
      expect(await idsOf(all, `${before}.1`)).toEqual([2, 3, 4]);
      expect(await idsOf(all, `${ahead}.2`)).toEqual([3, 4]);
      expect(await idsOf(all, `${back}.3`)).toEqual([4]);
      expect(await idsOf({ ...all, from: before }, `${before}.1`)).toEqual([2]);
    },
  );

  test.each([undefined, alice])(
    'a cursor of a log that a restore has replaced goes on by its time: ids are given once more (account %s)',
    async (account) => {
      const [, second] = [await note(alice), await note(alice), await note(alice)];
      for (const cursor of [`${second}.900`, `${second}.1`, `${second}.3`]) {
        expect(await idsOf({ account }, cursor)).toEqual([3]);
        expect(await idsOf({ account, from: unixNanos(wall + 1n), to: unixNanos(wall + 2n) }, cursor)).toEqual([]);
      }
    },
  );

  test('a span behind more rows than are passed over at once is found', async () => {
    await note(...Array.from({ length: Number(PASSED_AT_ONCE) + 1 }, () => alice));
    const later = await note(alice, bob);
    expect(await idsOf({ from: later })).toEqual([10_002, 10_003]);
  });

  test('the last expiry is that of a token which is not revoked, or 0', async () => {
    const latest = () => store.transaction((tx) => tx.latestTokenExpiry());
    expect(await latest()).toBe(0n);
    await insertAccounts(store, alice, bob);
    await insertTokens(
      store,
      tokenOf(alice, '1', { expiryAt: unixNanos(10n) }),
      tokenOf(bob, '2', { expiryAt: unixNanos(30n) }),
      tokenOf(alice, '3', { expiryAt: unixNanos(20n) }),
    );
    expect(await latest()).toBe(30n);
    await store.transaction((tx) => tx.revokeToken(bob, 'tok_2', unixNanos(5n)));
    expect(await latest()).toBe(20n);
  });

  test('a key that only verifies comes back with the end of its time, and no other has one', async () => {
    const key = {
      kid: 'kid',
      use: 'session',
      publicJwk: '{}',
      sealedPrivateKey: 's',
      createdAt: unixNanos(1n),
    } as const;
    await store.insertSigningKey({ ...key, state: 'active' });
    await store.transaction((tx) => tx.stopSigningKey('kid', unixNanos(9n)));
    expect(await store.signingKeys()).toEqual([{ ...key, state: 'verifying', verifyUntil: 9n }]);
    await store.transaction((tx) => tx.retireSigningKey('kid', unixNanos(9n)));
    expect(await store.signingKeys()).toEqual([{ ...key, state: 'retired' }]);
  });

  test('accounts come in the order of their ids, and a cursor beyond the last is an empty page', async () => {
    await insertAccounts(store, bob, alice);
    const page = await store.accounts({ limit: 1, cursor: undefined });
    const rest = await store.accounts({ limit: 1, cursor: page.next });
    const ids = [...page.rows, ...rest.rows].map(({ account }) => account);
    expect(ids).toEqual([alice, bob].sort());
    expect(rest.next).toBeUndefined();
    expect(await store.accounts({ limit: 1, cursor: feltOf(0xfn * 2n ** 240n) })).toEqual({
      rows: [],
      next: undefined,
    });
  });
});
