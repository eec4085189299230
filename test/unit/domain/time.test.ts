import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addSeconds,
  createClock,
  inOtherUnit,
  isFarAhead,
  millisOf,
  nanosOfSeconds,
  secondsOf,
  signedUntil,
  systemWall,
  unixNanos,
  unixSeconds,
} from '../../../src/domain/time.ts';

const T0 = unixNanos(1_700_000_000_123_456_789n);
const SECOND_NS = 1_000_000_000n;
const HOUR_NS = 3_600n * SECOND_NS;

describe('units', () => {
  test('nanoseconds beyond 2^53 lose nothing when they are converted', () => {
    expect(addSeconds(T0, 1)).toBe(1_700_000_001_123_456_789n);
    expect(nanosOfSeconds(unixSeconds(1_700_000_000))).toBe(1_700_000_000_000_000_000n);
  });

  test('seconds and milliseconds of a moment are rounded down, so that nothing expires late', () => {
    expect(secondsOf(unixNanos(1_999_999_999n))).toBe(1);
    expect(millisOf(unixNanos(1_999_999n))).toBe(1);
    expect(secondsOf(T0)).toBe(1_700_000_000);
    expect(millisOf(T0)).toBe(1_700_000_000_123);
  });

  test('a fraction of a second is cut off, also where it is added to a time', () => {
    expect(unixSeconds(1.999)).toBe(1);
    expect(addSeconds(T0, 1.999)).toBe(T0 + SECOND_NS);
    expect(addSeconds(T0, -1)).toBe(T0 - SECOND_NS);
  });

  test('whole seconds and milliseconds that became nanoseconds come back the same', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 40 }), (value) => {
        expect(secondsOf(nanosOfSeconds(unixSeconds(value)))).toBe(value);
        expect(millisOf(unixNanos(BigInt(value) * 1_000_000n))).toBe(value);
      }),
    );
  });
});

/** A clock over two that the test moves: the machine's, and the monotonic one. */
function clockWith(start: { wall: bigint; floor?: bigint }) {
  const time = { wall: start.wall, monotonic: 5_000 };
  const clock = createClock({
    wall: () => time.wall,
    monotonic: () => time.monotonic,
    floor: unixNanos(start.floor ?? 0n),
  });
  /** Both go on, and the clock is looked at each second, as a server does. */
  const pass = (seconds: number) => {
    for (let n = 0; n < seconds; n += 1) {
      time.wall += SECOND_NS;
      time.monotonic += 1_000;
      clock.now();
    }
  };
  return { clock, time, pass };
}

describe('the clock', () => {
  test('the clock follows the machine clock while that and the monotonic one go on, however rarely it is asked', () => {
    const { clock, time } = clockWith({ wall: T0 });
    expect(clock.now()).toBe(T0);
    time.wall = T0 + HOUR_NS;
    time.monotonic += 3_600_000;
    expect([clock.now(), clock.latest()]).toEqual([T0 + HOUR_NS, T0 + HOUR_NS]);
  });

  test('the clock does not go back when the wall clock is set back an hour, and goes on at the pace of the monotonic clock', () => {
    const { clock, time } = clockWith({ wall: T0 });
    expect(clock.now()).toBe(T0);
    time.wall = T0 - HOUR_NS;
    expect(clock.now()).toBe(T0);
    time.monotonic += 90_000;
    time.wall += 90n * SECOND_NS;
    expect([clock.now(), clock.latest()]).toEqual([T0 + 90n * SECOND_NS, T0 + 90n * SECOND_NS]);
  });

  test('the clock takes a correction of a few seconds at once', () => {
    const { clock, time } = clockWith({ wall: T0 });
    clock.now();
    time.wall = T0 - SECOND_NS;
    clock.now();
    time.wall = T0 + 5n * SECOND_NS;
    expect(clock.now()).toBe(T0 + 5n * SECOND_NS);
  });

  test('the clock starts no lower than its floor, and goes on from there', () => {
    const { clock, time } = clockWith({ wall: T0 - HOUR_NS, floor: T0 });
    expect(clock.now()).toBe(T0);
    time.monotonic += 0.25;
    expect(clock.now()).toBe(T0 + 250_000n);
  });

  test('the clock counts no time twice, however often it is asked', () => {
    const { clock, time } = clockWith({ wall: 0n, floor: T0 });
    for (let n = 0; n < 1_000; n += 1) {
      time.monotonic += 1;
      clock.now();
    }
    expect(clock.now()).toBe(T0 + SECOND_NS);
    time.monotonic -= 500;
    expect(clock.now()).toBe(T0 + SECOND_NS);
    time.monotonic += 500;
    expect(clock.now()).toBe(T0 + SECOND_NS);
  });

  test('the clock measures intervals by the monotonic clock alone', () => {
    const { clock, time } = clockWith({ wall: T0 });
    time.wall = 0n;
    time.monotonic = 5_123.5;
    expect(clock.monotonic()).toBe(5_123.5);
  });
});

