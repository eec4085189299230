// Chains of hashes and batches: each answer must be the one that the item gets alone, whatever is cached and whatever its neighbours are.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { STARK_PRIME } from '../../../../src/domain/felt.ts';
import { scureCurve } from '../../../../src/starknet/curve.ts';
import {
  type PedersenChain,
  type SignatureCheck,
  STARK_CURVE_ORDER,
  STARK_HASH_BOUND,
} from '../../../../src/starknet/pedersen.ts';
import { openEngine } from '../../../support/engine-under-test.ts';
import { collision, edgeDigits, signatureWith, xOf } from '../../../support/signatures.ts';

const engine = openEngine();

/** Without any cache, as hash by hash has none. */
const oneByOne = ({ state, elements }: PedersenChain): bigint =>
  elements.reduce((hash, element) => engine.pedersen(hash, element), state);

const felt = fc.oneof(
  fc.bigInt({ min: 0n, max: STARK_PRIME - 1n }),
  fc.bigInt({ min: 0n, max: 1n << 70n }),
  fc.constantFrom(0n, 1n, 1n << 47n, 1n << 48n, (1n << 64n) - 1n, 1n << 64n, 1n << 247n, (1n << 248n) - 1n, 1n << 248n),
  fc.constantFrom(STARK_HASH_BOUND - 1n, STARK_HASH_BOUND, STARK_PRIME - 1n),
);

describe('hashChain', () => {
  test('a hash chain in the engine is the reference hash of the hash of the hash', () => {
    const elements = [1n, 0n, 0x4554482d5553442d50455250n, STARK_PRIME - 1n, 1n << 63n];
    expect(engine.hashChain(5n, elements)).toBe(scureCurve.hashChain(5n, elements));
  });

  test('a hash chain in the engine agrees with hash by hash however often a number was seen before', () => {
    fc.assert(
      fc.property(felt, fc.array(felt, { maxLength: 5 }), (state, elements) => {
        const expected = oneByOne({ state, elements });
        for (let i = 0; i < 5; i++) expect(engine.hashChain(state, elements)).toBe(expected);
      }),
      { numRuns: 60 },
    );
  });

  test('a hash chain in the engine agrees where the digits of every window are at their limits', () => {
    for (const width of [12, 13]) {
      for (let shift = 0; shift < 6; shift++) {
        const chain = { state: edgeDigits(width, 251, shift), elements: [edgeDigits(12, 248, shift), 3n] };
        const expected = scureCurve.hashChain(chain.state, chain.elements);
        for (let i = 0; i < 4; i++) expect(engine.hashChain(chain.state, chain.elements)).toBe(expected);
      }
    }
  });

  test.each([[0], [1], [14], [15], [16], [31]])('a hash chain in the engine takes %i elements', (length) => {
    const elements = Array.from({ length }, (_, i) => BigInt(i * i));
    expect(engine.hashChain(9n, elements)).toBe(oneByOne({ state: 9n, elements }));
  });

  test.each([[STARK_PRIME], [-1n], [1n << 256n], [(1n << 64n) << 192n]])(
    'a hash chain refuses %d with a RangeError in every place, in the engine and in the reference',
    (value) => {
      for (const curve of [engine, scureCurve]) {
        expect(() => curve.hashChain(value, [])).toThrow(RangeError);
        expect(() => curve.hashChain(value, [1n])).toThrow(RangeError);
        expect(() => curve.hashChain(1n, [value])).toThrow(RangeError);
        expect(() => curve.hashChain(1n, [2n, value])).toThrow(RangeError);
      }
      expect(engine.hashChain(0n, [0n])).toBe(engine.pedersen(0n, 0n));
    },
  );

  test.each([[undefined], [null], ['1'], [1]])(
    'a hash chain in the engine refuses %j, which is no bigint, with a RangeError',
    (value) => {
      // @ts-expect-error: what a caller without types may do
      expect(() => engine.hashChain(1n, [value])).toThrow(RangeError);
      // @ts-expect-error: the same
      expect(() => engine.hashChain(value, [1n])).toThrow(RangeError);
    },
  );
});

