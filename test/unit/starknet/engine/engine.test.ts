import { Point, sign, verify } from '@scure/starknet';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { STARK_PRIME } from '../../../../src/domain/felt.ts';
import { scureCurve } from '../../../../src/starknet/curve.ts';
import { hashElements, STARK_CURVE_ORDER, STARK_HASH_BOUND } from '../../../../src/starknet/pedersen.ts';
import { parseSignaturePair } from '../../../../src/starknet/signature.ts';
import { eachVector } from '../../../support/each-vector.ts';
import { openEngine } from '../../../support/engine-under-test.ts';
import { edgeDigits, edgeScalars, type Signature, signatureWith, xOf } from '../../../support/signatures.ts';

const N = STARK_CURVE_ORDER;
const { Fn } = Point;
const engine = openEngine();
/** Has a table for every key it is asked about. */
const warmed = openEngine();

const hex = (value: bigint): string => value.toString(16).padStart(64, '0');
const sorted = (values: readonly bigint[]): readonly bigint[] => values.toSorted((a, b) => (a < b ? -1 : 1));

/** The verdict, which must be the same with a table and without. */
function verdict({ hash, r, s, publicKey }: Signature): boolean {
  const cold = engine.verify(hash, r, s, publicKey);
  warmed.warm(publicKey);
  expect(warmed.verify(hash, r, s, publicKey)).toBe(cold);
  return cold;
}

const edges = [
  0n,
  1n,
  2n,
  N - 1n,
  N,
  N + 1n,
  STARK_PRIME - 1n,
  STARK_PRIME,
  STARK_HASH_BOUND - 1n,
  STARK_HASH_BOUND,
  STARK_HASH_BOUND + 1n,
];
const felt = fc.bigInt({ min: 0n, max: STARK_PRIME - 1n });
const hashValue = fc.bigInt({ min: 0n, max: STARK_HASH_BOUND - 1n });
const scalar = fc.bigInt({ min: 1n, max: N - 1n });
const anyInteger = fc.oneof(fc.constantFrom(...edges, ...edges.map((edge) => -edge), 1n << 600n), fc.bigInt());

describe('published vectors', () => {
  eachVector('pedersen', ({ kind, inputs, expected }) => {
    const felts = inputs.map(BigInt);
    const [a = 0n, b = 0n] = felts;
    expect(kind === 'pair' ? engine.pedersen(a, b) : hashElements(engine, felts)).toBe(BigInt(expected));
  });

  eachVector('signature_verify', ({ message_hash, signature, public_key, expected }) => {
    const pair = parseSignaturePair(signature);
    expect(pair).toBeDefined();
    if (pair === undefined) return;
    const hash = BigInt(message_hash);
    expect(verdict({ hash, ...pair, publicKey: BigInt(public_key) })).toBe(expected.valid);
    expect(engine.recoverCandidates(hash, pair.r, pair.s).includes(BigInt(public_key))).toBe(expected.valid);
  });

  eachVector('public_key', ({ expected }) => {
    expect(engine.isPublicKey(BigInt(expected))).toBe(true);
  });
});

