// Arithmetic modulo p = 2^251 + 17 * 2^192 + 1, the field of the Stark curve. Variable time: it must never see a secret.
// A number is nine signed limbs of 29 bits (36 bytes, least significant first), and stands for itself times R = 2^261
// (Montgomery form).
//
// Bounds of limbs. What a product writes has limbs 0..7 in [0, 2^29) and a signed limb 8, the value divided by 2^232; call that
// tidy. A difference of two tidy numbers may be an operand as it is: its limbs are in (-2^29, 2^29), nine products of them
// stay below 2^61.2, and two such sums (mulMul) below 2^62.2: within a signed 64-bit column, with room for the carry from the
// column before (2^34) and for the multiples of p (2^52). A sum of two tidy numbers must be carried first: add(). Limb 8 keeps to
// the same limits while the value is below 2^9 p.
//
// Bounds of values. A product takes a multiple of p below R p off a b, and divides by R: it is in (a b / R - p, a b / R]. As R is
// 1024 p but for one part in 2^54, for |a| <= A p, |b| <= B p, |c| <= C p and |d| <= D p, in multiples of p:
//   mul      (-1 - A B / 1023, A B / 1023]         sqr      (-1, A^2 / 1023]
//   mulSub   the same, less c                      sqrSub   the same, less b + c + d
//   mulMul   (-1 - (A B + C D) / 1023, (A B + C D) / 1023]
// So a product of small operands is in (-1.03p, 0.03p], whatever they are exactly, and only what is subtracted behind the
// reduction adds up: point.ts and sums.ts say how far. The largest number anywhere is below 90p (sumLists), the largest difference
// below 130p: all far below R, which is what canonical() needs.

// @ts-ignore: decorator
@inline export const BITS: i64 = 29;
// @ts-ignore: decorator
@inline export const MASK: i64 = 0x1fffffff;
/** Bytes of one number. */
// @ts-ignore: decorator
@inline export const FELT: usize = 36;

/** p's limbs are 1, 0, 0, 0, 0, 0, P6, 0, 2^P8_SHIFT. */
// @ts-ignore: decorator
@inline const P6: i64 = 17 << 18;
// @ts-ignore: decorator
@inline const P8_SHIFT: i64 = 19;

// @ts-ignore: decorator
@inline
export function limb(a: usize, offset: usize): i64 {
  return <i64>load<i32>(a + offset);
}

// @ts-ignore: decorator
@inline
export function setLimb(out: usize, offset: usize, value: i64): void {
  store<i32>(out + offset, <i32>value);
}

/** R^2 mod p = 2^522 mod p, most significant word first. */
// @ts-ignore: decorator
@inline const R2_3: u64 = 0x0752ad7802200010;
// @ts-ignore: decorator
@inline const R2_2: u64 = 0xfffffffdbe000000;
// @ts-ignore: decorator
@inline const R2_1: u64 = 0x000004cc3fffffff;
// @ts-ignore: decorator
@inline const R2_0: u64 = 0xfff5cdf800100001;

// A product goes up the columns c of its limbs. At column k the multiple q p 2^(29 k) is subtracted, for q the low 29 bits of c: p is 1
// modulo 2^29, so that clears them, and p has only two other limbs, which are subtracted six and eight columns higher. Columns 0..8
// are then empty, and the others hold the product divided by R.

