// The order schemas of openapi.json against the reader of orders: whoever keeps to the document is read, and whatever is read keeps
// to the document. Only what no schema can say is left to words: that an amount has at most 8 decimals and is below 2^127.
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseStrictJson } from '../../../src/domain/strict-json.ts';
import { OrderError, readOrder } from '../../../src/orders/read.ts';

const ajv = new Ajv2020({ strict: false, validateSchema: false, formats: { int64: true, uuid: true } });
ajv.addSchema(JSON.parse(readFileSync(new URL('../../../docs/openapi.json', import.meta.url), 'utf8')), 'openapi');

function described(schema: string, body: unknown): boolean {
  const validate = ajv.getSchema(`openapi#/components/schemas/${schema}`);
  if (validate === undefined) throw new Error(`no schema ${schema}`);
  return validate(body) === true;
}

/** Why it is not read; undefined when it is. */
function refusal(body: unknown, pathId?: string): string | undefined {
  try {
    readOrder(parseStrictJson(Buffer.from(JSON.stringify(body))), pathId);
    return undefined;
  } catch (error) {
    if (error instanceof OrderError) return error.message;
    throw error;
  }
}

const inWords = /has more than 8 decimals|is too large/;

const amounts = [
  '1',
  '1.0',
  '0.10',
  '50000.0',
  '5.0E-4',
  '1E+3',
  '1e3',
  '0',
  '.1',
  '1.',
  '+1',
  '-1',
  '01',
  '1e',
  '',
  ' 1',
  '1,0',
  'NaN',
];
const more = ['9'.repeat(40), '9'.repeat(41), '1e39', '0.123456789', '0.100000000'];
const texts = [
  'BTC-USD-PERP',
  'LIMIT',
  'MARKET',
  'STOP_MARKET',
  'limit',
  '0x1',
  '7',
  'BUY',
  'SELL',
  'buy',
  'X'.repeat(32),
  'é',
];
const anything = fc.oneof(
  fc.constantFrom<unknown>(...amounts, ...more, ...texts, null, 1, 0.5, true, [], {}, undefined),
  fc.string(),
);
const signatures = fc.oneof(
  { weight: 9, arbitrary: fc.constant('["1","0x2"]') },
  fc.constantFrom<unknown>(null, 7, undefined),
);
const usually = (value: unknown): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 6, arbitrary: fc.constant(value) }, anything);

const signed = {
  market: usually('BTC-USD-PERP'),
  side: fc.oneof({ weight: 6, arbitrary: fc.constantFrom<unknown>('BUY', 'SELL') }, anything),
  type: fc.oneof({ weight: 6, arbitrary: fc.constantFrom<unknown>('LIMIT', 'MARKET', 'STOP_MARKET') }, anything),
  size: fc.oneof(usually('1'), fc.constantFrom<unknown>(...amounts, ...more)),
  price: fc.oneof(usually('0'), fc.constantFrom<unknown>(...amounts, ...more)),
  signature: signatures,
  signature_timestamp: usually(1_800_000_000_000),
  on_behalf_of_account: fc.oneof({ weight: 6, arbitrary: fc.constantFrom<unknown>(undefined, null, '0x1') }, anything),
};

/** A limit order needs a price and a market order none: one schema for both says only what a price may be. */
const priceFits = (body: Record<string, unknown>): boolean =>
  String(body.type).includes('MARKET') || (typeof body.price === 'string' && body.price !== '');

test('a new order that the document describes is read, and one that is read is described', () => {
  let [read, refused] = [0, 0];
  fc.assert(
    fc.property(fc.record(signed), (body) => {
      const why = refusal(body);
      if (why === undefined) read += 1;
      else refused += 1;
      if (why === undefined) expect(described('NewOrder', body)).toBe(true);
      else if (described('NewOrder', body) && priceFits(body) && !inWords.test(why)) {
        expect(why).toMatch(/^price of an order of a MARKET type/);
      }
    }),
    { numRuns: 3000, seed: 8 },
  );
  expect(read).toBeGreaterThan(100);
  expect(refused).toBeGreaterThan(100);
});

test('a change of an order may name the id of its path, and no other id has the form of one', () => {
  const order = { market: 'BTC-USD-PERP', side: 'BUY', type: 'LIMIT', size: '1', price: '1', signature: '["1","0x2"]' };
  const change = (more: object) => ({ ...order, signature_timestamp: 1_800_000_000_000, ...more });
  for (const id of ['7', null, undefined]) {
    expect(refusal(change({ id, order_id: id }), '7')).toBeUndefined();
    expect(described('ModifiedOrder', change({ id, order_id: id }))).toBe(true);
  }
  for (const id of ['07', '0x7', 'ab', '', 7]) {
    expect(refusal(change({ id }), String(id))).toBeDefined();
    expect(described('ModifiedOrder', change({ id }))).toBe(false);
  }
});
