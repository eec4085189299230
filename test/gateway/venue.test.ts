// The demo venue over real sockets: it answers its gateway only, believes only the identity headers, and keeps exact books.
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startVenue, type Venue } from '../../src/demo-venue/server.ts';
import { untilClosed } from '../support/raw-http.ts';

const secret = 'a secret of this test, and long';
const folder = mkdtempSync(join(tmpdir(), 'venue-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

let venue: Venue;
beforeEach(async () => {
  venue = await startVenue({ secret, listen: { path: join(folder, 'venue.sock') } });
});
afterEach(() => venue.close());

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly json: unknown;
}

/** One request with exactly these headers, on a connection of its own. */
async function send(
  to: Venue,
  method: string,
  path: string,
  headers: Record<string, string | string[]>,
  body = '',
): Promise<Answer> {
  const where = to.address.startsWith('unix:')
    ? { socketPath: to.address.slice('unix:'.length) }
    : { host: new URL(to.address).hostname.replace(/[[\]]/g, ''), port: new URL(to.address).port };
  const length = 'Transfer-Encoding' in headers ? {} : { 'Content-Length': Buffer.byteLength(body) };
  const request = httpRequest({ ...where, method, path, headers: { ...length, ...headers }, agent: false });
  const answered = once(request, 'response');
  request.end(body);
  const [response] = await answered;
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  return { status: response.statusCode, text, json: text === '' ? undefined : JSON.parse(text) };
}

const identity = (account: string, permissions = 'account:manage account:read funds:transfer keys:read trade') => ({
  'Countersign-Upstream-Secret': secret,
  'Countersign-Account': account,
  'Countersign-Permissions': permissions,
});

const alice = identity('0xa11ce');
const bob = identity('0xb0b');
const nobody = identity('', '');

const ask = (method: string, path: string, headers: Record<string, string>, body?: unknown) =>
  send(venue, method, path, headers, body === undefined ? '' : JSON.stringify(body));
const get = async (path: string, headers = alice) => (await ask('GET', path, headers)).json;
const limit = (side: string, size: string, price: string, more: object = {}) => ({
  market: 'BTC-USD-PERP',
  side,
  type: 'LIMIT',
  size,
  price,
  ...more,
});
const atMarket = (side: string, size: string, market = 'BTC-USD-PERP') => ({ market, side, type: 'MARKET', size });
const place = (order: object, headers = alice) => ask('POST', '/v1/orders', headers, order);
const cash = async (headers = alice) => {
  const body: unknown = await get('/v1/balance', headers);
  expect(body).toEqual({ results: [{ token: 'USDC', size: expect.any(String), last_updated_at: expect.any(Number) }] });
  return /"size":"([^"]*)"/.exec(JSON.stringify(body))?.[1];
};
const positions = () => get('/v1/positions');

describe('the door', () => {
  const refused = {
    error: 'REQUEST_NOT_ALLOWED',
    message: expect.stringContaining('gateway'),
    data: null,
  };

  test.each([
    ['no secret', {}],
    ['an empty secret', { 'Countersign-Upstream-Secret': '' }],
    ['a wrong secret', { 'Countersign-Upstream-Secret': `${secret.slice(0, -1)}x` }],
    ['the beginning of the secret', { 'Countersign-Upstream-Secret': secret.slice(0, -1) }],
    ['the secret twice', { 'Countersign-Upstream-Secret': [secret, secret] }],
    ['a bearer in its place', { Authorization: `Bearer ${secret}` }],
  ])('the demo venue refuses a request with %s, whatever it asks', async (_name, proof) => {
    for (const [method, path] of [
      ['GET', '/v1/balance'],
      ['GET', '/v1/markets'],
      ['POST', '/v1/orders'],
      ['GET', '/v1/vaults'],
      ['GET', '/nothing'],
    ] as const) {
      const headers = { ...alice, 'Countersign-Upstream-Secret': [], ...proof };
      const answer = await send(venue, method, path, headers, '');
      expect(answer).toMatchObject({ status: 403, json: refused });
    }
    expect(venue.total()).toBe(5);
  });

  test('the demo venue does not start with a secret that could be guessed', async () => {
    await expect(startVenue({ secret: 'short', listen: { host: '127.0.0.1', port: 0 } })).rejects.toThrow(/16/);
    await expect(startVenue({ secret: '', listen: { host: '127.0.0.1', port: 0 } })).rejects.toThrow(/16/);
  });

  test.each(['0.0.0.0', '::', '192.0.2.1', 'localhost'])('the demo venue does not listen on %s', async (host) => {
    await expect(startVenue({ secret, listen: { host, port: 0 } })).rejects.toThrow('only 127.0.0.1 or ::1');
  });

  test('the demo venue listens on a unix socket that only its owner may open', () => {
    expect(venue.address).toBe(`unix:${join(folder, 'venue.sock')}`);
    expect(statSync(join(folder, 'venue.sock')).mode & 0o777).toBe(0o600);
  });

  test('the demo venue listens on a loopback port', async () => {
    const other = await startVenue({ secret, listen: { host: '127.0.0.1', port: 0 } });
    expect(other.address).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
    expect(await send(other, 'GET', '/v1/system/state', nobody)).toMatchObject({ status: 200, json: { status: 'ok' } });
    await other.close();
    await expect(send(other, 'GET', '/v1/system/state', nobody)).rejects.toThrow('ECONNREFUSED');
  });

  test('the demo venue does not start on a path that is taken', async () => {
    await expect(startVenue({ secret, listen: { path: join(folder, 'venue.sock') } })).rejects.toThrow('EADDRINUSE');
  });

  test('two demo venues share nothing', async () => {
    await place(atMarket('BUY', '1'));
    const other = await startVenue({ secret, listen: { path: join(folder, 'other.sock') } });
    expect((await send(other, 'GET', '/v1/positions', alice)).json).toEqual({ results: [] });
    expect(other.total()).toBe(1);
    await other.close();
  });
});

