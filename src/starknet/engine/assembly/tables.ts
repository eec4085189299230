// Tables of multiples, so that a scalar multiplication needs no doublings: for every window of w bits of the scalar, the affine
// points 1 * 2^(w i) P ... 2^(w - 1) * 2^(w i) P. Digits are signed, so half of each window is stored.
import { ONE, ZERO, add, bitsAt, copy, mul, mulSub, settle, sqr, sqrSub, sub } from './field';
import { AFFINE, XYZZ, Y, addAffine, double, invert, normalise, setAffine } from './point';
import { append } from './sums';

/** Room for the first points of all windows of one table. */
const MAX_WINDOWS = 64;
const BASES = memory.data(64 * 144, 16);
const FIRSTS = memory.data(64 * 72, 16);
const DENOMINATOR = memory.data(36, 16);
const PRODUCT = memory.data(36, 16);
const SLOPE = memory.data(36, 16);
const SUM = memory.data(36, 16);
const AA = memory.data(36, 16);

/** Bytes of a table whose last window ends with the `last`-th multiple. */
// @ts-ignore: decorator
@inline
export function tableBytes(w: u32, windows: u32, last: u32): usize {
  return <usize>(((windows - 1) << (w - 1)) + last) * AFFINE;
}

/**
 * Writes the table of an affine point on the curve with this a. False when a point at infinity or a sum of equal points came up
 * (never for a point of the Stark curve: its order is a prime far above any multiple here); the table is then unusable.
 */
export function buildTable(table: usize, point: usize, a: usize, w: u32, windows: u32, last: u32): bool {
  if (windows > <u32>MAX_WINDOWS) return false;
  setAffine(BASES, point, false);
  for (let i: usize = 1; i < windows; i++) {
    const base = BASES + i * XYZZ;
    memory.copy(base, base - XYZZ, XYZZ);
    for (let k: u32 = 0; k < w; k++) double(base, a);
  }
  if (!normalise(FIRSTS, BASES, windows)) return false;
  const stride: usize = AFFINE << (w - 1);
  for (let i: usize = 0; i < windows; i++) memory.copy(table + i * stride, FIRSTS + i * AFFINE, AFFINE);
  for (let m: u32 = 1; m < <u32>1 << (w - 1); m <<= 1) {
    if (!extend(table, a, stride, windows, last, m)) return false;
  }
  return true;
}

/** From the multiples 1..m of every window to 1..2m, in affine coordinates with one inversion for all of them. */
function extend(table: usize, a: usize, stride: usize, windows: u32, last: u32, m: u32): bool {
  // Until the inverse is known, a new entry holds its slope's denominator and the product of all denominators before it.
  copy(PRODUCT, ONE);
  for (let i: u32 = 0; i < windows; i++) {
    const first = table + <usize>i * stride;
    const top = first + <usize>(m - 1) * AFFINE;
    const count: usize = newEntries(i, windows, last, m);
    for (let j: usize = 0; j < count; j++) {
      const entry = first + j * AFFINE;
      const next = top + (j + 1) * AFFINE;
      // At j + 1 = m the two are the same point, and the tangent takes the place of the chord.
      if (entry == top) add(next, entry + Y, entry + Y);
      else sub(next, entry, top);
      copy(next + Y, PRODUCT);
      mul(PRODUCT, PRODUCT, next);
    }
  }
  if (!invert(PRODUCT, PRODUCT)) return false;
  for (let i = <i32>windows - 1; i >= 0; i--) {
    const first = table + <usize>i * stride;
    const top = first + <usize>(m - 1) * AFFINE;
    for (let j = <i32>newEntries(i, windows, last, m) - 1; j >= 0; j--) {
      const entry = first + <usize>j * AFFINE;
      const next = top + <usize>(j + 1) * AFFINE;
      mul(DENOMINATOR, PRODUCT, next + Y);
      mul(PRODUCT, PRODUCT, next);
      if (entry == top) {
        sqr(SLOPE, entry);
        add(SUM, SLOPE, SLOPE);
        add(SLOPE, SLOPE, SUM);
        add(SLOPE, SLOPE, a);
      } else {
        sub(SLOPE, entry + Y, top + Y);
      }
      mul(SLOPE, SLOPE, DENOMINATOR);
      sqrSub(next, SLOPE, entry, top, ZERO);
      settle(next);
      sub(SUM, top, next);
      mulSub(next + Y, SLOPE, SUM, top + Y);
      settle(next + Y);
    }
  }
  return true;
}

