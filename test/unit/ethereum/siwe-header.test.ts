import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeSiweHeader } from '../../../src/ethereum/siwe-header.ts';
import { anyText } from '../../support/any-text.ts';

// Bytes whose base64 needs padding and both of the letters in which the alphabets differ.
const MESSAGE = 'û?þ>~~~ÿ?!';
const STANDARD = Buffer.from(MESSAGE).toString('base64');
const URL_SAFE = Buffer.from(MESSAGE).toString('base64url');

test('the sample of the PARADEX-SIWE-MESSAGE header tells the two base64 alphabets apart', () => {
  expect(STANDARD).toMatch(/[+/].*=$/);
});

test.each([
  ['the standard alphabet', STANDARD],
  ['the standard alphabet without padding', STANDARD.replace(/=+$/, '')],
  ['the URL-safe alphabet', URL_SAFE],
  ['the URL-safe alphabet with padding', STANDARD.replaceAll('+', '-').replaceAll('/', '_')],
])('the PARADEX-SIWE-MESSAGE header may be in %s', (_, header) => {
  expect(decodeSiweHeader(header)).toBe(MESSAGE);
});

test('the PARADEX-SIWE-MESSAGE header keeps a byte-order mark and every line end as they were signed', () => {
  expect(decodeSiweHeader(Buffer.from('\ufeffa\r\nb\n').toString('base64'))).toBe('\ufeffa\r\nb\n');
});

describe('refuses', () => {
  test.each([
    ['empty text', ''],
    ['only padding', '='],
    ['white space inside', 'YW Jj'],
    ['a line end', 'YWJj\n'],
    ['a leading space', ' YWJj'],
    ['both alphabets at once', '+-__YWJj'],
    ['a letter of no alphabet', 'YWJ*'],
    ['padding in the middle', 'YQ==YWJj'],
    ['too little padding', 'YQ='],
    ['too much padding', 'YQ==='],
    ['padding where none is needed', 'YWJj='],
    ['four letters of padding', 'YWJj===='],
    ['one letter left over', 'YWJjZ'],
    ['bits beyond the last byte', 'YR=='],
    ['bits beyond the last byte, no padding', 'YWL'],
    ['bytes that are not UTF-8', Buffer.from([0x61, 0xff]).toString('base64')],
    ['overlong UTF-8', Buffer.from([0xc0, 0xaf]).toString('base64')],
    ['a surrogate in UTF-8', Buffer.from([0xed, 0xa0, 0x80]).toString('base64')],
    ['cut-off UTF-8', Buffer.from([0xe2, 0x82]).toString('base64')],
  ])('a PARADEX-SIWE-MESSAGE header is refused: %s', (_, header) => {
    expect(decodeSiweHeader(header)).toBeUndefined();
  });

  test('a PARADEX-SIWE-MESSAGE header of more than 4 KiB is refused', () => {
    expect(decodeSiweHeader(Buffer.alloc(4096, 'a').toString('base64'))).toHaveLength(4096);
    expect(decodeSiweHeader(Buffer.alloc(4097, 'a').toString('base64'))).toBeUndefined();
    expect(decodeSiweHeader('A'.repeat(1 << 20))).toBeUndefined();
  });
});

test('every well-formed text survives in a PARADEX-SIWE-MESSAGE header in both alphabets, padded or not', () => {
  fc.assert(
    fc.property(
      anyText(200).map((text) => `${text.toWellFormed()}.`),
      (text) => {
        const bytes = Buffer.from(text);
        for (const form of [bytes.toString('base64'), bytes.toString('base64url')]) {
          expect(decodeSiweHeader(form)).toBe(text);
          expect(decodeSiweHeader(form.replace(/=+$/, ''))).toBe(text);
        }
      },
    ),
  );
});

test('reading a PARADEX-SIWE-MESSAGE header never throws, and whatever it reads has that one spelling per alphabet', () => {
  fc.assert(
    fc.property(fc.oneof(anyText(40), fc.stringMatching(/^[A-Za-z0-9+/=_-]{0,12}$/)), (header) => {
      const text = decodeSiweHeader(header);
      if (text === undefined) return;
      const spellings = ['base64', 'base64url'] as const;
      const body = header.replace(/=+$/, '');
      expect(spellings.map((alphabet) => Buffer.from(text).toString(alphabet).replace(/=+$/, ''))).toContain(body);
    }),
    { numRuns: 500 },
  );
});
