// Devices over HTTP: how one is signed in, what it may do, what ends it, and each check of the proof that opens a session of it.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addDevice, deviceSession, openDeviceSession, thumbprintOf } from '../support/devices.ts';
import { call } from '../support/trader.ts';
import { newOwner, SELF, startWorld, type World } from '../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

describe('a device', () => {
  test('a device opens a session by its proof, which says what it is and may', async () => {
    const owner = await newOwner(world);
    const device = await addDevice(world, owner, { name: 'laptop' });
    expect(device.made.json).toMatchObject({ name: 'laptop', state: 'active', idle_seconds: 900, last_used_ip: '' });
    const opened = await openDeviceSession(world, device);
    expect(opened.status, opened.text).toBe(200);
    const self = await call(world.url, 'GET', SELF, { bearer: await deviceSession(world, device) });
    expect(self.json).toMatchObject({
      account: owner.account,
      kind: 'device',
      id: device.id,
      credential: thumbprintOf(device.publicKey),
      permissions: ['audit:read', 'keys:narrow', 'keys:read', 'self:read'],
      allowed_cidrs: [],
    });
  });
});
