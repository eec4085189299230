// Points that the kernel's additions cannot add. Whoever owns a key, or picks a nonce, can make such cases at will, so none of them may
// reach the slow fallback; and ZZ = 0, where r ZZ = X holds for every r, must never be believed.
import { Point, sign } from '@scure/starknet';
import { describe, expect, test } from 'vitest';
import { STARK_PRIME } from '../../../../src/domain/felt.ts';
import { scureCurve } from '../../../../src/starknet/curve.ts';
import type { StarkEngine, StarkEngineOptions } from '../../../../src/starknet/engine/engine.ts';
import { EXCEPTIONAL, type Kernel, openKernel } from '../../../../src/starknet/engine/kernel.ts';
import { STARK_CURVE_ORDER, STARK_HASH_BOUND, type StarkCurve } from '../../../../src/starknet/pedersen.ts';
import { openEngine, wasm } from '../../../support/engine-under-test.ts';
import { collision, type Signature, signatureWith, xOf } from '../../../support/signatures.ts';

const N = STARK_CURVE_ORDER;
const { Fn } = Point;
const R = xOf(31337n);
const S = 0x1234567890abcdefn << 150n;

const cold = openEngine();
const warmed = openEngine();

/** A valid signature, for its neighbours in a batch. */
const ordinary = signatureWith(12345n << 200n, 54321n << 200n, 99n);
if (ordinary === undefined) throw new Error('the fixture is out of range');

/** The verdict, without a table, with one, and in a batch. It must be the reference's, and the fallback must not have been asked. */
function verdict(signature: Signature): boolean {
  const { hash, r, s, publicKey } = signature;
  expect(warmed.warm(publicKey) && warmed.warm(ordinary?.publicKey ?? 0n)).toBe(true);
  const valid = cold.verify(hash, r, s, publicKey);
  expect(warmed.verify(hash, r, s, publicKey)).toBe(valid);
  const neighbour = ordinary ?? signature;
  expect(warmed.verifyBatch([neighbour, signature, neighbour])).toEqual([true, valid, true]);
  expect([cold.stats().fallbacks, warmed.stats().fallbacks]).toEqual([0, 0]);
  expect(valid).toBe(scureCurve.verify(hash, r, s, publicKey));
  return valid;
}

function recovered(engine: StarkEngine, hash: bigint, r: bigint, s: bigint): readonly bigint[] {
  const keys = engine.recoverCandidates(hash, r, s);
  expect(engine.stats().fallbacks).toBe(0);
  expect(keys).toEqual(scureCurve.recoverCandidates(hash, r, s));
  for (const publicKey of keys) expect(engine.verify(hash, r, s, publicKey)).toBe(true);
  return keys;
}

describe('u1 G = u2 Q or its opposite, which the owner of a key makes by r = +-hash / d', () => {
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
      test(`u1 G = +-u2 Q, which the owner of a key makes by r = +-hash / d, is no forgery under ${name} with sign ${sign}`, () => {
        const forged = collision(R, S, secret, sign);
        expect(forged).toBeDefined();
        if (forged !== undefined) expect(verdict(forged)).toBe(false);
      });
    }
  }

  // s R = 2 u1 G, and the key is such that u2 Q is the same point as u1 G, or its opposite.
  test.each<[1n | -1n]>([[1n], [-1n]])(
    'u1 G = +-u2 Q is accepted when r really is the x of the doubled point, sign %d',
    (sign) => {
      const secret = 9n;
      let u2 = 1000n;
      let signature: Signature | undefined;
      while (signature === undefined) {
        u2 += 1n;
        const u1 = Fn.create(sign * u2 * secret);
        const r = xOf(2n * u1);
        const s = Fn.create(r * Fn.inv(u2));
        const hash = Fn.create(u1 * s);
        if (r < STARK_HASH_BOUND && hash < STARK_HASH_BOUND) signature = { hash, r, s, publicKey: xOf(secret) };
      }
      expect(verdict(signature)).toBe(true);
      // x(A) itself is not x(2 A).
      const other = collision(xOf(1001n * secret), signature.s, secret, sign);
      if (other !== undefined) expect(verdict(other)).toBe(false);
    },
  );

  test('a signature whose R is at infinity (u1 G = -u2 Q) is refused', () => {
    const secret = Fn.create(-99n * Fn.inv(R));
    expect(verdict({ hash: 99n, r: R, s: S, publicKey: xOf(secret) })).toBe(false);
  });
});