describe('identity', () => {
  const own = [
    ['GET', '/v1/account'],
    ['GET', '/v1/balance'],
    ['GET', '/v1/positions'],
    ['GET', '/v1/orders'],
    ['GET', '/v1/orders/1'],
    ['GET', '/v1/orders/by_client_id/1'],
    ['GET', '/v1/orders-history'],
    ['GET', '/v1/fills'],
    ['GET', '/v1/transfers'],
    ['GET', '/v1/funding/payments'],
    ['GET', '/v1/transactions'],
    ['GET', '/v1/tradebusts'],
    ['GET', '/v1/liquidations'],
    ['GET', '/v1/account/margin'],
    ['POST', '/v1/account/margin/BTC-USD-PERP'],
  ] as const;
  const trading = [
    ['POST', '/v1/orders'],
    ['PUT', '/v1/orders/1'],
    ['DELETE', '/v1/orders'],
    ['DELETE', '/v1/orders/1'],
    ['DELETE', '/v1/orders/by_client_id/1'],
    ['POST', '/v1/orders/batch'],
    ['DELETE', '/v1/orders/batch'],
  ] as const;

  test.each([...own, ...trading, ['POST', '/v1/transfers'] as const])(
    '%s %s is refused by the demo venue when no account is named, even to a holder of every permission',
    async (method, path) => {
      const answer = await ask(method, path, identity(''));
      expect(answer).toMatchObject({ status: 401, json: { error: 'UNAUTHORIZED_ERROR', data: null } });
    },
  );

  test.each(trading)('%s %s needs the permission trade at the demo venue', async (method, path) => {
    for (const permissions of ['', 'account:read funds:transfer', 'trader', 'keys:trade'])
      expect(await ask(method, path, identity('0xa11ce', permissions))).toMatchObject({
        status: 403,
        json: { error: 'INVALID_TOKEN_SCOPE' },
      });
  });

  test('a withdrawal needs the permission funds:transfer at the demo venue', async () => {
    const withdrawal = { kind: 'WITHDRAWAL', token: 'USDC', amount: '1' };
    const subkey = identity('0xa11ce', 'account:read keys:read trade');
    expect(await ask('POST', '/v1/transfers', subkey, withdrawal)).toMatchObject({
      status: 403,
      json: { error: 'INVALID_TOKEN_SCOPE' },
    });
    expect(await cash()).toBe('100000');
  });

  test.each(['0xa11ce, 0xb0b', 'a11ce', '0xA11CE', '0x', '__proto__', `0x${'1'.repeat(65)}`, ' '])(
    'the account header %j names nobody',
    async (account) => {
      expect((await ask('GET', '/v1/balance', identity(account))).status).toBe(401);
    },
  );

  test('an account header that is sent twice names nobody', async () => {
    const headers = { ...alice, 'Countersign-Account': ['0xa11ce', '0xb0b'] };
    expect((await send(venue, 'GET', '/v1/balance', headers)).status).toBe(401);
  });

  test('the demo venue takes the account from its header alone: not from the bearer, the query or the body', async () => {
    const headers = { ...alice, Authorization: 'Bearer 0xb0b', 'X-Account': '0xb0b', account: '0xb0b' };
    const placed = await ask(
      'POST',
      '/v1/orders?account=0xb0b',
      headers,
      limit('BUY', '1', '100', { account: '0xb0b' }),
    );
    expect(placed).toMatchObject({ status: 201, json: { account: '0xa11ce' } });
    expect(await get('/v1/orders', bob)).toEqual({ results: [] });
  });

  test('an order on behalf of another account is refused', async () => {
    const theirs = await place(limit('BUY', '1', '100', { on_behalf_of_account: '0xb0b' }));
    expect(theirs).toMatchObject({ status: 403, json: { error: 'ISOLATED_MARKET_ACCOUNT_MISMATCH' } });
    expect((await place(limit('BUY', '1', '100', { on_behalf_of_account: '0xa11ce' }))).status).toBe(201);
    expect(await get('/v1/orders', bob)).toEqual({ results: [] });
  });

  test('an account cannot see, change or cancel the order of another, nor move its money', async () => {
    const { json } = await place(limit('BUY', '1', '100', { client_id: 'mine' }));
    expect(json).toMatchObject({ id: '1' });
    const unknown = { status: 404, json: { error: 'ORDER_ID_NOT_FOUND', data: null } };
    expect(await ask('GET', '/v1/orders/1', bob)).toMatchObject(unknown);
    expect(await ask('GET', '/v1/orders/by_client_id/mine', bob)).toMatchObject(unknown);
    expect(await ask('PUT', '/v1/orders/1', bob, { size: '2', price: '1' })).toMatchObject(unknown);
    expect(await ask('DELETE', '/v1/orders/1', bob)).toMatchObject(unknown);
    expect(await ask('DELETE', '/v1/orders/by_client_id/mine', bob)).toMatchObject(unknown);
    expect((await ask('DELETE', '/v1/orders', bob)).json).toEqual({ results: [] });
    expect((await ask('DELETE', '/v1/orders/batch', bob, { order_ids: ['1'] })).json).toEqual({
      results: [{ id: '1', status: 'NOT_FOUND' }],
    });
    await place(atMarket('BUY', '1'), bob);
    expect(await cash()).toBe('100000');
    expect(await get('/v1/orders/1')).toMatchObject({ status: 'OPEN', size: '1' });
  });

  test('an account may cancel its own order', async () => {
    await place(limit('BUY', '1', '100'));
    expect(await ask('DELETE', '/v1/orders/1', alice)).toEqual({ status: 204, text: '', json: undefined });
    expect(await get('/v1/orders')).toEqual({ results: [] });
  });
});

