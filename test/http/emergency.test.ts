// Signing out everywhere, revoking all, reporting a leaked bearer: over real HTTP, with a clock that the test moves.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createStarkKey, randomStarkPrivateKey, type StarkKey } from '../../src/client/stark-key.ts';
import { curve } from '../support/curve.ts';
import { type Service, startService } from '../support/harness.ts';
import {
  type Answer,
  call,
  createToken,
  hasher,
  loginHeaders,
  mainSession,
  onboard,
  onboardWallet,
  registerSubkey,
  registrationProof,
  type StarkTrader,
  starkTrader,
  walletSession,
  walletTrader,
  windowFrom,
} from '../support/trader.ts';

const TOLERANCE = 30;

let service: Service;
let ahead = 0;
let alice: StarkTrader;

beforeAll(async () => {
  const time = {
    wall: () => BigInt(Date.now() + ahead * 1000) * 1_000_000n,
    monotonic: () => performance.now() + ahead * 1000,
  };
  service = await startService({ time, settings: { 'tokens.max_live': '10000' } });
});
afterAll(async () => {
  await service.stop();
});
beforeEach(async () => {
  alice = starkTrader();
  await onboard(service.url, alice);
});

const nowMs = () => Date.now() + ahead * 1000;
const ask = (method: string, path: string, bearer?: string, body?: unknown): Promise<Answer> =>
  call(service.url, method, path, {
    ...(bearer === undefined ? {} : { bearer }),
    ...(body === undefined ? {} : { body }),
  });
const balance = async (bearer: string) => (await ask('GET', '/v1/balance', bearer)).status;
const signed = (key = alice.key, offset = 0) =>
  loginHeaders(hasher, key, alice.account, windowFrom(nowMs() + offset * 1000, 600));
const post = (headers: Record<string, string>) => call(service.url, 'POST', '/v1/auth', { headers });

async function session(key = alice.key): Promise<string> {
  const answer = await post(signed(key));
  expect(answer.status, answer.text).toBe(200);
  return answer.json.jwt_token;
}

async function addSubkey(main: string) {
  const subkey = createStarkKey(randomStarkPrivateKey());
  const proof = registrationProof(curve, alice.key, alice.account, subkey.publicKey, windowFrom(nowMs(), 300));
  const body = { name: 'bot', public_key: subkey.publicKey, ...proof };
  expect((await ask('POST', '/v1/account/keys/subkeys', main, body)).status).toBe(201);
  return subkey;
}

