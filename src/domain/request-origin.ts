// The request that something came from, as audit rows name it.
import type { CredentialRef } from './credential.ts';

export interface RequestOrigin {
  readonly requestId: string;
  /** Canonical text of the client's address; empty when it could not be told. */
  readonly clientIpText: string;
  /** Told once a signature has proven a credential: the request counts as its use. */
  readonly proved?: ((credential: CredentialRef) => void) | undefined;
}
