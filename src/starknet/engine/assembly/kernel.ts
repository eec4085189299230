// What the host may call: Pedersen hashes, signature checks and key recovery on the Stark curve. Variable time: no secret may enter.
// Arguments and results are 32-byte little-endian numbers in the slots at io(); the host checks every range before it calls.
import {
  FELT, ONE, add, bitsAt, copy, fromFelt, initField, isOne, isZero, mul, mulSub, setFelt, sqr, sqrSub, sub, toFelt,
} from './field';
import { AFFINE, XYZZ, Y, ZZ, ZZZ, addAffine, double, initPoint, invert, normalise, setAffine } from './point';
import { divideUpToSign, initScalar, invertScalars } from './scalar';
import { initSquareRoot, squareRoot, squareRootBytes } from './square-root';
import { append, closeList, list, sumList, sumLists, sumOf } from './sums';
import { buildTable, carried, listMultiple, multiply, tableBytes } from './tables';

// Outcomes of the calls below.
// @ts-ignore: decorator
@inline const NO: i32 = 0;
// @ts-ignore: decorator
@inline const YES: i32 = 1;
/** A point at infinity, or equal or opposite points where none should be: the caller must ask a complete implementation. */
// @ts-ignore: decorator
@inline const EXCEPTIONAL: i32 = 2;
/** Of recover(): one key only. */
// @ts-ignore: decorator
@inline const ONE_KEY: i32 = 3;

/** Bytes between two slots: a number and the padding that bitsAt may read. */
// @ts-ignore: decorator
@inline const SLOT: usize = 40;
/** Items of a batch, and slots of each. A call that is about one item uses the first. */
// @ts-ignore: decorator
@inline const ITEMS: usize = 16;
// @ts-ignore: decorator
@inline const SLOTS: usize = 16;
// @ts-ignore: decorator
@inline const ITEM: usize = SLOTS * SLOT;
const IO = memory.data(16 * 16 * 40, 16);
/** For every slot the address of a point or table that stands in its place, or 0. */
const PLACES = memory.data(16 * 16 * 4, 16);
/** For every item how many elements it has, and its outcome. */
const COUNTS = memory.data(16 * 4, 16);
const OUTCOMES = memory.data(16 * 4, 16);
const SCALAR_1 = memory.data(40, 16);
const SCALAR_2 = memory.data(40, 16);

// Windows of the tables of Pedersen's two inputs, of the generator and of a key. Measured; bench/engine.ts prints what they cost.
/** Of a hash's first input, which in a chain is the hash before it, so always full. */
// @ts-ignore: decorator
@inline const STATE_W: u32 = 13;
// @ts-ignore: decorator
@inline const STATE_WINDOWS: u32 = 248 / STATE_W;
/** What the windows leave of the low 248 bits is looked up together with the top four: see buildStarts. */
// @ts-ignore: decorator
@inline const STATE_BITS: u32 = STATE_W * STATE_WINDOWS;
// @ts-ignore: decorator
@inline const START_ROW: usize = (1 << (248 - STATE_BITS)) + 1;
/** Of a hash's second input: the low 248 bits and the carry of the last digit. */
// @ts-ignore: decorator
@inline const ELEMENT_W: u32 = 12;
// @ts-ignore: decorator
@inline const ELEMENT_WINDOWS: u32 = 248 / ELEMENT_W + 1;
// @ts-ignore: decorator
@inline const ELEMENT_LAST: u32 = 1 << (248 - ELEMENT_W * (ELEMENT_WINDOWS - 1));
/** Windows of an element below 2^64, the carry of its last digit included. */
// @ts-ignore: decorator
@inline const SMALL_WINDOWS: u32 = 64 / ELEMENT_W + 1;
// @ts-ignore: decorator
@inline const GENERATOR_W: u32 = 12;
/** Scalars are at most N / 2 < 2^250 + 2^197: bit 250 comes alone. */
// @ts-ignore: decorator
@inline const GENERATOR_WINDOWS: u32 = 250 / GENERATOR_W + 1;
// @ts-ignore: decorator
@inline const GENERATOR_LAST: u32 = 1 << (250 - GENERATOR_W * (GENERATOR_WINDOWS - 1));
// @ts-ignore: decorator
@inline const KEY_W: u32 = 6;
// @ts-ignore: decorator
@inline const KEY_WINDOWS: u32 = 250 / KEY_W + 1;
// @ts-ignore: decorator
@inline const KEY_LAST: u32 = 1 << (250 - KEY_W * (KEY_WINDOWS - 1));
/** An input's top four bits are 0..8, as p is a little above 8 * 2^248. */
// @ts-ignore: decorator
@inline const NIBBLES: usize = 9;
/** Points that the host may keep for states and for elements, to be used in their place. */
// @ts-ignore: decorator
@inline const KEPT_POINTS: usize = 4096 + 512;

