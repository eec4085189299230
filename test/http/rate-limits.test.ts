// Rate limits as a client meets them (docs/wire.md section 12). Time stands still, so that counts are exact, and moves when the test says.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { unsignedOrders } from '../support/harness.ts';
import { type Answer, call, createToken, hasher, onboardingHeaders, starkTrader } from '../support/trader.ts';
import {
  addSubkey,
  expectRefusal,
  forgedFrom,
  loginOf,
  newOwner,
  newWalletOwner,
  type Owner,
  postLogin,
  postWallet,
  SELF,
  SUBKEYS,
  siweOf,
  startWorld,
  subkeySession,
  TOKENS,
  type World,
} from '../support/world.ts';

const names = ['X-RateLimit-Limit', 'X-RateLimit-Remaining', 'X-RateLimit-Reset', 'X-Ratelimit-Window', 'Retry-After'];
const limitHeaders = ({ headers }: Answer): (string | null)[] => names.map((name) => headers.get(name));

/** ccxt raises its rate-limit error only when the body has no `error` member (docs/decisions.md "error bodies"). */
function expectLimited(answer: Answer): void {
  expect(answer.status, answer.text).toBe(429);
  expect(Object.keys(answer.json)).toEqual(['message']);
  expect(answer.json.message).toMatch(/^rate limit exceeded/);
  expect(answer.headers.get('Retry-After')).toMatch(/^[1-9]\d*$/);
  expect(answer.headers.get('Cache-Control')).toBe('no-store');
  expect(answer.headers.get('Countersign-Request-Id')).not.toBeNull();
}

const small: Record<string, string> = {
  ...unsignedOrders,
  'rate_limit.enabled': 'true',
  'public/min': '6',
  'login/min': '4',
  'onboarding/min': '3',
  'activate/min': '2',
};
const started: World[] = [];
/** A service of its own, because what one test counts another must not. */
async function limited(settings: Record<string, string> = {}): Promise<World> {
  const world = await startWorld({ settings: { ...small, ...settings } });
  started.push(world);
  return world;
}
afterAll(async () => {
  for (const world of started) await world.stop();
});

