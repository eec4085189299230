// Unmodified ccxt against a whole service over real sockets: everything its users do must work, and every refusal must arrive as
// the error class that they catch.
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createStarkKey, randomStarkPrivateKey, type StarkKey } from '../../src/client/stark-key.ts';
import type { AccountId } from '../../src/domain/credential.ts';
import { systemWall } from '../../src/domain/time.ts';
import {
  ccxt,
  connect,
  createTokenWith,
  newWalletConfig,
  onboarded,
  type Paradex,
  refusalOf,
  registerSubkeyWith,
  traderOf,
} from '../support/ccxt-client.ts';
import { type Service, startService } from '../support/harness.ts';
import { call } from '../support/trader.ts';

const BTC = 'BTC/USD:USDC';
const ELSEWHERE = ['203.0.113.0/24'];
const HERE = ['127.0.0.1/32'];
const WITHDRAWAL = { kind: 'WITHDRAWAL', token: 'USDC', amount: '1', recipient: '0x1' };

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

const reached = (operation: string): number => service.venue.counts().get(operation) ?? 0;
/** Requests that the venue received, without the public list of markets that ccxt loads by itself before almost any call. */
const reachedVenue = ({ venue }: Service = service): number =>
  venue.total() - (venue.counts().get('GET /v1/markets') ?? 0);

/** The identity headers of the latest request that the venue received. */
function seenByVenue(): Record<string, unknown> {
  const headers = service.venue.requests().at(-1)?.headers ?? {};
  return {
    account: headers['countersign-account'],
    kind: headers['countersign-credential-kind'],
    authorization: headers.authorization,
    partner: headers['paradex-partner'],
  };
}

/** Asserts the class and code of a refusal, and that the venue never heard of the request. */
async function expectRefused(asked: () => Promise<unknown>, errorClass: unknown, code: string | undefined) {
  const before = reachedVenue();
  expect(await refusalOf(asked())).toMatchObject({ errorClass, code });
  expect(reachedVenue()).toBe(before);
}

interface SubkeyUser {
  readonly client: Paradex;
  readonly subkey: StarkKey;
  readonly account: AccountId;
}

/** A bot: ccxt that holds a subkey's private key and the main account's address, and nothing else. */
async function subkeyOf(owner: Paradex, more: Record<string, unknown> = {}): Promise<SubkeyUser> {
  const privateKey = randomStarkPrivateKey();
  const subkey = createStarkKey(privateKey);
  await registerSubkeyWith(owner, subkey, more);
  const { account } = await traderOf(owner);
  const client = connect(service.url, { options: { paradexAccount: { privateKey, address: account } } });
  return { client, subkey, account };
}

const inAnHour = (): number => Math.floor(Date.now() / 1000) + 3600;

/** A reader: ccxt that holds a token and no key at all. */
const reader = (token: string, url = service.url): Paradex =>
  connect(url, { options: { authToken: token, expires: inAnHour() } });

/** As reader, with a key, without which ccxt cannot even build an order. */
const readerWithKey = (token: string): Paradex =>
  connect(service.url, { ...newWalletConfig(), options: { authToken: token, expires: inAnHour() } });

