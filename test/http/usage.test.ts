// GET /countersign/v1/usage and /countersign/v1/addresses, and when each credential was last used. Every request of a proven credential
// counts once, by how it ended.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { emergencyHeaders } from '../../src/client/sign-in.ts';
import { closedPort } from '../support/closed-port.ts';
import { unsignedOrders } from '../support/harness.ts';
import { operate } from '../support/operator.ts';
import { call, createToken, hasher } from '../support/trader.ts';
import {
  addSubkey,
  ELSEWHERE,
  expectRefusal,
  expectSuccess,
  forgedFrom,
  loginOf,
  mainSession,
  newOwner,
  newStarkKey,
  newWalletOwner,
  type Owner,
  postLogin,
  postSubkey,
  postWallet,
  SELF,
  SUBKEYS,
  siweOf,
  startWorld,
  subkeySession,
  TOKENS,
  type World,
  windowOf,
} from '../support/world.ts';

const USAGE = '/countersign/v1/usage';
const ADDRESSES = '/countersign/v1/addresses';

let world: World;
let owner: Owner;
beforeAll(async () => {
  world = await startWorld({ settings: unsignedOrders });
});
afterAll(() => world.stop());
beforeEach(async () => {
  owner = await newOwner(world);
});

const get = (path: string, bearer = owner.session, where = world) => call(where.url, 'GET', path, { bearer });

/** Counts of one credential, as `allowed refused limited failed`; undefined while it has none. */
async function countsOf(credential: string, bearer = owner.session, where = world): Promise<string | undefined> {
  const answer = await get(`${USAGE}?credential=${credential}`, bearer, where);
  expect(answer.status, answer.text).toBe(200);
  const [row, ...more] = answer.json.results;
  expect(more).toEqual([]);
  return row && `${row.allowed} ${row.refused} ${row.limited} ${row.failed}`;
}

const today = (): string => world.clock.date().toISOString().slice(0, 10);
const subkeyOf = async (publicKey: string, bearer = owner.session, where = world) =>
  (await get(`${SUBKEYS}/${publicKey}`, bearer, where)).json;
const tokenOf = async (lookupId: string) =>
  (await get(`${TOKENS}?with_invalid=true`)).json.results.find(
    (one: { lookup_id: string }) => one.lookup_id === lookupId,
  );