describe('signing out everywhere', () => {
  test("signing out everywhere ends every session of the account at once, the caller's own too, and no token", async () => {
    const main = await session();
    const other = await session();
    const subkey = await addSubkey(main);
    const trading = await session(subkey);
    const { token } = await createToken(service.url, main);
    const answer = await ask('POST', '/countersign/v1/sign-out-everywhere', main);
    expect(answer.status).toBe(200);
    expect(answer.text).toMatch(/^\{"valid_after":\d{19}\}$/);
    expect(answer.headers.get('countersign-revocation')).toMatch(/^nodes=1; ms=\d+; in_flight=0$/);
    for (const bearer of [main, other, trading]) expect(await balance(bearer)).toBe(401);
    expect(await balance(token)).toBe(200);
  });

  test('signing out everywhere kills captured login signatures, those dated into the future too; a fresh one is told when to try again', async () => {
    const captured = signed();
    const future = signed(alice.key, TOLERANCE);
    const main = await session();
    await ask('POST', '/countersign/v1/sign-out-everywhere', main);
    for (const headers of [captured, future]) {
      const answer = await post(headers);
      expect([answer.status, answer.json.error]).toEqual([400, 'INVALID_TIMESTAMP']);
      expect(answer.json.message).toMatch(/sign again in \d+ s/);
    }
    ahead += TOLERANCE + 1;
    for (const headers of [captured, future]) expect((await post(headers)).status).toBe(400);
    expect(await balance(await session())).toBe(200);
  });

  test('signing out everywhere kills a registration that the main key signed before it', async () => {
    const subkey = createStarkKey(randomStarkPrivateKey());
    const proofAt = (ms: number) =>
      registrationProof(curve, alice.key, alice.account, subkey.publicKey, windowFrom(ms, 600));
    const body = (ms: number) => ({ name: 'bot', public_key: subkey.publicKey, ...proofAt(ms) });
    const captured = body(nowMs());
    await ask('POST', '/countersign/v1/sign-out-everywhere', await session());
    ahead += TOLERANCE + 1;
    const main = await session();
    const answer = await ask('POST', '/v1/account/keys/subkeys', main, captured);
    expect([answer.status, answer.json.error]).toEqual([400, 'INVALID_TIMESTAMP']);
    expect((await ask('POST', '/v1/account/keys/subkeys', main, body(nowMs()))).status).toBe(201);
  });

  test('signing out everywhere reaches wallet sessions and leaves other accounts alone', async () => {
    const wallet = walletTrader();
    await onboardWallet(service.url, wallet);
    const own = await startService();
    try {
      await onboardWallet(own.url, wallet);
      const theirs = starkTrader();
      await onboard(own.url, theirs);
      const headers = loginHeaders(hasher, theirs.key, theirs.account, windowFrom(Date.now(), 600));
      const bystander = (await call(own.url, 'POST', '/v1/auth', { headers })).json.jwt_token;
      const main = await walletSession(own.url, wallet);
      expect((await call(own.url, 'POST', '/countersign/v1/sign-out-everywhere', { bearer: main })).status).toBe(200);
      expect((await call(own.url, 'GET', '/v1/balance', { bearer: main })).status).toBe(401);
      expect((await call(own.url, 'GET', '/v1/balance', { bearer: bystander })).status).toBe(200);
    } finally {
      await own.stop();
    }
  });

  test('signing out everywhere and revoking all are refused to subkeys and tokens', async () => {
    const main = await session();
    const trading = await session(await addSubkey(main));
    const { token } = await createToken(service.url, main);
    for (const bearer of [trading, token]) {
      for (const path of ['sign-out-everywhere', 'revoke-all']) {
        const answer = await ask('POST', `/countersign/v1/${path}`, bearer, {});
        expect([answer.status, answer.json.error]).toEqual([403, 'INVALID_TOKEN_SCOPE']);
      }
    }
    expect(await balance(main)).toBe(200);
  });
});

/** What thieves got hold of in one round. */
interface Loot {
  /** True once the owner has read the 200. */
  pressed: boolean;
  readonly sessions: string[];
  readonly tokens: string[];
  /** What was asked after the 200, and refused. */
  refused: number;
}

/** Replays captured logins and uses what it gets, over and over, until it has been refused often enough. */
async function steal(captured: readonly Record<string, string>[], loot: Loot): Promise<void> {
  /** Asked after the 200 it must fail with `status`; before, it may or may not. */
  async function attempt(asked: () => Promise<Answer>, status: number): Promise<Answer | undefined> {
    const { pressed } = loot;
    const answer = await asked();
    if (answer.status === 200) {
      expect(pressed, 'granted after the 200').toBe(false);
      return answer;
    }
    expect(answer.status, answer.text).toBe(status);
    if (pressed) loot.refused += 1;
    return undefined;
  }
  while (loot.refused < 20) {
    for (const headers of captured) {
      const login = await attempt(() => post(headers), 400);
      if (login !== undefined) loot.sessions.push(login.json.jwt_token);
    }
    const bearer = loot.sessions.at(-1) ?? '';
    const created = await attempt(() => ask('POST', '/v1/account/tokens', bearer, {}), 401);
    if (created !== undefined) loot.tokens.push(created.json.token);
    await attempt(() => ask('GET', '/v1/balance', bearer), 401);
  }
}

