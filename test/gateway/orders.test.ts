// Orders on a whole service over raw sockets: the venue gets exactly the bytes of a well-signed order, and nothing at all of any other.
import { createServer } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { StarkKey } from '../../src/client/stark-key.ts';
import type { AccountId } from '../../src/domain/credential.ts';
import { STARK_PRIME } from '../../src/domain/felt.ts';
import { feltFromText } from '../../src/starknet/felt.ts';
import { createMessageHasher, hashStruct, modifyOrderType, orderType } from '../../src/starknet/message.ts';
import { STARK_CURVE_ORDER } from '../../src/starknet/pedersen.ts';
import { curve } from '../support/curve.ts';
import { startService, unsignedOrders } from '../support/harness.ts';
import { auditRows } from '../support/operator.ts';
import { pipelined, type RawAnswer, sendRaw } from '../support/raw-http.ts';
import { expectRawRefusal } from '../support/raw-refusal.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { call, hasher } from '../support/trader.ts';
import {
  addSubkey,
  ELSEWHERE,
  loginOf,
  mainSession,
  newOwner,
  newStarkKey,
  newWalletOwner,
  type Owner,
  postLogin,
  postSubkey,
  registrationBody,
  SUBKEYS,
  sessionIn,
  startWorld,
  subkeySession,
  type World,
} from '../support/world.ts';

interface Seen {
  readonly method: string;
  readonly target: string;
  readonly body: Buffer;
}

/** A venue that records what it gets and takes every order. */
function createRecordingVenue() {
  const seen: Seen[] = [];
  let breaks = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      seen.push({ method: request.method ?? '', target: request.url ?? '', body: Buffer.concat(chunks) });
      if (breaks > 0) {
        breaks -= 1;
        request.socket.destroy();
        return;
      }
      response.writeHead(201, { 'Content-Type': 'application/json' }).end('{"id":"1"}');
    });
  });
  return {
    seen,
    /** The next request is taken, and its connection breaks before an answer. */
    breakOnce() {
      breaks += 1;
    },
    listen: (where: { port: number; host: string } | { path: string }) =>
      new Promise<string>((resolve) =>
        server.listen(where, () => {
          const bound = server.address();
          resolve(typeof bound === 'object' ? `http://127.0.0.1:${bound?.port}` : `unix:${bound}`);
        }),
      ),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const venue = createRecordingVenue();
let world: World;
let owner: Owner;
let subkey: StarkKey;
let otherSubkey: StarkKey;
/** Sessions of the owner. */
let bySubkey: string;
let isolated: string;

beforeAll(async () => {
  const upstream = await venue.listen({ port: 0, host: '127.0.0.1' });
  world = await startWorld({ upstream, settings: { 'subkeys.require_signature': 'false' } });
  owner = await newOwner(world);
  subkey = await addSubkey(world, owner);
  otherSubkey = await addSubkey(world, owner);
  bySubkey = await subkeySession(world, owner.account, subkey);
  const flag = { 'PARADEX-AUTHORIZE-ISOLATED-MARKETS': 'true' };
  isolated = sessionIn(await postLogin(world, { ...loginOf(world, subkey, owner.account), ...flag }, subkey.publicKey));
});
afterAll(async () => {
  await world.stop();
  await venue.close();
});

interface Order extends Readonly<Record<string, unknown>> {
  readonly market: string;
  readonly side: string;
  readonly type: string;
  readonly size: string;
  readonly price?: string;
  readonly signature_timestamp: number;
}

let made = 0;
const nowMs = () => Number(world.clock.nanos() / 1_000_000n);
const units = (text = '0') => BigInt(Math.abs(Math.round(Number(text) * 1e8)));

/** An order unlike all others, a moment old. */
function newOrder(more: Partial<Order> = {}): Order {
  made += 1;
  const usual = { market: 'BTC-USD-PERP', side: 'BUY', type: 'LIMIT', size: '0.5', price: '29500.12' };
  return { ...usual, signature_timestamp: nowMs() - made, instruction: 'GTC', ...more };
}

interface Signing {
  readonly by?: StarkKey;
  readonly account?: AccountId;
  readonly id?: string;
  readonly hasher?: typeof hasher;
}

function hashOf(order: Order, { account = owner.account, id, hasher: by = hasher }: Signing = {}): bigint {
  const values = {
    timestamp: BigInt(order.signature_timestamp),
    market: feltFromText(order.market),
    side: order.side === 'BUY' ? 1n : 2n,
    orderType: feltFromText(order.type),
    size: units(order.size),
    price: order.type.includes('MARKET') ? 0n : units(order.price),
  };
  const struct =
    id === undefined
      ? hashStruct(curve, orderType, values)
      : hashStruct(curve, modifyOrderType, { ...values, id: feltFromText(id) });
  return by.messageHash(account, struct);
}

const signed = (order: Order, signing: Signing = {}) => ({
  ...order,
  signature: JSON.stringify((signing.by ?? subkey).sign(hashOf(order, signing))),
});

interface Sending {
  readonly session?: string;
  readonly method?: string;
  readonly target?: string;
  readonly headers?: readonly string[];
  readonly port?: number;
}

const bytesOf = (body: unknown): Buffer =>
  Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));

function send(body: unknown, sending: Sending = {}): Promise<RawAnswer> {
  const { session = bySubkey, method = 'POST', target = '/v1/orders', headers = [], port = world.port } = sending;
  const bytes = bytesOf(body);
  const chunked = headers.includes('Transfer-Encoding: chunked');
  const head = [
    `${method} ${target} HTTP/1.1`,
    'Host: gateway.test',
    'Connection: close',
    `Authorization: Bearer ${session}`,
    ...(chunked ? [] : [`Content-Length: ${bytes.length}`]),
    ...headers,
    '',
    '',
  ].join('\r\n');
  const size = `${bytes.length.toString(16)}\r\n`;
  const parts = chunked ? [head, size, bytes, '\r\n0\r\n\r\n'] : [head, bytes];
  return sendRaw(port, Buffer.concat(parts.map((part) => Buffer.from(part))));
}

async function expectForwarded(body: unknown, sending: Sending = {}): Promise<void> {
  const before = venue.seen.length;
  const answer = await send(body, sending);
  expect(`${answer.status} ${answer.body}`).toContain('201 ');
  expect(venue.seen.length).toBe(before + 1);
  const seen = venue.seen.at(-1);
  expect(seen).toMatchObject({ method: sending.method ?? 'POST', target: sending.target ?? '/v1/orders' });
  expect(seen?.body.equals(bytesOf(body))).toBe(true);
}