let states: usize = 0;
/** shift + i P2 + j 2^STATE_BITS P1 at START_ROW i + j: where a hash starts, by the top bits of its state and the carry into them. */
let starts: usize = 0;
let elements: usize = 0;
/** P4 ... 8 P4: the top four bits of an element. */
let elementTops: usize = 0;
let generator: usize = 0;
let keptPoints: usize = 0;
let keyTables: usize = 0;

const CURVE_B = memory.data(36, 16);
const POINT = memory.data(72, 16);
const X = memory.data(36, 16);
const SUM = memory.data(144, 16);
const KEY_SUM = memory.data(144, 16);
const INVERSE = memory.data(36, 16);

export function io(): usize {
  return IO;
}

export function places(): usize {
  return PLACES;
}

export function counts(): usize {
  return COUNTS;
}

export function outcomes(): usize {
  return OUTCOMES;
}

/** Builds the constant tables. Once, before anything else; false when memory cannot be had or the constants are damaged. */
export function initialise(): bool {
  initField();
  initPoint();
  initScalar();
  states = (__heap_base + 63) & ~63;
  starts = states + tableBytes(STATE_W, STATE_WINDOWS + 1, 1);
  elements = starts + NIBBLES * START_ROW * AFFINE;
  elementTops = elements + tableBytes(ELEMENT_W, ELEMENT_WINDOWS, ELEMENT_LAST);
  generator = elementTops + 8 * AFFINE;
  keptPoints = generator + tableBytes(GENERATOR_W, GENERATOR_WINDOWS, GENERATOR_LAST);
  const roots = keptPoints + KEPT_POINTS * AFFINE;
  keyTables = roots + squareRootBytes();
  if (!reserve(keyTables)) return false;
  initSquareRoot(roots);

  // b, the generator and Pedersen's five points: https://docs.starkware.co/starkex/crypto/stark-curve.html and pedersen-hash-function.html.
  setFelt(CURVE_B, 0x06f21413efbe40de, 0x150e596d72f7a8c5, 0x609ad26c15c915c1, 0xf4cdfcb99cee9e89);
  setFelt(POINT, 0x01ef15c18599971b, 0x7beced415a40f0c7, 0xdeacfd9b0d1819e0, 0x3d723d8bc943cfca);
  setFelt(POINT + Y, 0x005668060aa49730, 0xb7be4801df46ec62, 0xde53ecd11abe43a3, 0x2873000c36e8dc1f);
  if (!buildTable(generator, POINT, ONE, GENERATOR_W, GENERATOR_WINDOWS, GENERATOR_LAST)) return false;
  setFelt(POINT, 0x0234287dcbaffe7f, 0x969c748655fca9e5, 0x8fa8120b6d56eb0c, 0x1080d17957ebe47b);
  setFelt(POINT + Y, 0x03b056f100f96fb2, 0x1e889527d41f4e39, 0x940135dd7a6c94cc, 0x6ed0268ee89e5615);
  // With one window more, of one entry, for buildStarts.
  if (!buildTable(states, POINT, ONE, STATE_W, STATE_WINDOWS + 1, 1)) return false;
  setFelt(POINT, 0x04ba4cc166be8dec, 0x764910f75b45f74b, 0x40c690c74709e90f, 0x3aa372f0bd2d6997);
  setFelt(POINT + Y, 0x0040301cf5c1751f, 0x4b971e46c4ede85f, 0xcac5c59a5ce5ae7c, 0x48151f27b24b219c);
  if (!buildTable(elements, POINT, ONE, ELEMENT_W, ELEMENT_WINDOWS, ELEMENT_LAST)) return false;
  setFelt(POINT, 0x054302dcb0e6cc1c, 0x6e44cca8f61a63bb, 0x2ca65048d53fb325, 0xd36ff12c49a58202);
  setFelt(POINT + Y, 0x01b77b3e37d13504, 0xb348046268d8ae25, 0xce98ad783c25561a, 0x879dcc77e99c2426);
  if (!buildTable(elementTops, POINT, ONE, 4, 1, 8)) return false;
  return buildStarts();
}

