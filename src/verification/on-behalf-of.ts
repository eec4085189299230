// The request that a question comes from, as far as it decides whose turn and whose room in the queue the question takes.
export interface OnBehalfOf {
  /** The rate key of the client's address: clients of one key share turns and room. */
  readonly client: string;
  /** The widest network that may belong to one customer: its clients share its turns and room. */
  readonly network: string;
  /** Whether the request has a session: a flood without one must not delay it. */
  readonly signedIn: boolean;
  /** True once nobody waits for the answer any more. */
  gone(): boolean;
}