/** The message of the refusal. */
async function expectRefused(body: unknown, sending: Sending = {}, status = 400, code = 'INVALID_ORDER_SIGNATURE') {
  const before = venue.seen.length;
  const answer = await send(body, sending);
  expectRawRefusal(answer, status, code);
  expect(venue.seen.length).toBe(before);
  return JSON.parse(answer.body);
}

/** The data of the refusal. */
const expectRepeated = async (body: unknown, sending: Sending = {}) =>
  (await expectRefused(body, sending, 400, 'ORDER_ALREADY_SENT')).data;

describe('a well-signed order is forwarded byte for byte', () => {
  test('an order with white space, escapes in values and members that nobody signs is forwarded byte for byte', async () => {
    const order = signed(newOrder({ client_id: 'é \u{1f600}', flags: ['REDUCE_ONLY'], trigger_price: '1.0' }));
    await expectForwarded(` ${JSON.stringify(order, null, 3)}\r\n`.replace('"BUY"', '"\\u0042UY"'));
  });

  /** The texts of one half and of one price, as clients write them. */
  const written = [
    ['0.50', '29500.120'],
    ['5E-1', '2.950012E+4'],
    ['0.500000000', '2950012e-02'],
    ['5.0e-1', '29500.1200000000000000000000000000000000'],
  ] as const;

  test.each(written)(
    'an order of the size %s and the price %s is forwarded byte for byte: new, changed, in a list and as an algo order',
    async (size, price) => {
      const order = () => newOrder({ size, price });
      await expectForwarded(signed(order()));
      await expectForwarded(signed(order(), { id: '7' }), { target: '/v1/orders/7', method: 'PUT' });
      await expectForwarded([signed(order()), signed(order())], { target: '/v1/orders/batch' });
      await expectForwarded(signed({ ...order(), algo_type: 'TWAP' }), { target: '/v1/algo/orders' });
    },
  );

  test('an order of a size that was forwarded is the same order in any other text of that size, and is not forwarded again', async () => {
    const order = signed(newOrder({ size: '1' }));
    await expectForwarded(order);
    for (const size of ['1.0', '1E0', '10e-1', '1']) await expectRepeated({ ...order, size });
    const list = signed(newOrder({ size: '1' }));
    await expectRepeated([list, { ...list, size: '1.0' }], { target: '/v1/orders/batch' });
  });

  test.each(['0', '0.0', '0E-8', '', null])(
    'an order of a MARKET type with the price %j is forwarded byte for byte',
    async (price) => {
      for (const type of ['MARKET', 'STOP_MARKET']) {
        const { price: _none, ...order } = newOrder({ type });
        await expectForwarded({ ...signed(order), price });
      }
    },
  );

  test('an order with null for what may be absent is forwarded byte for byte', async () => {
    const absent = { on_behalf_of_account: null, client_id: null, instruction: null, flags: null, trigger_price: null };
    await expectForwarded({ ...signed(newOrder()), ...absent });
    const change = signed(newOrder(), { id: '7' });
    await expectForwarded(
      { ...change, ...absent, id: null, order_id: null },
      { target: '/v1/orders/7', method: 'PUT' },
    );
  });

  test('an order in chunks is forwarded byte for byte', () =>
    expectForwarded(signed(newOrder()), { headers: ['Transfer-Encoding: chunked'] }));

  test.each([
    'Content-Type: application/json',
    'content-type: Application/JSON; charset=UTF-8',
    'Content-Type: application/json;charset="utf-8"',
    'Content-Encoding: identity',
  ])('an order with %s is forwarded byte for byte', (header) =>
    expectForwarded(signed(newOrder()), { headers: [header] }),
  );

  test.each(['MARKET', 'STOP_MARKET', 'TAKE_PROFIT_MARKET', 'STOP_LOSS_MARKET'])(
    'an order of the type %s is forwarded byte for byte',
    async (type) => {
      const { price: _none, ...order } = newOrder({ type, side: 'SELL', size: '0' });
      await expectForwarded(signed(order));
      await expectForwarded(signed(newOrder({ type, price: '0' })));
    },
  );

  test('a change of an order is forwarded byte for byte, with and without its id in the body', async () => {
    for (const id of ['1681462103821101699438490000', '7', '0', (STARK_PRIME - 1n).toString()]) {
      const sending = { method: 'PUT', target: `/v1/orders/${id}` };
      await expectForwarded(signed(newOrder(), { id }), sending);
      await expectForwarded(signed(newOrder({ id }), { id }), sending);
    }
  });

  test('an algo order is forwarded byte for byte', async () => {
    const { price: _none, ...order } = newOrder({ type: 'MARKET', algo_type: 'TWAP', duration_seconds: 60 });
    await expectForwarded(signed(order), { target: '/v1/algo/orders' });
  });

  test('a list of 1 and of 50 orders is forwarded byte for byte', async () => {
    await expectForwarded([signed(newOrder())], { target: '/v1/orders/batch' });
    const fifty = Array.from({ length: 50 }, () => signed(newOrder()));
    await expectForwarded(fifty, { target: '/v1/orders/batch' });
  });

  test('an order with a signature of 0x hex numbers is forwarded byte for byte', async () => {
    const order = newOrder();
    const hex = subkey.sign(hashOf(order)).map((part) => `0x${BigInt(part).toString(16)}`);
    await expectForwarded({ ...order, signature: JSON.stringify(hex) });
  });

  test('an order in a body of exactly 64 KiB is forwarded byte for byte', async () => {
    const text = JSON.stringify(signed(newOrder()));
    await expectForwarded(text + ' '.repeat(64 * 1024 - Buffer.byteLength(text)));
  });
});