describe('hashChains', () => {
  const chains: readonly PedersenChain[] = Array.from({ length: 16 }, (_, i) => ({
    state: engine.pedersen(BigInt(i), 3n),
    elements: [BigInt(i), 7n, ...Array.from({ length: i % 5 }, (_, j) => engine.pedersen(BigInt(j), BigInt(i)))],
  }));
  const hashes = chains.map(oneByOne);

  test('many hash chains at once have each their own hash, whatever their lengths, again and again', () => {
    for (let i = 0; i < 4; i++) expect(engine.hashChains(chains)).toEqual(hashes);
    expect(engine.stats().fallbacks).toBe(0);
  });

  test('a chain without a hash, at each of 16 places, is undefined, and the others are not touched', () => {
    const bad: readonly PedersenChain[] = [
      { state: STARK_PRIME, elements: [1n] },
      { state: 1n, elements: [1n, -1n] },
    ];
    for (const wrong of bad) {
      for (let at = 0; at < 16; at++) {
        expect(engine.hashChains(chains.with(at, wrong))).toEqual(
          [...hashes].map((hash, i) => (i === at ? undefined : hash)),
        );
      }
    }
  });

  test('hash chains at once may be any number, of any number of elements', () => {
    expect(engine.hashChains([])).toEqual([]);
    expect(engine.hashChains([...chains, ...chains, ...chains.slice(0, 5)])).toEqual([
      ...hashes,
      ...hashes,
      ...hashes.slice(0, 5),
    ]);
    const ofLength = (length: number) => ({ state: 4n, elements: Array.from({ length }, (_, i) => BigInt(i)) });
    const some = [33, 15, 16, 0, 14].map(ofLength);
    expect(engine.hashChains([...some, ...chains.slice(0, 2)])).toEqual([...some.map(oneByOne), ...hashes.slice(0, 2)]);
  });

  test('a list of digits of any length and sign is summed up', () => {
    // In windows of 13 bits: some digits are 0 and so not in the list, and the highest one is negative. The element 0 adds nothing.
    const digits = (zeros: number) => {
      let state = 0x1fffn << 234n;
      for (let i = zeros; i < 18; i++) state |= BigInt(i + 1) << BigInt(13 * i);
      return state;
    };
    const some = Array.from({ length: 19 }, (_, zeros) => ({ state: digits(zeros), elements: [0n] }));
    expect(engine.hashChains(some)).toEqual(some.map(oneByOne));
    expect(engine.pedersen(digits(1), 0n)).toBe(scureCurve.pedersen(digits(1), 0n));
  });

  test('many hash chains at once agree with hash by hash', () => {
    const chain = fc.record({ state: felt, elements: fc.array(felt, { maxLength: 4 }) });
    fc.assert(
      fc.property(fc.array(chain, { maxLength: 18 }), (some) => {
        expect(engine.hashChains(some)).toEqual(some.map(oneByOne));
      }),
      { numRuns: 25 },
    );
  });
});

