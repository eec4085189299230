import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createStarkKey } from '../../../src/client/stark-key.ts';
import { type Felt, parseFelt, STARK_PRIME } from '../../../src/domain/felt.ts';
import { parseStrictJson } from '../../../src/domain/strict-json.ts';
import { scureCurve } from '../../../src/starknet/curve.ts';
import { createMessageHasher, type MessageHasher } from '../../../src/starknet/message.ts';
import { OrderError, orderHash, orderStruct, readOrder, type SignedOrder } from '../../../src/starknet/order.ts';
import type { Pedersen } from '../../../src/starknet/pedersen.ts';
import { vectorGroups } from './each-vector.ts';
import { openEngine } from './engine/engine-under-test.ts';

const SIGNATURE = '["1","2"]';
const ID = '1681462103821101699438490000';
const limit = {
  market: 'BTC-USD-PERP',
  side: 'BUY',
  type: 'LIMIT',
  size: '1',
  price: '29500.12',
  signature: SIGNATURE,
  signature_timestamp: 1767323045123,
};
const market = {
  market: 'ETH-USD-PERP',
  side: 'SELL',
  type: 'MARKET',
  size: '0.1',
  signature: SIGNATURE,
  signature_timestamp: 1,
};

/** Reads the body as it would travel; `undefined` members are left out. */
const read = (body: unknown, pathId?: string): SignedOrder =>
  readOrder(parseStrictJson(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))), pathId);
const refusal = (body: unknown, pathId?: string) => () => read(body, pathId);

function felt(text: string): Felt {
  const parsed = parseFelt(text);
  if (parsed === undefined) throw new Error(`not a felt: ${text}`);
  return parsed;
}

describe('published vectors', () => {
  const vectors = vectorGroups.message_hash.filter(({ id }) => /^msg:(order|modify):/.test(id));

  test('there are four of them', () => expect(vectors).toHaveLength(4));

  test.each(vectors)('$id', (vector) => {
    const { chain_id, human, expected } = vector;
    const message: Readonly<Record<string, string | number | undefined>> = vector.message;
    const hasher = createMessageHasher(scureCurve, { domainName: 'Paradex', chainId: chain_id });
    const body = {
      ...human,
      market: message.market,
      signature: SIGNATURE,
      signature_timestamp: Number(message.timestamp),
    };
    const order = read(body, message.id === undefined ? undefined : String(message.id));
    expect(orderHash(scureCurve, hasher, felt(vector.account), order)).toBe(BigInt(expected.message_hash ?? ''));
  });

  test.each(vectorGroups.signature_verify.filter(({ id }) => id.startsWith('verify:order-')))('$id', (vector) => {
    const [r = '', s = ''] = vector.signature;
    const valid = scureCurve.verify(BigInt(vector.message_hash), BigInt(r), BigInt(s), BigInt(vector.public_key));
    expect(valid).toBe(vector.expected.valid);
  });
});