describe('whose key', () => {
  test('a main session may send orders of the main key and of any active subkey, even in one list', async () => {
    await expectForwarded(signed(newOrder(), { by: owner.key }), { session: owner.session });
    await expectForwarded(signed(newOrder(), { by: otherSubkey }), { session: owner.session });
    const list = [owner.key, subkey, otherSubkey, subkey].map((by) => signed(newOrder(), { by }));
    await expectForwarded(list, { session: owner.session, target: '/v1/orders/batch' });
  });

  test('a wallet session may send orders of any active subkey, and of no other key', async () => {
    const wallet = await newWalletOwner(world);
    const bot = newStarkKey();
    const answer = await postSubkey(world, wallet.session, { name: 'bot', public_key: bot.publicKey });
    expect(answer.status, answer.text).toBe(201);
    const { account, session } = wallet;
    await expectForwarded(signed(newOrder(), { by: bot, account }), { session });
    await expectRefused(signed(newOrder(), { by: newStarkKey(), account }), { session });
    await expectRefused(signed(newOrder(), { by: subkey, account }), { session });
  });

  test('a subkey session cannot send orders of the main key or of another subkey', async () => {
    await expectRefused(signed(newOrder(), { by: owner.key }));
    await expectRefused(signed(newOrder(), { by: otherSubkey }));
    await expectRefused(signed(newOrder(), { by: newStarkKey() }));
  });

  test('a main session cannot send orders of a revoked subkey, from the moment of its revocation', async () => {
    const revoked = await addSubkey(world, owner);
    await expectForwarded(signed(newOrder(), { by: revoked }), { session: owner.session });
    const answer = await call(world.url, 'DELETE', `${SUBKEYS}/${revoked.publicKey}`, { bearer: owner.session });
    expect(answer.status).toBe(200);
    await expectRefused(signed(newOrder(), { by: revoked }), { session: owner.session });
    await expectRefused(signed(newOrder(), { by: newStarkKey() }), { session: owner.session });
  });

  test('a main session may send orders of a subkey only from where that subkey may be used', async () => {
    const other = await newOwner(world);
    const { session, account } = other;
    const bound = await addSubkey(world, other, { allowed_cidrs: ['127.0.0.0/8'] });
    const bind = async (allowed_cidrs: readonly string[]) => {
      const path = `${SUBKEYS}/${bound.publicKey}/allowed-cidrs`;
      expect((await call(world.url, 'PUT', path, { bearer: session, body: { allowed_cidrs } })).status).toBe(200);
    };
    const order = () => signed(newOrder(), { by: bound, account });
    await expectForwarded(order(), { session });
    await bind(ELSEWHERE);
    const refused = await expectRefused(order(), { session }, 403, 'IP_NOT_ALLOWED');
    expect(refused.message).toBe('the client address is outside the allowlist of the subkey that signed');
    const list = [signed(newOrder(), { by: other.key, account }), order()];
    const listed = await expectRefused(list, { session, target: '/v1/orders/batch' }, 403, 'IP_NOT_ALLOWED');
    expect(refused.data).toEqual({ client_ip: '127.0.0.1' });
    expect(listed.data).toEqual({ index: 1, client_ip: '127.0.0.1' });
    // The main key itself is bound to no address, and a key of nobody is told of no list.
    await expectForwarded(list.slice(0, 1), { session, target: '/v1/orders/batch' });
    await expectRefused(signed(newOrder(), { by: newStarkKey(), account }), { session });
    await bind([]);
    await expectForwarded(order(), { session });
  });

  test('an order signed by the subkey or main key of another account is refused', async () => {
    const stranger = await newOwner(world);
    const theirs = await addSubkey(world, stranger);
    for (const by of [stranger.key, theirs]) {
      await expectRefused(signed(newOrder(), { by }), { session: owner.session });
      await expectRefused(signed(newOrder(), { by, account: stranger.account }), { session: owner.session });
    }
  });

  test('one key in two accounts signs the orders of each alone', async () => {
    const second = await newOwner(world);
    const answer = await postSubkey(world, second.session, registrationBody(world, second, subkey));
    expect(answer.status, answer.text).toBe(201);
    await expectRefused(signed(newOrder(), { account: second.account }));
    await expectForwarded(signed(newOrder(), { account: second.account }), { session: second.session });
  });
});

describe('what is signed', () => {
  const changes: [string, Readonly<Record<string, unknown>>][] = [
    ['market', { market: 'ETH-USD-PERP' }],
    ['side', { side: 'SELL' }],
    ['type', { type: 'STOP_LIMIT' }],
    ['size', { size: '0.51' }],
    ['price', { price: '29500.13' }],
    ['signature_timestamp', { signature_timestamp: 1_799_999_900_000 }],
  ];

  test.each(changes)('an order with another %s than the signed one is refused', async (_name, change) => {
    const order = signed(newOrder());
    await expectRefused({ ...order, ...change });
    await expectForwarded(order);
  });

  test.each(changes)(
    'a change or an algo order with another %s than the signed one is refused',
    async (_name, change) => {
      const modify = signed(newOrder(), { id: '7' });
      const algo = signed(newOrder());
      await expectRefused({ ...modify, ...change }, { method: 'PUT', target: '/v1/orders/7' });
      await expectRefused({ ...algo, ...change }, { target: '/v1/algo/orders' });
      await expectRefused(modify, { method: 'PUT', target: '/v1/orders/8' });
      await expectForwarded(modify, { method: 'PUT', target: '/v1/orders/7' });
      await expectForwarded(algo, { target: '/v1/algo/orders' });
    },
  );

  test('an algo order signed by a key of nobody, for another account, or as a change is refused', async () => {
    const target = '/v1/algo/orders';
    await expectRefused(signed(newOrder(), { by: newStarkKey() }), { target });
    await expectRefused(signed(newOrder(), { account: '0x1' as AccountId }), { target });
    await expectRefused(signed(newOrder(), { id: '7' }), { target });
    await expectRefused({ ...newOrder(), signature: '["1","2"]' }, { target });
  });

  test('an order signed for another chain, another name of the service or another account is refused', async () => {
    const chain = createMessageHasher(curve, { domainName: 'Paradex', chainId: 'PRIVATE_SN_PARACLEAR_MAINNET' });
    const name = createMessageHasher(curve, { domainName: 'Other', chainId: 'PRIVATE_SN_POTC_MOCK_SEPOLIA' });
    await expectRefused(signed(newOrder(), { hasher: chain }));
    await expectRefused(signed(newOrder(), { hasher: name }));
    await expectRefused(signed(newOrder(), { account: '0x1' as AccountId }));
  });

  test('the signature of a new order is none of a change, nor the reverse, and that of a change is for one order', async () => {
    await expectRefused(signed(newOrder(), { id: '7' }));
    await expectRefused(signed(newOrder()), { method: 'PUT', target: '/v1/orders/7' });
    await expectRefused(signed(newOrder(), { id: '8' }), { method: 'PUT', target: '/v1/orders/7' });
  });

  test.each(['id', 'order_id'])('the %s in the body of a changed order must be the one in the path', async (name) => {
    const sending = { method: 'PUT', target: '/v1/orders/7' };
    for (const value of ['8', '07', '0x7', 7]) {
      await expectRefused({ ...signed(newOrder(), { id: '7' }), [name]: value }, sending);
    }
  });

  test.each(['07', '0x7', (STARK_PRIME + 7n).toString()])(
    'the order 7 cannot be changed under the second name %s',
    async (id) => {
      const order = signed(newOrder(), { id: '7' });
      await expectRefused(order, { method: 'PUT', target: `/v1/orders/${id}` });
      await expectForwarded(order, { method: 'PUT', target: '/v1/orders/7' });
    },
  );

  // In a signature a short name is the number of its letters: 'ab' is 0x6162.
  test.each([
    ['ab', '24930'],
    ['a-b', '6368610'],
    ['x'.repeat(31), BigInt(`0x${'78'.repeat(31)}`).toString()],
  ])('the order %s is not the order %s, though they are signed alike', async (name, id) => {
    expect(feltFromText(name)).toBe(feltFromText(id));
    const order = signed(newOrder(), { id });
    await expectRefused(order, { method: 'PUT', target: `/v1/orders/${name}` });
    await expectForwarded(order, { method: 'PUT', target: `/v1/orders/${id}` });
  });

  test('an order signature beyond its ranges is refused, not reduced', async () => {
    const order = newOrder();
    const [r, s] = subkey.sign(hashOf(order)).map(BigInt);
    if (r === undefined || s === undefined) throw new Error('no signature');
    for (const pair of [
      [r + STARK_PRIME, s],
      [r, s + STARK_CURVE_ORDER],
      [r + STARK_CURVE_ORDER, s],
      [0n, s],
      [r, 0n],
      [s, r],
    ]) {
      await expectRefused({ ...order, signature: JSON.stringify(pair.map(String)) });
    }
    await expectForwarded({ ...order, signature: JSON.stringify([String(r), String(s)]) });
  });

  test.each([undefined, null, '', '[]', 'x', ['1', '2'], '["1","2"]'])(
    'an order with the signature %j is refused',
    (signature) => expectRefused({ ...newOrder(), signature }),
  );

  test('an order with on_behalf_of_account needs the isolated-market flag, and an account that is a felt', async () => {
    const order = signed(newOrder({ on_behalf_of_account: '0xabc' }));
    await expectRefused(order, {}, 403, 'ISOLATED_MARKET_ACCOUNT_MISMATCH');
    const listed = await expectRefused(
      [signed(newOrder()), order],
      { target: '/v1/orders/batch' },
      403,
      'ISOLATED_MARKET_ACCOUNT_MISMATCH',
    );
    expect(listed.data).toEqual({ index: 1 });
    await expectForwarded(order, { session: isolated });
    for (const beyond of [STARK_PRIME, STARK_PRIME + 0xabcn]) {
      const body = signed(newOrder({ on_behalf_of_account: `0x${beyond.toString(16)}` }));
      await expectRefused(body, { session: isolated });
    }
    await expectRefused({ ...signed(newOrder()), On_Behalf_Of_Account: '0xabc' });
  });
});

