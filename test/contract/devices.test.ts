// What every database behind the store's ports must keep of devices.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MAIN_CREDENTIAL_ID } from '../../src/domain/credential.ts';
import { addSeconds, NEVER, secondsOf, unixSeconds } from '../../src/domain/time.ts';
import { NEVER_USED } from '../../src/domain/use.ts';
import type { Store, StoreTransaction } from '../../src/store/store.ts';
import { databases, type TestDatabase } from '../support/store/databases.ts';
import { alice, at, bob, deviceOf, insertAccounts, T0 } from '../support/store/rows.ts';

const everything = { limit: 100, cursor: undefined };

describe.each(databases)('devices on $name', ({ create }) => {
  let database: TestDatabase;
  let store: Store;
  beforeEach(async () => {
    database = create();
    ({ store } = await database.open());
    await insertAccounts(store, alice, bob);
  });
  afterEach(async () => {
    await store.close();
    database.remove();
  });

  const insert = (...devices: ReturnType<typeof deviceOf>[]) =>
    store.transaction(async (tx) => {
      for (const device of devices) await tx.insertDevice(device);
    });
  const write = <Result>(work: (tx: StoreTransaction) => Promise<Result>): Promise<Result> => store.transaction(work);
  const factsOf = async (id: string, account = alice) =>
    (await store.facts({ account, kind: 'device', id, kid: 'kid' })).facts;
  const listed = async (withEnded: boolean, now = T0) =>
    (await store.devices(alice, { withEnded, now }, everything)).rows.map(({ deviceId }) => deviceId);

  test('a device is read as it was written, by its id alone; an unknown one is not there', async () => {
    const device = deviceOf(alice, '1', { lastUsedAt: at(7n), lastUsedIp: '2001:db8::1', idleSeconds: 60 });
    await insert(device);
    expect([await store.device('dev_1'), await store.device('dev_2')]).toEqual([device, undefined]);
  });

  test('an id belongs to one device, of whichever account', async () => {
    await insert(deviceOf(alice, '1'));
    await expect(insert(deviceOf(bob, '1'))).rejects.toThrow();
  });

  test('the facts of a device are those of its account, and nothing of another', async () => {
    await insert(deviceOf(alice, '1'));
    const alive = { accountKnown: true, credential: 'alive', expiresAt: at(1_000n), allowlist: { kind: 'anywhere' } };
    expect(await factsOf('dev_1')).toMatchObject({ ...alive, label: deviceOf(alice, '1').thumbprint });
    expect(await factsOf('dev_1', bob)).toMatchObject({ credential: 'unknown' });
    expect(await factsOf('dev_2')).toMatchObject({ credential: 'unknown' });
    await write((tx) => tx.endDevice(alice, 'dev_1', at(1n)));
    expect(await factsOf('dev_1')).toMatchObject({ credential: 'revoked' });
  });

  test('what ends the sessions of the main key or of the account is a fact of its devices', async () => {
    await insert(deviceOf(alice, '1'));
    await write((tx) => tx.raiseCredentialValidAfter({ account: alice, kind: 'main', id: MAIN_CREDENTIAL_ID }, at(5n)));
    expect(await factsOf('dev_1')).toMatchObject({ validAfter: at(5n) });
    await write((tx) => tx.raiseValidAfter(alice, at(9n)));
    expect(await factsOf('dev_1')).toMatchObject({ validAfter: at(9n) });
  });

  test('ending a device twice writes once, and never that of another account', async () => {
    await insert(deviceOf(alice, '1'));
    expect(await write((tx) => tx.endDevice(bob, 'dev_1', at(1n)))).toBe(false);
    expect(await write((tx) => tx.endDevice(alice, 'dev_1', at(1n)))).toBe(true);
    expect(await write((tx) => tx.endDevice(alice, 'dev_1', at(2n)))).toBe(false);
    expect(await store.device('dev_1')).toMatchObject({ endedAt: at(1n) });
  });

  test('a session of a device begins its idle time anew; an ended one opens none', async () => {
    const device = deviceOf(alice, '1', { idleSeconds: 100 });
    await insert(device);
    expect(await write((tx) => tx.useDevice(device, at(50n), { lastAt: at(50n), lastIp: '192.0.2.7' }))).toBe(true);
    const used = { lastUsedAt: at(50n), lastUsedIp: '192.0.2.7', idleUntil: addSeconds(at(50n), 100) };
    expect(await store.device('dev_1')).toEqual({ ...device, ...used });
    await write((tx) => tx.endDevice(alice, 'dev_1', at(60n)));
    expect(await write((tx) => tx.useDevice(device, at(70n), NEVER_USED))).toBe(false);
    expect(await store.device('dev_1')).toEqual({ ...device, ...used, endedAt: at(60n) });
  });

  test('the last use of each device can be forgotten, some at a time, and its idle time stays', async () => {
    const many = Array.from({ length: 501 }, (_, id) =>
      deviceOf(id % 2 === 0 ? alice : bob, String(id), {
        lastUsedAt: at(5n),
        lastUsedIp: '192.0.2.7',
        endedAt: at(BigInt(id % 3)),
      }),
    );
    await insert(...many);
    const next = await store.forgetDeviceUse('');
    expect(next).toBeDefined();
    expect(await store.forgetDeviceUse(next ?? '')).toBeDefined();
    expect(await store.forgetDeviceUse('dev_a')).toBeUndefined();
    for (const device of many) {
      expect(await store.device(device.deviceId)).toEqual({ ...device, lastUsedAt: NEVER, lastUsedIp: '' });
    }
  });

  test('a device that went idle or over while its proof was checked does not come to life again', async () => {
    const [idle, over] = [deviceOf(alice, '1', { idleUntil: at(50n) }), deviceOf(alice, '2', { expiresAt: at(50n) })];
    await insert(idle, over);
    for (const device of [idle, over]) {
      expect(await write((tx) => tx.useDevice(device, at(50n), NEVER_USED))).toBe(false);
      expect(await store.device(device.deviceId)).toEqual(device);
      expect(await write((tx) => tx.useDevice(device, at(49n), NEVER_USED))).toBe(true);
    }
  });

  test('limit, key and list count what lives: not what is ended, expired or idle', async () => {
    await insert(
      deviceOf(alice, '1'),
      deviceOf(alice, '2', { expiresAt: T0 }),
      deviceOf(alice, '3', { idleUntil: T0 }),
      deviceOf(alice, '4', { endedAt: T0 }),
      deviceOf(bob, '5'),
    );
    expect(await write((tx) => tx.countLiveDevices(alice, T0))).toBe(1);
    const isKey = (id: string) => write((tx) => tx.isDeviceKey(deviceOf(alice, id).thumbprint, T0));
    expect([await isKey('1'), await isKey('2'), await isKey('3'), await isKey('4'), await isKey('5')]).toEqual([
      ...[true, false, false, false, true],
    ]);
    expect(await listed(false)).toEqual(['dev_1']);
    expect(await listed(true)).toEqual(['dev_1', 'dev_2', 'dev_3', 'dev_4']);
    const first = await store.devices(alice, { withEnded: true, now: T0 }, { limit: 3, cursor: undefined });
    expect(first.next).toBe('dev_3');
    const rest = await store.devices(alice, { withEnded: true, now: T0 }, { limit: 3, cursor: first.next });
    expect([rest.rows.map(({ deviceId }) => deviceId), rest.next]).toEqual([['dev_4'], undefined]);
  });

  test('the devices of an account end together, or those alone whose login was signed then', async () => {
    const signed = (seconds: number) => ({ authTime: unixSeconds(secondsOf(T0) + seconds) });
    await insert(
      deviceOf(alice, '1', signed(0)),
      deviceOf(alice, '2', signed(1)),
      deviceOf(alice, '3', signed(2)),
      deviceOf(bob, '4', signed(1)),
    );
    const one = signed(1).authTime;
    const end = async (made?: { from: typeof one; to: typeof one }) =>
      (await write((tx) => tx.endDevices(alice, at(9n), made))).map(({ deviceId }) => deviceId);
    expect(await end({ from: one, to: one })).toEqual(['dev_2']);
    expect(await end({ from: unixSeconds(0), to: one })).toEqual(['dev_1']);
    expect(await end()).toEqual(['dev_3']);
    expect(await end()).toEqual([]);
    expect(await store.device('dev_4')).toMatchObject({ endedAt: 0n });
  });

  test('a restore ends every device of the accounts, whichever credentials it keeps; a clock that is set, those of all', async () => {
    await insert(deviceOf(alice, '1'), deviceOf(bob, '2'));
    const kept = await write((tx) => tx.revokeCredentials([alice], { subkeys: 'pending', tokens: false }, at(9n)));
    const named = (id: string) => ({ deviceId: `dev_${id}`, name: 'browser' });
    expect(kept).toEqual([{ account: alice, subkeys: [], tokens: [], devices: [named('1')] }]);
    expect(await write((tx) => tx.revokeUntimely(at(9n), at(10n)))).toEqual([
      { account: bob, subkeys: [], tokens: [], devices: [named('2')] },
    ]);
  });
});
