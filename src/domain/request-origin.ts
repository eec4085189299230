// Which request something came from, as audit rows say it.

export interface RequestOrigin {
  readonly requestId: string;
  /** Canonical text of the client's address; empty when it could not be told. */
  readonly clientIpText: string;
}
