// Base64 of bytes, where there is no Node.js: RFC 4648 section 4, and section 5 without padding.

// fromCharCode takes its bytes as arguments: a longer piece could overflow the stack.
const PIECE = 4096;

export function base64Of(bytes: Uint8Array): string {
  let binary = '';
  for (let at = 0; at < bytes.length; at += PIECE) binary += String.fromCharCode(...bytes.subarray(at, at + PIECE));
  return btoa(binary);
}

export const base64urlOf = (bytes: Uint8Array): string =>
  base64Of(bytes).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');

const standardForm = /^[A-Za-z0-9+/]*$/;
const urlForm = /^[A-Za-z0-9_-]*$/;
/** By how many letters there are beyond whole groups of four: the last one that leaves no bits beyond the last byte. None is ever alone. */
const lastLetter = [/^/, /(?!)/, /[AQgw]$/, /[AEIMQUYcgkosw048]$/];

/**
 * The bytes of unpadded text in either alphabet, not mixed. `undefined` for anything but the one text of its bytes: a letter of no
 * alphabet, one left over, bits beyond the last byte.
 */
export const bytesOfBase64 = (text: string): Uint8Array<ArrayBuffer> | undefined =>
  standardForm.test(text) || urlForm.test(text) ? bytesOf(text) : undefined;

/** As bytesOfBase64, of the alphabet without `+` and `/` alone. */
export const bytesOfBase64url = (text: string): Uint8Array<ArrayBuffer> | undefined =>
  urlForm.test(text) ? bytesOf(text) : undefined;

function bytesOf(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (lastLetter[text.length % 4]?.test(text) !== true) return undefined;
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at += 1) bytes[at] = binary.charCodeAt(at);
  return bytes;
}
