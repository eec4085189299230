// TLS handshakes over time, by address and by network.
import { expect, test } from 'vitest';
import { parseIp } from '../../../src/domain/allowlist.ts';
import { createHandshakeLimit, type HandshakeLimitOptions } from '../../../src/ratelimit/handshakes.ts';
import { rateKeys } from '../../../src/ratelimit/rate-keys.ts';

const limit = (perMinute: number, burst: number, maxKeys = 1000) =>
  limitOf([{ count: perMinute, windowSeconds: 60 }], burst, maxKeys);

function limitOf(limits: HandshakeLimitOptions['limits'], burst: number, maxKeys = 1000) {
  let now = 0;
  const { charge, size } = createHandshakeLimit({ limits, burst, maxKeys, clock: { monotonic: () => now } });
  /** How many of these pass, one by one. */
  const passing = (count: number, addressOf: (n: number) => string): number =>
    Array.from({ length: count }, (_, n) => charge(rateKeys(parseIp(addressOf(n))))).filter(Boolean).length;
  return { passing, size, wait: (ms: number) => (now += ms) };
}

test('an address has its TLS handshakes at once, and then as many a minute as is set', () => {
  const { passing, wait } = limit(600, 50);
  expect(passing(1000, () => '192.0.2.1')).toBe(50);
  expect(passing(1000, () => '192.0.2.2')).toBe(50);
  wait(1000);
  expect(passing(1000, () => '192.0.2.1')).toBe(10);
  wait(60_000);
  expect(passing(1000, () => '192.0.2.1')).toBe(50);
});

test('a limit of handshakes below the usual burst is all there is at once', () => {
  expect(limit(3, 512).passing(10, () => '192.0.2.1')).toBe(3);
});

test('of several limits of handshakes each applies over its own window, also one that allows less than one a minute', () => {
  const { passing, wait } = limitOf(
    [
      { count: 3, windowSeconds: 1 },
      { count: 10, windowSeconds: 3_600 },
    ],
    512,
  );
  const seconds = Array.from({ length: 60 }, () => {
    wait(1000);
    return passing(100, () => '192.0.2.1');
  });
  expect(seconds.slice(0, 4)).toEqual([3, 3, 3, 1]);
  expect(seconds.reduce((sum, passed) => sum + passed)).toBe(10);
});

test('addresses of one /64 have one limit of handshakes, and all /64s of a /48 have four times as many', () => {
  const { passing } = limit(60, 10);
  expect(passing(100, (n) => `2001:db8::${n}`)).toBe(10);
  expect(passing(65_536, (n) => `2001:db8:1:${n.toString(16)}::1`)).toBe(40);
  expect(passing(10, () => '2001:db8:2::1')).toBe(10);
});

test('a handshake that the /48 refuses is not counted for the /64', () => {
  const { passing, wait } = limit(60, 10);
  expect(passing(40, (n) => `2001:db8:0:${n.toString(16)}::1`)).toBe(40);
  expect(passing(100, () => '2001:db8:0:ff::1')).toBe(0);
  // The /48 has four more, of which its /64 may have all.
  wait(1000);
  expect(passing(100, () => '2001:db8:0:ff::1')).toBe(4);
});

test('the addresses that are remembered for their handshakes are bounded', () => {
  const { passing, size } = limit(60, 10, 16);
  passing(10_000, (n) => `2001:${n.toString(16)}::1`);
  expect(size()).toBe(32);
});
