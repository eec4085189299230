import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  foldedName,
  type JsonValue,
  MAX_JSON_BYTES,
  MAX_JSON_VALUES,
  parseStrictJson,
  plainJson,
  StrictJsonError,
} from '../../../src/domain/strict-json.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'utf8');
const read = (text: string): JsonValue => parseStrictJson(bytes(text));

function expectRefused(input: Buffer | string, message: RegExp): void {
  const refuse = () => (typeof input === 'string' ? read(input) : parseStrictJson(input));
  expect(refuse).toThrow(StrictJsonError);
  expect(refuse).toThrow(message);
}

test.each<[string, number | undefined]>([
  ['[1,{"a":1,"A":2}]', 1],
  ['[{"a":1,"A":2},1]', 0],
  ['[1,[2,3,x]]', 1],
  ['[1,2,', 2],
  ['[1 2]', 0],
  ['[]x', undefined],
  ['[1,2]x', undefined],
  ['{"a":[1,x]}', undefined],
  ['x', undefined],
])('the text %s stops the strict JSON reader at item %s of the list', (text, index) => {
  try {
    read(text);
  } catch (error) {
    expect(error).toBeInstanceOf(StrictJsonError);
    expect(error).toMatchObject({ index });
    return;
  }
  expect.unreachable();
});