/** out = a b / R mod p. */
export function mul(out: usize, a: usize, b: usize): void {
  const a0 = limb(a, 0);
  const a1 = limb(a, 4);
  const a2 = limb(a, 8);
  const a3 = limb(a, 12);
  const a4 = limb(a, 16);
  const a5 = limb(a, 20);
  const a6 = limb(a, 24);
  const a7 = limb(a, 28);
  const a8 = limb(a, 32);
  const b0 = limb(b, 0);
  const b1 = limb(b, 4);
  const b2 = limb(b, 8);
  const b3 = limb(b, 12);
  const b4 = limb(b, 16);
  const b5 = limb(b, 20);
  const b6 = limb(b, 24);
  const b7 = limb(b, 28);
  const b8 = limb(b, 32);
  const c0 = a0 * b0;
  const q0 = c0 & MASK;
  const c1 = (a0 * b1 + a1 * b0) + (c0 >> BITS);
  const q1 = c1 & MASK;
  const c2 = (a0 * b2 + a1 * b1) + a2 * b0 + (c1 >> BITS);
  const q2 = c2 & MASK;
  const c3 = (a0 * b3 + a1 * b2) + (a2 * b1 + a3 * b0) + (c2 >> BITS);
  const q3 = c3 & MASK;
  const c4 = (a0 * b4 + a1 * b3) + (a2 * b2 + a3 * b1) + a4 * b0 + (c3 >> BITS);
  const q4 = c4 & MASK;
  const c5 = (a0 * b5 + a1 * b4) + (a2 * b3 + a3 * b2) + (a4 * b1 + a5 * b0) + (c4 >> BITS);
  const q5 = c5 & MASK;
  const c6 = (a0 * b6 + a1 * b5) + (a2 * b4 + a3 * b3) + (a4 * b2 + a5 * b1) + a6 * b0 + (c5 >> BITS) - q0 * P6;
  const q6 = c6 & MASK;
  const c7 = (a0 * b7 + a1 * b6) + (a2 * b5 + a3 * b4) + (a4 * b3 + a5 * b2) + (a6 * b1 + a7 * b0) + (c6 >> BITS) - q1 * P6;
  const q7 = c7 & MASK;
  const c8 = (a0 * b8 + a1 * b7) + (a2 * b6 + a3 * b5) + (a4 * b4 + a5 * b3) + (a6 * b2 + a7 * b1) + a8 * b0 + (c7 >> BITS) - q2 * P6 - (q0 << P8_SHIFT);
  const q8 = c8 & MASK;
  const c9 = (a1 * b8 + a2 * b7) + (a3 * b6 + a4 * b5) + (a5 * b4 + a6 * b3) + (a7 * b2 + a8 * b1) + (c8 >> BITS) - q3 * P6 - (q1 << P8_SHIFT);
  setLimb(out, 0, c9 & MASK);
  const c10 = (a2 * b8 + a3 * b7) + (a4 * b6 + a5 * b5) + (a6 * b4 + a7 * b3) + a8 * b2 + (c9 >> BITS) - q4 * P6 - (q2 << P8_SHIFT);
  setLimb(out, 4, c10 & MASK);
  const c11 = (a3 * b8 + a4 * b7) + (a5 * b6 + a6 * b5) + (a7 * b4 + a8 * b3) + (c10 >> BITS) - q5 * P6 - (q3 << P8_SHIFT);
  setLimb(out, 8, c11 & MASK);
  const c12 = (a4 * b8 + a5 * b7) + (a6 * b6 + a7 * b5) + a8 * b4 + (c11 >> BITS) - q6 * P6 - (q4 << P8_SHIFT);
  setLimb(out, 12, c12 & MASK);
  const c13 = (a5 * b8 + a6 * b7) + (a7 * b6 + a8 * b5) + (c12 >> BITS) - q7 * P6 - (q5 << P8_SHIFT);
  setLimb(out, 16, c13 & MASK);
  const c14 = (a6 * b8 + a7 * b7) + a8 * b6 + (c13 >> BITS) - q8 * P6 - (q6 << P8_SHIFT);
  setLimb(out, 20, c14 & MASK);
  const c15 = (a7 * b8 + a8 * b7) + (c14 >> BITS) - (q7 << P8_SHIFT);
  setLimb(out, 24, c15 & MASK);
  const c16 = a8 * b8 + (c15 >> BITS) - (q8 << P8_SHIFT);
  setLimb(out, 28, c16 & MASK);
  setLimb(out, 32, (c16 >> BITS));
}

