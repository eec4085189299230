// A signature as audit rows hold it, so that it can be verified again years later.
import type { StarkSignature } from '../starknet/signature.ts';

export const signatureText = ({ r, s }: StarkSignature) => ({
  signature: [`0x${r.toString(16)}`, `0x${s.toString(16)}`],
});
