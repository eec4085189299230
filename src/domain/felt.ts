// A felt in its one canonical text form, so that two spellings of a number can never name two accounts (docs/wire.md section 2).

declare const brand: unique symbol;

/** A number in [0, p), written `0x` + lower-case hex without leading zeros. Equal numbers are equal strings. */
export type Felt = string & { readonly [brand]: 'Felt' };

/** The field prime p = 2^251 + 17 * 2^192 + 1. */
export const STARK_PRIME = 0x800000000000011000000000000000000000000000000000000000000000001n;

/** Accepts `0x`/`0X` hex in any case, zero-padded up to 64 digits; `undefined` for anything else and for numbers >= p (never reduced). */
export function parseFelt(text: string): Felt | undefined {
  if (!/^0[xX][0-9a-fA-F]{1,64}$/.test(text)) return undefined;
  const value = BigInt(text.toLowerCase());
  return value < STARK_PRIME ? (`0x${value.toString(16)}` as Felt) : undefined;
}

/** The canonical text of a number already known to be in [0, p); throws RangeError otherwise. */
export function feltOf(value: bigint): Felt {
  if (value < 0n || value >= STARK_PRIME) throw new RangeError('felt out of range');
  return `0x${value.toString(16)}` as Felt;
}

export const feltValue = (felt: Felt): bigint => BigInt(felt);