test('a signature of hash 0 (u1 = 0) is accepted exactly when signed', () => {
  const secret = 4242n;
  const { r, s } = sign('0'.repeat(64), secret.toString(16).padStart(64, '0'));
  const publicKey = xOf(secret);
  expect(verdict({ hash: 0n, r, s, publicKey })).toBe(true);
  expect(verdict({ hash: 0n, r, s: N - s, publicKey })).toBe(true);
  expect(verdict({ hash: 0n, r: R, s: S, publicKey })).toBe(false);
  expect(verdict({ hash: 0n, r, s, publicKey: xOf(4243n) })).toBe(false);
});

describe('an x that is on no point', () => {
  const small = Array.from({ length: 40 }, (_, i) => BigInt(i)).filter((x) => !scureCurve.isPublicKey(x));
  // As large as an r may be.
  const large = Array.from({ length: 20 }, (_, i) => STARK_HASH_BOUND - 1n - BigInt(i)).filter(
    (x) => !scureCurve.isPublicKey(x),
  );
  const offCurve = [...small.filter((x) => x > 0n), ...large];

  // With hash = 0 and r = s the sum to compare r with is the key itself: without the curve check this is a forgery by anyone.
  test('an x that is on no point is no key under which it signs 0, with s = r = x', () => {
    expect(offCurve.length).toBeGreaterThan(20);
    for (const x of offCurve) {
      const forged = { hash: 0n, r: x, s: x, publicKey: x };
      expect(cold.verify(0n, x, x, x)).toBe(false);
      expect(warmed.warm(x)).toBe(false);
      expect(warmed.warm(ordinary.publicKey)).toBe(true);
      expect(warmed.verify(0n, x, x, x)).toBe(false);
      expect(warmed.verifyBatch([ordinary, forged, forged, ordinary])).toEqual([true, false, false, true]);
    }
    expect([cold.stats().fallbacks, warmed.stats().fallbacks]).toEqual([0, 0]);
  });

  test('an x that is on no point gets no table from the kernel', () => {
    const kernel = openKernel(wasm);
    const place = kernel.keyTable(0);
    expect(place).toBeDefined();
    if (place === undefined) return;
    for (const x of [0n, ...offCurve, STARK_PRIME - 1n].filter((x) => !scureCurve.isPublicKey(x))) {
      expect(kernel.buildKeyTable(place, x)).toBe(false);
    }
    expect(kernel.buildKeyTable(place, ordinary.publicKey)).toBe(true);
  });
});

describe('recovery', () => {
  // Anyone picks k, and sends r = x(k G), s = +-hash / k.
  test.each([
    [1n, 777n],
    [-1n, 777n],
    [1n, STARK_HASH_BOUND - 1n],
  ])('recovery in the engine never names the key at infinity (s R = hash G, sign %d)', (sign, hash) => {
    const nonce = 0x1234567n << 200n;
    const keys = recovered(openEngine(), hash, xOf(nonce), Fn.create(sign * hash * Fn.inv(nonce)));
    expect(keys).toHaveLength(1);
  });

  test('recovery in the engine names one key once for hash 0', () => {
    expect(recovered(openEngine(), 0n, R, S)).toHaveLength(1);
    // Q = (s / r) R, and s = r.
    expect(recovered(openEngine(), 0n, xOf(1n), xOf(1n))).toEqual([xOf(1n)]);
  });
});

test('a sum at infinity has no hash: two kept points that were never written are exceptional, alone and in a batch', () => {
  const kernel = openKernel(wasm);
  const [state, element] = [kernel.keptPoint(5), kernel.keptPoint(6)];
  if (state === undefined || element === undefined) throw new Error('the kernel has no such places');
  const nowhere = { state, elements: [element] };
  const somewhere = { state: 1n, elements: [2n] };
  expect(kernel.hashChain(nowhere)).toBe(EXCEPTIONAL);
  expect(kernel.hashChain({ state, elements: [element, 1n] })).toBe(EXCEPTIONAL);
  expect(kernel.hashChains([nowhere])).toBe(EXCEPTIONAL);
  expect(kernel.hashChains([nowhere, somewhere])).toBe(EXCEPTIONAL);
  expect(kernel.hashChains([somewhere, nowhere])).toBe(EXCEPTIONAL);
  expect(kernel.hashChain(somewhere)).toBe(scureCurve.pedersen(1n, 2n));
  expect(kernel.hashChains([somewhere])).toEqual([scureCurve.pedersen(1n, 2n)]);
});