/** out = a b / R - c mod p. */
export function mulSub(out: usize, a: usize, b: usize, c: usize): void {
  const a0 = limb(a, 0);
  const a1 = limb(a, 4);
  const a2 = limb(a, 8);
  const a3 = limb(a, 12);
  const a4 = limb(a, 16);
  const a5 = limb(a, 20);
  const a6 = limb(a, 24);
  const a7 = limb(a, 28);
  const a8 = limb(a, 32);
  const b0 = limb(b, 0);
  const b1 = limb(b, 4);
  const b2 = limb(b, 8);
  const b3 = limb(b, 12);
  const b4 = limb(b, 16);
  const b5 = limb(b, 20);
  const b6 = limb(b, 24);
  const b7 = limb(b, 28);
  const b8 = limb(b, 32);
  const c0 = a0 * b0;
  const q0 = c0 & MASK;
  const c1 = (a0 * b1 + a1 * b0) + (c0 >> BITS);
  const q1 = c1 & MASK;
  const c2 = (a0 * b2 + a1 * b1) + a2 * b0 + (c1 >> BITS);
  const q2 = c2 & MASK;
  const c3 = (a0 * b3 + a1 * b2) + (a2 * b1 + a3 * b0) + (c2 >> BITS);
  const q3 = c3 & MASK;
  const c4 = (a0 * b4 + a1 * b3) + (a2 * b2 + a3 * b1) + a4 * b0 + (c3 >> BITS);
  const q4 = c4 & MASK;
  const c5 = (a0 * b5 + a1 * b4) + (a2 * b3 + a3 * b2) + (a4 * b1 + a5 * b0) + (c4 >> BITS);
  const q5 = c5 & MASK;
  const c6 = (a0 * b6 + a1 * b5) + (a2 * b4 + a3 * b3) + (a4 * b2 + a5 * b1) + a6 * b0 + (c5 >> BITS) - q0 * P6;
  const q6 = c6 & MASK;
  const c7 = (a0 * b7 + a1 * b6) + (a2 * b5 + a3 * b4) + (a4 * b3 + a5 * b2) + (a6 * b1 + a7 * b0) + (c6 >> BITS) - q1 * P6;
  const q7 = c7 & MASK;
  const c8 = (a0 * b8 + a1 * b7) + (a2 * b6 + a3 * b5) + (a4 * b4 + a5 * b3) + (a6 * b2 + a7 * b1) + a8 * b0 + (c7 >> BITS) - q2 * P6 - (q0 << P8_SHIFT);
  const q8 = c8 & MASK;
  const c9 = (a1 * b8 + a2 * b7) + (a3 * b6 + a4 * b5) + (a5 * b4 + a6 * b3) + (a7 * b2 + a8 * b1) + (c8 >> BITS) - q3 * P6 - (q1 << P8_SHIFT) - limb(c, 0);
  setLimb(out, 0, c9 & MASK);
  const c10 = (a2 * b8 + a3 * b7) + (a4 * b6 + a5 * b5) + (a6 * b4 + a7 * b3) + a8 * b2 + (c9 >> BITS) - q4 * P6 - (q2 << P8_SHIFT) - limb(c, 4);
  setLimb(out, 4, c10 & MASK);
  const c11 = (a3 * b8 + a4 * b7) + (a5 * b6 + a6 * b5) + (a7 * b4 + a8 * b3) + (c10 >> BITS) - q5 * P6 - (q3 << P8_SHIFT) - limb(c, 8);
  setLimb(out, 8, c11 & MASK);
  const c12 = (a4 * b8 + a5 * b7) + (a6 * b6 + a7 * b5) + a8 * b4 + (c11 >> BITS) - q6 * P6 - (q4 << P8_SHIFT) - limb(c, 12);
  setLimb(out, 12, c12 & MASK);
  const c13 = (a5 * b8 + a6 * b7) + (a7 * b6 + a8 * b5) + (c12 >> BITS) - q7 * P6 - (q5 << P8_SHIFT) - limb(c, 16);
  setLimb(out, 16, c13 & MASK);
  const c14 = (a6 * b8 + a7 * b7) + a8 * b6 + (c13 >> BITS) - q8 * P6 - (q6 << P8_SHIFT) - limb(c, 20);
  setLimb(out, 20, c14 & MASK);
  const c15 = (a7 * b8 + a8 * b7) + (c14 >> BITS) - (q7 << P8_SHIFT) - limb(c, 24);
  setLimb(out, 24, c15 & MASK);
  const c16 = a8 * b8 + (c15 >> BITS) - (q8 << P8_SHIFT) - limb(c, 28);
  setLimb(out, 28, c16 & MASK);
  setLimb(out, 32, (c16 >> BITS) - limb(c, 32));
}

