// A map that never holds more than its capacity: the least recently used entry goes first.

export interface Lru<Key, Value> {
  get(key: Key): Value | undefined;
  set(key: Key, value: Value): void;
  delete(key: Key): void;
  readonly size: number;
}

/** `capacity` entries at most; throws RangeError unless it is a positive integer. */
export function createLru<Key, Value>(capacity: number): Lru<Key, Value> {
  if (!Number.isSafeInteger(capacity) || capacity < 1)
    throw new RangeError('cache capacity must be a positive integer');
  // A Map iterates in order of insertion, so its first key is the one that was not used for longest.
  const entries = new Map<Key, Value>();
  return {
    get(key) {
      const value = entries.get(key);
      if (value !== undefined) {
        entries.delete(key);
        entries.set(key, value);
      }
      return value;
    },
    set(key, value) {
      entries.delete(key);
      entries.set(key, value);
      if (entries.size <= capacity) return;
      for (const oldest of entries.keys()) {
        entries.delete(oldest);
        break;
      }
    },
    delete(key) {
      entries.delete(key);
    },
    get size() {
      return entries.size;
    },
  };
}