describe('once, and soon', () => {
  test('an order sent again is refused, with other bytes too', async () => {
    const order = signed(newOrder());
    const [r, s] = subkey.sign(hashOf(order)).map(BigInt);
    await expectForwarded(order);
    await expectRepeated(order);
    await expectRepeated({ ...order, client_id: 'again' });
    await expectRepeated({ ...order, signature: JSON.stringify([String(r), String(STARK_CURVE_ORDER - (s ?? 0n))]) });
    await expectRepeated([order], { target: '/v1/orders/batch' });
    await expectRepeated(order, { session: owner.session });
    await expectRepeated(signed(order, { by: otherSubkey }), { session: owner.session });
  });

  test('one order sent many times at once reaches the venue once', async () => {
    const order = signed(newOrder());
    const before = venue.seen.length;
    const answers = await Promise.all(Array.from({ length: 8 }, () => send(order)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(7).fill(400)]);
    expect(venue.seen.length).toBe(before + 1);
  });

  test('an order with the terms of one of another account is another order', async () => {
    const second = await newOwner(world);
    const order = newOrder();
    await expectForwarded(signed(order));
    await expectForwarded(signed(order, { by: second.key, account: second.account }), { session: second.session });
  });

  test('an order whose timestamp is in another unit is told so', async () => {
    const seconds = Math.floor(nowMs() / 1000);
    for (const [signature_timestamp, unit] of [
      [seconds, 'seconds'],
      [nowMs() * 1000, 'microseconds'],
    ] as const) {
      const { message } = await expectRefused(signed(newOrder({ signature_timestamp })));
      expect(message).toBe(`signature_timestamp is in ${unit}, and must be in milliseconds`);
    }
  });

  test('a refused list of orders marks none of its orders as sent', async () => {
    const good = signed(newOrder());
    await expectRefused([good, { ...good, size: '7' }], { target: '/v1/orders/batch' });
    await expectForwarded(good);
  });

  test('an order of 5 minutes ago or 30 s ahead is the last that is accepted', async () => {
    await expectForwarded(signed(newOrder({ signature_timestamp: nowMs() - 300_000 })));
    await expectRefused(signed(newOrder({ signature_timestamp: nowMs() - 300_001 })));
    await expectForwarded(signed(newOrder({ signature_timestamp: nowMs() + 30_000 })));
    await expectRefused(signed(newOrder({ signature_timestamp: nowMs() + 30_001 })));
    await expectRefused(signed(newOrder({ signature_timestamp: 0 })));
    await expectRefused(signed(newOrder({ signature_timestamp: Number.MAX_SAFE_INTEGER })));
  });

  /** Each way to send an order, with what signs it. */
  const ways = (by: StarkKey, account: AccountId): readonly [object | readonly object[], Sending][] => [
    [signed(newOrder(), { by, account }), {}],
    [signed(newOrder(), { by, account, id: '7' }), { method: 'PUT', target: '/v1/orders/7' }],
    [[signed(newOrder(), { by, account })], { target: '/v1/orders/batch' }],
    [{ ...signed(newOrder(), { by, account }), algo_type: 'TWAP' }, { target: '/v1/algo/orders' }],
  ];

  test('an order whose venue broke off may have been taken: whoever sends it again is told so, and when and by which request it left', async () => {
    for (const [body, sending] of ways(subkey, owner.account)) {
      venue.breakOnce();
      const before = venue.seen.length;
      const lost = await send(body, sending);
      expectRawRefusal(lost, 503, 'SERVICE_UNAVAILABLE');
      expect(lost.headers.get('retry-after')).toBeUndefined();
      expect(JSON.parse(lost.body)).toMatchObject({
        message: expect.stringMatching(/may have been executed: look it up before you send it again$/),
        data: { sent: true },
      });
      expect(venue.seen.length).toBe(before + 1);
      const first = { first_sent_at: nowMs() * 1e6, first_request_id: lost.headers.get('countersign-request-id') };
      world.clock.advance(2);
      const index = Array.isArray(body) ? { index: 0 } : {};
      expect(await expectRepeated(body, sending)).toEqual({ ...index, ...first });
    }
  });

  test('the time at which an order was first sent is written to the nanosecond', async () => {
    const order = signed(newOrder());
    await expectForwarded(order);
    const { body } = await send(order);
    expect(body).toMatch(`"first_sent_at":${nowMs()}000000,`);
  });

  test('an order that never left, because the venue could not be reached, can be sent again', async () => {
    const late = createRecordingVenue();
    onTestFinished(late.close);
    const path = join(temporaryFolder(), 'late.sock');
    const service = await startService({ upstream: `unix:${path}`, time: world.clock.time });
    onTestFinished(service.stop);
    const second = await newOwner({ ...world, service, url: service.url, port: service.port });
    const sending = { session: second.session, port: service.port };
    const order = signed(newOrder(), { by: second.key, account: second.account });
    expectRawRefusal(await send(order, sending), 503, 'SERVICE_UNAVAILABLE');
    expectRawRefusal(await send(order, sending), 503, 'SERVICE_UNAVAILABLE');
    await late.listen({ path });
    expect((await send(order, sending)).status).toBe(201);
    expectRawRefusal(await send(order, sending), 400, 'ORDER_ALREADY_SENT');
    expect(late.seen.map(({ body }) => String(body))).toEqual([JSON.stringify(order)]);
  });
});

