// A machine clock that jumps ahead for a moment while the service runs: what it is past is refused meanwhile, and nothing that was
// written then bears a trace of it.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { auditRows, operate } from '../support/operator.ts';
import { call } from '../support/trader.ts';
import {
  addSubkey,
  claimsOf,
  loginOf,
  mainSession,
  newOwner,
  newWalletOwner,
  type Owner,
  postLogin,
  postSubkey,
  postWallet,
  registrationBody,
  SUBKEYS,
  sessionIn,
  siweOf,
  startWorld,
  stateOf,
  TOKENS,
  type World,
} from '../support/world.ts';

const DAY = 86_400;
const REFUSED = '401 UNAUTHORIZED_ERROR';

let world: World;
let owner: Owner;
beforeEach(async () => {
  world = await startWorld();
  onTestFinished(() => world.stop());
  owner = await newOwner(world);
});

const highestTime = (): unknown => {
  const database = new DatabaseSync(join(world.service.folder, 'data', 'countersign.db'), { readOnly: true });
  try {
    const statement = database.prepare("select value from meta where name = 'highest_time'");
    statement.setReadBigInts(true);
    return statement.get()?.value;
  } finally {
    database.close();
  }
};

test.each([
  ['400 s', 400],
  ['ten years', 3_650 * DAY],
])(
  'a clock that jumps %s ahead refuses what it is past; when it is right again all is as it was, and logins by the right time work',
  async (_how, seconds) => {
    const { token } = (await call(world.url, 'POST', TOKENS, { bearer: owner.session, body: { name: 'bot' } })).json;
    world.clock.setWallAhead(seconds);
    expect(await stateOf(world, owner.session)).toBe(REFUSED);
    // A login lives by its own times, of which one is past by now; a client that knows better signs for longer.
    const long = { timestamp: world.clock.seconds(), expiration: world.clock.seconds() + 600 };
    const login = await postLogin(world, loginOf(world, owner.key, owner.account, long));
    expect(login.status).toBe(seconds === 400 ? 200 : 400);
    if (login.status === 200) expect(await stateOf(world, sessionIn(login))).toBe(REFUSED);
    world.clock.advance(1);
    await auditRows(world.service);

    world.clock.setWallAhead(0);
    expect(await stateOf(world, owner.session)).toBe('alive');
    expect(await stateOf(world, token)).toBe('alive');
    const fresh = await mainSession(world, owner);
    expect(claimsOf(fresh)).toMatchObject({ iat: world.clock.seconds(), exp: world.clock.seconds() + 300 });
    expect(highestTime()).toBeLessThanOrEqual(world.clock.nanos());
  },
);

test('a credential that a jumping clock is past is shown, listed and answered as over, and as alive when the clock is right again', async () => {
  const ask = (method: string, path: string, body?: unknown) =>
    call(world.url, method, path, { bearer: owner.session, ...(body === undefined ? {} : { body }) });
  const subkey = await addSubkey(world, owner, { expires_in: 60 });
  const token = (await ask('POST', TOKENS, { name: 'bot', expiry_duration: 60 })).json.api_token;
  const paths = [`${SUBKEYS}/${subkey.publicKey}`, `${TOKENS}/${token.lookup_id}`];
  const register = async () => {
    // A registration of another second is another signature.
    world.clock.advance(1);
    return (await postSubkey(world, owner.session, registrationBody(world, owner, subkey))).json.message;
  };
  const shown = async () => {
    const { json } = await operate(world.service, 'GET', `/accounts/${owner.account}`);
    return [
      (await ask('GET', paths[0] ?? '')).json.state,
      (await ask('GET', `${SUBKEYS}?with_revoked=true`)).json.results[0].state,
      (await ask('GET', SUBKEYS)).json.results.length,
      (await ask('GET', TOKENS)).json.results.length,
      ...[...json.subkeys, ...json.tokens].map(({ state }) => state),
    ];
  };
  const changed = async () => [
    (await ask('PUT', paths[0] ?? '', { name: 'other' })).status,
    ...(await Promise.all(paths.map((path) => ask('PUT', `${path}/allowed-cidrs`, { allowed_cidrs: [] })))).map(
      ({ status }) => status,
    ),
  ];
  world.clock.setWallAhead(100);
  expect(await shown()).toEqual(['expired', 'expired', 0, 0, 'expired', 'expired']);
  expect(await changed()).toEqual([404, 404, 404]);
  expect(await register()).toContain('is expired');
  world.clock.setWallAhead(0);
  expect(await shown()).toEqual(['active', 'active', 1, 1, 'active', 'issued']);
  expect(await changed()).toEqual([200, 200, 200]);
  expect(await register()).toMatch(/registered already/);
});

test('a credential made while the clock is ahead ends in its time by the right clock', async () => {
  world.clock.setWallAhead(200);
  const body = { name: 'bot', expiry_duration: 60 };
  const made = await call(world.url, 'POST', TOKENS, { bearer: owner.session, body });
  const session = await mainSession(world, owner);
  const subkey = await addSubkey(world, owner, { expires_in: 60 });
  expect(made.status).toBe(200);
  world.clock.setWallAhead(0);
  const login = await postLogin(world, loginOf(world, subkey, owner.account), subkey.publicKey);
  const bearers = [made.json.token, session, sessionIn(login)];
  for (const bearer of bearers) expect(await stateOf(world, bearer)).toBe('alive');
  world.clock.advance(61);
  const after = [REFUSED, 'alive', REFUSED];
  for (const [i, bearer] of bearers.entries()) expect(await stateOf(world, bearer)).toBe(after[i]);
  world.clock.advance(240);
  expect(await stateOf(world, session)).toBe(REFUSED);
});

test('a signature of the future is not taken for one of now while the clock is ahead', async () => {
  const wallet = await newWalletOwner(world);
  world.clock.setWallAhead(400);
  const timestamp = world.clock.seconds() + 400;
  const answer = await postLogin(
    world,
    loginOf(world, owner.key, owner.account, { timestamp, expiration: timestamp + 60 }),
  );
  expect([answer.status, answer.json.error]).toEqual([400, 'INVALID_TIMESTAMP']);
  const message = siweOf(world, wallet, 'Paradex Auth', { age: -400 });
  const login = await postWallet(world, '/v2/auth', wallet, message);
  expect([login.status, login.json.error]).toEqual([400, 'INVALID_TIMESTAMP']);
});

test('a clock that jumps ahead neither rotates nor retires keys', async () => {
  const before = (await operate(world.service, 'GET', '/signing-keys')).text;
  world.clock.setWallAhead(3_650 * DAY);
  expect((await operate(world.service, 'GET', '/signing-keys')).text).toBe(before);
});
