// Decides whether a bearer is one that we issued and that has not run out. It says who is asking and never what is
// allowed now: whether the credential behind it still lives is the view's answer.
import { hash } from 'node:crypto';
import type { DenyReason } from '../domain/decision.ts';
import { createLru } from '../domain/lru.ts';
import type { UnixSeconds } from '../domain/time.ts';
import { decodeBase64url } from './base64url.ts';
import { type BearerClaims, readClaims } from './claims.ts';
import { verifyEs256 } from './es256.ts';
import { headerPart, readHeader } from './header.ts';
import type { Keyring } from './keyring.ts';

/** DESIGN 4.3. A valid bearer is ASCII, so that its characters are its bytes. */
export const MAX_BEARER_BYTES = 4096;

export interface VerifiedClaims extends BearerClaims {
  readonly kid: string;
}

export interface BearerRefusal {
  readonly ok: false;
  readonly reason: DenyReason;
  /** Seconds since it ran out, 0 in its last second: told for `bearer_expired`, and so only to a holder of a genuine bearer. */
  readonly expiredSeconds?: number;
}

export type BearerResult = { readonly ok: true; readonly claims: VerifiedClaims } | BearerRefusal;

export type VerifyBearer = (token: string, now: UnixSeconds) => BearerResult;

/** Of the good bearers that are remembered. */
export interface BearerCacheStats {
  readonly entries: number;
  readonly capacity: number;
  readonly hits: number;
  readonly misses: number;
}

const refuse = (reason: DenyReason): BearerRefusal => ({ ok: false, reason });

/**
 * Everything about a bearer that can never change: whether a key of ours signed it, and what it says. Not whether it or that key still
 * lives.
 */
export const createReadBearer =
  ({ keyring, issuer }: { readonly keyring: Keyring; readonly issuer: string }) =>
  (token: string): BearerResult => {
    if (token.length > MAX_BEARER_BYTES) return refuse('bearer_malformed');
    const parts = token.split('.');
    const [header, payload, signature] = parts;
    if (parts.length !== 3 || header === undefined || payload === undefined || signature === undefined) {
      return refuse('bearer_malformed');
    }
    const claimed = readHeader(header);
    const payloadBytes = decodeBase64url(payload);
    const signatureBytes = decodeBase64url(signature);
    if (claimed === undefined || payloadBytes === undefined || signatureBytes === undefined) {
      return refuse('bearer_malformed');
    }
    const { kid, use } = claimed;
    if (use === undefined) return refuse('bearer_wrong_kind');
    const verifier = keyring.verifier(kid);
    if (verifier === undefined) return refuse('bearer_unknown_key');
    if (verifier.use !== use) return refuse('bearer_wrong_kind');
    // Another alg, crit, jwk, a member twice or in another place: none of them is the header that we write.
    if (header !== headerPart(kid, use)) return refuse('bearer_malformed');
    if (!verifyEs256(verifier.publicKey, `${header}.${payload}`, signatureBytes)) return refuse('bearer_signature');
    const claims = readClaims(payloadBytes.toString(), use, issuer);
    if (claims === undefined) return refuse('bearer_claims');
    // Frozen: every request with this bearer gets the same object.
    return { ok: true, claims: Object.freeze({ ...claims, credential: Object.freeze(claims.credential), kid }) };
  };

/**
 * A verifier of sessions and read-only tokens (DESIGN 4.3). It remembers at most `cacheCapacity` good ones by the
 * SHA-256 of the whole text and no bad ones; of a remembered one it asks again whether it and its key still live.
 */
export function createVerifyBearer(options: {
  readonly keyring: Keyring;
  readonly issuer: string;
  readonly cacheCapacity: number;
}): VerifyBearer & { stats(): BearerCacheStats } {
  const { keyring } = options;
  const check = createReadBearer(options);
  const remembered = createLru<string, VerifiedClaims>(options.cacheCapacity);
  let hits = 0;
  let misses = 0;

  /** Everything that changes with time. */
  function lapse(claims: VerifiedClaims, now: UnixSeconds): BearerRefusal | undefined {
    if (!keyring.isLive(claims.kid)) return refuse('signing_key_retired');
    // RFC 7519 section 4.1.4: dead on and after exp; no skew is allowed, since the clock that wrote exp is ours. Asked this
    // way round, a time that is not a number refuses too.
    if (!(claims.expiresAt > now)) {
      return { ok: false, reason: 'bearer_expired', expiredSeconds: now - claims.expiresAt };
    }
    return undefined;
  }

  const verifyBearer: VerifyBearer = (token, now) => {
    if (token.length > MAX_BEARER_BYTES) return refuse('bearer_malformed');
    const digest = hash('sha256', token, 'base64');
    const known = remembered.get(digest);
    if (known !== undefined) {
      hits += 1;
      const refusal = lapse(known, now);
      if (refusal === undefined) return { ok: true, claims: known };
      remembered.delete(digest);
      return refusal;
    }
    misses += 1;
    const result = check(token);
    if (!result.ok) return result;
    const refusal = lapse(result.claims, now);
    if (refusal !== undefined) return refusal;
    remembered.set(digest, result.claims);
    return result;
  };
  const stats = (): BearerCacheStats => ({
    entries: remembered.size,
    capacity: options.cacheCapacity,
    hits,
    misses,
  });
  return Object.assign(verifyBearer, { stats });
}
