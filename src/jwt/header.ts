// The JOSE header. We are the only issuer, so there is one header text per key: a verifier compares, it never interprets.
import { decodeBase64url, encodeBase64url } from './base64url.ts';
import { type BearerUse, bearerOfTyp, jwtKinds, type KeyUse } from './kinds.ts';

/** The first part of every JWT that this key signs. */
export const headerPart = (kid: string, use: KeyUse): string =>
  encodeBase64url(JSON.stringify({ alg: 'ES256', kid, typ: jwtKinds[use].typ }));

/** What a header claims to be: enough to look up the key, and never to be believed before it equals headerPart. */
export interface ClaimedHeader {
  readonly kid: string;
  /** `undefined` when `typ` is that of no bearer: assertion, terminal, console or anything else. */
  readonly use: BearerUse | undefined;
}

/** Reads the claimed kid and use; `undefined` unless it is the canonical base64url of a JSON object with both as strings. */
export function readHeader(part: string): ClaimedHeader | undefined {
  const bytes = decodeBase64url(part);
  if (bytes === undefined) return undefined;
  let header: unknown;
  try {
    header = JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
  if (typeof header !== 'object' || header === null) return undefined;
  const { kid, typ } = { kid: undefined, typ: undefined, ...header };
  if (typeof kid !== 'string' || typeof typ !== 'string') return undefined;
  return { kid, use: bearerOfTyp(typ) };
}