describe('before anything is proven, an address is counted', () => {
  test('public requests count for their address: headers on every answer, 429 when used up, refilled by time', async () => {
    const world = await limited();
    const time = () => call(world.url, 'GET', '/v1/system/time');
    const now = world.clock.seconds();
    const seen = [];
    for (let i = 0; i < 6; i += 1) seen.push(limitHeaders(await time()));
    expect(seen).toEqual(
      [5, 4, 3, 2, 1, 0].map((left, i) => ['6', String(left), String(now + (i + 1) * 10), '60', null]),
    );
    const refused = await time();
    expectLimited(refused);
    expect(limitHeaders(refused)).toEqual(['6', '0', String(now + 60), '60', '10']);
    world.clock.advance(9);
    expectLimited(await time());
    world.clock.advance(1);
    expect((await time()).status).toBe(200);
    expectLimited(await time());
  });

  test('the venue hears nothing of what is over the limit, and its answers carry the headers too', async () => {
    const world = await limited();
    const market = () => call(world.url, 'GET', '/v1/markets');
    expect(limitHeaders(await market())[1]).toBe('5');
    for (let i = 0; i < 5; i += 1) expect((await market()).status).toBe(200);
    const before = world.service.venue.total();
    expectLimited(await market());
    expect(world.service.venue.total()).toBe(before);
  });

  test('all three forms of login share one count, which good and bad ones use up alike', async () => {
    const world = await limited({ 'onboarding/min': '100' });
    const owner = await newOwner(world);
    const bad = await postLogin(world, { 'PARADEX-STARKNET-ACCOUNT': owner.account }, owner.key.publicKey);
    expectRefusal(bad, 400, 'INVALID_REQUEST_PARAMETER');
    expect(limitHeaders(bad).slice(0, 2)).toEqual(['4', '2']);
    await newWalletOwner(world);
    expect((await postLogin(world, loginOf(world, owner.key, owner.account))).status).toBe(200);
    for (const path of ['/v1/auth', `/v1/auth/${owner.key.publicKey}`, '/v2/auth', '/v1/v2/auth']) {
      expectLimited(await call(world.url, 'POST', path));
    }
    expect((await call(world.url, 'GET', '/v1/system/time')).status).toBe(200);
    expect((await call(world.url, 'GET', SELF, { bearer: owner.session })).status).toBe(200);
  });

  test('onboarding has a count of its own for an address', async () => {
    const world = await limited();
    const trader = starkTrader();
    const headers = onboardingHeaders(hasher, trader.key, trader.account);
    const body = { public_key: trader.key.publicKey };
    expect((await call(world.url, 'POST', '/v1/onboarding', { headers, body })).status).toBe(200);
    for (let i = 0; i < 2; i += 1) expect((await call(world.url, 'GET', '/v1/onboarding')).status).toBe(400);
    for (const path of ['/v1/onboarding', '/v2/onboarding', '/v1/v2/onboarding']) {
      expectLimited(await call(world.url, 'POST', path, { headers, body }));
    }
    expect((await postLogin(world, loginOf(world, trader.key, trader.account))).status).toBe(200);
  });

  test('activation has a count of its own for an address', async () => {
    const world = await limited();
    const activate = () => call(world.url, 'POST', '/v1/account/keys/subkeys/activate', { body: {} });
    for (let i = 0; i < 2; i += 1) expectRefusal(await activate(), 400, 'INVALID_REQUEST_PARAMETER');
    expectLimited(await activate());
  });

  test('a private request counts for its address even when its bearer is refused', async () => {
    const world = await limited({ 'private/min': '5' });
    const { session } = await newOwner(world);
    for (let i = 0; i < 4; i += 1)
      expectRefusal(await call(world.url, 'GET', '/v1/balance', { bearer: 'x' }), 401, 'UNAUTHORIZED_ERROR');
    expect((await call(world.url, 'GET', '/v1/balance', { bearer: session })).status).toBe(200);
    expectLimited(await call(world.url, 'GET', '/v1/balance', { bearer: session }));
    expectLimited(await call(world.url, 'GET', '/v1/balance'));
  });

  test('addresses behind a trusted proxy are counted apart, and forged ones are not', async () => {
    const from = (world: World, address: string) =>
      call(world.url, 'GET', '/v1/system/time', { headers: { 'X-Forwarded-For': address } });
    const proxied = await limited({ 'proxy.trusted': '127.0.0.1/32', 'public/min': '1' });
    expect((await from(proxied, '192.0.2.1')).status).toBe(200);
    expect((await from(proxied, '192.0.2.2')).status).toBe(200);
    expectLimited(await from(proxied, '192.0.2.1'));
    const direct = await limited({ 'public/min': '1' });
    expect((await from(direct, '192.0.2.1')).status).toBe(200);
    expectLimited(await from(direct, '192.0.2.2'));
  });
});

