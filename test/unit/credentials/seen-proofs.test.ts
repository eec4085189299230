// The proofs of devices that were used a moment ago.
import { expect, test } from 'vitest';
import { createSeenProofs } from '../../../src/credentials/seen-proofs.ts';
import { feltOf } from '../../../src/domain/felt.ts';

const account = (n: number) => feltOf(BigInt(n));
const alice = account(1);
const bob = account(2);

function setup(most = 100) {
  let now = 0;
  const seen = createSeenProofs({ clock: { monotonic: () => now }, seconds: 120, most });
  return {
    seen,
    advance: (seconds: number) => {
      now += seconds * 1000;
    },
    /** Adds proofs of the account until there is no room for another, and returns how many. */
    fill(of: typeof alice, limit = Infinity): number {
      let added = 0;
      for (; added < limit && seen.hasRoom(of); added += 1) seen.add(of, `${of} ${now} ${added}`);
      return added;
    },
  };
}

test('a proof is seen from the moment it is added until its time is over', () => {
  const { seen, advance } = setup();
  expect(seen.has('a')).toBe(false);
  seen.add(alice, 'a');
  expect([seen.has('a'), seen.has('b')]).toEqual([true, false]);
  advance(119);
  expect(seen.has('a')).toBe(true);
  advance(2);
  expect(seen.has('a')).toBe(false);
});

test('when it is full the account that filled it has no room, none of it is forgotten early, and the oldest makes room in time', () => {
  const { seen, advance, fill } = setup(100);
  seen.add(alice, 'first');
  advance(60);
  expect(1 + fill(alice)).toBe(100);
  expect([seen.hasRoom(alice), seen.has('first')]).toEqual([false, true]);
  advance(61);
  expect([seen.has('first'), seen.hasRoom(alice)]).toEqual([false, true]);
  expect(fill(alice)).toBe(1);
  advance(120);
  expect(fill(alice)).toBe(100);
});

test('however many accounts fill it, one that opened few sessions has room, and its proofs are not forgotten', () => {
  const { seen, fill } = setup(10_000);
  seen.add(bob, 'of bob');
  for (let greedy = 10; greedy < 1_010; greedy += 1) fill(account(greedy), 1_200);
  expect([seen.hasRoom(account(1_009)), seen.has('of bob')]).toEqual([false, true]);
  // As many as each of the others has.
  expect(fill(bob, 20)).toBe(9);
  expect(seen.has('of bob')).toBe(true);
});
