import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Buckets, createBuckets } from '../../../src/ratelimit/buckets.ts';
import type { Limit } from '../../../src/ratelimit/gcra.ts';

const perMinute = (count: number): Limit => ({ count, windowSeconds: 60, burst: count });
const perSecond = (count: number): Limit => ({ count, windowSeconds: 1, burst: count });

function charge(buckets: Buckets, key: string, nowMs: number): boolean {
  const look = buckets.look(key, nowMs);
  if (look.allowed) look.commit();
  return look.allowed;
}

const passes = (buckets: Buckets, key: string, nowMs: number, times: number): number =>
  Array.from({ length: times }, () => charge(buckets, key, nowMs)).filter(Boolean).length;

describe('several limits on one key', () => {
  const limits = [perSecond(3), perMinute(5)];

  test('a request passes several limits on one key only if every one lets it', () => {
    const buckets = createBuckets({ limits, maxKeys: 10 });
    expect(passes(buckets, 'a', 0, 10)).toBe(3);
    expect(passes(buckets, 'a', 1000, 10)).toBe(2);
    expect(passes(buckets, 'a', 2000, 10)).toBe(0);
  });

  test('a request that one of several limits refuses is charged to none of them', () => {
    const buckets = createBuckets({ limits, maxKeys: 10 });
    expect(passes(buckets, 'a', 0, 3)).toBe(3);
    // Refused by the first limit over and over; the second must not pay for it.
    expect(passes(buckets, 'a', 0, 100)).toBe(0);
    expect(buckets.look('a', 1000).results.map(({ result }) => result.remaining)).toEqual([2, 1]);
  });

  test('looking at the buckets of a key charges nothing', () => {
    const buckets = createBuckets({ limits, maxKeys: 10 });
    for (let i = 0; i < 100; i += 1) buckets.look('a', 0);
    expect(buckets.size()).toBe(0);
    expect(passes(buckets, 'a', 0, 10)).toBe(3);
  });
});

test('two keys do not share what their buckets have left', () => {
  const buckets = createBuckets({ limits: [perMinute(2)], maxKeys: 10 });
  expect(passes(buckets, 'a', 0, 5)).toBe(2);
  expect(passes(buckets, 'b', 0, 5)).toBe(2);
});

describe('a full map', () => {
  const limits = [perMinute(3)];

  function filled(): Buckets {
    const buckets = createBuckets({ limits, maxKeys: 2 });
    passes(buckets, 'a', 0, 2);
    passes(buckets, 'b', 0, 2);
    return buckets;
  }

  test('keys not seen before share one bucket when the map of buckets is full', () => {
    const buckets = filled();
    expect(passes(buckets, 'x', 0, 2)).toBe(2);
    expect(passes(buckets, 'y', 0, 5)).toBe(1);
    expect(passes(buckets, 'z', 0, 5)).toBe(0);
    expect(buckets.size()).toBe(2);
  });

  test('known keys keep their own count through a flood of others when the map of buckets is full', () => {
    const buckets = filled();
    for (let i = 0; i < 1000; i += 1) charge(buckets, `flood${i}`, 0);
    expect(passes(buckets, 'a', 0, 5)).toBe(1);
    expect(passes(buckets, 'b', 0, 5)).toBe(1);
  });

  test('the shared bucket of a full map refills like any other', () => {
    const buckets = filled();
    expect(passes(buckets, 'x', 0, 9)).toBe(3);
    passes(buckets, 'a', 19_000, 1);
    passes(buckets, 'b', 19_000, 1);
    expect(passes(buckets, 'y', 20_000, 9)).toBe(1);
  });

  test('a key with nothing left to remember makes room in a full map of buckets, one with something does not', () => {
    const buckets = filled();
    charge(buckets, 'b', 39_000);
    // 'a' is full again at 40 s, 'b' only at 60 s.
    expect(passes(buckets, 'x', 39_999, 1)).toBe(1);
    expect(passes(buckets, 'y', 39_999, 9)).toBe(2);
    expect(passes(buckets, 'new', 40_000, 9)).toBe(3);
    expect(buckets.size()).toBe(2);
    expect(passes(buckets, 'b', 40_000, 9)).toBe(2);
  });
});