describe('once a request was authorized, its account is counted', () => {
  const perAccount = {
    'login/min': '100',
    'onboarding/min': '100',
    'private-read/min': '3',
    'orders/s': '2',
    'keys/min': '2',
  };
  let world: World;
  let owner: Owner;
  beforeAll(async () => {
    world = await limited(perAccount);
    owner = await newOwner(world);
  });

  test('reads of an account are counted over all its credentials, and apart from those of other accounts', async () => {
    const reader = await newOwner(world);
    const { token } = await createToken(world.url, reader.session);
    const read = (bearer: string) => call(world.url, 'GET', '/v1/balance', { bearer });
    expect((await read(reader.session)).status).toBe(200);
    expect((await read(token)).status).toBe(200);
    const last = await read(token);
    // The tightest of all that were charged.
    expect([last.status, limitHeaders(last).slice(0, 2)]).toEqual([200, ['3', '0']]);
    expectLimited(await read(token));
    expectLimited(await read(reader.session));
    expectLimited(await call(world.url, 'GET', SELF, { bearer: token }));
    expect((await read(owner.session)).status).toBe(200);
  });

  test('orders of an account are counted by the second, apart from those of other accounts', async () => {
    const order = () => call(world.url, 'DELETE', '/v1/orders', { bearer: owner.session });
    for (let i = 0; i < 2; i += 1) expect((await order()).status).toBeLessThan(300);
    const before = world.service.venue.total();
    expectLimited(await order());
    expect(world.service.venue.total()).toBe(before);
    world.clock.advance(1);
    expect((await order()).status).toBeLessThan(300);
  });

  test('interactive orders are three a second over all interactive sessions of an account, cancels and other sessions apart', async () => {
    const own = await limited();
    const trader = await newOwner(own);
    const interactive = async () => {
      const { json } = await call(own.url, 'POST', '/v1/auth?token_usage=interactive', {
        headers: loginOf(own, trader.key, trader.account),
      });
      return String(json.jwt_token);
    };
    const [one, other] = [await interactive(), await interactive()];
    const act = (method: string, bearer: string, id = '') =>
      call(own.url, method, `/v1/orders${id}`, { bearer, ...(method === 'DELETE' ? {} : { body: {} }) });
    expect(limitHeaders(await act('POST', one)).slice(0, 2)).toEqual(['3', '2']);
    await act('PUT', other, '/1');
    await act('POST', other);
    const before = own.service.venue.total();
    expectLimited(await act('POST', one));
    expectLimited(await act('PUT', other, '/1'));
    expect(own.service.venue.total()).toBe(before);
    expect((await act('DELETE', one)).status).toBeLessThan(300);
    expect(limitHeaders(await act('POST', trader.session))[0]).not.toBe('3');
    expect(own.service.venue.total()).toBe(before + 2);
    own.clock.advance(1);
    await act('POST', one);
    expect(own.service.venue.total()).toBe(before + 3);
  });

  test('changes of keys of an account are counted, and a refused one changes nothing', async () => {
    const maker = await newOwner(world);
    for (let i = 0; i < 2; i += 1) await createToken(world.url, maker.session);
    expectLimited(await call(world.url, 'POST', TOKENS, { bearer: maker.session, body: {} }));
    expect((await call(world.url, 'GET', TOKENS, { bearer: maker.session })).json.results).toHaveLength(2);
  });

  test('whoever uses up the count of an address cannot keep an owner there from revoking everything', async () => {
    const shared = await limited({ ...perAccount, 'private/min': '3' });
    const victim = await newOwner(shared);
    const press = (path: string, bearer: string) =>
      call(shared.url, 'POST', `/countersign/v1/${path}`, { bearer, body: path === 'revoke-all' ? {} : undefined });
    for (let i = 0; i < 3; i += 1) await call(shared.url, 'GET', '/v1/balance');
    expectLimited(await call(shared.url, 'GET', '/v1/balance', { bearer: victim.session }));
    // Who cannot prove to be an owner is counted there too.
    expectLimited(await press('revoke-all', forgedFrom(victim.session)));
    const answer = await press('sign-out-everywhere', victim.session);
    expect([answer.status, answer.headers.get('Retry-After')]).toEqual([200, null]);
    expectLimited(await press('revoke-all', victim.session));
  });

  test('a thief who uses up the changes of keys cannot keep the owner from revoking everything', async () => {
    const victim = await newOwner(world);
    for (let i = 0; i < 2; i += 1) await createToken(world.url, victim.session);
    expectLimited(await call(world.url, 'POST', TOKENS, { bearer: victim.session, body: {} }));
    const answer = await call(world.url, 'POST', '/countersign/v1/revoke-all', { bearer: victim.session, body: {} });
    expect([answer.status, answer.json.tokens.length]).toEqual([200, 2]);
  });

  test('a refused request costs the account nothing, so that nobody can lock its owner out', async () => {
    const victim = await newOwner(world);
    const forged = forgedFrom(victim.session);
    for (let i = 0; i < 10; i += 1)
      expectRefusal(await call(world.url, 'GET', '/v1/balance', { bearer: forged }), 401, 'UNAUTHORIZED_ERROR');
    const { token } = await createToken(world.url, victim.session, { allowed_cidrs: ['203.0.113.0/24'] });
    for (let i = 0; i < 10; i += 1)
      expectRefusal(await call(world.url, 'GET', '/v1/balance', { bearer: token }), 403, 'IP_NOT_ALLOWED');
    const answer = await call(world.url, 'GET', '/v1/balance', { bearer: victim.session });
    expect([answer.status, limitHeaders(answer).slice(0, 2)]).toEqual([200, ['3', '2']]);
  });
});

