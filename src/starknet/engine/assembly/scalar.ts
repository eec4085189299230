// Arithmetic modulo N, the order of the Stark curve: the two scalars of a signature. Variable time: never a secret.
// Same limbs as the field (nine of 29 bits, R = 2^261), but numbers here are kept out of Montgomery form between calls.
import { BITS, FELT, MASK, fromBytes, limb, setLimb, setWords, toBytes } from './field';
import { inverse } from './inverse';

/** N^-1 mod 2^29. */
// @ts-ignore: decorator
@inline const N_INVERSE: i64 = 0x174219cf;

const ORDER = memory.data(36, 16);
/** R^2 mod N. */
const R2N = memory.data(36, 16);
const WORDS = memory.data(40, 16);
const COLUMNS = memory.data(19 * 8, 16);
const FACTOR = memory.data(36, 16);
const FIRST = memory.data(36, 16);
const SECOND = memory.data(36, 16);
const OPPOSITE = memory.data(36, 16);
const PRODUCT = memory.data(36, 16);

export function initScalar(): void {
  setWords(WORDS, 0x0800000000000010, 0xffffffffffffffff, 0xb781126dcae7b232, 0x1e66a241adc64d2f);
  fromBytes(ORDER, WORDS);
  setWords(WORDS, 0x0795f08ccdd9783f, 0xc2ad33de2eeaee5e, 0xc5a4edbb74d408f1, 0x4c4b6e12ebeb7fac);
  fromBytes(R2N, WORDS);
}

/** out = a b / R mod N, in [0, N + N / 16) for a in [0, 54 N) and b in [0, N + N / 16), or the other way round: R / N is almost 2^10. */
function scalarMul(out: usize, a: usize, b: usize): void {
  memory.fill(COLUMNS, 0, 19 * 8);
  let t = COLUMNS;
  for (let i: usize = 0; i < FELT; i += 4) {
    const ai = limb(a, i);
    const low = load<i64>(t) + ai * limb(b, 0);
    const q = (-low * N_INVERSE) & MASK;
    store<i64>(t, load<i64>(t, 8) + ai * limb(b, 4) + q * limb(ORDER, 4) + ((low + q * limb(ORDER, 0)) >> BITS), 8);
    for (let j: usize = 8; j < FELT; j += 4) {
      store<i64>(t + (j << 1), load<i64>(t + (j << 1)) + ai * limb(b, j) + q * limb(ORDER, j));
    }
    t += 8;
  }
  let sum: i64 = 0;
  for (let i: usize = 0; i < 32; i += 4) {
    sum += load<i64>(t + (i << 1));
    setLimb(out, i, sum & MASK);
    sum >>= BITS;
  }
  setLimb(out, 32, sum + load<i64>(t, 64));
}

/** a += k N, carried. */
function addOrders(a: usize, k: i64): void {
  let sum: i64 = 0;
  for (let i: usize = 0; i < 32; i += 4) {
    sum += limb(a, i) + k * limb(ORDER, i);
    setLimb(a, i, sum & MASK);
    sum >>= BITS;
  }
  setLimb(a, 32, sum + limb(a, 32) + k * limb(ORDER, 32));
}

/** Brings a from [0, 2 N) into [0, N), then to whichever of a and N - a is smaller, and writes that as 32 bytes. */
function writeSmaller(bytes: usize, a: usize): void {
  if (!isLess(a, ORDER)) addOrders(a, -1);
  for (let i: usize = 0; i < FELT; i += 4) store<i32>(OPPOSITE + i, -load<i32>(a + i));
  addOrders(OPPOSITE, 1);
  toBytes(bytes, isLess(OPPOSITE, a) ? OPPOSITE : a);
}

/** Whether a < b, for carried limbs. */
function isLess(a: usize, b: usize): bool {
  for (let i: usize = FELT; i != 0; ) {
    i -= 4;
    const x = load<i32>(a + i);
    const y = load<i32>(b + i);
    if (x != y) return x < y;
  }
  return false;
}

/**
 * Writes R / c modulo N for each c of `count` (32 bytes below N and not 0, a stride apart), one after the other in FELT bytes each, for
 * divideUpToSign: with one inversion for all of them (Montgomery's trick).
 */
export function invertScalars(out: usize, c: usize, stride: usize, count: usize): void {
  // Until the inverse is known, a place holds the product of all numbers before its own.
  fromBytes(PRODUCT, c);
  for (let i: usize = 1; i < count; i++) {
    memory.copy(out + i * FELT, PRODUCT, FELT);
    fromBytes(FACTOR, c + i * stride);
    scalarMul(PRODUCT, PRODUCT, FACTOR);
  }
  if (!isLess(PRODUCT, ORDER)) addOrders(PRODUCT, -1);
  inverse(PRODUCT, PRODUCT, ORDER, N_INVERSE);
  // From (-27 N, 27 N), so that no product is negative.
  addOrders(PRODUCT, 27);
  scalarMul(PRODUCT, PRODUCT, R2N);
  for (let i = count - 1; i != 0; i--) {
    scalarMul(out + i * FELT, PRODUCT, out + i * FELT);
    fromBytes(FACTOR, c + i * stride);
    scalarMul(PRODUCT, PRODUCT, FACTOR);
  }
  memory.copy(out, PRODUCT, FELT);
}

/**
 * Writes a/c and b/c modulo N, each as the smaller of itself and its negative, as 32 bytes; a and b are 32 bytes below N, inverse is
 * from invertScalars. The results are at most (N - 1) / 2 < 2^250 + 2^197, which keeps sums of table entries from wrapping around N.
 */
export function divideUpToSign(aOut: usize, bOut: usize, a: usize, b: usize, inverse: usize): void {
  fromBytes(FACTOR, a);
  scalarMul(FIRST, FACTOR, inverse);
  fromBytes(FACTOR, b);
  scalarMul(SECOND, FACTOR, inverse);
  writeSmaller(aOut, FIRST);
  writeSmaller(bOut, SECOND);
}
