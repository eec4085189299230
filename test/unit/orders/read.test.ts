import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { STARK_PRIME } from '../../../src/domain/felt.ts';
import { parseStrictJson } from '../../../src/domain/strict-json.ts';
import { OrderError, readOrder } from '../../../src/orders/read.ts';
import type { SignedOrder } from '../../../src/starknet/order.ts';

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

describe('amounts', () => {
  test.each([
    ['0', 0n],
    ['1', 100_000_000n],
    ['0.1', 10_000_000n],
    ['0.00000001', 1n],
    ['10', 1_000_000_000n],
    ['100.5', 10_050_000_000n],
    ['1701411834604692317316873037158.84105727', 2n ** 127n - 1n],
    ['1.0', 100_000_000n],
    ['0.10', 10_000_000n],
    ['50000.0', 5_000_000_000_000n],
    ['0.100000000', 10_000_000n],
    ['5E-4', 50_000n],
    ['5.0E-4', 50_000n],
    ['1E+3', 100_000_000_000n],
    ['1e3', 100_000_000_000n],
    ['1E3', 100_000_000_000n],
    ['1e-0008', 1n],
    ['1e+0000000000000000000000000000000000000', 100_000_000n],
    ['0.000000001e1', 1n],
    ['10e-9', 1n],
    ['0.0', 0n],
    ['0E-8', 0n],
    ['0.00000000000000000000000000000000000000', 0n],
    ['0e-99999999999999999999999999999999999999'.slice(0, 40), 0n],
    ['0E+99999999999999999999999999999999999999'.slice(0, 40), 0n],
  ])('the size %s of an order is one number', (text, scaled) => {
    expect(read({ ...limit, size: text, price: text })).toMatchObject({ size: scaled, price: scaled });
  });

  const refused = [
    '01',
    '00',
    '00.1',
    '1.',
    '.1',
    '1.e3',
    '.e3',
    'e3',
    '1e',
    '1e+',
    '1e1.5',
    '1e-9',
    '1.5e-8',
    '+1',
    '-1',
    '-0',
    '-0.0',
    ' 1',
    '1 ',
    '1\n',
    '',
    '0x1',
    '1_000',
    '1,5',
    '٣',
    '1e٣',
    'NaN',
    'Infinity',
    '0.123456789',
    '0.000000001',
    '1701411834604692317316873037158.84105728',
    '2e30',
    '1e99',
    '9'.repeat(41),
    `0.${'0'.repeat(39)}`,
    '1E+999999999',
    '1E-999999999',
    '9e99999999999999999999999999999999999999',
    1,
    0.5,
    null,
    true,
    ['1'],
    undefined,
  ];
  test.each(refused)('%j is refused as the size and as the price of an order', (value) => {
    expect(refusal({ ...limit, size: value })).toThrow(OrderError);
    expect(refusal({ ...limit, size: value })).toThrow(/^size /);
    expect(refusal({ ...limit, price: value })).toThrow(/^price /);
  });

  const number = (text: string) => JSON.stringify({ ...limit, size: 'SIZE' }).replace('"SIZE"', text);
  test.each(['1', '1.0', '5E-4', '1e3', '-0'])(
    'the JSON number %s is refused as the size of an order, as it has other texts',
    (text) => {
      expect(refusal(number(text))).toThrow(/^size must be a string/);
    },
  );

  test('the refusal of an order names what is wrong with its number', () => {
    expect(refusal({ ...limit, size: '1e-9' })).toThrow('size has more than 8 decimals');
    expect(refusal({ ...limit, size: '1E+999999999' })).toThrow('size is too large');
    expect(refusal({ ...limit, size: '+1' })).toThrow('size must be a string, a decimal number');
  });

  /** Hundred-millionths by division, one power of ten at a time: another way than the one that is tested. */
  function hundredMillionths(text: string): bigint | undefined {
    const [mantissa = '', exponent = '0'] = text.toLowerCase().split('e');
    const [whole = '', fraction = ''] = mantissa.split('.');
    let value = BigInt(whole + fraction);
    let power = BigInt(exponent.replace('+', '')) - BigInt(fraction.length) + 8n;
    for (; power > 0n; power -= 1n) value *= 10n;
    for (; power < 0n; power += 1n) {
      if (value % 10n !== 0n) return undefined;
      value /= 10n;
    }
    return value < 2n ** 127n ? value : undefined;
  }

  const digits = (min: number, max: number) => fc.stringMatching(new RegExp(`^[0-9]{${min},${max}}$`));
  const wholes = fc.oneof(
    fc.constant('0'),
    fc.stringMatching(/^[1-9][0-9]{0,20}$/),
    fc.stringMatching(/^[1-9]0{0,20}$/),
  );
  const fractions = fc
    .oneof(fc.constant(''), digits(1, 12), fc.stringMatching(/^[0-9]0{0,15}$/))
    .map((text) => text && `.${text}`);
  const exponents = fc.oneof(fc.constant(''), fc.stringMatching(/^[eE][+-]?0{0,3}[0-9]{1,2}$/));
  const decimals = fc.tuple(wholes, fractions, exponents).map((parts) => parts.join(''));

  test('every plain or exponent text in an order is the number that it stands for, or is refused where there is none in range', () => {
    fc.assert(
      fc.property(decimals, (text) => {
        const value = text.length <= 40 ? hundredMillionths(text) : undefined;
        const order = { ...limit, size: text, price: text };
        if (value === undefined) expect(refusal(order)).toThrow(OrderError);
        else expect(read(order)).toMatchObject({ size: value, price: value });
      }),
      { numRuns: 2000 },
    );
  });

  test('all texts of one number in an order are one', () => {
    const amounts = fc.bigInt({ min: 0n, max: 10n ** 18n });
    fc.assert(
      fc.property(
        amounts,
        fc.nat(9),
        fc.nat(12),
        fc.constantFrom('e', 'E'),
        fc.constantFrom('', '+'),
        (value, zeros, shift, e, plus) => {
          const text = value.toString().padStart(9, '0');
          const plain = `${text.slice(0, -8)}.${text.slice(-8)}`;
          const trimmed = plain.replace(/\.?0+$/, '');
          const moved = `${value}${e}-8`;
          const up = `0.${'0'.repeat(shift)}${value}${e}${plus}${shift + value.toString().length - 8}`.replace(
            '+-',
            '-',
          );
          for (const one of [plain, plain + '0'.repeat(zeros), trimmed, moved, up]) {
            expect(read({ ...limit, size: one }).size).toBe(value);
          }
        },
      ),
    );
  });

  test('any text as the size of an order is one of such a number, or is refused', () => {
    const noise = fc.stringMatching(/^[0-9.eE+-]{0,12}$/);
    fc.assert(
      fc.property(noise, (text) => {
        let size: bigint;
        try {
          ({ size } = read({ ...limit, size: text }));
        } catch (error) {
          expect(error).toBeInstanceOf(OrderError);
          return;
        }
        expect(text).toMatch(/^(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/);
        // Zero may have an exponent too large to be counted down.
        expect(size).toBe(/^[0.]+(e|$)/i.test(text) ? 0n : hundredMillionths(text));
      }),
      { numRuns: 3000 },
    );
  });

  // Ten thousand numbers of so many digits would take longer than any test may.
  test.each(['1E+999999999', '1E-999999999', '1E+1000000', '0E+999999999'])(
    'the exponent of the size %s costs nothing',
    (size) => {
      const once = () => read({ ...limit, size });
      if (size.startsWith('0')) for (let i = 0; i < 10_000; i++) expect(once().size).toBe(0n);
      else for (let i = 0; i < 10_000; i++) expect(once).toThrow(OrderError);
    },
  );
});

describe('an order of a MARKET type', () => {
  const types = ['MARKET', 'STOP_MARKET', 'TAKE_PROFIT_MARKET', 'STOP_LOSS_MARKET'];

  test.each(types)('an order of type %s signs the price 0, and may write it in any way, or none', (type) => {
    expect(read({ ...market, type })).toMatchObject({ price: 0n });
    for (const price of ['0', '0.0', '0.00000000', '0E-8', '0e0', '0E+999999999', '', null]) {
      expect(read({ ...market, type, price })).toMatchObject({ price: 0n });
    }
  });

  test.each(types)('an order of type %s carries no other price than 0', (type) => {
    for (const price of ['50000', '0.00000001', '1E-8', '1E-9', '1E+999999999', '00', '-0', ' ', 0, 1, false, []]) {
      expect(refusal({ ...market, type, price })).toThrow(/^price /);
    }
    expect(refusal({ ...market, type, price: '50000' })).toThrow(/MARKET/);
  });

  test('an order of another type than MARKET needs a price', () => {
    for (const price of ['', null, undefined]) expect(refusal({ ...limit, price })).toThrow(/^price must be a string/);
  });

  test('a price hidden under another case of its name is seen in a MARKET order', () => {
    for (const name of ['PRICE', 'Price', 'pricE']) {
      expect(refusal({ ...market, [name]: '50000' })).toThrow(/price must be written in small letters/);
    }
  });
});

describe('the other members', () => {
  test.each([['buy'], ['Buy'], ['1'], [1], ['LONG'], [''], [null], [undefined]])(
    'an order whose side is %j is refused',
    (side) => {
      expect(refusal({ ...limit, side })).toThrow(/^side /);
    },
  );

  test.each([['limit'], ['Market'], ['LIMIT '], ['1'], [''], ['A'.repeat(32)], [7], [undefined]])(
    'an order whose type is %j is refused',
    (type) => expect(refusal({ ...limit, type })).toThrow(/^type /),
  );

  // A felt has many texts as a number: an order signed for the market 123 must not be one for 0123 or 0x7b.
  test.each([['123'], ['0123'], ['0x7b'], ['0X7B'], ['0x'], [''], ['A B'], ['B\u0000'], ['É'], ['M'.repeat(32)], [5]])(
    'an order whose market is %j is refused',
    (name) => expect(refusal({ ...limit, market: name })).toThrow(/^market /),
  );

  test('the market of an order has at most 31 characters', () => {
    expect(read({ ...limit, market: 'M'.repeat(31) }).market).toBeGreaterThan(0n);
  });

  const timestamp = (text: string) => JSON.stringify(limit).replace('1767323045123', text);
  test.each(['1e12', '1767323045123.0', '-1', '999999999999999999999', '"1767323045123"', 'null'])(
    'an order whose signature_timestamp is %s is refused',
    (text) => expect(refusal(timestamp(text))).toThrow(/^signature_timestamp /),
  );

  test('signature_timestamp of an order may be anything below 2^53 that is no time in another unit', () => {
    for (const text of ['0', '999999999', '100000000000', '1767323045123', '999999999999999']) {
      expect(read(timestamp(text)).timestamp).toBe(Number(text));
    }
  });

  test.each([
    ['1767323045', 'seconds'],
    ['1767323045.123', 'seconds'],
    ['1000000000', 'seconds'],
    ['99999999999', 'seconds'],
    ['1767323045123456', 'microseconds'],
    ['9007199254740991', 'microseconds'],
    ['1767323045123456789', 'nanoseconds'],
  ])('an order whose signature_timestamp is %s is told that it is in %s', (text, unit) => {
    expect(refusal(timestamp(text))).toThrow(`signature_timestamp is in ${unit}, and must be in milliseconds`);
  });

  test.each([['["1"]'], ['["1","2","3"]'], ['[1,2]'], ['1,2'], [''], [['1', '2']], [null], [undefined]])(
    'an order whose signature is %j is refused',
    (signature) => expect(refusal({ ...limit, signature })).toThrow(/^signature must be/),
  );

  test('a number beyond the field in the signature of an order stays one and is not reduced', () => {
    const beyond = (STARK_PRIME + 1n).toString();
    expect(read({ ...limit, signature: JSON.stringify([beyond, '2']) }).signature.r).toBe(STARK_PRIME + 1n);
  });

  test.each(['Market', 'SIDE', 'Type', 'sIze', 'Signature', 'SIGNATURE_TIMESTAMP', 'On_Behalf_Of_Account', 'ID'])(
    'a member %s of an order in other letters is refused, whatever else is there',
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
  ])('a second name of %s in an order is refused, with the first or without it, at any depth', (first, seconds) => {
    for (const second of seconds) {
      const { [first]: _left, ...rest } = { ...limit } as Record<string, unknown>;
      const without = { ...rest, [second]: '1' };
      expect(refusal(without)).toThrow(`${first} must be written in small letters, exactly so`);
      expect(refusal({ ...limit, [first]: '1', [second]: '1' })).toThrow(/same name|small letters/);
      expect(refusal({ ...limit, more: [{ deep: { [second]: '1' } }] })).toThrow(/exactly so/);
    }
  });

  test.each(['reduceOnly', 'reduce-only', 'Reduce', '_x', 'x_', 'a__b', '1st', '', 'a b', 'a.b', '$ref', 'a[0]'])(
    'a name in an order that nobody knows yet has one spelling, too: not %j',
    (name) => {
      expect(refusal({ ...limit, [name]: '1' })).toThrow(/small letters/);
      expect(refusal({ ...limit, more: [{ [name]: '1' }] })).toThrow(/small letters/);
    },
  );

  test('members of an order that nobody signs may hold anything, under names in snake case', () => {
    const more = { client_id: 'orderId', flags: ['A'], new_thing2: { a1_b: [{ c: null }] }, x: '__proto__' };
    expect(read({ ...limit, ...more })).toEqual(read(limit));
  });

  test('null in an order is as if absent where a member may be, and nowhere else', () => {
    const absent = { on_behalf_of_account: null, client_id: null, instruction: null, flags: null, trigger_price: null };
    expect(read({ ...limit, ...absent })).toEqual(read(limit));
    expect(read({ ...market, ...absent, price: null })).toEqual(read(market));
    for (const name of ['market', 'side', 'type', 'size', 'price', 'signature', 'signature_timestamp']) {
      expect(refusal({ ...limit, [name]: null })).toThrow(OrderError);
    }
  });

  test.each([[null], [[]], ['text'], [7], [true]])('%j is no order to read', (body) => {
    expect(refusal(JSON.stringify(body))).toThrow(/not a JSON object/);
  });

  test('on_behalf_of_account of an order is read as a felt, and one beyond the field is refused, not reduced', () => {
    expect(read(limit).onBehalfOf).toBeUndefined();
    expect(read({ ...limit, on_behalf_of_account: null }).onBehalfOf).toBeUndefined();
    expect(read({ ...limit, on_behalf_of_account: '0x0A' }).onBehalfOf).toBe('0xa');
    for (const value of [`0x${STARK_PRIME.toString(16)}`, `0x${'f'.repeat(64)}`, '', '10', 10]) {
      expect(refusal({ ...limit, on_behalf_of_account: value })).toThrow(/on_behalf_of_account/);
    }
  });
});

