// The client's session: when it signs in, for how many at once, and by whose clock.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Auth } from '../../src/client/auth.ts';
import { bearer } from '../../src/client/bearer-auth.ts';
import { type ClientOptions, createClient } from '../../src/client/create-client.ts';
import { Aborted, CountersignError, isCode, NoAnswer, WalletRefused } from '../../src/client/errors.ts';
import type { CallOptions } from '../../src/client/list.ts';
import { mainKeyOf } from '../../src/client/main-key.ts';
import { mainKey, mainSigner, starkKey, subkey, subkeySigner } from '../../src/client/stark-auth.ts';
import { createStarkKey, randomStarkPrivateKey } from '../../src/client/stark-key.ts';
import { says, startLyingServer, thenAll } from '../support/lying-server.ts';
import { starkTrader } from '../support/trader.ts';
import { addSubkey, newOwner, newStarkKey, type Owner, proofFor, startWorld, type World } from '../support/world.ts';

let world: World;
let owner: Owner;
beforeAll(async () => {
  world = await startWorld();
  owner = await newOwner(world);
});
afterAll(() => world.stop());

/** Counts what is asked, by method and path, the keys in it left out. */
function counting() {
  const asked: string[] = [];
  const fetch: NonNullable<ClientOptions['fetch']> = (url, init) => {
    asked.push(`${init?.method} ${new URL(String(url)).pathname.replace(/0x[0-9a-f]+/, '{key}')}`);
    return globalThis.fetch(url, init);
  };
  return { fetch, asked, count: (what: string): number => asked.filter((one) => one === what).length };
}
const LOGIN = 'POST /v1/auth/{key}';
const SELF = { method: 'GET', path: '/countersign/v1/self' } as const;
const ANSWER = { status: 403, code: 'IP_NOT_ALLOWED', message: 'no', requestId: 'id', retryAfterSeconds: 1 } as const;
const ORDER = { market: 'BTC-USD-PERP', side: 'BUY', type: 'LIMIT', size: '1', price: '1' } as const;

/** The test's clock, this far off. */
const clockOff = (seconds = 0) => ({ now: () => world.clock.date().getTime() + seconds * 1000 });
const clientOf = (options: Partial<ClientOptions> = {}) =>
  createClient({
    url: world.url,
    auth: starkKey(owner.privateKey, { account: owner.account }),
    clock: clockOff(),
    ...options,
  });

