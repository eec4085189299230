import { expect, test } from 'vitest';
import { createKeptPoints } from '../../../../src/starknet/engine/kept-points.ts';

/** Kept points whose places remember what was written to them. */
function observed(count: number, refused?: bigint) {
  const places = Array.from({ length: count }, (_, i) => 1000 + i);
  const written = new Map<number, bigint>();
  const points = createKeptPoints(places, (place, felt) => {
    if (felt === refused) return false;
    written.set(place, felt);
    return true;
  });
  const find = (felt: bigint): bigint | undefined => {
    const place = points.find(felt);
    return place === undefined ? undefined : written.get(place);
  };
  return { find, written };
}

test('the engine keeps the point of a number from its third use on, and not before', () => {
  const { find, written } = observed(4);
  expect([find(7n), find(7n)]).toEqual([undefined, undefined]);
  expect(written.size).toBe(0);
  expect([find(7n), find(7n)]).toEqual([7n, 7n]);
  expect(written.size).toBe(1);
});

test('every number has its own kept point, and the place of the one used longest ago goes to the next', () => {
  const { find, written } = observed(2);
  for (const felt of [1n, 2n]) for (let i = 0; i < 3; i++) find(felt);
  expect([find(2n), find(1n)]).toEqual([2n, 1n]);
  for (let i = 0; i < 3; i++) find(3n);
  expect(written.size).toBe(2);
  expect([find(1n), find(3n), find(2n)]).toEqual([1n, 3n, undefined]);
});

test('a number without a point costs no place for kept points', () => {
  const { find } = observed(1, 5n);
  for (let i = 0; i < 9; i++) expect(find(5n)).toBeUndefined();
  for (let i = 0; i < 3; i++) find(6n);
  expect(find(6n)).toBe(6n);
  for (let i = 0; i < 9; i++) expect(find(5n)).toBeUndefined();
  // The place of the refused number is free again.
  for (let i = 0; i < 3; i++) find(7n);
  expect(find(7n)).toBe(7n);
});

test('the engine keeps no point without places for them', () => {
  const { find } = observed(0);
  for (let i = 0; i < 9; i++) expect(find(1n)).toBeUndefined();
});