describe('of the limits of an account, one subkey or token may use its share', () => {
  const shares = {
    'login/min': '100',
    'onboarding/min': '100',
    'private-read/min': '10',
    'orders/min': '10',
    'private-read%': '50',
    'orders%': '70',
    'interactive-orders%': '70',
  };
  let world: World;
  let owner: Owner;
  beforeAll(async () => {
    world = await limited(shares);
    owner = await newOwner(world);
  });
  const read = (bearer: string) => call(world.url, 'GET', '/v1/balance', { bearer });
  const cancel = (bearer: string) => call(world.url, 'DELETE', '/v1/orders', { bearer });
  /** How many pass before the first that is limited, which is returned. */
  async function until(limit: number, ask: () => Promise<Answer>): Promise<Answer> {
    for (let i = 0; i < limit; i += 1) expect((await ask()).status).toBeLessThan(300);
    const refused = await ask();
    expectLimited(refused);
    return refused;
  }

  test('a bot that loops, in all its sessions together, leaves its owner the rest, and the venue hears no more of it', async () => {
    const subkey = await addSubkey(world, owner);
    const first = await subkeySession(world, owner.account, subkey);
    world.clock.advance(1);
    const second = await subkeySession(world, owner.account, subkey);
    expect(second).not.toBe(first);
    for (let i = 0; i < 4; i += 1) expect((await cancel(first)).status).toBe(200);
    const refused = await until(3, () => cancel(second));
    expect(limitHeaders(refused)).toEqual(['7', '0', String(world.clock.seconds() + 60), '60', '9']);
    expect(refused.json.message).toMatch(/: 7 requests per 60 s for this credential; /);
    const before = world.service.venue.total();
    expectLimited(await cancel(first));
    expect(world.service.venue.total()).toBe(before);
    const last = await until(3, () => cancel(owner.session));
    expect(last.json.message).toMatch(/: 10 requests per 60 s for this account; /);
  });

  test('a bot with an interactive session leaves its owner the rest of the interactive orders, of the day too', async () => {
    const own = await limited({
      ...shares,
      'interactive-orders/s': '100',
      'interactive-orders/day': '4',
    });
    const trader = await newOwner(own);
    const subkey = await addSubkey(own, trader);
    const sessionOf = async (key: Owner['key'], publicKey?: string) => {
      const path = publicKey === undefined ? '/v1/auth' : `/v1/auth/${publicKey}`;
      const headers = loginOf(own, key, trader.account);
      return String((await call(own.url, 'POST', `${path}?token_usage=interactive`, { headers })).json.jwt_token);
    };
    const [bot, main] = [await sessionOf(subkey, subkey.publicKey), await sessionOf(trader.key)];
    const place = (bearer: string) => call(own.url, 'POST', '/v1/orders', { bearer, body: {} });
    const statuses = async (bearer: string) => {
      const answers = [];
      for (let i = 0; i < 4; i += 1) answers.push((await place(bearer)).status === 429 ? 'limited' : 'passed');
      return answers;
    };
    // 70 percent of four are two, by the day.
    expect(await statuses(bot)).toEqual(['passed', 'passed', 'limited', 'limited']);
    expect(await statuses(main)).toEqual(['passed', 'passed', 'limited', 'limited']);
  });

  test('a token has a share of the limits, and what it is refused costs its account nothing', async () => {
    const reader = await newOwner(world);
    const { token } = await createToken(world.url, reader.session);
    expect(limitHeaders(await read(token)).slice(0, 2)).toEqual(['5', '4']);
    await until(4, () => read(token));
    for (let i = 0; i < 10; i += 1) expectLimited(await read(token));
    // Another token of the account has its own share of what is left.
    const second = await createToken(world.url, reader.session);
    expect((await read(second.token)).status).toBe(200);
    const answer = await read(reader.session);
    expect([answer.status, limitHeaders(answer).slice(0, 2)]).toEqual([200, ['10', '3']]);
  });

  test('the main key has no share but all of the limits of its account', async () => {
    const alone = await newOwner(world);
    await until(10, () => read(alone.session));
    await until(10, () => cancel(alone.session));
  });

  test('a request that is refused for another reason costs the credential nothing', async () => {
    const victim = await newOwner(world);
    const { token } = await createToken(world.url, victim.session);
    for (let i = 0; i < 10; i += 1) expectRefusal(await cancel(token), 403, 'INVALID_TOKEN_SCOPE');
    await until(5, () => read(token));
  });
});