describe('counts every request of a proven credential once', () => {
  test('a subkey: its login, what is served by us or the venue, what it may not do, and what is malformed but allowed', async () => {
    const key = await addSubkey(world, owner);
    const { id } = await subkeyOf(key.publicKey);
    const subkey = `subkey:${id}`;
    expect(await countsOf(subkey)).toBeUndefined();
    const bearer = await subkeySession(world, owner.account, key);
    expect(await countsOf(subkey)).toBe('1 0 0 0');
    expect((await get(SELF, bearer)).status).toBe(200);
    expect((await get('/v1/balance', bearer)).status).toBe(200);
    expect(await countsOf(subkey)).toBe('3 0 0 0');
    expectRefusal(await postSubkey(world, bearer, {}), 403, 'INVALID_TOKEN_SCOPE');
    expect(await countsOf(subkey)).toBe('3 1 0 0');
    // Decided yes, and found wrong by the handler.
    expectRefusal(await get(`${SUBKEYS}/0x1234`, bearer), 404, 'NOT_FOUND');
    expect(await countsOf(subkey)).toBe('4 1 0 0');
    // Unknown paths are refused before anybody is asked for.
    expect((await get('/v1/no-such-path', bearer)).status).toBe(404);
    expect((await get('/v1/balance', forgedFrom(bearer))).status).toBe(401);
    expect(await countsOf(subkey)).toBe('4 1 0 0');
  });

  test('a token: from an address of its list, from another, and after its end', async () => {
    const { token, lookupId } = await createToken(world.url, owner.session);
    const { token_id } = await tokenOf(lookupId);
    const name = `token:${token_id}`;
    expect((await get('/v1/balance', token)).status).toBe(200);
    await call(world.url, 'PUT', `${TOKENS}/${lookupId}/allowed-cidrs`, {
      bearer: owner.session,
      body: { allowed_cidrs: ELSEWHERE },
    });
    expect((await get('/v1/balance', token)).status).toBe(403);
    expect(await countsOf(name)).toBe('1 1 0 0');
    await call(world.url, 'DELETE', `${TOKENS}/${lookupId}`, { bearer: owner.session });
    expect((await get('/v1/balance', token)).status).toBe(401);
    expect(await countsOf(name)).toBe('1 2 0 0');
  });

  test('logins: one that opens a session is allowed, one with a good signature that opens none is refused, and a bad signature is nobody', async () => {
    const key = await addSubkey(world, owner, { allowed_cidrs: ELSEWHERE });
    const { id } = await subkeyOf(key.publicKey);
    expect((await postLogin(world, loginOf(world, key, owner.account), key.publicKey)).status).toBe(403);
    expect(await countsOf(`subkey:${id}`)).toBe('0 1 0 0');
    await call(world.url, 'DELETE', `${SUBKEYS}/${key.publicKey}`, { bearer: owner.session });
    for (const path of [key.publicKey, undefined]) {
      expect((await postLogin(world, loginOf(world, key, owner.account), path)).status).toBe(401);
    }
    expect(await countsOf(`subkey:${id}`)).toBe('0 3 0 0');
    const before = await countsOf('main:main');
    expect((await postLogin(world, loginOf(world, newStarkKey(), owner.account))).status).toBe(401);
    // The question itself is the one request more.
    expect(Number((await countsOf('main:main'))?.split(' ')[0])).toBe(Number(before?.split(' ')[0]) + 1);
    expect((await countsOf('main:main'))?.slice(-5)).toBe('0 0 0');
  });

  test('onboarding, logins and bearers of a wallet count for the wallet', async () => {
    const wallet = await newWalletOwner(world);
    expect(await countsOf('evm:main', wallet.session)).toBe('2 0 0 0');
    const message = siweOf(world, wallet, 'Paradex Auth');
    expect((await postWallet(world, '/v2/auth', wallet, message)).status).toBe(200);
    expect((await postWallet(world, '/v2/auth', wallet, message)).status).toBe(401);
    // The first question counts, too.
    expect(await countsOf('evm:main', wallet.session)).toBe('4 1 0 0');
  });

  test('a signature in an emergency counts for the key that made it: the first is allowed, its repeat refused', async () => {
    const headers = emergencyHeaders(hasher, owner.key, owner.account, windowOf(world), 'sign_out');
    const press = () => call(world.url, 'POST', '/countersign/v1/sign-out-everywhere', { headers });
    expect((await press()).status).toBe(200);
    expect((await press()).status).toBe(401);
    world.clock.advance(60);
    const session = await mainSession(world, owner);
    // Onboarded, logged in, signed out, logged in.
    expect(await countsOf('main:main', session)).toBe('4 1 0 0');
  });

  test('a request over the limit of its account counts as limited', async () => {
    const small = await startWorld({
      settings: { ...unsignedOrders, 'rate_limit.enabled': 'true', 'orders/min': '4', 'emergency/min': '1' },
    });
    try {
      const limited = await newOwner(small);
      const key = await addSubkey(small, limited);
      const { id } = await subkeyOf(key.publicKey, limited.session, small);
      const bearer = await subkeySession(small, limited.account, key);
      const statuses = [];
      for (let i = 0; i < 6; i += 1) statuses.push((await call(small.url, 'DELETE', '/v1/orders', { bearer })).status);
      const over = statuses.filter((status) => status === 429).length;
      expect(over).toBeGreaterThan(0);
      expect(await countsOf(`subkey:${id}`, limited.session, small)).toBe(`${1 + statuses.length - over} 0 ${over} 0`);
      // A handler may find the limit, too: of emergencies that change nothing.
      const nothing = () =>
        call(small.url, 'POST', '/countersign/v1/revoke-all', { bearer: limited.session, body: { kinds: [] } });
      expect([(await nothing()).status, (await nothing()).status]).toEqual([400, 429]);
      expect(await countsOf('main:main', limited.session, small)).toMatch(/ 0 1 0$/);
    } finally {
      await small.stop();
    }
  });

  test('a 503 of ours counts as failed, also where the venue cannot be reached', async () => {
    const alone = await startWorld({ upstream: `http://127.0.0.1:${await closedPort()}` });
    try {
      const lonely = await newOwner(alone);
      const { token, lookupId } = await createToken(alone.url, lonely.session);
      expect((await get('/v1/balance', token, alone)).status).toBe(503);
      const { results } = (await get(USAGE, lonely.session, alone)).json;
      const row = results.find((one: { credential: { kind: string } }) => one.credential.kind === 'token');
      expect(row).toMatchObject({ allowed: 0, refused: 0, limited: 0, failed: 1 });
      expect(lookupId).toMatch(/-/);
    } finally {
      await alone.stop();
    }
  });

  test('an order that is refused after its request was admitted counts as refused', async () => {
    const strict = await startWorld();
    try {
      const trader = await newOwner(strict);
      const key = await addSubkey(strict, trader);
      const { id } = await subkeyOf(key.publicKey, trader.session, strict);
      const bearer = await subkeySession(strict, trader.account, key);
      const order = { market: 'BTC-USD-PERP', side: 'BUY', type: 'LIMIT', size: '1', price: '1' };
      const body = { ...order, signature: '["1","1"]', signature_timestamp: strict.clock.seconds() * 1000 };
      expect((await call(strict.url, 'POST', '/v1/orders', { bearer, body })).status).toBe(400);
      expect(await countsOf(`subkey:${id}`, trader.session, strict)).toBe('1 1 0 0');
    } finally {
      await strict.stop();
    }
  });
});

