import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseSignaturePair, parseSignatureText } from '../../../src/starknet/signature.ts';
import { anyText } from '../../support/any-text.ts';

describe('the header form', () => {
  test('a signature in a header may be two decimal strings, or two hex strings in any case', () => {
    expect(parseSignatureText('["123","456"]')).toEqual({ r: 123n, s: 456n });
    expect(parseSignatureText('["0x7b","0x01C8"]')).toEqual({ r: 123n, s: 456n });
    expect(parseSignatureText('["123", "0x1c8"]')).toEqual({ r: 123n, s: 456n });
  });

  test.each([
    ['empty text', ''],
    ['JSON numbers', '[123,456]'],
    ['one member', '["1"]'],
    ['three members', '["1","2","3"]'],
    ['nothing', '[]'],
    ['an object', '{"0":"1","1":"2","length":2}'],
    ['a string', '"12"'],
    ['null', 'null'],
    ['null members', '[null,null]'],
    ['leading junk', 'x["1","2"]'],
    ['trailing junk', '["1","2"]x'],
    ['a trailing comma', '["1","2",]'],
    ['a second value', '["1","2"]["1","2"]'],
    ['nested arrays', '[["1"],["2"]]'],
    ['single quotes', "['1','2']"],
    ['more than 256 characters', `["1","2"]${' '.repeat(256)}`],
  ])('a signature in a header is refused: %s', (_, text) => {
    expect(parseSignatureText(text)).toBeUndefined();
  });

  test('reading a signature from a header never throws, and gives a pair or nothing', () => {
    fc.assert(
      fc.property(fc.oneof(anyText(40), fc.json()), (text) => {
        const parsed = parseSignatureText(text);
        if (parsed !== undefined) expect(parseSignaturePair(JSON.parse(text))).toEqual(parsed);
      }),
    );
  });
});

describe('the body form', () => {
  test('a signature in a body is an array of two strings', () => {
    expect(parseSignaturePair(['123', '0x1c8'])).toEqual({ r: 123n, s: 456n });
    expect(parseSignaturePair([`0x${'f'.repeat(64)}`, '9'.repeat(76)])).toEqual({
      r: 2n ** 256n - 1n,
      s: 10n ** 76n - 1n,
    });
  });

  test.each([
    ['', 'empty text'],
    ['0x', 'hex without digits'],
    ['0xg', 'hex with other letters'],
    ['1a', 'hex without its prefix'],
    ['-1', 'a sign'],
    ['+1', 'a plus'],
    ['1.0', 'a fraction'],
    ['1e5', 'an exponent'],
    [' 1', 'white space'],
    ['1\n', 'a line end'],
    ['0b1', 'another base'],
    ['1_000', 'separators'],
    ['١', 'other digits'],
    ['1'.repeat(77), '77 decimal digits'],
    [`0x${'1'.repeat(65)}`, '65 hex digits'],
  ])('a signature in a body with the number %j is refused: %s', (text) => {
    expect(parseSignaturePair([text, '1'])).toBeUndefined();
    expect(parseSignaturePair(['1', text])).toBeUndefined();
  });

  test.each([
    ['undefined', undefined],
    ['null', null],
    ['numbers', [1, 2]],
    ['bigints', [1n, 2n]],
    ['three strings', ['1', '2', '3']],
    ['text', '["1","2"]'],
    ['an object like an array', { 0: '1', 1: '2', length: 2 }],
    ['strings as objects', [Object('1'), Object('2')]],
  ])('a signature in a body is refused: %s', (_, value) => {
    expect(parseSignaturePair(value)).toBeUndefined();
  });

  test('every number of a signature up to 2^252 survives being written as decimal and as hex', () => {
    const scalar = fc.bigInt({ min: 0n, max: 2n ** 252n });
    fc.assert(
      fc.property(scalar, scalar, (r, s) => {
        expect(parseSignaturePair([r.toString(), s.toString()])).toEqual({ r, s });
        expect(parseSignaturePair([`0x${r.toString(16)}`, `0x${s.toString(16)}`])).toEqual({ r, s });
      }),
    );
  });
});
