// The memory of device proofs when it is full: here it has room for 16, as shipped for 65,536.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addDevice, deviceProof, openDeviceSession, postProof } from '../support/devices.ts';
import { expectRefusal, mainSession, newOwner, startWorld, type World } from '../support/world.ts';

let world: World;
beforeAll(async () => {
  const sessions = { 'rate_limit.enabled': 'true', 'sessions/min': '18', 'sessions/s': '18', 'sessions%': '100' };
  const settings = { ...sessions, 'memory.entries': '16' };
  world = await startWorld({ settings });
});
afterAll(() => world.stop());

/** An owner with a device that has used so many proofs; there is room for 16. */
async function filled(count = 16) {
  const owner = await newOwner(world);
  const device = await addDevice(world, owner);
  const proofs = Array.from({ length: count }, () => deviceProof(world, device));
  for (const proof of proofs) expect((await postProof(world, device, proof)).status).toBe(200);
  return { owner, device, proofs };
}

test('when no proof can be remembered a good one is 503 with Retry-After, uses nothing up, and is taken once the oldest are forgotten', async () => {
  const { owner, device } = await filled();
  world.clock.advance(100);
  const proof = deviceProof(world, device);
  // One session of the minute is left, and stays: more attempts than sessions change nothing.
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const refused = await postProof(world, device, proof);
    expect(expectRefusal(refused, 503, 'SERVICE_UNAVAILABLE')).toBe('too many proofs at once; try again');
    expect(refused.headers.get('Retry-After')).toBe('1');
  }
  await mainSession(world, owner);
  world.clock.advance(21);
  expect((await postProof(world, device, proof)).status).toBe(200);
  expectRefusal(await postProof(world, device, proof), 401, 'UNAUTHORIZED_ERROR');
  world.clock.advance(121);
});

test('who has no key learns nothing of it: a proof of another key is told in the one word, full or not', async () => {
  const { device } = await filled();
  const stranger = await addDevice(world, await newOwner(world));
  expectRefusal(
    await postProof(world, device, deviceProof(world, { ...stranger, id: device.id })),
    401,
    'UNAUTHORIZED_ERROR',
  );
  world.clock.advance(121);
});

test('who fills it keeps no other account out', async () => {
  const { device } = await filled();
  expectRefusal(await openDeviceSession(world, device), 503, 'SERVICE_UNAVAILABLE');
  for (let other = 0; other < 3; other += 1) {
    const { device: theirs, proofs } = await filled(1);
    expectRefusal(await postProof(world, theirs, proofs[0] ?? ''), 401, 'UNAUTHORIZED_ERROR');
  }
  world.clock.advance(121);
});

test('a proof that gave its place to one of another account opens no second session: the store knows it', async () => {
  await filled(8);
  world.clock.advance(70);
  const { device, proofs } = await filled(8);
  for (let other = 0; other < 2; other += 1) await filled(1);
  world.clock.advance(51);
  // There is room, and one of these is not remembered here any more.
  for (const proof of proofs) expectRefusal(await postProof(world, device, proof), 401, 'UNAUTHORIZED_ERROR');
  expect((await openDeviceSession(world, device)).status).toBe(200);
});
