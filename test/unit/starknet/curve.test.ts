import { getStarkKey, Point, sign, utils, verify } from '@scure/starknet';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { STARK_PRIME } from '../../../src/domain/felt.ts';
import { scureCurve } from '../../../src/starknet/curve.ts';
import { hashElements, STARK_CURVE_ORDER, STARK_HASH_BOUND } from '../../../src/starknet/pedersen.ts';
import { parseSignaturePair } from '../../../src/starknet/signature.ts';
import { eachVector, vectorConstants } from '../../support/each-vector.ts';

const N = STARK_CURVE_ORDER;
const { Fn, Fp } = Point;
const hex = (value: bigint): string => value.toString(16).padStart(64, '0');
const keyOf = (secret: bigint): bigint => BigInt(getStarkKey(hex(secret)));
const signed = (hash: bigint, secret: bigint): { r: bigint; s: bigint } => sign(hex(hash), hex(secret));
const lift = (x: bigint) => Point.fromAffine({ x, y: Fp.sqrt(Fp.create(x ** 3n + x + Point.CURVE().b)) });

const secretKey = fc.bigInt({ min: 1n, max: N - 1n });
const hashValue = fc.bigInt({ min: 0n, max: STARK_HASH_BOUND - 1n });
const edges = [0n, 1n, 2n, N - 1n, N, N + 1n, STARK_PRIME - 1n, STARK_PRIME, STARK_HASH_BOUND - 1n, STARK_HASH_BOUND];
const anyInteger = fc.oneof(fc.constantFrom(...edges, ...edges.map((edge) => -edge), 1n << 600n), fc.bigInt());

const SECRET = 0x3ee7c7ae151a898a696e20c11d83b4504c6fbb29fbc1cd1b61115c2bbbd5730n;
const KEY = keyOf(SECRET);
const HASH = 0x4f6dc0cfb83f0bd9b43896f320d8b750e7732317203a5ef3adca5aab82f6a0bn;
const { r: R, s: S } = signed(HASH, SECRET);

describe('published vectors', () => {
  eachVector('pedersen', ({ kind, inputs, expected }) => {
    const felts = inputs.map(BigInt);
    const [a = 0n, b = 0n] = felts;
    const hash = kind === 'pair' ? scureCurve.pedersen(a, b) : hashElements(scureCurve, felts);
    expect(hash).toBe(BigInt(expected));
  });

  eachVector('signature_verify', ({ message_hash, signature, public_key, expected }) => {
    const pair = parseSignaturePair(signature);
    expect(pair).toBeDefined();
    if (pair === undefined) return;
    expect(scureCurve.verify(BigInt(message_hash), pair.r, pair.s, BigInt(public_key))).toBe(expected.valid);
    const recovered = scureCurve.recoverCandidates(BigInt(message_hash), pair.r, pair.s);
    expect(recovered.includes(BigInt(public_key))).toBe(expected.valid);
  });

  eachVector('public_key', ({ private_key, expected }) => {
    expect(keyOf(BigInt(private_key))).toBe(BigInt(expected));
    expect(scureCurve.isPublicKey(BigInt(expected))).toBe(true);
  });

  test('the constants of the Stark curve are those of the vectors', () => {
    expect(N).toBe(BigInt(vectorConstants.stark_curve_order));
    expect(STARK_PRIME).toBe(BigInt(vectorConstants.stark_prime));
  });
});

describe('pedersen', () => {
  test.each([
    ['p', STARK_PRIME],
    ['a negative number', -1n],
  ])('the Pedersen hash refuses %s in either place', (_, value) => {
    expect(() => scureCurve.pedersen(value, 0n)).toThrow(RangeError);
    expect(() => scureCurve.pedersen(0n, value)).toThrow(RangeError);
  });
});

