// Units live in the type: a wire second can never be compared with a stored nanosecond by accident.
// Nanoseconds exceed 2^53, so they are bigint end to end (docs/wire.md section 14).

declare const unit: unique symbol;

/** Whole seconds since 1970-01-01T00:00:00Z. */
export type UnixSeconds = number & { readonly [unit]: 's' };
/** Whole milliseconds since 1970-01-01T00:00:00Z. */
export type UnixMillis = number & { readonly [unit]: 'ms' };
/** Whole nanoseconds since 1970-01-01T00:00:00Z. */
export type UnixNanos = bigint & { readonly [unit]: 'ns' };

/** A unix time from 2001 to 5138 tells its unit by its size: from this number to a hundred times it. */
const LEAST_OF_UNIT = { seconds: 1e9, milliseconds: 1e12, microseconds: 1e15, nanoseconds: 1e18 } as const;
export type TimeUnit = keyof typeof LEAST_OF_UNIT;

/** The unit that the size of a unix time shows, if it is another than `wanted`; else undefined. */
export function otherUnit(time: number, wanted: TimeUnit): TimeUnit | undefined {
  for (const unit of ['seconds', 'milliseconds', 'microseconds', 'nanoseconds'] as const) {
    if (unit !== wanted && time >= LEAST_OF_UNIT[unit] && time < LEAST_OF_UNIT[unit] * 100) return unit;
  }
  return undefined;
}

/** The end of a sentence about a unix time whose size shows another unit than `wanted`; else undefined. */
export function inOtherUnit(time: number, wanted: TimeUnit): string | undefined {
  const unit = otherUnit(time, wanted);
  return unit && `is in ${unit}, and must be in ${wanted}`;
}

/** `digits`: decimal, of a whole number of that unit. */
export const nanosOfDigits = (digits: string, unit: TimeUnit): UnixNanos =>
  (BigInt(digits) * BigInt(LEAST_OF_UNIT.nanoseconds / LEAST_OF_UNIT[unit])) as UnixNanos;

/** "Never" and "not yet" in stored times: revoked_at 0 = live, expires_at 0 = never (docs/wire.md section 6). */
export const NEVER = 0n as UnixNanos;

/** Whether a time such as expires_at has passed; NEVER has not. */
export const isOver = (until: UnixNanos, now: UnixNanos): boolean => until !== NEVER && until <= now;

export interface Clock {
  /**
   * The kept time: it dates what is written, and refuses what is dated ahead. It never goes back, nor below the highest time that this
   * store has seen.
   */
  now(): UnixNanos;
  /**
   * The time to ask whether something has expired: the machine's when that is ahead of the kept time, though it may prove wrong. Never
   * below `now`; it may go back when the machine's does.
   */
  latest(): UnixNanos;
  /** Monotonic milliseconds: only for measuring intervals. */
  monotonic(): number;
}

/** The clock of a store, and the machine's behind it. */
export interface KeptClock extends Clock {
  /** `now` as it was last read, by anybody: for what counts each request, which has just been decided at that time. */
  recent(): UnixNanos;
  machine(): UnixNanos;
  /**
   * Sets the kept time, forward or back, to `to` plus what has passed since the machine said it at `readAt` (monotonic). Not to the
   * machine's time now: the caller ended what would live again after `to`, and nothing else. Returns the new time.
   */
  accept(to: UnixNanos, readAt: number): UnixNanos;
}

export const unixSeconds = (seconds: number): UnixSeconds => Math.trunc(seconds) as UnixSeconds;
export const unixNanos = (nanos: bigint): UnixNanos => nanos as UnixNanos;
export const nanosOfSeconds = (seconds: UnixSeconds): UnixNanos => (BigInt(seconds) * 1_000_000_000n) as UnixNanos;
/** Rounds down. */
export const secondsOf = (nanos: UnixNanos): UnixSeconds => Number(nanos / 1_000_000_000n) as UnixSeconds;
/** Rounds down. */
export const millisOf = (nanos: UnixNanos): UnixMillis => Number(nanos / 1_000_000n) as UnixMillis;
/** RFC 3339 in UTC, to the millisecond. */
export const isoTime = (at: UnixNanos): string => new Date(Number(at / 1_000_000n)).toISOString();
export const addSeconds = (at: UnixNanos, seconds: number): UnixNanos =>
  (at + BigInt(Math.trunc(seconds)) * 1_000_000_000n) as UnixNanos;

