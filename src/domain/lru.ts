// A map of bounded size: the least recently used entry is evicted first. Every call is O(1), and evicted entries take no memory.

export interface Lru<Key, Value> {
  /** The entry now counts as the most recently used. */
  get(key: Key): Value | undefined;
  set(key: Key, value: Value): void;
  delete(key: Key): void;
  /** Removes and returns the least recently used entry. */
  takeOldest(): readonly [Key, Value] | undefined;
  readonly size: number;
}

interface Entry<Key, Value> {
  readonly key: Key;
  value: Value;
  older: Entry<Key, Value> | undefined;
  newer: Entry<Key, Value> | undefined;
}

/**
 * At most `capacity` entries; throws RangeError unless it is a positive integer. `onEvict` is called for each entry that made room for
 * another, not for deleted or taken ones.
 */
export function createLru<Key, Value>(capacity: number, onEvict?: (key: Key, value: Value) => void): Lru<Key, Value> {
  if (!Number.isSafeInteger(capacity) || capacity < 1)
    throw new RangeError('cache capacity must be a positive integer');
  // The order is a list beside the Map, not the Map's own: after many deletions a Map is slow to give its first entry, and an iterator
  // kept for that holds every table the Map has outgrown.
  const entries = new Map<Key, Entry<Key, Value>>();
  let oldest: Entry<Key, Value> | undefined;
  let newest: Entry<Key, Value> | undefined;

  function unlink(entry: Entry<Key, Value>): void {
    if (entry.older === undefined) oldest = entry.newer;
    else entry.older.newer = entry.newer;
    if (entry.newer === undefined) newest = entry.older;
    else entry.newer.older = entry.older;
    // A removed entry must not keep a younger one alive.
    entry.older = undefined;
    entry.newer = undefined;
  }

  function linkAsNewest(entry: Entry<Key, Value>): void {
    entry.older = newest;
    entry.newer = undefined;
    if (newest === undefined) oldest = entry;
    else newest.newer = entry;
    newest = entry;
  }

  function takeOldest(): readonly [Key, Value] | undefined {
    const entry = oldest;
    if (entry === undefined) return undefined;
    unlink(entry);
    entries.delete(entry.key);
    return [entry.key, entry.value];
  }

  return {
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      unlink(entry);
      linkAsNewest(entry);
      return entry.value;
    },
    set(key, value) {
      const known = entries.get(key);
      if (known !== undefined) {
        known.value = value;
        unlink(known);
        linkAsNewest(known);
        return;
      }
      const evicted = entries.size < capacity ? undefined : takeOldest();
      const entry: Entry<Key, Value> = { key, value, older: undefined, newer: undefined };
      entries.set(key, entry);
      linkAsNewest(entry);
      if (evicted !== undefined) onEvict?.(...evicted);
    },
    delete(key) {
      const entry = entries.get(key);
      if (entry === undefined) return;
      unlink(entry);
      entries.delete(key);
    },
    takeOldest,
    get size() {
      return entries.size;
    },
  };
}
