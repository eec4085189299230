import { describe, expect, test } from 'vitest';
import { scureCurve } from '../../../../src/starknet/curve.ts';
import { createStarkEngine } from '../../../../src/starknet/engine/engine.ts';
import { openKernel } from '../../../../src/starknet/engine/kernel.ts';
import { openEngine, wasm } from '../../../support/engine-under-test.ts';
import { type Signature, signatureWith } from '../../../support/signatures.ts';

const TABLE = openKernel(wasm).keyTableBytes;

// u2 = 2^250 is all in the last entry of a table.
const signatures: readonly Signature[] = [3n, 5n, 7n, 11n, 13n]
  .map((secret) => signatureWith((secret << 200n) + 1n, 1n << 250n, secret))
  .filter((signature) => signature !== undefined);
const [first, second, third] = signatures;
if (first === undefined || second === undefined || third === undefined)
  throw new Error('the fixtures are out of range');

const check = (engine: ReturnType<typeof openEngine>, { hash, r, s, publicKey }: Signature): boolean =>
  engine.verify(hash, r, s, publicKey);

describe('when a table is built', () => {
  /** An engine and the tasks it has deferred. */
  function observed(tableBytes = 2 * TABLE) {
    const tasks: (() => void)[] = [];
    return { tasks, engine: openEngine({ tableBytes, defer: (task) => tasks.push(task) }) };
  }

  test('the table of a key is built after its 4th valid signature, in a deferred task', () => {
    const { engine, tasks } = observed();
    for (let i = 0; i < 3; i++) check(engine, first);
    expect(tasks).toHaveLength(0);
    check(engine, first);
    expect(tasks).toHaveLength(1);
    expect(engine.stats()).toMatchObject({ built: 0, tableMisses: 4 });
    tasks.pop()?.();
    expect(engine.stats()).toMatchObject({ built: 1, tables: 1, tableHits: 0 });
    expect(check(engine, first)).toBe(true);
    expect(engine.stats().tableHits).toBe(1);
  });

  test('the table of a key is never built by invalid signatures', () => {
    const { engine, tasks } = observed();
    for (let i = 0; i < 20; i++) expect(check(engine, { ...first, hash: first.hash ^ BigInt(i + 1) })).toBe(false);
    expect(tasks).toHaveLength(0);
  });

  test('tables of keys are built one per deferred task, in order', () => {
    const { engine, tasks } = observed();
    for (let i = 0; i < 4; i++) for (const signature of [first, second]) check(engine, signature);
    expect(tasks).toHaveLength(1);
    tasks[0]?.();
    expect(engine.stats().built).toBe(1);
    expect(tasks).toHaveLength(2);
    tasks[1]?.();
    expect(engine.stats().built).toBe(2);
    expect(tasks).toHaveLength(2);
  });

  test('the table of a key is never built without room for one', () => {
    const { engine, tasks } = observed(TABLE - 1);
    for (let i = 0; i < 9; i++) expect(check(engine, first)).toBe(true);
    expect(tasks).toHaveLength(0);
    expect(engine.warm(first.publicKey)).toBe(false);
    expect(engine.stats()).toMatchObject({ capacity: 0, tables: 0, tableBytes: 0 });
  });

  test('tables are built for at most 64 keys at a time', () => {
    const { engine, tasks } = observed(100 * TABLE);
    for (let i = 1n; i <= 70n; i++) {
      // Any r and s sign any hash under the keys recovered from them.
      const [publicKey = 0n] = engine.recoverCandidates(i, first.r, first.s);
      for (let k = 0; k < 4; k++) expect(engine.verify(i, first.r, first.s, publicKey)).toBe(true);
    }
    for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) task();
    expect(engine.stats().built).toBe(64);
  });

  test('the table of a key is built on a timer by default', async () => {
    const engine = createStarkEngine({ fallback: scureCurve, tableBytes: TABLE, wasm });
    for (let i = 0; i < 4; i++) check(engine, first);
    expect(engine.stats().built).toBe(0);
    await expect.poll(() => engine.stats().built).toBe(1);
  });
});

describe('the memory limit', () => {
  test('the memory limit holds as many tables as fit and drops the least recently used', () => {
    const engine = openEngine({ tableBytes: 2 * TABLE + 5 });
    expect([first, second].map(({ publicKey }) => engine.warm(publicKey))).toEqual([true, true]);
    // Used again, so that the second is now the oldest.
    expect(check(engine, first)).toBe(true);
    expect(engine.warm(third.publicKey)).toBe(true);
    expect(engine.stats()).toMatchObject({ tables: 2, capacity: 2, built: 3, evicted: 1, tableBytes: 2 * TABLE });

    expect([first, third].map((signature) => check(engine, signature))).toEqual([true, true]);
    expect(engine.stats()).toMatchObject({ tableHits: 3, tableMisses: 0 });
    expect(check(engine, second)).toBe(true);
    expect(engine.stats().tableMisses).toBe(1);
  });

  test('the table of a key that is written over another judges only its own key', () => {
    const engine = openEngine({ tableBytes: TABLE });
    for (const signature of [...signatures, ...signatures]) {
      expect(engine.warm(signature.publicKey)).toBe(true);
      expect(check(engine, signature)).toBe(true);
      expect(check(engine, { ...signature, hash: signature.hash ^ 1n })).toBe(false);
    }
    expect(engine.stats()).toMatchObject({ tables: 1, tableBytes: TABLE });
  });

  test('neighbouring tables of keys do not touch each other', () => {
    const engine = openEngine({ tableBytes: 5 * TABLE });
    for (const { publicKey } of signatures) engine.warm(publicKey);
    expect(signatures.map((signature) => check(engine, signature))).toEqual(signatures.map(() => true));
    expect(engine.stats().tableHits).toBe(signatures.length);
    expect(engine.pedersen(0n, 0n)).toBe(0x49ee3eba8c1600700ee1b87eb599f16716b0b1022947733551fde4050ca6804n);
  });

  test.each([[-1], [1.5], [Number.NaN], [Number.POSITIVE_INFINITY], [2 ** 31 + 1]])(
    'a memory limit of %d bytes for the tables of keys is refused',
    (tableBytes) => {
      expect(() => openEngine({ tableBytes })).toThrow(RangeError);
    },
  );
});

describe('warm', () => {
  test('warming a key builds its table once', () => {
    const engine = openEngine();
    expect(engine.warm(first.publicKey)).toBe(true);
    expect(engine.warm(first.publicKey)).toBe(true);
    expect(engine.stats().built).toBe(1);
  });

  test.each([[0n], [5n], [-1n], [1n << 600n]])(
    'warming %d, which is no key, answers false and takes no table for it',
    (x) => {
      const engine = openEngine({ tableBytes: TABLE });
      engine.warm(first.publicKey);
      expect(engine.warm(x)).toBe(false);
      expect(engine.stats()).toMatchObject({ tables: 1, evicted: 0 });
      check(engine, first);
      expect(engine.stats().tableHits).toBe(1);
    },
  );
});
