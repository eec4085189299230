// Inversion by divsteps: Bernstein and Yang, "Fast constant-time gcd computation and modular inversion" (TCHES 2019(3)), in
// variable time, so never of a secret. Numbers are nine signed limbs of 29 bits, not in Montgomery form.
import { BITS, FELT, MASK, allZero, limb, negate, setLimb } from './field';

const F = memory.data(36, 16);
const G = memory.data(36, 16);
const D = memory.data(36, 16);
const E = memory.data(36, 16);

/** Steps taken on the lowest limbs before the long numbers are brought up to date. */
// @ts-ignore: decorator
@inline const STEPS: i32 = 29;
/**
 * floor((49 * 252 + 57) / 17) = 729 steps always suffice below 2^252 (theorem 11.2 of the paper): 26 rounds of 29. That no number needs
 * more rests on the theorem alone. Random numbers take 18 or 19 rounds; the worst that a search has found takes 22, and is
 * in the tests.
 */
// @ts-ignore: decorator
@inline const ROUNDS: i32 = 26;

/**
 * out = 1 / x modulo an odd prime below 2^252, and 0 for 0. x must be in (-2^252, 2^252) with limbs 0..7 in [0, 2^29);
 * lowInverse is modulus^-1 mod 2^29. The result has such limbs but is only bounded by 27 times the modulus.
 */
export function inverse(out: usize, x: usize, modulus: usize, lowInverse: i64): void {
  memory.copy(F, modulus, FELT);
  memory.copy(G, x, FELT);
  memory.fill(D, 0, FELT);
  memory.fill(E, 0, FELT);
  store<i32>(E, 1);
  // Throughout, F = D x and G = E x modulo the modulus.
  let delta: i32 = 1;
  for (let round = 0; round < ROUNDS && !allZero(G); round++) {
    let f = load<i32>(F);
    let g = load<i32>(G);
    // 2^(steps done) times the new (f, g) is (u f + v g, q f + r g).
    let u = 1;
    let v = 0;
    let q = 0;
    let r = 1;
    for (let left = STEPS; ; ) {
      const zeros = ctz(g | (-1 << left));
      g >>= zeros;
      u <<= zeros;
      v <<= zeros;
      delta += zeros;
      left -= zeros;
      if (left == 0) break;
      if (delta > 0) {
        delta = -delta;
        let swap = f;
        f = g;
        g = -swap;
        swap = u;
        u = q;
        q = -swap;
        swap = v;
        v = r;
        r = -swap;
      }
      // While delta <= 0 a step only adds f to an odd g: 1 - delta of them at once, by the multiple of f that clears these bits.
      // f (2 - f^2) is f's inverse modulo 2^6.
      const bits = min(min(1 - delta, left), 6);
      const multiple = -(g * f * (2 - f * f)) & ((1 << bits) - 1);
      g += multiple * f;
      q += multiple * u;
      r += multiple * v;
    }
    combine(F, G, u, v, q, r);
    combineModulo(D, E, u, v, q, r, modulus, lowInverse);
  }
  // Now F is 1 or -1 (or the modulus, if x was 0, and then D is 0).
  if (load<i32>(F, 32) < 0) {
    negate(D, D);
    let sum: i64 = 0;
    for (let i: usize = 0; i < 32; i += 4) {
      sum += limb(D, i);
      setLimb(D, i, sum & MASK);
      sum >>= BITS;
    }
    setLimb(D, 32, sum + limb(D, 32));
  }
  memory.copy(out, D, FELT);
}

/** (f, g) = (u f + v g, q f + r g) / 2^29; the division is exact. */
function combine(f: usize, g: usize, u: i64, v: i64, q: i64, r: i64): void {
  let fi = limb(f, 0);
  let gi = limb(g, 0);
  let cf = (u * fi + v * gi) >> BITS;
  let cg = (q * fi + r * gi) >> BITS;
  for (let i: usize = 4; i < FELT; i += 4) {
    fi = limb(f, i);
    gi = limb(g, i);
    cf += u * fi + v * gi;
    cg += q * fi + r * gi;
    setLimb(f, i - 4, cf & MASK);
    setLimb(g, i - 4, cg & MASK);
    cf >>= BITS;
    cg >>= BITS;
  }
  setLimb(f, 32, cf);
  setLimb(g, 32, cg);
}

/** The same for (d, e) modulo the modulus: a multiple of it makes the division exact. |u| + |v| <= 2^29, so each call adds at most one modulus. */
function combineModulo(d: usize, e: usize, u: i64, v: i64, q: i64, r: i64, modulus: usize, lowInverse: i64): void {
  let di = limb(d, 0);
  let ei = limb(e, 0);
  let m = limb(modulus, 0);
  let cd = u * di + v * ei;
  let ce = q * di + r * ei;
  const kd = (-cd * lowInverse) & MASK;
  const ke = (-ce * lowInverse) & MASK;
  cd = (cd + kd * m) >> BITS;
  ce = (ce + ke * m) >> BITS;
  for (let i: usize = 4; i < FELT; i += 4) {
    di = limb(d, i);
    ei = limb(e, i);
    m = limb(modulus, i);
    cd += u * di + v * ei + kd * m;
    ce += q * di + r * ei + ke * m;
    setLimb(d, i - 4, cd & MASK);
    setLimb(e, i - 4, ce & MASK);
    cd >>= BITS;
    ce >>= BITS;
  }
  setLimb(d, 32, cd);
  setLimb(e, 32, ce);
}
