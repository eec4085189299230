// A kernel that leaves the verification of one hash to the plain JavaScript curve: no signature is known that the real one leaves to it.
import { EXCEPTIONAL, type Kernel, openKernel } from '../../src/starknet/engine/kernel.ts';

/** Whether this is signed, the engine cannot decide. */
export const UNDECIDED = 0x5eed_5eed_5eedn;

export function openUndecided(wasm: Uint8Array): Kernel {
  const kernel = openKernel(wasm);
  return {
    ...kernel,
    verifyByKey: (hash, ...rest) => (hash === UNDECIDED ? EXCEPTIONAL : kernel.verifyByKey(hash, ...rest)),
  };
}
