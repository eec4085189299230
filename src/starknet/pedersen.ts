// The port every Stark-curve computation goes through, and Starknet's array hash on top of it.
// Nothing outside the port's implementations may depend on how the curve is computed.

/** 2^251: message hashes and r of a Stark signature are below it (WIRE section 3). */
export const STARK_HASH_BOUND = 1n << 251n;
/** N, the order of the Stark curve. */
export const STARK_CURVE_ORDER = 0x800000000000010ffffffffffffffffb781126dcae7b2321e66a241adc64d2fn;

/** A chain to hash: `h(...h(h(state, x0), x1)..., xn)`. */
export interface PedersenChain {
  readonly state: bigint;
  readonly elements: readonly bigint[];
}

/** A signature to check: see StarkCurve.verify. */
export interface SignatureCheck {
  readonly hash: bigint;
  readonly r: bigint;
  readonly s: bigint;
  readonly publicKey: bigint;
}

/** Stark-curve arithmetic on public data only: no secret may ever enter, as implementations run in variable time. */
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
  /** Whether (r, s) signs `hash` under the x-only key, for either of its two points. False for anything out of range; never throws. */
  verify(hash: bigint, r: bigint, s: bigint, publicKey: bigint): boolean;
  /** The verdict on each signature as verify gives it alone. Never throws. */
  verifyBatch(checks: readonly SignatureCheck[]): readonly boolean[];
  /** The x-only keys under which (r, s) signs `hash`: two, one in rare cases, or none when the inputs are out of range. Never throws. */
  recoverCandidates(hash: bigint, r: bigint, s: bigint): readonly bigint[];
  /** Whether x is the x coordinate of a curve point. Never throws. */
  isPublicKey(x: bigint): boolean;
}

export type Pedersen = Pick<StarkCurve, 'pedersen' | 'hashChain' | 'hashChains'>;

/** WIRE section 3, H: the chain from 0 over all elements, then their number. `H([])` = h(0, 0). */
export function hashElements(curve: Pedersen, elements: readonly bigint[]): bigint {
  return curve.hashChain(0n, [...elements, BigInt(elements.length)]);
}
