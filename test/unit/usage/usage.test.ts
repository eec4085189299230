// Counting, writing and telling the use of credentials, over a store of its own.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { CredentialRef } from '../../../src/domain/credential.ts';
import { feltOf } from '../../../src/domain/felt.ts';
import { NEVER, type UnixNanos, unixNanos } from '../../../src/domain/time.ts';
import { addDays, dayOf, dayText, startOf, type Used, type UseOutcome } from '../../../src/domain/use.ts';
import { StoreFailure } from '../../../src/errors.ts';
import type { Store } from '../../../src/store/store.ts';
import { createUsage, type Usage } from '../../../src/usage/usage.ts';
import { type SqliteTestDatabase, sqliteDatabase } from '../../support/store/databases.ts';
import { alice, bob, deviceOf, insertAccounts, T0 } from '../../support/store/rows.ts';

let database: SqliteTestDatabase;
let store: Store;
let now: UnixNanos;
let usage: Usage;
let failures: unknown[];
beforeEach(async () => {
  database = sqliteDatabase();
  ({ store } = await database.open());
  now = T0;
  failures = [];
  usage = usageOf();
});
afterEach(async () => {
  vi.useRealTimers();
  await usage.close();
  await store.close();
  database.remove();
});

const usageOf = (more: Partial<Parameters<typeof createUsage>[0]> = {}): Usage =>
  createUsage({
    store,
    time: () => now,
    keepDays: 90,
    room: 1_000,
    onFailure: (error) => failures.push(error),
    ...more,
  });

const subkey = (id: number, account = alice): CredentialRef => ({ account, kind: 'subkey', id: String(id) });
const bearerOf = (credential: CredentialRef): Used => ({ credential, use: { current: undefined } });
const page = { limit: 100, cursor: undefined };
const everything = { credential: undefined, from: undefined, to: undefined };
const today = (): string => dayText(dayOf(now));

async function told(account = alice): Promise<readonly string[]> {
  const { rows } = await usage.usage(account, everything, page);
  return rows.map((r) => `${dayText(r.day)} ${r.credential} ${r.allowed} ${r.refused} ${r.limited} ${r.failed}`);
}

const stored = (): string[] =>
  database
    .sql('select * from usage_day order by day, account_id, credential')
    .map((r) => `${r.credential} ${r.allowed} ${r.refused} ${r.limited} ${r.failed}`);

/** Fails `times` writes, as a full disk does. */
function fullDisk(times: number): Pick<Store, 'addUsage'> & Store {
  let left = times;
  return {
    ...store,
    addUsage: async (uses) => {
      left -= 1;
      if (left >= 0) throw new StoreFailure('the disk is full');
      return store.addUsage(uses);
    },
  };
}

test('each outcome is counted by its name, and last use is the last request that was allowed', async () => {
  const bearer = bearerOf(subkey(1));
  usage.count(bearer, 'allowed', '192.0.2.1');
  usage.count(bearer, 'allowed', '192.0.2.2');
  const last = now;
  now = unixNanos(now + 5n);
  for (const outcome of ['refused', 'limited', 'failed'] as const) usage.count(bearer, outcome, '192.0.2.3');
  expect(await told()).toEqual([`${today()} subkey:1 2 1 1 1`]);
  expect(await usage.lastUses(alice, [subkey(2), subkey(1)])).toEqual([
    { lastAt: NEVER, lastIp: '' },
    { lastAt: last, lastIp: '192.0.2.2' },
  ]);
  const { rows } = await usage.addresses(alice, 'subkey:1', page);
  expect(rows.map(({ address, allowed, refused }) => `${address} ${allowed} ${refused}`)).toEqual([
    '192.0.2.3 0 1',
    '192.0.2.1 1 0',
    '192.0.2.2 1 0',
  ]);
});

