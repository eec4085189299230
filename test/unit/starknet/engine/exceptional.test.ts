// Points that the kernel's additions cannot add: every such case must be answered by the reference, and counted.
import { Point, sign } from '@scure/starknet';
import { describe, expect, test } from 'vitest';
import { scureCurve } from '../../../../src/starknet/curve.ts';
import { EXCEPTIONAL, openKernel } from '../../../../src/starknet/engine/kernel.ts';
import { STARK_CURVE_ORDER, type StarkCurve } from '../../../../src/starknet/pedersen.ts';
import { openEngine, wasm } from './engine-under-test.ts';
import { collision, type Signature, signatureWith, xOf } from './signatures.ts';

const N = STARK_CURVE_ORDER;
const { Fn } = Point;
const R = xOf(31337n);
const S = 0x1234567890abcdefn << 150n;

const cold = openEngine();
const warmed = openEngine();

/** The verdict without a table and with one; both must have asked the fallback exactly once. */
function fallenBackOn({ hash, r, s, publicKey }: Signature): boolean {
  const before = [cold.stats().fallbacks, warmed.stats().fallbacks];
  expect(warmed.warm(publicKey)).toBe(true);
  const verdict = cold.verify(hash, r, s, publicKey);
  expect(warmed.verify(hash, r, s, publicKey)).toBe(verdict);
  expect([cold.stats().fallbacks, warmed.stats().fallbacks]).toEqual(before.map((count) => count + 1));
  expect(verdict).toBe(scureCurve.verify(hash, r, s, publicKey));
  return verdict;
}

describe('u1 G = u2 Q or its opposite, where ZZ = 0 would make any r pass', () => {
  const secrets = {
    G: 1n,
    '-G': N - 1n,
    '2 G': 2n,
    '3 G': 3n,
    '-2 G': N - 2n,
    'any other key': 0xabcdef0123456789n << 180n,
  };
  for (const [name, secret] of Object.entries(secrets)) {
    for (const sign of [1n, -1n] as const) {
      test(`is no forgery under ${name} with sign ${sign}`, () => {
        const forged = collision(R, S, secret, sign);
        expect(forged).toBeDefined();
        if (forged !== undefined) expect(fallenBackOn(forged)).toBe(false);
      });
    }
  }

  test('is accepted when r really is the x of the doubled point', () => {
    const secret = 9n;
    let u2 = 1000n;
    let signature = signatureWith(Fn.create(u2 * secret), u2, secret);
    while (signature === undefined) {
      u2 += 1n;
      signature = signatureWith(Fn.create(u2 * secret), u2, secret);
    }
    expect(fallenBackOn(signature)).toBe(true);
  });
});

describe('infinity', () => {
  test('hash 0 (u1 = 0) is accepted exactly when signed', () => {
    const secret = 4242n;
    const { r, s } = sign('0'.repeat(64), secret.toString(16).padStart(64, '0'));
    expect(fallenBackOn({ hash: 0n, r, s, publicKey: xOf(secret) })).toBe(true);
    expect(fallenBackOn({ hash: 0n, r: R, s: S, publicKey: xOf(secret) })).toBe(false);
  });

  test('R at infinity (u1 G = -u2 Q) is refused', () => {
    const secret = Fn.create(-99n * Fn.inv(R));
    expect(fallenBackOn({ hash: 99n, r: R, s: S, publicKey: xOf(secret) })).toBe(false);
  });

  test('the key at infinity is never recovered', () => {
    // s R = hash G, so that one of the two keys vanishes.
    const engine = openEngine();
    const hash = 777n;
    const r = xOf(Fn.create(hash * Fn.inv(S)));
    const keys = engine.recoverCandidates(hash, r, S);
    expect(keys).toEqual(scureCurve.recoverCandidates(hash, r, S));
    expect(keys).toHaveLength(1);
    expect(engine.stats().fallbacks).toBe(1);
  });

  test('with hash 0 one key is recovered, once', () => {
    const engine = openEngine();
    expect(engine.recoverCandidates(0n, R, S)).toEqual(scureCurve.recoverCandidates(0n, R, S));
    expect(engine.recoverCandidates(0n, R, S)).toHaveLength(1);
    expect(engine.stats().fallbacks).toBe(2);
  });
});

test('the kernel itself says exceptional, not valid or invalid', () => {
  const kernel = openKernel(wasm);
  const table = kernel.keyTable(0);
  expect(table).toBeDefined();
  if (table === undefined) return;
  const forged = collision(R, S, 1n, 1n);
  expect(forged).toBeDefined();
  if (forged === undefined) return;
  const { hash, r, s, publicKey } = forged;
  expect(kernel.verifyByKey(hash, r, s, publicKey)).toBe(EXCEPTIONAL);
  expect(kernel.buildKeyTable(table, publicKey)).toBe(true);
  expect(kernel.verifyByTable(hash, r, s, table)).toBe(EXCEPTIONAL);
  expect(kernel.verifyByTable(0n, r, s, table)).toBe(EXCEPTIONAL);
  expect(kernel.recover(0n, r, s)).toBe(EXCEPTIONAL);
});

test('the fallback decides: its answers come back as they are', () => {
  const fallback: StarkCurve = { ...scureCurve, verify: () => true, recoverCandidates: () => [42n] };
  const engine = openEngine({ fallback });
  expect(engine.verify(0n, R, S, xOf(7n))).toBe(true);
  expect(engine.recoverCandidates(0n, R, S)).toEqual([42n]);
});

test('ordinary inputs never need the fallback', () => {
  const engine = openEngine({
    fallback: {
      pedersen: () => expect.unreachable(),
      verify: () => expect.unreachable(),
      recoverCandidates: () => expect.unreachable(),
      isPublicKey: () => expect.unreachable(),
    },
  });
  const signature = signatureWith(123n << 100n, 321n << 90n, 5n << 200n);
  expect(signature).toBeDefined();
  if (signature === undefined) return;
  const { hash, r, s, publicKey } = signature;
  expect(engine.verify(hash, r, s, publicKey)).toBe(true);
  expect(engine.verify(hash ^ 2n, r, s, publicKey)).toBe(false);
  expect(engine.recoverCandidates(hash, r, s)).toContain(publicKey);
  // hash = r is what a collision with the key G needs: another key's is an ordinary one.
  expect(engine.verify(r, r, s, publicKey)).toBe(false);
  expect(engine.pedersen(0n, 0n)).toBe(scureCurve.pedersen(0n, 0n));
  expect(engine.stats().fallbacks).toBe(0);
});
