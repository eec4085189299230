// The proofs of devices that were used a moment ago.
import { expect, test } from 'vitest';
import { createSeenProofs } from '../../../src/credentials/seen-proofs.ts';

function setup(most = 3) {
  let now = 0;
  const seen = createSeenProofs({ clock: { monotonic: () => now }, seconds: 120, most });
  return {
    seen,
    advance: (seconds: number) => {
      now += seconds * 1000;
    },
  };
}

test('a proof is added once, and is seen from then on until its time is over', () => {
  const { seen, advance } = setup();
  expect([seen.has('a'), seen.add('a'), seen.has('a'), seen.add('a'), seen.has('b')]).toEqual([
    ...[false, 'added', true, 'seen', false],
  ]);
  advance(119);
  expect(seen.has('a')).toBe(true);
  advance(2);
  expect([seen.has('a'), seen.add('a')]).toEqual([false, 'added']);
});

test('when it is full no further proof is taken, none is forgotten early, and the oldest makes room in time', () => {
  const { seen, advance } = setup(2);
  seen.add('a');
  advance(60);
  seen.add('b');
  expect([seen.add('c'), seen.has('a'), seen.has('b'), seen.has('c')]).toEqual(['full', true, true, false]);
  advance(61);
  expect([seen.add('c'), seen.has('a'), seen.has('b')]).toEqual(['added', false, true]);
});