/** out = a^2 / R mod p. */
export function sqr(out: usize, a: usize): void {
  const a0 = limb(a, 0);
  const a1 = limb(a, 4);
  const a2 = limb(a, 8);
  const a3 = limb(a, 12);
  const a4 = limb(a, 16);
  const a5 = limb(a, 20);
  const a6 = limb(a, 24);
  const a7 = limb(a, 28);
  const a8 = limb(a, 32);
  const d0 = a0 << 1;
  const d1 = a1 << 1;
  const d2 = a2 << 1;
  const d3 = a3 << 1;
  const d4 = a4 << 1;
  const d5 = a5 << 1;
  const d6 = a6 << 1;
  const d7 = a7 << 1;
  const c0 = a0 * a0;
  const q0 = c0 & MASK;
  const c1 = d0 * a1 + (c0 >> BITS);
  const q1 = c1 & MASK;
  const c2 = (d0 * a2 + a1 * a1) + (c1 >> BITS);
  const q2 = c2 & MASK;
  const c3 = (d0 * a3 + d1 * a2) + (c2 >> BITS);
  const q3 = c3 & MASK;
  const c4 = (d0 * a4 + d1 * a3) + a2 * a2 + (c3 >> BITS);
  const q4 = c4 & MASK;
  const c5 = (d0 * a5 + d1 * a4) + d2 * a3 + (c4 >> BITS);
  const q5 = c5 & MASK;
  const c6 = (d0 * a6 + d1 * a5) + (d2 * a4 + a3 * a3) + (c5 >> BITS) - q0 * P6;
  const q6 = c6 & MASK;
  const c7 = (d0 * a7 + d1 * a6) + (d2 * a5 + d3 * a4) + (c6 >> BITS) - q1 * P6;
  const q7 = c7 & MASK;
  const c8 = (d0 * a8 + d1 * a7) + (d2 * a6 + d3 * a5) + a4 * a4 + (c7 >> BITS) - q2 * P6 - (q0 << P8_SHIFT);
  const q8 = c8 & MASK;
  const c9 = (d1 * a8 + d2 * a7) + (d3 * a6 + d4 * a5) + (c8 >> BITS) - q3 * P6 - (q1 << P8_SHIFT);
  setLimb(out, 0, c9 & MASK);
  const c10 = (d2 * a8 + d3 * a7) + (d4 * a6 + a5 * a5) + (c9 >> BITS) - q4 * P6 - (q2 << P8_SHIFT);
  setLimb(out, 4, c10 & MASK);
  const c11 = (d3 * a8 + d4 * a7) + d5 * a6 + (c10 >> BITS) - q5 * P6 - (q3 << P8_SHIFT);
  setLimb(out, 8, c11 & MASK);
  const c12 = (d4 * a8 + d5 * a7) + a6 * a6 + (c11 >> BITS) - q6 * P6 - (q4 << P8_SHIFT);
  setLimb(out, 12, c12 & MASK);
  const c13 = (d5 * a8 + d6 * a7) + (c12 >> BITS) - q7 * P6 - (q5 << P8_SHIFT);
  setLimb(out, 16, c13 & MASK);
  const c14 = (d6 * a8 + a7 * a7) + (c13 >> BITS) - q8 * P6 - (q6 << P8_SHIFT);
  setLimb(out, 20, c14 & MASK);
  const c15 = d7 * a8 + (c14 >> BITS) - (q7 << P8_SHIFT);
  setLimb(out, 24, c15 & MASK);
  const c16 = a8 * a8 + (c15 >> BITS) - (q8 << P8_SHIFT);
  setLimb(out, 28, c16 & MASK);
  setLimb(out, 32, (c16 >> BITS));
}