describe('pedersen', () => {
  test("the engine's Pedersen hash agrees with the reference on all pairs of edge felts", () => {
    const felts = edges.filter((value) => value < STARK_PRIME);
    for (const a of felts) for (const b of felts) expect(engine.pedersen(a, b)).toBe(scureCurve.pedersen(a, b));
  });

  test("the engine's Pedersen hash agrees with the reference where the digits of every window are at their limits", () => {
    for (let shift = 0; shift < 6; shift++) {
      const a = edgeDigits(12, 251, shift);
      const b = edgeDigits(12, 251, shift + 3);
      expect(engine.pedersen(a, b)).toBe(scureCurve.pedersen(a, b));
    }
  });

  test("the engine's Pedersen hash agrees with the reference on every single bit of either input", () => {
    for (let bit = 0n; bit < 252n; bit += 3n) {
      const a = 1n << bit;
      const b = 1n << (bit + 1n < 252n ? bit + 1n : 0n);
      if (a < STARK_PRIME && b < STARK_PRIME) expect(engine.pedersen(a, b)).toBe(scureCurve.pedersen(a, b));
    }
  });

  test("the engine's Pedersen hash agrees with the reference on random felts", () => {
    fc.assert(
      fc.property(felt, felt, (a, b) => {
        expect(engine.pedersen(a, b)).toBe(scureCurve.pedersen(a, b));
      }),
      { numRuns: 40 },
    );
  });

  test.each([
    ['p', STARK_PRIME],
    ['2^252', 1n << 252n],
    ['2^256', 1n << 256n],
    ['a negative number', -1n],
  ])(
    "the engine's Pedersen hash refuses %s in either place with a RangeError, and the next call is answered",
    (_, value) => {
      expect(() => engine.pedersen(value, 0n)).toThrow(RangeError);
      expect(() => engine.pedersen(0n, value)).toThrow(RangeError);
      expect(engine.pedersen(0n, 0n)).toBe(0x49ee3eba8c1600700ee1b87eb599f16716b0b1022947733551fde4050ca6804n);
    },
  );

  test.each([[undefined], [null], ['1'], [1], [1.5], [{}]])(
    "the engine's Pedersen hash refuses %j, which is no bigint, with a RangeError",
    (value) => {
      // @ts-expect-error: what a caller without types may do
      expect(() => engine.pedersen(value, 0n)).toThrow(RangeError);
      // @ts-expect-error: the same
      expect(() => engine.pedersen(0n, value)).toThrow(RangeError);
    },
  );
});

describe('isPublicKey', () => {
  test('the engine knows the same public keys as the reference on edges, small numbers and random felts', () => {
    const small = Array.from({ length: 32 }, (_, i) => BigInt(i));
    for (const x of [...edges, ...small]) expect(engine.isPublicKey(x)).toBe(scureCurve.isPublicKey(x));
    fc.assert(
      fc.property(felt, (x) => {
        expect(engine.isPublicKey(x)).toBe(scureCurve.isPublicKey(x));
      }),
      { numRuns: 20 },
    );
  });

  test('the number of a public key modulo p is no key for the engine, nor is a negative one', () => {
    const key = xOf(5n);
    expect([key, key + STARK_PRIME, key - STARK_PRIME, key + (1n << 256n)].map(engine.isPublicKey)).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });
});

