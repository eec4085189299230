// Counts uses per key until there are enough of them, for a bounded number of keys: the key counted longest ago is forgotten.
import { createLru } from '../../domain/lru.ts';

export interface UseCounter {
  /** Counts one use. True when it is the last one needed; the key then starts again from nothing. */
  count(key: string): boolean;
}

export function createUseCounter(needed: number, maxKeys: number): UseCounter {
  const uses = createLru<string, number>(maxKeys);
  return {
    count(key) {
      const counted = (uses.get(key) ?? 0) + 1;
      if (counted >= needed) uses.delete(key);
      else uses.set(key, counted);
      return counted >= needed;
    },
  };
}
