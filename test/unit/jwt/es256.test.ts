import { generateKeyPairSync, verify } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isCanonicalSignature, signEs256, toLowS, verifyEs256 } from '../../../src/jwt/es256.ts';

// Written out again on purpose: SP 800-186 section 3.2.1.3.
const n = 115792089210356248762697446949407573529996955224135760342422259061068512044369n;
const half = (n - 1n) / 2n;

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const bytes = (value: bigint) => Buffer.from(value.toString(16).padStart(64, '0'), 'hex');
const signature = (r: bigint, s: bigint) => Buffer.concat([bytes(r), bytes(s)]);
const sOf = (sig: Buffer) => BigInt(`0x${sig.toString('hex', 32)}`);
const twin = (sig: Buffer) => Buffer.concat([sig.subarray(0, 32), bytes(n - sOf(sig))]);
const plainVerify = (text: string, sig: Uint8Array) =>
  verify('sha256', Buffer.from(text), { key: publicKey, dsaEncoding: 'ieee-p1363' }, sig);

test('an ES256 signature of ours verifies, and its s is always low', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const sig = signEs256(privateKey, text);
      expect(sig.length).toBe(64);
      expect(sOf(sig) <= half).toBe(true);
      expect(verifyEs256(publicKey, text, sig)).toBe(true);
      expect(plainVerify(text, sig)).toBe(true);
    }),
    { numRuns: 100 },
  );
});

test('the twin of an ES256 signature with the high s, which plain ECDSA accepts, does not verify', () => {
  const sig = signEs256(privateKey, 'text');
  expect(plainVerify('text', twin(sig))).toBe(true);
  expect(verifyEs256(publicKey, 'text', twin(sig))).toBe(false);
});

test('a high s of an ES256 signature is folded onto its low twin, a low one is left alone', () => {
  const sig = signEs256(privateKey, 'text');
  expect(toLowS(twin(sig))).toEqual(sig);
  expect(toLowS(sig)).toEqual(sig);
  expect(toLowS(signature(5n, half))).toEqual(signature(5n, half));
  expect(toLowS(signature(5n, half + 1n))).toEqual(signature(5n, half));
});

test('an ES256 signature does not verify for another text, another key or with a flipped bit', () => {
  const sig = signEs256(privateKey, 'text');
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const flipped = Buffer.from(sig);
  flipped[5] = (flipped[5] ?? 0) ^ 1;
  expect(verifyEs256(publicKey, 'texT', sig)).toBe(false);
  expect(verifyEs256(other.publicKey, 'text', sig)).toBe(false);
  expect(verifyEs256(publicKey, 'text', flipped)).toBe(false);
});

describe('a signature is canonical', () => {
  test.each([
    ['smallest', 1n, 1n],
    ['largest', n - 1n, half],
  ])('an ES256 signature with the %s r and s is canonical', (_, r, s) => {
    expect(isCanonicalSignature(signature(r, s))).toBe(true);
  });

  test.each([
    ['r = 0', 0n, 1n],
    ['s = 0', 1n, 0n],
    ['r = n', n, 1n],
    ['r = n + 1', n + 1n, 1n],
    ['r = 2^256 - 1', 2n ** 256n - 1n, 1n],
    ['s = half + 1', 1n, half + 1n],
    ['s = n - 1', 1n, n - 1n],
    ['s = n', 1n, n],
    ['s = 2^256 - 1', 1n, 2n ** 256n - 1n],
  ])('an ES256 signature with %s is not canonical', (_, r, s) => {
    expect(isCanonicalSignature(signature(r, s))).toBe(false);
    expect(verifyEs256(publicKey, 'text', signature(r, s))).toBe(false);
  });

  test.each([0, 32, 63, 65, 128])('an ES256 signature of %d bytes is not canonical', (length) => {
    expect(isCanonicalSignature(Buffer.alloc(length, 1))).toBe(false);
    expect(verifyEs256(publicKey, 'text', Buffer.alloc(length, 1))).toBe(false);
  });
});