describe('sessions of one account', () => {
  const few = {
    'login/min': '1000',
    'onboarding/min': '100',
    'sessions/min': '5',
    'sessions%': '60',
  };
  const login = (at: World, of: Owner, by = of.key) => postLogin(at, loginOf(at, by, of.account), by.publicKey);

  test('sessions of an account are five a minute; one more is 429, for its account alone, until time has passed', async () => {
    const world = await limited(few);
    const [owner, other] = [await newOwner(world), await newOwner(world)];
    // One was opened for each of them, and each is signed anew.
    for (let i = 0; i < 4; i += 1) {
      world.clock.advance(1);
      expect((await login(world, owner)).status).toBe(200);
    }
    world.clock.advance(1);
    const refused = await login(world, owner);
    expectLimited(refused);
    expect(limitHeaders(refused)).toEqual(['5', '0', expect.any(String), '60', expect.any(String)]);
    expect(refused.json.message).toMatch(/: 5 requests per 60 s for this account; /);
    expect((await login(world, other)).status).toBe(200);
    world.clock.advance(12);
    expect((await login(world, owner)).status).toBe(200);
    const { operatorUrl, operatorToken } = world.service;
    const { text } = await call(operatorUrl, 'GET', '/metrics', { bearer: operatorToken });
    expect(text).toContain('countersign_rate_limited_total{bucket="account-login",scope="account"} 1\n');
  });

  test('a subkey has a share of the sessions, so that its owner can always sign in and end it', async () => {
    const world = await limited(few);
    const owner = await newOwner(world);
    const subkey = await addSubkey(world, owner);
    for (let i = 0; i < 3; i += 1) {
      world.clock.advance(1);
      expect((await login(world, owner, subkey)).status).toBe(200);
    }
    for (let i = 0; i < 10; i += 1) {
      const refused = await login(world, owner, subkey);
      expectLimited(refused);
      expect(refused.json.message).toMatch(/: 3 requests per 60 s for this credential; /);
    }
    expect((await login(world, owner)).status).toBe(200);
  });

  test('a captured login signature that is sent again and again has a share of the sessions of an account', async () => {
    const world = await limited(few);
    const owner = await newOwner(world);
    world.clock.advance(12);
    const captured = loginOf(world, owner.key, owner.account);
    const answers = [];
    for (let i = 0; i < 10; i += 1) answers.push(await postLogin(world, captured, owner.key.publicKey));
    expect(answers.map(({ status }) => status)).toEqual([...Array(3).fill(200), ...Array(7).fill(429)]);
    world.clock.advance(1);
    expect((await login(world, owner)).status).toBe(200);
  });

  test('a login signature that opens one session alone is not remembered for the limit: nobody can send it again', async () => {
    const remembered = async (singleUse: string) => {
      const world = await limited({ ...few, 'login.single_use': singleUse });
      const owner = await newOwner(world);
      const counts: number[] = [];
      const { operatorUrl, operatorToken } = world.service;
      for (let i = 0; i < 4; i += 1) {
        world.clock.advance(1);
        expect((await login(world, owner)).status).toBe(200);
        const { text } = await call(operatorUrl, 'GET', '/metrics', { bearer: operatorToken });
        counts.push(Number(/^countersign_rate_limit_keys (\d+)$/m.exec(text)?.[1]));
      }
      return counts.map((count) => count - (counts[0] ?? 0));
    };
    expect(await remembered('true')).toEqual([0, 0, 0, 0]);
    expect(await remembered('false')).toEqual([0, 1, 2, 3]);
  });

  test('no login that opens no session is counted: forged, by a revoked key, from elsewhere, or used before', async () => {
    const world = await limited({ ...few, 'login.single_use': 'true' });
    const owner = await newOwner(world);
    const [elsewhere, revoked] = [await addSubkey(world, owner), await addSubkey(world, owner)];
    const put = { bearer: owner.session, body: { allowed_cidrs: ['203.0.113.0/24'] } };
    await call(world.url, 'PUT', `${SUBKEYS}/${elsewhere.publicKey}/allowed-cidrs`, put);
    await call(world.url, 'DELETE', `${SUBKEYS}/${revoked.publicKey}`, { bearer: owner.session });
    world.clock.advance(1);
    const good = loginOf(world, owner.key, owner.account);
    expect((await postLogin(world, good, owner.key.publicKey)).status).toBe(200);
    for (let i = 0; i < 10; i += 1) {
      expect((await postLogin(world, good, owner.key.publicKey)).status).toBe(401);
      const forged = loginOf(world, starkTrader().key, owner.account);
      expect((await postLogin(world, forged, owner.key.publicKey)).status).toBe(401);
      expect((await login(world, owner, elsewhere)).status).toBe(403);
      expect((await login(world, owner, revoked)).status).toBe(401);
    }
    // Three are left of five.
    for (let i = 0; i < 3; i += 1) {
      world.clock.advance(1);
      expect((await login(world, owner)).status).toBe(200);
    }
    world.clock.advance(1);
    expectLimited(await login(world, owner));
  });

  test('a login that is refused for the limit of sessions uses up neither its signature nor its nonce', async () => {
    const world = await limited({ ...few, 'login.single_use': 'true' });
    const [owner, wallet] = [await newOwner(world), await newWalletOwner(world)];
    const signInByWallet = (text: string) => postWallet(world, '/v2/auth', wallet, text);
    for (let i = 0; i < 4; i += 1) {
      world.clock.advance(1);
      expect((await login(world, owner)).status).toBe(200);
      expect((await signInByWallet(siweOf(world, wallet, 'Paradex Auth'))).status).toBe(200);
    }
    world.clock.advance(1);
    const signature = loginOf(world, owner.key, owner.account);
    const message = siweOf(world, wallet, 'Paradex Auth');
    const again = async () => [await postLogin(world, signature, owner.key.publicKey), await signInByWallet(message)];
    for (const answer of await again()) expectLimited(answer);
    world.clock.advance(12);
    expect((await again()).map(({ status }) => status)).toEqual([200, 200]);
    expect((await again()).map(({ status }) => status)).toEqual([401, 401]);
  });
});

