import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeBase64url, encodeBase64url } from '../../../src/jwt/base64url.ts';

test('every byte string comes back from its one base64url text', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      expect(decodeBase64url(encodeBase64url(bytes))).toEqual(Buffer.from(bytes));
    }),
  );
});

test('a base64url text that is accepted is the one that encodes its bytes', () => {
  const character = fc.constantFrom(...'ABab01-_+/= \n.é');
  fc.assert(
    fc.property(fc.string({ unit: character, maxLength: 12 }), (text) => {
      const bytes = decodeBase64url(text);
      if (bytes !== undefined) expect(encodeBase64url(bytes)).toBe(text);
      else expect(/^[A-Za-z0-9_-]*$/.test(text) && text.length % 4 === 0).toBe(false);
    }),
    { numRuns: 1000 },
  );
});

test.each([
  'QQ==',
  'QQ=',
  'QR',
  'QUJ',
  'Q',
  '+_8',
  '/_8',
  '-/8',
  'Q Q',
  ' QQ',
  'QQ\n',
  'QQ\0',
  'Q.Q',
  'QQé',
  'QQ\ud800',
])('%j is refused as base64url', (text) => {
  expect(decodeBase64url(text)).toBeUndefined();
});

test.each(['', 'QQ', 'QUI', '-_8'])('%j is accepted as base64url', (text) => {
  expect(decodeBase64url(text)).toBeDefined();
});
