// The JOSE header. We are the only issuer, so each key has one header text: the verifier compares it and interprets nothing.
import { decodeBase64url, encodeBase64url } from './base64url.ts';
import { type BearerUse, bearerOfTyp, jwtKinds, type KeyUse } from './kinds.ts';

/** The first part of every JWT that this key signs. */
export const headerPart = (kid: string, use: KeyUse): string =>
  encodeBase64url(JSON.stringify({ alg: 'ES256', kid, typ: jwtKinds[use].typ }));

/** A header's claims: enough to look up the key. Do not believe them before the text equals headerPart. */
export interface ClaimedHeader {
  readonly kid: string;
  /** `undefined` when no bearer has this `typ`. */
  readonly use: BearerUse | undefined;
}

/** `undefined` unless it is canonical base64url of a JSON object with `kid` and `typ` as strings. */
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