describe('the hash', () => {
  const hasher = createMessageHasher(scureCurve, { domainName: 'Paradex', chainId: 'SN_A' });
  const other = createMessageHasher(scureCurve, { domainName: 'Paradex', chainId: 'SN_B' });
  const hashOf = (body: object, pathId?: string) => orderHash(scureCurve, hasher, felt('0xa'), read(body, pathId));
  const base = hashOf(limit);

  test.each([
    ['market', { market: 'BTC-USD-PERQ' }],
    ['side', { side: 'SELL' }],
    ['type', { type: 'STOP_LIMIT' }],
    ['size', { size: '1.00000001' }],
    ['price', { price: '29500.13' }],
    ['signature_timestamp', { signature_timestamp: 1767323045124 }],
  ])('depends on %s', (_name, change) => expect(hashOf({ ...limit, ...change })).not.toBe(base));

  test('depends on the account, the chain, and whether and which order is changed', () => {
    expect(orderHash(scureCurve, hasher, felt('0xb'), read(limit))).not.toBe(base);
    expect(orderHash(scureCurve, other, felt('0xa'), read(limit))).not.toBe(base);
    expect(new Set([base, hashOf(limit, '1'), hashOf(limit, '2')]).size).toBe(3);
  });

  test('does not depend on the signature or on members that are not signed', () => {
    expect(hashOf({ ...limit, signature: '["3","4"]', client_id: 'x', trigger_price: '7', flags: [] })).toBe(base);
  });

  test('of many orders at once is that of each alone, and the engine agrees with the reference', () => {
    const engine = openEngine();
    const byEngine = createMessageHasher(engine, { domainName: 'Paradex', chainId: 'SN_A' });
    const together = (curve: Pedersen, by: MessageHasher) =>
      by.messageHashes(orders.map(({ account, order }) => ({ account, struct: orderStruct(curve, order) })));
    const orders = [read(limit), read(market), read({ ...limit, size: '7' }, ID), read(limit, '24930')].flatMap(
      (order) => ['0xa', '0xb'].map((account) => ({ account: felt(account), order })),
    );
    const alone = orders.map(({ account, order }) => orderHash(scureCurve, hasher, account, order));
    expect(new Set(alone).size).toBe(orders.length);
    // Again and again, as what is hashed often is hashed otherwise.
    for (let i = 0; i < 4; i++) {
      expect(together(engine, byEngine)).toEqual(alone);
      expect(orders.map(({ account, order }) => orderHash(engine, byEngine, account, order))).toEqual(alone);
    }
    expect(together(scureCurve, hasher)).toEqual(alone);
  });

  test('of an order that was not read but made up, with numbers that are no felts, does not exist', () => {
    const broken = { ...read(limit), size: STARK_PRIME };
    expect(() => orderHash(scureCurve, hasher, felt('0xa'), broken)).toThrow(RangeError);
    const account = felt('0xa');
    const both = [broken, read(limit)].map((order) => ({ account, struct: orderStruct(scureCurve, order) }));
    expect(hasher.messageHashes(both)).toEqual([undefined, base]);
  });

  test('what a client signs verifies', () => {
    const key = createStarkKey('0x1234567890abcdef');
    const [r, s] = key.sign(base);
    const { signature } = read({ ...limit, signature: JSON.stringify([r, s]) });
    expect(scureCurve.verify(base, signature.r, signature.s, BigInt(key.publicKey))).toBe(true);
  });
});

describe('amounts', () => {
  test.each([
    ['0', 0n],
    ['1', 100_000_000n],
    ['0.1', 10_000_000n],
    ['0.00000001', 1n],
    ['10', 1_000_000_000n],
    ['100.5', 10_050_000_000n],
    ['1701411834604692317316873037158.84105727', 2n ** 127n - 1n],
  ])('%s is one number', (text, scaled) => {
    expect(read({ ...limit, size: text, price: text })).toMatchObject({ size: scaled, price: scaled });
  });

  const refused = [
    '1.0',
    '0.10',
    '01',
    '00',
    '1e3',
    '1E3',
    '1.',
    '.1',
    '+1',
    '-1',
    '-0',
    ' 1',
    '1 ',
    '1\n',
    '',
    '0x1',
    '1_000',
    '1,5',
    '٣',
    'NaN',
    '0.123456789',
    '0.000000001',
    '1701411834604692317316873037158.84105728',
    '9'.repeat(49),
    1,
    0.5,
    null,
    true,
    ['1'],
    undefined,
  ];
  test.each(refused)('%j is refused as a size and as a price', (value) => {
    expect(refusal({ ...limit, size: value })).toThrow(OrderError);
    expect(refusal({ ...limit, size: value })).toThrow(/^size /);
    expect(refusal({ ...limit, price: value })).toThrow(/^price /);
  });
});

describe('an order of a MARKET type', () => {
  const types = ['MARKET', 'STOP_MARKET', 'TAKE_PROFIT_MARKET', 'STOP_LOSS_MARKET'];

  test.each(types)('%s signs the price 0, and may write it', (type) => {
    expect(read({ ...market, type })).toMatchObject({ price: 0n });
    expect(read({ ...market, type, price: '0' })).toMatchObject({ price: 0n });
  });

  test.each(types)('%s carries no other price', (type) => {
    for (const price of ['50000', '0.0', '00', '', 0, 1, null]) {
      expect(refusal({ ...market, type, price })).toThrow(/MARKET/);
    }
  });

  test('a price hidden under another case of its name is seen', () => {
    for (const name of ['PRICE', 'Price', 'pricE']) {
      expect(refusal({ ...market, [name]: '50000' })).toThrow(/price must be written in small letters/);
    }
  });
});

