import { createSecretKey, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MasterKeyMismatch, seal, unseal } from '../../../src/jwt/seal.ts';

const masterKey = createSecretKey(randomBytes(32));

test('a sealed value opens to the same bytes, whatever they are', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.string(), (plaintext, purpose) => {
      expect(unseal(masterKey, seal(masterKey, plaintext, purpose), purpose)).toEqual(Buffer.from(plaintext));
    }),
  );
});

test('a sealed value does not contain the secret', () => {
  const secret = randomBytes(64);
  const sealed = Buffer.from(seal(masterKey, secret, 'p'), 'base64url');
  expect(sealed.includes(secret.subarray(0, 8))).toBe(false);
});

test('sealing a value twice never gives the same nonce', () => {
  const nonces = Array.from({ length: 100 }, () =>
    Buffer.from(seal(masterKey, Buffer.from('secret'), 'p'), 'base64url').toString('hex', 1, 13),
  );
  expect(new Set(nonces).size).toBe(100);
});

test('another master key does not open a sealed value', () => {
  const sealed = seal(masterKey, Buffer.from('secret'), 'p');
  expect(() => unseal(createSecretKey(randomBytes(32)), sealed, 'p')).toThrow(MasterKeyMismatch);
});

test('a sealed value does not open for another purpose', () => {
  const sealed = seal(masterKey, Buffer.from('secret'), 'signing key a');
  expect(() => unseal(masterKey, sealed, 'signing key b')).toThrow(MasterKeyMismatch);
});

test('a master key of another size than 32 bytes neither seals nor opens', () => {
  const short = createSecretKey(randomBytes(16));
  expect(() => seal(short, Buffer.from('secret'), 'p')).toThrow();
  expect(() => unseal(short, seal(masterKey, Buffer.from('secret'), 'p'), 'p')).toThrow(MasterKeyMismatch);
});

test('a sealed value with any single bit changed is refused', () => {
  const sealed = Buffer.from(seal(masterKey, Buffer.from('secret'), 'p'), 'base64url');
  for (let bit = 0; bit < sealed.length * 8; bit += 1) {
    const altered = Buffer.from(sealed);
    altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(() => unseal(masterKey, altered.toString('base64url'), 'p')).toThrow(MasterKeyMismatch);
  }
});

// Of an empty secret only the tag is left, so that a shortened tag is all that a truncation leaves.
test.each(['', 'secret'])('the sealed %j is refused when anything is cut from its end, the tag included', (secret) => {
  const sealed = Buffer.from(seal(masterKey, Buffer.from(secret), 'p'), 'base64url');
  for (let length = 0; length < sealed.length; length += 1) {
    expect(() => unseal(masterKey, sealed.toString('base64url', 0, length), 'p')).toThrow(MasterKeyMismatch);
  }
});

test('a second spelling of a sealed value is refused', () => {
  const sealed = seal(masterKey, Buffer.from('secret!'), 'p');
  expect(() => unseal(masterKey, `${sealed}=`, 'p')).toThrow(MasterKeyMismatch);
  expect(() => unseal(masterKey, `${sealed}\n`, 'p')).toThrow(MasterKeyMismatch);
});