describe('verifyBatch', () => {
  const signatures: readonly SignatureCheck[] = Array.from({ length: 40 }, (_, i) =>
    signatureWith((BigInt(i) << 240n) + 5n, (BigInt(i) << 100n) + 7n, BigInt(i + 3) << 190n),
  )
    .filter((signature) => signature !== undefined)
    .slice(0, 16);
  const [first] = signatures;
  if (signatures.length !== 16 || first === undefined) throw new Error('too few fixtures are in range');
  const warmed = openEngine({ tableBytes: 2 ** 22 });
  for (const { publicKey } of signatures) warmed.warm(publicKey);

  const forged = collision(xOf(31337n), 5n << 200n, 3n << 190n, 1n);
  if (forged === undefined) throw new Error('the fixture is out of range');
  const bad: Readonly<Record<string, SignatureCheck>> = {
    'another hash': { ...first, hash: first.hash ^ 1n },
    'another r': { ...first, r: first.r ^ 1n },
    'another s': { ...first, s: first.s ^ 1n },
    'another key': { ...first, publicKey: signatures[1]?.publicKey ?? 0n },
    'a number that is no key': { ...first, publicKey: 5n },
    's = 0, which has no inverse': { ...first, s: 0n },
    's = N': { ...first, s: STARK_CURVE_ORDER },
    'a hash of 0': { ...first, hash: 0n },
    'a hash out of range': { ...first, hash: -1n },
    'equal points': forged,
  };

  test('a batch of 16 valid signatures is accepted, and needs neither the fallback nor one by one', () => {
    const before = warmed.stats();
    expect(warmed.verifyBatch(signatures)).toEqual(signatures.map(() => true));
    expect(warmed.stats()).toMatchObject({ fallbacks: 0, tableMisses: 0, tableHits: before.tableHits + 16 });
  });

  test.each(Object.entries(bad))('a batch refuses %s at each of 16 places, and nothing else', (_, wrong) => {
    expect(warmed.verify(wrong.hash, wrong.r, wrong.s, wrong.publicKey)).toBe(false);
    for (let at = 0; at < 16; at++) {
      expect(warmed.verifyBatch(signatures.with(at, wrong))).toEqual(signatures.map((_, i) => i !== at));
    }
    expect(warmed.stats().fallbacks).toBe(0);
  });

  test('a batch gives each signature its verdict alone when all but one are bad', () => {
    for (const wrong of Object.values(bad)) {
      for (let at = 0; at < 16; at += 5) {
        const batch = signatures.map((signature, i) => (i === at ? signature : wrong));
        expect(warmed.verifyBatch(batch)).toEqual(batch.map((_, i) => i === at));
      }
    }
  });

  test('a batch takes any number of signatures, by keys with and without a table', () => {
    const mixed = openEngine({ tableBytes: 2 ** 22 });
    for (const [i, { publicKey }] of signatures.entries()) if (i % 3 === 0) mixed.warm(publicKey);
    const all = [...Object.values(bad), ...signatures, ...signatures, ...signatures.slice(0, 7)];
    expect(mixed.verifyBatch(all)).toEqual(all.map((_, i) => i >= Object.keys(bad).length));
    expect(mixed.verifyBatch([])).toEqual([]);
    expect(engine.verifyBatch(signatures.slice(0, 2))).toEqual([true, true]);
  });

  test('a batch with every place for a kept point taken leaves tables, square roots and the points themselves as they were', () => {
    const full = openEngine({ tableBytes: 2 ** 22 });
    for (const { publicKey } of signatures) full.warm(publicKey);
    const { hash, r, s } = first;
    const recovered = full.recoverCandidates(hash, r, s);
    const states = Array.from({ length: 4096 }, (_, i) => ({ state: BigInt(i) << 200n, elements: [3n] }));
    const elements = Array.from({ length: 512 }, (_, i) => ({ state: 0n, elements: [(1n << 60n) + BigInt(i)] }));
    const chains = [...states, ...elements];
    const hashes = full.hashChains(chains);
    for (let i = 0; i < 3; i++) full.hashChains(chains);
    expect(full.recoverCandidates(hash, r, s)).toEqual(recovered);
    expect(full.verifyBatch(signatures)).toEqual(signatures.map(() => true));
    expect(full.stats()).toMatchObject({ fallbacks: 0, tableMisses: 0 });
    // toEqual is slow on so many numbers.
    expect(full.hashChains(chains).join()).toBe(hashes.join());
    expect(hashes.slice(0, 40)).toEqual(chains.slice(0, 40).map(oneByOne));
  });

  test('the reference gives a batch the same verdicts and hashes', () => {
    const some = [first, ...Object.values(bad)];
    expect(scureCurve.verifyBatch(some)).toEqual(warmed.verifyBatch(some));
    const chains = [
      { state: 1n, elements: [2n, 3n] },
      { state: -1n, elements: [] },
      { state: 7n, elements: [] },
    ];
    expect(scureCurve.hashChains(chains)).toEqual(engine.hashChains(chains));
  });
});