/** out = a^2 / R - b - c - d mod p. */
export function sqrSub(out: usize, a: usize, b: usize, c: usize, d: usize): void {
  const a0 = limb(a, 0);
  const a1 = limb(a, 4);
  const a2 = limb(a, 8);
  const a3 = limb(a, 12);
  const a4 = limb(a, 16);
  const a5 = limb(a, 20);
  const a6 = limb(a, 24);
  const a7 = limb(a, 28);
  const a8 = limb(a, 32);
  const d0 = a0 << 1;
  const d1 = a1 << 1;
  const d2 = a2 << 1;
  const d3 = a3 << 1;
  const d4 = a4 << 1;
  const d5 = a5 << 1;
  const d6 = a6 << 1;
  const d7 = a7 << 1;
  const c0 = a0 * a0;
  const q0 = c0 & MASK;
  const c1 = d0 * a1 + (c0 >> BITS);
  const q1 = c1 & MASK;
  const c2 = (d0 * a2 + a1 * a1) + (c1 >> BITS);
  const q2 = c2 & MASK;
  const c3 = (d0 * a3 + d1 * a2) + (c2 >> BITS);
  const q3 = c3 & MASK;
  const c4 = (d0 * a4 + d1 * a3) + a2 * a2 + (c3 >> BITS);
  const q4 = c4 & MASK;
  const c5 = (d0 * a5 + d1 * a4) + d2 * a3 + (c4 >> BITS);
  const q5 = c5 & MASK;
  const c6 = (d0 * a6 + d1 * a5) + (d2 * a4 + a3 * a3) + (c5 >> BITS) - q0 * P6;
  const q6 = c6 & MASK;
  const c7 = (d0 * a7 + d1 * a6) + (d2 * a5 + d3 * a4) + (c6 >> BITS) - q1 * P6;
  const q7 = c7 & MASK;
  const c8 = (d0 * a8 + d1 * a7) + (d2 * a6 + d3 * a5) + a4 * a4 + (c7 >> BITS) - q2 * P6 - (q0 << P8_SHIFT);
  const q8 = c8 & MASK;
  const c9 = (d1 * a8 + d2 * a7) + (d3 * a6 + d4 * a5) + (c8 >> BITS) - q3 * P6 - (q1 << P8_SHIFT) - limb(b, 0) - limb(c, 0) - limb(d, 0);
  setLimb(out, 0, c9 & MASK);
  const c10 = (d2 * a8 + d3 * a7) + (d4 * a6 + a5 * a5) + (c9 >> BITS) - q4 * P6 - (q2 << P8_SHIFT) - limb(b, 4) - limb(c, 4) - limb(d, 4);
  setLimb(out, 4, c10 & MASK);
  const c11 = (d3 * a8 + d4 * a7) + d5 * a6 + (c10 >> BITS) - q5 * P6 - (q3 << P8_SHIFT) - limb(b, 8) - limb(c, 8) - limb(d, 8);
  setLimb(out, 8, c11 & MASK);
  const c12 = (d4 * a8 + d5 * a7) + a6 * a6 + (c11 >> BITS) - q6 * P6 - (q4 << P8_SHIFT) - limb(b, 12) - limb(c, 12) - limb(d, 12);
  setLimb(out, 12, c12 & MASK);
  const c13 = (d5 * a8 + d6 * a7) + (c12 >> BITS) - q7 * P6 - (q5 << P8_SHIFT) - limb(b, 16) - limb(c, 16) - limb(d, 16);
  setLimb(out, 16, c13 & MASK);
  const c14 = (d6 * a8 + a7 * a7) + (c13 >> BITS) - q8 * P6 - (q6 << P8_SHIFT) - limb(b, 20) - limb(c, 20) - limb(d, 20);
  setLimb(out, 20, c14 & MASK);
  const c15 = d7 * a8 + (c14 >> BITS) - (q7 << P8_SHIFT) - limb(b, 24) - limb(c, 24) - limb(d, 24);
  setLimb(out, 24, c15 & MASK);
  const c16 = a8 * a8 + (c15 >> BITS) - (q8 << P8_SHIFT) - limb(b, 28) - limb(c, 28) - limb(d, 28);
  setLimb(out, 28, c16 & MASK);
  setLimb(out, 32, (c16 >> BITS) - limb(b, 32) - limb(c, 32) - limb(d, 32));
}