describe('what every parser reads alike is read', () => {
  test.each([
    '{}',
    '[]',
    ' \t\r\n[ 1 , 2 ]\n',
    '{"a":{"b":[null,true,false,"x",-0.5e+3,0]}}',
    '"\\u00e9\\n\\"\\\\\\/ \u00e9 \ud83d\ude00 \\ud83d\\ude00"',
    '-0',
    '{"toString":1,"hasOwnProperty":{},"constructors":2,"is_prototype":3,"protocol":4}',
  ])('strict JSON reads %s as JSON.parse does', (text) => {
    expect(JSON.stringify(plainJson(read(text)))).toBe(JSON.stringify(JSON.parse(text)));
  });

  test('a number in strict JSON keeps its text: no digit is lost and no form is changed', () => {
    for (const text of ['1e3', '1.0', '12345678901234567890.10', '-0']) {
      expect(read(text)).toEqual({ kind: 'number', text });
    }
  });

  test('strict JSON reads a body of exactly the limit', () => {
    expect(read(`"${'x'.repeat(MAX_JSON_BYTES - 2)}"`)).toHaveLength(MAX_JSON_BYTES - 2);
  });

  test('strict JSON reads 16 levels of lists', () => {
    expect(plainJson(read('['.repeat(16) + ']'.repeat(16)))).toEqual(JSON.parse('['.repeat(16) + ']'.repeat(16)));
  });

  const names = fc.stringMatching(/^[ !#-@[\]^-~]{0,8}$/).map((name) => name.replaceAll('\\', ''));
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', maxDepth: 8 },
      fc.constantFrom(null, true, false),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.string({ unit: 'grapheme' }),
      fc.array(tie('value'), { maxLength: 4 }),
      fc
        .uniqueArray(fc.tuple(names, tie('value')), { maxLength: 4, selector: ([name]) => foldedName(name) })
        .map((members) => Object.fromEntries(members)),
    ),
  }));

  test('all that strict JSON accepts is read alike by JSON.parse', () => {
    fc.assert(
      fc.property(value, fc.constantFrom(undefined, 1), (input, indent) => {
        const text = JSON.stringify(input, null, indent);
        expect(JSON.stringify(plainJson(read(text)))).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
  });

  test('strict JSON reads arbitrary text as JSON.parse does, or refuses it', () => {
    const signs = fc.constantFrom(...'{}[]:,"\\0159eE+-.tfnu ', 'true', 'false', 'null', '"a"', '"A"', '\\u0061', '\n');
    fc.assert(
      fc.property(fc.array(signs, { maxLength: 14 }), (parts) => {
        const text = parts.join('');
        let mine: JsonValue;
        try {
          mine = read(text);
        } catch (error) {
          expect(error).toBeInstanceOf(StrictJsonError);
          return;
        }
        expect(JSON.stringify(plainJson(mine))).toBe(JSON.stringify(JSON.parse(text)));
      }),
      { numRuns: 3000 },
    );
  });
});

describe('the number of members and elements is bounded', () => {
  const ones = (count: number): string => Array.from({ length: count }, () => '1').join();
  const members = (count: number): string => Array.from({ length: count }, (_, n) => `"${n}":1`).join();

  test.each<[string, (count: number) => string]>([
    ['elements', (count) => `[${ones(count)}]`],
    ['members', (count) => `{${members(count)}}`],
    ['both, at any depth', (count) => `[{"a":[${ones(1000)}]},{"b":{${members(1000)}}},${ones(count - 2004)}]`],
  ])('strict JSON reads at most 3200 values: %s', (_what, textOf) => {
    expect(plainJson(read(textOf(MAX_JSON_VALUES)))).toEqual(JSON.parse(textOf(MAX_JSON_VALUES)));
    expectRefused(textOf(MAX_JSON_VALUES + 1), /more than 3200 values/);
  });

  test('strict JSON reads nothing behind one value too many: the rest may be no JSON at all', () => {
    expectRefused(`[${ones(MAX_JSON_VALUES)},x`, /more than 3200 values/);
    expectRefused(`[${ones(MAX_JSON_VALUES - 1)},x`, /not JSON/);
  });

  test('too many values in strict JSON are a fault of the whole list, not of one item', () => {
    expect(() => read(`[1,{${members(MAX_JSON_VALUES)}}]`)).toThrow(expect.objectContaining({ index: undefined }));
  });
});

describe('what two parsers could read differently is refused', () => {
  test.each([
    ['the same name twice', '{"size":"1","size":"2"}'],
    ['the same name in another case', '{"size":"1","SIZE":"2"}'],
    ['a name twice in an inner object', '[{"a":{"b":1,"B":2}}]'],
    ['the empty name twice', '{"":1,"":2}'],
    ['camel case beside snake case', '{"order_id":"1","orderId":"2"}'],
    ['the same the other way round', '{"orderId":"1","order_id":"2"}'],
    ['pascal case, and no sign at all', '{"OrderID":"1","orderid":"2"}'],
    ['other signs between words', '{"client-id":"1","client.id":"2"}'],
    ['signs around it', '{"size":"1"," _size$":"2"}'],
    ['signs alone', '{"_":1,"-":2}'],
    ['nothing, and signs alone', '{"":1,"__":2}'],
    ['the same deep inside', '[{"a":{"b":[{"client_id":1,"clientId":2}]}}]'],
  ])('strict JSON refuses a repeated name: %s', (_what, text) => expectRefused(text, /same name/));

  test('strict JSON takes one name in two objects for no repetition', () => {
    expect(plainJson(read('[{"a":1},{"a":{"a":2}}]'))).toEqual([{ a: 1 }, { a: { a: 2 } }]);
  });

  // Copied into an object, `__proto__` sets what every name is looked up in; who changes the case of names makes one of the others.
  test.each([
    '__proto__',
    'constructor',
    'prototype',
    '__PROTO__',
    'Constructor',
    '_prototype_',
    '$proto',
    'proto',
    'con-structor',
  ])('strict JSON refuses a member named %s, at any depth and whatever it holds', (name) => {
    for (const text of [`{"${name}":1}`, `[{"a":{"${name}":{"size":"9"}}}]`, `{"${name}":null}`]) {
      expectRefused(text, /prototype of objects/);
    }
  });

  // NFKC, case folding and locales make ASCII letters of these: no name may have one, so that no reader can.
  test.each([
    ['a fullwidth letter', '\uff53ize'],
    ['a dotless i, which is I in small letters to a Turk', 's\u0131ze'],
    ['a capital I with its dot', 'S\u0130ZE'],
    ['a Cyrillic letter that looks like one', 'pri\u0441e'],
    ['a ligature', 'of\ufb01cer'],
    ['a letter with a combining sign', 'size\u0301'],
    ['a sign of no width', 'si\u200bze'],
    ['a soft hyphen', 'si\u00adze'],
    ['a superscript digit', 'size\u00b2'],
    ['a space that is none', 'si\u00a0ze'],
  ])('strict JSON refuses a member name with %s', (_what, name) => expectRefused(`{"${name}":1}`, /printable ASCII/));

  test.each([
    ['a letter that folds to an ASCII one', '{"\u017fize":"1"}'],
    ['the Kelvin sign', '{"mar\u212aet":"1"}'],
    ['an escape', '{"\\u0073ize":"1"}'],
    ['an escaped control character', '{"size\\u0000":"1"}'],
    ['a DEL', '{"size\u007f":"1"}'],
  ])('strict JSON refuses a member name that is written with %s', (_what, text) =>
    expectRefused(text, /printable ASCII/),
  );

  test.each([
    ['a byte order mark', Buffer.from([0xef, 0xbb, 0xbf, 0x7b, 0x7d]), /byte order mark/],
    ['a lone continuation byte', Buffer.from([0x22, 0x80, 0x22]), /UTF-8/],
    ['an overlong encoding', Buffer.from([0x22, 0xc0, 0xa2, 0x22]), /UTF-8/],
    ['a surrogate in UTF-8', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), /UTF-8/],
    ['a character that ends too early', Buffer.from([0x22, 0xe2, 0x82]), /UTF-8/],
    ['UTF-16', Buffer.from('{}', 'utf16le'), /not JSON|follows/],
  ])('strict JSON refuses bytes with %s', (_what, input, message) => expectRefused(input, message));

  test.each(['"\\ud800"', '"\\udc00\\ud800"', '{"a":["\\ud83d"]}'])(
    'strict JSON refuses half of a surrogate pair: %s',
    (text) => expectRefused(text, /surrogate/),
  );

  test.each(['{} {}', '{}x', '{}\u0000', '[] ,', '1 2', '""""', 'null\u00a0'])(
    'strict JSON refuses more than one value: %j',
    (text) => expectRefused(text, /follows|not JSON/),
  );

  test('strict JSON refuses one byte more than the limit, even of white space', () => {
    expectRefused(`{}${' '.repeat(MAX_JSON_BYTES - 1)}`, /larger/);
  });

  test('strict JSON refuses 17 levels of lists or objects', () => {
    expectRefused(`${'['.repeat(17)}${']'.repeat(17)}`, /deep/);
    expectRefused(`${'{"a":'.repeat(17)}1${'}'.repeat(17)}`, /deep/);
  });

  test('strict JSON refuses nesting as deep as the body is long', () => {
    expectRefused('['.repeat(MAX_JSON_BYTES), /deep/);
  });

  test.each([
    '',
    ' ',
    '{',
    '[',
    '"',
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    '[1,]',
    '[,1]',
    '{,}',
    "{'a':1}",
    '{a:1}',
    '[1 2]',
    '01',
    '+1',
    '.5',
    '5.',
    '1e',
    '0x1',
    '1_0',
    '--1',
    'NaN',
    'Infinity',
    'True',
    'nul',
    'nullx',
    'truefalse',
    '"\n"',
    '"\\x41"',
    '"\\u12"',
    '// c\n1',
    '[1]/**/',
    '\u000b1',
    '\u00a01',
    '{"a":1]',
    '[1}',
  ])('strict JSON refuses what is no JSON: %j', (text) => expectRefused(text, /not JSON|follows/));

  test('a refusal of strict JSON never repeats what was written', () => {
    for (const text of ['{"secret":"1","SECRET":"2"}', 'secret', '{"secr\\u0065t":1}', '["secret\\ud800"]']) {
      expect(() => read(text)).toThrow(/^(?!.*secr)/);
    }
  });
});
