// Counts uses per key until there are enough of them, for a bounded number of keys: the key counted longest ago is forgotten.

export interface UseCounter {
  /** Counts one use. True when it is the last one needed; the key then starts again from nothing. */
  count(key: string): boolean;
}

export function createUseCounter(needed: number, maxKeys: number): UseCounter {
  /** In the order of their last count, as a Map keeps the order of insertion. */
  const uses = new Map<string, number>();
  return {
    count(key) {
      const counted = (uses.get(key) ?? 0) + 1;
      uses.delete(key);
      if (counted >= needed) return true;
      uses.set(key, counted);
      if (uses.size > maxKeys) {
        for (const oldest of uses.keys()) {
          uses.delete(oldest);
          break;
        }
      }
      return false;
    },
  };
}
