// When a signed time is acceptable. Signatures live by their own window, so a clock that is off must be told by how much.
import { type Clock, inOtherUnit, secondsOf, type UnixNanos, type UnixSeconds, unixSeconds } from '../domain/time.ts';
import { ApiError } from '../errors.ts';

type TimeCode = 'INVALID_TIMESTAMP' | 'INVALID_BLOCK_EXPIRATION';

/** For what a clock that is off may explain: after `why` in words, the server's time, and how far the signed one is ahead of it. */
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

/** For what was signed at or before `validAfter`: it says when a new signature will do. */
export function signedOutError(validAfter: UnixNanos, clock: Clock): ApiError {
  const now = secondsOf(clock.now());
  const wait = Math.max(0, secondsOf(validAfter) + 1 - now);
  const when = wait > 0 ? `sign again in ${wait} s` : 'sign again';
  return new ApiError('INVALID_TIMESTAMP', `the account signed out everywhere after this signature: ${when}`, {
    data: { server_time: now, wait_seconds: wait },
    reason: 'signed_out',
  });
}

/** For a signature that bears a second which was used while the clock of this service was ahead of it. */
export const datedError = (): ApiError =>
  new ApiError('INVALID_TIMESTAMP', 'the clock of this service was set after a signature of that second: sign again', {
    reason: 'signature_dated',
  });

// Such a time is thousands of years ahead, which says nothing to whoever wrote it.
function requireInSeconds(name: string, time: UnixSeconds, clock: Clock, code: TimeCode): void {
  const other = inOtherUnit(time, 'seconds');
  if (other === undefined) return;
  throw new ApiError(code, `the ${name} ${other}`, { data: { server_time: secondsOf(clock.now()) }, reason: code });
}

/**
 * Throws INVALID_TIMESTAMP, naming server time and skew, when `timestamp` is further ahead than the tolerance, or its unit where that is
 * not seconds.
 */
export function requireNotFromFuture(timestamp: UnixSeconds, clock: Clock, toleranceSeconds: number): void {
  requireInSeconds('timestamp', timestamp, clock, 'INVALID_TIMESTAMP');
  if (timestamp - secondsOf(clock.now()) > toleranceSeconds) throw timestampError(timestamp, clock);
}

export interface SignatureWindow {
  readonly timestamp: UnixSeconds;
  readonly expiration: UnixSeconds;
}

/**
 * WIRE 2.1: timestamp at most the tolerance ahead, expiration in the future and after the timestamp, and no further from it
 * than `maxAge` seconds, inclusive. Throws INVALID_TIMESTAMP, and `code` for what is wrong with the expiration.
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
