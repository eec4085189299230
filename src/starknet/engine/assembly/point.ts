// Points of y^2 = x^3 + a x + b in XYZZ coordinates (x = X / ZZ, y = Y / ZZZ, ZZ^3 = ZZZ^2), after the Explicit-Formulas Database
// (shortw/xyzz: madd-2008-s, add-2008-s, dbl-2008-s-1). The additions are INCOMPLETE: for equal or opposite points they write
// ZZ = 0, which every further step keeps at 0. Check that ZZ is not 0 before you use a result.
//
// Bounds (see field.ts): x and y of an affine point are within 1.03p (tables: 0.51p; a negative y in either sign). From such points
// addAffine and double write X in (-1.1p, 3.1p) and Y, ZZ and ZZZ in (-1.1p, 0.1p]. On the way P, R and T reach -4.1p. Of an affine
// sum of sumLists (x below 90p, y below 7.3p) double writes X in (-1.2p, 2.7p) and the rest as
// above; its R reaches 23p.
import {
  ONE, R2, ZERO, add, allZero, canonical, copy, fromBytes, minusThrice, mul, mulMul, mulSub, negate, setWords, sqr, sqrSub, sub,
} from './field';
import { inverse } from './inverse';

/** Bytes of an affine point: x, y. */
// @ts-ignore: decorator
@inline export const AFFINE: usize = 72;
/** Bytes of a point in XYZZ coordinates: X, Y, ZZ, ZZZ. */
// @ts-ignore: decorator
@inline export const XYZZ: usize = 144;
// @ts-ignore: decorator
@inline export const Y: usize = 36;
// @ts-ignore: decorator
@inline export const ZZ: usize = 72;
// @ts-ignore: decorator
@inline export const ZZZ: usize = 108;

const P = memory.data(36, 16);
const R = memory.data(36, 16);
const PP = memory.data(36, 16);
const PPP = memory.data(36, 16);
const Q = memory.data(36, 16);
const T = memory.data(36, 16);
const U = memory.data(36, 16);
const PRIME = memory.data(36, 16);
const WORDS = memory.data(40, 16);

export function initPoint(): void {
  setWords(WORDS, 0x0800000000000011, 0, 0, 1);
  fromBytes(PRIME, WORDS);
}

/** out = 1 / a in Montgomery form. False, and out = 0, when a is 0. */
export function invert(out: usize, a: usize): bool {
  canonical(T, a);
  if (allZero(T)) {
    copy(out, ZERO);
    return false;
  }
  // p is 1 modulo 2^29, and so is its inverse.
  inverse(out, T, PRIME, 1);
  mul(out, out, R2);
  return true;
}

/** sum = an affine point. */
export function setAffine(sum: usize, point: usize, negative: bool): void {
  copy(sum, point);
  if (negative) negate(sum + Y, point + Y);
  else copy(sum + Y, point + Y);
  copy(sum + ZZ, ONE);
  copy(sum + ZZZ, ONE);
}

/** sum += an affine point, or its negative. ZZ becomes 0 if their x are equal. */
export function addAffine(sum: usize, point: usize, negative: bool): void {
  mulSub(P, point, sum + ZZ, sum);
  let y = point + Y;
  if (negative) {
    negate(T, y);
    y = T;
  }
  mulSub(R, y, sum + ZZZ, sum + Y);
  sqr(PP, P);
  mul(PPP, P, PP);
  mul(Q, sum, PP);
  mul(sum + ZZ, sum + ZZ, PP);
  mul(sum + ZZZ, sum + ZZZ, PPP);
  sqrSub(sum, R, PPP, Q, Q);
  sub(T, Q, sum);
  mulMul(sum + Y, R, T, sum + Y, PPP);
}

/** sum = 2 sum, on the curve with this a. */
export function double(sum: usize, a: usize): void {
  add(U, sum + Y, sum + Y);
  sqr(PP, U);
  mul(PPP, U, PP);
  mul(Q, sum, PP);
  sqr(T, sum);
  minusThrice(T, T);
  sqr(R, sum + ZZ);
  mulSub(R, R, a, T);
  sqrSub(sum, R, ZERO, Q, Q);
  sub(T, Q, sum);
  mulMul(sum + Y, R, T, sum + Y, PPP);
  mul(sum + ZZ, sum + ZZ, PP);
  mul(sum + ZZZ, sum + ZZZ, PPP);
}

/**
 * Writes `count` points of one address as affine points at another, with one inversion (Montgomery's trick). False when a
 * point is at infinity; then nothing of the output may be used.
 */
export function normalise(affine: usize, points: usize, count: i32): bool {
  copy(U, ONE);
  for (let i = 0; i < count; i++) {
    copy(affine + <usize>i * AFFINE, U);
    mul(U, U, points + <usize>i * XYZZ + ZZZ);
  }
  if (!invert(U, U)) return false;
  for (let i = count - 1; i >= 0; i--) {
    const from = points + <usize>i * XYZZ;
    const to = affine + <usize>i * AFFINE;
    mul(P, U, to);
    mul(U, U, from + ZZZ);
    mul(to + Y, from + Y, P);
    // 1 / Z = ZZ / ZZZ, and 1 / ZZ is its square.
    mul(P, P, from + ZZ);
    sqr(P, P);
    mul(to, from, P);
  }
  return true;
}