describe('verify', () => {
  test('the engine accepts what @scure/starknet signs, for s and N - s, and refuses it with any number changed', () => {
    fc.assert(
      fc.property(scalar, hashValue, (secret, hash) => {
        const { r, s } = sign(hex(hash), hex(secret));
        const publicKey = xOf(secret);
        expect(verdict({ hash, r, s, publicKey })).toBe(true);
        expect(verdict({ hash, r, s: N - s, publicKey })).toBe(true);
        expect(verdict({ hash: hash ^ 1n, r, s, publicKey })).toBe(false);
        expect(verdict({ hash, r: r ^ 1n, s, publicKey })).toBe(false);
        expect(verdict({ hash, r, s: s ^ 1n, publicKey })).toBe(false);
        expect(verdict({ hash, r, s, publicKey: xOf(secret + 1n) })).toBe(false);
      }),
      { numRuns: 10 },
    );
  });

  test('a key of the engine stands for both of its points: the signature of N - secret is valid too', () => {
    const hash = 12345n;
    const secret = 987654321n;
    const { r, s } = sign(hex(hash), hex(N - secret));
    expect(verdict({ hash, r, s, publicKey: xOf(secret) })).toBe(true);
    const compact = hex(r) + hex(s);
    const oracle = ['02', '03'].map((parity) =>
      verify(compact, hex(hash), parity + hex(xOf(secret)), { format: 'compact' }),
    );
    expect(oracle.toSorted()).toEqual([false, true]);
  });

  test('the engine accepts a signature whose scalars are any two edges, and refuses the next hash', () => {
    let tried = 0;
    for (const [i, u1] of edgeScalars.entries()) {
      const u2 = edgeScalars[(i * 7 + 3) % edgeScalars.length] ?? 1n;
      for (const signature of [signatureWith(u1, u2, 77n), signatureWith(u2, u1, N - 3n)]) {
        if (signature === undefined) continue;
        tried += 1;
        expect(verdict(signature)).toBe(true);
        expect(verdict({ ...signature, hash: signature.hash ^ 1n })).toBe(false);
      }
    }
    expect(tried).toBeGreaterThan(edgeScalars.length);
  });

  test('the engine accepts the keys G, -G and small multiples of G', () => {
    for (const secret of [1n, 2n, 3n, 4n, 5n, 15n, 16n, 17n, 31n, 32n, 33n, 64n, N - 1n, N - 2n]) {
      const signature = signatureWith(1234567890123456789n << 130n, 987654321n << 100n, secret);
      expect(signature).toBeDefined();
      if (signature !== undefined) expect(verdict(signature)).toBe(true);
    }
  });

  test('the engine accepts the reference inverse of s at 2^251 and more', () => {
    const s = Fn.inv(STARK_HASH_BOUND + 7n);
    const r = xOf(12345n);
    const secret = Fn.create((s * 12345n - 99n) * Fn.inv(r));
    expect(verdict({ hash: 99n, r, s, publicKey: xOf(secret) })).toBe(true);
  });

  // Found by a beam search over the low bits of s for those that shorten N and s least: 607 to 613 divsteps, so 21 or 22 rounds of 29,
  // where random numbers take 18 or 19.
  test.each([
    [0xdaf239b5c0f835363fc97f3e87af698f9d5250512cfd4a3583187a6f898983n],
    [0x3cbbb910691a723e0a32b85a05045010559f8860bb0ff00a5d9913d446b5bc3n],
    [0x4fff19a3b2e943958107f085459d78834754c259126ba1646d1bb1461db5bc3n],
    [0x6853fbb2721ab3c523f977ce8ddc5870c2bcd632e50f62a8399da19446b5bc3n],
  ])('the engine accepts s = %d, which takes uncommonly many steps to invert', (s) => {
    const r = xOf(12345n);
    const secret = Fn.create((s * 12345n - 99n) * Fn.inv(r));
    expect(verdict({ hash: 99n, r, s, publicKey: xOf(secret) })).toBe(true);
  });

  const valid = signatureWith(Fn.inv(3n), Fn.inv(5n), 4711n);
  test('the signature that is altered for the engine to refuse is valid itself', () => {
    expect(valid !== undefined && verdict(valid)).toBe(true);
  });
  const { hash, r, s, publicKey } = valid ?? { hash: 0n, r: 0n, s: 0n, publicKey: 0n };
  test.each([
    ['s + N', hash, r, s + N, publicKey],
    ['s - N', hash, r, s - N, publicKey],
    ['s + 31 N - 2^256, which is s modulo N in 256 bits', hash, r, s + 31n * N - (1n << 256n), publicKey],
    ['s = 0', hash, r, 0n, publicKey],
    ['s = N', hash, r, N, publicKey],
    ['hash + N', hash + N, r, s, publicKey],
    ['hash - N', hash - N, r, s, publicKey],
    ['hash + 31 N - 2^256, which is the hash modulo N in 256 bits', hash + 31n * N - (1n << 256n), r, s, publicKey],
    ['hash + 2^256', hash + (1n << 256n), r, s, publicKey],
    ['r = 0', hash, 0n, s, publicKey],
    ['r + p', hash, r + STARK_PRIME, s, publicKey],
    ['r + N', hash, r + N, s, publicKey],
    ['-r', hash, -r, s, publicKey],
    ['a key written as x + p', hash, r, s, publicKey + STARK_PRIME],
    ['a key written as x - p', hash, r, s, publicKey - STARK_PRIME],
    ['a key written as x + 2^256', hash, r, s, publicKey + (1n << 256n)],
    ['x = 0', hash, r, s, 0n],
    ['x = 5, which is on no point', hash, r, s, 5n],
  ])('the engine refuses %s, and without asking the fallback', (_, hash, r, s, publicKey) => {
    const before = engine.stats().fallbacks;
    expect(verdict({ hash, r, s, publicKey })).toBe(false);
    expect(engine.stats().fallbacks).toBe(before);
  });

  test('the engine refuses a hash in [2^251, N) although the equation holds', () => {
    const hash = STARK_HASH_BOUND + 5n;
    const r = xOf(12345n);
    const s = Fn.create(Fn.inv(12345n) * (hash + r * 4711n));
    expect(verdict({ hash, r, s, publicKey: xOf(4711n) })).toBe(false);
    expect(engine.recoverCandidates(hash, r, s)).toEqual([]);
  });

  test('the engine refuses an r in [2^251, p) although the equation holds', () => {
    let r = STARK_HASH_BOUND;
    while (!scureCurve.isPublicKey(r)) r += 1n;
    const point = Point.fromAffine({ x: r, y: Point.Fp.sqrt(Point.Fp.create(r ** 3n + r + Point.CURVE().b)) });
    const key = point.multiplyUnsafe(Fn.inv(r)).subtract(Point.BASE.multiplyUnsafe(Fn.inv(r))).x;
    expect(verdict({ hash: 1n, r, s: 1n, publicKey: key })).toBe(false);
    expect(engine.recoverCandidates(1n, r, 1n)).toEqual([]);
  });

  test('the engine never throws and never accepts random numbers, and agrees with the reference', () => {
    fc.assert(
      fc.property(anyInteger, anyInteger, anyInteger, fc.oneof(anyInteger, fc.constant(publicKey)), (h, r, s, key) => {
        expect(engine.verify(h, r, s, key)).toBe(false);
      }),
      { numRuns: 150 },
    );
    for (const h of [0n, 1n, STARK_HASH_BOUND - 1n]) {
      for (const s of [1n, N - 1n]) {
        expect(engine.verify(h, r, s, publicKey)).toBe(scureCurve.verify(h, r, s, publicKey));
      }
    }
  });

  test.each([[undefined], [null], ['1'], [1], [{}]])('the engine answers false to %j, which is no bigint', (value) => {
    // @ts-expect-error: what a caller without types may do
    expect(engine.verify(value, r, s, publicKey)).toBe(false);
    // @ts-expect-error: the same
    expect(engine.verify(hash, value, s, publicKey)).toBe(false);
    // @ts-expect-error: the same
    expect(engine.verify(hash, r, value, publicKey)).toBe(false);
    // @ts-expect-error: the same
    expect(engine.verify(hash, r, s, value)).toBe(false);
    // @ts-expect-error: the same
    expect(engine.recoverCandidates(hash, r, value)).toEqual([]);
    // @ts-expect-error: the same
    expect(engine.isPublicKey(value)).toBe(false);
    expect(engine.verify(hash, r, s, publicKey)).toBe(true);
  });
});

