// The port every Stark-curve computation goes through, and Starknet's array hash on top of it.
// Nothing outside the port's implementations may depend on how the curve is computed.

/** 2^251: message hashes and r of a Stark signature are below it (docs/wire.md section 2). */
export const STARK_HASH_BOUND = 1n << 251n;
/** N, the order of the Stark curve. */
export const STARK_CURVE_ORDER = 0x800000000000010ffffffffffffffffb781126dcae7b2321e66a241adc64d2fn;

/** A chain to hash: `h(...h(h(state, x0), x1)..., xn)`. */
export interface PedersenChain {
  readonly state: bigint;
  readonly elements: readonly bigint[];
}

/** A signature to check, and the range of each number outside which it is not valid: see StarkCurve.verify. */
export interface SignatureCheck {
  /** [0, 2^251) */
  readonly hash: bigint;
  /** [1, 2^251) */
  readonly r: bigint;
  /** [1, N) */
  readonly s: bigint;
  /** [1, p), and the x of a point. */
  readonly publicKey: bigint;
}

/**
 * Stark-curve arithmetic on public data only: no secret may ever enter, as implementations run in variable time.
 *
 * The ranges of a signature are those of docs/wire.md section 2: hash in [0, 2^251), r in [1, 2^251), s in [1, N), and a public key in [1, p) that
 * is the x of a point, as about half of all felts are. None is reduced: hash + N, r + p, s + N and x + p are out of range. The upper half
 * of s is not: s and N - s both sign.
 */
export interface StarkCurve {
  /** Starknet Pedersen hash of two felts; RangeError when one is outside [0, p). */
  pedersen(a: bigint, b: bigint): bigint;
  /**
   * Continues the chain `h(...h(h(state, x0), x1)..., xn)`, so that callers can keep the state of a constant beginning; the state itself
   * when there are no elements. RangeError when a number is outside [0, p).
   */
  hashChain(state: bigint, elements: readonly bigint[]): bigint;
  /** The hash of each chain as hashChain gives it alone; `undefined` where that throws. Never throws. */
  hashChains(chains: readonly PedersenChain[]): readonly (bigint | undefined)[];
  /**
   * Whether (r, s) signs `hash` under the x-only key, for either of its two points. False when hash is outside [0, 2^251), r outside
   * [1, 2^251), s outside [1, N), or the key is outside [1, p) or on no point (docs/wire.md section 2). Never throws.
   */
  verify(hash: bigint, r: bigint, s: bigint, publicKey: bigint): boolean;
  /** The verdict on each signature as verify gives it alone. Never throws. */
  verifyBatch(checks: readonly SignatureCheck[]): readonly boolean[];
  /**
   * The x-only keys under which (r, s) signs `hash`: two, or one where they coincide or one of them would be infinity. None when hash is
   * outside [0, 2^251), r outside [1, 2^251) or the x of no point, or s outside [1, N) (docs/wire.md section 2). Never throws.
   */
  recoverCandidates(hash: bigint, r: bigint, s: bigint): readonly bigint[];
  /** Whether x is in [1, p) and the x coordinate of a curve point; 0 is on none. Never throws. */
  isPublicKey(x: bigint): boolean;
}

export type Pedersen = Pick<StarkCurve, 'pedersen' | 'hashChain'>;

/** H of docs/wire.md section 2: the chain from 0 over all elements, then their number. `H([])` = h(0, 0). */
export function hashElements(curve: Pedersen, elements: readonly bigint[]): bigint {
  return curve.hashChain(0n, [...elements, BigInt(elements.length)]);
}