test('what is told is the same before a write, after it, and with more counted since', async () => {
  const bearer = bearerOf(subkey(1));
  usage.count(bearer, 'allowed', '192.0.2.1');
  const before = [await told(), (await usage.addresses(alice, 'subkey:1', page)).rows];
  await usage.write();
  expect([await told(), (await usage.addresses(alice, 'subkey:1', page)).rows]).toEqual(before);
  expect(stored()).toEqual(['subkey:1 1 0 0 0']);
  usage.count(bearer, 'refused', '192.0.2.1');
  expect(await told()).toEqual([`${today()} subkey:1 1 1 0 0`]);
  const [address] = (await usage.addresses(alice, 'subkey:1', page)).rows;
  expect(address).toMatchObject({ allowed: 1, refused: 1, firstAt: T0 });
});

test('a reader at any moment of a write is told neither less nor more than was asked', async () => {
  for (let id = 0; id < 450; id += 1) usage.count(bearerOf(subkey(id)), 'allowed', '192.0.2.1');
  const writing = usage.write();
  let isWriting = true;
  void writing.then(() => {
    isWriting = false;
  });
  const sums = new Set<number>();
  while (isWriting) {
    const { rows } = await usage.usage(alice, everything, { limit: 500, cursor: undefined });
    sums.add(rows.reduce((sum, { allowed }) => sum + allowed, 0));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await writing;
  expect([...sums]).toEqual([450]);
});

test('two bearers of a credential, and a login without one, are counted together', async () => {
  usage.count(bearerOf(subkey(1)), 'allowed', '');
  usage.count(bearerOf(subkey(1)), 'allowed', '');
  usage.count({ credential: subkey(1) }, 'refused', '');
  await usage.write();
  expect(stored()).toEqual(['subkey:1 2 1 0 0']);
});

test('a request is counted on the UTC day it ended on, however much later it is written', async () => {
  const bearer = bearerOf(subkey(1));
  const midnight = startOf(addDays(dayOf(T0), 1));
  now = unixNanos(midnight - 1n);
  usage.count(bearer, 'allowed', '192.0.2.1');
  now = midnight;
  usage.count(bearer, 'refused', '192.0.2.1');
  now = unixNanos(midnight + 60_000_000_000n);
  await usage.write();
  expect(await told()).toEqual([
    `${dayText(dayOf(midnight))} subkey:1 0 1 0 0`,
    `${dayText(dayOf(T0))} subkey:1 1 0 0 0`,
  ]);
});

test('after the clock is set back, requests are counted on the day that it says then', async () => {
  const bearer = bearerOf(subkey(1));
  usage.count(bearer, 'allowed', '192.0.2.1');
  now = startOf(addDays(dayOf(T0), -3));
  usage.count(bearer, 'allowed', '192.0.2.2');
  await usage.write();
  expect(database.sql('select day from usage_day order by day').map(({ day }) => Number(day))).toEqual([
    dayOf(now),
    dayOf(T0),
  ]);
  // Rows of days that have not come yet are deleted by the next purge, so that they mix with no real count.
  await usage.purge();
  expect(await told()).toEqual([`${today()} subkey:1 1 0 0 0`]);
});

test('what was counted is written within half a minute', async () => {
  vi.useFakeTimers({ toFake: ['setInterval'] });
  const timed = usageOf();
  timed.count(bearerOf(subkey(1)), 'allowed', '192.0.2.1');
  vi.advanceTimersByTime(29_999);
  expect(stored()).toEqual([]);
  vi.advanceTimersByTime(1);
  // Not by its end, which writes as well.
  for (let turn = 0; turn < 1_000 && stored().length === 0; turn += 1) await nextTurn();
  expect(stored()).toEqual(['subkey:1 1 0 0 0']);
  await timed.close();
});

test('a failed write is kept with what is counted meanwhile, and written once when the disk has room again', async () => {
  const failing = usageOf({ store: fullDisk(2) });
  const bearer = bearerOf(subkey(1));
  for (const outcome of ['allowed', 'refused'] as UseOutcome[]) {
    failing.count(bearer, outcome, '192.0.2.1');
    await failing.write();
    expect(failing.stats()).toMatchObject({ failing: true, waiting: 1 });
  }
  failing.count(bearer, 'allowed', '192.0.2.2');
  expect(stored()).toEqual([]);
  await failing.close();
  expect(stored()).toEqual(['subkey:1 2 1 0 0']);
  expect(database.sql('select address, allowed, refused from used_address order by address')).toEqual([
    { address: '192.0.2.1', allowed: 1n, refused: 1n },
    { address: '192.0.2.2', allowed: 1n, refused: 0n },
  ]);
  expect(failures).toHaveLength(2);
  expect(failing.stats()).toEqual({ waiting: 0, room: 1_000, failures: 2, dropped: 0, failing: false });
});

test('a write that fails in the middle leaves each request stored once', async () => {
  let writes = 0;
  const addUsage: Store['addUsage'] = async (uses) => {
    writes += 1;
    if (writes === 3) throw new StoreFailure('the disk is full');
    return store.addUsage(uses);
  };
  const failing = usageOf({ store: { ...store, addUsage } });
  for (let id = 0; id < 450; id += 1) failing.count(bearerOf(subkey(id)), 'allowed', '192.0.2.1');
  await failing.write();
  expect(stored()).toHaveLength(120);
  expect(failing.stats().waiting).toBe(330);
  await failing.close();
  expect(stored()).toHaveLength(450);
  expect(new Set(stored().map((row) => row.slice(-8)))).toEqual(new Set([' 1 0 0 0']));
});

test('credentials are written at most a hundred at a time, and the event loop turns in between', async () => {
  const sizes: number[] = [];
  let turns = 0;
  const turnsBefore: number[] = [];
  const counting = usageOf({
    store: {
      ...store,
      addUsage: async (uses) => {
        sizes.push(uses.length);
        turnsBefore.push(turns);
        turns = 0;
      },
    },
  });
  for (let id = 0; id < 250; id += 1) counting.count(bearerOf(subkey(id)), 'allowed', '');
  const writing = counting.write();
  let isWriting = true;
  void writing.then(() => {
    isWriting = false;
  });
  const turn = (): void => {
    turns += 1;
    if (isWriting) setImmediate(turn);
  };
  setImmediate(turn);
  await writing;
  expect(sizes).toEqual([20, 100, 100, 30]);
  expect(Math.min(...turnsBefore.slice(1))).toBeGreaterThan(0);
  await counting.close();
});

test('of credentials with many addresses fewer are written at a time: a transaction has 149 addresses at most', async () => {
  const sizes: number[] = [];
  const counting = usageOf({
    store: {
      ...store,
      addUsage: async (uses) => void sizes.push(uses.reduce((all, { addresses }) => all + addresses.length, 0)),
    },
  });
  for (let id = 0; id < 10; id += 1) {
    for (let i = 0; i < 49 + (id % 2); i += 1) counting.count(bearerOf(subkey(id)), 'allowed', `192.0.2.${i}`);
  }
  await counting.close();
  expect(sizes).toEqual([49, 149, 148, 149]);
});

test('credentials are written in the order in which the store keeps them, so that each page of it is written once', async () => {
  const written: string[] = [];
  const sorting = usageOf({
    store: {
      ...store,
      addUsage: async (uses) => void written.push(...uses.map((u) => `${u.account} ${u.credential}`)),
    },
  });
  for (let i = 0; i < 300; i += 1) {
    const account = feltOf((BigInt(i) * 7_919n ** 18n) % 2n ** 250n);
    for (const id of [2, 1]) sorting.count(bearerOf(subkey(id, account)), 'allowed', '');
  }
  await sorting.close();
  expect(written).toHaveLength(600);
  expect(written).toEqual(written.toSorted());
});

test('as many credentials, addresses and days as there are come into the store, however the statements are cut', async () => {
  let more = 0;
  for (const many of [1, 15, 16, 17, 99]) {
    for (let id = 0; id < many; id += 1) {
      usage.count(bearerOf(subkey(id)), 'allowed', '192.0.2.1');
      usage.count(bearerOf(subkey(id)), 'refused', '192.0.2.2');
    }
    await usage.write();
    more += many;
    const [days] = database.sql('select sum(allowed) as n, sum(refused) as m, count(*) as rows from usage_day');
    expect(days).toEqual({ n: BigInt(more), m: BigInt(more), rows: BigInt(many) });
    const [addresses] = database.sql('select sum(allowed + refused) as n, count(*) as rows from used_address');
    expect(addresses).toEqual({ n: BigInt(2 * more), rows: BigInt(2 * many) });
    expect(database.sql('select count(*) as rows from last_use')).toEqual([{ rows: BigInt(many) }]);
  }
});

test('of a credential that comes from sixty addresses fifty wait to be written', () => {
  const bearer = bearerOf(subkey(1));
  for (let i = 0; i < 60; i += 1) usage.count(bearer, 'allowed', `192.0.2.${i}`);
  expect(usage.stats().waiting).toBe(50);
});

test('what is counted while a write is failing is added to what is kept', async () => {
  let isFull = true;
  const failing = usageOf({
    store: {
      ...store,
      addUsage: async (uses) => {
        if (!isFull) return store.addUsage(uses);
        isFull = false;
        for (const outcome of ['refused', 'allowed'] as const) failing.count(bearer, outcome, '192.0.2.1');
        throw new StoreFailure('the disk is full');
      },
    },
  });
  const bearer = bearerOf(subkey(1));
  for (const outcome of ['allowed', 'allowed', 'refused', 'limited', 'failed'] as const) {
    failing.count(bearer, outcome, '192.0.2.1');
  }
  await failing.write();
  expect(stored()).toEqual([]);
  await failing.close();
  expect(stored()).toEqual(['subkey:1 3 2 1 1']);
  expect(database.sql('select allowed, refused from used_address')).toEqual([{ allowed: 3n, refused: 2n }]);
});

test('the addresses of one credential are not told of another, before they are written and after', async () => {
  usage.count(bearerOf(subkey(1)), 'allowed', '192.0.2.1');
  usage.count(bearerOf(subkey(2)), 'allowed', '192.0.2.2');
  for (const write of [() => undefined, usage.write]) {
    await write();
    const { rows } = await usage.addresses(alice, 'subkey:1', page);
    expect(rows.map(({ address }) => address)).toEqual(['192.0.2.1']);
  }
});

test('a write between the reading of the rows and the answer hides nothing', async () => {
  let isFirst = true;
  const interrupted = usageOf({
    store: {
      ...store,
      usage: async (...question) => {
        const rows = await store.usage(...question);
        if (isFirst) {
          isFirst = false;
          await interrupted.write();
        }
        return rows;
      },
    },
  });
  interrupted.count(bearerOf(subkey(1)), 'allowed', '192.0.2.1');
  expect((await interrupted.usage(alice, everything, page)).rows).toMatchObject([{ allowed: 1 }]);
  await interrupted.close();
});

test('without room the requests of further credentials are not counted, which is counted, and those known go on', async () => {
  const small = usageOf({ store: fullDisk(1_000_000), room: 1_000 });
  const known = bearerOf(subkey(0));
  for (let id = 0; id < 200_000; id += 1) {
    small.count(id === 0 ? known : bearerOf(subkey(id)), 'allowed', `198.51.${id % 256}.1`);
  }
  await small.write();
  expect(small.stats()).toMatchObject({ waiting: 1_000, dropped: 199_000 });
  small.count(known, 'allowed', '198.51.0.1');
  for (let i = 0; i < 100; i += 1) small.count(known, 'allowed', `203.0.113.${i}`);
  expect(small.stats()).toMatchObject({ waiting: 1_000, dropped: 199_000 });
  expect(await small.usage(alice, { ...everything, credential: 'subkey:0' }, page)).toMatchObject({
    rows: [{ allowed: 102 }],
  });
  await small.close();
});

test('two hundred thousand credentials within half a minute are all written, since a half-full memory is written early', async () => {
  const early = usageOf({ room: 20_000 });
  let written = 0;
  for (let id = 0; id < 200_000; id += 1) {
    early.count(bearerOf(subkey(id)), 'allowed', '');
    if (id % 5_000 === 0) {
      // What comes in one turn of the event loop is bounded; what comes in half a minute is not.
      while (early.stats().waiting > 10_000) await new Promise((resolve) => setImmediate(resolve));
      written = Math.max(written, early.stats().waiting);
    }
  }
  await early.close();
  expect(written).toBeLessThanOrEqual(20_000);
  expect(early.stats()).toMatchObject({ waiting: 0, dropped: 0 });
  expect(database.sql('select count(*) as n from usage_day')).toEqual([{ n: 200_000n }]);
}, 120_000);

test('of the addresses of a credential the newest fifty are kept, in memory and stored', async () => {
  const bearer = bearerOf(subkey(1));
  for (const round of [0, 1]) {
    for (let i = 0; i < 60; i += 1) {
      now = unixNanos(now + 1n);
      usage.count(bearer, 'allowed', `192.0.${round}.${i}`);
    }
    const { rows } = await usage.addresses(alice, 'subkey:1', page);
    expect(rows).toHaveLength(50);
    expect(rows[0]?.address).toBe(`192.0.${round}.59`);
    expect(rows.at(-1)?.address).toBe(`192.0.${round}.10`);
    await usage.write();
    expect(database.sql('select count(*) as n from used_address')).toEqual([{ n: 50n }]);
  }
  expect(stored()).toEqual(['subkey:1 120 0 0 0']);
  now = unixNanos(now + 1n);
  usage.count(bearer, 'allowed', '198.51.100.1');
  await usage.write();
  expect(database.sql('select count(*) as n from used_address')).toEqual([{ n: 50n }]);
});

test('pages of usage and of addresses together are the whole list, each row once', async () => {
  for (const days of [0, 1, 2]) {
    now = unixNanos(T0 + BigInt(days) * 86_400_000_000_000n);
    for (let id = 0; id < 7; id += 1) usage.count(bearerOf(subkey(id)), 'allowed', `192.0.2.${days}`);
    if (days < 2) await usage.write();
  }
  const whole = await usage.usage(alice, everything, page);
  expect(whole.rows).toHaveLength(21);
  const pieces = [];
  let cursor: string | undefined;
  do {
    const { rows, next } = await usage.usage(alice, everything, { limit: 4, cursor });
    pieces.push(...rows);
    cursor = next;
  } while (cursor !== undefined);
  expect(pieces).toEqual(whole.rows);
  const addresses = [];
  do {
    const { rows, next } = await usage.addresses(alice, 'subkey:3', { limit: 1, cursor });
    addresses.push(...rows.map(({ address }) => address));
    cursor = next;
  } while (cursor !== undefined);
  expect(addresses).toEqual(['192.0.2.2', '192.0.2.1', '192.0.2.0']);
});

test('who used an address is found while that is being written', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const slow = usageOf({ store: { ...store, addUsage: (uses) => promise.then(() => store.addUsage(uses)) } });
  for (let id = 0; id < 50; id += 1) slow.count(bearerOf(subkey(id)), 'allowed', '192.0.2.7');
  const writing = slow.write();
  for (let turn = 0; turn < 3; turn += 1) await new Promise(setImmediate);
  expect((await slow.usedFrom('192.0.2.7', page)).rows).toHaveLength(50);
  resolve();
  expect((await slow.usedFrom('192.0.2.7', page)).rows).toHaveLength(50);
  await writing;
  expect((await slow.usedFrom('192.0.2.7', page)).rows).toHaveLength(50);
  await slow.close();
});

