// What ends a device: whatever ends the session that made it, and what ends it alone. A device that was ended opens no session, its
// sessions are dead, and the list says so.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { restoreWorld, takeBackup } from '../support/backups.ts';
import { addDevice, DEVICES, deviceSession, openDeviceSession, type TestDevice } from '../support/devices.ts';
import { auditRows, command, operate } from '../support/operator.ts';
import { call } from '../support/trader.ts';
import {
  addSubkey,
  mainSession,
  newOwner,
  newWalletOwner,
  type Owner,
  startWorld,
  stateOf,
  subkeySession,
  type World,
} from '../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

const SIGN_OUT = '/countersign/v1/sign-out-everywhere';
const REVOKE_ALL = '/countersign/v1/revoke-all';
const post = async (bearer: string, path: string, body: unknown = {}) => {
  const answer = await call(world.url, 'POST', path, { bearer, body });
  expect(answer.status, answer.text).toBe(200);
  return answer;
};
const report = (token: string) => post('', '/countersign/v1/leaked', { token });

async function made(of: World = world) {
  const owner = await newOwner(of);
  return { owner, ...(await withDevice(of, owner)) };
}
async function withDevice(of: World, owner: Pick<Owner, 'session'>) {
  const device = await addDevice(of, owner);
  return { device, bearer: await deviceSession(of, device) };
}

/** What works of it: its session, a new session, and how the list has it. */
async function seen(of: World, { device, bearer }: { device: TestDevice; bearer: string }, session: string) {
  const shown = await call(of.url, 'GET', `${DEVICES}?with_ended=true`, { bearer: session });
  const row = shown.json.results.find(({ id }: { id: string }) => id === device.id);
  return [await stateOf(of, bearer), (await openDeviceSession(of, device)).status, row?.state];
}
const DEAD = ['401 UNAUTHORIZED_ERROR', 401, 'ended'];
const ALIVE = ['alive', 200, 'active'];

/** A session that is accepted after a sign-out, which ends what was signed within the next 30 s. */
async function sessionAfter(owner: Owner): Promise<string> {
  world.clock.advance(31);
  return mainSession(world, owner);
}

