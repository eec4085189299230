// The time that is kept beside the machine's clock, as the operator sees it.
import Type from 'typebox';
import { BigInteger } from './common.ts';

export const ClockWire = Type.Object({
  /** Times are nanoseconds. */
  kept: BigInteger,
  machine: BigInteger,
  /** How far the kept time is ahead of the machine's; below 0 the machine's is ahead. */
  lead_seconds: Type.Number(),
  /** `ok`, or what is wrong, as /readyz says it. */
  state: Type.String(),
});

export const AcceptedWire = Type.Object({
  ...ClockWire.properties,
  /** False where the two were so close that nothing was done. */
  accepted: Type.Boolean(),
  /** What was kept before; 0 = nothing was done, as in the rest. */
  from: BigInteger,
  valid_after: BigInteger,
  revoked_subkeys: Type.Integer(),
  revoked_tokens: Type.Integer(),
});