describe('what a venue could read otherwise', () => {
  const text = (order: Order = newOrder()) => JSON.stringify(signed(order));

  test.each<[string, (text: string) => string | Buffer]>([
    ['a member twice', (json) => json.replace('{', '{"size":"9",')],
    ['a member twice, in another case', (json) => json.replace('{', '{"SIZE":"9",')],
    ['a signed member by a second name', (json) => json.replace('{', '{"signatureTimestamp":1,')],
    ['a prototype', (json) => json.replace('{', '{"__proto__":{"size":"9"},')],
    ['a constructor', (json) => json.replace('{', '{"constructor":{"prototype":{"size":"9"}},')],
    ['a prototype inside another', (json) => json.replace('{', '{"x":{"prototype":{"size":"9"}},')],
    ['a fullwidth letter in a name', (json) => json.replace('{', '{"\uff53ize":"9",')],
    ['a member that is not signed, twice', (json) => json.replace('{', '{"a":1,"A":2,')],
    ['a member twice inside another', (json) => json.replace('{', '{"a":{"b":1,"B":2},')],
    ['an escaped member name', (json) => json.replace('"size"', '"\\u0073ize"')],
    ['a member name that folds to an ASCII one', (json) => json.replace('{', '{"\u017fize":"9",')],
    ['a byte order mark', (json) => `\ufeff${json}`],
    ['trailing bytes', (json) => `${json}x`],
    ['a second value', (json) => `${json}${json}`],
    ['a trailing NUL', (json) => `${json}\u0000`],
    ['invalid UTF-8', (json) => Buffer.concat([Buffer.from(json.replace('"GTC"', '"\u00ff"'), 'latin1')])],
    ['UTF-16', (json) => Buffer.from(json, 'utf16le')],
    ['a comment', (json) => `${json}//`],
    ['half of it', (json) => json.slice(0, -1)],
    ['nothing but a space', () => ' '],
  ])(
    'an order body that a venue could read otherwise (%s) is refused, and no signature mends it',
    async (_what, change) => {
      const json = text();
      const changed = change(json);
      expect(bytesOf(changed).equals(bytesOf(json))).toBe(false);
      await expectRefused(changed, {}, 400, 'BINDING_ERROR');
      await expectForwarded(json);
    },
  );

  test.each<[string, (text: string) => string]>([
    ['the id by a second name, on a new order', (json) => json.replace('{', '{"orderId":"7",')],
    ['an account that is not asked about', (json) => json.replace('{', '{"onBehalfOfAccount":"0x1",')],
    ['a member that no signature covers, by a second name', (json) => json.replace('{', '{"clientId":"x",')],
    ['the same inside another', (json) => json.replace('{', '{"x":[{"client-id":"x"}],')],
    ['no object', () => '"order"'],
    ['null', () => 'null'],
    ['a list on a route of one order', (json) => `[${json}]`],
    ['size as a number', (json) => json.replace('"0.5"', '0.5')],
    [
      'signature_timestamp as text',
      (json) => json.replace(/"signature_timestamp":(\d+)/, '"signature_timestamp":"$1"'),
    ],
    ['signature_timestamp with decimals', (json) => json.replace(/("signature_timestamp":\d+)/, '$1.0')],
    ['a name in another case alone', (json) => json.replace('"size"', '"Size"')],
    ['side in small letters', (json) => json.replace('BUY', 'buy')],
    ['type in small letters', (json) => json.replace('LIMIT', 'limit')],
  ])('an order body that a venue could read otherwise (%s) is refused', async (_what, change) => {
    const json = text();
    const changed = change(json);
    expect(changed).not.toBe(json);
    await expectRefused(changed);
    await expectForwarded(json);
  });

  test.each(['9007199254740992', '9007199254740993', '18446744073709551617'])(
    'an order with the signature_timestamp %s, which a reader of doubles cannot tell from its neighbours, is refused, though it is signed',
    async (digits) => {
      const order = signed(newOrder({ signature_timestamp: Number(digits) }));
      const json = JSON.stringify(order).replace(/("signature_timestamp":)[0-9]+/, (_all, name) => name + digits);
      expect(json).toContain(`:${digits}`);
      expect((await expectRefused(json)).message).toMatch(/^signature_timestamp (is in|must be)/);
    },
  );

  test.each(['01', '1e-9', '.5', '5.', '+1', '-1', '-0', '', '0.000000001', '0x1', ' 1'])(
    'an order of the size or the price %j is refused, though it is signed',
    async (amount) => {
      await expectRefused(signed(newOrder({ size: amount }), {}));
      await expectRefused(signed(newOrder({ price: amount }), {}));
    },
  );

  test('an order with 9 decimals whose last one is no part of the signature is refused', async () => {
    const order = signed(newOrder({ size: '0.12345678' }));
    await expectRefused({ ...order, size: '0.123456781' });
    await expectForwarded(order);
  });

  test('an order with an amount of 2^127 or more is refused', async () => {
    await expectRefused(signed(newOrder({ size: '1701411834604692317316873037158.84105728' })));
    await expectRefused(signed(newOrder({ price: '9'.repeat(40) })));
  });

  test.each(['MARKET', 'STOP_MARKET', 'TAKE_PROFIT_MARKET'])(
    'an order of the type %s with a price, by any name, is refused',
    async (type) => {
      await expectRefused(signed(newOrder({ type, price: '50000' })));
      const { price: _none, ...order } = newOrder({ type });
      await expectRefused({ ...signed(order), PRICE: '50000' });
      await expectRefused({ ...signed(order), price: 50000 });
      await expectRefused({ ...signed(order), price: 0 });
    },
  );

  test.each(['123', '0x7b', ''])('an order in the market %j, which is signed as a number, is refused', (market) =>
    expectRefused(signed(newOrder({ market }))),
  );

  test('an order in gzip is refused, whether its headers say so or not', async () => {
    const zipped = gzipSync(text());
    await expectRefused(zipped, { headers: ['Content-Encoding: gzip'] }, 400, 'BINDING_ERROR');
    await expectRefused(zipped, {}, 400, 'BINDING_ERROR');
    for (const header of ['Content-Encoding: gzip', 'content_encoding: gzip', 'Content-Encoding: identity, gzip']) {
      const { message } = await expectRefused(text(), { headers: [header] }, 400, 'BINDING_ERROR');
      expect(message).toBe('the content encoding must be identity, or none');
    }
    const twice = ['Content-Encoding: identity', 'Content-Encoding: br'];
    await expectRefused(text(), { headers: twice }, 400, 'BINDING_ERROR');
  });

  test.each([
    ['Content-Type: text/plain'],
    ['Content-Type: application/x-www-form-urlencoded'],
    ['Content-Type: application/json; charset=utf8'],
    ['Content-Type: application/json; charset=utf-7'],
    ['Content-Type: application/json; charset=utf-8; charset=utf-16'],
    ['Content_Type: application/json; charset=utf-16'],
    ['Content-Type: application/json', 'Content-Type: application/json; charset=utf-16'],
  ])('an order with %s is refused, and nobody is told to sign again', async (...headers) => {
    const { message } = await expectRefused(text(), { headers }, 400, 'BINDING_ERROR');
    expect(message).toBe('the content type must be application/json, with charset=utf-8 or no parameter');
  });

  test('an order body that begins with a byte order mark is refused by the name of the mark', async () => {
    const { message } = await expectRefused(`\ufeff${text()}`, {}, 400, 'BINDING_ERROR');
    expect(message).toBe('the body cannot be read in one way only: it begins with a byte order mark');
  });

  test.each(['?size=9', '?', '?x'])('an order sent with the query %s is refused', async (query) => {
    const refused = [400, 'INVALID_REQUEST_PARAMETER'] as const;
    await expectRefused(text(), { target: `/v1/orders${query}` }, ...refused);
    await expectRefused([signed(newOrder())], { target: `/v1/orders/batch${query}` }, ...refused);
    await expectRefused(signed(newOrder(), { id: '7' }), { target: `/v1/orders/7${query}`, method: 'PUT' }, ...refused);
  });

  test('an order body over 64 KiB is refused, declared or in chunks', async () => {
    const large = text().padEnd(64 * 1024 + 1);
    await expectRefused(large, {}, 413, 'PAYLOAD_TOO_LARGE');
    await expectRefused(large, { headers: ['Transfer-Encoding: chunked'] }, 413, 'PAYLOAD_TOO_LARGE');
  });

  test('an order without a body is refused', async () => {
    await expectRefused('', {}, 400, 'BINDING_ERROR');
    await expectRefused('', { target: '/v1/algo/orders' }, 400, 'BINDING_ERROR');
  });
});

