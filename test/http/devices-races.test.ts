// Devices made and used in the very moment in which the session that made them ends: whatever came first, none is alive once the end was
// acknowledged.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addDevice, DEVICES, newDeviceKey, openDeviceSession, type TestDevice } from '../support/devices.ts';
import { rawClient } from '../support/forward-harness.ts';
import { command } from '../support/operator.ts';
import { type Answer, call } from '../support/trader.ts';
import { mainSession, newOwner, type Owner, startWorld, stateOf, type World } from '../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

const post = (path: string, bearer: string, body: unknown = {}): Promise<Answer> =>
  call(world.url, 'POST', path, { bearer, body });

/** The same in every run. */
function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

/** POST of a device that has been allowed, and waits for its body. */
async function heldPost(session: string) {
  const key = newDeviceKey();
  const body = JSON.stringify({ name: 'browser', public_key: key.publicKey });
  const head = [
    `POST ${DEVICES} HTTP/1.1`,
    'Host: x',
    `Authorization: Bearer ${session}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    'Expect: 100-continue',
    'Connection: close',
  ];
  const client = rawClient(world.port, `${head.join('\r\n')}\r\n\r\n`);
  await expect.poll(() => client.received).toContain('100 Continue');
  return async (): Promise<TestDevice | undefined> => {
    client.write(body);
    const text = (await client.closed()).replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '');
    expect(text).toMatch(/^HTTP\/1\.1 (201|401|403) /);
    const id = /"id":"(dev_[0-9a-z]+)"/.exec(text)?.[1];
    return id === undefined ? undefined : { ...key, id };
  };
}

/** Bodies of allowed requests and the end in one moment, the end at `place` among them, each a few turns of the event loop apart. */
async function atOnce(owner: Owner, end: () => Promise<Answer>, place: number, random: (below: number) => number) {
  const old = await addDevice(world, owner);
  const held = await Promise.all(Array.from({ length: 5 }, () => heldPost(owner.session)));
  const last = held.pop();
  const made: Promise<TestDevice | undefined>[] = [];
  const opened: Promise<Answer>[] = [];
  let ended: Promise<Answer> | undefined;
  for (let at = 0; at <= held.length; at += 1) {
    for (let turns = random(4); turns > 0; turns -= 1) await nextTurn();
    if (at === place) ended = end();
    const send = held[at];
    if (send === undefined) continue;
    made.push(send());
    opened.push(openDeviceSession(world, old));
  }
  const acknowledged = await ended;
  expect(acknowledged?.status, acknowledged?.text).toBe(200);
  // One was allowed before and is sent only now.
  expect(await last?.()).toBeUndefined();
  const bearers = (await Promise.all(opened)).flatMap(({ status, json }) => (status === 200 ? [json.jwt_token] : []));
  return { devices: [old, ...(await Promise.all(made)).filter((device) => device !== undefined)], bearers };
}

const endings: readonly (readonly [string, (owner: Owner) => Promise<Answer>])[] = [
  ['sign-out-everywhere', ({ session }) => post('/countersign/v1/sign-out-everywhere', session)],
  ['revoke-all', ({ session }) => post('/countersign/v1/revoke-all', session)],
  ['a leak report of the session', ({ session }) => post('/countersign/v1/leaked', '', { token: session })],
];

test.each(endings)(
  'no device, and no session of one, is alive after %s that was asked for in the same moment, whichever came first',
  async (_name, end) => {
    const random = createRandom(7);
    let [made, refused] = [0, 0];
    for (let round = 0; round < 10; round += 1) {
      const owner = await newOwner(world);
      const { devices, bearers } = await atOnce(owner, () => end(owner), round % 5, random);
      made += devices.length - 1;
      refused += 5 - devices.length;
      for (const bearer of bearers) expect(await stateOf(world, bearer)).toBe('401 UNAUTHORIZED_ERROR');
      for (const device of devices) expect((await openDeviceSession(world, device)).status).toBe(401);
      world.clock.advance(31);
      const bearer = await mainSession(world, owner);
      const shown = await call(world.url, 'GET', `${DEVICES}?with_ended=true`, { bearer });
      expect(shown.json.results.map(({ state }: { state: string }) => state)).toEqual(devices.map(() => 'ended'));
    }
    // Both orders were met.
    expect(made).toBeGreaterThan(0);
    expect(refused).toBeGreaterThan(0);
  },
);

test('no device, and no session of one, is alive while its account is locked, made in the moment of the lock or before', async () => {
  const random = createRandom(11);
  let [made, refused] = [0, 0];
  for (let round = 0; round < 10; round += 1) {
    const owner = await newOwner(world);
    const lock = () => command(world.service, `/accounts/${owner.account}/lock`);
    const { devices, bearers } = await atOnce(owner, lock, round % 5, random);
    made += devices.length - 1;
    refused += 5 - devices.length;
    for (const bearer of bearers) expect(await stateOf(world, bearer)).toBe('403 REQUEST_NOT_ALLOWED');
    for (const device of devices) expect((await openDeviceSession(world, device)).status).toBe(401);
  }
  expect(made).toBeGreaterThan(0);
  expect(refused).toBeGreaterThan(0);
});
