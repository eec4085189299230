// Unmodified paradex-py against a whole service over real sockets: it signs, writes its own Decimals and reads our errors with a strict
// schema. Left out, with the reason printed, where there is no Python or no package index.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createStarkKey, randomStarkPrivateKey, type StarkKey } from '../../src/client/stark-key.ts';
import { createWallet } from '../../src/client/wallet.ts';
import { curve } from '../support/curve.ts';
import { type Service, startService } from '../support/harness.ts';
import { type ParadexPy, type PythonOrder, startParadexPy } from '../support/paradex-py-client.ts';
import { pythonEnvironment } from '../support/python/environment.ts';
import { call, mainSession, newWindow, registrationProof, type StarkTrader, starkTrader } from '../support/trader.ts';

const { python, missing } = await pythonEnvironment('paradex');

/** No zero at the beginning, as the library drops those of a wallet's key, and then refuses it. */
const walletKey = (): string => `0x1${randomBytes(32).toString('hex').slice(1)}`;

const MARKET = 'BTC-USD-PERP';
const ELSEWHERE = ['203.0.113.0/24'];
const WITHDRAWAL = { kind: 'WITHDRAWAL', token: 'USDC', amount: '1', recipient: '0x1' };

describe.skipIf(missing !== undefined)(
  `paradex-py 0.6.2${missing === undefined ? '' : ` (left out: ${missing})`}`,
  () => {
    let service: Service;
    let paradex: ParadexPy;
    beforeAll(async () => {
      service = await startService();
      paradex = startParadexPy(String(python), service.url);
    });
    afterAll(async () => {
      await paradex.stop();
      await service.stop();
    });

    let made = 0;
    /** A name of its own, so that no test sees the client of another. */
    const named = (): string => `client-${made++}`;

    interface Client {
      readonly as: string;
      readonly trader: StarkTrader;
    }

    /** An owner by its Stark key, onboarded by the library. */
    async function owner(): Promise<Client> {
      const [as, trader] = [named(), starkTrader()];
      const l1_address = createWallet(`0x${'1'.repeat(64)}`).address;
      const { address } = await paradex.make(as, 'Paradex', { l1_address, l2_private_key: trader.privateKey });
      expect(address).toBe(trader.account);
      return { as, trader };
    }

    /** What create_subkey sends: the library takes a whole body, and our proof is one of its members. */
    const registration = ({ trader }: Client, subkey: StarkKey, more: object = {}) => ({
      name: 'bot',
      public_key: subkey.publicKey,
      state: 'active',
      ...registrationProof(curve, trader.key, trader.account, subkey.publicKey, newWindow()),
      ...more,
    });

    async function bot(
      of: Client,
      more: object = {},
    ): Promise<{ as: string; subkey: StarkKey; login(): Promise<unknown> }> {
      const privateKey = randomStarkPrivateKey();
      const subkey = createStarkKey(privateKey);
      await paradex.call(of.as, 'create_subkey', registration(of, subkey, more));
      const as = named();
      const keys = { l2_private_key: privateKey, l2_address: of.trader.account };
      return { as, subkey, login: () => paradex.make(as, 'ParadexSubkey', keys) };
    }

    const limit = (size: string, price: string, more: Partial<PythonOrder> = {}): { order: PythonOrder } => ({
      order: { market: MARKET, order_type: 'LIMIT', order_side: 'BUY', size, limit_price: price, ...more },
    });
    const marketOrder = (size: string, more: Partial<PythonOrder> = {}): { order: PythonOrder } => ({
      order: { market: MARKET, order_type: 'MARKET', order_side: 'BUY', size, ...more },
    });

    const reached = (): number => service.venue.total();
    /** The library's error, and nothing of it at the venue. */
    async function expectRefused(asked: () => Promise<unknown>, code: string, words = ''): Promise<void> {
      const before = reached();
      const refused = asked();
      await expect(refused).rejects.toThrow(`ValueError: ApiError(error='${code}', message=`);
      await expect(refused).rejects.toThrow(words);
      expect(reached()).toBe(before);
    }

    const seenByVenue = () => {
      const headers = service.venue.requests().at(-1)?.headers ?? {};
      return { account: headers['countersign-account'], kind: headers['countersign-credential-kind'] };
    };

    describe('an owner', () => {
      test('onboards and logs in by a Stark key, with one client and then with another', async () => {
        const { as, trader } = await owner();
        expect((await paradex.call(as, 'fetch_balances')).results).toMatchObject([{ token: 'USDC', size: '100000' }]);
        expect(seenByVenue()).toEqual({ account: trader.account, kind: 'main' });
        const keys = { l1_address: '0x1', l2_private_key: trader.privateKey };
        expect(await paradex.make(named(), 'Paradex', keys)).toMatchObject({
          address: trader.account,
          can_withdraw: true,
        });
        const { results } = await paradex.call(as, 'fetch_balances');
        expect(results).toHaveLength(1);
      });

      test('derives its Stark key from a wallet, and may have its address told by us', async () => {
        const privateKey = walletKey();
        const wallet = { l1_address: createWallet(privateKey).address, l1_private_key: privateKey };
        const [own, told] = [named(), named()];
        const derived = await paradex.make(own, 'Paradex', wallet);
        expect(await paradex.make(told, 'Paradex', { ...wallet, server_derive_address: true })).toEqual(derived);
        for (const as of [own, told]) await paradex.call(as, 'fetch_balances');
        const config = await paradex.call(own, 'fetch_system_config');
        expect(config).toMatchObject({ starknet_chain_id: 'PRIVATE_SN_POTC_MOCK_SEPOLIA', paraclear_decimals: 8 });
      });

      test('a paradex-py owner reads everything that the library reads of an account', async () => {
        const { as, trader } = await owner();
        const bought = await paradex.call(as, 'submit_order', marketOrder('0.0100'));
        expect(await paradex.call(as, 'fetch_account_summary')).toMatchObject({
          account: trader.account,
          status: 'ACTIVE',
        });
        expect((await paradex.call(as, 'fetch_positions')).results).toMatchObject([{ market: MARKET, size: '0.01' }]);
        expect((await paradex.call(as, 'fetch_fills')).results).toMatchObject([{ order_id: bought.id }]);
        expect((await paradex.call(as, 'fetch_orders_history')).results).toMatchObject([{ id: bought.id }]);
        const empty = [
          'orders',
          'transfers',
          'tradebusts',
          'funding_payments',
          'transactions',
          'liquidations',
          'algo_orders',
        ];
        for (const what of empty) expect(await paradex.call(as, `fetch_${what}`)).toMatchObject({ results: [] });
        expect((await paradex.call(as, 'fetch_subkeys')).results).toEqual([]);
        expect((await paradex.call(as, 'fetch_tokens')).results).toEqual([]);
        for (const what of ['system_state', 'system_time', 'account_profile', 'account_info', 'subaccounts']) {
          expect(await paradex.call(as, `fetch_${what}`)).toBeTypeOf('object');
        }
        expect((await paradex.call(as, 'fetch_markets', { market: MARKET })).results).toHaveLength(1);
        expect((await paradex.call(as, 'fetch_markets_summary', { market: MARKET })).results).toHaveLength(1);
        expect(await paradex.call(as, 'fetch_bbo', MARKET)).toMatchObject({ market: MARKET });
        expect(await paradex.call(as, 'fetch_orderbook', MARKET)).toMatchObject({ market: MARKET });
      });
    });

    describe.each(['the main key', 'a subkey'])('orders signed by %s', (by) => {
      let as: string;
      let account: string;
      beforeAll(async () => {
        const main = await owner();
        account = main.trader.account;
        as = main.as;
        if (by === 'the main key') return;
        const subkey = await bot(main);
        await subkey.login();
        as = subkey.as;
      });

      const open = async (): Promise<object[]> => (await paradex.call(as, 'fetch_orders')).results;

      // str(Decimal(...)) of each is what the library signs and sends.
      test.each([
        ['1.0', '50000.0', '1', '50000'],
        ['0.10', '49999.90', '0.1', '49999.9'],
        ['0.100000000', '50000.000000000', '0.1', '50000'],
        ['5E-3', '5E+4', '0.005', '50000'],
        ['1E+0', '5.00E+4', '1', '50000'],
        ['1', '50000', '1', '50000'],
      ])(
        'of Decimal("%s") at Decimal("%s") are placed, read, changed and cancelled',
        async (size, price, shownSize, shownPrice) => {
          const client_id = `bot-${size}-${price}`.replaceAll(/[^0-9a-z-]/gi, '_');
          const placed = await paradex.call(as, 'submit_order', limit(size, price, { client_id }));
          expect(placed).toMatchObject({ account, size: shownSize, price: shownPrice, status: 'NEW' });
          expect(await paradex.call(as, 'fetch_order', placed.id)).toMatchObject({ id: placed.id, client_id });
          expect(await paradex.call(as, 'fetch_order_by_client_id', client_id)).toMatchObject({ id: placed.id });
          const change = limit(size, '40000.0', { order_id: placed.id });
          expect(await paradex.call(as, 'modify_order', placed.id, change)).toMatchObject({
            id: placed.id,
            price: '40000',
          });
          expect(await open()).toMatchObject([{ id: placed.id, size: shownSize, price: '40000' }]);
          await paradex.call(as, 'cancel_order', placed.id);
          expect(await open()).toEqual([]);
        },
      );

      test('paradex-py orders of a MARKET type reach the venue, with a size of any writing', async () => {
        for (const size of ['0.0010', '1E-3', '0.001']) {
          expect(await paradex.call(as, 'submit_order', marketOrder(size))).toMatchObject({
            size: '0.001',
            status: 'CLOSED',
          });
          const sell = marketOrder(size, { order_side: 'SELL' });
          expect(await paradex.call(as, 'submit_order', sell)).toMatchObject({ size: '0.001', status: 'CLOSED' });
        }
      });

      test('paradex-py orders with a trigger reach the venue, whatever the venue makes of them', async () => {
        const before = service.venue.counts().get('POST /v1/orders') ?? 0;
        const stops = [
          { ...limit('1.0', '50000.0').order, order_type: 'STOP_LIMIT', trigger_price: '51000.0' },
          { ...marketOrder('1.0').order, order_type: 'STOP_MARKET', trigger_price: '5.1E+4' },
          { ...marketOrder('1.0').order, order_type: 'TAKE_PROFIT_MARKET', trigger_price: '70000.00' },
        ];
        for (const order of stops) {
          await expect(paradex.call(as, 'submit_order', { order })).rejects.toThrow(
            'type must be one of: LIMIT, MARKET',
          );
        }
        expect(service.venue.counts().get('POST /v1/orders')).toBe(before + stops.length);
      });

      test('paradex-py orders in a list are placed at once, and cancelled by id, by their own names, and all together', async () => {
        const list = ['1.0', '1.00', '1E-1', '0.20'].map((size, i) =>
          limit(size, `5000${i}.0`, { client_id: `list-${i}` }),
        );
        const { orders, errors } = await paradex.call(as, 'submit_orders_batch', list);
        expect(errors).toEqual([null, null, null, null]);
        expect(orders.map((order: { size: string }) => order.size)).toEqual(['1', '1', '0.1', '0.2']);
        await paradex.call(as, 'cancel_orders_batch', [orders[0].id], ['list-1']);
        await paradex.call(as, 'cancel_order_by_client_id', 'list-2');
        expect(await open()).toMatchObject([{ client_id: 'list-3' }]);
        await paradex.call(as, 'cancel_all_orders', { market: MARKET });
        expect(await open()).toEqual([]);
      });

      test('algo orders of paradex-py reach the venue', async () => {
        const before = service.venue.counts().get('POST /v1/algo/orders') ?? 0;
        await paradex.call(as, 'submit_algo_order', marketOrder('1.0'), 'TWAP', 60, 30);
        expect(service.venue.counts().get('POST /v1/algo/orders')).toBe(before + 1);
      });

      test('paradex-py orders whose caller gives seconds for milliseconds are refused with that reason', async () => {
        const order = limit('1.0', '50000.0', { signature_timestamp: Math.floor(Date.now() / 1000) });
        await expectRefused(() => paradex.call(as, 'submit_order', order), 'INVALID_ORDER_SIGNATURE', 'seconds');
      });
    });

    describe('a subkey', () => {
      test('a paradex-py subkey logs in by its own key for the main account, and reads', async () => {
        const main = await owner();
        const { as, login, subkey } = await bot(main);
        expect(await login()).toEqual({
          address: main.trader.account,
          public_key: subkey.publicKey,
          can_withdraw: false,
        });
        expect((await paradex.call(as, 'fetch_balances')).results).toHaveLength(1);
        expect(seenByVenue()).toEqual({ account: main.trader.account, kind: 'subkey' });
        expect(await paradex.call(main.as, 'fetch_subkey', subkey.publicKey)).toMatchObject({
          name: 'bot',
          state: 'active',
        });
      });

      test('a paradex-py subkey is not registered by a session alone', async () => {
        const main = await owner();
        const { signature: _left, ...unsigned } = registration(main, createStarkKey(randomStarkPrivateKey()));
        await expectRefused(
          () => paradex.call(main.as, 'create_subkey', unsigned),
          'INVALID_REQUEST_PARAMETER',
          'signature',
        );
      });

      test('a paradex-py subkey may not withdraw, nor make or see through credentials', async () => {
        const main = await owner();
        const { as, login, subkey } = await bot(main);
        await login();
        const refused: (() => Promise<unknown>)[] = [
          () => paradex.call(as, '_post_authorized', 'transfers', WITHDRAWAL),
          () => paradex.call(as, 'create_token', { name: 'mine' }),
          () => paradex.call(as, 'create_subkey', registration(main, createStarkKey(randomStarkPrivateKey()))),
          () => paradex.call(as, 'update_subkey_allowed_cidrs', subkey.publicKey, []),
        ];
        for (const asked of refused) await expectRefused(asked, 'INVALID_TOKEN_SCOPE');
        // The owner may: it is the key that is refused, and not the call.
        expect(await paradex.call(main.as, '_post_authorized', 'transfers', WITHDRAWAL)).toMatchObject({
          id: expect.any(String),
        });
      });

      test('a paradex-py subkey is cut by its revocation: at its next call, at every further one, and at its next login', async () => {
        const main = await owner();
        const [lost, spared] = [await bot(main), await bot(main)];
        await lost.login();
        await spared.login();
        const { id } = await paradex.call(lost.as, 'submit_order', limit('1.0', '50000.0'));
        expect(await paradex.call(main.as, 'revoke_subkey', lost.subkey.publicKey)).not.toBeUndefined();
        const calls: (() => Promise<unknown>)[] = [
          () => paradex.call(lost.as, 'fetch_balances'),
          () => paradex.call(lost.as, 'submit_order', limit('1.0', '50000.0')),
          () => paradex.call(lost.as, 'modify_order', id, limit('2.0', '50000.0', { order_id: id })),
          () => paradex.call(lost.as, 'cancel_order', id),
          () => paradex.call(lost.as, 'fetch_balances'),
        ];
        for (const asked of calls) await expectRefused(asked, 'UNAUTHORIZED_ERROR', 'revoked');
        await expectRefused(() => paradex.call(lost.as, 'auth'), 'INVALID_SUBKEY');
        // A failed login leaves the library with its old bearer.
        await expectRefused(() => paradex.call(lost.as, 'fetch_balances'), 'UNAUTHORIZED_ERROR', 'revoked');
        await expectRefused(lost.login, 'INVALID_SUBKEY');
        expect(await paradex.call(main.as, 'fetch_subkey', lost.subkey.publicKey)).toMatchObject({ state: 'revoked' });
        // What it had placed is there still, and the others may cancel it.
        await paradex.call(spared.as, 'cancel_order', id);
      });

      test('outside its allowlist is refused at login, and from its next call on', async () => {
        const main = await owner();
        const abroad = await bot(main, { allowed_cidrs: ELSEWHERE });
        await expectRefused(abroad.login, 'IP_NOT_ALLOWED');
        const here = await bot(main);
        await here.login();
        await paradex.call(main.as, 'update_subkey_allowed_cidrs', here.subkey.publicKey, ELSEWHERE);
        await expectRefused(() => paradex.call(here.as, 'fetch_balances'), 'IP_NOT_ALLOWED');
        await paradex.call(main.as, 'update_subkey_allowed_cidrs', here.subkey.publicKey, []);
        await paradex.call(here.as, 'fetch_balances');
      });
    });

    describe('a read-only token', () => {
      test('reads without any key, may do nothing else, and is cut by its revocation', async () => {
        const main = await owner();
        const { token, api_token } = await paradex.call(main.as, 'create_token', {
          name: 'reader',
          expiry_duration: 3600,
        });
        const as = named();
        await paradex.make(as, 'ParadexApiKey', { api_key: token });
        expect((await paradex.call(as, 'fetch_balances')).results).toHaveLength(1);
        expect(seenByVenue()).toEqual({ account: main.trader.account, kind: 'token' });
        await expectRefused(() => paradex.call(as, 'cancel_all_orders'), 'INVALID_TOKEN_SCOPE');
        await paradex.call(main.as, 'revoke_token', api_token.lookup_id);
        await expectRefused(() => paradex.call(as, 'fetch_balances'), 'UNAUTHORIZED_ERROR', 'revoked');
      });
    });

    describe('what the library does by itself', () => {
      test('after the owner signed out everywhere, the next call of paradex-py is refused, and its next login told how long to wait', async () => {
        const { as, trader } = await owner();
        const bearer = await mainSession(service.url, trader);
        expect((await call(service.url, 'POST', '/countersign/v1/sign-out-everywhere', { bearer })).status).toBe(200);
        await expectRefused(() => paradex.call(as, 'fetch_balances'), 'UNAUTHORIZED_ERROR', 'signed out');
        await expectRefused(() => paradex.call(as, 'auth'), 'INVALID_TIMESTAMP', 'sign again in');
      });

      // It sends a POST again after any 5xx, up to three times.
      test('after the venue took an order and broke off, paradex-py sends the same bytes again, and the venue has one order', async () => {
        let taken = 0;
        const venue = createServer((request) => {
          taken += request.url === '/v1/orders' ? 1 : 0;
          request.socket.destroy();
        });
        venue.listen(0, '127.0.0.1');
        await once(venue, 'listening');
        const upstream = `http://127.0.0.1:${(venue.address() as AddressInfo).port}`;
        const broken = await startService({ upstream });
        const client = startParadexPy(String(python), broken.url);
        onTestFinished(async () => {
          await client.stop();
          await broken.stop();
          venue.close();
        });
        await client.make('bot', 'Paradex', { l1_address: '0x1', l2_private_key: starkTrader().privateKey });
        const placed = client.call('bot', 'submit_order', limit('1.0', '50000.0'));
        await expect(placed).rejects.toThrow("ApiError(error='ORDER_ALREADY_SENT'");
        await expect(placed).rejects.toThrow('look it up');
        expect(taken).toBe(1);
      });
    });

    describe('an owner by a wallet', () => {
      test('onboards and logs in by EIP-4361, reads, and is told why a session alone makes no subkey', async () => {
        const evm_private_key = walletKey();
        const as = named();
        const wallet = { evm_address: createWallet(evm_private_key).address, evm_private_key };
        const { address } = await paradex.make(as, 'ParadexEvm', wallet);
        expect((await paradex.call(as, 'fetch_balances')).results).toHaveLength(1);
        expect(seenByVenue()).toEqual({ account: address, kind: 'evm' });
        await expectRefused(
          () => paradex.call(as, 'client.create_trading_subkey'),
          'INVALID_REQUEST_PARAMETER',
          'evm_signature is required',
        );
        expect(await paradex.make(named(), 'ParadexEvm', { ...wallet, server_derive_address: true })).toMatchObject({
          address,
        });
      });
    });
  },
);