test('the buckets of a key are not forgotten while any one of its limits still remembers it', () => {
  const buckets = createBuckets({ limits: [perSecond(3), perMinute(3)], maxKeys: 1 });
  expect(passes(buckets, 'a', 0, 3)).toBe(3);
  // After a second the first limit is full again, the second is not: a stranger must not wipe it.
  expect(charge(buckets, 'stranger', 10_000)).toBe(true);
  expect(passes(buckets, 'a', 10_000, 3)).toBe(0);
});

test('a flood of passing strangers leaves no bucket behind once they are forgotten', () => {
  const buckets = createBuckets({ limits: [perSecond(10)], maxKeys: 1000 });
  let most = 0;
  for (let i = 0; i < 20_000; i += 1) {
    charge(buckets, `k${i}`, i * 10);
    most = Math.max(most, buckets.size());
  }
  // One request is forgotten after 100 ms, so about 10 keys are worth remembering at a time.
  expect(most).toBeLessThan(50);
});

test('a busy key cannot hide idle ones from eviction of their buckets', () => {
  const buckets = createBuckets({ limits: [perMinute(10)], maxKeys: 100 });
  for (let i = 0; i < 5000; i += 1) {
    charge(buckets, 'busy', i * 1000);
    charge(buckets, `idle${i}`, i * 1000);
  }
  expect(buckets.size()).toBeLessThan(40);
});

test('no schedule of keys and times allows a key more than its limit, or the map of buckets more than its cap', () => {
  const limit = { count: 2, windowSeconds: 1, burst: 2 };
  const step = fc.tuple(fc.integer({ min: 0, max: 8 }), fc.integer({ min: 0, max: 400 }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 5 }), (steps, maxKeys) => {
      const buckets = createBuckets({ limits: [limit], maxKeys });
      const allowed = new Map<number, number[]>();
      let now = 0;
      for (const [key, gap] of steps) {
        now += gap;
        if (charge(buckets, `k${key}`, now)) allowed.set(key, [...(allowed.get(key) ?? []), now]);
        expect(buckets.size()).toBeLessThanOrEqual(maxKeys);
      }
      // Forgetting a full bucket loses nothing, so what a key gets is at most its own limit plus all of the shared one.
      for (const times of allowed.values()) {
        for (const [i, from] of times.entries()) {
          const to = times.at(-1) ?? from;
          expect(times.length - i).toBeLessThanOrEqual(2 * limit.burst + 2 * ((limit.count * (to - from)) / 1000));
        }
      }
    }),
  );
});

test('a map of buckets that holds everybody gives each key exactly what it would get alone', () => {
  const limits = [perSecond(2), perMinute(7)];
  const step = fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 2000 }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
      const together = createBuckets({ limits, maxKeys: 5 });
      const alone = Array.from({ length: 5 }, () => createBuckets({ limits, maxKeys: 1 }));
      let now = 0;
      for (const [key, gap] of steps) {
        now += gap;
        const own = alone[key];
        expect(own && charge(own, 'only', now)).toBe(charge(together, `k${key}`, now));
      }
    }),
  );
});

test.each([
  { limits: [], maxKeys: 1 },
  { limits: [perMinute(1)], maxKeys: 0 },
  { limits: [perMinute(1)], maxKeys: 1.5 },
  { limits: [perMinute(1)], maxKeys: Number.POSITIVE_INFINITY },
  { limits: [perMinute(1), perMinute(0)], maxKeys: 1 },
])('a map of buckets without a limit or without a cap cannot be made: %j', (options) => {
  expect(() => createBuckets(options)).toThrow(RangeError);
});
