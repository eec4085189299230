// POST /v1/auth and /v1/auth/{public_key}: who gets a session, of which kind, and in which order what is wrong is told.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createStarkKey } from '../../src/client/stark-key.ts';
import { unixSeconds } from '../../src/domain/time.ts';
import { createMessageHasher } from '../../src/starknet/message.ts';
import { curve } from '../support/curve.ts';
import { call, hasher, onboard, starkTrader } from '../support/trader.ts';
import {
  addSubkey,
  claimsOf,
  ELSEWHERE,
  expectRefusal,
  expectSuccess,
  loginOf,
  newOwner,
  newStarkKey,
  type Owner,
  postLogin,
  postSubkey,
  registrationBody,
  SELF,
  SUBKEYS,
  sessionIn,
  startWorld,
  stateOf,
  type World,
  windowOf,
} from '../support/world.ts';

let world: World;
let owner: Owner;
let subkey: ReturnType<typeof newStarkKey>;
let revoked: ReturnType<typeof newStarkKey>;
let elsewhere: ReturnType<typeof newStarkKey>;
beforeAll(async () => {
  world = await startWorld();
  owner = await newOwner(world);
  subkey = await addSubkey(world, owner);
  revoked = await addSubkey(world, owner);
  elsewhere = await addSubkey(world, owner, { allowed_cidrs: ELSEWHERE });
  const path = `${SUBKEYS}/${revoked.publicKey}`;
  expect((await call(world.url, 'DELETE', path, { bearer: owner.session })).status).toBe(200);
});
afterAll(() => world.stop());

const ACCOUNT = 'PARADEX-STARKNET-ACCOUNT';
const SIGNATURE = 'PARADEX-STARKNET-SIGNATURE';
const TIMESTAMP = 'PARADEX-TIMESTAMP';
const EXPIRATION = 'PARADEX-SIGNATURE-EXPIRATION';
const WEEK = 604_800;
const FAILED = 'STARKNET_SIGNATURE_VERIFICATION_FAILED';

const wide = (felt: string): string => `0x${felt.slice(2).toUpperCase().padStart(64, '0')}`;
const without = (headers: Record<string, string>, name: string): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([header]) => header !== name));

describe('a session', () => {
  test('a session is {"jwt_token"} with the claims of the house, for 300 seconds from now', async () => {
    const answer = await postLogin(
      world,
      loginOf(world, owner.key, owner.account, windowOf(world, { age: 100, life: 130 })),
    );
    expectSuccess(answer, 200);
    expect(Object.keys(answer.json)).toEqual(['jwt_token']);
    const now = world.clock.seconds();
    const { jti, ...claims } = claimsOf(answer.json.jwt_token);
    expect(jti).toMatch(/^[0-9a-f-]{36}$/);
    expect(claims).toEqual({
      typ: 'at+JWT',
      iss: 'countersign',
      aud: 'countersign:session',
      sub: owner.account,
      iat: now,
      exp: now + 300,
      auth_time: now - 100,
      cs_kind: 'main',
      cs_id: 'main',
      cs_key: owner.key.publicKey,
    });
  });

  test('a session has the kind of the key that verified, not of the path', async () => {
    const kind = async (key: typeof subkey, path?: string) => {
      const { cs_kind, cs_key } = claimsOf(sessionIn(await postLogin(world, loginOf(world, key, owner.account), path)));
      return [cs_kind, cs_key];
    };
    expect(await kind(owner.key)).toEqual(['main', owner.key.publicKey]);
    expect(await kind(owner.key, owner.key.publicKey)).toEqual(['main', owner.key.publicKey]);
    expect(await kind(subkey)).toEqual(['subkey', subkey.publicKey]);
    expect(await kind(subkey, subkey.publicKey)).toEqual(['subkey', subkey.publicKey]);
  });

  test('a session lives to its last second and not into the next', async () => {
    const own = await startWorld();
    try {
      const { session } = await newOwner(own);
      own.clock.advance(299);
      expect(await stateOf(own, session)).toBe('alive');
      own.clock.advance(1);
      const message = expectRefusal(await call(own.url, 'GET', SELF, { bearer: session }), 401, 'UNAUTHORIZED_ERROR');
      expect(message).toBe('invalid bearer jwt: token is expired by 0s (missing or malformed jwt)');
      own.clock.advance(12);
      const later = await call(own.url, 'GET', '/v1/balance', { bearer: session });
      expect(expectRefusal(later, 401, 'UNAUTHORIZED_ERROR')).toContain('token is expired by 12s');
    } finally {
      await own.stop();
    }
  });

  test('a session outlives the signature that it was opened with', async () => {
    const headers = loginOf(world, owner.key, owner.account, windowOf(world, { age: 29, life: 30 }));
    const { exp } = claimsOf(sessionIn(await postLogin(world, headers)));
    expect(exp).toBe(world.clock.seconds() + 300);
  });

  test('a second login with the same signature opens another session', async () => {
    const headers = loginOf(world, owner.key, owner.account);
    const ids = [await postLogin(world, headers), await postLogin(world, headers)].map(
      (answer) => claimsOf(sessionIn(answer)).jti,
    );
    expect(new Set(ids).size).toBe(2);
  });

  test.each([
    ['/v1/auth', false],
    ['/v1/auth/{public_key}', true],
  ])('a session of POST %s has token_usage and the isolated flag exactly when asked', async (_name, named) => {
    const path = `/v1/auth${named ? `/${owner.key.publicKey}` : ''}`;
    const claims = async (query: string, flag?: string) => {
      const headers = loginOf(world, owner.key, owner.account);
      if (flag !== undefined) headers['PARADEX-AUTHORIZE-ISOLATED-MARKETS'] = flag;
      const { token_usage, iso } = claimsOf(sessionIn(await call(world.url, 'POST', path + query, { headers })));
      return { token_usage, iso };
    };
    expect(await claims('')).toEqual({});
    expect(await claims('?token_usage=interactive', 'true')).toEqual({ token_usage: 'interactive', iso: true });
    expect(await claims('?token_usage=robot', 'false')).toEqual({});
    expect(await claims('?token_usage=', '')).toEqual({});
  });

  test('a session hands its isolated flag on to the venue', async () => {
    const headers = { ...loginOf(world, owner.key, owner.account), 'PARADEX-AUTHORIZE-ISOLATED-MARKETS': 'true' };
    const seen: unknown[] = [];
    for (const bearer of [sessionIn(await postLogin(world, headers)), owner.session]) {
      expect((await call(world.url, 'GET', '/v1/balance', { bearer })).status).toBe(200);
      seen.push(world.service.venue.requests().at(-1)?.headers['countersign-isolated-markets']);
    }
    expect(seen).toEqual(['true', 'false']);
  });
});