/** out = (a b - c d) / R mod p, in one reduction. */
export function mulMul(out: usize, a: usize, b: usize, c: usize, d: usize): void {
  const a0 = limb(a, 0);
  const a1 = limb(a, 4);
  const a2 = limb(a, 8);
  const a3 = limb(a, 12);
  const a4 = limb(a, 16);
  const a5 = limb(a, 20);
  const a6 = limb(a, 24);
  const a7 = limb(a, 28);
  const a8 = limb(a, 32);
  const b0 = limb(b, 0);
  const b1 = limb(b, 4);
  const b2 = limb(b, 8);
  const b3 = limb(b, 12);
  const b4 = limb(b, 16);
  const b5 = limb(b, 20);
  const b6 = limb(b, 24);
  const b7 = limb(b, 28);
  const b8 = limb(b, 32);
  const c0_ = limb(c, 0);
  const c1_ = limb(c, 4);
  const c2_ = limb(c, 8);
  const c3_ = limb(c, 12);
  const c4_ = limb(c, 16);
  const c5_ = limb(c, 20);
  const c6_ = limb(c, 24);
  const c7_ = limb(c, 28);
  const c8_ = limb(c, 32);
  const d0 = limb(d, 0);
  const d1 = limb(d, 4);
  const d2 = limb(d, 8);
  const d3 = limb(d, 12);
  const d4 = limb(d, 16);
  const d5 = limb(d, 20);
  const d6 = limb(d, 24);
  const d7 = limb(d, 28);
  const d8 = limb(d, 32);
  const c0 = (a0 * b0) - (c0_ * d0);
  const q0 = c0 & MASK;
  const c1 = ((a0 * b1 + a1 * b0)) - ((c0_ * d1 + c1_ * d0)) + (c0 >> BITS);
  const q1 = c1 & MASK;
  const c2 = ((a0 * b2 + a1 * b1) + a2 * b0) - ((c0_ * d2 + c1_ * d1) + c2_ * d0) + (c1 >> BITS);
  const q2 = c2 & MASK;
  const c3 = ((a0 * b3 + a1 * b2) + (a2 * b1 + a3 * b0)) - ((c0_ * d3 + c1_ * d2) + (c2_ * d1 + c3_ * d0)) + (c2 >> BITS);
  const q3 = c3 & MASK;
  const c4 = ((a0 * b4 + a1 * b3) + (a2 * b2 + a3 * b1) + a4 * b0) - ((c0_ * d4 + c1_ * d3) + (c2_ * d2 + c3_ * d1) + c4_ * d0) + (c3 >> BITS);
  const q4 = c4 & MASK;
  const c5 = ((a0 * b5 + a1 * b4) + (a2 * b3 + a3 * b2) + (a4 * b1 + a5 * b0)) - ((c0_ * d5 + c1_ * d4) + (c2_ * d3 + c3_ * d2) + (c4_ * d1 + c5_ * d0)) + (c4 >> BITS);
  const q5 = c5 & MASK;
  const c6 = ((a0 * b6 + a1 * b5) + (a2 * b4 + a3 * b3) + (a4 * b2 + a5 * b1) + a6 * b0) - ((c0_ * d6 + c1_ * d5) + (c2_ * d4 + c3_ * d3) + (c4_ * d2 + c5_ * d1) + c6_ * d0) + (c5 >> BITS) - q0 * P6;
  const q6 = c6 & MASK;
  const c7 = ((a0 * b7 + a1 * b6) + (a2 * b5 + a3 * b4) + (a4 * b3 + a5 * b2) + (a6 * b1 + a7 * b0)) - ((c0_ * d7 + c1_ * d6) + (c2_ * d5 + c3_ * d4) + (c4_ * d3 + c5_ * d2) + (c6_ * d1 + c7_ * d0)) + (c6 >> BITS) - q1 * P6;
  const q7 = c7 & MASK;
  const c8 = ((a0 * b8 + a1 * b7) + (a2 * b6 + a3 * b5) + (a4 * b4 + a5 * b3) + (a6 * b2 + a7 * b1) + a8 * b0) - ((c0_ * d8 + c1_ * d7) + (c2_ * d6 + c3_ * d5) + (c4_ * d4 + c5_ * d3) + (c6_ * d2 + c7_ * d1) + c8_ * d0) + (c7 >> BITS) - q2 * P6 - (q0 << P8_SHIFT);
  const q8 = c8 & MASK;
  const c9 = ((a1 * b8 + a2 * b7) + (a3 * b6 + a4 * b5) + (a5 * b4 + a6 * b3) + (a7 * b2 + a8 * b1)) - ((c1_ * d8 + c2_ * d7) + (c3_ * d6 + c4_ * d5) + (c5_ * d4 + c6_ * d3) + (c7_ * d2 + c8_ * d1)) + (c8 >> BITS) - q3 * P6 - (q1 << P8_SHIFT);
  setLimb(out, 0, c9 & MASK);
  const c10 = ((a2 * b8 + a3 * b7) + (a4 * b6 + a5 * b5) + (a6 * b4 + a7 * b3) + a8 * b2) - ((c2_ * d8 + c3_ * d7) + (c4_ * d6 + c5_ * d5) + (c6_ * d4 + c7_ * d3) + c8_ * d2) + (c9 >> BITS) - q4 * P6 - (q2 << P8_SHIFT);
  setLimb(out, 4, c10 & MASK);
  const c11 = ((a3 * b8 + a4 * b7) + (a5 * b6 + a6 * b5) + (a7 * b4 + a8 * b3)) - ((c3_ * d8 + c4_ * d7) + (c5_ * d6 + c6_ * d5) + (c7_ * d4 + c8_ * d3)) + (c10 >> BITS) - q5 * P6 - (q3 << P8_SHIFT);
  setLimb(out, 8, c11 & MASK);
  const c12 = ((a4 * b8 + a5 * b7) + (a6 * b6 + a7 * b5) + a8 * b4) - ((c4_ * d8 + c5_ * d7) + (c6_ * d6 + c7_ * d5) + c8_ * d4) + (c11 >> BITS) - q6 * P6 - (q4 << P8_SHIFT);
  setLimb(out, 12, c12 & MASK);
  const c13 = ((a5 * b8 + a6 * b7) + (a7 * b6 + a8 * b5)) - ((c5_ * d8 + c6_ * d7) + (c7_ * d6 + c8_ * d5)) + (c12 >> BITS) - q7 * P6 - (q5 << P8_SHIFT);
  setLimb(out, 16, c13 & MASK);
  const c14 = ((a6 * b8 + a7 * b7) + a8 * b6) - ((c6_ * d8 + c7_ * d7) + c8_ * d6) + (c13 >> BITS) - q8 * P6 - (q6 << P8_SHIFT);
  setLimb(out, 20, c14 & MASK);
  const c15 = ((a7 * b8 + a8 * b7)) - ((c7_ * d8 + c8_ * d7)) + (c14 >> BITS) - (q7 << P8_SHIFT);
  setLimb(out, 24, c15 & MASK);
  const c16 = (a8 * b8) - (c8_ * d8) + (c15 >> BITS) - (q8 << P8_SHIFT);
  setLimb(out, 28, c16 & MASK);
  setLimb(out, 32, (c16 >> BITS));
}

