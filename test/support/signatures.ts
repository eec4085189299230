// Signatures made to measure, without signing: from the two scalars u1 = hash / s and u2 = r / s that a verifier will compute.
import { Point } from '@scure/starknet';
import { STARK_CURVE_ORDER, STARK_HASH_BOUND } from '../../src/starknet/pedersen.ts';

const { Fn } = Point;

export interface Signature {
  readonly hash: bigint;
  readonly r: bigint;
  readonly s: bigint;
  readonly publicKey: bigint;
}

/** The x of k G. */
export const xOf = (k: bigint): bigint => Point.BASE.multiplyUnsafe(Fn.create(k)).x;

/** A valid signature under the key of `secret` that is checked with these scalars; `undefined` where r or the hash would be out of range. */
export function signatureWith(u1: bigint, u2: bigint, secret: bigint): Signature | undefined {
  const nonce = Fn.create(u1 + u2 * secret);
  if (nonce === 0n) return undefined;
  const r = xOf(nonce);
  const s = Fn.create(r * Fn.inv(u2));
  const hash = Fn.create(u1 * s);
  return r < STARK_HASH_BOUND && hash < STARK_HASH_BOUND ? { hash, r, s, publicKey: xOf(secret) } : undefined;
}

/**
 * What looks like a signature, with any r and s, such that u1 G and u2 Q are equal (sign 1) or opposite (sign -1): the case in which
 * an incomplete addition yields ZZ = 0, and r ZZ = X holds for every r.
 */
export function collision(r: bigint, s: bigint, secret: bigint, sign: 1n | -1n): Signature | undefined {
  const hash = Fn.create(sign * r * secret);
  return hash < STARK_HASH_BOUND ? { hash, r, s, publicKey: xOf(secret) } : undefined;
}

/** Numbers whose digits in windows of `width` bits are at the limits where a signed digit carries, rotated by `shift`. */
export function edgeDigits(width: number, bits: number, shift: number): bigint {
  const half = 1 << (width - 1);
  const digits = [half, half + 1, 0, half - 1, 2 * half - 1, 1];
  let value = 0n;
  for (let i = 0; i * width < bits; i++) value |= BigInt(digits[(i + shift) % digits.length] ?? 0) << BigInt(i * width);
  return value & ((1n << BigInt(bits)) - 1n);
}

/** Scalars at the limits of the order, of the field and of every window of a 6-bit table. */
export const edgeScalars: readonly bigint[] = [
  1n,
  2n,
  16n,
  31n,
  32n,
  33n,
  (STARK_CURVE_ORDER - 1n) / 2n,
  (STARK_CURVE_ORDER + 1n) / 2n,
  STARK_CURVE_ORDER - 1n,
  STARK_CURVE_ORDER - 2n,
  STARK_CURVE_ORDER - 32n,
  1n << 250n,
  (1n << 250n) - 1n,
  (1n << 251n) - 1n,
  1n << 251n,
  // 2^246 * 32 doubled, modulo N: meets its own table entry unless the scalar is first brought below N / 2.
  (1n << 252n) - STARK_CURVE_ORDER,
  ...Array.from({ length: 6 }, (_, shift) => edgeDigits(6, 250, shift)),
  ...Array.from({ length: 6 }, (_, shift) => edgeDigits(12, 250, shift)),
  ...Array.from({ length: 6 }, (_, shift) => edgeDigits(5, 250, shift)),
];