describe('an owner with ccxt', () => {
  test('the ccxt under test is the pinned release', () => {
    expect(ccxt.version).toBe('4.5.84');
  });

  test('an owner with ccxt is told to onboard, onboards as often as it likes, and is then logged in', async () => {
    const client = connect(service.url, newWalletConfig());
    await expectRefused(() => client.fetchBalance(), ccxt.BadRequest, 'NOT_ONBOARDED');
    await client.onboarding();
    await client.onboarding();
    expect((await client.fetchBalance()).total).toEqual({ USDC: 100_000 });
    const { key, account } = await traderOf(client);
    expect(seenByVenue()).toEqual({ account, kind: 'main', authorization: undefined, partner: 'CCXT' });
    const lookUp = `/v1/onboarding?account_signer_type=starknet&public_key=${key.publicKey}`;
    expect((await call(service.url, 'GET', lookUp)).json).toMatchObject({ address: account, exists: true });
  });

  test('onboards without naming its public key', async () => {
    const { privateKey, account } = await traderOf(connect(service.url, newWalletConfig()));
    const paradexAccount = { privateKey, address: account };
    const client = connect(service.url, { walletAddress: '0x0', options: { paradexAccount } });
    await client.onboarding();
    expect((await client.fetchBalance()).total).toEqual({ USDC: 100_000 });
    expect(seenByVenue()).toMatchObject({ account, kind: 'main' });
  });

  test("cannot onboard another key's address", async () => {
    const { account } = await traderOf(connect(service.url, newWalletConfig()));
    const other = await traderOf(connect(service.url, newWalletConfig()));
    const paradexAccount = { privateKey: other.privateKey, address: account, publicKey: other.key.publicKey };
    const thief = connect(service.url, { walletAddress: '0x0', options: { paradexAccount } });
    await expectRefused(() => thief.onboarding(), ccxt.OperationRejected, 'INVALID_STARKNET_ADDRESS');
    const keyless = { privateKey: other.privateKey, address: account };
    const silent = connect(service.url, { walletAddress: '0x0', options: { paradexAccount: keyless } });
    await expectRefused(() => silent.onboarding(), ccxt.AuthenticationError, 'STARKNET_SIGNATURE_VERIFICATION_FAILED');
  });

  test('an owner with ccxt may run twice with one key at the same time', async () => {
    const wallet = newWalletConfig();
    await connect(service.url, wallet).onboarding();
    const both = [connect(service.url, wallet), connect(service.url, wallet)];
    const [first, second] = await Promise.all(both.map((client) => client.authenticateRest()));
    expect(first).not.toBe(second);
    for (const client of both) expect((await client.fetchBalance()).total).toEqual({ USDC: 100_000 });
  });

  test('an owner with ccxt reads markets, prices, books, time and status without any credential', async () => {
    const anybody = connect(service.url);
    const markets = await anybody.fetchMarkets();
    expect(markets.find(({ id }) => id === 'BTC-USD-PERP')).toMatchObject({ symbol: BTC, settle: 'USDC' });
    const ticker = await anybody.fetchTicker(BTC);
    const book = await anybody.fetchOrderBook(BTC);
    expect(ticker.bid).toBeLessThan(ticker.ask);
    expect([book.bids[0]?.[0], book.asks[0]?.[0]]).toEqual([ticker.bid, ticker.ask]);
    expect(await anybody.fetchStatus()).toMatchObject({ status: 'ok' });
    // Milliseconds: seconds or nanoseconds would be decades away.
    expect(Math.abs((await anybody.fetchTime()) - Date.now())).toBeLessThan(60_000);
  });

  test('places, sees, changes and cancels a limit order', async () => {
    const client = await onboarded(service.url);
    const placed = await client.createOrder(BTC, 'limit', 'buy', 0.01, 100);
    expect(placed).toMatchObject({ status: 'open', side: 'buy', type: 'limit', price: 100, amount: 0.01, filled: 0 });
    expect(placed.info.id).toBeTypeOf('string');
    const id = String(placed.id);
    expect((await client.fetchOpenOrders(BTC)).map((order) => order.id)).toEqual([id]);
    expect(await client.fetchOrder(id)).toMatchObject({ id, status: 'open' });
    expect(await client.editOrder(id, BTC, 'limit', 'buy', 0.02, 101)).toMatchObject({ id, price: 101, amount: 0.02 });
    await client.cancelOrder(id);
    expect(await client.fetchOpenOrders()).toEqual([]);
    expect(await client.fetchOrder(id)).toMatchObject({ id, status: 'canceled' });
    expect((await client.fetchOrders(BTC)).map((order) => order.id)).toEqual([id]);
  });

  test('an owner with ccxt names orders by its own ids', async () => {
    const client = await onboarded(service.url);
    const named = { clientOrderId: 'mine-1' };
    await client.createOrder(BTC, 'limit', 'sell', 0.01, 90_000, named);
    expect(await client.fetchOrder('', BTC, named)).toMatchObject({ clientOrderId: 'mine-1', status: 'open' });
    await client.cancelOrder('', BTC, named);
    expect(await client.fetchOpenOrders()).toEqual([]);
  });

  test('trades at the market: its trades, position and balance follow', async () => {
    const client = await onboarded(service.url);
    const order = await client.createOrder(BTC, 'market', 'buy', 0.01);
    expect(order).toMatchObject({ status: 'closed', filled: 0.01 });
    const { ask } = await client.fetchTicker(BTC);
    expect(await client.fetchMyTrades(BTC)).toMatchObject([{ order: order.id, side: 'buy', amount: 0.01, price: ask }]);
    expect(await client.fetchPositions()).toMatchObject([{ symbol: BTC, side: 'long', contracts: 0.01 }]);
    expect((await client.fetchBalance()).total.USDC).toBeLessThan(100_000);
  });

  test('places and cancels many orders in one request', async () => {
    const client = await onboarded(service.url);
    const bid = { symbol: BTC, type: 'limit', side: 'buy', amount: 0.01 };
    const answer = await client.createOrders([100, 101, 102].map((price) => ({ ...bid, price })));
    // ccxt adds a nameless rejected order for each entry of `errors`, also for those that are null.
    const ids = answer.flatMap(({ id }) => (id === undefined ? [] : [id]));
    expect(ids).toHaveLength(3);
    const [first = '', second = '', third] = ids;
    const cancelled = await client.cancelOrders([first, second]);
    expect(cancelled.map(({ id, status }) => [id, status])).toEqual([
      [first, 'canceled'],
      [second, 'canceled'],
    ]);
    expect((await client.fetchOpenOrders(BTC)).map(({ id }) => id)).toEqual([third]);
    await client.cancelAllOrders(BTC);
    expect(await client.fetchOpenOrders(BTC)).toEqual([]);
  });

  test('sets and reads leverage, and withdraws where the venue lets it', async () => {
    const client = await onboarded(service.url);
    await client.setLeverage(5, BTC);
    expect(await client.fetchLeverage(BTC)).toMatchObject({ longLeverage: 5 });
    const before = reached('POST /v1/transfers');
    expect(await client.request('transfers', 'private', 'POST', WITHDRAWAL)).toMatchObject({ id: expect.any(String) });
    expect(reached('POST /v1/transfers')).toBe(before + 1);
  });
});

