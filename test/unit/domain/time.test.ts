import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addSeconds,
  createClock,
  millisOf,
  nanosOfMillis,
  nanosOfSeconds,
  secondsOf,
  systemWall,
  type UnixMillis,
  unixNanos,
  unixSeconds,
} from '../../../src/domain/time.ts';

const T0 = unixNanos(1_700_000_000_123_456_789n);
const SECOND_NS = 1_000_000_000n;
const HOUR_NS = 3_600n * SECOND_NS;

describe('units', () => {
  test('nanoseconds beyond 2^53 lose nothing', () => {
    expect(addSeconds(T0, 1)).toBe(1_700_000_001_123_456_789n);
    expect(nanosOfSeconds(unixSeconds(1_700_000_000))).toBe(1_700_000_000_000_000_000n);
    expect(nanosOfMillis(1_700_000_000_123 as UnixMillis)).toBe(1_700_000_000_123_000_000n);
  });

  test('seconds and milliseconds of a moment are rounded down, so that nothing expires late', () => {
    expect(secondsOf(unixNanos(1_999_999_999n))).toBe(1);
    expect(millisOf(unixNanos(1_999_999n))).toBe(1);
    expect(secondsOf(T0)).toBe(1_700_000_000);
    expect(millisOf(T0)).toBe(1_700_000_000_123);
  });

  test('a fraction of a second is cut off, also where it is added', () => {
    expect(unixSeconds(1.999)).toBe(1);
    expect(addSeconds(T0, 1.999)).toBe(T0 + SECOND_NS);
    expect(addSeconds(T0, -1)).toBe(T0 - SECOND_NS);
  });

  test('whole seconds and milliseconds come back from nanoseconds', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 40 }), (value) => {
        expect(secondsOf(nanosOfSeconds(unixSeconds(value)))).toBe(value);
        expect(millisOf(nanosOfMillis(value as UnixMillis))).toBe(value);
      }),
    );
  });
});

describe('the clock', () => {
  function clockWith(start: { wall: bigint; floor?: bigint }) {
    const time = { wall: start.wall, monotonic: 5_000 };
    const clock = createClock({
      wall: () => time.wall,
      monotonic: () => time.monotonic,
      floor: unixNanos(start.floor ?? 0n),
    });
    return { clock, time };
  }

  test('is the wall clock while that goes forward', () => {
    const { clock, time } = clockWith({ wall: T0 });
    expect(clock.now()).toBe(T0);
    time.wall = T0 + HOUR_NS;
    expect(clock.now()).toBe(T0 + HOUR_NS);
  });

  test('does not go back when the wall clock is set back an hour, and goes on at the pace of the monotonic clock', () => {
    const { clock, time } = clockWith({ wall: T0 });
    expect(clock.now()).toBe(T0);
    time.wall = T0 - HOUR_NS;
    expect(clock.now()).toBe(T0);
    time.monotonic += 90_000;
    time.wall += 90n * SECOND_NS;
    expect(clock.now()).toBe(T0 + 90n * SECOND_NS);
  });

  test('follows the wall clock again once that has caught up', () => {
    const { clock, time } = clockWith({ wall: T0 });
    clock.now();
    time.wall = T0 - SECOND_NS;
    clock.now();
    time.wall = T0 + 5n * SECOND_NS;
    expect(clock.now()).toBe(T0 + 5n * SECOND_NS);
  });

  test('starts no lower than its floor, and goes on from there', () => {
    const { clock, time } = clockWith({ wall: T0 - HOUR_NS, floor: T0 });
    expect(clock.now()).toBe(T0);
    time.monotonic += 0.25;
    expect(clock.now()).toBe(T0 + 250_000n);
  });

  test('counts no time twice, however often it is asked', () => {
    const { clock, time } = clockWith({ wall: 0n, floor: T0 });
    for (let n = 0; n < 1_000; n += 1) {
      time.monotonic += 1;
      clock.now();
    }
    expect(clock.now()).toBe(T0 + SECOND_NS);
  });

  test('never goes back nor below its floor or the wall, whatever both clocks do', () => {
    const step = fc.record({
      wall: fc.bigInt({ min: -2n * HOUR_NS, max: 2n * HOUR_NS }),
      monotonic: fc.double({ min: -10, max: 10_000, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const { clock, time } = clockWith({ wall: T0 - HOUR_NS, floor: T0 });
        let before: bigint = T0;
        for (const { wall, monotonic } of steps) {
          time.wall += wall;
          time.monotonic += monotonic;
          const now = clock.now();
          expect(now >= before && now >= time.wall).toBe(true);
          before = now;
        }
      }),
    );
  });

  test('measures intervals by the monotonic clock alone', () => {
    const { clock, time } = clockWith({ wall: T0 });
    time.wall = 0n;
    time.monotonic = 5_123.5;
    expect(clock.monotonic()).toBe(5_123.5);
  });
});

test('the wall clock of the machine is in nanoseconds', () => {
  const before = BigInt(Date.now());
  const wall = systemWall();
  const after = BigInt(Date.now());
  expect(wall >= before * 1_000_000n && wall <= after * 1_000_000n).toBe(true);
});
