// What owners ask is counted apart: bots that loop at the limits of their account and address do not keep an owner from seeing and ending them.
import { afterAll, expect, test } from 'vitest';
import { addDevice, deviceSession } from '../support/devices.ts';
import { unsignedOrders } from '../support/harness.ts';
import { type Answer, call, createToken } from '../support/trader.ts';
import {
  addSubkey,
  forgedFrom,
  newOwner,
  SELF,
  SUBKEYS,
  startWorld,
  stateOf,
  subkeySession,
  TOKENS,
  type World,
} from '../support/world.ts';

const started: World[] = [];
afterAll(async () => {
  for (const world of started) await world.stop();
});

/** Time stands still, so that nothing refills. */
async function cast(rates: Record<string, string>) {
  const world = await startWorld({ settings: { ...unsignedOrders, 'rate_limit.enabled': 'true', ...rates } });
  started.push(world);
  const owner = await newOwner(world);
  const subkey = await addSubkey(world, owner);
  const { token, lookupId } = await createToken(world.url, owner.session);
  const device = await deviceSession(world, await addDevice(world, owner));
  const bots = [token, await subkeySession(world, owner.account, subkey)];
  const ask = (method: string, path: string, bearer: string): Promise<Answer> =>
    call(world.url, method, path, { bearer, ...(method === 'POST' ? { body: {} } : {}) });
  /** Every bot asks until it is refused. */
  const loop = async (path: string) => {
    for (const bot of bots) for (let status = 200; status !== 429; ) ({ status } = await ask('GET', path, bot));
  };
  return { world, owner, subkey, token, lookupId, device, bots, ask, loop };
}
const limitOf = ({ headers }: Answer): string | null => headers.get('X-RateLimit-Limit');

test('a device sees and ends bots that have used up the private reads of their account', async () => {
  const { world, subkey, lookupId, device, bots, ask, loop, owner } = await cast({ 'private-read/min': '10' });
  await loop('/v1/balance');
  expect((await ask('GET', TOKENS, owner.session)).status).toBe(429);
  const seen = await ask('GET', TOKENS, device);
  expect([seen.status, limitOf(seen)]).toEqual([200, '216']);
  expect((await ask('GET', SUBKEYS, device)).status).toBe(200);
  expect((await ask('DELETE', `${TOKENS}/${lookupId}`, device)).status).toBe(200);
  expect((await ask('DELETE', `${SUBKEYS}/${subkey.publicKey}`, device)).status).toBe(200);
  for (const bot of bots) expect(await stateOf(world, bot)).toBe('401 UNAUTHORIZED_ERROR');
});

test('a device sees and ends bots that have used up the limit of the address that both share; they stay refused', async () => {
  const { subkey, lookupId, device, bots, ask, loop, owner } = await cast({ 'private/min': '20' });
  await loop(SELF);
  for (const path of [TOKENS, SUBKEYS, SELF, '/countersign/v1/devices']) {
    expect((await ask('GET', path, device)).status, path).toBe(200);
  }
  // The main key asks for the same as an owner where the route is the owner's, and as anybody else elsewhere.
  expect((await ask('GET', '/countersign/v1/devices', owner.session)).status).toBe(200);
  expect((await ask('GET', TOKENS, owner.session)).status).toBe(429);
  for (const bot of bots) {
    for (const path of [SELF, SUBKEYS, '/v1/balance', '/countersign/v1/devices']) {
      expect((await ask('GET', path, bot)).status, path).toBe(429);
    }
  }
  expect((await ask('GET', SELF, forgedFrom(device))).status).toBe(429);
  expect((await ask('DELETE', `${TOKENS}/${lookupId}`, device)).status).toBe(200);
  expect((await ask('DELETE', `${SUBKEYS}/${subkey.publicKey}`, device)).status).toBe(200);
  expect((await ask('POST', '/countersign/v1/revoke-all', device)).status).toBe(200);
});

test('an address over its limit has as many requests of owners again, and no more', async () => {
  const { device, ask, loop } = await cast({ 'private/min': '12' });
  await loop(SELF);
  const statuses = [];
  for (let asked = 0; asked < 14; asked += 1) statuses.push((await ask('GET', SELF, device)).status);
  expect(statuses).toEqual([...Array.from({ length: 12 }, () => 200), 429, 429]);
  expect((await ask('POST', '/countersign/v1/sign-out-everywhere', device)).status).toBe(200);
});

test('what a device asks is charged to the owner bucket of its account, of which each device has a share, and never to the route', async () => {
  const { world, owner, device, ask } = await cast({ 'owner/min': '10', 'owner%': '50', 'private-read/min': '3' });
  const statuses = [];
  for (let asked = 0; asked < 6; asked += 1)
    statuses.push((await ask('GET', asked % 2 ? TOKENS : SELF, device)).status);
  expect(statuses).toEqual([200, 200, 200, 200, 200, 429]);
  // The main key has what is left of the account's, and its reads are untouched.
  const other = await deviceSession(world, await addDevice(world, owner));
  for (let asked = 0; asked < 5; asked += 1) expect((await ask('GET', SELF, other)).status).toBe(200);
  expect((await ask('GET', '/countersign/v1/devices', owner.session)).status).toBe(429);
  expect((await ask('GET', TOKENS, owner.session)).status).toBe(200);
  // What ends everything is never at its limit.
  expect((await ask('POST', '/countersign/v1/revoke-all', device)).status).toBe(200);
});