describe('public routes', () => {
  test('GET /v1/markets of the demo venue lists every member that clients need, one market or all', async () => {
    const btc = {
      symbol: 'BTC-USD-PERP',
      asset_kind: 'PERP',
      base_currency: 'BTC',
      quote_currency: 'USD',
      settlement_currency: 'USDC',
      price_tick_size: '0.1',
      order_size_increment: '0.001',
      max_order_size: '100',
    };
    expect(await get('/v1/markets?market=BTC-USD-PERP', nobody)).toEqual({ results: [btc] });
    expect(await get('/v1/markets', nobody)).toMatchObject({
      results: [btc, { symbol: 'ETH-USD-PERP' }, { symbol: 'SOL-USD-PERP' }],
    });
    expect(await get('/v1/markets?market=DOGE', nobody)).toEqual({ results: [] });
  });

  test('prices of the demo venue are a fixed function of the market', async () => {
    const prices = { mark_price: '60000', last_traded_price: '60000', bid: '59999.9', ask: '60000.1' };
    const summary = { symbol: 'BTC-USD-PERP', ...prices, created_at: expect.any(Number) };
    expect(await get('/v1/markets/summary?market=BTC-USD-PERP', nobody)).toEqual({ results: [summary] });
    await place(atMarket('BUY', '1'));
    expect(await get('/v1/markets/summary?market=BTC-USD-PERP', nobody)).toEqual({ results: [summary] });
    expect(await get('/v1/markets/summary?market=ALL', nobody)).toMatchObject({
      results: [summary, { mark_price: '3000' }, { mark_price: '150' }],
    });
  });

  test('the order book of the demo venue and its best prices agree', async () => {
    const head = { market: 'SOL-USD-PERP', seq_no: 1, last_updated_at: 0 };
    expect(await get('/v1/orderbook/SOL-USD-PERP', nobody)).toEqual({
      ...head,
      asks: [['150.01', '10000']],
      bids: [['149.99', '10000']],
    });
    expect(await get('/v1/bbo/SOL-USD-PERP', nobody)).toEqual({
      ...head,
      bid: '149.99',
      bid_size: '10000',
      ask: '150.01',
      ask_size: '10000',
    });
    expect(await ask('GET', '/v1/bbo/DOGE', nobody)).toMatchObject({
      status: 404,
      json: { error: 'MARKET_NOT_FOUND' },
    });
    expect((await ask('GET', '/v1/orderbook/DOGE', nobody)).status).toBe(404);
  });

  test('public trades show what was traded, and nothing of who traded', async () => {
    expect(await get('/v1/trades?market=ETH-USD-PERP', nobody)).toEqual({ next: null, prev: null, results: [] });
    await place({ ...atMarket('SELL', '0.5', 'ETH-USD-PERP'), client_id: 'private' });
    await place(atMarket('BUY', '1'));
    expect(await get('/v1/trades?market=ETH-USD-PERP', nobody)).toEqual({
      next: null,
      prev: null,
      results: [
        {
          id: '2',
          market: 'ETH-USD-PERP',
          side: 'SELL',
          size: '0.5',
          price: '2999.99',
          created_at: expect.any(Number),
          trade_type: 'FILL',
        },
      ],
    });
  });

  test('other routes of the Paradex API are reachable at the demo venue and empty, whoever asks', async () => {
    expect(await ask('GET', '/v1/vaults', nobody)).toMatchObject({ status: 200, json: { results: [] } });
    expect(await ask('GET', '/v1/xp/transfer/7', nobody)).toMatchObject({ status: 200, json: { results: [] } });
    expect(await ask('POST', '/v1/account/profile/username', alice, {})).toMatchObject({ status: 200, json: {} });
    expect(await ask('DELETE', '/v1/rfqs/1', alice)).toMatchObject({ status: 200, json: {} });
  });
});

