// Base64url as JWS writes it. One value has one text: whatever would decode to the same bytes but is spelled otherwise is refused.

export const encodeBase64url = (bytes: Uint8Array | string): string => Buffer.from(bytes).toString('base64url');

/**
 * The bytes of canonical base64url text; `undefined` for padding, the standard alphabet, whitespace, a stray last
 * character or non-zero trailing bits. RFC 7515 section 2; canonical form: RFC 4648 section 3.5.
 */
export function decodeBase64url(text: string): Buffer | undefined {
  // Buffer skips over what it does not know, so only re-encoding tells that nothing was skipped.
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}
