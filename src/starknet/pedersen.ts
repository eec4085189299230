// The port every Stark-curve computation goes through, and Starknet's array hash on top of it.
// Nothing outside the port's implementations may depend on how the curve is computed.

/** 2^251: message hashes and r of a Stark signature are below it (WIRE section 3). */
export const STARK_HASH_BOUND = 1n << 251n;
/** N, the order of the Stark curve. */
export const STARK_CURVE_ORDER = 0x800000000000010ffffffffffffffffb781126dcae7b2321e66a241adc64d2fn;

/** Stark-curve arithmetic on public data only: no secret may ever enter, as implementations run in variable time. */
export interface StarkCurve {
  /** Starknet Pedersen hash of two felts; RangeError when one is outside [0, p). */
  pedersen(a: bigint, b: bigint): bigint;
  /** Whether (r, s) signs `hash` under the x-only key, for either of its two points. False for anything out of range; never throws. */
  verify(hash: bigint, r: bigint, s: bigint, publicKey: bigint): boolean;
  /** The x-only keys under which (r, s) signs `hash`: two, or none when the inputs are out of range. Never throws. */
  recoverCandidates(hash: bigint, r: bigint, s: bigint): readonly bigint[];
  /** Whether x is the x coordinate of a curve point. Never throws. */
  isPublicKey(x: bigint): boolean;
}

export type Pedersen = Pick<StarkCurve, 'pedersen'>;

/** Continues the chain `h(...h(h(state, x0), x1)..., xn)`: lets callers keep the state of a constant beginning. */
export function chain(curve: Pedersen, state: bigint, elements: readonly bigint[]): bigint {
  return elements.reduce((hash, element) => curve.pedersen(hash, element), state);
}

/** WIRE section 3, H: the chain from 0 over all elements, then their number. `H([])` = h(0, 0). */
export function hashElements(curve: Pedersen, elements: readonly bigint[]): bigint {
  return curve.pedersen(chain(curve, 0n, elements), BigInt(elements.length));
}
