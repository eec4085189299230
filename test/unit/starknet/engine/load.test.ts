import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { scureCurve } from '../../../../src/starknet/curve.ts';
import { createStarkEngine } from '../../../../src/starknet/engine/engine.ts';
import { type Kernel, KernelError, openKernel } from '../../../../src/starknet/engine/kernel.ts';
import { loadStarkEngine } from '../../../../src/starknet/engine/load.ts';
import { selfTest } from '../../../../src/starknet/engine/self-test.ts';
import { wasm, wasmFile } from '../../../support/engine-under-test.ts';

const options = { fallback: scureCurve, tableBytes: 0 };

test('the engine loads the module beside it', () => {
  const loaded = loadStarkEngine(options);
  expect(loaded.kind).toBe('engine');
});

test('an engine whose file is not there is unavailable with a reason, and throws nothing', () => {
  expect(loadStarkEngine({ ...options, file: new URL('no-such.wasm', import.meta.url) })).toEqual({
    kind: 'unavailable',
    reason: expect.stringContaining('ENOENT'),
  });
});

test('an engine whose file is no module is unavailable with a reason, and throws nothing', () => {
  expect(loadStarkEngine({ ...options, file: new URL(import.meta.url) })).toEqual({
    kind: 'unavailable',
    reason: 'the module cannot be instantiated',
  });
});

test('a WebAssembly module that is not the kernel is refused', () => {
  const empty = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
  expect(() => createStarkEngine({ ...options, wasm: empty })).toThrow(KernelError);
});

describe('the self-test', () => {
  const kernel = openKernel(wasm);

  test('the self-test of the engine passes on the kernel', () => {
    expect(selfTest(kernel)).toBeUndefined();
  });

  test.each<[string, Partial<Kernel>]>([
    ['hashes wrongly', { hashChain: () => 5n }],
    ['hashes wrongly in a batch', { hashChains: (chains) => chains.map(() => 5n) }],
    ['keeps no states', { keepState: () => false }],
    ['keeps no elements', { keepElement: () => false }],
    ['keeps other states', { keepState: (place, state) => kernel.keepState(place, state ^ 1n) }],
    ['keeps other elements', { keepElement: (place, element) => kernel.keepElement(place, element ^ 1n) }],
    ['accepts everything in a batch', { verifyByTables: (checks) => checks.map(() => true) }],
    ['refuses everything in a batch', { verifyByTables: (checks) => checks.map(() => false) }],
    ['accepts everything', { verifyByKey: () => true }],
    ['accepts everything by table', { verifyByTable: () => true }],
    ['refuses everything', { verifyByKey: () => false }],
    ['refuses everything by table', { verifyByTable: () => false }],
    ['takes every number for a key', { isPublicKey: () => true }],
    ['takes no number for a key', { isPublicKey: () => false }],
    ['recovers no key', { recover: () => [] }],
    [
      'recovers one key twice',
      {
        recover: (...args) =>
          [kernel.recover(...args)].flatMap((keys) => (typeof keys === 'symbol' ? [] : [keys[0] ?? 0n, keys[0] ?? 0n])),
      },
    ],
    ['builds no table', { buildKeyTable: () => false }],
    [
      'builds a table for any number',
      { buildKeyTable: (table, x) => kernel.buildKeyTable(table, x) || !kernel.isPublicKey(x) },
    ],
    [
      'takes any number for a key where only the curve speaks against it',
      { verifyByKey: (hash, r, s, x) => (hash === 0n && r === s && s === x) || kernel.verifyByKey(hash, r, s, x) },
    ],
    [
      'accepts everything where points are equal',
      {
        verifyByKey: (...args) => {
          const [hash, r] = args;
          return hash === r || hash === 0n || kernel.verifyByKey(...args);
        },
      },
    ],
  ])('the self-test of the engine fails on a kernel that %s', (_, broken) => {
    expect(selfTest({ ...kernel, ...broken })).toEqual(expect.any(String));
  });

  test('the self-test keeps a damaged module from being used: one changed constant is enough', () => {
    // The lowest word of the generator's x, as a 64-bit constant in the code (LEB128).
    const constant = leb128(0x3d723d8bc943cfcan);
    const at = indexOf(wasm, constant);
    expect(at).toBeGreaterThan(0);
    // Not wasm.slice(): of a Buffer that is no copy, and every later test would run on the damaged module.
    const damaged = Uint8Array.from(wasm);
    damaged[at] = (damaged[at] ?? 0) ^ 1;
    expect(() => createStarkEngine({ ...options, wasm: damaged })).toThrow(KernelError);
  });
});

