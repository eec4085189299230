// Stark signatures as the use cases ask for them: asynchronous, so that the curve may be computed off the main thread.
import { type Felt, feltOf, feltValue } from '../domain/felt.ts';
import type { StarkCurve } from '../starknet/pedersen.ts';
import type { StarkSignature } from '../starknet/signature.ts';

export interface StarkProof {
  /** Whether the signature is by this key. False, never an error, for anything out of range. */
  verify(hash: bigint, signature: StarkSignature, publicKey: Felt): Promise<boolean>;
  /** The keys that could have made this signature: two, or none. */
  candidates(hash: bigint, signature: StarkSignature): Promise<readonly Felt[]>;
  /** Whether the number is the x of a curve point. */
  isPublicKey(publicKey: Felt): boolean;
}

export function createStarkProof(curve: StarkCurve): StarkProof {
  return {
    verify: async (hash, { r, s }, publicKey) => curve.verify(hash, r, s, feltValue(publicKey)),
    candidates: async (hash, { r, s }) => curve.recoverCandidates(hash, r, s).map(feltOf),
    isPublicKey: (publicKey) => curve.isPublicKey(feltValue(publicKey)),
  };
}
