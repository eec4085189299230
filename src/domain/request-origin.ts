// The request that something came from, as audit rows name it.

export interface RequestOrigin {
  readonly requestId: string;
  /** Canonical text of the client's address; empty when it could not be told. */
  readonly clientIpText: string;
}
