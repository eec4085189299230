// The time that is kept beside the machine's clock, as the operator sees it.
import Type from 'typebox';
import { BigInteger } from './common.ts';

export const ClockWire = Type.Object({
  /** Times are nanoseconds. */
  kept: BigInteger,
  machine: BigInteger,
  /** How far the kept time is ahead of the machine's; below 0: behind. */
  lead_seconds: Type.Number(),
  /** `ok`, or the problem as /readyz says it. */
  state: Type.String(),
});

export const AcceptedWire = Type.Object({
  ...ClockWire.properties,
  /** False: the two were so close that nothing was done. */
  accepted: Type.Boolean(),
  /** The kept time before; 0 = nothing was done, here and in the other members. */
  from: BigInteger,
  valid_after: BigInteger,
  revoked_subkeys: Type.Integer(),
  revoked_tokens: Type.Integer(),
  ended_devices: Type.Integer(),
});
