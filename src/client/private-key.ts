// Private Stark keys as text: `0x` and 64 digits, always, because clients of the wire take the last 64 characters of one.
// No error says a key, or a part of one.
import { grindKey } from '@scure/starknet';
import { STARK_CURVE_ORDER } from '../starknet/pedersen.ts';

/** The text of a number in [1, N). Throws RangeError otherwise. */
export function privateKeyText(value: bigint): string {
  if (value < 1n || value >= STARK_CURVE_ORDER) throw new RangeError('no private key: the number is outside [1, N)');
  return `0x${value.toString(16).padStart(64, '0')}`;
}

/** A key from elsewhere: hex digits, at most 64 of them, with `0x` or without, space around it ignored. Throws RangeError for anything else. */
export function importedPrivateKey(text: string): string {
  const [, digits] = /^\s*(?:0[xX])?([0-9a-fA-F]{1,64})\s*$/.exec(text) ?? [];
  if (digits === undefined) throw new RangeError('no private key: it is not up to 64 hex digits');
  return privateKeyText(BigInt(`0x${digits}`));
}

/** Fresh, uniform in [1, N). */
export function randomPrivateKey(): string {
  const key = BigInt(`0x${grindKey(crypto.getRandomValues(new Uint8Array(32)))}`);
  return key === 0n ? randomPrivateKey() : privateKeyText(key);
}

/**
 * The main keys that clients derive from a wallet's signature of its STARK Key message: the digest of r that falls
 * in range. One key, or two where r begins with a zero byte: with it, as the JavaScript clients read r, and without, as the Python one does.
 * Throws RangeError for what is no signature of 65 bytes.
 */
export function privateKeysOfSignature(signature: string): readonly [string, ...string[]] {
  const [, r = ''] = /^0x([0-9a-fA-F]{64})[0-9a-fA-F]{66}$/.exec(signature) ?? [];
  if (BigInt(`0x0${r}`) === 0n) throw new RangeError('no signature of 65 bytes');
  const whole = importedPrivateKey(grindKey(r));
  const stripped = r.replace(/^(?:00)+/, '');
  return stripped === r ? [whole] : [whole, importedPrivateKey(grindKey(stripped))];
}
