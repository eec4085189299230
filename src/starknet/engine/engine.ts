// StarkCurve over the WebAssembly kernel: the same answers as the reference, 15 to 200 times faster. It checks the ranges of
// docs/wire.md section 2, as the kernel checks none, and asks the reference whatever the kernel cannot decide: it never guesses.
// No I/O and nothing of Node's: it runs in a browser as it is.
import { STARK_PRIME } from '../../domain/felt.ts';
import { type SignatureCheck, STARK_CURVE_ORDER, STARK_HASH_BOUND, type StarkCurve } from '../pedersen.ts';
import { createKeptPoints } from './kept-points.ts';
import {
  EXCEPTIONAL,
  type Exceptional,
  type HashChain,
  type Kernel,
  KernelError,
  MAX_ELEMENTS,
  MAX_ITEMS,
  openKernel,
  type PointAddress,
  type TableCheck,
} from './kernel.ts';
import { createKeyTables, type KeyTableStats } from './key-tables.ts';
import { mapKey } from './map-key.ts';
import { selfTest } from './self-test.ts';
import { createUseCounter } from './use-counter.ts';

export interface StarkEngineOptions {
  /** Answers every case the kernel's incomplete additions cannot, and so must be complete: scureCurve. */
  readonly fallback: Pick<StarkCurve, 'pedersen' | 'verify' | 'recoverCandidates' | 'isPublicKey'>;
  /** Limit of the key tables' memory in bytes, 0..2^31 (the constant tables take 12 MiB besides). 0 for none. */
  readonly tableBytes: number;
  /** The bytes of stark.wasm. */
  readonly wasm: Uint8Array;
  /** Makes the kernel of the module. By default openKernel; tests give another. */
  readonly open?: (wasm: Uint8Array) => Kernel;
  /** Runs a task of about 1 ms later, when nobody waits for it. By default a timer of 0 ms. */
  readonly defer?: (task: () => void) => void;
}

export interface EngineStats extends KeyTableStats {
  /** Verifications with a table, and without. */
  readonly tableHits: number;
  readonly tableMisses: number;
  /** Calls that the fallback answered. */
  readonly fallbacks: number;
}

export interface StarkEngine extends StarkCurve {
  /** Builds the key's table now (about 0.5 ms) unless it has one. False for an invalid key, or without room for tables. Never throws. */
  warm(publicKey: bigint): boolean;
  stats(): EngineStats;
}

/** A key gets its table at this many valid signatures: by then the table has paid for itself. Counted valid, as anyone can send rubbish. */
const WARM_AFTER = 4;
/** Keys without a table whose valid signatures are counted. */
const MAX_COUNTED = 8192;
/** Keys waiting for their table; further ones wait for their next signatures. */
const MAX_WAITING = 64;
/** The kernel's memory is one 4 GiB space at most; half of it leaves room for everything else. */
const MAX_TABLE_BYTES = 2 ** 31;

/** Places in the kernel: for states (accounts, mostly) and for elements (markets, order types). More than one batch can hold of either. */
const KEPT_STATES = 4096;
const KEPT_ELEMENTS = 512;
/** An element below 2^48 costs at most five additions: no place for it. One of 2^248 or more is no name but a hash: it will not come again. */
const MIN_KEPT_ELEMENT = 1n << 48n;
const MAX_KEPT_ELEMENT = 1n << 248n;

const isFelt = (value: bigint): boolean => typeof value === 'bigint' && value >= 0n && value < STARK_PRIME;

const signatureInRange = (hash: bigint, r: bigint, s: bigint): boolean =>
  typeof hash === 'bigint' &&
  typeof r === 'bigint' &&
  typeof s === 'bigint' &&
  hash >= 0n &&
  hash < STARK_HASH_BOUND &&
  r >= 1n &&
  r < STARK_HASH_BOUND &&
  s >= 1n &&
  s < STARK_CURVE_ORDER;

/**
 * Opens the kernel and tries it on known answers. KernelError when either fails: then run on the fallback alone. RangeError for a
 * tableBytes outside 0..2^31.
 */