describe('the other members', () => {
  test.each([['buy'], ['Buy'], ['1'], [1], ['LONG'], [''], [null], [undefined]])('side %j is refused', (side) => {
    expect(refusal({ ...limit, side })).toThrow(/^side /);
  });

  test.each([['limit'], ['Market'], ['LIMIT '], ['1'], [''], ['A'.repeat(32)], [7], [undefined]])(
    'type %j is refused',
    (type) => expect(refusal({ ...limit, type })).toThrow(/^type /),
  );

  // A felt has many texts as a number: an order signed for the market 123 must not be one for 0123 or 0x7b.
  test.each([['123'], ['0123'], ['0x7b'], ['0X7B'], ['0x'], [''], ['A B'], ['B\u0000'], ['É'], ['M'.repeat(32)], [5]])(
    'market %j is refused',
    (name) => expect(refusal({ ...limit, market: name })).toThrow(/^market /),
  );

  test('a market of 31 characters is the longest', () => {
    expect(read({ ...limit, market: 'M'.repeat(31) }).market).toBeGreaterThan(0n);
  });

  const timestamp = (text: string) => JSON.stringify(limit).replace('1767323045123', text);
  test.each(['1e12', '1767323045123.0', '-1', '9007199254740992', '99999999999999999999', '"1767323045123"', 'null'])(
    'signature_timestamp %s is refused',
    (text) => expect(refusal(timestamp(text))).toThrow(/^signature_timestamp /),
  );

  test('signature_timestamp may be anything from 0 to 2^53 - 1', () => {
    expect(read(timestamp('0')).timestamp).toBe(0);
    expect(read(timestamp('9007199254740991')).timestamp).toBe(Number.MAX_SAFE_INTEGER);
  });

  test.each([['["1"]'], ['["1","2","3"]'], ['[1,2]'], ['1,2'], [''], [['1', '2']], [null], [undefined]])(
    'signature %j is refused',
    (signature) => expect(refusal({ ...limit, signature })).toThrow(/^signature must be/),
  );

  test('signature text is not reduced: a number beyond the field stays one', () => {
    const beyond = (STARK_PRIME + 1n).toString();
    expect(read({ ...limit, signature: JSON.stringify([beyond, '2']) }).signature.r).toBe(STARK_PRIME + 1n);
  });

  test.each(['Market', 'SIDE', 'Type', 'sIze', 'Signature', 'SIGNATURE_TIMESTAMP', 'On_Behalf_Of_Account', 'ID'])(
    'a member %s in other letters is refused, whatever else is there',
    (name) => {
      const { [name.toLowerCase()]: _left, ...rest } = { ...limit, id: '1' } as Record<string, unknown>;
      expect(refusal({ ...rest, [name]: 'x' })).toThrow(/small letters/);
    },
  );

  // What protobuf JSON, pydantic with aliases, Go and lenient readers take for a member that was read here, with it or instead of it.
  test.each([
    ['order_id', ['orderId', 'OrderID', 'orderid', 'order-id', 'order id', '_order_id', 'order__id', 'order_id_']],
    ['on_behalf_of_account', ['onBehalfOfAccount', 'on_behalfof_account', 'ONBEHALFOFACCOUNT', 'on.behalf.of.account']],
    ['signature_timestamp', ['signatureTimestamp', 'signaturetimestamp', 'Signature-Timestamp']],
    ['size', ['$size', 'Size', 'si_ze', '@size', 'size[]']],
    ['client_id', ['clientId', 'clientid', 'ClientID', 'client-id']],
    ['trigger_price', ['triggerPrice', 'triggerprice']],
    ['recv_window', ['recvWindow', 'recvwindow']],
    ['instruction', ['Instruction', 'INSTRUCTION']],
    ['duration_seconds', ['durationSeconds', 'duration_Seconds']],
  ])('a second name of %s is refused, with the first or without it, at any depth', (first, seconds) => {
    for (const second of seconds) {
      const { [first]: _left, ...rest } = { ...limit } as Record<string, unknown>;
      const without = { ...rest, [second]: '1' };
      expect(refusal(without)).toThrow(`${first} must be written in small letters, exactly so`);
      expect(refusal({ ...limit, [first]: '1', [second]: '1' })).toThrow(/same name|small letters/);
      expect(refusal({ ...limit, more: [{ deep: { [second]: '1' } }] })).toThrow(/exactly so/);
    }
  });

  test.each(['reduceOnly', 'reduce-only', 'Reduce', '_x', 'x_', 'a__b', '1st', '', 'a b', 'a.b', '$ref', 'a[0]'])(
    'a name that nobody knows yet has one spelling, too: not %j',
    (name) => {
      expect(refusal({ ...limit, [name]: '1' })).toThrow(/small letters/);
      expect(refusal({ ...limit, more: [{ [name]: '1' }] })).toThrow(/small letters/);
    },
  );

  test('members that nobody signs may hold anything, under names in snake case', () => {
    const more = { client_id: 'orderId', flags: ['A'], new_thing2: { a1_b: [{ c: null }] }, x: '__proto__' };
    expect(read({ ...limit, ...more })).toEqual(read(limit));
  });

  test.each([[null], [[]], ['text'], [7], [true]])('%j is no order', (body) => {
    expect(refusal(JSON.stringify(body))).toThrow(/not a JSON object/);
  });

  test('on_behalf_of_account is read as a felt, and one beyond the field is refused, not reduced', () => {
    expect(read(limit).onBehalfOf).toBeUndefined();
    expect(read({ ...limit, on_behalf_of_account: null }).onBehalfOf).toBeUndefined();
    expect(read({ ...limit, on_behalf_of_account: '0x0A' }).onBehalfOf).toBe('0xa');
    for (const value of [`0x${STARK_PRIME.toString(16)}`, `0x${'f'.repeat(64)}`, '', '10', 10]) {
      expect(refusal({ ...limit, on_behalf_of_account: value })).toThrow(/on_behalf_of_account/);
    }
  });
});