test('pages of addresses that are in use end, and leave none out; those used meanwhile come again behind the others', async () => {
  const use = (i: number): void => {
    now = unixNanos(now + 1n);
    usage.count(bearerOf(subkey(1)), 'allowed', `192.0.2.${i}`);
  };
  for (let seed = 1; seed <= 40; seed += 1) {
    for (let i = 10; i < 22; i += 1) use(i);
    const limit = 1 + (seed % 5);
    const found: string[] = [];
    let cursor: string | undefined;
    let pages = 0;
    do {
      const { rows, next } = await usage.addresses(alice, 'subkey:1', { limit, cursor });
      found.push(...rows.map(({ address }) => address));
      cursor = next;
      pages += 1;
      // Any of them, each time another: mostly one that was not told yet.
      for (let n = 0; n < seed % 3; n += 1) use(10 + ((seed * 7 + pages * 5 + n * 3) % 12));
      if (pages % 2 === 0) await usage.write();
    } while (cursor !== undefined && pages < 60);
    expect(cursor, `seed ${seed}`).toBeUndefined();
    expect(new Set(found).size, `seed ${seed}`).toBe(12);
    expect(found.length).toBeLessThanOrEqual(24);
  }
});

test('who used an address is found among thousands of rows, written or not, page by page, each once; not what is too old', async () => {
  usage = usageOf({ keepDays: 2, room: 20_000 });
  for (let id = 0; id < 2_500; id += 1) usage.count(bearerOf(subkey(id)), 'allowed', `192.0.2.${id % 250}`);
  await usage.write();
  usage.count(bearerOf(subkey(7)), 'refused', '198.51.100.7');
  usage.count(bearerOf(subkey(7, bob)), 'allowed', '192.0.2.7');
  usage.count(bearerOf(subkey(7)), 'allowed', '192.0.2.7');
  const named = async (address: string, limit: number) => {
    const found = [];
    let cursor: string | undefined;
    do {
      const { rows, next } = await usage.usedFrom(address, { limit, cursor });
      found.push(...rows.map(({ account, credential }) => `${account} ${credential}`));
      cursor = next;
    } while (cursor !== undefined);
    return found;
  };
  const expected = [
    ...Array.from({ length: 10 }, (_, i) => `${alice} subkey:${7 + 250 * i}`),
    `${bob} subkey:7`,
  ].toSorted();
  for (const limit of [1, 4, 10, 11, 100]) expect(await named('192.0.2.7', limit)).toEqual(expected);
  expect(await named('198.51.100.7', 100)).toEqual([`${alice} subkey:7`]);
  await usage.write();
  expect(await named('192.0.2.7', 4)).toEqual(expected);
  now = unixNanos(now + 2n * 86_400_000_000_000n);
  expect(await named('192.0.2.7', 4)).toEqual([]);
  expect((await usageOf({ keepDays: 0 }).usedFrom('192.0.2.7', page)).rows).toEqual([]);
});