/** Signed LEB128, as WebAssembly writes the operand of i64.const. */
function leb128(value: bigint): readonly number[] {
  const bytes: number[] = [];
  for (let rest = BigInt.asIntN(64, value); ; rest >>= 7n) {
    const byte = Number(rest & 0x7fn);
    const done = (rest >> 7n === 0n && (byte & 0x40) === 0) || (rest >> 7n === -1n && (byte & 0x40) !== 0);
    bytes.push(done ? byte : byte | 0x80);
    if (done) return bytes;
  }
}

function indexOf(bytes: Uint8Array, wanted: readonly number[]): number {
  return bytes.findIndex((_, at) => wanted.every((byte, i) => bytes[at + i] === byte));
}

const src = fileURLToPath(new URL('../../../../src', import.meta.url));

/** A module of src/ as it runs: what comments say does not count, nor what is imported as a type only. */
function moduleAt(file: string) {
  const code = readFileSync(join(src, file), 'utf8').replaceAll(/\/\*.*?\*\/|(?<![:'"`])\/\/[^\n]*/gs, '');
  const imports = [
    ...code.matchAll(/\b(?:import|export)\b(?!\s+type\b)(?:[^'";=]*\bfrom)?[\s(]*['"]([^'"]+)['"]/g),
  ].map(([, target = '']) => target);
  return { code, imports };
}

/** All modules of src/ that these need, themselves included, and the packages that any of them imports. */
function importGraph(...roots: readonly string[]) {
  const files = new Set(roots);
  const packages = new Set<string>();
  // A Set's iterator comes to what is added on the way.
  for (const file of files) {
    for (const target of moduleAt(file).imports) {
      if (target.startsWith('.')) files.add(posix.join(posix.dirname(file), target));
      else packages.add(target);
    }
  }
  return { files: [...files].toSorted(), packages: [...packages].toSorted() };
}

/** Node.js has them, a browser does not. */
const OF_NODE =
  /\b(?:Buffer|process|global|setImmediate|clearImmediate|__dirname|__filename|import\.meta\.(?:dir|file)name)\b/;

describe('what runs in a browser', () => {
  const graph = importGraph('starknet/engine/engine.ts', 'starknet/pedersen.ts', 'starknet/curve.ts');

  test('the part of the engine that runs in a browser is found by its imports, through other rooms too', () => {
    expect(graph.files).toEqual(
      expect.arrayContaining([
        'starknet/engine/kernel.ts',
        'starknet/engine/map-key.ts',
        'domain/felt.ts',
        'domain/lru.ts',
      ]),
    );
    expect(importGraph('jwt/es256.ts').packages).toContain('node:crypto');
    expect(importGraph('starknet/engine/load.ts').packages).toContain('node:fs');
    expect(moduleAt('jwt/base64url.ts').code).toMatch(OF_NODE);
  });

  test('everything of the engine but its loader runs in a browser', () => {
    const ofEngine = readdirSync(join(src, 'starknet/engine'))
      .filter((file) => file.endsWith('.ts') && file !== 'load.ts')
      .map((file) => `starknet/engine/${file}`);
    expect(graph.files).toEqual(expect.arrayContaining(ofEngine));
  });

  test('the part of the engine that runs in a browser imports nothing of Node.js, and no package but the curve that it falls back to', () => {
    expect(graph.packages.filter((name) => !/^@(?:scure\/starknet|noble\/curves)\b/.test(name))).toEqual([]);
  });

  test('the part of the engine that runs in a browser uses nothing that only Node.js has', () => {
    expect(graph.files.filter((file) => OF_NODE.test(moduleAt(file).code))).toEqual([]);
  });
});

test('the engine under test is the one that is loaded, unless a mutant is under test', () => {
  expect(typeof wasmFile === 'string' || wasmFile.pathname.endsWith('/src/starknet/engine/stark.wasm')).toBe(true);
});