describe('orders', () => {
  test('a limit order below the market rests, and is shown with every member', async () => {
    const order = {
      id: '1',
      account: '0xa11ce',
      market: 'BTC-USD-PERP',
      side: 'BUY',
      type: 'LIMIT',
      size: '0.05',
      remaining_size: '0.05',
      price: '26000',
      avg_fill_price: '0',
      status: 'NEW',
      cancel_reason: '',
      client_id: 'x1',
      instruction: 'GTC',
      flags: [],
      created_at: expect.any(Number),
      last_updated_at: expect.any(Number),
    };
    expect(await place(limit('BUY', '0.050', '26000.0', { client_id: 'x1' }))).toMatchObject({
      status: 201,
      json: order,
    });
    const open = { ...order, status: 'OPEN' };
    expect(await get('/v1/orders')).toEqual({ results: [open] });
    expect(await get('/v1/orders?market=ETH-USD-PERP')).toEqual({ results: [] });
    expect(await get('/v1/orders/1')).toEqual(open);
    expect(await get('/v1/orders/by_client_id/x1')).toEqual(open);
    expect(await get('/v1/orders-history')).toEqual({ next: null, prev: null, results: [open] });
    expect(await get('/v1/fills')).toEqual({ next: null, prev: null, results: [] });
    expect(await cash()).toBe('100000');
  });

  test.each([
    ['BUY', '60000.1', 'CLOSED', '60000.1'],
    ['BUY', '61000', 'CLOSED', '60000.1'],
    ['BUY', '60000', 'NEW', '0'],
    ['SELL', '59999.9', 'CLOSED', '59999.9'],
    ['SELL', '100', 'CLOSED', '59999.9'],
    ['SELL', '60000', 'NEW', '0'],
  ])('a limit order to %s at %s is %s, filled at %s', async (side, price, status, filledAt) => {
    expect((await place(limit(side, '1', price))).json).toMatchObject({
      status,
      price,
      avg_fill_price: filledAt,
      remaining_size: status === 'CLOSED' ? '0' : '1',
    });
    expect(await get('/v1/orders')).toMatchObject({ results: status === 'CLOSED' ? [] : [{ side, price }] });
  });

  test('a market order fills at once, and fill, position and balance follow exactly', async () => {
    const { json } = await place({ ...atMarket('BUY', '0.1'), client_id: 'c1', price: '0' });
    expect(json).toMatchObject({ status: 'CLOSED', cancel_reason: '', avg_fill_price: '60000.1', remaining_size: '0' });
    expect(await get('/v1/fills')).toEqual({
      next: null,
      prev: null,
      results: [
        {
          id: '2',
          order_id: '1',
          client_id: 'c1',
          market: 'BTC-USD-PERP',
          side: 'BUY',
          size: '0.1',
          price: '60000.1',
          fee: '1.800003',
          fee_currency: 'USDC',
          liquidity: 'TAKER',
          fill_type: 'FILL',
          remaining_size: '0',
          created_at: expect.any(Number),
        },
      ],
    });
    expect(await positions()).toEqual({
      results: [
        {
          id: '0xa11ce-BTC-USD-PERP',
          market: 'BTC-USD-PERP',
          side: 'LONG',
          size: '0.1',
          average_entry_price: '60000.1',
          cost: '6000.01',
          unrealized_pnl: '-0.01',
          status: 'OPEN',
        },
      ],
    });
    expect(await cash()).toBe('99998.199997');
    expect(await get('/v1/account')).toEqual({
      account: '0xa11ce',
      account_value: '99998.189997',
      total_collateral: '99998.189997',
      free_collateral: '99998.189997',
      margin_cushion: '99998.189997',
      initial_margin_requirement: '0',
      maintenance_margin_requirement: '0',
      settlement_asset: 'USDC',
      status: 'ACTIVE',
      seq_no: expect.any(Number),
      updated_at: expect.any(Number),
    });
  });

  test('a thousandth of a coin bought and sold a hundred times leaves exactly the spread and the fees missing', async () => {
    for (let round = 0; round < 100; round += 1) {
      await place(atMarket('BUY', '0.001'));
      await place(atMarket('SELL', '0.001'));
    }
    // Each round: 0.001 x 0.2 spread, and 0.03 % of 60.0001 + 59.9999.
    expect(await cash()).toBe('99996.38');
    expect(await positions()).toEqual({ results: [] });
  });

  test('a position that is reduced, turned and closed realises exactly what each part earned', async () => {
    const held = async () => {
      const body = JSON.stringify(await positions());
      return body.replace(/.*"side":"(\w+)","size":"([^"]+)".*"cost":"([^"]+)".*/, '$1 $2 $3');
    };
    await place(atMarket('BUY', '0.3'));
    expect([await held(), await cash()]).toEqual(['LONG 0.3 18000.03', '99994.599991']);
    await place(atMarket('SELL', '0.1'));
    expect([await held(), await cash()]).toEqual(['LONG 0.2 12000.02', '99992.779994']);
    await place(atMarket('SELL', '0.5'));
    expect([await held(), await cash()]).toEqual(['SHORT 0.3 17999.97', '99983.740009']);
    await place(atMarket('SELL', '0.1'));
    expect([await held(), await cash()]).toEqual(['SHORT 0.4 23999.96', '99981.940012']);
    await place(atMarket('BUY', '0.4'));
    expect([await positions(), await cash()]).toEqual([{ results: [] }, '99974.66']);
  });

  test('positions of two markets do not touch each other', async () => {
    await place(atMarket('SELL', '2', 'ETH-USD-PERP'));
    await place(atMarket('BUY', '1.5', 'SOL-USD-PERP'));
    expect(await positions()).toMatchObject({
      results: [
        { market: 'ETH-USD-PERP', side: 'SHORT', size: '2', average_entry_price: '2999.99', unrealized_pnl: '-0.02' },
        { market: 'SOL-USD-PERP', side: 'LONG', size: '1.5', average_entry_price: '150.01', unrealized_pnl: '-0.015' },
      ],
    });
    expect(await get('/v1/fills?market=SOL-USD-PERP')).toMatchObject({ results: [{ size: '1.5' }] });
  });

  test('an order worth more than five times the collateral is closed unfilled', async () => {
    const refused = { status: 'CLOSED', cancel_reason: 'NOT_ENOUGH_MARGIN', remaining_size: '8.334' };
    expect((await place(atMarket('BUY', '8.334'))).json).toMatchObject(refused);
    expect((await place(limit('SELL', '8.334', '50000'))).json).toMatchObject(refused);
    expect(await positions()).toEqual({ results: [] });
    expect(await cash()).toBe('100000');
    expect((await place(atMarket('BUY', '8.333'))).json).toMatchObject({ cancel_reason: '', remaining_size: '0' });
  });

  test('a changed order keeps its id, and fills when it comes to cross', async () => {
    await place(limit('BUY', '0.2', '50000'));
    const same = { id: '1', market: 'BTC-USD-PERP', side: 'BUY', type: 'LIMIT' };
    const moved = await ask('PUT', '/v1/orders/1', alice, { ...same, size: '0.1', price: '55000' });
    expect(moved).toMatchObject({ status: 200, json: { id: '1', status: 'OPEN', size: '0.1', remaining_size: '0.1' } });
    const filled = await ask('PUT', '/v1/orders/1', alice, { size: '0.1', price: '60000.1' });
    expect(filled).toMatchObject({ status: 200, json: { id: '1', status: 'CLOSED', avg_fill_price: '60000.1' } });
    expect(await positions()).toMatchObject({ results: [{ size: '0.1' }] });
    expect((await ask('PUT', '/v1/orders/1', alice, { size: '1', price: '1' })).status).toBe(404);
  });

  test.each([
    [{ size: '0.1', price: '50000', market: 'ETH-USD-PERP' }],
    [{ size: '0.1', price: '50000', side: 'SELL' }],
    [{ size: '0.1', price: '50000', type: 'MARKET' }],
    [{ size: '0.1', price: '50000', id: '2' }],
    [{ size: '0.1' }],
    [{ price: '50000' }],
    [{ size: '0', price: '50000' }],
    [{ size: '101', price: '50000' }],
  ])('a change of an order to %j is refused and changes nothing', async (change) => {
    await place(limit('BUY', '0.2', '40000'));
    expect((await ask('PUT', '/v1/orders/1', alice, change)).status).toBe(400);
    expect(await get('/v1/orders/1')).toMatchObject({ status: 'OPEN', size: '0.2', price: '40000' });
  });

  test('a cancelled order is closed with its reason, and cannot be cancelled again', async () => {
    await place(limit('BUY', '1', '100', { client_id: 'a/b c' }));
    expect((await ask('DELETE', '/v1/orders/by_client_id/a%2Fb%20c', alice)).status).toBe(204);
    expect(await get('/v1/orders/by_client_id/a%2Fb%20c')).toMatchObject({
      status: 'CLOSED',
      cancel_reason: 'USER_CANCELED',
      remaining_size: '1',
    });
    expect((await ask('DELETE', '/v1/orders/1', alice)).status).toBe(404);
    expect((await ask('DELETE', '/v1/orders/by_client_id/a%2Fb%20c', alice)).status).toBe(404);
    expect(await get('/v1/orders')).toEqual({ results: [] });
    expect(await get('/v1/orders-history')).toMatchObject({ results: [{ id: '1', status: 'CLOSED' }] });
  });

  test('a cancel of all orders cancels one market when one is named, with the trailing slash of some clients too', async () => {
    await place(limit('BUY', '1', '100'));
    await place({ ...limit('BUY', '1', '100'), market: 'ETH-USD-PERP' });
    await place({ ...limit('BUY', '1', '100'), market: 'SOL-USD-PERP' });
    expect((await ask('DELETE', '/v1/orders?market=DOGE', alice)).json).toEqual({ results: [] });
    expect((await ask('DELETE', '/v1/orders/?market=BTC-USD-PERP', alice)).json).toMatchObject({
      results: [{ id: '1' }],
    });
    expect(await get('/v1/orders')).toMatchObject({ results: [{ id: '2' }, { id: '3' }] });
    expect((await ask('DELETE', '/v1/orders', alice)).json).toMatchObject({ results: [{ id: '2' }, { id: '3' }] });
    expect(await get('/v1/orders')).toEqual({ results: [] });
  });

  test('a bad order of a batch does not stop the others', async () => {
    const batch = [limit('BUY', '1', '100'), { market: 'DOGE' }, 7, atMarket('BUY', '0.001')];
    expect(await ask('POST', '/v1/orders/batch', alice, batch)).toMatchObject({
      status: 201,
      json: {
        orders: [{ id: '1', status: 'NEW' }, null, null, { status: 'CLOSED' }],
        errors: [null, { error: 'MARKET_NOT_FOUND', data: null }, { error: 'BINDING_ERROR' }, null],
      },
    });
    expect(await get('/v1/orders')).toMatchObject({ results: [{ id: '1' }] });
  });

  test('a batch cancel names orders by id and by client id, and says what became of each', async () => {
    await place(limit('BUY', '1', '100'));
    await place(limit('BUY', '1', '200', { client_id: 'two' }));
    const body = { order_ids: ['1', '99'], client_order_ids: ['two', 'three'] };
    expect((await ask('DELETE', '/v1/orders/batch', alice, body)).json).toEqual({
      results: [
        { id: '1', client_id: '', market: 'BTC-USD-PERP', status: 'QUEUED_FOR_CANCELLATION' },
        { id: '99', status: 'NOT_FOUND' },
        { id: '2', client_id: 'two', market: 'BTC-USD-PERP', status: 'QUEUED_FOR_CANCELLATION' },
        { client_id: 'three', status: 'NOT_FOUND' },
      ],
    });
    expect(await get('/v1/orders')).toEqual({ results: [] });
  });

  test('two open orders of an account cannot have one client id; a closed one does not count', async () => {
    await place(limit('BUY', '1', '100', { client_id: 'x' }));
    const again = await place(limit('BUY', '1', '100', { client_id: 'x' }));
    expect(again).toMatchObject({ status: 400, json: { error: 'DUPLICATED_CLIENT_ID' } });
    expect((await place(limit('BUY', '1', '100', { client_id: 'x' }), bob)).status).toBe(201);
    await ask('DELETE', '/v1/orders', alice);
    expect((await place(limit('BUY', '1', '100', { client_id: 'x' }))).status).toBe(201);
  });

  test.each([
    ['1.0', '1'],
    ['0.100000000', '0.1'],
    ['5.0E-1', '0.5'],
    ['1E+1', '10'],
    ['1e01', '10'],
    ['10000e-3', '10'],
    [`1.${'0'.repeat(38)}`, '1'],
  ])('an order of the size %s is shown with the size %s', async (size, shown) => {
    const { status, json } = await place(limit('BUY', size, '1.000E+2'));
    expect({ status, json }).toMatchObject({ status: 201, json: { size: shown, price: '100' } });
  });

  test.each([
    ['a size that is a number', { size: 1 }],
    ['a negative size', { size: '-1' }],
    ['a size of nothing', { size: '0.000' }],
    ['a size between two steps', { size: '0.0005' }],
    ['a size above the largest', { size: '100.001' }],
    ['more than eight decimals', { size: '1.000000001' }],
    ['a size below a hundred-millionth by its exponent', { size: '1e-9' }],
    ['an exponent that nobody could write out', { size: '1e999999999' }],
    ['an exponent without digits', { size: '1e' }],
    ['a leading zero', { size: '01' }],
    ['no digit before the point', { size: '.5' }],
    ['no digit behind the point', { size: '1.' }],
    ['a plus', { size: '+1' }],
    ['more than 40 characters', { size: `1.${'0'.repeat(39)}` }],
    ['a price between two ticks', { price: '100.05' }],
    ['a price with a space', { price: ' 100' }],
    ['a price far from the market', { price: '999999999' }],
    ['no price', { price: undefined }],
    ['an unknown side', { side: 'buy' }],
    ['an unknown type', { type: 'STOP_LIMIT' }],
    ['an unknown instruction', { instruction: 'IOC' }],
    ['a flag', { flags: ['REDUCE_ONLY'] }],
    ['a client id that is a number', { client_id: 7 }],
    ['a long client id', { client_id: 'x'.repeat(101) }],
  ])('an order with %s is refused by the demo venue', async (_name, change) => {
    expect(await place(limit('BUY', '1', '100', change))).toMatchObject({
      status: 400,
      json: { error: 'INVALID_REQUEST_PARAMETER', message: expect.any(String), data: null },
    });
    expect(await get('/v1/orders-history')).toMatchObject({ results: [] });
  });

  test('members of an order named like parts of a prototype are only members', async () => {
    const body = `{"__proto__":{"side":"BUY"},"constructor":1,${JSON.stringify(limit('SELL', '1', '70000')).slice(1)}`;
    expect(await send(venue, 'POST', '/v1/orders', alice, body)).toMatchObject({ status: 201, json: { side: 'SELL' } });
  });
});

