// Who signed an order, once its signature is verified.
import type { CredentialRef } from './credential.ts';
import type { Felt } from './felt.ts';

/** Which credential's key signed which order. */
export interface SignedBy {
  readonly credential: Pick<CredentialRef, 'kind' | 'id'>;
  readonly publicKey: Felt;
  /** The order's hash (docs/wire.md section 8). */
  readonly hash: bigint;
}
