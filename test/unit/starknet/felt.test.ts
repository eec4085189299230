import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { STARK_PRIME } from '../../../src/domain/felt.ts';
import { FeltTextError, feltFromText } from '../../../src/starknet/felt.ts';
import { anyText } from '../../support/any-text.ts';
import { eachVector } from '../../support/each-vector.ts';

describe('published vectors', () => {
  eachVector('felt_encoding', ({ input, expected, expected_dec }) => {
    expect(feltFromText(input)).toBe(BigInt(expected));
    if (expected_dec !== undefined) expect(feltFromText(input)).toBe(BigInt(expected_dec));
  });
});

test('empty text becomes the felt 0', () => {
  expect(feltFromText('')).toBe(0n);
});

test('text that only begins like a number becomes the felt of a short string', () => {
  expect(feltFromText('0x')).toBe(0x3078n);
  expect(feltFromText('0xg')).toBe(0x307867n);
  expect(feltFromText('12 ')).toBe(0x313220n);
  expect(feltFromText('-1')).toBe(0x2d31n);
  expect(feltFromText('1e3')).toBe(0x316533n);
});

test.each([
  ['a short string of 32 characters', 'x'.repeat(32)],
  ['a control character', 'BTC\n'],
  ['a leading NUL, which would not change the number', '\0BTC'],
  ['text that is not ASCII', 'BTC-ÜSD'],
  ['p in hex', `0x${STARK_PRIME.toString(16)}`],
  ['p in decimal', STARK_PRIME.toString()],
  ['2^252 in hex', `0x1${'0'.repeat(63)}`],
  ['hex of more than 64 digits', `0x${'0'.repeat(64)}1`],
  ['decimal of more than 76 digits', '0'.repeat(77)],
])('%s does not become a felt', (_, text) => {
  expect(() => feltFromText(text)).toThrow(FeltTextError);
});

test('the longest legal texts become felts', () => {
  const last = STARK_PRIME - 1n;
  expect(feltFromText(last.toString())).toBe(last);
  expect(feltFromText(`0X${last.toString(16).toUpperCase().padStart(64, '0')}`)).toBe(last);
  expect(feltFromText('~'.repeat(31))).toBe(BigInt(`0x${'7e'.repeat(31)}`));
});

const anyFelt = fc.bigInt({ min: 0n, max: STARK_PRIME - 1n });

test('every felt survives being written as hex and as decimal', () => {
  fc.assert(
    fc.property(anyFelt, (value) => {
      expect(feltFromText(`0x${value.toString(16)}`)).toBe(value);
      expect(feltFromText(value.toString())).toBe(value);
    }),
  );
});

test('a short string can be read back from its felt', () => {
  const shortString = fc
    .string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 31 })
    .filter((text) => !/^\d+$|^0x[0-9a-f]+$/i.test(text));
  fc.assert(
    fc.property(shortString, (text) => {
      expect(Buffer.from(feltFromText(text).toString(16), 'hex').toString('latin1')).toBe(text);
    }),
  );
});

test('any text becomes a felt or a FeltTextError', () => {
  fc.assert(
    fc.property(fc.oneof(anyText(100), fc.stringMatching(/^0x[0-9a-f]*$/)), (text) => {
      try {
        const value = feltFromText(text);
        expect(value >= 0n && value < STARK_PRIME).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(FeltTextError);
      }
    }),
  );
});
