// The Stark curve in plain JavaScript, over @scure/starknet's points. Slow (milliseconds per call) and the reference for any faster one.
// It must never accept a value outside the ranges of docs/wire.md section 2, whatever the library below would do with it.
import { FpIsSquare } from '@noble/curves/abstract/modular.js';
import { Point } from '@scure/starknet';
import { STARK_PRIME } from '../domain/felt.ts';
import { STARK_CURVE_ORDER, STARK_HASH_BOUND, type StarkCurve } from './pedersen.ts';
import { isFelt, scurePedersen } from './scure-pedersen.ts';

type CurvePoint = typeof Point.BASE;

const { Fp, Fn } = Point;
const { b } = Point.CURVE();

/** x^3 + x + b: a square exactly when x belongs to a point. */
const ySquared = (x: bigint): bigint => Fp.create(x * x * x + x + b);

const isPublicKey = (x: bigint): boolean => x > 0n && x < STARK_PRIME && FpIsSquare(Fp, ySquared(x));

const signatureInRange = (hash: bigint, r: bigint, s: bigint): boolean =>
  hash >= 0n && hash < STARK_HASH_BOUND && r >= 1n && r < STARK_HASH_BOUND && s >= 1n && s < STARK_CURVE_ORDER;

/** The x coordinates of A + B and A - B, without those at infinity: B's sign is what an x-only point leaves open. */
function sumAndDifference(a: CurvePoint, b: CurvePoint): readonly bigint[] {
  return [a.add(b), a.subtract(b)].filter((point) => !point.is0()).map((point) => point.toAffine().x);
}

/** The point with this x and one of its two y. x must have passed isPublicKey. */
const liftX = (x: bigint): CurvePoint => Point.fromAffine({ x, y: Fp.sqrt(ySquared(x)) });

function verify(hash: bigint, r: bigint, s: bigint, publicKey: bigint): boolean {
  if (!signatureInRange(hash, r, s) || !isPublicKey(publicKey)) return false;
  // R = (hash/s) G + (r/s) Q; the signature holds when R.x = r for Q or for -Q.
  const w = Fn.inv(s);
  const fromHash = Point.BASE.multiplyUnsafe(Fn.create(hash * w));
  const fromKey = liftX(publicKey).multiplyUnsafe(Fn.create(r * w));
  return sumAndDifference(fromHash, fromKey).includes(r);
}

/** StarkCurve over @scure/starknet. Accepts high s: Stark signatures are malleable (docs/wire.md section 2), so never index by signature. */
export const scureCurve: StarkCurve = {
  ...scurePedersen,
  hashChains: (chains) =>
    chains.map(({ state, elements }) =>
      [state, ...elements].every(isFelt) ? scurePedersen.hashChain(state, elements) : undefined,
    ),
  verify,
  verifyBatch: (checks) => checks.map(({ hash, r, s, publicKey }) => verify(hash, r, s, publicKey)),

  recoverCandidates(hash, r, s) {
    if (!signatureInRange(hash, r, s) || !isPublicKey(r)) return [];
    // Solved for the key: Q = (s/r) R - (hash/r) G, for R and for -R. Only Q.x matters, so the sign of the difference does not.
    const w = Fn.inv(r);
    const fromHash = Point.BASE.multiplyUnsafe(Fn.create(hash * w));
    const fromNonce = liftX(r).multiplyUnsafe(Fn.create(s * w));
    return [...new Set(sumAndDifference(fromHash, fromNonce))];
  },

  isPublicKey,
};
