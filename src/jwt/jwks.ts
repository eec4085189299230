// The public document with which a venue verifies our JWTs. Built member by member, so that a private one can never slip in.
import { createHash } from 'node:crypto';

/** A P-256 public key, exactly the members of its thumbprint. */
export interface PublicJwk {
  readonly kty: 'EC';
  readonly crv: 'P-256';
  readonly x: string;
  readonly y: string;
}

export interface JwksKey extends PublicJwk {
  readonly alg: 'ES256';
  readonly use: 'sig';
  readonly kid: string;
}

/** The body of GET /v1/jwks.json (docs/wire.md section 10): every member a string. */
export interface Jwks {
  readonly keys: readonly JwksKey[];
}

/** The public part of a JWK, all other members dropped; `undefined` if it is not a P-256 key. */
export function publicJwkOf(jwk: unknown): PublicJwk | undefined {
  if (typeof jwk !== 'object' || jwk === null) return undefined;
  const { kty, crv, x, y } = { kty: undefined, crv: undefined, x: undefined, y: undefined, ...jwk };
  if (kty !== 'EC' || crv !== 'P-256' || typeof x !== 'string' || typeof y !== 'string') return undefined;
  return { kty, crv, x, y };
}

/** RFC 7638: SHA-256 of the required members in lexicographic order without whitespace, base64url. */
export const thumbprint = ({ crv, kty, x, y }: PublicJwk): string =>
  createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');

/** The document for these keys, sorted by kid so that every node answers the same bytes. */
export function jwksOf(keys: Iterable<{ readonly kid: string; readonly publicJwk: PublicJwk }>): Jwks {
  const listed = Array.from(keys, ({ kid, publicJwk: { kty, crv, x, y } }): JwksKey => {
    return { kty, crv, x, y, alg: 'ES256', use: 'sig', kid };
  });
  return { keys: listed.sort((a, b) => (a.kid < b.kid ? -1 : 1)) };
}
