// Times of the wire as dates.

/** The moment of Unix nanoseconds, to the millisecond. 0n, which means never, is undefined. */
export const dateOf = (nanos: bigint): Date | undefined =>
  nanos === 0n ? undefined : new Date(Number(nanos / 1_000_000n));