describe('isPublicKey', () => {
  test('about half of all felts are no public key', () => {
    const keys = Array.from({ length: 64 }, (_, i) => BigInt(i + 1)).filter(scureCurve.isPublicKey);
    expect(keys.length).toBeGreaterThan(16);
    expect(keys.length).toBeLessThan(48);
    for (const x of keys) expect(() => lift(x).assertValidity()).not.toThrow();
  });

  test('the number of a public key modulo p is no public key', () => {
    expect(scureCurve.isPublicKey(KEY)).toBe(true);
    expect(scureCurve.isPublicKey(KEY + STARK_PRIME)).toBe(false);
    expect(scureCurve.isPublicKey(KEY - STARK_PRIME)).toBe(false);
  });

  test('asking for a public key never throws, and knows none outside the field', () => {
    fc.assert(
      fc.property(anyInteger, (x) => {
        if (scureCurve.isPublicKey(x)) expect(x > 0n && x < STARK_PRIME).toBe(true);
      }),
    );
  });
});

describe('verify', () => {
  test('a signature by any key is valid, whichever of its two points the key stands for, and with s negated', () => {
    fc.assert(
      fc.property(secretKey, hashValue, (secret, hash) => {
        const { r, s } = signed(hash, secret);
        const key = keyOf(secret);
        // N - secret has the same x: the key cannot tell which of the two signed.
        expect(keyOf(N - secret)).toBe(key);
        const twin = signed(hash, N - secret);
        expect(scureCurve.verify(hash, r, s, key)).toBe(true);
        expect(scureCurve.verify(hash, r, N - s, key)).toBe(true);
        expect(scureCurve.verify(hash, twin.r, twin.s, key)).toBe(true);
      }),
      { numRuns: 4 },
    );
  });

  test('verification of Stark signatures agrees with @scure/starknet on altered ones', () => {
    const small = fc.bigInt({ min: 0n, max: 1n });
    fc.assert(
      fc.property(secretKey, hashValue, small, small, small, (secret, hash, dHash, dR, dS) => {
        const { r, s } = signed(hash, secret);
        const tried = hex((hash + dHash) % STARK_HASH_BOUND);
        const compact = hex(r + dR) + hex(s + dS);
        const oracle = ['02', '03'].some((parity) =>
          verify(compact, tried, parity + hex(keyOf(secret)), { format: 'compact' }),
        );
        expect(scureCurve.verify(BigInt(`0x${tried}`), r + dR, s + dS, keyOf(secret))).toBe(oracle);
      }),
      { numRuns: 6 },
    );
  });

  test.each([
    ['s + N', HASH, R, S + N, KEY],
    ['s - N', HASH, R, S - N, KEY],
    ['s = N', HASH, R, N, KEY],
    ['hash + N', HASH + N, R, S, KEY],
    ['hash - N', HASH - N, R, S, KEY],
    ['r + p', HASH, R + STARK_PRIME, S, KEY],
    ['r + N', HASH, R + N, S, KEY],
    ['-r', HASH, -R, S, KEY],
    ['a key written as x + p', HASH, R, S, KEY + STARK_PRIME],
    ['a key written as x - p', HASH, R, S, KEY - STARK_PRIME],
    ['x = 0', HASH, R, S, 0n],
  ])('verification refuses %s, which is the same number in the equation', (_, hash, r, s, key) => {
    expect(scureCurve.verify(HASH, R, S, KEY)).toBe(true);
    expect(scureCurve.verify(hash, r, s, key)).toBe(false);
  });

  test('verification refuses a hash in [2^251, N) although the equation holds', () => {
    const hash = STARK_HASH_BOUND + 5n;
    const nonce = 12345n;
    const r = Point.BASE.multiplyUnsafe(nonce).x;
    const s = Fn.create(Fn.inv(nonce) * (hash + r * SECRET));
    expect(scureCurve.recoverCandidates(hash, r, s)).toEqual([]);
    expect(scureCurve.verify(hash, r, s, KEY)).toBe(false);
  });

  test('verification refuses an r in [2^251, N) although the equation holds', () => {
    let r = STARK_HASH_BOUND;
    while (!scureCurve.isPublicKey(r)) r += 1n;
    expect(r < N).toBe(true);
    const key = lift(r)
      .multiplyUnsafe(Fn.create(S * Fn.inv(r)))
      .subtract(Point.BASE.multiplyUnsafe(Fn.create(HASH * Fn.inv(r)))).x;
    expect(scureCurve.verify(HASH, r, S, key)).toBe(false);
    expect(scureCurve.recoverCandidates(HASH, r, S)).toEqual([]);
  });

  test('verification accepts an s whose inverse is 2^251 or more: only r and the hash are bounded by 2^251', () => {
    const s = Fn.inv(STARK_HASH_BOUND + 7n);
    const nonce = 12345n;
    const r = Point.BASE.multiplyUnsafe(nonce).x;
    const secret = Fn.create((s * nonce - HASH) * Fn.inv(r));
    expect(scureCurve.verify(HASH, r, s, keyOf(secret))).toBe(true);
  });

  test('verification refuses a key that is on no point', () => {
    let offCurve = KEY;
    while (scureCurve.isPublicKey(offCurve)) offCurve += 1n;
    expect(scureCurve.verify(HASH, R, S, offCurve)).toBe(false);
  });

  test('verification refuses, without throwing, when the computed point is at infinity', () => {
    // u1 G = -u2 Q when hash = -r * secret.
    const secret = Fn.create(-Fn.inv(R) * 99n);
    expect(scureCurve.verify(99n, R, S, keyOf(secret))).toBe(false);
  });

  test('verification never throws and never accepts random numbers', () => {
    fc.assert(
      fc.property(anyInteger, anyInteger, anyInteger, fc.oneof(anyInteger, fc.constant(KEY)), (hash, r, s, key) => {
        expect(scureCurve.verify(hash, r, s, key)).toBe(false);
      }),
      { numRuns: 150 },
    );
  });
});