describe('a jump of the machine clock that the monotonic clock contradicts', () => {
  test.each([
    ['400 s', 400n],
    ['ten years', 315_360_000n],
  ])(
    'a jump of the machine clock of %s for half a second expires what it is past, and leaves no trace once it is over',
    (_how, seconds) => {
      const { clock, time } = clockWith({ wall: T0 });
      clock.now();
      time.wall += seconds * SECOND_NS;
      expect([clock.now(), clock.latest()]).toEqual([T0, T0 + seconds * SECOND_NS]);
      time.monotonic += 500;
      time.wall += SECOND_NS / 2n;
      expect([clock.now(), clock.latest()]).toEqual([T0 + SECOND_NS / 2n, T0 + seconds * SECOND_NS + SECOND_NS / 2n]);
      time.wall -= seconds * SECOND_NS;
      expect([clock.now(), clock.latest()]).toEqual([T0 + SECOND_NS / 2n, T0 + SECOND_NS / 2n]);
    },
  );

  test('a jump of the machine clock is kept once the machine has stood by it for a minute: it had slept', () => {
    const { clock, time, pass } = clockWith({ wall: T0 });
    clock.now();
    time.wall += HOUR_NS;
    clock.now();
    pass(59);
    expect(clock.now()).toBe(T0 + 59n * SECOND_NS);
    expect(clock.latest()).toBe(T0 + HOUR_NS + 59n * SECOND_NS);
    pass(1);
    expect(clock.now()).toBe(T0 + HOUR_NS + 60n * SECOND_NS);
    // From now on it does not go back behind that.
    time.wall -= HOUR_NS;
    expect(clock.now()).toBe(T0 + HOUR_NS + 60n * SECOND_NS);
  });

  test('a jump of the machine clock is kept only as far as the machine never fell behind in that minute', () => {
    const { clock, time, pass } = clockWith({ wall: T0 });
    time.wall += HOUR_NS;
    pass(50);
    time.wall -= HOUR_NS / 2n;
    pass(1);
    time.wall += HOUR_NS / 2n;
    pass(10);
    expect(clock.now()).toBe(T0 + HOUR_NS / 2n + 61n * SECOND_NS);
  });

  test('a jump of the machine clock is not kept by two looks with a long pause between them', () => {
    const { clock, time } = clockWith({ wall: T0 });
    time.wall += HOUR_NS;
    clock.now();
    time.wall += 600n * SECOND_NS;
    time.monotonic += 600_000;
    expect(clock.now()).toBe(T0 + 600n * SECOND_NS);
  });

  test('a jump of the machine clock of more than thirty days is never kept, for however long the machine stands by it', () => {
    const { clock, time, pass } = clockWith({ wall: T0 });
    time.wall += 31n * 24n * HOUR_NS;
    pass(200);
    expect(clock.now()).toBe(T0 + 200n * SECOND_NS);
    expect(clock.accept(clock.machine(), time.monotonic)).toBe(T0 + 31n * 24n * HOUR_NS + 200n * SECOND_NS);
    expect(clock.now()).toBe(clock.machine());
  });

  test('an operator who accepts the clock gives it the time of the machine, back as well as forward', () => {
    const { clock, time } = clockWith({ wall: T0 });
    time.wall -= HOUR_NS;
    expect(clock.now()).toBe(T0);
    expect(clock.accept(clock.machine(), time.monotonic)).toBe(T0 - HOUR_NS);
    time.wall += SECOND_NS;
    time.monotonic += 1_000;
    expect([clock.now(), clock.latest()]).toEqual([T0 - HOUR_NS + SECOND_NS, T0 - HOUR_NS + SECOND_NS]);
  });

  test.each([
    ['back', -HOUR_NS, T0 - HOUR_NS + 2n * SECOND_NS],
    // Ahead it is a jump like any other.
    ['ahead', HOUR_NS, T0 - HOUR_NS + 2n * SECOND_NS],
  ])(
    'an operator who accepts the clock gives it what was settled, though the machine was set %s once more since',
    (_where, jump, expected) => {
      const { clock, time } = clockWith({ wall: T0 });
      time.wall -= HOUR_NS;
      const [settled, readAt] = [clock.machine(), clock.monotonic()];
      time.monotonic += 2_000;
      time.wall += 2n * SECOND_NS + jump;
      expect(clock.accept(settled, readAt)).toBe(expected);
      expect(clock.now()).toBe(expected);
    },
  );

  test.each([
    ['a moment', 1n, T0 + 31n * SECOND_NS],
    ['an hour', 3_600n, T0 + HOUR_NS + 30n * SECOND_NS],
    ['more than anybody believes', 40n * 86_400n, T0 + 30n * SECOND_NS],
  ])(
    'a sign-out while the machine clock is ahead by %s reaches over all that may have been signed',
    (_how, seconds, until) => {
      const { clock, time } = clockWith({ wall: T0 });
      time.wall += seconds * SECOND_NS;
      expect(signedUntil(clock, 30)).toBe(until);
    },
  );
});

