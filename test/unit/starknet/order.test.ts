import { describe, expect, test } from 'vitest';
import { createStarkKey } from '../../../src/client/stark-key.ts';
import { type Felt, parseFelt, STARK_PRIME } from '../../../src/domain/felt.ts';
import { parseStrictJson } from '../../../src/domain/strict-json.ts';
import { readOrder } from '../../../src/orders/read.ts';
import { scureCurve } from '../../../src/starknet/curve.ts';
import { createMessageHasher, type MessageHasher } from '../../../src/starknet/message.ts';
import { orderHash, orderStruct, type SignedOrder } from '../../../src/starknet/order.ts';
import type { Pedersen } from '../../../src/starknet/pedersen.ts';
import { vectorGroups } from '../../support/each-vector.ts';
import { openEngine } from '../../support/engine-under-test.ts';

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

function felt(text: string): Felt {
  const parsed = parseFelt(text);
  if (parsed === undefined) throw new Error(`not a felt: ${text}`);
  return parsed;
}

describe('published vectors', () => {
  const vectors = vectorGroups.message_hash.filter(({ id }) => /^msg:(order|modify):/.test(id));

  test('the published vectors have four hashes of orders', () => expect(vectors).toHaveLength(4));

  test.each(vectors)('an order has the hash of the published vector $id', (vector) => {
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

  test.each(vectorGroups.signature_verify.filter(({ id }) => id.startsWith('verify:order-')))(
    'the signature of an order has the verdict of the published vector $id',
    (vector) => {
      const [r = '', s = ''] = vector.signature;
      const valid = scureCurve.verify(BigInt(vector.message_hash), BigInt(r), BigInt(s), BigInt(vector.public_key));
      expect(valid).toBe(vector.expected.valid);
    },
  );
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
  ])('the hash of an order depends on %s', (_name, change) => expect(hashOf({ ...limit, ...change })).not.toBe(base));

  test('the hash of an order depends on the account, the chain, and whether and which order is changed', () => {
    expect(orderHash(scureCurve, hasher, felt('0xb'), read(limit))).not.toBe(base);
    expect(orderHash(scureCurve, other, felt('0xa'), read(limit))).not.toBe(base);
    expect(new Set([base, hashOf(limit, '1'), hashOf(limit, '2')]).size).toBe(3);
  });

  test('the hash of an order does not depend on the signature or on members that are not signed', () => {
    expect(hashOf({ ...limit, signature: '["3","4"]', client_id: 'x', trigger_price: '7', flags: [] })).toBe(base);
  });

  test('the hashes of many orders at once are those of each alone, and the engine agrees with the reference', () => {
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

  test('the hash of an order that was not read but made up, with numbers that are no felts, does not exist', () => {
    const broken = { ...read(limit), size: STARK_PRIME };
    expect(() => orderHash(scureCurve, hasher, felt('0xa'), broken)).toThrow(RangeError);
    const account = felt('0xa');
    const both = [broken, read(limit)].map((order) => ({ account, struct: orderStruct(scureCurve, order) }));
    expect(hasher.messageHashes(both)).toEqual([undefined, base]);
  });

  test('an order that a client signs verifies', () => {
    const key = createStarkKey('0x1234567890abcdef');
    const [r, s] = key.sign(base);
    const { signature } = read({ ...limit, signature: JSON.stringify([r, s]) });
    expect(scureCurve.verify(base, signature.r, signature.s, BigInt(key.publicKey))).toBe(true);
  });
});