function buildStarts(): bool {
  // Not needed for long: it is where the tables of the keys will be.
  const points = keyTables;
  const count = NIBBLES * START_ROW;
  if (!reserve(points + count * XYZZ)) return false;
  setFelt(POINT, 0x049ee3eba8c16007, 0x00ee1b87eb599f16, 0x716b0b1022947733, 0x551fde4050ca6804);
  setFelt(POINT + Y, 0x03ca0cfe4b3bc6dd, 0xf346d49d06ea0ed3, 0x4e621062c0e056c1, 0xd0405d266e10268a);
  setAffine(points, POINT, false);
  setFelt(POINT, 0x04fa56f376c83db3, 0x3f9dab2656558f33, 0x99099ec1de5e3018, 0xb7a6932dba8aa378);
  setFelt(POINT + Y, 0x03fa0984c931c9e3, 0x8113e0c0e47e4401, 0x562761f92a7a23b4, 0x5168f4e80ff5b54d);
  const unit = states + ((<usize>STATE_WINDOWS << (STATE_W - 1)) * AFFINE);
  for (let i: usize = 0; i < count; i++) {
    const start = points + i * XYZZ;
    if (i % START_ROW != 0) {
      memory.copy(start, start - XYZZ, XYZZ);
      addAffine(start, unit, false);
    } else if (i != 0) {
      memory.copy(start, start - START_ROW * XYZZ, XYZZ);
      addAffine(start, POINT, false);
    }
  }
  if (!normalise(starts, points, <i32>count)) return false;
  memory.fill(points, 0, count * XYZZ);
  return true;
}

/** Makes memory reach up to an address. False when the host refuses. */
function reserve(end: usize): bool {
  const missing = <i32>((end + 0xffff) >> 16) - memory.size();
  return missing <= 0 || memory.grow(missing) >= 0;
}

/** Appends what makes shift + state * (P1, P2) to a list. */
function listState(end: usize, state: usize): usize {
  const first = end;
  end = listMultiple(end + 4, states, state, STATE_W, STATE_WINDOWS);
  const top = <usize>bitsAt(state, STATE_BITS, 248 - STATE_BITS) + carried;
  append(first, starts + (load<u8>(state, 31) * START_ROW + top) * AFFINE, 0);
  return end;
}

/** Appends what makes element * (P3, P4) to a list: nothing for 0. */
function listElement(end: usize, element: usize): usize {
  if ((load<u64>(element, 8) | load<u64>(element, 16) | load<u64>(element, 24)) == 0) {
    return listMultiple(end, elements, element, ELEMENT_W, SMALL_WINDOWS);
  }
  const top = <usize>load<u8>(element, 31);
  store<u8>(element, 0, 31);
  end = listMultiple(end, elements, element, ELEMENT_W, ELEMENT_WINDOWS);
  return top == 0 ? end : append(end, elementTops + (top - 1) * AFFINE, 0);
}

/** Appends what makes the hash of an item's state and of its n-th element to a list: the points kept for them, or the digits in the slots. */
function listHash(end: usize, item: usize, n: usize): usize {
  const slots = IO + item * ITEM;
  const kept = PLACES + item * SLOTS * 4;
  // What is kept for the state stands for the first one only.
  const start = n == 1 ? load<u32>(kept) : 0;
  end = start == 0 ? listState(end, slots) : append(end, start, 0);
  const point = load<u32>(kept + (n << 2));
  return point == 0 ? listElement(end, slots + n * SLOT) : append(end, point, 0);
}

/**
 * Continues the chain of Pedersen hashes of the first item: from its state, in slot 0, over its elements, in slots 1 to count, all below
 * p. The result takes the place of the state. YES, or EXCEPTIONAL.
 */
export function hashChain(): i32 {
  const count = countOf(0);
  for (let n: usize = 1; n <= count; n++) {
    sumList(SUM, list(0), listHash(list(0), 0, n));
    if (!writeX(IO, SUM)) return EXCEPTIONAL;
  }
  return YES;
}

