// What a change had done by the time it was acknowledged.
/** The header Countersign-Revocation shows it. */
export interface Receipt {
  /** Nodes that have applied the change. */
  readonly nodes: number;
  /** Milliseconds from commit to the last acknowledgement. */
  readonly ms: number;
  /** Exchanges of the credential whose head had already gone to the venue. */
  readonly inFlight: number;
}
