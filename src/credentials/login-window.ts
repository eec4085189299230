// When a signed time is acceptable. A refusal says by how much the client's clock is off.
import { type Clock, inOtherUnit, secondsOf, type UnixNanos, type UnixSeconds, unixSeconds } from '../domain/time.ts';
import { ApiError } from '../errors.ts';

type TimeCode = 'INVALID_TIMESTAMP' | 'INVALID_BLOCK_EXPIRATION';

/** A refusal that a wrong client clock may explain: `why`, the server's time and the difference. */
export function timestampError(
  timestamp: UnixSeconds,
  clock: Clock,
  why?: string,
  code: TimeCode = 'INVALID_TIMESTAMP',
): ApiError {
  const now = secondsOf(clock.now());
  const skew = timestamp - now;
  const off = `the timestamp is ${Math.abs(skew)} s ${skew < 0 ? 'behind' : 'ahead of'} the server, whose time is ${now}`;
  return new ApiError(code, why === undefined ? off : `${why}; ${off}`, {
    data: { server_time: now, skew_seconds: skew },
  });
}

/** Signed at or before `validAfter`: says when a new signature will be accepted. */
export function signedOutError(validAfter: UnixNanos, clock: Clock): ApiError {
  const now = secondsOf(clock.now());
  const wait = Math.max(0, secondsOf(validAfter) + 1 - now);
  const when = wait > 0 ? `sign again in ${wait} s` : 'sign again';
  return new ApiError('INVALID_TIMESTAMP', `the account signed out everywhere after this signature: ${when}`, {
    data: { server_time: now, wait_seconds: wait },
    reason: 'signed_out',
  });
}

/** A signature of this second was used while the service's clock was ahead, so no other of that second is accepted. */
export const datedError = (): ApiError =>
  new ApiError('INVALID_TIMESTAMP', 'the clock of this service was set after a signature of that second: sign again', {
    reason: 'signature_dated',
  });

// "Thousands of years ahead" would not help: name the unit.
function requireInSeconds(name: string, time: UnixSeconds, clock: Clock, code: TimeCode): void {
  const other = inOtherUnit(time, 'seconds');
  if (other === undefined) return;
  throw new ApiError(code, `the ${name} ${other}`, { data: { server_time: secondsOf(clock.now()) }, reason: code });
}

/** Throws INVALID_TIMESTAMP with server time and skew when `timestamp` is further ahead than the tolerance, or with its unit when that is not seconds. */
export function requireNotFromFuture(timestamp: UnixSeconds, clock: Clock, toleranceSeconds: number): void {
  requireInSeconds('timestamp', timestamp, clock, 'INVALID_TIMESTAMP');
  if (timestamp - secondsOf(clock.now()) > toleranceSeconds) throw timestampError(timestamp, clock);
}

export interface SignatureWindow {
  readonly timestamp: UnixSeconds;
  readonly expiration: UnixSeconds;
}

/**
 * docs/wire.md section 4: timestamp at most the tolerance ahead; expiration in the future, after the timestamp, and at most
 * `maxAgeSeconds` after it. Throws INVALID_TIMESTAMP, and `code` for a wrong expiration.
 */
export function requireOpenWindow(
  window: SignatureWindow,
  clock: Clock,
  limits: { readonly futureToleranceSeconds: number; readonly maxAgeSeconds: number },
  code: TimeCode = 'INVALID_BLOCK_EXPIRATION',
): void {
  requireNotFromFuture(window.timestamp, clock, limits.futureToleranceSeconds);
  requireInSeconds('expiration', window.expiration, clock, code);
  const now = secondsOf(clock.latest());
  const age = window.expiration - window.timestamp;
  if (age <= 0) throw new ApiError(code, 'the expiration is not after the timestamp');
  if (age > limits.maxAgeSeconds) {
    throw new ApiError(code, `the signature is valid for ${age} s, more than the ${limits.maxAgeSeconds} s allowed`);
  }
  if (window.expiration <= now) {
    throw timestampError(window.timestamp, clock, `the signature expired ${now - window.expiration} s ago`, code);
  }
}

/** Expiration when the client sends none: `defaultAge` seconds after the timestamp. */
export const defaultExpiration = (timestamp: UnixSeconds, defaultAge: number): UnixSeconds =>
  unixSeconds(timestamp + defaultAge);
