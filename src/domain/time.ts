// Units live in the type: a wire second can never be compared with a stored nanosecond by accident.
// Nanoseconds exceed 2^53, so they are bigint end to end (WIRE section 11).

declare const unit: unique symbol;

/** Whole seconds since 1970-01-01T00:00:00Z. */
export type UnixSeconds = number & { readonly [unit]: 's' };
/** Whole milliseconds since 1970-01-01T00:00:00Z. */
export type UnixMillis = number & { readonly [unit]: 'ms' };
/** Whole nanoseconds since 1970-01-01T00:00:00Z. */
export type UnixNanos = bigint & { readonly [unit]: 'ns' };

/** "Never" and "not yet" in stored times: revoked_at 0 = live, expires_at 0 = never (WIRE section 4). */
export const NEVER = 0n as UnixNanos;

/** Whether a time such as expires_at has come; NEVER does not. */
export const isOver = (until: UnixNanos, now: UnixNanos): boolean => until !== NEVER && until <= now;

export interface Clock {
  /** Wall time that never goes below the highest time this store has seen (DESIGN section 5). */
  now(): UnixNanos;
  /** Monotonic milliseconds: only for measuring intervals. */
  monotonic(): number;
}

export const unixSeconds = (seconds: number): UnixSeconds => Math.trunc(seconds) as UnixSeconds;
export const unixNanos = (nanos: bigint): UnixNanos => nanos as UnixNanos;
export const nanosOfSeconds = (seconds: UnixSeconds): UnixNanos => (BigInt(seconds) * 1_000_000_000n) as UnixNanos;
export const nanosOfMillis = (millis: UnixMillis): UnixNanos => (BigInt(millis) * 1_000_000n) as UnixNanos;
/** Rounds down. */
export const secondsOf = (nanos: UnixNanos): UnixSeconds => Number(nanos / 1_000_000_000n) as UnixSeconds;
/** Rounds down. */
export const millisOf = (nanos: UnixNanos): UnixMillis => Number(nanos / 1_000_000n) as UnixMillis;
export const addSeconds = (at: UnixNanos, seconds: number): UnixNanos =>
  (at + BigInt(Math.trunc(seconds)) * 1_000_000_000n) as UnixNanos;

/**
 * A clock that never goes below `floor` nor back: while the wall clock stands behind what was already seen, time goes on at
 * the pace of the monotonic clock, so that expiry keeps working across a wall clock that was set back.
 * `wall` is in nanoseconds, `monotonic` in milliseconds.
 */
export function createClock(deps: { wall: () => bigint; monotonic: () => number; floor: UnixNanos }): Clock {
  let base: bigint = deps.floor;
  let baseAt = deps.monotonic();
  return {
    monotonic: deps.monotonic,
    now() {
      const at = deps.monotonic();
      const carried = base + BigInt(Math.max(0, Math.trunc((at - baseAt) * 1_000_000)));
      const wall = deps.wall();
      base = wall > carried ? wall : carried;
      baseAt = at;
      return base as UnixNanos;
    },
  };
}

/** Nanoseconds of the machine's wall clock, at the millisecond resolution JavaScript offers. */
export const systemWall = (): bigint => BigInt(Date.now()) * 1_000_000n;