/** out = a - b mod p, without carries: an operand for a product, not for another sub(). */
export function sub(out: usize, a: usize, b: usize): void {
  for (let i: usize = 0; i < FELT; i += 4) store<i32>(out + i, load<i32>(a + i) - load<i32>(b + i));
}

/** out = -a mod p, without carries. */
export function negate(out: usize, a: usize): void {
  for (let i: usize = 0; i < FELT; i += 4) store<i32>(out + i, -load<i32>(a + i));
}

/** out = -3 a mod p, without carries: only to be subtracted, never multiplied. */
export function minusThrice(out: usize, a: usize): void {
  for (let i: usize = 0; i < FELT; i += 4) store<i32>(out + i, -3 * load<i32>(a + i));
}

/** out = a + b mod p, carried, so that it may be multiplied again. */
export function add(out: usize, a: usize, b: usize): void {
  let carry: i64 = 0;
  for (let i: usize = 0; i < FELT - 4; i += 4) {
    carry += limb(a, i) + limb(b, i);
    setLimb(out, i, carry & MASK);
    carry >>= BITS;
  }
  setLimb(out, FELT - 4, carry + limb(a, FELT - 4) + limb(b, FELT - 4));
}

export function copy(out: usize, a: usize): void {
  memory.copy(out, a, FELT);
}

/** Writes the one number in [0, p) congruent to a / R: what a stands for, out of Montgomery form. */
export function canonical(out: usize, a: usize): void {
  // |a| < R (the header), so the quotient below is in [-p, 0]: it takes at most one p to lift it.
  mul(out, a, UNIT);
  if (load<i32>(out, 32) < 0) {
    store<i32>(out, load<i32>(out) + 1);
    store<i32>(out, load<i32>(out, 24) + <i32>P6, 24);
    store<i32>(out, load<i32>(out, 32) + (1 << <i32>P8_SHIFT), 32);
    carry(out);
  }
}

/** Brings limbs 0..7 into [0, 2^29), the value unchanged. */
export function carry(a: usize): void {
  let sum: i64 = 0;
  for (let i: usize = 0; i < FELT - 4; i += 4) {
    sum += limb(a, i);
    setLimb(a, i, sum & MASK);
    sum >>= BITS;
  }
  setLimb(a, FELT - 4, sum + limb(a, FELT - 4));
}