describe('last used', () => {
  test('a subkey and a token say when and from where a request of theirs was last allowed; 0 and empty before that', async () => {
    const key = await addSubkey(world, owner);
    const { token, lookupId } = await createToken(world.url, owner.session);
    expect(await subkeyOf(key.publicKey)).toMatchObject({ last_used_at: 0, last_used_ip: '' });
    expect(await tokenOf(lookupId)).toMatchObject({ last_used_at: 0, last_used_ip: '' });
    world.clock.advance(1);
    await subkeySession(world, owner.account, key);
    await get('/v1/balance', token);
    const at = `${world.clock.nanos()}`;
    for (const list of [SUBKEYS, TOKENS]) {
      // Compared as text: a JSON number of nanoseconds has lost digits.
      expect((await get(list)).text).toContain(`"last_used_at":${at},"last_used_ip":"127.0.0.1"`);
    }
    world.clock.advance(1);
    expect((await get(SUBKEYS, token)).status).toBe(403);
    expect((await get(TOKENS)).text).toContain(`"last_used_at":${at},`);
  });
});

describe('who may ask, and for what', () => {
  test('a row has the day, and the credential by kind and id', async () => {
    const answer = await get(USAGE);
    expectSuccess(answer, 200);
    expect(answer.json).toEqual({
      results: [
        {
          credential: { kind: 'main', id: 'main' },
          day: today(),
          allowed: 2,
          refused: 0,
          limited: 0,
          failed: 0,
        },
      ],
      next: null,
    });
  });

  test('one day may be asked for, with either end or both on it', async () => {
    for (const query of [`from=${today()}`, `to=${today()}`, `from=${today()}&to=${today()}`]) {
      expect((await get(`${USAGE}?${query}`)).json.results, query).toHaveLength(1);
    }
    const before = new Date(world.clock.date().getTime() - 86_400_000).toISOString().slice(0, 10);
    const after = new Date(world.clock.date().getTime() + 86_400_000).toISOString().slice(0, 10);
    for (const query of [`to=${before}`, `from=${after}`]) {
      expect((await get(`${USAGE}?${query}`)).json.results, query).toEqual([]);
    }
  });

  test('an address has its first and last time, and what was allowed and refused from there', async () => {
    const first = world.clock.nanos();
    world.clock.advance(1);
    await get(SELF);
    const answer = await get(`${ADDRESSES}?credential=main:main`);
    expectSuccess(answer, 200);
    expect(answer.text).toBe(
      `{"results":[{"address":"127.0.0.1","first_at":${first},"last_at":${world.clock.nanos()},"allowed":3,"refused":0}],"next":null}`,
    );
  });

  test('a subkey and a token may not ask', async () => {
    const bearer = await subkeySession(world, owner.account, await addSubkey(world, owner));
    const { token } = await createToken(world.url, owner.session);
    for (const path of [USAGE, `${ADDRESSES}?credential=main:main`]) {
      for (const one of [bearer, token]) expectRefusal(await get(path, one), 403, 'INVALID_TOKEN_SCOPE');
      expectRefusal(await call(world.url, 'GET', path), 401, 'UNAUTHORIZED_ERROR');
    }
  });

  test('a credential of another account was used by nobody, as one that does not exist', async () => {
    const other = await newOwner(world);
    const key = await addSubkey(world, owner);
    await subkeySession(world, owner.account, key);
    const { id } = await subkeyOf(key.publicKey);
    for (const path of [USAGE, ADDRESSES]) {
      for (const one of [id, '999999']) {
        const answer = await get(`${path}?credential=subkey:${one}`, other.session);
        expect(answer.json).toEqual({ results: [], next: null });
      }
    }
  });

  test.each([
    ['credential=42', 'credential is not kind:id'],
    ['credential=', 'credential is not kind:id'],
    ['credential=subkey:x', 'credential is not kind:id'],
    ['credential=robot:1', 'credential is not kind:id'],
    ['from=yesterday', 'from is not a day'],
    ['from=2026-02-30', 'from is not a day'],
    ['to=', 'to is not a day'],
    ['from=2026-11-02&to=2026-11-01', 'from must not be after to'],
    ['limit=501', 'limit must be'],
    ['cursor=1', 'cursor is not one'],
    ['cursor=2026-13-01.main:main', 'cursor is not one'],
  ])('usage?%s is refused by the name of what is wrong', async (query, said) => {
    const message = expectRefusal(await get(`${USAGE}?${query}`), 400, 'INVALID_REQUEST_PARAMETER');
    expect(message).toContain(said);
  });

  test('addresses are told of one credential: without its name the question is refused', async () => {
    for (const query of [
      '',
      '?credential=',
      '?credential=main',
      '?credential=main:main&cursor=x',
      '?credential=main:main&day=1',
    ]) {
      expect((await get(`${ADDRESSES}${query}`)).status).toBe(400);
    }
    expect((await get(`${USAGE}?credentials=main:main`)).status).toBe(400);
  });
});

