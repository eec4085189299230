// Base64url as in JWS. One value has one text: another spelling of the same bytes is refused.

export const encodeBase64url = (bytes: Uint8Array | string): string => Buffer.from(bytes).toString('base64url');

/**
 * The bytes of canonical base64url text; `undefined` for padding, the standard alphabet, whitespace, a stray last
 * character or non-zero trailing bits. RFC 7515 section 2; canonical form: RFC 4648 section 3.5.
 */
export function decodeBase64url(text: string): Buffer | undefined {
  // Buffer skips unknown characters: only re-encoding shows that it skipped none.
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}
