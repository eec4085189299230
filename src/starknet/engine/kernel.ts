// The compiled kernel behind types: bigints in, bigints out, through the module's own memory. It must never be given a number outside
// the stated ranges, nor a secret: the kernel checks nothing and runs in variable time.

/** The kernel met equal or opposite points or infinity, which its additions cannot handle: ask a complete implementation. */
export const EXCEPTIONAL = Symbol('exceptional');
export type Exceptional = typeof EXCEPTIONAL;

/** Where the kernel keeps the table of one key. Only a Kernel makes and understands them. */
export type TableAddress = number;

/** Where the kernel keeps the point of a state or of an element. Only a Kernel makes and understands them. */
export type PointAddress = number;

/** A state and 1 to MAX_ELEMENTS elements, numbers in [0, p), or the points kept for them. */
export interface HashChain {
  readonly state: bigint | PointAddress;
  readonly elements: readonly (bigint | PointAddress)[];
}

/** hash and r below 2^251, r not 0, s in [1, N), and the table of the key. */
export interface TableCheck {
  readonly hash: bigint;
  readonly r: bigint;
  readonly s: bigint;
  readonly table: TableAddress;
}

/** Chains or checks that the kernel takes at once, and elements of one chain. */
export const MAX_ITEMS = 16;
export const MAX_ELEMENTS = 15;

export interface Kernel {
  /** h(...h(h(state, x0), x1)..., xn). */
  hashChain(chain: HashChain): bigint | Exceptional;
  /** The same for 1 to MAX_ITEMS chains at once. */
  hashChains(chains: readonly HashChain[]): readonly bigint[] | Exceptional;
  /** The n-th place for a kept point (0, 1, ...); `undefined` beyond the last. */
  keptPoint(n: number): PointAddress | undefined;
  /** Overwrites a place with the point of a state in [0, p). False when there is none, and then the place must not be used. */
  keepState(place: PointAddress, state: bigint): boolean;
  /** The same for an element; 0 has no point. */
  keepElement(place: PointAddress, element: bigint): boolean;
  /** Whether x in [0, p) is the x of a point. */
  isPublicKey(x: bigint): boolean;
  /** Whether (r, s) signs hash: hash and r below 2^251, s in [1, N), r not 0, publicKey in [0, p). False for an x of no point. */
  verifyByKey(hash: bigint, r: bigint, s: bigint, publicKey: bigint): boolean | Exceptional;
  /** The same for the key a table was built for. */
  verifyByTable(check: TableCheck): boolean | Exceptional;
  /** The same for 1 to MAX_ITEMS checks at once: the verdict of each, or EXCEPTIONAL when they can only be asked one by one. */
  verifyByTables(checks: readonly TableCheck[]): readonly (boolean | Exceptional)[] | Exceptional;
  /** The keys under which (r, s) signs hash, in the same ranges, each once; none when r is the x of no point. */
  recover(hash: bigint, r: bigint, s: bigint): readonly bigint[] | Exceptional;
  /** Bytes of one key's table. */
  readonly keyTableBytes: number;
  /** The place of the n-th table (0, 1, ...); `undefined` when the host gives no more memory. */
  keyTable(n: number): TableAddress | undefined;
  /** Overwrites a table with the one of this key. False, and then the table must not be used, when x is the x of no point. */
  buildKeyTable(table: TableAddress, x: bigint): boolean;
}

/** The .wasm is not the kernel this code belongs to, or it does not work here. */
export class KernelError extends Error {
  override readonly name = 'KernelError';
}

/** The part of the WebAssembly API used here; the types of Node.js have none. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: Readonly<Record<string, unknown>> };
  readonly Memory: new (limits: { initial: number }) => { readonly buffer: ArrayBuffer };
};

/** Outcomes as the kernel numbers them. */
const YES = 1;
const EXCEPTION = 2;
const ONE_KEY = 3;

/** Slots of one item: a state and its elements, or the numbers of one signature. */
const SLOTS = MAX_ELEMENTS + 1;
/** A slot is a number of four 64-bit words and one word of padding. */
const SLOT_WORDS = 5;
const WORD = 1n << 64n;

/**
 * Instantiates the kernel and builds its constant tables (about 12 MiB). KernelError when that fails. Knows no file system, so it works
 * in a browser too.
 */
