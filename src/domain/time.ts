// Units live in the type: a wire second can never be compared with a stored nanosecond by accident.
// Nanoseconds exceed 2^53, so they are bigint end to end (WIRE section 11).

declare const unit: unique symbol;

/** Whole seconds since 1970-01-01T00:00:00Z. */
export type UnixSeconds = number & { readonly [unit]: 's' };
/** Whole milliseconds since 1970-01-01T00:00:00Z. */
export type UnixMillis = number & { readonly [unit]: 'ms' };
/** Whole nanoseconds since 1970-01-01T00:00:00Z. */
export type UnixNanos = bigint & { readonly [unit]: 'ns' };

/** The least number of each that is told by its size; a hundred times as much is the first that is not. From 2001 to 5138 they are apart. */
const LEAST_OF_UNIT = { seconds: 1e9, milliseconds: 1e12, microseconds: 1e15, nanoseconds: 1e18 } as const;
export type TimeUnit = keyof typeof LEAST_OF_UNIT;

/** Words to put behind the name of a unix time, where its size tells that it is in another unit than `wanted`. */
export function inOtherUnit(time: number, wanted: TimeUnit): string | undefined {
  for (const [unit, least] of Object.entries(LEAST_OF_UNIT)) {
    if (unit !== wanted && time >= least && time < least * 100) return `is in ${unit}, and must be in ${wanted}`;
  }
  return undefined;
}

/** "Never" and "not yet" in stored times: revoked_at 0 = live, expires_at 0 = never (WIRE section 4). */
export const NEVER = 0n as UnixNanos;

/** Whether a time such as expires_at has come; NEVER does not. */
export const isOver = (until: UnixNanos, now: UnixNanos): boolean => until !== NEVER && until <= now;

export interface Clock {
  /**
   * The time that is kept: what is written is dated by it, and what it is too early for is refused. It never goes back, and never
   * below the highest time this store has seen.
   */
  now(): UnixNanos;
  /**
   * Whether something is over is asked of this: the machine's time where that is ahead of the kept one, and may yet prove wrong.
   * Never below `now`; it may go back when the machine's does.
   */
  latest(): UnixNanos;
  /** Monotonic milliseconds: only for measuring intervals. */
  monotonic(): number;
}

/** The clock of a store, with the machine's behind it. */
export interface KeptClock extends Clock {
  machine(): UnixNanos;
  /**
   * Takes `to`, forward or back, which the machine said at `readAt` by the monotonic clock, as it has gone on since. Not what the
   * machine says by now: who calls it has ended what would live again after `to`, and nothing before. Returns the time from now on.
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
/** As RFC 3339 has it, to the millisecond, in UTC. */
export const isoTime = (at: UnixNanos): string => new Date(Number(at / 1_000_000n)).toISOString();
export const addSeconds = (at: UnixNanos, seconds: number): UnixNanos =>
  (at + BigInt(Math.trunc(seconds)) * 1_000_000_000n) as UnixNanos;

const SECOND_NS = 1_000_000_000n;
/** 5 s: a correction of the machine's clock that does no harm, were it wrong. */
const STEP_NS = 5n * SECOND_NS;
/** A longer one is kept once the machine has stood by it for so long, by the monotonic clock. */
export const HELD_SECONDS = 60;
const HELD_NS = BigInt(HELD_SECONDS) * SECOND_NS;
/** 10 s: the machine must have been looked at this often meanwhile, for nobody knows what it said in a longer pause. */
const WATCHED_NS = 10n * SECOND_NS;
/** Further ahead of all that was seen the machine's clock is believed only when the operator says so. */
export const FAR_AHEAD_SECONDS = 30 * 86_400;

/** Whether nobody but the operator can say that a machine's clock is right, after the data has seen `seen`; 0 = nothing yet. */
export const isFarAhead = (machine: bigint, seen: bigint): boolean =>
  seen !== 0n && machine - seen > BigInt(FAR_AHEAD_SECONDS) * SECOND_NS;

/** More than a client's clock may be off: who signs by the right time is refused. */
export const LEAD_SECONDS = 60;

/** How far the kept time is ahead of the machine's, in seconds; below 0 the machine's is ahead, and is not believed yet. */
export const leadSeconds = (clock: Pick<KeptClock, 'now' | 'machine'>): number =>
  Number((clock.now() - clock.machine()) / 1_000_000n) / 1000;

/** Nothing that was signed by now is dated later, as far as anybody but the operator would ever believe the machine. */
export function signedUntil(clock: Clock, futureToleranceSeconds: number): UnixNanos {
  const [kept, latest] = [clock.now(), clock.latest()];
  return addSeconds(isFarAhead(latest, kept) ? kept : latest, futureToleranceSeconds);
}

/**
 * A clock that never goes below `floor` nor back: while the machine's stands behind what was already seen, time goes on at the
 * pace of the monotonic one, so that expiry keeps working. A jump ahead of that pace is not kept before the machine has stood by it
 * for HELD_SECONDS, nor ever when it is far ahead: a machine that slept is believed then, and one that was wrong for a moment leaves
 * no trace. `wall` is in nanoseconds, `monotonic` in milliseconds.
 */
export function createClock(deps: {
  wall: () => bigint;
  monotonic: () => number;
  floor: UnixNanos;
  /** The operator has said that the machine is right, however far ahead it is at the start. */
  acceptStart?: boolean;
}): KeptClock {
  let readAt = deps.monotonic();
  const start = deps.wall();
  const believed = deps.acceptStart === true || !isFarAhead(start, deps.floor);
  let kept: bigint = believed && start > deps.floor ? start : deps.floor;
  /** What the machine has stood by. `kept` is at most a step ahead of it. */
  let confirmed = kept;
  /** The least that the machine said since it went ahead of `confirmed`, as time goes on from there, and for how long. */
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

/** Of two times of the monotonic clock; 0 where it went back. */
const nanosBetween = (from: number, to: number): bigint => BigInt(Math.max(0, Math.trunc((to - from) * 1_000_000)));

/** Nanoseconds of the machine's wall clock, at the millisecond resolution JavaScript offers. */
export const systemWall = (): bigint => BigInt(Date.now()) * 1_000_000n;
