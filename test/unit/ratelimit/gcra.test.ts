import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkLimit, type GcraState, gcra, isFull, type Limit } from '../../../src/ratelimit/gcra.ts';

const limits = fc.record({
  count: fc.integer({ min: 1, max: 50 }),
  windowSeconds: fc.integer({ min: 1, max: 60 }),
  burst: fc.integer({ min: 1, max: 20 }),
});
// Gaps between requests, zero and fractions included.
const gaps = fc.array(
  fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 3000 }), fc.double({ min: 0, max: 50, noNaN: true })),
  {
    minLength: 1,
    maxLength: 120,
  },
);

/** The times, out of those asked at, at which a request was allowed. */
function allowedTimes(limit: Limit, times: readonly number[]): number[] {
  let state: GcraState | undefined;
  return times.filter((time) => {
    const result = gcra(time, limit, state);
    state = result.newState;
    return result.allowed;
  });
}

function timesOf(gapList: readonly number[], start = 1_000_000.25): number[] {
  let at = start;
  return gapList.map((gap) => {
    at += gap;
    return at;
  });
}

describe('a limit', () => {
  const limit: Limit = { count: 60, windowSeconds: 60, burst: 3 };

  test('a full bucket lets its burst of requests through at once and no more', () => {
    expect(allowedTimes(limit, [500, 500, 500, 500, 500])).toHaveLength(3);
  });

  test('a limit says how many requests are left, when it is full again and when to come back', () => {
    let state: GcraState | undefined;
    const seen = [0, 0, 0, 0, 400, 1000].map((time) => {
      const { newState, ...rest } = gcra(time, limit, state);
      state = newState;
      return rest;
    });
    expect(seen).toEqual([
      { allowed: true, remaining: 2, resetAfterSeconds: 1, retryAfterSeconds: 0 },
      { allowed: true, remaining: 1, resetAfterSeconds: 2, retryAfterSeconds: 0 },
      { allowed: true, remaining: 0, resetAfterSeconds: 3, retryAfterSeconds: 0 },
      { allowed: false, remaining: 0, resetAfterSeconds: 3, retryAfterSeconds: 1 },
      { allowed: false, remaining: 0, resetAfterSeconds: 3, retryAfterSeconds: 1 },
      { allowed: true, remaining: 0, resetAfterSeconds: 3, retryAfterSeconds: 0 },
    ]);
  });

  test('a limit refills continuously, not at the end of a window', () => {
    const spent = [0, 0, 0];
    expect(allowedTimes(limit, [...spent, 999])).toHaveLength(3);
    expect(allowedTimes(limit, [...spent, 1000])).toHaveLength(4);
    expect(allowedTimes(limit, [...spent, 1000, 1999])).toHaveLength(4);
  });

  test('a clock that stands still or steps back refills nothing of a limit and forgets nothing', () => {
    expect(allowedTimes(limit, [5000, 5000, 5000, 5000, 4000, 0, -1e9, 5000, 5999])).toHaveLength(3);
    expect(allowedTimes(limit, [5000, 5000, 5000, 0, 6000])).toHaveLength(4);
    expect(allowedTimes(limit, [5000, 0, 0, 0, 0])).toHaveLength(3);
  });

  test('the state of a limit is kept in whole numbers, whatever fraction of a millisecond the clock shows', () => {
    const first = gcra(0.75, limit, undefined).newState;
    const second = gcra(1234.5678, limit, first).newState;
    expect([first, second]).toEqual([
      { at: 0, debt: 60_000 },
      { at: 1234, debt: 60_000 },
    ]);
  });

  test('a limit refuses at a time that is not a number once there is something to remember', () => {
    const { newState } = gcra(0, limit, undefined);
    expect(gcra(Number.NaN, limit, newState).allowed).toBe(false);
  });
});