describe('money', () => {
  const withdrawal = (amount: unknown, more: object = {}) => ({ kind: 'WITHDRAWAL', token: 'USDC', amount, ...more });

  test('a withdrawal lowers the balance by exactly its amount and is listed', async () => {
    const answer = await ask('POST', '/v1/transfers', alice, withdrawal('0.00000001', { recipient: '0xdead' }));
    expect(answer).toMatchObject({ status: 201, json: { id: '1' } });
    expect(await cash()).toBe('99999.99999999');
    expect(await get('/v1/transfers')).toEqual({
      next: null,
      prev: null,
      results: [
        {
          id: '1',
          account: '0xa11ce',
          kind: 'WITHDRAWAL',
          token: 'USDC',
          amount: '0.00000001',
          recipient: '0xdead',
          status: 'COMPLETED',
          created_at: expect.any(Number),
          last_updated_at: expect.any(Number),
        },
      ],
    });
    expect(await get('/v1/transfers', bob)).toMatchObject({ results: [] });
  });

  test('all money of an account may be withdrawn, and then nothing more', async () => {
    expect((await ask('POST', '/v1/transfers', alice, withdrawal('100000'))).status).toBe(201);
    expect((await ask('POST', '/v1/transfers', alice, withdrawal('0.00000001'))).status).toBe(400);
    expect(await cash()).toBe('0');
  });

  test('money that open positions have lost cannot be withdrawn', async () => {
    await place(atMarket('BUY', '0.1'));
    expect((await ask('POST', '/v1/transfers', alice, withdrawal('99998.189998'))).status).toBe(400);
    expect((await ask('POST', '/v1/transfers', alice, withdrawal('99998.189997'))).status).toBe(201);
  });

  test.each([
    ['more than there is', withdrawal('100000.00000001')],
    ['a negative amount', withdrawal('-5')],
    ['nothing', withdrawal('0')],
    ['a number', withdrawal(5)],
    ['a billionth', withdrawal('0.000000001')],
    ['no amount', withdrawal(undefined)],
    ['another token', withdrawal('5', { token: 'BTC' })],
    ['another kind', withdrawal('5', { kind: 'DEPOSIT' })],
    ['a recipient that is no text', withdrawal('5', { recipient: {} })],
  ])('a withdrawal of %s is refused and moves nothing', async (_name, body) => {
    expect(await ask('POST', '/v1/transfers', alice, body)).toMatchObject({
      status: 400,
      json: { error: 'INVALID_REQUEST_PARAMETER' },
    });
    expect(await cash()).toBe('100000');
    expect(await get('/v1/transfers')).toMatchObject({ results: [] });
  });

  test('leverage is five in every market of the demo venue: setting it so works, setting it otherwise is refused', async () => {
    const margin = { market: 'ETH-USD-PERP', leverage: 5, margin_type: 'CROSS' };
    const set = (body: object) => ask('POST', '/v1/account/margin/ETH-USD-PERP', alice, body);
    expect((await set({ leverage: 5, margin_type: 'CROSS' })).json).toEqual({ account: '0xa11ce', ...margin });
    expect((await set({ leverage: 50 })).status).toBe(400);
    expect((await set({ leverage: 5, margin_type: 'ISOLATED' })).status).toBe(400);
    const theirs = await set({ leverage: 5, on_behalf_of_account: '0xb0b' });
    expect(theirs).toMatchObject({ status: 403, json: { error: 'ISOLATED_MARKET_ACCOUNT_MISMATCH' } });
    expect(await get('/v1/account/margin?market=ETH-USD-PERP')).toEqual({ account: '0xa11ce', configs: [margin] });
    expect(await get('/v1/account/margin')).toMatchObject({ configs: [{}, margin, {}] });
  });

  test('lists of the demo venue that are always empty have the shape that clients expect', async () => {
    for (const name of ['funding/payments', 'transactions', 'tradebusts', 'liquidations'])
      expect(await get(`/v1/${name}`)).toEqual({ next: null, prev: null, results: [] });
  });
});

