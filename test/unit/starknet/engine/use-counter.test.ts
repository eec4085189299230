import { expect, test } from 'vitest';
import { createUseCounter } from '../../../../src/starknet/engine/use-counter.ts';

test('the use counter says so at the last use needed, and then counts from nothing', () => {
  const counter = createUseCounter(3, 10);
  expect(Array.from({ length: 6 }, () => counter.count('1'))).toEqual([false, false, true, false, false, true]);
});

test('the use counter counts every key by itself', () => {
  const counter = createUseCounter(2, 10);
  expect(['1', '2', '1', '2'].map(counter.count)).toEqual([false, false, true, true]);
});

test('the use counter forgets the key counted longest ago beyond its limit', () => {
  const counter = createUseCounter(3, 2);
  // 1 is counted again, so 2 is the one that 3 drives out.
  for (const key of ['1', '2', '1', '3']) expect(counter.count(key)).toBe(false);
  expect(counter.count('1')).toBe(true);
  expect([counter.count('2'), counter.count('2')]).toEqual([false, false]);
});
