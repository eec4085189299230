// What is made of measured values: medians, spreads and ratios. It rounds for printing only.

/** The middle value, or the mean of the two middle ones; NaN of nothing. */
export const median = (values: readonly number[]): number => {
  const ordered = values.toSorted((a, b) => a - b);
  const middle = ordered.length >> 1;
  const upper = ordered[middle] ?? Number.NaN;
  return ordered.length % 2 === 1 ? upper : ((ordered[middle - 1] ?? Number.NaN) + upper) / 2;
};

/** The smallest value that `share` (0 to 1) of all values do not exceed. */
export const percentile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(values.length * share) - 1)] ?? Number.NaN;

/** Three significant digits, without an exponent; whole numbers in groups of three. */
export function rounded(value: number): string {
  if (!Number.isFinite(value)) return '-';
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toFixed(value === 0 ? 0 : Math.abs(value) >= 10 ? 1 : 2);
}

/** `median (least..most)`. */
export const spread = (values: readonly number[]): string =>
  `${rounded(median(values))} (${rounded(Math.min(...values))}..${rounded(Math.max(...values))})`;

/** The median of the pauses and the longest, in milliseconds, and how many there were. */
export const pauses = (ms: readonly number[]): string =>
  ms.length === 0 ? 'none' : `${rounded(median(ms))}, longest ${rounded(Math.max(...ms))} (${ms.length})`;

/**
 * How many times `base` each round's value is, as `median (least..most)`. Compared round by round, so that what disturbed the
 * machine in one round disturbs both sides of its ratio.
 */
export const ratio = (values: readonly number[], base: readonly number[]): string => {
  if (values === base) return '1';
  return spread(values.map((value, round) => value / (base[round] ?? Number.NaN)))
    .split(' ')
    .map((part) => part.replaceAll(/[\d.,]*\d/g, '$&x'))
    .join(' ');
};

/** Microseconds of processor time (user and system, all threads of this process) that a task takes. */
export function processorTime(task: () => void): number {
  const before = process.cpuUsage();
  task();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
