// A hash table for entries that come and go with every request: unlike a Map it leaves no outgrown table behind that keeps old entries
// alive. Strangers choose the keys, so the hash is seeded: nobody outside can tell which keys collide.

export interface Keyed<Entry> {
  readonly key: string;
  /** Used by the table. */
  next: Entry | undefined;
}

export interface KeyedTable<Entry> {
  get(key: string): Entry | undefined;
  /** No entry may have this key yet. */
  add(entry: Entry): void;
  /** The entry must be in the table. */
  remove(entry: Entry): void;
  readonly size: number;
}

const FEWEST_BUCKETS = 16;
/** Random in each process. */
const SEED = Math.floor(Math.random() * 2 ** 32);

// FNV-1a.
function hash(key: string): number {
  let value = SEED;
  for (let i = 0; i < key.length; i += 1) value = Math.imul(value ^ key.charCodeAt(i), 0x01000193);
  return (value ^ (value >>> 15)) >>> 0;
}

/** It never shrinks, so the number of entries must be bounded. */
export function createKeyedTable<Entry extends Keyed<Entry>>(): KeyedTable<Entry> {
  let buckets: (Entry | undefined)[] = emptyBuckets(FEWEST_BUCKETS);
  let size = 0;

  const bucketOf = (key: string): number => hash(key) & (buckets.length - 1);

  function link(entry: Entry): void {
    const bucket = bucketOf(entry.key);
    entry.next = buckets[bucket];
    buckets[bucket] = entry;
  }

  function grow(): void {
    const old = buckets;
    buckets = emptyBuckets(2 * old.length);
    for (let first of old) {
      while (first !== undefined) {
        const { next }: Entry = first;
        link(first);
        first = next;
      }
    }
    old.fill(undefined);
  }

  return {
    get(key) {
      let entry = buckets[bucketOf(key)];
      while (entry !== undefined && entry.key !== key) entry = entry.next;
      return entry;
    },
    add(entry) {
      if (size >= buckets.length) grow();
      link(entry);
      size += 1;
    },
    remove(entry) {
      const bucket = bucketOf(entry.key);
      let before = buckets[bucket];
      if (before === entry) buckets[bucket] = entry.next;
      else {
        while (before !== undefined && before.next !== entry) before = before.next;
        if (before !== undefined) before.next = entry.next;
      }
      entry.next = undefined;
      size -= 1;
    },
    get size() {
      return size;
    },
  };
}

const emptyBuckets = <Entry>(count: number): (Entry | undefined)[] =>
  new Array<Entry | undefined>(count).fill(undefined);
