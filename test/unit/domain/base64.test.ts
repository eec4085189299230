import fc from 'fast-check';
import { expect, test } from 'vitest';
import { base64Of, base64urlOf, bytesOfBase64, bytesOfBase64url } from '../../../src/domain/base64.ts';

test('base64 and base64url of any bytes are what Node.js makes of them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 9000 }), (bytes) => {
      expect(base64Of(bytes)).toBe(Buffer.from(bytes).toString('base64'));
      expect(base64urlOf(bytes)).toBe(Buffer.from(bytes).toString('base64url'));
    }),
  );
});

test('base64 is read back in both alphabets, without padding', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(bytesOfBase64(base64urlOf(bytes))).toEqual(bytes);
      expect(bytesOfBase64url(base64urlOf(bytes))).toEqual(bytes);
      expect(bytesOfBase64(base64Of(bytes).replace(/=+$/, ''))).toEqual(bytes);
    }),
  );
});

test('a text is base64 only when it is the one text of its bytes', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'AQgwEBRh-_+/=\n'), maxLength: 9 }), (text) => {
      const exact = ['base64', 'base64url'] as const;
      const isExact = exact.some((form) => Buffer.from(text, form).toString(form).replace(/=+$/, '') === text);
      expect(bytesOfBase64(text) !== undefined).toBe(isExact);
      expect(bytesOfBase64url(text) !== undefined).toBe(Buffer.from(text, 'base64url').toString('base64url') === text);
    }),
  );
});