describe('bounds', () => {
  test('a body that is not JSON is refused by the demo venue; an empty one is an empty object', async () => {
    for (const body of ['{', 'not json', '{"a":1}}'])
      expect(await send(venue, 'POST', '/v1/orders', alice, body)).toMatchObject({
        status: 400,
        json: { error: 'BINDING_ERROR', message: expect.any(String), data: null },
      });
    expect(await send(venue, 'POST', '/v1/orders', alice, '[]')).toMatchObject({ status: 400 });
    expect(await send(venue, 'POST', '/v1/orders', alice, 'null')).toMatchObject({ status: 400 });
    expect((await send(venue, 'POST', '/v1/orders', alice, '')).json).toMatchObject({ error: 'MARKET_NOT_FOUND' });
  });

  test('a body of 64 KiB is read by the demo venue, a longer one is refused', async () => {
    const padded = (bytes: number) => JSON.stringify(limit('BUY', '1', '100')).padEnd(bytes, ' ');
    expect((await send(venue, 'POST', '/v1/orders', alice, padded(65_536))).status).toBe(201);
    expect(await send(venue, 'POST', '/v1/orders', alice, padded(65_537))).toMatchObject({
      status: 413,
      json: { error: 'PAYLOAD_TOO_LARGE' },
    });
    const chunked = { ...alice, 'Transfer-Encoding': 'chunked' };
    expect((await send(venue, 'POST', '/v1/orders', chunked, padded(200_000))).status).toBe(413);
  });

  test('a client that leaves in the middle of a body does not stop the demo venue', async () => {
    const socket = connect(join(folder, 'venue.sock'));
    const head = Object.entries(alice).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`POST /v1/orders HTTP/1.1\r\nHost: venue\r\nContent-Length: 100\r\n${head.join('')}\r\n{"market"`);
    while (!venue.counts().has('POST /v1/orders')) await get('/v1/system/state', nobody);
    socket.destroy();
    expect(await get('/v1/orders-history')).toMatchObject({ results: [] });
    expect((await place(limit('BUY', '1', '100'))).status).toBe(201);
  });

  test('a malformed path is refused, and the demo venue goes on', async () => {
    expect(await ask('GET', '/v1/orders/%zz', alice)).toMatchObject({
      status: 400,
      json: { error: 'INVALID_REQUEST_PARAMETER' },
    });
    expect((await ask('GET', '/v1/orders/%c3%28', alice)).status).toBe(400);
    expect((await ask('GET', '/v1/orders', alice)).status).toBe(200);
  });

  test('the demo venue takes a path as it was sent: dots and doubled slashes do not lead to another route', async () => {
    await place(limit('BUY', '1', '100'));
    for (const path of ['/v1/x/../orders', '/v1//orders', '//v1/orders', '/v1/%6frders', '/v1/orders/1/'])
      await ask('DELETE', path, path === '/v1/orders/1/' ? bob : alice);
    expect(await get('/v1/orders')).toMatchObject({ results: [{ id: '1' }] });
  });

  test('an account has at most 200 open orders; a cancelled one makes room', async () => {
    const fifty = Array.from({ length: 50 }, () => limit('BUY', '1', '100'));
    for (let batch = 0; batch < 4; batch += 1) await ask('POST', '/v1/orders/batch', alice, fifty);
    expect((await place(limit('BUY', '1', '100'))).json).toMatchObject({ message: 'at most 200 open orders' });
    expect((await place(limit('BUY', '1', '100'), bob)).status).toBe(201);
    await ask('DELETE', '/v1/orders/7', alice);
    expect((await place(limit('BUY', '1', '100'))).status).toBe(201);
  });

  test('a batch cancel with one bad list cancels nothing', async () => {
    await place(limit('BUY', '1', '100', { client_id: 'x' }));
    for (const body of [
      { client_order_ids: ['x'], order_ids: 'x' },
      { order_ids: ['1'], client_order_ids: 7 },
    ])
      expect((await ask('DELETE', '/v1/orders/batch', alice, body)).status).toBe(400);
    expect(await get('/v1/orders')).toMatchObject({ results: [{ id: '1' }] });
  });

  test('a batch has at most 50 orders', async () => {
    const many = Array.from({ length: 51 }, () => limit('BUY', '1', '100'));
    expect(await ask('POST', '/v1/orders/batch', alice, many)).toMatchObject({
      status: 400,
      json: { error: 'BATCH_SIZE_OUT_OF_RANGE' },
    });
    for (const body of [{ order_ids: many.map(String) }, { client_order_ids: many.map(String) }, { order_ids: '1' }])
      expect((await ask('DELETE', '/v1/orders/batch', alice, body)).status).toBe(400);
    expect((await ask('POST', '/v1/orders/batch', alice, limit('BUY', '1', '100'))).status).toBe(400);
  });

  test('histories of the demo venue keep the latest 200', async () => {
    const fifty = Array.from({ length: 50 }, () => atMarket('BUY', '0.001'));
    for (let batch = 0; batch < 5; batch += 1) await ask('POST', '/v1/orders/batch', alice, fifty);
    const ids = (body: unknown) => [...JSON.stringify(body).matchAll(/"id":"(\d+)"/g)].map(([, id]) => Number(id));
    for (const path of ['/v1/orders-history', '/v1/fills', '/v1/trades']) {
      const kept = ids(await get(path));
      expect(kept).toHaveLength(200);
      expect(kept).toEqual(kept.toSorted((a, b) => b - a));
      expect(Math.max(...kept)).toBeGreaterThan(498);
    }
  });

  test('the demo venue has room for 2000 accounts; those that have an account keep it when it is full', async () => {
    const numbers = Array.from({ length: 2000 }, (_, number) => number);
    while (numbers.length > 0)
      await Promise.all(
        numbers.splice(0, 50).map((number) => get('/v1/balance', identity(`0x${number.toString(16)}`))),
      );
    expect(await ask('GET', '/v1/balance', identity('0xfffff'))).toMatchObject({
      status: 503,
      json: { error: 'SERVICE_UNAVAILABLE' },
    });
    expect(await cash(identity('0x7'))).toBe('100000');
  });

  test('closing the demo venue cuts connections that only stay open', async () => {
    const other = await startVenue({ secret, listen: { path: join(folder, 'idle.sock') } });
    const socket = connect(join(folder, 'idle.sock'));
    await once(socket, 'connect');
    // Connected later and answered: the first has been accepted.
    expect((await send(other, 'GET', '/v1/system/state', nobody)).status).toBe(200);
    const closed = untilClosed(socket);
    await other.close();
    await closed;
    expect(socket.destroyed).toBe(true);
  });
});

