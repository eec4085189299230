// ES256 only: the algorithm is fixed here and never read from a token. Of the two valid signatures (r, s) and (r, n - s) only the one with
// the low s is made or accepted, so that a JWT has one text.
import { type KeyObject, sign, verify } from 'node:crypto';

/** r and s, 32 bytes each, big-endian (RFC 7518 section 3.4). */
export const SIGNATURE_BYTES = 64;

/** The order n of P-256 (FIPS 186-5, SP 800-186 section 3.2.1.3). */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

const scalarBytes = (scalar: bigint): Buffer => Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex');

const ZERO = scalarBytes(0n);
const LAST = scalarBytes(ORDER - 1n);
const LAST_LOW = scalarBytes(ORDER >> 1n);

// Big-endian bytes of equal length compare like the numbers.
const within = (scalar: Uint8Array, last: Uint8Array): boolean =>
  Buffer.compare(scalar, ZERO) > 0 && Buffer.compare(scalar, last) <= 0;

/** True for exactly 64 bytes with 0 < r < n and 0 < s <= n/2. Says nothing about whose signature it is. */
export function isCanonicalSignature(signature: Uint8Array): boolean {
  return (
    signature.length === SIGNATURE_BYTES &&
    within(signature.subarray(0, 32), LAST) &&
    within(signature.subarray(32), LAST_LOW)
  );
}

/** The same signature with the low one of its two possible s. */
export function toLowS(signature: Uint8Array): Buffer {
  const low = Buffer.from(signature);
  const s = BigInt(`0x${low.toString('hex', 32)}`);
  if (s > ORDER >> 1n) scalarBytes(ORDER - s).copy(low, 32);
  return low;
}

/** Signs the UTF-8 bytes of `text`: 64 bytes, r and s, low s. */
export const signEs256 = (privateKey: KeyObject, text: string): Buffer =>
  toLowS(sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' }));

/** True only for a canonical signature of exactly this text under this P-256 key. */
export const verifyEs256 = (publicKey: KeyObject, text: string, signature: Uint8Array): boolean =>
  isCanonicalSignature(signature) &&
  verify('sha256', Buffer.from(text), { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature);
