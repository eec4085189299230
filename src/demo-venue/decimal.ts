// Exact decimals: a bigint that counts hundred-millionths (1e-8). Money and sizes are never floating-point numbers.
const ONE = 100_000_000n;

const DECIMAL = /^(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/;

/**
 * Reads a string such as "0.001", "1.0" or "5E-4", of at most 40 characters: below 10^12, with at most 8 decimals. `undefined` for anything
 * else, JSON numbers too.
 */
export function parseDecimal(value: unknown): bigint | undefined {
  const parts = typeof value === 'string' && value.length <= 40 ? DECIMAL.exec(value) : null;
  if (parts === null) return undefined;
  const [, whole = '', fraction = '', exponent = '0'] = parts;
  // Zeros at the end are taken off, so that the exponent alone says whether 8 decimals are enough; it may be far too large to count to.
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  const zeros = 8 + Number(exponent) - fraction.length + digits.length - significant.length;
  if (significant === '') return 0n;
  return zeros < 0 || significant.length + zeros > 20 ? undefined : BigInt(significant + '0'.repeat(zeros));
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