test('the days asked for are inclusive, thirty without any, and one credential may be asked for', async () => {
  for (let back = 40; back >= 0; back -= 1) {
    now = unixNanos(T0 - BigInt(back) * 86_400_000_000_000n);
    usage.count(bearerOf(subkey(1)), 'allowed', '');
    usage.count(bearerOf(subkey(2)), 'allowed', '');
    // The days asked for are in the store, and wait to be written, on both sides of their ends.
    if (back === 37) await usage.write();
  }
  const day = dayOf(T0);
  expect(await told()).toHaveLength(60);
  const some = await usage.usage(
    alice,
    { credential: 'subkey:2', from: addDays(day, -39), to: addDays(day, -35) },
    page,
  );
  expect(some.rows.map((row) => [row.credential, row.day - day])).toEqual(
    [-35, -36, -37, -38, -39].map((back) => ['subkey:2', back]),
  );
});

test('nobody is told of another account', async () => {
  usage.count(bearerOf(subkey(1, bob)), 'allowed', '192.0.2.1');
  for (const write of [() => undefined, usage.write]) {
    await write();
    expect(await told()).toEqual([]);
    expect((await usage.addresses(alice, 'subkey:1', page)).rows).toEqual([]);
    expect((await usage.lastUse(subkey(1))).lastAt).toBe(NEVER);
  }
  expect(await told(bob)).toHaveLength(1);
});