/** hashChain for the first `items` items, one element of each at a time, with shared inversions. EXCEPTIONAL when that fails for any of them. */
export function hashChains(items: usize): i32 {
  for (let n: usize = 1; n < SLOTS; n++) {
    let lists: usize = 0;
    for (let item: usize = 0; item < items; item++) {
      if (countOf(item) < n) continue;
      closeList(lists, listHash(list(lists), item, n));
      lists++;
    }
    if (lists == 0) break;
    if (!sumLists(lists)) return EXCEPTIONAL;
    lists = 0;
    for (let item: usize = 0; item < items; item++) {
      if (countOf(item) < n) continue;
      toFelt(IO + item * ITEM, sumOf(lists));
      lists++;
    }
  }
  return YES;
}

/** How many elements an item has. */
// @ts-ignore: decorator
@inline
function countOf(item: usize): usize {
  return load<u32>(COUNTS + (item << 2));
}

/** The place of the n-th point that can be kept; 0 when there are fewer. */
export function keptPoint(n: usize): usize {
  return n < KEPT_POINTS ? keptPoints + n * AFFINE : 0;
}

/** Keeps the point of the state in slot 0. NO when there is none. */
export function keepState(place: usize): i32 {
  sumList(SUM, list(0), listState(list(0), IO));
  return normalise(place, SUM, 1) ? YES : NO;
}

/** Keeps the point of the element in slot 0. NO when there is none, as for 0. */
export function keepElement(place: usize): i32 {
  return sumList(SUM, list(0), listElement(list(0), IO)) && normalise(place, SUM, 1) ? YES : NO;
}

/** A slot = the x of a point. False when that is at infinity, or no point at all. */
function writeX(slot: usize, point: usize): bool {
  if (!invert(INVERSE, point + ZZ)) return false;
  mul(INVERSE, INVERSE, point);
  toFelt(slot, INVERSE);
  return true;
}

// A key is an x alone, and its y would cost a square root. With d = x^3 + x + b = y^2, the point (d x, d^2) lies on
// y^2 = x^3 + d^2 x + d^3 b, which is the curve itself stretched by y: (X, Y) there is (X / d, Y / (d y)) here. So multiples of the
// key are computed there, from x alone, and y appears only where the sign of the key does not matter.

const D = memory.data(36, 16);
const STRETCHED_A = memory.data(36, 16);
const STRETCHED = memory.data(72, 16);
const POWER = memory.data(36, 16);

/** Sets D, STRETCHED_A and STRETCHED for the x (Montgomery form) at X. False when x belongs to no point: d is not a square. */
function stretch(): bool {
  sqr(D, X);
  add(D, D, ONE);
  mul(D, D, X);
  add(D, D, CURVE_B);
  sqr(STRETCHED_A, D);
  mul(STRETCHED, D, X);
  copy(STRETCHED + Y, STRETCHED_A);
  // Euler: d^((p - 1) / 2) = 1. (p - 1) / 2 = 2^191 (2^59 + 17).
  copy(POWER, D);
  for (let i = 0; i < 59; i++) {
    sqr(POWER, POWER);
    if (i == 54) mul(POWER, POWER, D);
  }
  mul(POWER, POWER, D);
  for (let i = 0; i < 191; i++) sqr(POWER, POWER);
  return isOne(POWER);
}

/** Whether slot 0, below p, is the x of a point. */
export function isPublicKey(): i32 {
  fromFelt(X, IO);
  return stretch() ? YES : NO;
}

/** Bytes of a key's table: d, padding, then the points. */
export function keyTableBytes(): usize {
  return AFFINE + tableBytes(KEY_W, KEY_WINDOWS, KEY_LAST);
}

/** Address of the n-th key table, all tables before it included in memory; 0 when the host refuses the memory. */
export function keyTable(n: usize): usize {
  const table = keyTables + n * keyTableBytes();
  return reserve(table + keyTableBytes()) ? table : 0;
}

/** Writes the table of the key in slot 0, below p. NO when it is no key. */
export function buildKeyTable(table: usize): i32 {
  fromFelt(X, IO);
  if (!stretch()) return NO;
  copy(table, D);
  return buildTable(table + AFFINE, STRETCHED, STRETCHED_A, KEY_W, KEY_WINDOWS, KEY_LAST) ? YES : EXCEPTIONAL;
}

/** Whether r (slot 1) and s (slot 2) sign the hash (slot 0) under the key of a table. YES, NO or EXCEPTIONAL. */
export function verifyByTable(table: usize): i32 {
  return verifyItem(IO, table);
}