describe('signing in', () => {
  test('a client asks nothing before its first call, signs in for it, and then no more', async () => {
    const { fetch, asked, count } = counting();
    const client = clientOf({ fetch });
    expect(asked).toEqual([]);
    for (let i = 0; i < 3; i += 1) await client.request(SELF);
    expect(count(LOGIN)).toBe(1);
    expect(count('GET /countersign/v1/self')).toBe(3);
  });

  test('200 callers at once, at first and at expiry, wait for one login', async () => {
    const { fetch, count } = counting();
    const client = clientOf({ fetch });
    const all = () => Promise.all(Array.from({ length: 200 }, () => client.request(SELF)));
    await all();
    expect(count(LOGIN)).toBe(1);
    world.clock.advance(400);
    const answers = await all();
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect(count(LOGIN)).toBe(2);
  });

  test('a session is kept until 30 s before its end, and replaced then', async () => {
    const { fetch, count } = counting();
    const client = clientOf({ fetch });
    await client.request(SELF);
    world.clock.advance(269);
    await client.request(SELF);
    expect(count(LOGIN)).toBe(1);
    world.clock.advance(2);
    await client.request(SELF);
    expect(count(LOGIN)).toBe(2);
  });

  test('a session is replaced before its end though the clock of the machine was set back, or the even one stood still', async () => {
    for (const [back, still] of [
      [3600_000, 0],
      [0, 600_000],
    ] as const) {
      let [wall, even] = [0, 0];
      const { fetch, count } = counting();
      const now = () => world.clock.date().getTime() - wall;
      const client = clientOf({ fetch, clock: { now, monotonic: () => world.clock.time.monotonic() - even } });
      await client.request(SELF);
      world.clock.advance(271);
      [wall, even] = [back, Math.min(still, 271_000)];
      await client.request(SELF);
      expect(count(LOGIN)).toBe(2);
    }
  });

  test('a session that the server ended is replaced once, and what was asked is asked again, a POST of ours too', async () => {
    const { fetch, count } = counting();
    const client = clientOf({ fetch });
    await client.request(SELF);
    await clientOf().account.signOutEverywhere();
    world.clock.advance(40);
    const { value } = await client.tokens.create({ name: 'after the sign-out' });
    expect(value.api_token.name).toBe('after the sign-out');
    expect(count(LOGIN)).toBe(2);
    expect(count('POST /v1/account/tokens')).toBe(2);
  });

  test('right after signing out everywhere a login is refused with how long to wait, and is not tried again meanwhile', async () => {
    const { fetch, count } = counting();
    const client = clientOf({ fetch });
    await client.account.signOutEverywhere();
    await expect(client.request(SELF)).rejects.toMatchObject({
      code: 'INVALID_TIMESTAMP',
      data: { wait_seconds: expect.any(Number) },
    });
    expect(count(LOGIN)).toBe(2);
    world.clock.advance(40);
    expect((await client.request(SELF)).status).toBe(200);
  });

  test('a login that is refused only because it is signed a second behind a sign-out is signed anew after that second', async () => {
    const server = await startLyingServer();
    const refused = says(400, { error: 'INVALID_TIMESTAMP', message: 'sign again', data: { wait_seconds: 0 } });
    let began = 0;
    server.answer(
      thenAll((response, asked) => {
        if (began === 0) [began] = [performance.now(), refused(response, asked)];
        else says(200, { jwt_token: 'a.b.c' })(response, asked);
      }),
    );
    const client = createClient({ url: server.url, auth: starkKey('0x5', { account: '0x1' }) });
    await expect(client.account.session()).resolves.toMatchObject({ bearer: 'a.b.c' });
    expect(performance.now() - began).toBeGreaterThan(1900);
    expect(server.asked.filter(({ method }) => method === 'POST')).toHaveLength(2);
    await server.stop();
  });

  test('a login that fails is told to all who waited, and the next call tries again', async () => {
    const unknown = starkTrader();
    const { fetch, count } = counting();
    const client = clientOf({ auth: starkKey(unknown.privateKey), fetch });
    const refused = await Promise.allSettled([client.request(SELF), client.request(SELF)]);
    expect(refused.map((one) => one.status === 'rejected' && one.reason.code)).toEqual([
      'NOT_ONBOARDED',
      'NOT_ONBOARDED',
    ]);
    expect(count(LOGIN)).toBe(1);
    await expect(client.request(SELF)).rejects.toMatchObject({ code: 'NOT_ONBOARDED' });
    expect(count(LOGIN)).toBe(2);
  });

  test('one login that fails is told to each of 200 callers with an error of its own, all with one cause', async () => {
    const unknown = starkTrader();
    const { fetch, count } = counting();
    const client = clientOf({ auth: starkKey(unknown.privateKey), fetch });
    const refused = await Promise.all(
      Array.from({ length: 200 }, () => client.request(SELF).then(undefined, (error: unknown) => error)),
    );
    expect(count(LOGIN)).toBe(1);
    expect(new Set(refused).size).toBe(200);
    expect(refused.every((error) => isCode(error, 'NOT_ONBOARDED') && error.requestId !== undefined)).toBe(true);
    const causes = new Set(refused.map((error) => (error instanceof Error ? (error.cause ?? error) : undefined)));
    expect([...causes].map((cause) => isCode(cause, 'NOT_ONBOARDED'))).toEqual([true]);
  });

  test.each([
    ['CountersignError', new CountersignError({ ...ANSWER, data: { wait_seconds: 1 } })],
    ['NoAnswer', new NoAnswer('lost', 'unknown')],
    ['WalletRefused', new WalletRefused('no', 4001)],
    ['TypeError', new TypeError('no key')],
    ['DataError', new DOMException('no key', 'DataError')],
  ])('what one caller does to its %s is not seen by the others', async (name, failure) => {
    const client = clientOf({ auth: { account: async () => '0x1', signIn: () => Promise.reject(failure) } });
    const [first, second, third] = await Promise.all(
      Array.from({ length: 3 }, () => client.account.session().then(undefined, (error: unknown) => error)),
    );
    expect([first, second, third].map((error) => error instanceof Error && error.name)).toEqual([name, name, name]);
    expect(Object.getPrototypeOf(second)).toBe(Object.getPrototypeOf(failure));
    expect(second).toMatchObject({ ...failure, message: failure.message, cause: failure });
    if (second instanceof CountersignError) Object.assign(second.data ?? {}, { wait_seconds: 'changed' });
    Object.assign(second ?? {}, { stack: 'changed' });
    for (const other of [first, third]) {
      expect(other).not.toBe(second);
      expect(other instanceof Error && other.stack).not.toBe('changed');
      if (other instanceof CountersignError) expect(other.data).toEqual({ wait_seconds: 1 });
    }
  });

  test('a login that nobody will answer any more is begun anew after five minutes, and until then by nobody', async () => {
    const now = vi.spyOn(performance, 'now');
    try {
      now.mockReturnValue(0);
      const begun: ((session: { bearer: string }) => void)[] = [];
      const auth: Auth = {
        account: async () => '0x1',
        attended: true,
        signIn: () => new Promise((resolve) => void begun.push(resolve)),
      };
      const client = clientOf({ auth, clock: clockOff() });
      const signal = AbortSignal.timeout(60_000);
      const waiting = [client.account.session({ signal })];
      now.mockReturnValue(299_999);
      waiting.push(client.account.session({ signal }));
      await Promise.resolve();
      expect(begun).toHaveLength(1);
      now.mockReturnValue(300_000);
      const next = client.account.session({ signal });
      expect(begun).toHaveLength(2);
      begun[1]?.({ bearer: 'a.second.c' });
      expect((await next).bearer).toBe('a.second.c');
      begun[0]?.({ bearer: 'a.first.c' });
      expect((await Promise.all(waiting)).map((session) => session.bearer)).toEqual(['a.first.c', 'a.first.c']);
    } finally {
      now.mockRestore();
    }
  });

  test('an account is made when that is asked for, and never by itself', async () => {
    const { fetch, asked } = counting();
    const client = clientOf({ auth: starkKey(randomStarkPrivateKey()), fetch });
    await expect(client.request(SELF)).rejects.toMatchObject({ code: 'NOT_ONBOARDED' });
    expect(asked).not.toContain('POST /v1/onboarding');
    await client.account.onboard();
    expect(asked).toContain('POST /v1/onboarding');
    expect((await client.account.self()).kind).toBe('main');
  });
});