describe('a list of orders', () => {
  const target = '/v1/orders/batch';

  test('a list of 51 orders, of none, or a body that is no list is refused', async () => {
    const many = Array.from({ length: 51 }, () => signed(newOrder()));
    for (const body of [many, [], signed(newOrder()), { orders: [signed(newOrder())] }, null]) {
      expect((await expectRefused(body, { target }, 400, 'BINDING_ERROR')).message).toContain('1 to 50');
    }
  });

  test('the refusal of a list of orders names the one that is wrong, for every reason', async () => {
    const replayed = signed(newOrder());
    await expectForwarded(replayed);
    const twin = signed(newOrder());
    for (const [index, list] of [
      [0, [{ ...signed(newOrder()), size: '9' }, signed(newOrder())]],
      [1, [signed(newOrder()), signed(newOrder(), { by: otherSubkey })]],
      [2, [signed(newOrder()), signed(newOrder()), 'x']],
      [2, [signed(newOrder()), signed(newOrder()), signed(newOrder({ size: '1.' }))]],
      [1, [signed(newOrder()), signed(newOrder({ signature_timestamp: 1 }))]],
    ] as const) {
      const refused = await expectRefused(list, { target });
      expect(refused.data).toEqual({ index });
      expect(refused.message).toMatch(new RegExp(`^order ${index} of the list: `));
    }
    expect(await expectRepeated([signed(newOrder()), replayed], { target })).toMatchObject({ index: 1 });
    const twins = [signed(newOrder()), twin, { ...twin, client_id: 'twin' }];
    expect(await expectRepeated(twins, { target })).toEqual({ index: 2, first_index: 1, sent: false });
    await expectForwarded(twin);
  });

  test('the refusal of a list of orders names the one that cannot be read in one way only', async () => {
    const [first, second, third] = [newOrder(), newOrder(), newOrder()].map((order) => JSON.stringify(signed(order)));
    const list = (changed = second) => `[ ${first} ,\n${changed}, ${third}]`;
    for (const bad of [
      second?.replace('{', '{"size":"9",'),
      second?.replace('{', '{"x":[[{"a":1,"A":2}]],'),
      second?.replace('"size"', '"\\u0073ize"'),
      second?.replace('"GTC"', '"\\ud800"'),
      second?.replace('"GTC"', `${'['.repeat(16)}${']'.repeat(16)}`),
      second?.replace('"GTC"', 'NaN'),
    ]) {
      const refused = await expectRefused(list(bad), { target }, 400, 'BINDING_ERROR');
      expect(refused.data).toEqual({ index: 1 });
      expect(refused.message).toMatch(/^order 1 of the list: the body cannot be read in one way only: /);
    }
    // No order of the list is to blame.
    for (const whole of [`${list()}x`, `\ufeff${list()}`]) {
      expect((await expectRefused(whole, { target }, 400, 'BINDING_ERROR')).data).toBeNull();
    }
    // On a route of one order there is no list.
    const alone = list(second?.replace('{', '{"size":"9",'));
    expect((await expectRefused(alone, {}, 400, 'BINDING_ERROR')).data).toBeNull();
    await expectForwarded(list(), { target });
  });
});

