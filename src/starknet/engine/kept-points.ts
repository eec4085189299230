// Keeps the points of numbers that are hashed often in the kernel: a fixed number of places, the least recently used one is reused. Never
// changes a hash, only its cost.
import { createLru } from '../../domain/lru.ts';
import type { PointAddress } from './kernel.ts';
import { mapKey } from './map-key.ts';
import { createUseCounter } from './use-counter.ts';

export interface KeptPoints {
  /** Counts a use of the number, and finds its point if it is kept. */
  find(felt: bigint): PointAddress | undefined;
}

/** A number's point is kept from this use on: a number that comes once or twice evicts no other. */
const KEEP_AFTER = 3;

/** `keep` writes the point of a number to a place; false when it has none. */
export function createKeptPoints(
  places: readonly PointAddress[],
  keep: (place: PointAddress, felt: bigint) => boolean,
): KeptPoints {
  const capacity = Math.max(1, places.length);
  const kept = createLru<string, PointAddress>(capacity);
  const uses = createUseCounter(KEEP_AFTER, capacity);

  const free = [...places];

  return {
    find(felt) {
      const key = mapKey(felt);
      const known = kept.get(key);
      if (known !== undefined) return known;
      if (!uses.count(key)) return undefined;
      const place = free.pop() ?? kept.takeOldest()?.[1];
      if (place === undefined) return undefined;
      if (!keep(place, felt)) {
        free.push(place);
        return undefined;
      }
      kept.set(key, place);
      return place;
    },
  };
}