test('ZZ = 0 is exceptional, not valid or invalid: a table that was never built accepts nothing', () => {
  const kernel = openKernel(wasm);
  const table = kernel.keyTable(3);
  expect(table).toBeDefined();
  if (table === undefined) return;
  const check = { hash: 12345n << 100n, r: R, s: S, table };
  expect(kernel.verifyByTable(check)).toBe(EXCEPTIONAL);
  expect(kernel.verifyByTable({ ...check, hash: 0n })).toBe(EXCEPTIONAL);
  // All points of such a table are equal, so their sums cannot share an inversion.
  expect(kernel.verifyByTables([check, check])).toBe(EXCEPTIONAL);
});

describe('what the kernel cannot decide', () => {
  const exceptional: Partial<Kernel> = {
    hashChain: () => EXCEPTIONAL,
    hashChains: () => EXCEPTIONAL,
    verifyByKey: () => EXCEPTIONAL,
    verifyByTable: () => EXCEPTIONAL,
    verifyByTables: () => EXCEPTIONAL,
    recover: () => EXCEPTIONAL,
  };

  /** An engine whose kernel passes the self-test and then answers otherwise. */
  function over(answers: (kernel: Kernel) => Partial<Kernel>, options: Partial<StarkEngineOptions> = {}): StarkEngine {
    let opened: Kernel | undefined;
    const engine = openEngine({
      ...options,
      open: (bytes) => {
        opened = { ...openKernel(bytes) };
        return opened;
      },
    });
    if (opened !== undefined) Object.assign(opened, answers({ ...opened }));
    return engine;
  }
  const { hash, r, s, publicKey } = ordinary;

  test('an input that the kernel cannot decide is asked of the fallback, whose answers come back as they are, and counted', () => {
    const fallback: StarkCurve = {
      ...scureCurve,
      pedersen: () => 41n,
      verify: () => true,
      recoverCandidates: () => [42n],
    };
    const engine = over(() => exceptional, { fallback });
    expect(engine.pedersen(1n, 2n)).toBe(41n);
    expect(engine.hashChain(1n, [2n])).toBe(41n);
    expect(engine.verify(0n, R, S, publicKey)).toBe(true);
    engine.warm(publicKey);
    expect(engine.verify(1n, R, S, publicKey)).toBe(true);
    expect(engine.recoverCandidates(0n, R, S)).toEqual([42n]);
    expect(engine.stats().fallbacks).toBe(5);
  });

  test('inputs of a batch that the kernel cannot decide are asked of the fallback for each item', () => {
    const engine = over(() => exceptional);
    engine.warm(publicKey);
    const bad = { hash: hash ^ 1n, r, s, publicKey };
    expect(engine.verifyBatch([ordinary, bad, ordinary])).toEqual([true, false, true]);
    expect(engine.hashChains([{ state: 1n, elements: [2n] }])).toEqual([scureCurve.pedersen(1n, 2n)]);
    expect(engine.stats().fallbacks).toBe(4);
  });

  test('an input that the kernel cannot decide among many is asked of it one by one', () => {
    const engine = over(() => ({ hashChains: () => EXCEPTIONAL, verifyByTables: () => EXCEPTIONAL }));
    engine.warm(publicKey);
    expect(engine.verifyBatch([{ ...ordinary, hash: hash ^ 1n }, ordinary])).toEqual([false, true]);
    expect(engine.hashChains([{ state: 1n, elements: [2n] }])).toEqual([engine.pedersen(1n, 2n)]);
    expect(engine.stats()).toMatchObject({ fallbacks: 0, tableHits: 2 });
  });

  test('one item of a batch that the kernel cannot decide is asked of the fallback alone', () => {
    const engine = over((kernel) => ({
      verifyByTable: () => EXCEPTIONAL,
      verifyByTables: (checks) => {
        const verdicts = kernel.verifyByTables(checks);
        return verdicts === EXCEPTIONAL ? verdicts : verdicts.map((verdict, i) => (i === 1 ? EXCEPTIONAL : verdict));
      },
    }));
    engine.warm(publicKey);
    expect(engine.verifyBatch([ordinary, ordinary, { ...ordinary, hash: 1n }])).toEqual([true, true, false]);
    expect(engine.stats()).toMatchObject({ fallbacks: 1, tableHits: 3 });
  });
});

test('ordinary inputs of the engine never need the fallback', () => {
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