describe('whatever ends the session that made it ends the device', () => {
  test('a device made before its owner signed out everywhere is dead after it, and one made later lives', async () => {
    const before = await made();
    const answer = await post(before.owner.session, SIGN_OUT);
    expect(answer.json).toEqual({ valid_after: expect.any(Number) });
    const session = await sessionAfter(before.owner);
    expect(await seen(world, before, session)).toEqual(DEAD);
    expect(await seen(world, await withDevice(world, { session }), session)).toEqual(ALIVE);
    const [row] = await auditRows(
      world.service,
      `?account=${before.owner.account}&action=account.signed_out_everywhere`,
    );
    expect(row).toMatchObject({ detail: { devices: [before.device.id] } });
  });

  test('a device signs out everywhere, which ends itself', async () => {
    const one = await made();
    await post(one.bearer, SIGN_OUT);
    expect(await seen(world, one, await sessionAfter(one.owner))).toEqual(DEAD);
  });

  test.each([undefined, ['device'], ['token'], ['subkey', 'token']])(
    'a device made before everything was revoked is dead after it, with kinds %j',
    async (kinds) => {
      const one = await made();
      const answer = await post(one.bearer, REVOKE_ALL, kinds === undefined ? {} : { kinds });
      expect(answer.json.devices).toEqual([{ id: one.device.id, name: 'browser' }]);
      expect(await seen(world, one, await sessionAfter(one.owner))).toEqual(DEAD);
    },
  );

  test('a device is dead after a leak report of the session that made it, and so are those of older sessions; a newer one lives', async () => {
    const owner = await newOwner(world);
    const older = await withDevice(world, owner);
    world.clock.advance(10);
    const leaked = await mainSession(world, owner);
    const one = await withDevice(world, { session: leaked });
    world.clock.advance(10);
    const session = await mainSession(world, owner);
    const newer = await withDevice(world, { session });
    await report(leaked);
    expect([await seen(world, one, session), await seen(world, older, session)]).toEqual([DEAD, DEAD]);
    expect(await seen(world, newer, session)).toEqual(ALIVE);
  });

  test('a device made by the session of a wallet is dead after a leak report of that session', async () => {
    const wallet = await newWalletOwner(world);
    const one = await withDevice(world, wallet);
    await report(wallet.session);
    expect(await stateOf(world, one.bearer)).toBe('401 UNAUTHORIZED_ERROR');
    expect((await openDeviceSession(world, one.device)).status).toBe(401);
  });

  test('a leak report of a session that has expired ends the devices which that session made, and no other', async () => {
    const owner = await newOwner(world);
    const older = await addDevice(world, owner);
    world.clock.advance(10);
    const leaked = await mainSession(world, owner);
    const device = await addDevice(world, { session: leaked });
    world.clock.advance(301);
    const bearer = await deviceSession(world, device);
    const other = { device: older, bearer: await deviceSession(world, older) };
    await report(leaked);
    const session = await mainSession(world, owner);
    expect(await seen(world, { device, bearer }, session)).toEqual(DEAD);
    expect(await seen(world, other, session)).toEqual(ALIVE);
    const rows = () => auditRows(world.service, `?account=${owner.account}&action=credential.reported_leaked`);
    expect(await rows()).toHaveLength(1);
    // A second report finds nothing to end, and writes nothing.
    await report(leaked);
    expect(await rows()).toHaveLength(1);
  });

  test('a leak report of a session of a subkey ends no device', async () => {
    const one = await made();
    const leaked = await subkeySession(world, one.owner.account, await addSubkey(world, one.owner));
    await report(leaked);
    expect(await stateOf(world, leaked)).toBe('401 UNAUTHORIZED_ERROR');
    expect(await seen(world, one, one.owner.session)).toEqual(ALIVE);
  });

  test('a device made before its account was locked is dead while it is locked', async () => {
    const one = await made();
    await command(world.service, `/accounts/${one.owner.account}/lock`);
    expect(await stateOf(world, one.bearer)).toBe('403 REQUEST_NOT_ALLOWED');
    expect((await openDeviceSession(world, one.device)).status).toBe(401);
    await command(world.service, `/accounts/${one.owner.account}/unlock`);
    expect(await seen(world, one, one.owner.session)).toEqual(ALIVE);
  });

  test.each([false, true])(
    'a device made before a backup is dead after its restore, credentials kept: %s',
    async (keepCredentials) => {
      const own = await startWorld();
      const one = await made(own);
      const backup = await takeBackup(own);
      const after = await restoreWorld(own, backup, { keepCredentials });
      try {
        expect(after.restored.revoked.devices).toBe(1);
        own.clock.advance(31);
        expect(await seen(after, one, await mainSession(after, one.owner))).toEqual(DEAD);
      } finally {
        await after.stop();
        await own.stop();
      }
    },
  );

  test('a device made before a clock was accepted is dead after it', async () => {
    const own = await startWorld();
    try {
      const one = await made(own);
      own.clock.setWallBack(7_200);
      const accepted = await operate(own.service, 'POST', '/clock/accept');
      expect(accepted.json).toMatchObject({ accepted: true, ended_devices: 1 });
      expect(await stateOf(own, one.bearer)).toBe('401 UNAUTHORIZED_ERROR');
      expect((await openDeviceSession(own, one.device)).status).not.toBe(200);
      own.clock.setWallBack(0);
    } finally {
      await own.stop();
    }
  });

  test('a device made before the key of its maker was retired is dead after it, and one made later lives', async () => {
    const own = await startWorld();
    try {
      const one = await made(own);
      const keys = await operate(own.service, 'GET', '/signing-keys');
      const kidOf = (use: string) => keys.json.results.find((key: { use: string }) => key.use === use).kid;
      await operate(own.service, 'POST', `/signing-keys/${kidOf('token')}/retire`);
      expect(await stateOf(own, one.bearer)).toBe('alive');
      const retired = await operate(own.service, 'POST', `/signing-keys/${kidOf('session')}/retire`);
      expect(retired.status, retired.text).toBe(200);
      const again = await mainSession(own, one.owner);
      expect(await seen(own, one, again)).toEqual(DEAD);
      const rows = await call(own.url, 'GET', '/countersign/v1/audit?action=device.ended', { bearer: again });
      expect(rows.json.results).toMatchObject([{ actor: { kind: 'operator' }, subject: { id: one.device.id } }]);
      expect(await seen(own, await withDevice(own, { session: again }), again)).toEqual(ALIVE);
    } finally {
      await own.stop();
    }
  });
});

describe('what ends one device', () => {
  test('a leak report of a session of a device ends that device, and no other', async () => {
    const one = await made();
    const other = await withDevice(world, one.owner);
    await report(one.bearer);
    expect(await seen(world, one, one.owner.session)).toEqual(DEAD);
    expect(await seen(world, other, one.owner.session)).toEqual(ALIVE);
  });

  test('a device ends itself as any credential does that is held', async () => {
    const one = await made();
    expect((await post(one.bearer, '/countersign/v1/self/revoke')).json).toMatchObject({ kind: 'device' });
    expect(await seen(world, one, one.owner.session)).toEqual(DEAD);
  });

  test('the operator finds a device by its id, by its session and by an address, and ends it', async () => {
    const one = await made();
    const find = async (credential: string) => {
      const { json } = await operate(world.service, 'POST', '/credentials/find', { credential });
      return json.results.map((found: Record<string, unknown>) => `${found.credential} ${found.state}`);
    };
    const name = `device:${one.device.id}`;
    for (const text of [one.device.id, name, one.bearer, `credential/${one.owner.account}/device/${one.device.id}`]) {
      expect(await find(text)).toEqual([`${name} active`]);
    }
    const listed = await operate(world.service, 'GET', `/accounts/${one.owner.account}`);
    expect(listed.json.devices).toMatchObject([{ id: one.device.id, state: 'active' }]);
    const ended = await operate(world.service, 'POST', '/credentials/revoke', { credential: one.device.id });
    expect(ended.json).toMatchObject({
      revoked: true,
      result: { state: 'revoked', ended_by: { action: 'device.ended', actor: 'operator' } },
    });
    expect(await seen(world, one, one.owner.session)).toEqual(DEAD);
    const again = await operate(world.service, 'POST', '/credentials/revoke', { credential: one.device.id });
    expect(again.json).toMatchObject({ revoked: false });
  });
});
