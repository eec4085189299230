// A bounded queue that many clients share: each gets its turn, however much another one sends. Pure: it knows no time, no work and
// no threads. Nobody can keep others from being served by filling it, unless from more addresses than it has places.

export interface FairQueue<Item extends object> {
  /**
   * Puts an item behind the others of its client. When there is no room, one item has to go and is returned: the newest of the
   * client that has most waiting, which is the given one when its own client is among those.
   */
  push(client: string, item: Item): Item | undefined;
  /** The oldest item of the client whose turn it is, which then goes behind all others. */
  shift(): Item | undefined;
  /** Removes and returns, of every client, the oldest items in a row that are over. */
  removeOver(isOver: (item: Item) => boolean): Item[];
  readonly size: number;
  /** Clients that have something waiting. */
  readonly clients: number;
}

/** One client's items, oldest first. */
interface Line<Item> {
  readonly client: string;
  readonly items: Item[];
}

/** Throws RangeError without room for one item. Every call but removeOver costs a constant, removeOver O(clients). */
export function createFairQueue<Item extends object>(capacity: number): FairQueue<Item> {
  if (!Number.isSafeInteger(capacity) || capacity < 1) throw new RangeError('a queue needs room for at least one item');
  /** In the order of their turns, as a Map keeps the order of insertion: the first is next. */
  const lines = new Map<string, Line<Item>>();
  /** The same lines by how many items wait in them, so that the longest is found at once. */
  const byLength = new Map<number, Set<Line<Item>>>();
  let longest = 0;
  let size = 0;

  /** Puts the line where it belongs after one item came or went. */
  function place(line: Line<Item>, before: number): void {
    const after = line.items.length;
    size += after - before;
    const same = byLength.get(before);
    same?.delete(line);
    if (same?.size === 0) byLength.delete(before);
    if (after === 0) lines.delete(line.client);
    else byLength.set(after, (byLength.get(after) ?? new Set()).add(line));
    // The line itself is now the longest when no other one is left at the old length.
    if (after > longest || (before === longest && !byLength.has(before))) longest = after;
  }

  function removeFrom(line: Line<Item>, which: 'oldest' | 'newest'): Item | undefined {
    const before = line.items.length;
    const item = which === 'oldest' ? line.items.shift() : line.items.pop();
    if (item !== undefined) place(line, before);
    return item;
  }

  return {
    push(client, item) {
      const line = lines.get(client) ?? { client, items: [] };
      lines.set(client, line);
      line.items.push(item);
      place(line, line.items.length - 1);
      if (size <= capacity) return undefined;
      const candidates = byLength.get(longest);
      const [other] = candidates ?? [];
      // Of equals the newcomer goes: what already waits is not replaced by what comes later.
      return removeFrom(candidates?.has(line) === true ? line : (other ?? line), 'newest');
    },

    shift() {
      for (const line of lines.values()) {
        const item = removeFrom(line, 'oldest');
        if (line.items.length > 0) {
          lines.delete(line.client);
          lines.set(line.client, line);
        }
        return item;
      }
      return undefined;
    },

    removeOver(isOver) {
      const over: Item[] = [];
      for (const line of [...lines.values()]) {
        for (let [oldest] = line.items; oldest !== undefined && isOver(oldest); [oldest] = line.items) {
          over.push(oldest);
          removeFrom(line, 'oldest');
        }
      }
      return over;
    },

    get size() {
      return size;
    },
    get clients() {
      return lines.size;
    },
  };
}
