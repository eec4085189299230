// Square roots modulo p, by Tonelli and Shanks. p - 1 = 2^192 m with m = 2^59 + 17, so the work is a discrete logarithm in the group
// of order 2^192: taken eight bits at a time with a table of powers. Variable time: never of a secret.
import { FELT, ONE, canonical, copy, isZero, mul, setFelt, sqr, sub } from './field';

/** Digits of the logarithm, in base 256. */
// @ts-ignore: decorator
@inline const DIGITS: i32 = 24;
// @ts-ignore: decorator
@inline const ROW: usize = 256 * 36;

/** Entry e of row j is g^(-e 256^j), for g = 3^m of order 2^192 (3 is no square modulo p). */
let powers: usize = 0;

const V = memory.data(36, 16);
const C = memory.data(24 * 36, 16);
const LOGARITHM = memory.data(32, 16);
const T = memory.data(36, 16);
/** Lowest limbs of the 256 entries of the last row, out of Montgomery form: all different. */
const LOWEST = memory.data(256 * 4, 16);

/** Bytes of the table of powers. */
// @ts-ignore: decorator
@inline
export function squareRootBytes(): usize {
  return <usize>DIGITS * ROW;
}

/** Writes the table of powers at an address. */
export function initSquareRoot(at: usize): void {
  powers = at;
  // 3^(-2^59 - 17) mod p.
  setFelt(V, 0x003ae6a386329b25, 0x973ebc68dbf44653, 0x4e6428affe8c0f24, 0xd90af58616019ce1);
  for (let j = 0; j < DIGITS; j++) {
    const row = at + <usize>j * ROW;
    copy(row, ONE);
    for (let e: usize = 1; e < 256; e++) mul(row + e * FELT, row + (e - 1) * FELT, V);
    mul(V, row + 255 * FELT, V);
  }
  const last = at + <usize>(DIGITS - 1) * ROW;
  for (let e: usize = 0; e < 256; e++) {
    canonical(T, last + e * FELT);
    store<i32>(LOWEST + (e << 2), load<i32>(T));
  }
}

// @ts-ignore: decorator
@inline
function power(row: i32, exponent: u8): usize {
  return powers + <usize>row * ROW + <usize>exponent * FELT;
}

/** out = a square root of a, one of the two. False when there is none. out must not be a. */
export function squareRoot(out: usize, a: usize): bool {
  // V = a^((m - 1) / 2) = a^(2^58 + 8), so that a V^2 = a^m = g^k for some k, and a V = a^((m + 1) / 2) is a root but for g^(-k / 2).
  copy(V, a);
  for (let i = 0; i < 55; i++) sqr(V, V);
  mul(V, V, a);
  for (let i = 0; i < 3; i++) sqr(V, V);
  mul(out, a, V);

  // C[j] = g^(k 256^j).
  mul(C, out, V);
  for (let j: usize = 1; j < <usize>DIGITS; j++) {
    const c = C + j * FELT;
    sqr(c, c - FELT);
    for (let i = 1; i < 8; i++) sqr(c, c);
  }
  // k's digits from the lowest: once those below are divided out of C[top - i], only digit i is left, times 256^top.
  const top = DIGITS - 1;
  for (let i = 0; i < DIGITS; i++) {
    copy(T, C + <usize>(top - i) * FELT);
    for (let l = 0; l < i; l++) mul(T, T, power(top - i + l, load<u8>(LOGARITHM + l)));
    canonical(T, T);
    // It is the inverse of an entry of the last row, which is another entry.
    const lowest = load<i32>(T);
    let e = 0;
    while (e < 256 && load<i32>(LOWEST + (e << 2)) != lowest) e++;
    if (e == 256) return false;
    store<u8>(LOGARITHM + i, <u8>(256 - e));
  }
  if (load<u8>(LOGARITHM) & 1) return false;
  for (let i = 0; i < DIGITS; i++) {
    const half = (load<u8>(LOGARITHM + i) >> 1) | (i < top ? load<u8>(LOGARITHM + i + 1) << 7 : 0);
    mul(out, out, power(i, half));
  }
  sqr(T, out);
  sub(T, T, a);
  return isZero(T);
}
