// What is put into a structure and taken out again, a few at a time, must die young: how much of it reaches the old generation of V8's
// heap, where only the long collections find it and what it points to lives as long.
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect: unknown = runInNewContext('gc');

const OLD = new Set(['old_space', 'large_object_space']);

const oldBytes = (): number =>
  getHeapSpaceStatistics()
    .filter(({ space_name }) => OLD.has(space_name))
    .reduce((sum, { space_used_size }) => sum + space_used_size, 0);

const UNDER_WAY = 64;
const ROUNDS = 300_000;

/** Bytes that each of the things put in weighs, about. */
const WEIGHT = 200;
/** All that was put in. Of a Set or a Map nearly as much stays. */
export const PUT_IN = ROUNDS * WEIGHT;

/** Bytes of the old generation that are there after 300,000 times putting in something of 200 bytes, and were not before. */
export function bytesGrownOld(putIn: (thing: object, round: number) => () => void): number {
  if (typeof collect !== 'function') throw new Error('this Node.js has no gc');
  const takeOut = Array.from({ length: UNDER_WAY }, (): (() => void) => () => undefined);
  const round = (n: number): void => {
    takeOut[n % UNDER_WAY]?.();
    takeOut[n % UNDER_WAY] = putIn({ weight: new Array(WEIGHT / 8).fill(n) }, n);
  };
  // Once through, so that what the structure itself needs is there and old.
  for (let n = 0; n < ROUNDS; n += 1) round(n);
  collect();
  const before = oldBytes();
  for (let n = 0; n < ROUNDS; n += 1) round(n);
  const grown = oldBytes() - before;
  for (const take of takeOut) take();
  return grown;
}