describe('recoverCandidates', () => {
  test('recovery names two keys, the signer among them, and the signature verifies under both', () => {
    const recovered = scureCurve.recoverCandidates(HASH, R, S);
    expect(new Set(recovered).size).toBe(2);
    expect(recovered).toContain(KEY);
    for (const key of recovered) expect(scureCurve.verify(HASH, R, S, key)).toBe(true);
  });

  test('recovery names the same keys for (r, N - s)', () => {
    expect(new Set(scureCurve.recoverCandidates(HASH, R, N - S))).toEqual(
      new Set(scureCurve.recoverCandidates(HASH, R, S)),
    );
  });

  test('recovery names one key once: with hash 0 both solutions are opposite points', () => {
    const { r, s } = signed(0n, SECRET);
    expect(scureCurve.recoverCandidates(0n, r, s)).toEqual([KEY]);
  });

  test('recovery never names the point at infinity', () => {
    const nonce = Fn.create(HASH * Fn.inv(S));
    const r = Point.BASE.multiplyUnsafe(nonce).x;
    // s R = hash G, so that one of the two solutions vanishes.
    const recovered = scureCurve.recoverCandidates(HASH, r, S);
    expect(recovered).toHaveLength(1);
    expect(recovered.every(scureCurve.isPublicKey)).toBe(true);
  });

  test('recovery never throws, and names only keys', () => {
    fc.assert(
      fc.property(anyInteger, anyInteger, anyInteger, (hash, r, s) => {
        expect(scureCurve.recoverCandidates(hash, r, s).every(scureCurve.isPublicKey)).toBe(true);
      }),
      { numRuns: 150 },
    );
  });
});

test('a random private key of the library is one the curve knows', () => {
  const secret = BigInt(`0x${Buffer.from(utils.randomPrivateKey()).toString('hex')}`);
  expect(scureCurve.isPublicKey(keyOf(secret))).toBe(true);
});