export function createStarkEngine(options: StarkEngineOptions): StarkEngine {
  const { fallback, tableBytes } = options;
  const defer = options.defer ?? ((task: () => void): unknown => setTimeout(task, 0));
  if (!Number.isSafeInteger(tableBytes) || tableBytes < 0 || tableBytes > MAX_TABLE_BYTES) {
    throw new RangeError('tableBytes must be an integer from 0 to 2^31');
  }
  const kernel = (options.open ?? openKernel)(options.wasm);
  const failure = selfTest(kernel);
  if (failure !== undefined) throw new KernelError(`the self-test failed: ${failure}`);

  const tables = createKeyTables(kernel, tableBytes);
  /** Valid signatures of keys without a table. */
  const uses = createUseCounter(WARM_AFTER, MAX_COUNTED);
  const waiting = new Set<bigint>();
  const places = (first: number, count: number): readonly PointAddress[] =>
    Array.from({ length: count }, (_, i) => kernel.keptPoint(first + i)).filter((place) => place !== undefined);
  const states = createKeptPoints(places(0, KEPT_STATES), kernel.keepState);
  const elements = createKeptPoints(places(KEPT_STATES, KEPT_ELEMENTS), kernel.keepElement);
  let tableHits = 0;
  let tableMisses = 0;
  let fallbacks = 0;

  /** The kernel's answer, or the fallback's when the kernel cannot decide. */
  function decided<T>(answer: T | Exceptional, ask: () => T): T {
    if (answer !== EXCEPTIONAL) return answer;
    fallbacks += 1;
    return ask();
  }

  function count(publicKey: bigint): void {
    if (!uses.count(mapKey(publicKey)) || tables.stats().capacity === 0 || waiting.size >= MAX_WAITING) return;
    if (waiting.size === 0) defer(buildNext);
    waiting.add(publicKey);
  }

  /** One table per turn, so that requests run in between. */
  function buildNext(): void {
    for (const publicKey of waiting) {
      waiting.delete(publicKey);
      warm(publicKey);
      break;
    }
    if (waiting.size > 0) defer(buildNext);
  }

  const warm = (publicKey: bigint): boolean => isFelt(publicKey) && tables.build(publicKey);

  const elementPart = (element: bigint): bigint | PointAddress =>
    element < MIN_KEPT_ELEMENT || element >= MAX_KEPT_ELEMENT ? element : (elements.find(element) ?? element);

  /** The part of a chain from an element on that the kernel takes at once. */
  function partOf(state: bigint, all: readonly bigint[], from: number): HashChain {
    const part = all.length <= MAX_ELEMENTS ? all : all.slice(from, from + MAX_ELEMENTS);
    // Only what a chain starts from can have been seen before.
    return { state: from === 0 ? (states.find(state) ?? state) : state, elements: part.map(elementPart) };
  }

  function hashChain(state: bigint, all: readonly bigint[]): bigint {
    if (!isFelt(state) || !all.every(isFelt)) throw new RangeError('a Pedersen input must be in [0, p)');
    let hash = state;
    for (let from = 0; from < all.length; from += MAX_ELEMENTS) {
      const before = hash;
      hash = decided(kernel.hashChain(partOf(before, all, from)), () =>
        all.slice(from, from + MAX_ELEMENTS).reduce((chained, element) => fallback.pedersen(chained, element), before),
      );
    }
    return hash;
  }

  function verifyCold({ hash, r, s, publicKey }: SignatureCheck): boolean {
    tableMisses += 1;
    const valid = decided(kernel.verifyByKey(hash, r, s, publicKey), () => fallback.verify(hash, r, s, publicKey));
    if (valid) count(publicKey);
    return valid;
  }

  function verify(hash: bigint, r: bigint, s: bigint, publicKey: bigint): boolean {
    if (!signatureInRange(hash, r, s) || !isFelt(publicKey)) return false;
    const table = tables.find(publicKey);
    if (table === undefined) return verifyCold({ hash, r, s, publicKey });
    tableHits += 1;
    return decided(kernel.verifyByTable({ hash, r, s, table }), () => fallback.verify(hash, r, s, publicKey));
  }

  return {
    pedersen(a, b) {
      if (!isFelt(a) || !isFelt(b)) throw new RangeError('a Pedersen input must be in [0, p)');
      return decided(kernel.hashChain({ state: a, elements: [b] }), () => fallback.pedersen(a, b));
    },

    hashChain,

    hashChains(chains) {
      const hashes: (bigint | undefined)[] = chains.map(() => undefined);
      // A chain that is longer than a batch can take is hashed alone, as is one that has no hash or needs none.
      const short = [...chains.entries()].filter(
        ([, { state, elements: all }]) =>
          all.length >= 1 && all.length <= MAX_ELEMENTS && isFelt(state) && all.every(isFelt),
      );
      const alone = new Set(chains.keys());
      for (let from = 0; from < short.length; from += MAX_ITEMS) {
        const batch = short.slice(from, from + MAX_ITEMS);
        const answers = kernel.hashChains(batch.map(([, { state, elements: all }]) => partOf(state, all, 0)));
        if (answers === EXCEPTIONAL) continue;
        batch.forEach(([index], i) => {
          hashes[index] = answers[i];
          alone.delete(index);
        });
      }
      for (const index of alone) {
        const chain = chains[index];
        if (chain !== undefined && isFelt(chain.state) && chain.elements.every(isFelt)) {
          hashes[index] = hashChain(chain.state, chain.elements);
        }
      }
      return hashes;
    },

    verify,

    verifyBatch(checks) {
      const verdicts = checks.map(() => false);
      const withTable: { readonly index: number; readonly check: TableCheck }[] = [];
      const alone: number[] = [];
      checks.forEach(({ hash, r, s, publicKey }, index) => {
        if (!signatureInRange(hash, r, s) || !isFelt(publicKey)) return;
        const table = tables.find(publicKey);
        if (table === undefined) alone.push(index);
        else withTable.push({ index, check: { hash, r, s, table } });
      });
      for (let from = 0; from < withTable.length; from += MAX_ITEMS) {
        const batch = withTable.slice(from, from + MAX_ITEMS);
        const answers = kernel.verifyByTables(batch.map(({ check }) => check));
        batch.forEach(({ index }, i) => {
          const answer = answers === EXCEPTIONAL ? EXCEPTIONAL : answers[i];
          if (typeof answer !== 'boolean') {
            alone.push(index);
            return;
          }
          tableHits += 1;
          verdicts[index] = answer;
        });
      }
      for (const index of alone) {
        const check = checks[index];
        if (check !== undefined) verdicts[index] = verify(check.hash, check.r, check.s, check.publicKey);
      }
      return verdicts;
    },

    recoverCandidates(hash, r, s) {
      if (!signatureInRange(hash, r, s)) return [];
      return decided(kernel.recover(hash, r, s), () => fallback.recoverCandidates(hash, r, s));
    },

    isPublicKey: (x) => isFelt(x) && kernel.isPublicKey(x),

    warm,
    stats: () => ({ ...tables.stats(), tableHits, tableMisses, fallbacks }),
  };
}
