// Exact decimals: a bigint that counts hundred-millionths (1e-8). Money and sizes are never floating-point numbers.
const ONE = 100_000_000n;

/** Reads a string such as "0.001": at most 12 whole digits and 8 decimals. `undefined` for anything else, JSON numbers too. */
export function parseDecimal(value: unknown): bigint | undefined {
  const parts = typeof value === 'string' ? /^(\d{1,12})(?:\.(\d{1,8}))?$/.exec(value) : null;
  return parts === null ? undefined : BigInt(`${parts[1]}${(parts[2] ?? '').padEnd(8, '0')}`);
}

/** The shortest exact text: 150000000n is "1.5". */
export function formatDecimal(value: bigint): string {
  const digits = absolute(value).toString().padStart(9, '0');
  const text = `${digits.slice(0, -8)}.${digits.slice(-8)}`.replace(/\.?0+$/, '');
  return value < 0n ? `-${text}` : text;
}

/** JSON in which every bigint is a decimal string: the one place where amounts become text. */
export const toJson = (body: unknown): string =>
  JSON.stringify(body, (_name, value: unknown) => (typeof value === 'bigint' ? formatDecimal(value) : value));

export const absolute = (value: bigint): bigint => (value < 0n ? -value : value);
/** Exact for price x size and its fee: tick x step x fee rate of every market is a multiple of 1e-8. */
export const multiply = (a: bigint, b: bigint): bigint => (a * b) / ONE;
export const divide = (a: bigint, b: bigint): bigint => (a * ONE) / b; // rounds towards zero at 1e-8