describe('a change of an order', () => {
  test('signs the id in the path, a decimal number', () => {
    for (const id of [ID, '0', '24930', (STARK_PRIME - 1n).toString()]) expect(read(limit, id).id).toBe(BigInt(id));
    expect(read(limit).id).toBeUndefined();
  });

  test('an id that is read is the only text of what is signed', () => {
    const id = fc.oneof(
      fc.bigInt({ min: 0n, max: STARK_PRIME * 2n }).map(String),
      fc.stringMatching(/^[ -~]{0,32}$/),
      fc.stringMatching(/^0?[xX]?[0-9a-fA-F]{1,6}$/),
    );
    fc.assert(
      fc.property(id, (text) => {
        let read: bigint | undefined;
        try {
          read = readOrder(parseStrictJson(Buffer.from(JSON.stringify(limit))), text).id;
        } catch (error) {
          expect(error).toBeInstanceOf(OrderError);
          return;
        }
        expect(String(read)).toBe(text);
        expect(read).toBeLessThan(STARK_PRIME);
      }),
    );
  });

  test('may repeat that id in the body, and no other', () => {
    expect(read({ ...limit, id: ID, order_id: ID }, ID).id).toBe(BigInt(ID));
    for (const id of ['1', `0${ID}`, `0x${BigInt(ID).toString(16)}`, '', 7, null]) {
      expect(refusal({ ...limit, id }, ID)).toThrow(/^id must be the order in the path/);
      expect(refusal({ ...limit, order_id: id }, ID)).toThrow(/^order_id must be the order in the path/);
    }
  });

  // 'ab' would be signed as the number 24930, 'x'.repeat(31) as one of 75 digits.
  test.each([
    ...['0123', '00', '0x7b', '0X7b', '0x', '', '+7', '-7', '7.0', '7 ', '7\n', '٧', 'ab', 'a-b', 'x'.repeat(31)],
    ...[STARK_PRIME.toString(), (STARK_PRIME + 7n).toString(), '9'.repeat(76), '9'.repeat(77)],
  ])('the path id %s has no signature of its own and is refused', (id) =>
    expect(refusal(limit, id)).toThrow(/^the order id cannot be signed/),
  );
});
