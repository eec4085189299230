// Stark signatures as text. StarkCurve.verify alone decides about a signature: one that is refused here would never verify.
import { STARK_CURVE_ORDER, STARK_HASH_BOUND } from './pedersen.ts';

export interface StarkSignature {
  readonly r: bigint;
  readonly s: bigint;
}

/** Whether r and s are in the ranges of docs/wire.md section 2. Outside them a signature verifies for no key and no message: do not hash. */
export const isPossibleSignature = ({ r, s }: StarkSignature): boolean =>
  r >= 1n && r < STARK_HASH_BOUND && s >= 1n && s < STARK_CURVE_ORDER;

/** Two 66-character strings with quotes and separators are about 140; room for JSON white space, and a constant cost. */
const MAX_HEADER_LENGTH = 256;

/** Decimal up to the 76 digits of p, or `0x` hex up to 64 digits. */
function parseScalar(value: unknown): bigint | undefined {
  if (typeof value !== 'string') return undefined;
  return /^(?:[0-9]{1,76}|0x[0-9a-fA-F]{1,64})$/.test(value) ? BigInt(value) : undefined;
}

/** The body form (docs/wire.md section 6): an array of exactly two strings. JSON numbers are refused: they have lost digits. */
export function parseSignaturePair(value: unknown): StarkSignature | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  const r = parseScalar(value[0]);
  const s = parseScalar(value[1]);
  return r === undefined || s === undefined ? undefined : { r, s };
}

/** The header form, also used in orders (docs/wire.md section 4): the JSON text `["r","s"]`, at most 256 characters. Never throws. */
export function parseSignatureText(text: string): StarkSignature | undefined {
  if (text.length > MAX_HEADER_LENGTH) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return parseSignaturePair(value);
}