function verifyItem(slots: usize, table: usize): i32 {
  invertScalars(INVERSE, slots + 2 * SLOT, SLOT, 1);
  divideUpToSign(SCALAR_1, SCALAR_2, slots, slots + SLOT, INVERSE);
  sumList(KEY_SUM, list(0), listMultiple(list(0), table + AFFINE, SCALAR_2, KEY_W, KEY_WINDOWS));
  return sumWithHash(slots) ? sumHasX(slots, table) : keySumHasX(slots, table);
}

/** SUM = (hash / s) G. False, and no sum, for a hash of 0. */
function sumWithHash(slots: usize): bool {
  return sumList(SUM, list(0), listMultiple(list(0), generator, SCALAR_1, GENERATOR_W, GENERATOR_WINDOWS));
}

/** The same for the key in slot 3, below p, without a table. */
export function verifyByKey(): i32 {
  fromFelt(X, IO + 3 * SLOT);
  if (!stretch()) return NO;
  invertScalars(INVERSE, IO + 2 * SLOT, SLOT, 1);
  divideUpToSign(SCALAR_1, SCALAR_2, IO, IO + SLOT, INVERSE);
  if (!multiply(KEY_SUM, STRETCHED, STRETCHED_A, SCALAR_2)) return EXCEPTIONAL;
  return sumWithHash(IO) ? sumHasX(IO, D) : keySumHasX(IO, D);
}

const INVERSES = memory.data(16 * 36, 16);

/**
 * verifyByTable for the first `items` items, each with its table's address in the place of its first slot, with shared inversions. Writes
 * every item's own outcome. EXCEPTIONAL, and no outcomes, when the sharing fails.
 */
export function verifyByTables(items: usize): i32 {
  invertScalars(INVERSES, IO + 2 * SLOT, ITEM, items);
  for (let item: usize = 0; item < items; item++) {
    const slots = IO + item * ITEM;
    divideUpToSign(SCALAR_1, SCALAR_2, slots, slots + SLOT, INVERSES + item * FELT);
    const hashList = list(2 * item);
    const keyList = list(2 * item + 1);
    closeList(2 * item, listMultiple(hashList, generator, SCALAR_1, GENERATOR_W, GENERATOR_WINDOWS));
    closeList(2 * item + 1, listMultiple(keyList, tableOf(item) + AFFINE, SCALAR_2, KEY_W, KEY_WINDOWS));
  }
  if (!sumLists(2 * items)) return EXCEPTIONAL;
  for (let item: usize = 0; item < items; item++) {
    const slots = IO + item * ITEM;
    const hashPoint = sumOf(2 * item);
    setAffine(KEY_SUM, sumOf(2 * item + 1), false);
    if (hashPoint != 0) setAffine(SUM, hashPoint, false);
    const outcome = hashPoint == 0 ? keySumHasX(slots, tableOf(item)) : sumHasX(slots, tableOf(item));
    store<i32>(OUTCOMES + (item << 2), outcome);
  }
  return YES;
}

// @ts-ignore: decorator
@inline
function tableOf(item: usize): usize {
  return load<u32>(PLACES + item * SLOTS * 4);
}

const R_X = memory.data(36, 16);
const W = memory.data(36, 16);
const U1 = memory.data(36, 16);
const U2 = memory.data(36, 16);
const DD = memory.data(36, 16);
const PP = memory.data(36, 16);
const S1 = memory.data(36, 16);
const S2 = memory.data(36, 16);
const L = memory.data(36, 16);
const T = memory.data(36, 16);

/**
 * Whether r (slot 1) is the x of A + B or of A - B, for A = SUM on the curve and B = KEY_SUM on the curve stretched by d.
 * With xA = U1 / D, xB = U2 / D, yA^2 = S1 / D^3 and yB^2 = S2 / D^3, x(A +- B) = (yA -+ yB)^2 / (xA - xB)^2 - xA - xB; so r is
 * one of the two exactly when L = (r D + U1 + U2) (U1 - U2)^2 - S1 - S2 is one of -+2 yA yB D^3: when L^2 = 4 S1 S2.
 */