test('counts, last use and addresses outlive a restart, and with usage.keep_days = 0 nothing is told or kept', async () => {
  const first = await startWorld({ settings: unsignedOrders });
  const trader = await newOwner(first);
  const key = await addSubkey(first, trader);
  await subkeySession(first, trader.account, key);
  const { id } = await subkeyOf(key.publicKey, trader.session, first);
  const { folder } = first.service;
  await first.stop();

  const second = await startWorld({ settings: unsignedOrders, folder });
  const session = await mainSession(second, trader);
  expect(await countsOf(`subkey:${id}`, session, second)).toBe('1 0 0 0');
  expect((await get(`${ADDRESSES}?credential=subkey:${id}`, session, second)).json.results).toHaveLength(1);
  const found = await operate(second.service, 'POST', '/credentials/find', { credential: `subkey:${id}` });
  expect(found.json.results[0]).toMatchObject({
    last_used_ip: '127.0.0.1',
    addresses: [{ address: '127.0.0.1', allowed: 1, refused: 0 }],
  });
  await second.stop();

  const third = await startWorld({ settings: { ...unsignedOrders, 'usage.keep_days': '0' }, folder });
  try {
    const again = await mainSession(third, trader);
    expect(await subkeyOf(key.publicKey, again, third)).toMatchObject({ last_used_at: 0, last_used_ip: '' });
    expect((await get(USAGE, again, third)).json).toEqual({ results: [], next: null });
    expect((await get(`${ADDRESSES}?credential=subkey:${id}`, again, third)).json).toEqual({ results: [], next: null });
  } finally {
    await third.stop();
  }
});