// A captured login may be dated as far ahead as a login may be, and one of the thieves holds a session from the start.
test.each(['sign-out-everywhere', 'revoke-all'])(
  'thieves who hold a main session and replay captured logins while the owner presses %s keep nothing, round after round',
  async (button) => {
    const stolen: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      const captured = [signed(), signed(alice.key, TOLERANCE), signed(alice.key, TOLERANCE - 1)];
      const loot: Loot = { pressed: false, sessions: [await session()], tokens: [], refused: 0 };
      const thieves = Array.from({ length: 3 }, () => steal(captured, loot));
      const owner = await session();
      // In full swing.
      while (loot.tokens.length < 4) await ask('GET', '/v1/system/time');
      const answer = await ask('POST', `/countersign/v1/${button}`, owner, {});
      loot.pressed = true;
      expect(answer.status, answer.text).toBe(200);
      await Promise.all(thieves);
      if (button === 'revoke-all') {
        expect(answer.json.tokens.length).toBe(loot.tokens.length);
        stolen.push(...loot.tokens);
      }
      stolen.push(...loot.sessions);
      // The day after, too: as soon as a login is possible again, and with what was captured in earlier rounds.
      ahead += TOLERANCE + 1;
      for (const headers of captured) expect((await post(headers)).json.error).toBe('INVALID_TIMESTAMP');
      for (const bearer of stolen) expect(await balance(bearer)).toBe(401);
      const again = await session();
      expect(await balance(again)).toBe(200);
      const { results } = (await ask('GET', '/v1/account/tokens?limit=500', again)).json;
      // A sign-out ends no token; that none was made after it, the thieves have seen to.
      expect(results.length === 0).toBe(button === 'revoke-all');
    }
  },
);

describe('revoking all', () => {
  test('revoking all ends sessions, subkeys and tokens in one answer that lists them', async () => {
    const main = await session();
    const subkey = await addSubkey(main);
    const trading = await session(subkey);
    const { token, lookupId } = await createToken(service.url, main);
    const answer = await ask('POST', '/countersign/v1/revoke-all', main);
    expect(answer.status).toBe(200);
    expect(answer.json.subkeys).toEqual([{ public_key: subkey.publicKey, name: 'bot' }]);
    expect(answer.json.tokens).toMatchObject([{ lookup_id: lookupId }]);
    for (const bearer of [main, trading, token]) expect(await balance(bearer)).toBe(401);
    ahead += TOLERANCE + 1;
    expect((await post(signed(subkey))).json.error).toBe('INVALID_SUBKEY');
    const again = await session();
    const list = await ask('GET', '/v1/account/keys/subkeys?with_revoked=true', again);
    expect(list.json.results).toMatchObject([{ state: 'revoked' }]);
  });

  test('revoking all of one kind leaves the other kind alive', async () => {
    const main = await session();
    const subkey = await addSubkey(main);
    const { token } = await createToken(service.url, main);
    const answer = await ask('POST', '/countersign/v1/revoke-all', main, { kinds: ['token'] });
    expect(answer.json).toMatchObject({ subkeys: [], tokens: [{}] });
    expect(await balance(token)).toBe(401);
    ahead += TOLERANCE + 1;
    expect(await balance(await session(subkey))).toBe(200);
  });

  test('revoking all of an unknown kind is refused and changes nothing', async () => {
    const main = await session();
    const { token } = await createToken(service.url, main);
    for (const kinds of [[], ['main'], ['token', 'x']]) {
      const answer = await ask('POST', '/countersign/v1/revoke-all', main, { kinds });
      expect([answer.status, answer.json.error]).toEqual([400, 'INVALID_REQUEST_PARAMETER']);
    }
    expect(await balance(main)).toBe(200);
    expect(await balance(token)).toBe(200);
  });
});