describe('a bot with a subkey in options.paradexAccount', () => {
  test("logs in on plain /v1/auth and trades for the owner's account", async () => {
    const owner = await onboarded(service.url);
    const { client, account } = await subkeyOf(owner);
    const placed = await client.createOrder(BTC, 'limit', 'buy', 0.01, 100);
    expect(seenByVenue()).toMatchObject({ account, kind: 'subkey' });
    expect((await owner.fetchOpenOrders()).map(({ id }) => id)).toEqual([placed.id]);
    await client.cancelOrder(String(placed.id));
    expect(await owner.fetchOpenOrders()).toEqual([]);
    expect((await client.fetchBalance()).total).toEqual({ USDC: 100_000 });
  });

  test('a ccxt bot with a subkey may also name its public key', async () => {
    const owner = await onboarded(service.url);
    const privateKey = randomStarkPrivateKey();
    const subkey = createStarkKey(privateKey);
    await registerSubkeyWith(owner, subkey);
    const { account } = await traderOf(owner);
    const paradexAccount = { privateKey, address: account, publicKey: subkey.publicKey };
    const client = connect(service.url, { options: { paradexAccount } });
    await client.fetchBalance();
    expect(seenByVenue()).toMatchObject({ account, kind: 'subkey' });
  });

  test('a ccxt bot with a subkey may not withdraw, set leverage, or make credentials: ExchangeError with our code', async () => {
    const { client } = await subkeyOf(await onboarded(service.url));
    await client.fetchMarkets();
    await client.authenticateRest();
    const forbidden: (() => Promise<unknown>)[] = [
      () => client.request('transfers', 'private', 'POST', WITHDRAWAL),
      () => client.request('account/margin/BTC-USD-PERP', 'private', 'POST', { leverage: 5 }),
      () => client.privatePostAccountTokens({}),
      () => client.privatePostAccountKeysSubkeys({ name: 'more', public_key: '0x1' }),
    ];
    for (const asked of forbidden) await expectRefused(asked, ccxt.ExchangeError, 'INVALID_TOKEN_SCOPE');
    expect((await client.privateGetAccountKeysSubkeys()).results).toHaveLength(1);
  });

  test('a ccxt bot with a subkey is refused at its next request once revoked, and cannot log in again', async () => {
    const owner = await onboarded(service.url);
    const { client, subkey } = await subkeyOf(owner);
    const spared = await subkeyOf(owner);
    await client.fetchBalance();
    await spared.client.fetchBalance();
    const { public_key } = await owner.privateDeleteAccountKeysSubkeysPublicKey({ public_key: subkey.publicKey });
    expect(public_key).toBe(subkey.publicKey);
    await expectRefused(() => client.fetchBalance(), ccxt.AuthenticationError, 'UNAUTHORIZED_ERROR');
    delete client.options.authToken;
    await expectRefused(() => client.fetchBalance(), ccxt.ExchangeError, 'INVALID_SUBKEY');
    expect((await spared.client.fetchBalance()).total).toEqual({ USDC: 100_000 });
  });

  test('cannot log in from outside its allowlist, and is refused when the list no longer holds its address', async () => {
    const owner = await onboarded(service.url);
    const abroad = await subkeyOf(owner, { allowed_cidrs: ELSEWHERE });
    await expectRefused(() => abroad.client.authenticateRest(), ccxt.ExchangeError, 'IP_NOT_ALLOWED');
    const { client, subkey } = await subkeyOf(owner, { allowed_cidrs: HERE });
    await client.fetchBalance();
    const moved = { public_key: subkey.publicKey, allowed_cidrs: ELSEWHERE };
    const answer = await owner.privatePutAccountKeysSubkeysPublicKeyAllowedCidrs(moved);
    expect(answer.allowed_cidrs).toEqual(ELSEWHERE);
    await expectRefused(() => client.fetchBalance(), ccxt.ExchangeError, 'IP_NOT_ALLOWED');
    await owner.privatePutAccountKeysSubkeysPublicKeyAllowedCidrs({ ...moved, allowed_cidrs: [] });
    expect((await client.fetchBalance()).total).toEqual({ USDC: 100_000 });
  });

  test("cannot log in with a key that is not the account's", async () => {
    const { account } = await traderOf(await onboarded(service.url));
    const paradexAccount = { privateKey: randomStarkPrivateKey(), address: account };
    const stranger = connect(service.url, { options: { paradexAccount } });
    const failed = 'STARKNET_SIGNATURE_VERIFICATION_FAILED';
    await expectRefused(() => stranger.fetchBalance(), ccxt.AuthenticationError, failed);
  });
});

