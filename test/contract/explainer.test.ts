// What is remembered of refusals, driven directly: a million of them, a store that fails, and a stop.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { CredentialRef } from '../../src/domain/credential.ts';
import { feltOf } from '../../src/domain/felt.ts';
import { unixNanos } from '../../src/domain/time.ts';
import { StoreFailure } from '../../src/errors.ts';
import { createExplainer, type ExplainerDeps } from '../../src/explain/explainer.ts';
import type { Store } from '../../src/store/store.ts';
import { type SqliteTestDatabase, sqliteDatabase } from '../support/store/databases.ts';
import { T0 } from '../support/store/rows.ts';

let database: SqliteTestDatabase;
beforeEach(() => {
  database = sqliteDatabase();
});
const ended: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0)) await end();
  database.remove();
});

const account = (n: number) => feltOf(0xacc000n + BigInt(n));
const credentialOf = (of: number, id: number): CredentialRef => ({
  account: account(of),
  kind: 'subkey',
  id: String(id),
});
const detail = () => ({ method: 'GET', code: 'X', status: 403, message: 'no', clientIp: '192.0.2.1', hops: [] });
const refusal = (requestId: string, credential = credentialOf(1, 1), reason = 'ip_not_allowed') => ({
  requestId,
  credential,
  route: 'GET /v1/balance',
  reason,
  detail,
});

async function setup(
  settings: Partial<ExplainerDeps['settings']> = {},
  overlay: (store: Store) => Partial<Store> = () => ({}),
) {
  let now = T0;
  const clock = { now: () => now };
  const { store } = await database.open({ wall: () => now, monotonic: () => 0 });
  const failures: unknown[] = [];
  const explainer = createExplainer({
    store: { ...store, ...overlay(store) },
    clock,
    settings: { rowsPerAccount: 500, rowsInAll: 200_000, keepSeconds: 7 * 86_400, ...settings },
    onFailure: (error) => failures.push(error),
  });
  ended.push(async () => {
    await explainer.close();
    await store.close();
  });
  const advance = (seconds: number): void => {
    now = unixNanos(now + BigInt(seconds) * 1_000_000_000n);
  };
  return { explainer, store, advance, failures };
}

const rows = (): readonly Record<string, unknown>[] =>
  database.sql('select account_id, credential, reason, others from explanation');
const countBy = (name: string): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>();
  for (const row of rows()) counts.set(String(row[name]), (counts.get(String(row[name])) ?? 0) + 1);
  return counts;
};

test('a million refusals leave every bound intact: of a reason, of an account, and in all', async () => {
  const { explainer, advance } = await setup({ rowsPerAccount: 50, rowsInAll: 1_000 });
  let made = 0;
  for (let minute = 0; minute < 4; minute += 1) {
    for (let i = 0; i < 250_000; i += 1) {
      made += 1;
      // One account of three sends two of three refusals, of one credential; the rest are of 40 accounts.
      const credential = i % 3 === 0 ? credentialOf(2 + (i % 40), i % 7) : credentialOf(1, 1);
      explainer.refused(refusal(`r${made}`, credential, i % 2 === 0 ? 'ip_not_allowed' : 'signed_out'));
    }
    expect(explainer.stats().waiting).toBeLessThanOrEqual(2_000);
    advance(61);
    await explainer.written();
    expect(rows().length).toBeLessThanOrEqual(1_000);
    expect(Math.max(...countBy('account_id').values())).toBeLessThanOrEqual(50);
  }
  expect(made).toBe(1_000_000);
  const ofFirst = rows().filter((row) => row.account_id === account(1));
  expect(ofFirst.length).toBeLessThanOrEqual(20);
  expect(ofFirst.every((row) => Number(row.others) > 10_000)).toBe(true);
  expect(countBy('account_id').size).toBeGreaterThan(15);
});

test('what waits is written once a second', async () => {
  vi.useFakeTimers({ toFake: ['setInterval'] });
  try {
    const { explainer } = await setup();
    explainer.refused(refusal('r-1'));
    vi.advanceTimersByTime(999);
    for (let turn = 0; turn < 20; turn += 1) await nextTurn();
    expect(rows()).toEqual([]);
    vi.advanceTimersByTime(1);
    for (let turn = 0; turn < 1_000 && rows().length === 0; turn += 1) await nextTurn();
    expect(rows()).toHaveLength(1);
  } finally {
    vi.useRealTimers();
  }
});