const SECOND_NS = 1_000_000_000n;
/** 5 s: a step ahead that is harmless even if wrong, so it is followed at once. */
const STEP_NS = 5n * SECOND_NS;
/** A larger step is kept after the machine has stood by it for this long, by the monotonic clock. */
export const HELD_SECONDS = 60;
const HELD_NS = BigInt(HELD_SECONDS) * SECOND_NS;
/** 10 s: the longest gap between two looks at the machine's clock meanwhile; nobody knows what it said in a longer one. */
const WATCHED_NS = 10n * SECOND_NS;
/** A machine clock further ahead than this of everything seen is believed only when the operator says so. */
export const FAR_AHEAD_SECONDS = 30 * 86_400;

/** Whether only the operator can say that the machine's clock is right. `seen` is the highest time in the data; 0 = none yet. */
export const isFarAhead = (machine: bigint, seen: bigint): boolean =>
  seen !== 0n && machine - seen > BigInt(FAR_AHEAD_SECONDS) * SECOND_NS;

/** More than a client's clock may be off: with such a lead, correctly dated signatures are refused. */
export const LEAD_SECONDS = 60;

/** Seconds by which the kept time is ahead of the machine's; negative when the machine is ahead and not believed yet. */
export const leadSeconds = (clock: Pick<KeptClock, 'now' | 'machine'>): number =>
  Number((clock.now() - clock.machine()) / 1_000_000n) / 1000;

/** No signature made until now has a later time, unless the operator alone could confirm the machine's clock. */
export function signedUntil(clock: Clock, futureToleranceSeconds: number): UnixNanos {
  const [kept, latest] = [clock.now(), clock.latest()];
  return addSeconds(isFarAhead(latest, kept) ? kept : latest, futureToleranceSeconds);
}

/**
 * A clock that never goes back, nor below `floor`. While the machine's clock is behind what was already seen, time goes on at the pace
 * of the monotonic clock, so that things still expire. A jump ahead is kept after the machine has stood by it for HELD_SECONDS, and
 * never when it is far ahead: so a machine that slept is believed, and one that was wrong for a moment leaves no trace. `wall` is in
 * nanoseconds, `monotonic` in milliseconds.
 */
export function createClock(deps: {
  wall: () => bigint;
  monotonic: () => number;
  floor: UnixNanos;
  /** The operator says that the machine's clock is right at the start, however far ahead it is. */
  acceptStart?: boolean;
}): KeptClock {
  let readAt = deps.monotonic();
  const start = deps.wall();
  const believed = deps.acceptStart === true || !isFarAhead(start, deps.floor);
  let kept: bigint = believed && start > deps.floor ? start : deps.floor;
  /** The time that the machine has stood by. `kept` is at most a step ahead of it. */
  let confirmed = kept;
  /** The least time the machine has claimed since it went ahead of `confirmed`, moved on with time; and for how long it has. */
  let claimed: bigint | undefined;
  let claimedFor = 0n;

  /** The machine's time, after taking in what it says. */
  function read(): bigint {
    const at = deps.monotonic();
    const passed = nanosBetween(readAt, at);
    if (at > readAt) readAt = at;
    kept += passed;
    confirmed += passed;
    const wall = deps.wall();
    if (wall <= confirmed) {
      claimed = undefined;
      return wall;
    }
    if (claimed === undefined || passed > WATCHED_NS) {
      claimed = wall;
      claimedFor = 0n;
    } else {
      claimed += passed;
      claimedFor += passed;
      if (wall < claimed) claimed = wall;
    }
    if (claimedFor >= HELD_NS && !isFarAhead(claimed, confirmed)) {
      confirmed = claimed;
      claimed = undefined;
    }
    if (confirmed > kept) kept = confirmed;
    if (wall > kept && wall <= confirmed + STEP_NS) kept = wall;
    return wall;
  }

  return {
    monotonic: deps.monotonic,
    now() {
      read();
      return unixNanos(kept);
    },
    latest() {
      const wall = read();
      return unixNanos(wall > kept ? wall : kept);
    },
    recent: () => unixNanos(kept),
    machine: () => unixNanos(deps.wall()),
    accept(to, since) {
      read();
      kept = to + nanosBetween(since, readAt);
      confirmed = kept;
      claimed = undefined;
      return unixNanos(kept);
    },
  };
}

/** Between two times of the monotonic clock; 0 if it went back. */
const nanosBetween = (from: number, to: number): bigint => BigInt(Math.max(0, Math.trunc((to - from) * 1_000_000)));

/** Nanoseconds of the machine's wall clock, at the millisecond resolution JavaScript offers. */
export const systemWall = (): bigint => BigInt(Date.now()) * 1_000_000n;
