// The compiled kernel behind types: bigints in, bigints out, through the module's own memory. It must never be given a number outside
// the stated ranges, nor a secret: the kernel checks nothing and runs in variable time.

/** The kernel met equal or opposite points or infinity, which its additions cannot handle: ask a complete implementation. */
export const EXCEPTIONAL = Symbol('exceptional');
export type Exceptional = typeof EXCEPTIONAL;

/** Where the kernel keeps the table of one key. Only a Kernel makes and understands them. */
export type TableAddress = number;

export interface Kernel {
  /** Pedersen hash of two numbers in [0, p). */
  pedersen(a: bigint, b: bigint): bigint | Exceptional;
  /** Whether x in [0, p) is the x of a point. */
  isPublicKey(x: bigint): boolean;
  /** Whether (r, s) signs hash: hash and r below 2^251, s in [1, N), r not 0, publicKey in [0, p). False for an x of no point. */
  verifyByKey(hash: bigint, r: bigint, s: bigint, publicKey: bigint): boolean | Exceptional;
  /** The same for the key a table was built for. */
  verifyByTable(hash: bigint, r: bigint, s: bigint, table: TableAddress): boolean | Exceptional;
  /** The keys under which (r, s) signs hash, in the same ranges; none when r is the x of no point. */
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

const SLOTS = 4;
/** A slot is a number of four 64-bit words and one word of padding. */
const SLOT_WORDS = 5;

/** Instantiates the kernel and builds its constant tables (about 9 MiB). KernelError when that fails. Knows no file system, so it works in a browser too. */
export function openKernel(wasm: Uint8Array): Kernel {
  const exports = exportsOf(wasm);
  const { memory } = exports;
  if (!(memory instanceof WebAssembly.Memory)) throw new KernelError('the module exports no memory');

  function exported(name: string): (...args: number[]) => number {
    const call = exports[name];
    if (typeof call !== 'function') throw new KernelError(`the module exports no ${name}()`);
    return (...args) => Number(call(...args));
  }
  const pedersen = exported('pedersen');
  const isPublicKey = exported('isPublicKey');
  const verifyByKey = exported('verifyByKey');
  const verifyByTable = exported('verifyByTable');
  const recover = exported('recover');
  const keyTable = exported('keyTable');
  const buildKeyTable = exported('buildKeyTable');
  if (exported('initialise')() !== YES) throw new KernelError('the constant tables could not be built');
  const slots = exported('io')();

  let words = new BigUint64Array(memory.buffer, slots, SLOTS * SLOT_WORDS);
  /** The slots; growing the memory detaches every view of it. */
  const view = (): BigUint64Array => {
    if (words.length === 0) words = new BigUint64Array(memory.buffer, slots, SLOTS * SLOT_WORDS);
    return words;
  };

  // A BigUint64Array keeps the low 64 bits of what is stored in it.
  function write(slot: number, value: bigint): void {
    const to = view();
    const first = slot * SLOT_WORDS;
    to[first] = value;
    to[first + 1] = value >> 64n;
    to[first + 2] = value >> 128n;
    to[first + 3] = value >> 192n;
  }

  function read(slot: number): bigint {
    const [w0 = 0n, w1 = 0n, w2 = 0n, w3 = 0n] = view().subarray(slot * SLOT_WORDS, slot * SLOT_WORDS + 4);
    return w0 | (w1 << 64n) | (w2 << 128n) | (w3 << 192n);
  }

  function writeSignature(hash: bigint, r: bigint, s: bigint): void {
    write(0, hash);
    write(1, r);
    write(2, s);
  }

  const verdict = (outcome: number): boolean | Exceptional => (outcome === EXCEPTION ? EXCEPTIONAL : outcome === YES);

  return {
    pedersen(a, b) {
      write(0, a);
      write(1, b);
      return pedersen() === YES ? read(0) : EXCEPTIONAL;
    },
    isPublicKey(x) {
      write(0, x);
      return isPublicKey() === YES;
    },
    verifyByKey(hash, r, s, publicKey) {
      writeSignature(hash, r, s);
      write(3, publicKey);
      return verdict(verifyByKey());
    },
    verifyByTable(hash, r, s, table) {
      writeSignature(hash, r, s);
      return verdict(verifyByTable(table));
    },
    recover(hash, r, s) {
      writeSignature(hash, r, s);
      const outcome = recover();
      if (outcome === EXCEPTION) return EXCEPTIONAL;
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