test('a refusal that waits to be written is told at once, to its own account alone', async () => {
  const { explainer } = await setup();
  explainer.refused(refusal('r1'));
  expect(await explainer.explanation(account(1), 'r1')).toMatchObject({ requestId: 'r1', credential: 'subkey:1' });
  expect(await explainer.explanation(account(2), 'r1')).toBeUndefined();
  await explainer.written();
  expect(explainer.stats()).toMatchObject({ waiting: 0, written: 1 });
  expect(await explainer.explanation(account(1), 'r1')).toMatchObject({ requestId: 'r1' });
  expect(await explainer.explanation(account(2), 'r1')).toBeUndefined();
});

test('the others of a minute are told while it goes on, after it, and after a stop', async () => {
  const { explainer, store, advance } = await setup();
  const others = async () => (await explainer.explanation(account(1), 'r1'))?.others;
  for (let i = 1; i <= 25; i += 1) explainer.refused(refusal(`r${i}`));
  expect(await others()).toBe(5);
  await explainer.written();
  expect(await others()).toBe(5);
  advance(60);
  // Another minute has twenty of its own.
  explainer.refused(refusal('late'));
  expect(await explainer.explanation(account(1), 'late')).toMatchObject({ others: 0 });
  expect(await others()).toBe(5);
  for (let i = 1; i <= 23; i += 1) explainer.refused(refusal(`late${i}`));
  await explainer.close();
  expect((await store.explanation(account(1), 'r1'))?.others).toBe(5);
  // Its minute is still going on.
  expect((await store.explanation(account(1), 'late'))?.others).toBe(4);
});

test('a refusal is told for as long as the setting says, purged or not', async () => {
  const { explainer, advance } = await setup({ keepSeconds: 86_400 });
  explainer.refused(refusal('r1'));
  await explainer.written();
  advance(86_400);
  expect(await explainer.explanation(account(1), 'r1')).toBeDefined();
  advance(1);
  expect(await explainer.explanation(account(1), 'r1')).toBeUndefined();
});

describe('while nothing can be written', () => {
  test('refusals wait up to a bound and are told, the others are counted, and all is written afterwards', async () => {
    let isBroken = true;
    const { explainer, failures } = await setup({}, ({ addExplanations }) => ({
      addExplanations: (piece, bounds) =>
        isBroken ? Promise.reject(new StoreFailure('full')) : addExplanations(piece, bounds),
    }));
    for (let i = 0; i < 3_000; i += 1) explainer.refused(refusal(`r${i}`, credentialOf(i % 20, i)));
    await explainer.written();
    expect(explainer.stats()).toMatchObject({ waiting: 2_000, written: 0, failing: true });
    expect(failures).toHaveLength(1);
    expect(await explainer.explanation(account(3), 'r3')).toBeDefined();
    isBroken = false;
    await explainer.written();
    expect(explainer.stats()).toMatchObject({ waiting: 0, written: 2_000, failing: false });
  });
});

test('unlike refusals of one account do not push out those of another', async () => {
  const { explainer } = await setup();
  for (let i = 0; i < 20_000; i += 1) explainer.refused(refusal(`a${i}`, credentialOf(1, i)));
  explainer.refused(refusal('b', credentialOf(2, 1)));
  expect(await explainer.explanation(account(2), 'b')).toBeDefined();
  expect(explainer.stats().dropped).toBe(19_500);
});

test('however many accounts are refused in unlike ways at once, one that is refused seldom is told of it', async () => {
  const { explainer } = await setup({}, () => ({ addExplanations: () => Promise.reject(new StoreFailure('full')) }));
  const flood = (name: string): void => {
    for (let i = 0; i < 60_000; i += 1) {
      explainer.refused(refusal(`${name}${i}`, credentialOf(10 + (i % 300), i % 40), `reason ${i % 37}`));
    }
    expect(explainer.stats()).toMatchObject({ waiting: 2_000, unlike: 10_000 });
  };
  const mine = ['a', 'b', 'c', 'd', 'e', 'f'];
  const refuse = (ids: readonly string[]): void => {
    for (const id of ids) explainer.refused(refusal(id, credentialOf(1, 1), `reason ${id}`));
  };
  refuse(mine.slice(0, 3));
  flood('first');
  refuse(mine.slice(3));
  flood('then');
  // Neither those of before the flood nor those amidst it were given up.
  for (const id of mine) expect(await explainer.explanation(account(1), id), id).toBeDefined();
});