function sumHasX(slots: usize, d: usize): i32 {
  mul(W, KEY_SUM + ZZ, d);
  mul(DD, SUM + ZZ, W);
  mul(U1, SUM, W);
  mul(U2, KEY_SUM, SUM + ZZ);
  sub(T, U1, U2);
  fromFelt(R_X, slots + SLOT);
  // At D = 0 or A = +-B both sides are equal whatever r is: believing them would accept a forgery.
  mul(L, T, DD);
  if (isZero(L)) return isZero(DD) ? EXCEPTIONAL : doubleHasX();
  sqr(PP, T);
  sqr(S1, SUM + Y);
  sqr(T, W);
  mul(T, T, W);
  mul(S1, S1, T);
  sqr(S2, KEY_SUM + Y);
  sqr(T, SUM + ZZ);
  mul(T, T, SUM + ZZ);
  mul(S2, S2, T);
  mul(L, R_X, DD);
  add(L, L, U1);
  add(L, L, U2);
  add(T, S1, S2);
  mulSub(L, L, PP, T);
  mul(T, S1, S2);
  add(T, T, T);
  add(T, T, T);
  sqr(L, L);
  sub(T, L, T);
  return isZero(T) ? YES : NO;
}

/**
 * Whether R_X is the x of A + B or A - B where A = +-B: one of them is 2 A, the other infinity, which has no x. Anyone can make this case,
 * by r = +-hash / d for a key d of his own, so it must not cost more than others.
 */
function doubleHasX(): i32 {
  double(SUM, ONE);
  return isX(SUM, SUM + ZZ);
}

/** Whether r (slot 1) is the x of KEY_SUM, on the curve stretched by d: for a hash of 0, where A is infinity. */
function keySumHasX(slots: usize, d: usize): i32 {
  fromFelt(R_X, slots + SLOT);
  mul(W, KEY_SUM + ZZ, d);
  return isX(KEY_SUM, W);
}

/** Whether R_X = x / zz. EXCEPTIONAL at zz = 0, where r zz = x could hold for every r. */
function isX(x: usize, zz: usize): i32 {
  if (isZero(zz)) return EXCEPTIONAL;
  mul(T, R_X, zz);
  sub(T, T, x);
  return isZero(T) ? YES : NO;
}

/**
 * Slots 0 and 1 = the x-only keys under which r (slot 1) and s (slot 2) sign the hash (slot 0): Q = (s / r) R -+ (hash / r) G for
 * the two points R with x = r. ONE_KEY when they are one, or one of them is infinity; NO when r belongs to no point.
 */
export function recover(): i32 {
  fromFelt(X, IO + SLOT);
  if (!stretch()) return NO;
  invertScalars(INVERSE, IO + SLOT, SLOT, 1);
  divideUpToSign(SCALAR_1, SCALAR_2, IO, IO + 2 * SLOT, INVERSE);
  if (!multiply(KEY_SUM, STRETCHED, STRETCHED_A, SCALAR_2) || !squareRoot(T, D)) return EXCEPTIONAL;
  // Back from the stretched curve.
  mul(KEY_SUM + ZZ, KEY_SUM + ZZ, D);
  mul(KEY_SUM + ZZZ, KEY_SUM + ZZZ, D);
  mul(KEY_SUM + ZZZ, KEY_SUM + ZZZ, T);
  // With a hash of 0 the two keys are opposite points.
  if (!sumWithHash(IO)) return writeX(IO, KEY_SUM) ? ONE_KEY : EXCEPTIONAL;
  return writeSumAndDifference();
}

/** Writes the x of SUM + KEY_SUM and of SUM - KEY_SUM, both on the curve, to slots 0 and 1 (add-2008-s, shared by both signs). */
function writeSumAndDifference(): i32 {
  mul(U1, SUM, KEY_SUM + ZZ);
  mul(U2, KEY_SUM, SUM + ZZ);
  mul(S1, SUM + Y, KEY_SUM + ZZZ);
  mul(S2, KEY_SUM + Y, SUM + ZZZ);
  sub(T, U2, U1);
  sqr(PP, T);
  mul(DD, SUM + ZZ, KEY_SUM + ZZ);
  mul(W, DD, PP);
  if (!invert(INVERSE, W)) {
    // Equal or opposite points, which anyone can make: one key is their double, the other infinity, which is none.
    if (isZero(DD)) return EXCEPTIONAL;
    double(SUM, ONE);
    return writeX(IO, SUM) ? ONE_KEY : EXCEPTIONAL;
  }
  mul(T, T, PP);
  mul(U1, U1, PP);
  sub(L, S2, S1);
  sqrSub(L, L, T, U1, U1);
  mul(L, L, INVERSE);
  toFelt(IO, L);
  add(L, S2, S1);
  sqrSub(L, L, T, U1, U1);
  mul(L, L, INVERSE);
  toFelt(IO + SLOT, L);
  return YES;
}