test('the purge deletes days and addresses older than usage.keep_days, in pieces, and leaves the last use', async () => {
  usage = usageOf({ keepDays: 2 });
  for (let id = 0; id < 1_200; id += 1) usage.count(bearerOf(subkey(id)), 'allowed', '192.0.2.1');
  await usage.write();
  now = unixNanos(now + 2n * 86_400_000_000_000n);
  usage.count(bearerOf(subkey(7)), 'allowed', '192.0.2.2');
  await usage.write();
  await usage.purge();
  expect(stored()).toEqual(['subkey:7 1 0 0 0']);
  expect(database.sql('select address from used_address')).toEqual([{ address: '192.0.2.2' }]);
  expect((await usage.lastUse(subkey(8))).lastAt).toBe(T0);
});

test('what is older than usage.keep_days is told to nobody, also before it is purged', async () => {
  usage = usageOf({ keepDays: 2 });
  const ask = async () => [
    (await usage.usage(alice, { ...everything, from: addDays(dayOf(now), -9) }, page)).rows.length,
    (await usage.addresses(alice, 'subkey:1', page)).rows.length,
  ];
  usage.count(bearerOf(subkey(1)), 'allowed', '192.0.2.1');
  await usage.write();
  now = unixNanos(startOf(addDays(dayOf(T0), 2)) - 1n);
  expect(await ask()).toEqual([1, 1]);
  now = unixNanos(now + 1n);
  expect(await ask()).toEqual([0, 0]);
  expect(stored()).toHaveLength(1);
});