test('of many accounts that fill all that is kept, none pushes out the rows of one that has few', async () => {
  const { explainer, advance } = await setup({ rowsPerAccount: 100, rowsInAll: 200 });
  for (let i = 0; i < 10; i += 1) explainer.refused(refusal(`mine${i}`, credentialOf(1, i)));
  await explainer.written();
  for (let round = 0; round < 20; round += 1) {
    advance(61);
    for (let i = 0; i < 300; i += 1) {
      explainer.refused(refusal(`flood${round}-${i}`, credentialOf(2 + (i % 6), i % 10), `reason ${i % 7}`));
    }
    await explainer.written();
    expect(rows().length).toBeLessThanOrEqual(200);
  }
  for (let i = 0; i < 10; i += 1) expect(await explainer.explanation(account(1), `mine${i}`)).toBeDefined();
  // The others share the rest nearly alike: who gives up rows is looked for now and then.
  const counts = [...countBy('account_id').values()];
  expect(counts).toHaveLength(7);
  expect(Math.max(...counts)).toBeLessThanOrEqual(38);
});

test('of two refusals of one request the first is told, and neither leaves anything behind in the bounds', async () => {
  const { explainer } = await setup();
  for (let i = 0; i < 300; i += 1) {
    const id = `r${i}`;
    const credential = credentialOf(1, i % 20);
    explainer.refused(refusal(id, credential, 'order_refused'));
    explainer.refused(refusal(id, credential, 'signed_out'));
    expect(await explainer.explanation(account(1), id)).toMatchObject({ reason: 'order_refused' });
    await explainer.written();
    explainer.refused(refusal(id, credential, 'account_locked'));
    await explainer.written();
    expect(await explainer.explanation(account(1), id)).toMatchObject({ reason: 'order_refused' });
  }
  expect(explainer.stats()).toMatchObject({ waiting: 0, dropped: 0 });
});

describe('who floods with a stolen credential, refused on every path and for every reason,', () => {
  const flood = (explainer: Awaited<ReturnType<typeof setup>>['explainer'], from: number, count: number): void => {
    for (let i = from; i < from + count; i += 1) {
      const { requestId, credential, ...more } = refusal(`flood${i}`, credentialOf(1, 1), `reason ${i % 7}`);
      explainer.refused({ requestId, credential, ...more, route: `GET /${i % 150}` });
    }
  };

  test('hides none of the refusals of the other credentials of its account, of that moment', async () => {
    const { explainer } = await setup();
    flood(explainer, 0, 5_000);
    for (let i = 0; i < 90; i += 1) explainer.refused(refusal(`mine${i}`, credentialOf(1, 2 + i), `reason ${i % 7}`));
    for (let i = 0; i < 90; i += 1) expect(await explainer.explanation(account(1), `mine${i}`)).toBeDefined();
  });

  test('pushes out none that were told before', async () => {
    const { explainer, advance } = await setup();
    for (let i = 0; i < 60; i += 1) explainer.refused(refusal(`mine${i}`, credentialOf(1, 2 + i)));
    await explainer.written();
    for (let minute = 0; minute < 10; minute += 1) {
      flood(explainer, minute * 1_000, 1_000);
      await explainer.written();
      advance(61);
    }
    await explainer.written();
    for (let i = 0; i < 60; i += 1) expect(await explainer.explanation(account(1), `mine${i}`)).toBeDefined();
    expect(rows().filter(({ credential }) => credential === 'subkey:1').length).toBeLessThanOrEqual(250);
  });
});

test('a clock that cannot be read fails no request', async () => {
  const { store } = await setup();
  const explainer = createExplainer({
    store,
    clock: {
      now: () => {
        throw new Error('no clock');
      },
    },
    settings: { rowsPerAccount: 5, rowsInAll: 5, keepSeconds: 5 },
    onFailure: () => undefined,
  });
  expect(() => explainer.refused(refusal('r1'))).not.toThrow();
  expect(explainer.stats().dropped).toBe(1);
});