describe('a reader with a token in options.authToken', () => {
  test('a ccxt reader with a token reads everything of the account without holding any key', async () => {
    const owner = await onboarded(service.url);
    const placed = await owner.createOrder(BTC, 'limit', 'buy', 0.01, 100);
    const bought = await owner.createOrder(BTC, 'market', 'buy', 0.01);
    const client = reader((await createTokenWith(owner)).token);
    expect((await client.fetchBalance()).total.USDC).toBeGreaterThan(0);
    const { account } = await traderOf(owner);
    expect(seenByVenue()).toMatchObject({ account, kind: 'token', authorization: undefined });
    expect((await client.fetchOpenOrders()).map(({ id }) => id)).toEqual([placed.id]);
    expect((await client.fetchMyTrades()).map(({ order }) => order)).toEqual([bought.id]);
    expect(await client.fetchPositions()).toMatchObject([{ symbol: BTC, side: 'long' }]);
  });

  test('a ccxt reader with a token may neither order, cancel, withdraw nor see keys: ExchangeError with our code', async () => {
    const owner = await onboarded(service.url);
    const { id } = await owner.createOrder(BTC, 'limit', 'buy', 0.01, 100);
    const client = readerWithKey((await createTokenWith(owner)).token);
    await client.fetchMarkets();
    await client.fetchTicker(BTC);
    const forbidden: (() => Promise<unknown>)[] = [
      () => client.createOrder(BTC, 'limit', 'buy', 0.01, 100),
      () => client.cancelOrder(String(id)),
      () => client.cancelAllOrders(BTC),
      () => client.request('transfers', 'private', 'POST', WITHDRAWAL),
      () => client.privateGetAccountKeysSubkeys(),
      () => client.privatePostAccountTokens({}),
    ];
    for (const asked of forbidden) await expectRefused(asked, ccxt.ExchangeError, 'INVALID_TOKEN_SCOPE');
    expect((await owner.fetchOpenOrders()).map((order) => order.id)).toEqual([id]);
  });

  test('a ccxt reader with a token is refused at its next request once revoked, and its neighbour is not', async () => {
    const owner = await onboarded(service.url);
    const [lost, kept] = [await createTokenWith(owner), await createTokenWith(owner)];
    const client = reader(lost.token);
    await client.fetchBalance();
    expect(await owner.privateDeleteAccountTokensLookupId({ lookup_id: lost.lookupId })).toMatchObject({
      lookup_id: lost.lookupId,
    });
    await expectRefused(() => client.fetchBalance(), ccxt.AuthenticationError, 'UNAUTHORIZED_ERROR');
    expect((await reader(kept.token).fetchBalance()).total).toEqual({ USDC: 100_000 });
    const { results } = await owner.privateGetAccountTokens();
    expect(results.map(({ lookup_id }) => lookup_id)).toEqual([kept.lookupId]);
  });

  test('a ccxt reader with a token is refused outside its allowlist, from creation on and after a change', async () => {
    const owner = await onboarded(service.url);
    const abroad = await createTokenWith(owner, { allowed_cidrs: ELSEWHERE });
    await expectRefused(() => reader(abroad.token).fetchBalance(), ccxt.ExchangeError, 'IP_NOT_ALLOWED');
    const { token, lookupId } = await createTokenWith(owner, { allowed_cidrs: HERE });
    const client = reader(token);
    await client.fetchBalance();
    await owner.privatePutAccountTokensLookupIdAllowedCidrs({ lookup_id: lookupId, allowed_cidrs: ELSEWHERE });
    await expectRefused(() => client.fetchBalance(), ccxt.ExchangeError, 'IP_NOT_ALLOWED');
  });
});