test('the purge deletes what was counted while a clock was far ahead, and leaves the day after today', async () => {
  for (const ahead of [0n, 1n, 2n, 30n]) {
    now = unixNanos(T0 + ahead * 86_400_000_000_000n);
    usage.count(bearerOf(subkey(Number(ahead) + 1)), 'allowed', '192.0.2.1');
  }
  await usage.write();
  now = T0;
  await usage.purge();
  expect(stored()).toEqual(['subkey:1 1 0 0 0', 'subkey:2 1 0 0 0']);
});

test('with usage.keep_days = 0 nothing is counted or told, and what was kept is deleted, the last use too', async () => {
  usage.count(bearerOf(subkey(1)), 'allowed', '192.0.2.1');
  await usage.write();
  const none = usageOf({ keepDays: 0 });
  none.count(bearerOf(subkey(1)), 'allowed', '192.0.2.1');
  expect(none.stats().waiting).toBe(0);
  expect((await none.usage(alice, everything, page)).rows).toEqual([]);
  expect((await none.addresses(alice, 'subkey:1', page)).rows).toEqual([]);
  expect(await none.lastUse(subkey(1))).toEqual({ lastAt: NEVER, lastIp: '' });
  await insertAccounts(store, alice);
  await store.transaction((tx) => tx.insertDevice(deviceOf(alice, '1', { lastUsedAt: T0, lastUsedIp: '192.0.2.1' })));
  await none.purge();
  const again = vi.spyOn(store, 'forgetDeviceUse');
  await none.purge();
  expect(again).not.toHaveBeenCalled();
  expect(await store.device('dev_1')).toMatchObject({ lastUsedAt: NEVER, lastUsedIp: '' });
  await none.close();
  for (const table of ['usage_day', 'used_address', 'last_use'])
    expect(database.sql(`select * from ${table}`)).toEqual([]);
});
