// Proofs of possession (RFC 9449 section 4.2) in one strict form, and the keys of devices that make them. It says what a proof claims and
// whether its own key signed it, never whose key that is.
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { parseStrictJson, plainJson } from '../domain/strict-json.ts';
import { type UnixSeconds, unixSeconds } from '../domain/time.ts';
import { decodeBase64url } from './base64url.ts';
import { SIGNATURE_BYTES } from './es256.ts';
import { type PublicJwk, publicJwkOf, thumbprint } from './jwks.ts';

/** A proof is ASCII, so its characters are its bytes. */
export const MAX_PROOF_BYTES = 1024;

export interface Proof {
  readonly jwk: PublicJwk;
  /** 16 to 64 characters of base64url. */
  readonly jti: string;
  readonly htm: string;
  readonly htu: string;
  readonly iat: UnixSeconds;
  /** What the signature is about. */
  readonly signed: string;
  /** r and s, 32 bytes each. Neither of the two possible s is refused: a proof counts once by its jti. */
  readonly signature: Uint8Array;
}

const HEADER = ['alg', 'jwk', 'typ'];
const CLAIMS = ['htm', 'htu', 'iat', 'jti'];
const JWK = ['crv', 'kty', 'x', 'y'];

/** `undefined` unless it is a compact JWS of exactly these members, each once, in canonical base64url. */
export function readProof(text: string): Proof | undefined {
  if (text.length > MAX_PROOF_BYTES) return undefined;
  const [header = '', payload = '', signature = '', ...more] = text.split('.');
  const [head, claims, bytes] = [objectIn(header, HEADER), objectIn(payload, CLAIMS), decodeBase64url(signature)];
  if (more.length > 0 || head === undefined || claims === undefined || bytes?.length !== SIGNATURE_BYTES) {
    return undefined;
  }
  if (head.typ !== 'dpop+jwt' || head.alg !== 'ES256') return undefined;
  const jwk = readJwk(head.jwk);
  const { jti, htm, htu, iat } = claims;
  if (jwk === undefined || typeof jti !== 'string' || !/^[A-Za-z0-9_-]{16,64}$/.test(jti)) return undefined;
  if (typeof htm !== 'string' || typeof htu !== 'string' || typeof iat !== 'number') return undefined;
  return { jwk, jti, htm, htu, iat: unixSeconds(iat), signed: `${header}.${payload}`, signature: bytes };
}

/** Members of the object in a part of a JWS, which has exactly these. A number is a whole one, as it was written. */
function objectIn(part: string, names: readonly string[]): Readonly<Record<string, unknown>> | undefined {
  const bytes = decodeBase64url(part);
  if (bytes === undefined) return undefined;
  try {
    const value = parseStrictJson(bytes, MAX_PROOF_BYTES);
    if (typeof value !== 'object' || value?.kind !== 'object') return undefined;
    for (const member of value.members.values()) {
      const isNumber = typeof member === 'object' && member?.kind === 'number';
      if (isNumber && !/^(0|[1-9][0-9]{0,14})$/.test(member.text)) return undefined;
    }
    const plain = plainJson(value);
    return isObjectOf(plain, names) ? plain : undefined;
  } catch {
    return undefined;
  }
}

function isObjectOf(value: unknown, names: readonly string[]): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.keys(value).sort().join() === names.join()
  );
}

/** A P-256 public key of exactly four members, each in its one spelling. It may lie off the curve. */
function readJwk(value: unknown): PublicJwk | undefined {
  if (!isObjectOf(value, JWK)) return undefined;
  const jwk = publicJwkOf(value);
  return jwk !== undefined && [jwk.x, jwk.y].every((one) => decodeBase64url(one)?.length === 32) ? jwk : undefined;
}

/** A public key as its owner sends it: exactly `kty`, `crv`, `x` and `y`, and a point of the curve; else `undefined`. */
export function readDeviceKey(value: unknown): PublicJwk | undefined {
  const jwk = readJwk(value);
  return jwk === undefined || keyOf(jwk) === undefined ? undefined : jwk;
}

/** RFC 7638 by SHA-256, as `0x` and 64 hex digits. */
export const thumbprintHex = (jwk: PublicJwk): string =>
  `0x${Buffer.from(thumbprint(jwk), 'base64url').toString('hex')}`;

/** Whether the key in the proof signed it. Computed on a thread of the pool: the event loop goes on meanwhile. */
export function isSigned({ jwk, signed, signature }: Proof): Promise<boolean> {
  const key = keyOf(jwk);
  if (key === undefined) return Promise.resolve(false);
  return new Promise((resolve, reject) => {
    verify('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }, signature, (error, isValid) =>
      error === null ? resolve(isValid) : reject(error),
    );
  });
}

/** OpenSSL refuses a point off the curve, and a coordinate that is no element of its field. */
function keyOf({ kty, crv, x, y }: PublicJwk): KeyObject | undefined {
  try {
    return createPublicKey({ key: { kty, crv, x, y }, format: 'jwk' });
  } catch {
    return undefined;
  }
}