describe('proofs', () => {
  test('a main key finds its account by itself', async () => {
    const client = clientOf({ auth: starkKey(owner.privateKey) });
    expect((await client.account.self()).account).toBe(owner.account);
  });

  test('a subkey signs in for the account that it is told', async () => {
    const privateKey = randomStarkPrivateKey();
    const { publicKey } = createStarkKey(privateKey);
    const main = clientOf();
    await main.request({
      method: 'POST',
      path: '/v1/account/keys/subkeys',
      body: { name: 'bot', public_key: publicKey, ...proofFor(world, owner, publicKey) },
    });
    const self = await clientOf({ auth: subkey(privateKey, owner.account) }).account.self();
    expect(self).toMatchObject({ kind: 'subkey', account: owner.account, credential: publicKey });
  });

  test('keys that live elsewhere sign in: only public keys and hashes are given to whoever signs', async () => {
    const later = (key: ReturnType<typeof newStarkKey>) => ({
      publicKey: key.publicKey,
      sign: async (hash: bigint) => key.sign(hash),
    });
    expect((await clientOf({ auth: mainSigner(later(owner.key)) }).account.self()).kind).toBe('main');
    const fresh = await newOwner(world);
    const key = await addSubkey(world, fresh);
    const auth = subkeySigner(later(key), fresh.account);
    expect((await clientOf({ auth }).account.self()).kind).toBe('subkey');
  });

  test('a main key that builds what it signs is given words, never a hash: it onboards, signs in and registers a subkey', async () => {
    const elsewhere = mainKeyOf(newStarkKey());
    const told: object[] = [];
    const noted = <T extends object>(statement: T): T => {
      told.push(statement);
      return statement;
    };
    const client = clientOf({
      auth: mainKey({
        publicKey: elsewhere.publicKey,
        request: (statement) => elsewhere.request(noted(statement)),
        onboarding: (statement) => elsewhere.onboarding(noted(statement)),
        registration: (statement) => elsewhere.registration(noted(statement)),
      }),
    });
    await client.account.onboard();
    expect((await client.account.self()).kind).toBe('main');
    const { value } = await client.subkeys.create({ name: 'bot' });
    expect((await client.subkeys.get(value.subkey.public_key)).state).toBe('active');
    await client.account.signOutEverywhere();
    const account = await client.account.address();
    expect(told).toMatchObject([
      { account, chainId: 'PRIVATE_SN_POTC_MOCK_SEPOLIA' },
      { account, purpose: 'login' },
      { account, publicKey: value.subkey.public_key },
    ]);
  });

  test('a bearer from elsewhere is sent as it is, tells its account, and is never replaced', async () => {
    const { value } = await clientOf().tokens.create({ name: 'bearer', expiry_duration: 60 });
    const { fetch, asked } = counting();
    const client = clientOf({ auth: bearer(value.token), fetch });
    expect((await client.account.self()).kind).toBe('token');
    world.clock.advance(61);
    await expect(client.account.self()).rejects.toMatchObject({ status: 401, code: 'UNAUTHORIZED_ERROR' });
    expect(new Set(asked)).toEqual(new Set(['GET /countersign/v1/self']));
  });

  test('without a proof, public routes answer and others refuse', async () => {
    const client = createClient({ url: world.url });
    expect((await client.request({ method: 'GET', path: '/v1/system/config' })).status).toBe(200);
    await expect(client.request(SELF)).rejects.toMatchObject({ code: 'UNAUTHORIZED_ERROR' });
    await expect(client.account.session()).rejects.toThrow('this client has no auth');
  });
});

