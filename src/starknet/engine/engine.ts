// StarkCurve over the WebAssembly kernel: the same answers as the reference, 25 to 200 times faster. It owns the ranges of WIRE
// section 3, as the kernel checks none, and whatever the kernel cannot decide it must ask the reference: it never guesses.
// No I/O and nothing of Node's: it runs in a browser as it is.
import { STARK_PRIME } from '../../domain/felt.ts';
import { STARK_CURVE_ORDER, STARK_HASH_BOUND, type StarkCurve } from '../pedersen.ts';
import { EXCEPTIONAL, type Exceptional, KernelError, openKernel } from './kernel.ts';
import { createKeyTables, type KeyTableStats } from './key-tables.ts';
import { selfTest } from './self-test.ts';
import { createUseCounter } from './use-counter.ts';

export interface StarkEngineOptions {
  /** Answers every case the kernel's incomplete additions cannot, and so must be complete: scureCurve. */
  readonly fallback: StarkCurve;
  /** Limit of the key tables' memory in bytes, 0..2^31 (the constant tables take 9 MiB besides). 0 for none. */
  readonly tableBytes: number;
  /** The bytes of stark.wasm. */
  readonly wasm: Uint8Array;
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
  /** Builds the key's table now (about 0.5 ms) unless it has one. False for what is no key, or without room for tables. Never throws. */
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
  const kernel = openKernel(options.wasm);
  const failure = selfTest(kernel);
  if (failure !== undefined) throw new KernelError(`the self-test failed: ${failure}`);

  const tables = createKeyTables(kernel, tableBytes);
  /** Valid signatures of keys without a table. */
  const uses = createUseCounter(WARM_AFTER, MAX_COUNTED);
  const waiting = new Set<bigint>();
  let tableHits = 0;
  let tableMisses = 0;
  let fallbacks = 0;

  /** What the kernel said, or the fallback where it could not say. */
  function decided<T>(answer: T | Exceptional, ask: () => T): T {
    if (answer !== EXCEPTIONAL) return answer;
    fallbacks += 1;
    return ask();
  }

  function count(publicKey: bigint): void {
    if (!uses.count(publicKey) || tables.stats().capacity === 0 || waiting.size >= MAX_WAITING) return;
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

  return {
    pedersen(a, b) {
      if (!isFelt(a) || !isFelt(b)) throw new RangeError('a Pedersen input must be in [0, p)');
      return decided(kernel.pedersen(a, b), () => fallback.pedersen(a, b));
    },

    verify(hash, r, s, publicKey) {
      if (!signatureInRange(hash, r, s) || !isFelt(publicKey)) return false;
      const table = tables.find(publicKey);
      const ask = (): boolean => fallback.verify(hash, r, s, publicKey);
      if (table !== undefined) {
        tableHits += 1;
        return decided(kernel.verifyByTable(hash, r, s, table), ask);
      }
      tableMisses += 1;
      const valid = decided(kernel.verifyByKey(hash, r, s, publicKey), ask);
      if (valid) count(publicKey);
      return valid;
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