describe('a change of an order', () => {
  test('a change of an order signs the id in the path, a decimal number', () => {
    for (const id of [ID, '0', '24930', (STARK_PRIME - 1n).toString()]) expect(read(limit, id).id).toBe(BigInt(id));
    expect(read(limit).id).toBeUndefined();
  });

  test('an id of an order that is read is the only text of what is signed', () => {
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

  test('a change of an order may repeat the id of the path in the body, and no other', () => {
    expect(read({ ...limit, id: ID, order_id: ID }, ID).id).toBe(BigInt(ID));
    expect(read({ ...limit, id: null, order_id: null }, ID).id).toBe(BigInt(ID));
    for (const id of ['1', `0${ID}`, `0x${BigInt(ID).toString(16)}`, '', 7]) {
      expect(refusal({ ...limit, id }, ID)).toThrow(/^id must be the order in the path/);
      expect(refusal({ ...limit, order_id: id }, ID)).toThrow(/^order_id must be the order in the path/);
    }
  });

  // 'ab' would be signed as the number 24930, 'x'.repeat(31) as one of 75 digits.
  test.each([
    ...['0123', '00', '0x7b', '0X7b', '0x', '', '+7', '-7', '7.0', '7 ', '7\n', '٧', 'ab', 'a-b', 'x'.repeat(31)],
    ...[STARK_PRIME.toString(), (STARK_PRIME + 7n).toString(), '9'.repeat(76), '9'.repeat(77)],
  ])('the path id %s of an order has no signature of its own and is refused', (id) =>
    expect(refusal(limit, id)).toThrow(/^the order id cannot be signed/),
  );
});
