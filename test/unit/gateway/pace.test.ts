import { expect, onTestFinished, test, vi } from 'vitest';
import { createPace, type PaceRules } from '../../../src/gateway/pace.ts';

/** A pace of at least 1,000 bytes a second over 10 s, and time that the test moves. */
function paced(rules: PaceRules = { inAll: false }) {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  let slow = 0;
  const pace = createPace({ minBytesPerSecond: 1000, windowMs: 10_000 }, rules, () => {
    slow += 1;
  });
  return { pace, pass: (ms: number) => vi.advanceTimersByTime(ms), slow: () => slow };
}

test('a client that moves less than the least while we wait for it is told of, once', () => {
  const { pace, pass, slow } = paced();
  pace.wait();
  pace.moved(9_999);
  pass(9_999);
  expect(slow()).toBe(0);
  pass(1);
  expect(slow()).toBe(1);
  pace.wait();
  pass(60_000);
  expect(slow()).toBe(1);
});

test('a client that moves enough is judged anew each time', () => {
  const { pace, pass, slow } = paced();
  pace.wait();
  for (let n = 0; n < 5; n += 1) {
    pace.moved(10_000);
    pass(10_000);
    expect(slow()).toBe(0);
  }
  pace.moved(9_000);
  pass(10_000);
  expect(slow()).toBe(1);
});

test("time in which others are waited for does not count against a client's pace", () => {
  const { pace, pass, slow } = paced();
  for (let n = 0; n < 9; n += 1) {
    pace.wait();
    pass(1_000);
    pace.rest();
    pass(60_000);
  }
  expect(slow()).toBe(0);
  pace.wait();
  pass(1_000);
  expect(slow()).toBe(1);
});

test("nothing is told of a client's pace after the end", () => {
  const { pace, pass, slow } = paced();
  pace.wait();
  pace.stop();
  pass(60_000);
  expect(slow()).toBe(0);
});

test('a client that moved much at once may be slow for as long', () => {
  const { pace, pass, slow } = paced({ inAll: true });
  pace.moved(35_000);
  pace.wait();
  pass(30_000);
  expect(slow()).toBe(0);
  pass(10_000);
  expect(slow()).toBe(1);
});