test('a limit allows at most burst + rate * time requests in any span of time', () => {
  fc.assert(
    fc.property(limits, gaps, (limit, gapList) => {
      const allowed = allowedTimes(limit, timesOf(gapList)).map((time) => Math.floor(time));
      for (const [i, from] of allowed.entries()) {
        for (const [j, to] of allowed.entries()) {
          if (j < i) continue;
          const most = limit.burst * limit.windowSeconds * 1000 + limit.count * (to - from);
          expect((j - i + 1) * limit.windowSeconds * 1000).toBeLessThanOrEqual(most);
        }
      }
    }),
  );
});

test('a caller who keeps to the rate of a limit is never refused, even where a request does not take whole milliseconds', () => {
  const limit = { count: 17_250, windowSeconds: 60, burst: 1 };
  const times = Array.from({ length: 20_000 }, (_, i) => Math.ceil((i * 60_000) / 17_250));
  // Equal or next whole millisecond: a burst of 1 forgives none of the rounding, 2 forgives all of it.
  expect(allowedTimes({ ...limit, burst: 2 }, times)).toHaveLength(times.length);
});

test('as many requests as the limit says are left pass now, and the next one does not', () => {
  fc.assert(
    fc.property(limits, gaps, (limit, gapList) => {
      let state: GcraState | undefined;
      for (const time of timesOf(gapList)) {
        const result = gcra(time, limit, state);
        state = result.newState;
        const more = allowedWith(time, limit, state, result.remaining + 1);
        expect(more).toBe(result.remaining);
      }
    }),
  );
});

test('a request passes after retryAfterSeconds, and a whole second earlier it would not', () => {
  fc.assert(
    fc.property(limits, gaps, (limit, gapList) => {
      let state: GcraState | undefined;
      for (const time of timesOf(gapList)) {
        const result = gcra(time, limit, state);
        state = result.newState;
        if (result.allowed) continue;
        expect(result.retryAfterSeconds).toBeGreaterThanOrEqual(1);
        expect(gcra(time + result.retryAfterSeconds * 1000, limit, state).allowed).toBe(true);
        expect(gcra(time + (result.retryAfterSeconds - 1) * 1000, limit, state).allowed).toBe(false);
      }
    }),
  );
});

test('a bucket is full after resetAfterSeconds, and a whole second earlier it is not', () => {
  fc.assert(
    fc.property(limits, gaps, (limit, gapList) => {
      let state: GcraState | undefined;
      for (const time of timesOf(gapList)) {
        const result = gcra(time, limit, state);
        state = result.newState;
        expect(isFull(time + result.resetAfterSeconds * 1000, limit, state)).toBe(true);
        expect(isFull(time + (result.resetAfterSeconds - 1) * 1000, limit, state)).toBe(false);
      }
    }),
  );
});

test('a request that a limit refuses leaves no trace: asking in vain makes nobody wait longer', () => {
  fc.assert(
    fc.property(limits, gaps, (limit, gapList) => {
      const times = timesOf(gapList);
      const allowed = allowedTimes(limit, times);
      expect(allowedTimes(limit, allowed)).toEqual(allowed);
    }),
  );
});

test.each([
  { count: 0, windowSeconds: 1, burst: 1 },
  { count: 1, windowSeconds: 0, burst: 1 },
  { count: 1, windowSeconds: 1, burst: 0 },
  { count: -1, windowSeconds: 1, burst: 1 },
  { count: 1.5, windowSeconds: 1, burst: 1 },
  { count: Number.NaN, windowSeconds: 1, burst: 1 },
  { count: Number.POSITIVE_INFINITY, windowSeconds: 1, burst: 1 },
  { count: 1, windowSeconds: 86_400, burst: 2 ** 50 },
])('a limit that limits nothing or cannot be counted is refused: %j', (limit) => {
  expect(() => checkLimit(limit)).toThrow(RangeError);
});

function allowedWith(time: number, limit: Limit, start: GcraState, attempts: number): number {
  let state = start;
  let allowed = 0;
  for (let i = 0; i < attempts; i += 1) {
    const result = gcra(time, limit, state);
    state = result.newState;
    if (result.allowed) allowed += 1;
  }
  return allowed;
}