describe('the habits of real clients', () => {
  test.each([
    ['no body', {}],
    ['an empty body of JSON', { headers: { 'Content-Type': 'application/json' } }],
    ['""', { body: '""' }],
    ['{}', { body: '{}' }],
    ['nonsense', { body: '{"', headers: { 'Content-Type': 'nonsense' } }],
    ['a stale bearer', { bearer: 'stale' }],
    ['a message hash of their own', { headers: { 'PARADEX-STARKNET-MESSAGE-HASH': '0x1' } }],
  ])('a login with %s works on both paths', async (_name, options) => {
    for (const path of ['/v1/auth', '/v1/auth/', `/v1/auth/${owner.key.publicKey}`]) {
      const headers = { ...loginOf(world, owner.key, owner.account), ...('headers' in options ? options.headers : {}) };
      expectSuccess(await call(world.url, 'POST', path, { ...options, headers }), 200);
    }
  });

  test('a login reads addresses and keys as numbers, and signatures in decimal or hex', async () => {
    const headers = loginOf(world, subkey, owner.account);
    const pair: string[] = JSON.parse(headers[SIGNATURE] ?? '');
    const hex = JSON.stringify(pair.map((text) => `0x${BigInt(text).toString(16)}`));
    const answer = await postLogin(
      world,
      { ...headers, [ACCOUNT]: wide(owner.account), [SIGNATURE]: hex },
      wide(subkey.publicKey),
    );
    expect(claimsOf(sessionIn(answer))).toMatchObject({ sub: owner.account, cs_key: subkey.publicKey });
  });

  test('a login with the (r, N-s) twin of a signature is as good', async () => {
    const N = 0x800000000000010ffffffffffffffffb781126dcae7b2321e66a241adc64d2fn;
    const headers = loginOf(world, owner.key, owner.account);
    const [r = '', s = ''] = JSON.parse(headers[SIGNATURE] ?? '');
    const twin = JSON.stringify([r, String(N - BigInt(s))]);
    expect((await postLogin(world, { ...headers, [SIGNATURE]: twin })).status).toBe(200);
  });

  test('a login without the expiration header is accepted with either form of the message, on both paths', async () => {
    const timestamp = world.clock.seconds();
    const base = { [ACCOUNT]: owner.account, [TIMESTAMP]: String(timestamp) };
    const { account } = owner;
    const forms = [
      hasher.loginHashWithoutExpiration({ account, timestamp: unixSeconds(timestamp) }),
      hasher.loginHash({ account, timestamp: unixSeconds(timestamp), expiration: unixSeconds(timestamp + 1800) }),
    ];
    for (const key of [owner.key, subkey]) {
      for (const hash of forms) {
        const headers = { ...base, [SIGNATURE]: JSON.stringify(key.sign(hash)) };
        expectSuccess(await postLogin(world, headers), 200);
        expectSuccess(await postLogin(world, headers, key.publicKey), 200);
      }
    }
    const another = hasher.loginHash({
      account,
      timestamp: unixSeconds(timestamp),
      expiration: unixSeconds(timestamp + 1801),
    });
    const headers = { ...base, [SIGNATURE]: JSON.stringify(owner.key.sign(another)) };
    expectRefusal(await postLogin(world, headers), 401, FAILED);
  });

  test('a login with the expiration header is refused with the form of the message that has none', async () => {
    const timestamp = unixSeconds(world.clock.seconds());
    const hash = hasher.loginHashWithoutExpiration({ account: owner.account, timestamp });
    const headers = { ...loginOf(world, owner.key, owner.account), [SIGNATURE]: JSON.stringify(owner.key.sign(hash)) };
    expectRefusal(await postLogin(world, headers), 401, FAILED);
  });
});