/** Brings a tidy a, |a| < 2^9 p, into (-0.51p, 0.51p) by its top limb, so that repeated sums do not grow. */
export function settle(a: usize): void {
  const quotient = (limb(a, 32) + (1 << (P8_SHIFT - 1))) >> P8_SHIFT;
  setLimb(a, 0, limb(a, 0) - quotient);
  setLimb(a, 24, limb(a, 24) - quotient * P6);
  setLimb(a, 32, limb(a, 32) - (quotient << P8_SHIFT));
  carry(a);
}

/** Whether a is 0 modulo p, whichever multiple of p it is written as. */
export function isZero(a: usize): bool {
  canonical(SCRATCH, a);
  return allZero(SCRATCH);
}

/** Whether a is 1 modulo p (a in Montgomery form). */
export function isOne(a: usize): bool {
  canonical(SCRATCH, a);
  if (load<i32>(SCRATCH) != 1) return false;
  store<i32>(SCRATCH, 0);
  return allZero(SCRATCH);
}

/** Whether every limb is 0: zero itself, not a multiple of p. */
export function allZero(a: usize): bool {
  let bits = 0;
  for (let i: usize = 0; i < FELT; i += 4) bits |= load<i32>(a + i);
  return bits == 0;
}

/** Bits [from, from + count) of the little-endian number at bytes, count <= 32. Reads eight bytes, so up to seven behind the number. */
// @ts-ignore: decorator
@inline
export function bitsAt(bytes: usize, from: u32, count: u32): u32 {
  return <u32>((load<u64>(bytes + (from >> 3)) >> (from & 7)) & ((<u64>1 << count) - 1));
}

/** Reads 32 little-endian bytes as limbs, without Montgomery form. */
export function fromBytes(out: usize, bytes: usize): void {
  for (let i: u32 = 0; i < 8; i++) store<u32>(out + (i << 2), bitsAt(bytes, i * 29, 29));
  store<u32>(out, bitsAt(bytes, 232, 24), 32);
}

/** Writes limbs in [0, 2^29) as 32 little-endian bytes. */
export function toBytes(bytes: usize, a: usize): void {
  let word: u64 = 0;
  let filled: u32 = 0;
  for (let i: usize = 0; i < FELT; i += 4) {
    const next = <u64>load<u32>(a + i);
    word |= next << filled;
    filled += 29;
    if (filled >= 64) {
      store<u64>(bytes, word);
      bytes += 8;
      filled -= 64;
      word = next >> (29 - filled);
    }
  }
  // 9 * 29 = 261 bits fill four words; the five bits left over are zero for any number below 2^256.
}

/** Reads 32 little-endian bytes of a number below p into Montgomery form. */
export function fromFelt(out: usize, bytes: usize): void {
  fromBytes(out, bytes);
  mul(out, out, R2);
}

/** Writes the number in [0, p) that a stands for as 32 little-endian bytes. */
export function toFelt(bytes: usize, a: usize): void {
  canonical(SCRATCH, a);
  toBytes(bytes, SCRATCH);
}

/** Writes the number given by four 64-bit words, most significant first, as 32 little-endian bytes. */
export function setWords(bytes: usize, w3: u64, w2: u64, w1: u64, w0: u64): void {
  store<u64>(bytes, w0);
  store<u64>(bytes, w1, 8);
  store<u64>(bytes, w2, 16);
  store<u64>(bytes, w3, 24);
}

/** Like setWords, read into Montgomery form. */
export function setFelt(out: usize, w3: u64, w2: u64, w1: u64, w0: u64): void {
  setWords(WORDS, w3, w2, w1, w0);
  fromFelt(out, WORDS);
}

const SCRATCH = memory.data(36, 16);
const WORDS = memory.data(40, 16);
/** The limbs 1, 0, ...: multiplying by it divides by R. */
export const UNIT = memory.data(36, 16);
/** 1 in Montgomery form. */
export const ONE = memory.data(36, 16);
/** R^2 mod p, which takes a number into Montgomery form. */
export const R2 = memory.data(36, 16);
/** 0, to be left out of a formula. */
export const ZERO = memory.data(36, 16);

/** Writes the constants. Everything else here needs them. */
export function initField(): void {
  store<i32>(UNIT, 1);
  setWords(WORDS, R2_3, R2_2, R2_1, R2_0);
  fromBytes(R2, WORDS);
  mul(ONE, R2, UNIT);
}