describe('a leaked bearer', () => {
  const report = (token: string) => ask('POST', '/countersign/v1/leaked', undefined, { token });

  test('a read-only token that is reported as leaked is revoked', async () => {
    const main = await session();
    const { token } = await createToken(service.url, main);
    const other = await createToken(service.url, main);
    expect((await report(token)).status).toBe(200);
    expect(await balance(token)).toBe(401);
    expect(await balance(other.token)).toBe(200);
    expect(await balance(main)).toBe(200);
  });

  test("a session that is reported as leaked ends that credential's sessions up to its own, and never the key", async () => {
    const main = await session();
    const subkey = await addSubkey(main);
    const trading = await session(subkey);
    ahead += 1;
    const later = await session(subkey);
    expect((await report(trading)).status).toBe(200);
    expect(await balance(trading)).toBe(401);
    expect(await balance(later)).toBe(200);
    expect(await balance(main)).toBe(200);
    ahead += 1;
    expect(await balance(await session(subkey))).toBe(200);
  });

  test('a main session that is reported as leaked ends main sessions up to its own and leaves subkeys alone', async () => {
    const main = await session();
    const trading = await session(await addSubkey(main));
    expect((await report(main)).status).toBe(200);
    expect(await balance(main)).toBe(401);
    expect(await balance(trading)).toBe(200);
    ahead += 1;
    expect(await balance(await session())).toBe(200);
  });

  test.each([
    ['with its scheme', (jwt: string) => `Bearer ${jwt}`],
    ['with a scheme in small letters and more than one blank', (jwt: string) => `bearer   ${jwt}`],
    ['with its header', (jwt: string) => `Authorization: Bearer ${jwt}`],
    ['with the quotes of a log line', (jwt: string) => `"${jwt}",`],
    ['broken into lines', (jwt: string) => `${jwt.slice(0, 70)}\r\n  ${jwt.slice(70)}`],
    ['with what stands around it in a file', (jwt: string) => ` \t${jwt}\r\n`],
  ])('a leaked bearer is ended also when it was pasted %s', async (_how, paste) => {
    const { token } = await createToken(service.url, await session());
    expect((await report(paste(token))).text).toBe('{"received":true}');
    expect(await balance(token)).toBe(401);
  });

  test('a report of a leaked bearer gets the same answer whether it is alive, dead, expired or never ours', async () => {
    const main = await session();
    const { token } = await createToken(service.url, main);
    const alive = await report(token);
    const dead = await report(token);
    const foreign = await report('eyJhbGciOiJub25lIn0.e30.');
    const garbage = await report('x');
    expect(alive.text).toBe('{"received":true}');
    for (const answer of [dead, foreign, garbage]) {
      expect([answer.status, answer.text]).toEqual([alive.status, alive.text]);
    }
  });

  test('a report of a leaked bearer must have it as a text', async () => {
    const answer = await ask('POST', '/countersign/v1/leaked', undefined, {});
    expect([answer.status, answer.json.error]).toEqual([400, 'INVALID_REQUEST_PARAMETER']);
  });
});

test('with login.single_use a login signature opens one session, also as its (r, N-s) twin', async () => {
  const own = await startService({ settings: { 'login.single_use': 'true' } });
  try {
    await onboard(own.url, alice);
    const headers = loginHeaders(hasher, alice.key, alice.account, windowFrom(Date.now(), 600));
    const login = (sent: Record<string, string>) => call(own.url, 'POST', '/v1/auth', { headers: sent });
    const [first, second] = await Promise.all([login(headers), login(headers)]);
    expect([first.status, second.status].sort()).toEqual([200, 401]);
    const [r, s] = JSON.parse(headers['PARADEX-STARKNET-SIGNATURE'] ?? '[]');
    const order = 0x800000000000010ffffffffffffffffb781126dcae7b2321e66a241adc64d2fn;
    const twin = { ...headers, 'PARADEX-STARKNET-SIGNATURE': JSON.stringify([r, (order - BigInt(s)).toString()]) };
    expect((await login(twin)).json.error).toBe('SIGNATURE_ALREADY_USED');
    const fresh = loginHeaders(hasher, alice.key, alice.account, windowFrom(Date.now(), 601));
    expect((await login(fresh)).status).toBe(200);
  } finally {
    await own.stop();
  }
});

test('with login.single_use a signature counts once for the key that made it: a subkey uses up no login of the main key', async () => {
  const own = await startService({ settings: { 'login.single_use': 'true' } });
  try {
    const trader = starkTrader();
    await onboard(own.url, trader);
    const thief = await registerSubkey(own.url, trader, await mainSession(own.url, trader));
    const login = (key: StarkKey, window: ReturnType<typeof windowFrom>, path = '/v1/auth') =>
      call(own.url, 'POST', path, { headers: loginHeaders(hasher, key, trader.account, window) });
    // What the main key signs next is no secret: its own account, a time and a life.
    for (const [life, path] of [
      [500, '/v1/auth'],
      [501, `/v1/auth/${thief.publicKey}`],
    ] as const) {
      const window = windowFrom(Date.now(), life);
      expect((await login(thief, window, path)).status).toBe(200);
      expect((await login(trader.key, window)).status).toBe(200);
      for (const key of [thief, trader.key]) {
        const again = await login(key, window);
        expect([again.status, again.json.error]).toEqual([401, 'SIGNATURE_ALREADY_USED']);
        expect(again.json.message).toContain('this login signature was used before, at ');
      }
    }
  } finally {
    await own.stop();
  }
});