describe('times', () => {
  const login = (age: number, life: number) =>
    postLogin(world, loginOf(world, owner.key, owner.account, windowOf(world, { age, life })));

  test('a login signature may be valid for exactly 7 days, and not a second more', async () => {
    expectSuccess(await login(0, WEEK), 200);
    expectSuccess(await login(WEEK - 1, WEEK), 200);
    expectRefusal(await login(0, WEEK + 1), 400, 'INVALID_BLOCK_EXPIRATION');
  });

  test('a login signature ends with its expiration', async () => {
    expectSuccess(await login(29, 30), 200);
    const answer = await login(30, 30);
    expect(expectRefusal(answer, 400, 'INVALID_BLOCK_EXPIRATION')).toContain('expired 0 s ago');
    expect(answer.json.data).toEqual({ server_time: world.clock.seconds(), skew_seconds: -30 });
  });

  test('a login signature without an expiration lives for 30 minutes', async () => {
    const login = (age: number) => {
      const { timestamp } = windowOf(world, { age });
      const hash = hasher.loginHashWithoutExpiration({ account: owner.account, timestamp: unixSeconds(timestamp) });
      const signature = JSON.stringify(owner.key.sign(hash));
      return postLogin(world, { [ACCOUNT]: owner.account, [TIMESTAMP]: String(timestamp), [SIGNATURE]: signature });
    };
    expectSuccess(await login(1799), 200);
    expectRefusal(await login(1800), 400, 'INVALID_BLOCK_EXPIRATION');
  });

  test.each([
    ['before its timestamp', -1],
    ['at its timestamp', 0],
  ])('a login signature that expires %s is refused', async (_name, life) => {
    expectRefusal(await login(-10, life), 400, 'INVALID_BLOCK_EXPIRATION');
  });

  test('a login signature may be 30 seconds ahead and no more, and a clock that is off is told by how much', async () => {
    expectSuccess(await login(-30, 60), 200);
    const answer = await login(-31, 60);
    const now = world.clock.seconds();
    expect(expectRefusal(answer, 400, 'INVALID_TIMESTAMP')).toContain('31 s ahead');
    expect(answer.json.data).toEqual({ server_time: now, skew_seconds: 31 });
  });
});