export function openKernel(wasm: Uint8Array): Kernel {
  const exports = exportsOf(wasm);
  const { memory } = exports;
  if (!(memory instanceof WebAssembly.Memory)) throw new KernelError('the module exports no memory');

  function exported(name: string): (...args: number[]) => number {
    const call = exports[name];
    if (typeof call !== 'function') throw new KernelError(`the module exports no ${name}()`);
    return (...args) => Number(call(...args));
  }
  const hashChain = exported('hashChain');
  const hashChains = exported('hashChains');
  const keptPoint = exported('keptPoint');
  const keepState = exported('keepState');
  const keepElement = exported('keepElement');
  const isPublicKey = exported('isPublicKey');
  const verifyByKey = exported('verifyByKey');
  const verifyByTable = exported('verifyByTable');
  const verifyByTables = exported('verifyByTables');
  const recover = exported('recover');
  const keyTable = exported('keyTable');
  const buildKeyTable = exported('buildKeyTable');
  if (exported('initialise')() !== YES) throw new KernelError('the constant tables could not be built');
  const [slotsAt, placesAt, countsAt, outcomesAt] = ['io', 'places', 'counts', 'outcomes'].map((name) =>
    exported(name)(),
  );

  const openViews = () => ({
    slots: new BigUint64Array(memory.buffer, slotsAt, MAX_ITEMS * SLOTS * SLOT_WORDS),
    places: new Uint32Array(memory.buffer, placesAt, MAX_ITEMS * SLOTS),
    counts: new Uint32Array(memory.buffer, countsAt, MAX_ITEMS),
    outcomes: new Uint32Array(memory.buffer, outcomesAt, MAX_ITEMS),
  });
  let views = openViews();
  /** Growing the memory detaches every view of it. */
  const view = (): typeof views => {
    if (views.slots.length === 0) views = openViews();
    return views;
  };

  // A BigUint64Array keeps the low 64 bits of what is stored in it.
  function write(slot: number, value: bigint): void {
    const { slots } = view();
    const first = slot * SLOT_WORDS;
    slots[first] = value;
    const rest = value < WORD ? 0n : value >> 64n;
    slots[first + 1] = rest;
    slots[first + 2] = rest === 0n ? 0n : rest >> 64n;
    slots[first + 3] = rest === 0n ? 0n : rest >> 128n;
  }

  function read(slot: number): bigint {
    const { slots } = view();
    const word = (i: number): bigint => slots[slot * SLOT_WORDS + i] ?? 0n;
    return (((((word(3) << 64n) | word(2)) << 64n) | word(1)) << 64n) | word(0);
  }

  function writeSignature(item: number, hash: bigint, r: bigint, s: bigint): void {
    write(item * SLOTS, hash);
    write(item * SLOTS + 1, r);
    write(item * SLOTS + 2, s);
  }

  function writePart(slot: number, part: bigint | PointAddress): void {
    const kept = typeof part === 'number';
    view().places[slot] = kept ? part : 0;
    if (!kept) write(slot, part);
  }

  function writeChain(item: number, { state, elements }: HashChain): void {
    if (elements.length < 1 || elements.length > MAX_ELEMENTS) {
      throw new RangeError(`a chain has 1 to ${MAX_ELEMENTS} elements`);
    }
    view().counts[item] = elements.length;
    writePart(item * SLOTS, state);
    elements.forEach((element, i) => {
      writePart(item * SLOTS + 1 + i, element);
    });
  }

  function requireBatch(items: number): void {
    if (items < 1 || items > MAX_ITEMS) throw new RangeError(`a batch has 1 to ${MAX_ITEMS} items`);
  }

  const verdict = (outcome: number | undefined): boolean | Exceptional =>
    outcome === EXCEPTION ? EXCEPTIONAL : outcome === YES;

  return {
    hashChain(chain) {
      writeChain(0, chain);
      return hashChain() === YES ? read(0) : EXCEPTIONAL;
    },
    hashChains(chains) {
      requireBatch(chains.length);
      chains.forEach((chain, item) => {
        writeChain(item, chain);
      });
      return hashChains(chains.length) === YES ? chains.map((_, item) => read(item * SLOTS)) : EXCEPTIONAL;
    },
    keptPoint: (n) => keptPoint(n) || undefined,
    keepState(place, state) {
      write(0, state);
      return keepState(place) === YES;
    },
    keepElement(place, element) {
      write(0, element);
      return keepElement(place) === YES;
    },
    isPublicKey(x) {
      write(0, x);
      return isPublicKey() === YES;
    },
    verifyByKey(hash, r, s, publicKey) {
      writeSignature(0, hash, r, s);
      write(3, publicKey);
      return verdict(verifyByKey());
    },
    verifyByTable({ hash, r, s, table }) {
      writeSignature(0, hash, r, s);
      return verdict(verifyByTable(table));
    },
    verifyByTables(checks) {
      requireBatch(checks.length);
      const { places, outcomes } = view();
      checks.forEach(({ hash, r, s, table }, item) => {
        writeSignature(item, hash, r, s);
        places[item * SLOTS] = table;
      });
      if (verifyByTables(checks.length) !== YES) return EXCEPTIONAL;
      return checks.map((_, item) => verdict(outcomes[item]));
    },
    recover(hash, r, s) {
      writeSignature(0, hash, r, s);
      const outcome = recover();
      if (outcome === EXCEPTION) return EXCEPTIONAL;
      if (outcome === ONE_KEY) return [read(0)];
      return outcome === YES ? [read(0), read(1)] : [];
    },
    keyTableBytes: exported('keyTableBytes')(),
    keyTable: (n) => keyTable(n) || undefined,
    buildKeyTable(table, x) {
      write(0, x);
      return buildKeyTable(table) === YES;
    },
  };
}

function exportsOf(wasm: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    return new WebAssembly.Instance(new WebAssembly.Module(wasm)).exports;
  } catch (error) {
    throw new KernelError('the module cannot be instantiated', { cause: error });
  }
}