/** How many of the multiples m+1..2m a window stores. */
function newEntries(window: u32, windows: u32, last: u32, m: u32): u32 {
  if (window + 1 < windows) return m;
  return last <= m ? 0 : min(m, last - m);
}

/** The carry out of the last window of the last listMultiple: 1 when its digit was negative. */
export let carried: u32 = 0;

/**
 * Appends what makes scalar * P by P's table to a list: one entry for each digit that is not 0. Returns the new end. Unless the caller
 * adds what was carried, the scalar must be at most 2^(w (windows - 1)) * (last + 1/2): no digit then reaches beyond its window.
 */
export function listMultiple(end: usize, table: usize, scalar: usize, w: u32, windows: u32): usize {
  const half: u32 = 1 << (w - 1);
  let carry: u32 = 0;
  for (let i: u32 = 0; i < windows; i++) {
    let digit = bitsAt(scalar, i * w, w) + carry;
    carry = digit > half ? 1 : 0;
    if (carry != 0) digit = (1 << w) - digit;
    if (digit != 0) end = append(end, table + <usize>((i << (w - 1)) + digit - 1) * AFFINE, carry);
  }
  carried = carry;
  return end;
}

const ODD_POINTS = memory.data(8 * 144, 16);
const ODD = memory.data(8 * 72, 16);
const TWICE = memory.data(144, 16);
const TWICE_AFFINE = memory.data(72, 16);
const DIGITS = memory.data(264, 16);

/**
 * sum = scalar * point for an affine point of prime order N without a table, by width-5 non-adjacent form; the scalar must be in
 * [1, N / 2]. False when a point at infinity came up on the way (never for such a point and scalar).
 */
export function multiply(sum: usize, point: usize, a: usize, scalar: usize): bool {
  setAffine(TWICE, point, false);
  double(TWICE, a);
  if (!normalise(TWICE_AFFINE, TWICE, 1)) return false;
  setAffine(ODD_POINTS, point, false);
  for (let i: usize = 1; i < 8; i++) {
    memory.copy(ODD_POINTS + i * XYZZ, ODD_POINTS + (i - 1) * XYZZ, XYZZ);
    addAffine(ODD_POINTS + i * XYZZ, TWICE_AFFINE, false);
  }
  if (!normalise(ODD, ODD_POINTS, 8)) return false;

  let length = 0;
  let carry: u32 = 0;
  memory.fill(DIGITS, 0, 264);
  for (let i: u32 = 0; i < 252; ) {
    if ((bitsAt(scalar, i, 1) ^ carry) == 0) {
      i++;
      continue;
    }
    const digit = bitsAt(scalar, i, 5) + carry;
    carry = digit >> 4;
    store<i8>(DIGITS + i, <i8>(<i32>digit - <i32>(carry << 5)));
    length = i + 1;
    i += 5;
  }
  if (length == 0) return false;
  for (let i = length - 1; i >= 0; i--) {
    if (i != length - 1) double(sum, a);
    const digit = <i32>load<i8>(DIGITS + i);
    if (digit == 0) continue;
    const entry = ODD + (<usize>abs(digit) >> 1) * AFFINE;
    if (i == length - 1) setAffine(sum, entry, digit < 0);
    else addAffine(sum, entry, digit < 0);
  }
  return true;
}
