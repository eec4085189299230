// The generic cell rate algorithm (ITU-T I.371): a bucket of `burst` requests that refills continuously.
// Pure: the result depends on the given time and state only, and asking changes nothing.

export interface Limit {
  /** Requests refilled per window. */
  readonly count: number;
  readonly windowSeconds: number;
  /** The bucket's size: requests that may come at once. */
  readonly burst: number;
}

/**
 * The theoretical arrival time, as the time of the last charge and the debt then, in 1/count milliseconds. With whole milliseconds all
 * arithmetic is exact on integers; the usual form would divide 60,000 ms by 17,250.
 */
export interface GcraState {
  readonly at: number;
  readonly debt: number;
}

export interface GcraResult {
  readonly allowed: boolean;
  /** Requests that would still pass right now, after this one. */
  readonly remaining: number;
  /** Whole seconds, rounded up, until the bucket is full again. */
  readonly resetAfterSeconds: number;
  /** Whole seconds, rounded up, after which a request passes; 0 if this one did. */
  readonly retryAfterSeconds: number;
  /** Unchanged by a refusal. */
  readonly newState: GcraState;
}

/** Throws RangeError unless all three are positive integers: a limit of 0 must not mean no limit. */
export function checkLimit(limit: Limit): Limit {
  for (const value of [limit.count, limit.windowSeconds, limit.burst]) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new RangeError('a rate limit needs a count, a window in seconds and a burst, each a positive integer');
    }
  }
  // The largest debt must stay an exact integer.
  if (!Number.isSafeInteger(limit.burst * limit.windowSeconds * 1000)) {
    throw new RangeError('a rate limit is too large: burst times window must stay under 2^53 milliseconds');
  }
  return limit;
}

/**
 * One request at `nowMs` (monotonic milliseconds) against one limit; no state = a full bucket. In any t milliseconds at most
 * burst + count * t / window requests pass. Time that stands still or goes back refills nothing.
 */
export function gcra(nowMs: number, limit: Limit, state: GcraState | undefined): GcraResult {
  const windowMs = limit.windowSeconds * 1000;
  const before = drained(nowMs, limit, state);
  const debt = before.debt + windowMs;
  const room = limit.burst * windowMs - debt;
  const allowed = room >= 0;
  const newState = allowed ? { at: before.at, debt } : before;
  return {
    allowed,
    remaining: allowed ? Math.floor(room / windowMs) : 0,
    resetAfterSeconds: secondsToDrain(limit, newState.debt),
    retryAfterSeconds: allowed ? 0 : secondsToDrain(limit, -room),
    newState,
  };
}

/** Whether the bucket is full again, so that its state can be dropped. */
export function isFull(nowMs: number, limit: Limit, state: GcraState): boolean {
  return drained(nowMs, limit, state).debt === 0;
}

function drained(nowMs: number, limit: Limit, state: GcraState | undefined): GcraState {
  const now = Math.floor(nowMs);
  if (state === undefined) return { at: now, debt: 0 };
  if (now <= state.at) return state;
  return { at: now, debt: Math.max(0, state.debt - (now - state.at) * limit.count) };
}

const secondsToDrain = (limit: Limit, debt: number): number => Math.ceil(debt / (limit.count * 1000));