describe('emergencies', () => {
  const few = {
    'login/min': '100',
    'onboarding/min': '100',
    'emergency/min': '3',
  };
  const press = (world: World, owner: Owner, body: unknown, path = 'revoke-all') =>
    call(world.url, 'POST', `/countersign/v1/${path}`, { bearer: owner.session, body });

  test.each<[string, unknown]>([
    ['no kinds', { kinds: [] }],
    ['a kind that does not exist', { kinds: ['session'] }],
    ['too many kinds', { kinds: ['token', 'token', 'token', 'token'] }],
    ['a wrong type', { kinds: 'token' }],
    ['no JSON', '{'],
  ])(
    'emergencies that change nothing, by %s, are three a minute and then 429: whoever ends something is not held up',
    async (_what, body) => {
      const world = await limited(few);
      const [owner, other] = [await newOwner(world), await newOwner(world)];
      for (let i = 0; i < 3; i += 1) expect((await press(world, owner, body)).status).toBe(400);
      for (let i = 0; i < 10; i += 1) {
        const refused = await press(world, owner, body);
        expectLimited(refused);
        expect(limitHeaders(refused)).toEqual(['3', '0', String(world.clock.seconds() + 60), '60', '20']);
      }
      expect((await press(world, other, body)).status).toBe(400);
      const answer = await press(world, owner, {});
      expect([answer.status, answer.headers.get('Retry-After')]).toEqual([200, null]);
    },
  );

  test('an emergency with a dead session is counted for its address, and one that ends something is not counted at all', async () => {
    const world = await limited(few);
    const owner = await newOwner(world);
    let { session } = owner;
    for (let i = 0; i < 8; i += 1) {
      const ended = await press(world, { ...owner, session }, undefined, 'sign-out-everywhere');
      expect(ended.status).toBe(200);
      expectRefusal(await press(world, { ...owner, session }, {}), 401, 'UNAUTHORIZED_ERROR');
      world.clock.advance(31);
      ({
        json: { jwt_token: session },
      } = await postLogin(world, loginOf(world, owner.key, owner.account), owner.key.publicKey));
    }
    expect((await press(world, { ...owner, session }, { kinds: [] })).status).toBe(400);
  });
});

