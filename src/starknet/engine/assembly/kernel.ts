// What the host may call: Pedersen hashes, signature checks and key recovery on the Stark curve. Variable time: no secret may enter.
// Arguments and results are 32-byte little-endian numbers in the slots at io(); the host checks every range before it calls.
import {
  ONE, add, copy, fromFelt, initField, isOne, isZero, mul, mulSub, setFelt, sqr, sqrSub, sub, toFelt,
} from './field';
import { AFFINE, XYZZ, Y, ZZ, ZZZ, addAffine, initPoint, invert, normalise, setAffine } from './point';
import { divideUpToSign, initScalar } from './scalar';
import { initSquareRoot, squareRoot, squareRootBytes } from './square-root';
import { addMultiple, buildTable, multiply, tableBytes } from './tables';

// Outcomes of the calls below.
// @ts-ignore: decorator
@inline const NO: i32 = 0;
// @ts-ignore: decorator
@inline const YES: i32 = 1;
/** Equal points, opposite points or infinity came up, which the additions cannot handle: the caller must ask a complete implementation. */
// @ts-ignore: decorator
@inline const EXCEPTIONAL: i32 = 2;

/** Bytes between two slots: a number and the padding that bitsAt may read. */
// @ts-ignore: decorator
@inline const SLOT: usize = 40;
const IO = memory.data(6 * 40, 16);
const SCALAR_1 = memory.data(40, 16);
const SCALAR_2 = memory.data(40, 16);

// Windows of the tables of Pedersen's two inputs, of the generator and of a key. Measured; bench/engine.ts prints what they cost.
// @ts-ignore: decorator
@inline const PEDERSEN_W: u32 = 12;
/** The low 248 bits of an input and the carry of the last digit. */
// @ts-ignore: decorator
@inline const PEDERSEN_WINDOWS: u32 = 248 / PEDERSEN_W + 1;
// @ts-ignore: decorator
@inline const PEDERSEN_LAST: u32 = 1 << (248 - PEDERSEN_W * (PEDERSEN_WINDOWS - 1));
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

let pedersenA: usize = 0;
let pedersenB: usize = 0;
/** shift + i P2 + j P4 at 9 i + j: where a hash starts, by the top four bits of its inputs. */
let pedersenStarts: usize = 0;
let generator: usize = 0;
let keyTables: usize = 0;

const CURVE_B = memory.data(36, 16);
const POINT = memory.data(72, 16);
const START_POINTS = memory.data(81 * 144, 16);
const X = memory.data(36, 16);
const SUM = memory.data(144, 16);
const KEY_SUM = memory.data(144, 16);
const INVERSE = memory.data(36, 16);

export function io(): usize {
  return IO;
}

/** Builds the constant tables. Once, before anything else; false when memory cannot be had or the constants are damaged. */
export function initialise(): bool {
  initField();
  initPoint();
  initScalar();
  const pedersenBytes = tableBytes(PEDERSEN_W, PEDERSEN_WINDOWS, PEDERSEN_LAST);
  pedersenA = (__heap_base + 63) & ~63;
  pedersenB = pedersenA + pedersenBytes;
  pedersenStarts = pedersenB + pedersenBytes;
  generator = pedersenStarts + NIBBLES * NIBBLES * AFFINE;
  const roots = generator + tableBytes(GENERATOR_W, GENERATOR_WINDOWS, GENERATOR_LAST);
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
  if (!buildTable(pedersenA, POINT, ONE, PEDERSEN_W, PEDERSEN_WINDOWS, PEDERSEN_LAST)) return false;
  setFelt(POINT, 0x04ba4cc166be8dec, 0x764910f75b45f74b, 0x40c690c74709e90f, 0x3aa372f0bd2d6997);
  setFelt(POINT + Y, 0x0040301cf5c1751f, 0x4b971e46c4ede85f, 0xcac5c59a5ce5ae7c, 0x48151f27b24b219c);
  if (!buildTable(pedersenB, POINT, ONE, PEDERSEN_W, PEDERSEN_WINDOWS, PEDERSEN_LAST)) return false;
  return buildStarts();
}

function buildStarts(): bool {
  setFelt(POINT, 0x049ee3eba8c16007, 0x00ee1b87eb599f16, 0x716b0b1022947733, 0x551fde4050ca6804);
  setFelt(POINT + Y, 0x03ca0cfe4b3bc6dd, 0xf346d49d06ea0ed3, 0x4e621062c0e056c1, 0xd0405d266e10268a);
  setAffine(START_POINTS, POINT, false);
  setFelt(POINT, 0x04fa56f376c83db3, 0x3f9dab2656558f33, 0x99099ec1de5e3018, 0xb7a6932dba8aa378);
  setFelt(POINT + Y, 0x03fa0984c931c9e3, 0x8113e0c0e47e4401, 0x562761f92a7a23b4, 0x5168f4e80ff5b54d);
  for (let i: usize = 1; i < NIBBLES; i++) {
    const row = START_POINTS + i * NIBBLES * XYZZ;
    memory.copy(row, row - NIBBLES * XYZZ, XYZZ);
    addAffine(row, POINT, false);
  }
  setFelt(POINT, 0x054302dcb0e6cc1c, 0x6e44cca8f61a63bb, 0x2ca65048d53fb325, 0xd36ff12c49a58202);
  setFelt(POINT + Y, 0x01b77b3e37d13504, 0xb348046268d8ae25, 0xce98ad783c25561a, 0x879dcc77e99c2426);
  for (let i: usize = 0; i < NIBBLES; i++) {
    for (let j: usize = 1; j < NIBBLES; j++) {
      const start = START_POINTS + (i * NIBBLES + j) * XYZZ;
      memory.copy(start, start - XYZZ, XYZZ);
      addAffine(start, POINT, false);
    }
  }
  return normalise(pedersenStarts, START_POINTS, <i32>(NIBBLES * NIBBLES));
}