describe('whatever both clocks do', () => {
  // Steps as they come: small and large, of either clock, and long times in which both go on.
  const step = fc.record({
    jump: fc.oneof(
      { weight: 6, arbitrary: fc.constant(0n) },
      fc.bigInt({ min: -2n * HOUR_NS, max: 2n * HOUR_NS }),
      fc.bigInt({ min: -4_000n * 24n * HOUR_NS, max: 4_000n * 24n * HOUR_NS }),
    ),
    seconds: fc.integer({ min: 0, max: 90 }),
  });
  const steps = fc.array(step, { maxLength: 12 });

  test('the kept time never goes back whatever the clocks do, and the latest is below neither it nor the machine', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const { clock, time, pass } = clockWith({ wall: T0 - HOUR_NS, floor: T0 });
        let before: bigint = T0;
        for (const { jump, seconds } of all) {
          time.wall += jump;
          pass(seconds);
          const [now, latest] = [clock.now(), clock.latest()];
          expect(now >= before && latest >= now && latest >= time.wall).toBe(true);
          before = now;
        }
      }),
    );
  });

  test('a time that is over by the kept time is never to come again, and the latest goes back only as far as the kept time', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const { clock, time, pass } = clockWith({ wall: T0 });
        let over = clock.now();
        for (const { jump, seconds } of all) {
          time.wall += jump;
          pass(seconds);
          expect(clock.latest() >= over).toBe(true);
          over = clock.now();
        }
      }),
    );
  });

  test('jumps of the machine clock that are each over within less than a minute leave no lead of more than five seconds', () => {
    const blip = fc.record({
      ahead: fc.bigInt({ min: 1n, max: 4_000n * 24n * HOUR_NS }),
      seconds: fc.integer({ min: 0, max: 59 }),
      between: fc.integer({ min: 1, max: 90 }),
    });
    fc.assert(
      fc.property(fc.array(blip, { maxLength: 12 }), (blips) => {
        const { clock, time, pass } = clockWith({ wall: T0 });
        for (const { ahead, seconds, between } of blips) {
          time.wall += ahead;
          clock.now();
          pass(seconds);
          time.wall -= ahead;
          pass(between);
          expect(clock.now() - time.wall <= 5n * SECOND_NS).toBe(true);
        }
      }),
    );
  });

  test('the clock follows the machine in the end, wherever that stands still ahead of what was seen, up to thirty days', () => {
    fc.assert(
      // What was seen may be a step, five seconds, less than the clock says.
      fc.property(fc.bigInt({ min: 0n, max: 30n * 24n * HOUR_NS - 5n * SECOND_NS }), steps, (ahead, all) => {
        const { clock, time, pass } = clockWith({ wall: T0 });
        for (const { jump, seconds } of all) {
          time.wall += jump;
          pass(seconds);
        }
        time.wall = clock.now() + ahead;
        pass(122);
        expect(clock.now()).toBe(time.wall);
      }),
    );
  });
});

test.each([
  ['thirty days', 2_592_000n * SECOND_NS, false],
  ['more', 2_592_000n * SECOND_NS + 1n, true],
])('a machine that is %s ahead of all that was seen is far ahead: %s', (_how, ahead, far) => {
  expect(isFarAhead(T0 + ahead, T0)).toBe(far);
  // Nothing was seen.
  expect(isFarAhead(T0 + ahead, 0n)).toBe(false);
});

test('the wall clock of the machine is read in nanoseconds', () => {
  const before = BigInt(Date.now());
  const wall = systemWall();
  const after = BigInt(Date.now());
  expect(wall >= before * 1_000_000n && wall <= after * 1_000_000n).toBe(true);
});

test('a unix time in another unit than the wanted one is told by its size, between 2001 and 5138', () => {
  const units = ['seconds', 'milliseconds', 'microseconds', 'nanoseconds'] as const;
  units.forEach((unit, i) => {
    const [first, last] = [1e9 * 1000 ** i, 1e11 * 1000 ** i];
    const others = units.filter((other) => other !== unit);
    for (const time of [first, first * 1.767, last * 0.99]) {
      expect(inOtherUnit(time, unit)).toBeUndefined();
      for (const wanted of others) expect(inOtherUnit(time, wanted)).toBe(`is in ${unit}, and must be in ${wanted}`);
    }
    expect(inOtherUnit(last, unit)).toBeUndefined();
  });
  for (const time of [0, 1, 999_999_999, 1e11, 1e21, Number.NaN, -1_767_323_045]) {
    expect(inOtherUnit(time, 'milliseconds')).toBeUndefined();
  }
});