describe('the switch', () => {
  test('with rate limits off there are no headers and no end', async () => {
    const world = await limited({ 'rate_limit.enabled': 'false', 'public/min': '1' });
    for (let i = 0; i < 5; i += 1) {
      const answer = await call(world.url, 'GET', '/v1/system/time');
      expect([answer.status, ...limitHeaders(answer)]).toEqual([200, null, null, null, null, null]);
    }
  });

  test('with rate limits on the limits are those of the wire by default', async () => {
    const world = await startWorld({ settings: { 'rate_limit.enabled': 'true' } });
    started.push(world);
    const owner = await newOwner(world);
    const limitOf = async (asked: Promise<Answer>) => limitHeaders(await asked)[0];
    const { session: bearer } = owner;
    const wallet = await newWalletOwner(world);
    expect(await limitOf(call(world.url, 'GET', '/v1/markets'))).toBe('1500');
    expect(await limitOf(postLogin(world, loginOf(world, owner.key, owner.account)))).toBe('600');
    expect(await limitOf(postWallet(world, '/v2/auth', wallet, siweOf(world, wallet, 'Paradex Auth')))).toBe('600');
    expect(await limitOf(call(world.url, 'GET', '/v1/onboarding'))).toBe('600');
    expect(await limitOf(call(world.url, 'GET', '/v1/balance', { bearer }))).toBe('120');
    expect(await limitOf(call(world.url, 'DELETE', '/v1/orders', { bearer }))).toBe('800');
    expect(await limitOf(call(world.url, 'POST', TOKENS, { bearer, body: {} }))).toBe('60');
    expect(await limitOf(call(world.url, 'POST', '/v1/account/profile/username', { bearer, body: {} }))).toBe('1500');
    expect(await limitOf(call(world.url, 'POST', '/v1/account/keys/subkeys/activate'))).toBe('30');
  });
});