test.each(['grid+1', 'grid%2B1', 'grid%2b1', 'abc=', 'abc%3D', "a!$&'()*,b", 'a%20b', 'caf%C3%A9', 'x%3Fy%23z'])(
  'an order is cancelled by its client id in the spelling that came: %s',
  async (id) => {
    const target = `/v1/orders/by_client_id/${id}`;
    const head = `Host: x\r\nAuthorization: Bearer ${bySubkey}\r\nConnection: close\r\n\r\n`;
    expect((await sendRaw(world.port, `DELETE ${target} HTTP/1.1\r\n${head}`)).status).toBe(201);
    expect(venue.seen.at(-1)).toMatchObject({ method: 'DELETE', target });
  },
);

test.each(['%67rid', 'a%2Fb', 'a%252Fb', 'a%3Bb', 'a;b', 'a%00', '..%20'])(
  'a client id with a second reading reaches no venue: %s',
  async (id) => {
    const before = venue.seen.length;
    const head = `Host: x\r\nAuthorization: Bearer ${bySubkey}\r\nConnection: close\r\n\r\n`;
    const answer = await sendRaw(world.port, `DELETE /v1/orders/by_client_id/${id} HTTP/1.1\r\n${head}`);
    expectRawRefusal(answer, 404, 'NOT_FOUND');
    expect(venue.seen.length).toBe(before);
  },
);

test('the id in the path of a changed order is the signed one, in its one spelling', async () => {
  const before = venue.seen.length;
  const body = '{}';
  const head = `Host: x\r\nAuthorization: Bearer ${bySubkey}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n`;
  for (const id of ['7%2B', '+7', '7%20']) {
    expect((await sendRaw(world.port, `PUT /v1/orders/${id} HTTP/1.1\r\n${head}${body}`)).status).toBe(400);
  }
  expect(venue.seen.length).toBe(before);
});

test('a refused order is in the audit log of its account', async () => {
  const upstream = await createRecordingVenueUrl();
  const first = await startWorld({ upstream });
  const trader = await newOwner(first);
  const body = JSON.stringify({ ...newOrder(), signature: '["1","2"]' });
  const sending = { session: trader.session, port: first.port };
  expectRawRefusal(await send(body, sending), 400, 'INVALID_ORDER_SIGNATURE');
  const by = await addSubkey(first, trader, { allowed_cidrs: ELSEWHERE });
  const { account } = trader;
  expectRawRefusal(await send(signed(newOrder(), { by, account }), sending), 403, 'IP_NOT_ALLOWED');
  const repeated = signed(newOrder(), { by: trader.key, account });
  expect((await send(repeated, sending)).status).toBe(201);
  expectRawRefusal(await send(repeated, sending), 400, 'ORDER_ALREADY_SENT');
  await first.stop();
  const again = await startWorld({ folder: first.service.folder });
  onTestFinished(() => again.stop());
  const rows = await auditRows(again.service, `?account=${trader.account}`);
  expect(rows.filter(({ action }) => action === 'request.refused')).toMatchObject([
    { detail: { reason: 'order_refused', route: 'POST /v1/orders', count: 2 } },
    { detail: { reason: 'ip_not_allowed', route: 'POST /v1/orders', count: 1 } },
  ]);
});

describe('with one place in the queue of signatures', () => {
  const other = createRecordingVenue();
  let small: World;
  let trader: Owner;
  let bot: StarkKey;
  beforeAll(async () => {
    const upstream = await other.listen({ port: 0, host: '127.0.0.1' });
    small = await startWorld({ upstream, settings: { 'engine.queue': '1', 'engine.workers': '0' } });
    trader = await newOwner(small);
    bot = await addSubkey(small, trader);
  });
  afterAll(async () => {
    await small.stop();
    await other.close();
  });
  const sendHere = (body: unknown, target?: string) =>
    send(body, { session: trader.session, port: small.port, ...(target === undefined ? {} : { target }) });

  test('an order that is shed is 503 with Retry-After, never reaches the venue, and can be sent again as it is', async () => {
    const bodies = Array.from({ length: 60 }, () =>
      JSON.stringify(signed(newOrder(), { by: trader.key, account: trader.account })),
    );
    const head = `POST /v1/orders HTTP/1.1\r\nHost: gateway.test\r\nAuthorization: Bearer ${trader.session}\r\n`;
    // All of them come in one turn of the event loop, which verifies for half a millisecond: a few of them.
    const answers = await pipelined(
      small.port,
      bodies.map((body) => `${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`),
    );
    const shed = bodies.filter((_, i) => answers[i]?.startsWith('HTTP/1.1 503 '));
    expect(shed.length).toBeGreaterThan(0);
    for (const answer of answers.filter((text) => text.startsWith('HTTP/1.1 503 '))) {
      expect(answer).toMatch(/\r\nRetry-After: 1\r\n/i);
      expect(answer).toMatch(
        /"error":"SERVICE_UNAVAILABLE","message":"too many signatures [^"]+","data":{"sent":false}}$/,
      );
    }
    const forwarded = bodies.filter((body) => !shed.includes(body));
    expect(answers.filter((text) => text.startsWith('HTTP/1.1 201 '))).toHaveLength(forwarded.length);
    expect(other.seen.map(({ body }) => String(body)).toSorted()).toEqual(forwarded.toSorted());

    const [again = ''] = shed;
    expect((await sendHere(again)).status).toBe(201);
    expect(String(other.seen.at(-1)?.body)).toBe(again);
    expect(other.seen).toHaveLength(forwarded.length + 1);
    expectRawRefusal(await sendHere(again), 400, 'ORDER_ALREADY_SENT');
  });

  test('a list of 50 orders takes one place in the queue of signatures, whoever signed its orders', async () => {
    const list = Array.from({ length: 50 }, (_, i) =>
      signed(newOrder(), { by: i % 3 === 1 ? bot : trader.key, account: trader.account }),
    );
    const before = other.seen.length;
    const answer = await sendHere(list, '/v1/orders/batch');
    expect(`${answer.status} ${answer.body}`).toContain('201 ');
    expect(other.seen).toHaveLength(before + 1);
  });
});

async function createRecordingVenueUrl(): Promise<string> {
  const other = createRecordingVenue();
  onTestFinished(other.close);
  return other.listen({ port: 0, host: '127.0.0.1' });
}

