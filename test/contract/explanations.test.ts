// What is kept of refusals, and of the audit log for owners: bounds that hold at every moment, and pages that never look at too much.
import { afterEach, describe, expect, test } from 'vitest';
import { credentialSubject } from '../../src/domain/credential.ts';
import type { Store } from '../../src/store/store.ts';
import { databases, type TestDatabase } from '../support/store/databases.ts';
import {
  alice,
  at,
  auditOf,
  bob,
  deviceOf,
  explanationOf,
  insertAccounts,
  insertSubkey,
  insertTokens,
  keyOne,
  keyTwo,
  subkeyOf,
  T0,
  tokenOf,
} from '../support/store/rows.ts';

const time = { wall: () => T0, monotonic: () => 0 };
const bounds = { perAccount: 10, perCredential: 7, perReason: 4, inAll: 25 };
const everything = { from: undefined, to: undefined };

const opened: TestDatabase[] = [];
const stores: Store[] = [];
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  for (const database of opened.splice(0)) database.remove();
});

describe.each(databases)('$name', ({ create }) => {
  async function open(): Promise<Store> {
    const database = create();
    opened.push(database);
    const { store } = await database.open(time);
    stores.push(store);
    return store;
  }
  const many = (count: number, more: (i: number) => Parameters<typeof explanationOf>[1], account = alice) =>
    Array.from({ length: count }, (_, i) =>
      explanationOf(account, { requestId: `${account}-${i}`, at: at(BigInt(i)), ...more(i) }),
    );
  const kept = async (store: Store, ids: readonly string[], account = alice): Promise<readonly string[]> => {
    const found = await Promise.all(ids.map((id) => store.explanation(account, id)));
    return found.flatMap((row) => (row === undefined ? [] : [row.requestId]));
  };

  test('an explanation is found by its request id within its account, and nowhere else', async () => {
    const store = await open();
    const row = explanationOf(alice, { requestId: 'mine', detail: '{"code":"X"}' });
    await store.addExplanations([row], bounds);
    expect(await store.explanation(alice, 'mine')).toEqual(row);
    expect(await store.explanation(bob, 'mine')).toBeUndefined();
    expect(await store.explanation(alice, 'other')).toBeUndefined();
  });

  test('the newest explanations of one credential and reason are kept, and never more', async () => {
    const store = await open();
    await store.addExplanations(
      many(9, (i) => ({ requestId: `r${i}` })),
      bounds,
    );
    expect(await kept(store, ['r0', 'r4', 'r5', 'r6', 'r7', 'r8'])).toEqual(['r5', 'r6', 'r7', 'r8']);
    // Another reason, and another credential, have room of their own.
    await store.addExplanations([explanationOf(alice, { requestId: 'x', reason: 'signed_out' })], bounds);
    await store.addExplanations([explanationOf(alice, { requestId: 'y', credential: 'subkey:2' })], bounds);
    expect(await kept(store, ['r5', 'x', 'y'])).toEqual(['r5', 'x', 'y']);
  });

  test('one credential that is refused for many reasons leaves room to the others of its account', async () => {
    const store = await open();
    const rows = (credential: string, count: number, from: number) =>
      many(count, (i) => ({
        requestId: `${credential}-${i}`,
        credential,
        reason: `reason ${i}`,
        at: at(BigInt(from + i)),
      }));
    await store.addExplanations(rows('main:main', 3, 0), bounds);
    for (let round = 1; round <= 4; round += 1) await store.addExplanations(rows('token:x', 30, 40 * round), bounds);
    const ids = Array.from({ length: 30 }, (_, i) => `token:x-${i}`);
    expect(await kept(store, ids)).toHaveLength(7);
    expect(await kept(store, ['main:main-0', 'main:main-1', 'main:main-2'])).toHaveLength(3);
  });

  test('the newest explanations of an account are kept, and another account loses none for it', async () => {
    const store = await open();
    await store.addExplanations([explanationOf(bob, { requestId: 'bobs', at: T0 })], bounds);
    const rows = many(30, (i) => ({ requestId: `r${i}`, credential: `subkey:${i}` }));
    await store.addExplanations(rows, bounds);
    const ids = rows.map(({ requestId }) => requestId);
    expect(await kept(store, ids)).toEqual(ids.slice(-10));
    expect(await kept(store, ['bobs'], bob)).toEqual(['bobs']);
  });

  test('explanations of one moment are bounded too', async () => {
    const store = await open();
    const rows = many(30, (i) => ({ requestId: `r${i}`, credential: `subkey:${i}`, at: T0 }));
    await store.addExplanations(rows, bounds);
    expect(
      await kept(
        store,
        rows.map(({ requestId }) => requestId),
      ),
    ).toHaveLength(10);
  });

  test('in all no more explanations are kept than the bound: the oldest go', async () => {
    const store = await open();
    const accounts = Array.from({ length: 40 }, (_, i) => `0x${(i + 1).toString(16)}` as typeof alice);
    for (const [i, account] of accounts.entries()) {
      await store.addExplanations([explanationOf(account, { requestId: account, at: at(BigInt(i)) })], bounds);
    }
    const found = await Promise.all(accounts.map((account) => store.explanation(account, account)));
    expect(found.map((row) => row !== undefined)).toEqual(accounts.map((_, i) => i >= 15));
  });

  test('a purge deletes explanations outside of a span of time, and the oldest above a lowered bound', async () => {
    const store = await open();
    const wide = { perAccount: 5_000, perCredential: 5_000, perReason: 5_000, inAll: 5_000 };
    const rows = many(2_600, (i) => ({ requestId: `r${i}` }));
    for (let from = 0; from < rows.length; from += 100) await store.addExplanations(rows.slice(from, from + 100), wide);
    await store.purgeExplanations({ from: at(1_200n), to: at(2_598n) }, 5_000);
    expect(await kept(store, ['r0', 'r1199', 'r1200', 'r2598', 'r2599'])).toEqual(['r1200', 'r2598']);
    await store.purgeExplanations({ from: at(0n), to: at(2_598n) }, 7);
    expect(await kept(store, ['r2591', 'r2592', 'r2598'])).toEqual(['r2592', 'r2598']);
  });

  test('the others of a minute are told by every row of that minute, reason and route, and by no other', async () => {
    const store = await open();
    const like = (requestId: string, more: Parameters<typeof explanationOf>[1] = {}) =>
      explanationOf(alice, { requestId, ...more });
    await store.addExplanations(
      [like('a'), like('b', { at: at(5n) }), like('late', { at: at(10n) }), like('route', { route: 'GET /x' })],
      { ...bounds, perReason: 10 },
    );
    await store.countOthers([{ ...like('a'), from: T0, to: at(10n), others: 980 }]);
    const others = await Promise.all(['a', 'b', 'late', 'route'].map((id) => store.explanation(alice, id)));
    expect(others.map((row) => row?.others)).toEqual([980, 980, 0, 0]);
  });

  test("names are those of today, of an account's own credentials alone", async () => {
    const store = await open();
    await insertAccounts(store, alice, bob);
    const { id } = await insertSubkey(store, subkeyOf(alice, { name: 'grid' }));
    const others = await insertSubkey(store, subkeyOf(bob, { publicKey: keyTwo }));
    await insertTokens(store, tokenOf(alice, '1', { name: 'tax' }), tokenOf(bob, '2'));
    const devices = [deviceOf(alice, '1', { name: 'laptop' }), deviceOf(bob, '2')];
    await store.transaction(async (tx) => {
      for (const device of devices) await tx.insertDevice(device);
    });
    const refs = [
      { kind: 'main', id: 'main' },
      { kind: 'subkey', id: String(id) },
      { kind: 'subkey', id: String(others.id) },
      { kind: 'token', id: 'tok_1' },
      { kind: 'token', id: 'tok_2' },
      { kind: 'device', id: 'dev_1' },
      { kind: 'device', id: 'dev_2' },
    ] as const;
    const mainOf = (account: typeof alice) => `0x${(BigInt(account) + 1n).toString(16)}`;
    expect(new Set(await store.namesOf(alice, refs))).toEqual(
      new Set([
        { kind: 'main', id: 'main', name: undefined, label: mainOf(alice) },
        { kind: 'subkey', id: String(id), name: 'grid', label: keyOne },
        { kind: 'token', id: 'tok_1', name: 'tax', label: 'lookup-1' },
        { kind: 'device', id: 'dev_1', name: 'laptop', label: devices[0]?.thumbprint },
      ]),
    );
    const ofBob = (await store.namesOf(bob, refs)).map((named) => `${named.kind}:${named.id}`);
    expect(new Set(ofBob)).toEqual(new Set(['main:main', `subkey:${others.id}`, 'token:tok_2', 'device:dev_2']));
    expect(await store.namesOf(bob, [{ kind: 'main', id: 'main' }])).toMatchObject([{ label: mainOf(bob) }]);
  });

  test('activity is the rows of one account, newest first, page by page, each once', async () => {
    const store = await open();
    for (let i = 0; i < 7; i += 1) {
      await store.appendAudit([auditOf(alice, { requestId: `a${i}` }), auditOf(bob, { requestId: `b${i}` })]);
    }
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await store.activity(alice, everything, { limit: 3, cursor });
      seen.push(...page.rows.map(({ requestId }) => requestId));
      cursor = page.next;
    } while (cursor !== undefined);
    expect(seen).toEqual(['a6', 'a5', 'a4', 'a3', 'a2', 'a1', 'a0']);
  });

  test('activity is filtered by credential, by actions and by time', async () => {
    const store = await open();
    const subkey = { account: alice, kind: 'subkey', id: '7' } as const;
    await store.appendAudit([
      auditOf(alice, { requestId: 'made', action: 'subkey.registered', subject: credentialSubject(subkey) }),
      auditOf(alice, { requestId: 'login', action: 'login', actor: 'subkey:7' }),
      auditOf(alice, { requestId: 'other', action: 'login', actor: 'subkey:8' }),
      auditOf(bob, { requestId: 'bobs', action: 'login', actor: 'subkey:7' }),
    ]);
    const ids = async (filter: Partial<Parameters<Store['activity']>[1]>) => {
      const { rows } = await store.activity(alice, { ...everything, ...filter }, { limit: 10, cursor: undefined });
      return rows.map(({ requestId }) => requestId);
    };
    expect(await ids({ credential: subkey })).toEqual(['login', 'made']);
    expect(await ids({ actions: ['login', 'token.revoked'] })).toEqual(['other', 'login']);
    expect(await ids({ actions: [] })).toEqual([]);
    expect(await ids({ from: T0, to: at(1n) })).toEqual(['other', 'login', 'made']);
    expect(await ids({ to: T0 })).toEqual([]);
    expect(await ids({ from: at(1n) })).toEqual([]);
  });

  test('a page of activity looks at no more than 10,000 rows: it comes short, and the next one goes on', async () => {
    const store = await open();
    const filler = Array.from({ length: 1_000 }, () => auditOf(alice, { action: 'login' }));
    await store.appendAudit([auditOf(alice, { requestId: 'deep', action: 'token.revoked' })]);
    for (let i = 0; i < 10; i += 1) await store.appendAudit(filler);
    await store.appendAudit([auditOf(alice, { requestId: 'new', action: 'token.revoked' })]);
    const filter = { ...everything, actions: ['token.revoked'] };
    const first = await store.activity(alice, filter, { limit: 50, cursor: undefined });
    expect(first.rows.map(({ requestId }) => requestId)).toEqual(['new']);
    expect(first.next).toBeDefined();
    const second = await store.activity(alice, filter, { limit: 50, cursor: first.next });
    expect(second.rows.map(({ requestId }) => requestId)).toEqual(['deep']);
    expect(second.next).toBeUndefined();
    const ofNone = await store.activity(alice, { ...everything, actions: [] }, { limit: 50, cursor: undefined });
    expect(ofNone.next, 'of no action at all nothing is looked at').toBeUndefined();
  });
});