describe('what is malformed', () => {
  test.each([
    [ACCOUNT, undefined, 'INVALID_REQUEST_PARAMETER'],
    [SIGNATURE, undefined, 'INVALID_REQUEST_PARAMETER'],
    [TIMESTAMP, undefined, 'INVALID_REQUEST_PARAMETER'],
    [ACCOUNT, 'paradex', 'INVALID_STARKNET_ADDRESS'],
    [ACCOUNT, '0x0', 'INVALID_STARKNET_ADDRESS'],
    [ACCOUNT, `0x${'f'.repeat(64)}`, 'INVALID_STARKNET_ADDRESS'],
    [SIGNATURE, '[1,2]', 'INVALID_STARKNET_SIGNATURE'],
    [SIGNATURE, '["1","2","3"]', 'INVALID_STARKNET_SIGNATURE'],
    [SIGNATURE, '["-1","2"]', 'INVALID_STARKNET_SIGNATURE'],
    [SIGNATURE, '{"r":"1","s":"2"}', 'INVALID_STARKNET_SIGNATURE'],
    [SIGNATURE, '1', 'INVALID_STARKNET_SIGNATURE'],
    [TIMESTAMP, 'now', 'INVALID_TIMESTAMP'],
    [TIMESTAMP, '-1', 'INVALID_TIMESTAMP'],
    [TIMESTAMP, '1.5', 'INVALID_TIMESTAMP'],
    [TIMESTAMP, '1e9', 'INVALID_TIMESTAMP'],
    [TIMESTAMP, '1800000000000000', 'INVALID_TIMESTAMP'],
    [EXPIRATION, 'tomorrow', 'INVALID_BLOCK_EXPIRATION'],
    [EXPIRATION, '0x1', 'INVALID_BLOCK_EXPIRATION'],
    ['PARADEX-AUTHORIZE-ISOLATED-MARKETS', 'maybe', 'INVALID_REQUEST_PARAMETER'],
  ])('a login with %s = %s is 400 %s', async (name, value, code) => {
    const headers = without(loginOf(world, owner.key, owner.account), name);
    if (value !== undefined) headers[name] = value;
    expectRefusal(await postLogin(world, headers), 400, code);
    expectRefusal(await postLogin(world, headers, owner.key.publicKey), 400, code);
  });

  test.each(['x', '0x', 'activate', `0x${'f'.repeat(64)}`, '12'])(
    'a login with the key %s in its path is 400 PUBLIC_KEY_INVALID',
    async (path) => {
      expectRefusal(await postLogin(world, loginOf(world, owner.key, owner.account), path), 400, 'PUBLIC_KEY_INVALID');
    },
  );
});

describe('what is not proven', () => {
  test('a login of an unknown account is told so in the words that clients onboard on', async () => {
    const stranger = starkTrader();
    const answer = await postLogin(world, loginOf(world, stranger.key, stranger.account));
    expect(expectRefusal(answer, 400, 'NOT_ONBOARDED')).toMatch(/^user has never called the \/onboarding endpoint/);
  });

  test('a login of an account that is made of a subkey is told that it must be the main key, in words that tell nobody whose subkey it is', async () => {
    const { key, account: own } = starkTrader();
    const { status } = await postSubkey(world, owner.session, registrationBody(world, owner, key));
    expect(status).toBe(201);
    const said = new Set<string>();
    for (const account of [own, key.publicKey as string as typeof own, starkTrader().account]) {
      for (const path of [undefined, key.publicKey]) {
        const answer = await postLogin(world, loginOf(world, key, account), path);
        said.add(expectRefusal(answer, 400, 'NOT_ONBOARDED'));
        expect(answer.json.data).toBeNull();
      }
    }
    expect([...said]).toEqual([
      expect.stringContaining('the account must be that of the main key, also when a subkey signs'),
    ]);
  });

  test('a login by a revoked subkey is 401 INVALID_SUBKEY on both paths, and only for its holder on the plain one', async () => {
    const headers = loginOf(world, revoked, owner.account);
    expectRefusal(await postLogin(world, headers), 401, 'INVALID_SUBKEY');
    expectRefusal(await postLogin(world, headers, revoked.publicKey), 401, 'INVALID_SUBKEY');
  });

  test('a login by a key that the account never had is 401', async () => {
    const stranger = newStarkKey();
    const headers = loginOf(world, stranger, owner.account);
    expectRefusal(await postLogin(world, headers), 401, FAILED);
    expectRefusal(await postLogin(world, headers, stranger.publicKey), 401, 'INVALID_SUBKEY');
  });

  test('a key logs in for its own account only', async () => {
    const other = await newOwner(world);
    for (const key of [owner.key, subkey]) {
      expectRefusal(await postLogin(world, loginOf(world, key, other.account)), 401, FAILED);
      expectRefusal(await postLogin(world, loginOf(world, key, other.account), key.publicKey), 401, 'INVALID_SUBKEY');
      const moved = { ...loginOf(world, key, owner.account), [ACCOUNT]: other.account };
      expectRefusal(await postLogin(world, moved), 401, FAILED);
    }
  });

  test.each([
    ['another key of the account', () => loginOf(world, subkey, owner.account)],
    [
      'a later timestamp',
      () => ({ ...loginOf(world, owner.key, owner.account), [TIMESTAMP]: String(world.clock.seconds() + 1) }),
    ],
    [
      'a later expiration',
      () => ({ ...loginOf(world, owner.key, owner.account), [EXPIRATION]: String(world.clock.seconds() + 601) }),
    ],
    ['zeros', () => ({ ...loginOf(world, owner.key, owner.account), [SIGNATURE]: '["0","0"]' })],
    [
      'huge numbers',
      () => ({ ...loginOf(world, owner.key, owner.account), [SIGNATURE]: `["${'9'.repeat(76)}","${'9'.repeat(76)}"]` }),
    ],
    [
      'the onboarding signature',
      () => ({
        ...loginOf(world, owner.key, owner.account),
        [SIGNATURE]: JSON.stringify(owner.key.sign(hasher.onboardingHash(owner.account))),
      }),
    ],
  ])('a login with a signature over something else is 401: %s', async (_name, headers) => {
    expectRefusal(await postLogin(world, headers(), owner.key.publicKey), 401, FAILED);
  });

  test('a login signature made for another chain id is 401', async () => {
    const other = createMessageHasher(curve, { domainName: 'Paradex', chainId: 'PRIVATE_SN_PARACLEAR_TESTNET' });
    const { timestamp, expiration } = windowOf(world);
    const hash = other.loginHash({
      account: owner.account,
      timestamp: unixSeconds(timestamp),
      expiration: unixSeconds(expiration),
    });
    const headers = { ...loginOf(world, owner.key, owner.account), [SIGNATURE]: JSON.stringify(owner.key.sign(hash)) };
    expectRefusal(await postLogin(world, headers), 401, FAILED);
  });

  test('a login of a subkey from outside its allowlist is 403 IP_NOT_ALLOWED on both paths', async () => {
    const headers = loginOf(world, elsewhere, owner.account);
    for (const answer of [await postLogin(world, headers), await postLogin(world, headers, elsewhere.publicKey)]) {
      expectRefusal(answer, 403, 'IP_NOT_ALLOWED');
      expect(answer.json.data).toEqual({ client_ip: '127.0.0.1' });
    }
  });
});