describe('what ccxt raises', () => {
  test('AuthenticationError for a bearer that is missing, no JWT, or forged', async () => {
    // Without a login of its own, ccxt sends `Bearer undefined`.
    await expectRefused(() => connect(service.url).privateGetBalance(), ccxt.AuthenticationError, 'UNAUTHORIZED_ERROR');
    const { token } = await createTokenWith(await onboarded(service.url));
    const [head, , signature] = token.split('.');
    const claims = Buffer.from(JSON.stringify({ sub: '0x1', exp: inAnHour() })).toString('base64url');
    for (const bearer of ['garbage', `${head}.${claims}.${signature}`, `${token}x`]) {
      await expectRefused(() => reader(bearer).fetchBalance(), ccxt.AuthenticationError, 'UNAUTHORIZED_ERROR');
    }
  });

  test('AuthenticationError for our VALIDATION_ERROR: its own table says so', async () => {
    const owner = await onboarded(service.url);
    await owner.authenticateRest();
    const tooShort = () => owner.privatePostAccountTokens({ expiry_duration: 1 });
    await expectRefused(tooShort, ccxt.AuthenticationError, 'VALIDATION_ERROR');
  });

  test('ExchangeError, and no login failure, for the same order twice in one second, alone and in a list; its own id helps where that counts', async () => {
    const twice = async (client: Paradex, params: Readonly<Record<string, unknown>> = {}) => {
      const second = Math.floor(Date.now() / 1000);
      Object.assign(client, { nonce: () => second });
      await client.createOrder(BTC, 'limit', 'buy', 0.01, 100, params);
      return () => client.createOrder(BTC, 'limit', 'buy', 0.01, 100, { clientOrderId: 'another' });
    };
    const client = await onboarded(service.url);
    await expectRefused(await twice(client), ccxt.ExchangeError, 'ORDER_ALREADY_SENT');
    const bid = { symbol: BTC, type: 'limit', side: 'buy', amount: 0.02, price: 101 };
    await expectRefused(() => client.createOrders([bid, bid]), ccxt.ExchangeError, 'ORDER_ALREADY_SENT');

    const settings = { 'orders.repeats': 'distinct_client_id' };
    const lenient = await startService({ settings });
    onTestFinished(lenient.stop);
    const again = await twice(await onboarded(lenient.url), { clientOrderId: 'one' });
    expect((await again()).clientOrderId).toBe('another');
    expect(await refusalOf(again())).toMatchObject({ errorClass: ccxt.ExchangeError, code: 'ORDER_ALREADY_SENT' });
  });

  test("the venue's own errors, which pass the gateway as they are", async () => {
    const client = await onboarded(service.url);
    expect(await refusalOf(client.fetchOrder('404'))).toMatchObject({
      errorClass: ccxt.InvalidOrder,
      code: 'ORDER_ID_NOT_FOUND',
    });
  });

  test('AuthenticationError when the session or the token has expired', async () => {
    let aheadSeconds = 0;
    const later = await startService({
      time: {
        wall: () => BigInt(Date.now() + aheadSeconds * 1000) * 1_000_000n,
        monotonic: () => performance.now() + aheadSeconds * 1000,
      },
    });
    try {
      const owner = await onboarded(later.url);
      const client = reader((await createTokenWith(owner, { expiry_duration: 60 })).token, later.url);
      const before = reachedVenue(later);
      await client.fetchBalance();
      await owner.fetchBalance();
      expect(reachedVenue(later)).toBe(before + 2);
      const expired = {
        errorClass: ccxt.AuthenticationError,
        code: 'UNAUTHORIZED_ERROR',
        message: expect.stringContaining('invalid bearer jwt: token is expired by '),
      };
      aheadSeconds = 61;
      expect(await refusalOf(client.fetchBalance())).toMatchObject(expired);
      await owner.fetchBalance();
      aheadSeconds = 301;
      expect(await refusalOf(owner.fetchBalance())).toMatchObject(expired);
      expect(reachedVenue(later)).toBe(before + 3);
    } finally {
      await later.stop();
    }
  });

  const login = (client: Paradex) => {
    delete client.options.authToken;
    return client.authenticateRest();
  };
  test.each<[string, number, (client: Paradex) => Promise<unknown>]>([
    ['public', 3, (client) => client.fetchTime()],
    ['onboarding', 2, (client) => client.onboarding()],
    ['login', 2, login],
    ['private-read', 2, (client) => client.privateGetBalance()],
    ['private', 2, (client) => client.privateGetBalance()],
    ['orders', 2, (client) => client.request('orders', 'private', 'DELETE')],
    ['keys', 2, (client) => client.privatePostAccountTokens({})],
  ])('RateLimitExceeded beyond the limit %s per minute', async (name, limit, ask) => {
    const settings = { 'rate_limit.enabled': 'true', [`${name}/min`]: String(limit) };
    // No time passes for the limits, so that nothing is refilled meanwhile.
    const limited = await startService({ settings, time: { wall: systemWall, monotonic: () => 0 } });
    try {
      const client = await onboarded(limited.url);
      await client.authenticateRest();
      // What the set-up has spent of this limit: system/config, one onboarding, one login.
      const spent = ['public', 'onboarding', 'login'].includes(name) ? 1 : 0;
      for (let count = spent; count < limit; count += 1) await ask(client);
      const before = limited.venue.total();
      expect(await refusalOf(ask(client))).toMatchObject({ errorClass: ccxt.RateLimitExceeded, code: undefined });
      expect(limited.venue.total()).toBe(before);
    } finally {
      await limited.stop();
    }
  });

  test('ExchangeError with SERVICE_UNAVAILABLE while the venue is down', async () => {
    const alone = await startService();
    try {
      const client = await onboarded(alone.url);
      await client.fetchBalance();
      await alone.venue.close();
      expect(await refusalOf(client.fetchBalance())).toMatchObject({
        errorClass: ccxt.ExchangeError,
        code: 'SERVICE_UNAVAILABLE',
      });
    } finally {
      await alone.stop();
    }
  });
});