describe('recoverCandidates', () => {
  test('the engine recovers the same keys as the reference, and the signature verifies under each', () => {
    fc.assert(
      fc.property(hashValue, scalar, scalar, (hash, nonce, s) => {
        const r = xOf(nonce);
        const keys = engine.recoverCandidates(hash, r, s);
        expect(sorted(keys)).toEqual(sorted(scureCurve.recoverCandidates(hash, r, s)));
        for (const publicKey of keys) expect(verdict({ hash, r, s, publicKey })).toBe(true);
      }),
      { numRuns: 12 },
    );
  });

  test('the engine recovers no key for an r that is on no point, and without asking the fallback', () => {
    const before = engine.stats().fallbacks;
    const small = Array.from({ length: 12 }, (_, i) => BigInt(i + 1));
    const offCurve = [...small, ...small.map((x) => STARK_HASH_BOUND - x)].filter((x) => !scureCurve.isPublicKey(x));
    expect(offCurve).toContain(5n);
    for (const r of offCurve) expect(engine.recoverCandidates(1n, r, 1n)).toEqual([]);
    expect(engine.stats().fallbacks).toBe(before);
  });

  test('the recovery of the engine agrees with the reference on edges, and never throws', () => {
    const g = xOf(1n);
    for (const s of [1n, 2n, N - 1n]) {
      for (const hash of [0n, 1n, g, STARK_HASH_BOUND - 1n]) {
        expect(sorted(engine.recoverCandidates(hash, g, s))).toEqual(sorted(scureCurve.recoverCandidates(hash, g, s)));
      }
    }
    fc.assert(
      fc.property(anyInteger, anyInteger, anyInteger, (hash, r, s) => {
        expect(engine.recoverCandidates(hash, r, s).every(engine.isPublicKey)).toBe(true);
      }),
      { numRuns: 150 },
    );
  });
});
