// Plain counts and distributions.
import { describe, expect, test } from 'vitest';
import { createDistribution, createPairTally, createTally } from '../../../src/telemetry/tally.ts';

test('a tally counts each word, from 0 for those it knows', () => {
  const tally = createTally<'a' | 'b' | 'c'>(['a', 'b']);
  tally.add('b');
  tally.add('b', 2);
  tally.add('c');
  expect([...tally.entries]).toEqual([
    ['a', 0],
    ['b', 3],
    ['c', 1],
  ]);
  expect([tally.of('a'), tally.of('b')]).toEqual([0, 3]);
});

test('a pair tally counts each pair for itself', () => {
  const tally = createPairTally<'allow' | 'deny', string>([['allow', 'none']]);
  tally.add('deny', 'x');
  tally.add('deny', 'x');
  tally.add('deny', 'y');
  expect(tally.pairs()).toEqual([
    ['allow', 'none', 0],
    ['deny', 'x', 2],
    ['deny', 'y', 1],
  ]);
});

describe('a distribution', () => {
  test('a distribution puts a duration into the first bucket whose bound it does not exceed', () => {
    const distribution = createDistribution([0.1, 1]);
    for (const seconds of [0, 0.1, 0.100001, 1, 1.5]) distribution.observe(seconds);
    const { bounds, counts, sum } = distribution.read();
    expect(bounds).toEqual([0.1, 1]);
    expect(counts).toEqual([2, 2, 1]);
    expect(sum).toBeCloseTo(2.700001);
  });

  test('a distribution does not count what is no duration', () => {
    const distribution = createDistribution([1]);
    for (const seconds of [-1, Number.NaN, Number.POSITIVE_INFINITY]) distribution.observe(seconds);
    expect(distribution.read()).toEqual({ bounds: [1], counts: [0, 0], sum: 0 });
  });
});
