// When a countdown is read out: every second would talk over everything.

const READ_OUT = [60, 30, 10, 0] as const;

export const isReadOut = (seconds: number): boolean => READ_OUT.some((at) => at === seconds);

/** What was read out last, where seconds may be passed over; undefined before the first. */
export const lastReadOut = (seconds: number): number | undefined => READ_OUT.findLast((at) => seconds <= at);