describe('the order in which things are told: form, account, key, times, signature, allowlist', () => {
  const stranger = createStarkKey('0x1234');
  const unknown = starkTrader('0x4321');
  const late = () => windowOf(world, { age: 100, life: 50 });
  const spoiled = (headers: Record<string, string>) => ({ ...headers, [SIGNATURE]: '["1","2"]' });

  test('a login with a malformed header is told of that before it is told that the account is unknown', async () => {
    const headers = { ...loginOf(world, unknown.key, unknown.account), [TIMESTAMP]: 'x' };
    expectRefusal(await postLogin(world, headers), 400, 'INVALID_TIMESTAMP');
  });

  test('a login of an unknown account is told of that before a wrong key, times and signature', async () => {
    const headers = spoiled(loginOf(world, stranger, unknown.account, late()));
    expectRefusal(await postLogin(world, headers, stranger.publicKey), 400, 'NOT_ONBOARDED');
  });

  test('a login by a wrong key is told of that before wrong times', async () => {
    const headers = spoiled(loginOf(world, stranger, owner.account, late()));
    expectRefusal(await postLogin(world, headers, stranger.publicKey), 401, 'INVALID_SUBKEY');
    const dead = spoiled(loginOf(world, revoked, owner.account, late()));
    expectRefusal(await postLogin(world, dead, revoked.publicKey), 401, 'INVALID_SUBKEY');
  });

  test('a login with wrong times is told of that before a wrong signature', async () => {
    const headers = spoiled(loginOf(world, subkey, owner.account, late()));
    expectRefusal(await postLogin(world, headers, subkey.publicKey), 400, 'INVALID_BLOCK_EXPIRATION');
    expectRefusal(await postLogin(world, headers), 400, 'INVALID_BLOCK_EXPIRATION');
  });

  test('a login with a wrong signature is told of that before the allowlist: only a key holder learns that there is one', async () => {
    const headers = spoiled(loginOf(world, elsewhere, owner.account));
    expectRefusal(await postLogin(world, headers, elsewhere.publicKey), 401, FAILED);
    expectRefusal(await postLogin(world, headers), 401, FAILED);
  });

  test('the unknown account of the tests of order is one: onboarded, the same login works', async () => {
    await onboard(world.url, unknown);
    expectSuccess(await postLogin(world, loginOf(world, unknown.key, unknown.account)), 200);
  });
});