describe('what tests may ask it', () => {
  test('the demo venue counts requests by template where there is one, by path where there is none, refused ones too', async () => {
    await ask('GET', '/v1/orders/1?x=1', alice);
    await ask('GET', '/v1/orders/2', nobody);
    await send(venue, 'DELETE', '/v1/orders/by_client_id/abc', {});
    await ask('GET', '/v1/vaults/config', nobody);
    await ask('DELETE', '/v1/orders/?market=X', alice);
    expect(Object.fromEntries(venue.counts())).toEqual({
      'GET /v1/orders/{order_id}': 2,
      'DELETE /v1/orders/by_client_id/{client_id}': 1,
      'GET /v1/vaults/config': 1,
      'DELETE /v1/orders': 1,
    });
    expect(venue.total()).toBe(5);
  });

  test('the demo venue keeps the latest requests as they came', async () => {
    await ask('GET', '/v1/orders?market=X', { ...alice, 'X-Test': 'yes' });
    expect(venue.requests()).toMatchObject([
      { method: 'GET', target: '/v1/orders?market=X', headers: { 'x-test': 'yes', 'countersign-account': '0xa11ce' } },
    ]);
  });

  test('the counts and the kept requests of the demo venue are bounded', async () => {
    const paths = Array.from({ length: 1100 }, (_, number) => `/v1/x${number}`);
    while (paths.length > 0) await Promise.all(paths.splice(0, 50).map((path) => ask('GET', path, nobody)));
    await ask('GET', '/v1/last', nobody);
    expect(venue.counts().size).toBe(1000);
    expect(venue.total()).toBe(1101);
    expect(venue.requests()).toHaveLength(1000);
    expect(venue.requests().at(-1)).toMatchObject({ target: '/v1/last' });
  });
});
