import { expect, test } from 'vitest';
import { createServerClock } from '../../../src/client/server-clock.ts';

/** A server whose answers take these round trips, each half of it on the way there, and whose clock is 500 s ahead. */
function measuredOver(...trips: readonly number[]) {
  let now = 1_000_000;
  let asked = 0;
  const clock = createServerClock({
    now: () => now,
    monotonic: () => now,
    ask: async () => {
      const trip = trips[asked] ?? 0;
      asked += 1;
      // A long one is late on one way only: that is what makes it wrong.
      const there = trip > 100 ? trip : trip / 2;
      now += there;
      const server = now + 500_000;
      now += trip - there;
      return server;
    },
  });
  return { clock, now: () => now, asked: () => asked };
}

test('of three measurements of the server’s clock the smallest round trip wins', async () => {
  const { clock, now, asked } = measuredOver(4000, 120, 3000);
  const signed = await clock.signingTime();
  expect(asked()).toBe(3);
  expect(Math.abs(signed - (now() + 500_000 - 1000))).toBeLessThanOrEqual(60);
});

test('a short round trip is enough: the server’s clock is asked once', async () => {
  const { clock, now, asked } = measuredOver(20);
  expect(await clock.signingTime()).toBe(now() + 500_000 - 1000);
  await clock.signingTime();
  expect(asked()).toBe(1);
});

test('what a create may have made is looked for from up to 2 s before it was sent', async () => {
  const { clock, now } = measuredOver(20);
  expect(await clock.since()).toBe(BigInt(now() + 500_000 - 2000) * 1_000_000n);
});

test('a clock that could not be measured is asked again', async () => {
  let fails = true;
  const clock = createServerClock({
    now: () => 0,
    monotonic: () => 0,
    ask: async () => {
      if (fails) throw new Error('no answer');
      return 10_000;
    },
  });
  await expect(clock.signingTime()).rejects.toThrow('no answer');
  fails = false;
  expect(await clock.signingTime()).toBe(9000);
});

test('a clock that was set is measured anew once for all who sign', async () => {
  let wall = 1_000_000;
  let asked = 0;
  const clock = createServerClock({
    now: () => wall,
    monotonic: () => 0,
    ask: async () => {
      asked += 1;
      return 2_000_000;
    },
  });
  await clock.signingTime();
  wall += 3_600_000;
  await Promise.all(Array.from({ length: 200 }, () => clock.signingTime()));
  expect(asked).toBe(2);
});
