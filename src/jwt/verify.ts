// Decides whether we issued a bearer and it has not expired. It says who is calling, never what is allowed now: whether the credential
// is alive is the view's answer.
import { hash } from 'node:crypto';
import type { DenyReason } from '../domain/decision.ts';
import { createLru } from '../domain/lru.ts';
import type { UnixSeconds } from '../domain/time.ts';
import { decodeBase64url } from './base64url.ts';
import { type BearerClaims, readClaims } from './claims.ts';
import { verifyEs256 } from './es256.ts';
import { headerPart, readHeader } from './header.ts';
import type { Keyring } from './keyring.ts';

/** A valid bearer is ASCII, so its characters are its bytes. */
export const MAX_BEARER_BYTES = 4096;

export interface VerifiedClaims extends BearerClaims {
  readonly kid: string;
}

export interface BearerRefusal {
  readonly ok: false;
  readonly reason: DenyReason;
  /** Seconds since it expired. Only for `bearer_expired`, so only a holder of a genuine bearer learns it. */
  readonly expiredSeconds?: number;
  /** Only for `bearer_expired`: a live key of ours signed them. Those of a retired key prove nothing, as others may hold it. */
  readonly claims?: VerifiedClaims;
}

export type BearerResult = { readonly ok: true; readonly claims: VerifiedClaims } | BearerRefusal;

export type VerifyBearer = (token: string, now: UnixSeconds) => BearerResult;

/** Of the cache of verified bearers. */
export interface BearerCacheStats {
  readonly entries: number;
  readonly capacity: number;
  readonly hits: number;
  readonly misses: number;
}

const refuse = (reason: DenyReason): BearerRefusal => ({ ok: false, reason });

/** Checks what can never change: that a key of ours signed it, and its claims. Not whether the bearer or the key is still alive. */
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
    // Another alg, crit, jwk, a repeated member, another order: none of them is the header we write.
    if (header !== headerPart(kid, use)) return refuse('bearer_malformed');
    if (!verifyEs256(verifier.publicKey, `${header}.${payload}`, signatureBytes)) return refuse('bearer_signature');
    const claims = readClaims(payloadBytes.toString(), use, issuer);
    if (claims === undefined) return refuse('bearer_claims');
    // Frozen, since every request with this bearer shares the object.
    return { ok: true, claims: Object.freeze({ ...claims, credential: Object.freeze(claims.credential), kid }) };
  };

/**
 * Verifies sessions and read-only tokens. It caches at most `cacheCapacity` good bearers by the SHA-256 of the whole text, and no bad
 * ones. Expiry and the key's life are checked on every call, cached or not.
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

  /** Checks what changes with time. */
  function lapse(claims: VerifiedClaims, now: UnixSeconds): BearerRefusal | undefined {
    if (!keyring.isLive(claims.kid)) return refuse('signing_key_retired');
    // RFC 7519 section 4.1.4: dead on and after exp, without tolerance, since our own clock wrote exp. Written as !(a > b), so that NaN
    // refuses too.
    if (!(claims.expiresAt > now)) {
      return { ok: false, reason: 'bearer_expired', expiredSeconds: now - claims.expiresAt, claims };
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