/** Makes memory reach up to an address. False when the host refuses. */
function reserve(end: usize): bool {
  const missing = <i32>((end + 0xffff) >> 16) - memory.size();
  return missing <= 0 || memory.grow(missing) >= 0;
}

/** Slot 0 = Pedersen hash of slots 0 and 1, both below p. YES, or EXCEPTIONAL. */
export function pedersen(): i32 {
  const a = IO;
  const b = IO + SLOT;
  const start = load<u8>(a, 31) * NIBBLES + load<u8>(b, 31);
  store<u8>(a, 0, 31);
  store<u8>(b, 0, 31);
  setAffine(SUM, pedersenStarts + start * AFFINE, false);
  addMultiple(SUM, false, pedersenA, a, PEDERSEN_W, PEDERSEN_WINDOWS);
  addMultiple(SUM, false, pedersenB, b, PEDERSEN_W, PEDERSEN_WINDOWS);
  if (!invert(INVERSE, SUM + ZZ)) return EXCEPTIONAL;
  mul(INVERSE, INVERSE, SUM);
  toFelt(IO, INVERSE);
  return YES;
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
  divideUpToSign(SCALAR_1, SCALAR_2, IO, IO + SLOT, IO + 2 * SLOT);
  const noHash = addMultiple(SUM, true, generator, SCALAR_1, GENERATOR_W, GENERATOR_WINDOWS);
  const noKey = addMultiple(KEY_SUM, true, table + AFFINE, SCALAR_2, KEY_W, KEY_WINDOWS);
  if (noHash || noKey) return EXCEPTIONAL;
  return sumHasX(table);
}

/** The same for the key in slot 3, below p, without a table. */
export function verifyByKey(): i32 {
  fromFelt(X, IO + 3 * SLOT);
  if (!stretch()) return NO;
  divideUpToSign(SCALAR_1, SCALAR_2, IO, IO + SLOT, IO + 2 * SLOT);
  const noHash = addMultiple(SUM, true, generator, SCALAR_1, GENERATOR_W, GENERATOR_WINDOWS);
  if (noHash || !multiply(KEY_SUM, STRETCHED, STRETCHED_A, SCALAR_2)) return EXCEPTIONAL;
  return sumHasX(D);
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
function sumHasX(d: usize): i32 {
  mul(W, KEY_SUM + ZZ, d);
  mul(DD, SUM + ZZ, W);
  mul(U1, SUM, W);
  mul(U2, KEY_SUM, SUM + ZZ);
  sub(T, U1, U2);
  // At D = 0 or A = +-B both sides are equal whatever r is: believing them would accept a forgery.
  mul(L, T, DD);
  if (isZero(L)) return EXCEPTIONAL;
  sqr(PP, T);
  sqr(S1, SUM + Y);
  sqr(T, W);
  mul(T, T, W);
  mul(S1, S1, T);
  sqr(S2, KEY_SUM + Y);
  sqr(T, SUM + ZZ);
  mul(T, T, SUM + ZZ);
  mul(S2, S2, T);
  fromFelt(R_X, IO + SLOT);
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
 * Slots 0 and 1 = the x-only keys under which r (slot 1) and s (slot 2) sign the hash (slot 0): Q = (s / r) R -+ (hash / r) G for
 * the two points R with x = r. NO when r belongs to no point.
 */
export function recover(): i32 {
  fromFelt(X, IO + SLOT);
  if (!stretch()) return NO;
  divideUpToSign(SCALAR_1, SCALAR_2, IO, IO + 2 * SLOT, IO + SLOT);
  const noHash = addMultiple(SUM, true, generator, SCALAR_1, GENERATOR_W, GENERATOR_WINDOWS);
  if (noHash || !multiply(KEY_SUM, STRETCHED, STRETCHED_A, SCALAR_2)) return EXCEPTIONAL;
  if (!squareRoot(T, D)) return EXCEPTIONAL;
  // Back from the stretched curve.
  mul(KEY_SUM + ZZ, KEY_SUM + ZZ, D);
  mul(KEY_SUM + ZZZ, KEY_SUM + ZZZ, D);
  mul(KEY_SUM + ZZZ, KEY_SUM + ZZZ, T);
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
  mul(DD, DD, PP);
  if (!invert(INVERSE, DD)) return EXCEPTIONAL;
  mul(T, T, PP);
  mul(U1, U1, PP);
  sub(L, S2, S1);
  sqrSub(L, L, T, U1);
  mul(L, L, INVERSE);
  toFelt(IO, L);
  add(L, S2, S1);
  sqrSub(L, L, T, U1);
  mul(L, L, INVERSE);
  toFelt(IO + SLOT, L);
  return YES;
}