describe('settings', () => {
  test('with orders.unsigned_routes = refuse no trade request without signed orders reaches the venue', async () => {
    const other = createRecordingVenue();
    onTestFinished(other.close);
    const upstream = await other.listen({ port: 0, host: '127.0.0.1' });
    const strict = await startWorld({ upstream, settings: { 'orders.unsigned_routes': 'refuse' } });
    onTestFinished(() => strict.stop());
    const trader = await newOwner(strict);
    const session = await mainSession(strict, trader);
    for (const [method, target] of [
      ['DELETE', '/v1/orders'],
      ['DELETE', '/v1/orders/7'],
      ['DELETE', '/v1/orders/batch'],
      ['POST', '/v1/rfqs'],
      ['POST', '/v1/block-trades'],
    ] as const) {
      const answer = await send('', { session, method, target, port: strict.port });
      expectRawRefusal(answer, 403, 'REQUEST_NOT_ALLOWED');
    }
    expect(other.seen).toEqual([]);
    expect((await send('', { session, method: 'GET', target: '/v1/orders', port: strict.port })).status).toBe(201);
    const order = signed(newOrder(), { by: trader.key, account: trader.account });
    expect((await send(order, { session, port: strict.port })).status).toBe(201);
    expect(other.seen).toHaveLength(2);
  });

  test('with orders.repeats = distinct_client_id what hashes alike is another order under another client_id, in every way to send one', async () => {
    const other = createRecordingVenue();
    onTestFinished(other.close);
    const upstream = await other.listen({ port: 0, host: '127.0.0.1' });
    const lenient = await startWorld({ upstream, settings: { 'orders.repeats': 'distinct_client_id' } });
    onTestFinished(lenient.stop);
    const trader = await newOwner(lenient);
    const there = { session: trader.session, port: lenient.port };
    const signing = { by: trader.key, account: trader.account };
    const now = Math.floor(Number(lenient.clock.nanos() / 1_000_000_000n)) * 1000;
    const forms: readonly [(order: object) => object, Signing, Sending][] = [
      [(order) => order, {}, {}],
      [(order) => order, { id: '7' }, { method: 'PUT', target: '/v1/orders/7' }],
      [(order) => [order], {}, { target: '/v1/orders/batch' }],
      [(order) => ({ ...order, algo_type: 'TWAP' }), {}, { target: '/v1/algo/orders' }],
    ];
    for (const [i, [form, more, sending]] of forms.entries()) {
      const order = signed(newOrder({ signature_timestamp: now, size: String(i + 1) }), { ...signing, ...more });
      const to = { ...there, ...sending };
      for (const client_id of ['a', 'b']) expect((await send(form({ ...order, client_id }), to)).status).toBe(201);
      for (const client_id of ['a', 'b', undefined, null, '']) {
        expectRawRefusal(await send(form({ ...order, client_id }), to), 400, 'ORDER_ALREADY_SENT');
      }
      expectRawRefusal(await send(form({ ...order, client_id: 7 }), to), 400, 'INVALID_ORDER_SIGNATURE');
    }
    expect(other.seen).toHaveLength(8);
  });

  test('with orders.unsigned_routes as by default an unsigned cancel reaches the venue', async () => {
    await expectForwarded('', { method: 'DELETE', target: '/v1/orders/7' });
  });

  test('an account that fills three tenths of orders.max_marks has no further order reach the venue, and other accounts have theirs', async () => {
    const other = createRecordingVenue();
    onTestFinished(other.close);
    const upstream = await other.listen({ port: 0, host: '127.0.0.1' });
    const small = await startWorld({ upstream, settings: { 'orders.max_marks': '200' } });
    onTestFinished(() => small.stop());
    const [full, free] = [await newOwner(small), await newOwner(small)];
    const sendOf = ({ key, account, session }: Owner, count: number) => {
      const orders = Array.from({ length: count }, () => signed(newOrder(), { by: key, account }));
      return send(orders, { session, port: small.port, target: '/v1/orders/batch' });
    };
    for (const count of [50, 10]) expect((await sendOf(full, count)).status).toBe(201);
    const refused = await sendOf(full, 2);
    expectRawRefusal(refused, 503, 'SERVICE_UNAVAILABLE');
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(other.seen).toHaveLength(2);
    expect((await sendOf(free, 1)).status).toBe(201);

    const { operatorUrl, operatorToken } = small.service;
    const { text } = await call(operatorUrl, 'GET', '/metrics', { bearer: operatorToken });
    expect(text).toContain('\ncountersign_order_marks 61\n');
    expect(text).toContain('\ncountersign_order_marks_max 200\n');
    expect(text).toContain('\ncountersign_order_mark_refusals_total 2\n');

    // What a subkey has of the 60 is 54, and the rest is for the main key.
    const shared = await newOwner(small);
    const bot = await addSubkey(small, shared);
    const byBot = { ...shared, key: bot, session: await subkeySession(small, shared.account, bot) };
    for (const count of [50, 4]) expect((await sendOf(byBot, count)).status).toBe(201);
    expectRawRefusal(await sendOf(byBot, 1), 503, 'SERVICE_UNAVAILABLE');
    expect((await sendOf(shared, 6)).status).toBe(201);
    expectRawRefusal(await sendOf(shared, 1), 503, 'SERVICE_UNAVAILABLE');
  });

  test('with orders.verify = off what is no order is forwarded as it came', async () => {
    const other = createRecordingVenue();
    onTestFinished(other.close);
    const upstream = await other.listen({ port: 0, host: '127.0.0.1' });
    const open = await startWorld({ upstream, settings: unsignedOrders });
    onTestFinished(() => open.stop());
    const { session } = await newOwner(open);
    expect((await send('no order', { session, port: open.port })).status).toBe(201);
    expect(String(other.seen[0]?.body)).toBe('no order');
  });
});

test('a subkey whose revocation could not be written signs no more orders, under any session', async () => {
  const upstream = createRecordingVenue();
  onTestFinished(upstream.close);
  const at = await upstream.listen({ port: 0, host: '127.0.0.1' });
  const other = await startWorld({ upstream: at });
  onTestFinished(() => other.stop());
  const trader = await newOwner(other);
  const key = await addSubkey(other, trader);
  const order = () => signed(newOrder(), { by: key, account: trader.account });
  const sending = { session: trader.session, port: other.port };
  expect((await send(order(), sending)).status).toBe(201);

  const database = new DatabaseSync(join(other.service.folder, 'data', 'countersign.db'));
  database.exec("create trigger no_change before insert on audit begin select raise(abort, 'no'); end");
  database.close();
  const answer = await call(other.url, 'DELETE', `${SUBKEYS}/${key.publicKey}`, { bearer: trader.session });
  expect(answer.status).toBe(503);
  expectRawRefusal(await send(order(), sending), 400, 'INVALID_ORDER_SIGNATURE');
  expect(upstream.seen).toHaveLength(1);
});