describe('clocks', () => {
  test.each([-600, 600])(
    'a client whose clock is %i s off signs in, and signs orders a second behind the server’s',
    async (seconds) => {
      const fresh = await newOwner(world);
      const auth = starkKey(fresh.privateKey);
      const client = clientOf({ auth, clock: clockOff(seconds) });
      expect((await client.account.self()).kind).toBe('main');
      const { signature_timestamp: signedAt } = await client.signOrder(ORDER);
      const behind = world.clock.date().getTime() - signedAt;
      expect(behind).toBeGreaterThan(500);
      expect(behind).toBeLessThan(1500);
    },
  );

  test.each([-600, 600])(
    'a clock that is %i s off since it was last measured is measured again, once, when a login is refused for its time',
    async (seconds) => {
      let off = 0;
      const { fetch, count } = counting();
      const now = () => world.clock.date().getTime() + off * 1000;
      const client = clientOf({ fetch, clock: { now, monotonic: now } });
      await client.request(SELF);
      const measured = count('GET /v1/system/time');
      off = seconds;
      world.clock.advance(700);
      await client.request(SELF);
      expect(count('GET /v1/system/time')).toBeGreaterThan(measured);
      // One refused, one accepted, besides the first.
      expect(count(LOGIN)).toBe(3);
    },
  );

  test.each([-600, 600])(
    'a clock that is set by %i s while the client runs is noticed, and no order is signed by it',
    async (seconds) => {
      let off = 0;
      const client = clientOf({
        clock: {
          now: () => world.clock.date().getTime() + off * 1000,
          monotonic: () => world.clock.time.monotonic(),
        },
      });
      const signedAt = async () => (await client.signOrder(ORDER)).signature_timestamp;
      await signedAt();
      off = seconds;
      expect(Math.abs(world.clock.date().getTime() - 1000 - (await signedAt()))).toBeLessThan(500);
    },
  );

  test('two orders signed at once never have the same time, by which they could be one order', async () => {
    const client = clientOf();
    const orders = await Promise.all(Array.from({ length: 20 }, () => client.signOrder(ORDER)));
    expect(new Set(orders.map(({ signature_timestamp }) => signature_timestamp)).size).toBe(20);
  });
});

describe('an act that is signed a second behind a sign-out', () => {
  async function onboarding(options: CallOptions) {
    const server = await startLyingServer();
    const refused = says(400, { error: 'INVALID_TIMESTAMP', message: 'sign again', data: { wait_seconds: 0 } });
    let posts = 0;
    server.answer(
      thenAll((response, asked) => {
        posts += 1;
        (posts === 1 ? refused : says(200, {}))(response, asked);
      }),
    );
    const client = createClient({ url: server.url, auth: starkKey('0x5', { account: '0x1' }) });
    const began = performance.now();
    const error = await client.account.onboard(options).catch((thrown) => thrown);
    await server.stop();
    return { error, posts, took: performance.now() - began };
  }

  test('it is signed anew after that second', async () => {
    expect(await onboarding({})).toMatchObject({ error: undefined, posts: 2 });
  });

  test('where there is no time for that, the refusal is told at once', async () => {
    const { error, posts, took } = await onboarding({ timeoutMs: 1900 });
    expect(error).toMatchObject({ code: 'INVALID_TIMESTAMP' });
    expect([posts, took < 1800]).toEqual([1, true]);
  });

  test('a caller that leaves meanwhile is not waited for, and nothing more is sent', async () => {
    const { error, posts, took } = await onboarding({ signal: AbortSignal.timeout(500) });
    expect(error).toBeInstanceOf(Aborted);
    expect([posts, took < 1800]).toEqual([1, true]);
  });
});
