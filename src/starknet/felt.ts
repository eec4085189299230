// Text as it appears in signed typed data, to the number that is hashed.
// Never guesses: text that is not exactly one of the four forms of docs/wire.md section 2 has no felt.
import { feltValue, parseFelt, STARK_PRIME } from '../domain/felt.ts';

/** The text has no felt: too long, not printable ASCII, or a number outside [0, p). */
export class FeltTextError extends Error {
  override readonly name = 'FeltTextError';
}

/** A short string must fit below p: 31 bytes are 248 bits (Starknet short strings). */
const MAX_SHORT_STRING = 31;
/** p has 76 decimal digits; the bound also keeps the cost of reading a number constant. */
const MAX_DECIMAL_DIGITS = 76;

/** Two digits for every printable character. */
const hexOfCode: readonly string[] = Array.from({ length: 127 }, (_, code) => code.toString(16));

/**
 * How text becomes a felt (docs/wire.md section 2): `0x` + hex digits and all-decimal text are numbers, empty text is 0, any other
 * text is a short string of at most 31 printable ASCII characters (big-endian bytes). So `"1"` is 1, not 0x31.
 * Control characters are refused: a leading NUL would give two texts one felt. Throws FeltTextError.
 */
export function feltFromText(text: string): bigint {
  if (text === '') return 0n;
  if (/^0x[0-9a-f]+$/i.test(text)) {
    const felt = parseFelt(text);
    if (felt === undefined) throw new FeltTextError('hex number is outside the field');
    return feltValue(felt);
  }
  if (/^[0-9]+$/.test(text)) {
    const value = text.length <= MAX_DECIMAL_DIGITS ? BigInt(text) : STARK_PRIME;
    if (value >= STARK_PRIME) throw new FeltTextError('decimal number is outside the field');
    return value;
  }
  if (text.length > MAX_SHORT_STRING) throw new FeltTextError('short string is longer than 31 characters');
  if (!/^[ -~]+$/.test(text)) throw new FeltTextError('short string is not printable ASCII');
  let digits = '0x';
  for (let at = 0; at < text.length; at += 1) digits += hexOfCode[text.charCodeAt(at)];
  return BigInt(digits);
}
