// A bounded queue that many clients share: each gets its turn, however much another one sends. Pure: it knows no time, no work and
// no threads. Nobody can keep others from being served by filling it, unless from more networks than it has places, and nobody gets
// more turns by having many clients in one network.

/** Whose an item is: networks share the room and the turns, and the clients of each share its part. */
export interface Sender {
  readonly client: string;
  readonly network: string;
}

export interface FairQueue<Item extends object> {
  /**
   * Puts an item behind the others of its client. When there is no room, one item has to go and is returned: in the network that has
   * most waiting the newest of the client that has most, which is the given one when its own network and client are among those.
   */
  push(sender: Sender, item: Item): Item | undefined;
  /**
   * The oldest item of the client whose turn it is in the network whose turn it is; the network then goes behind all others, and the
   * client behind the others of its network. One that `stays` keeps its place, and is the oldest again at the next turn of its client.
   */
  shift(stays?: (item: Item) => boolean): Item | undefined;
  /** Removes and returns, of every client, the oldest items in a row that are over. */
  removeOver(isOver: (item: Item) => boolean): Item[];
  readonly size: number;
  /** Clients that have something waiting. */
  readonly clients: number;
}

/** One client's items, oldest first. */
interface Line<Item> {
  readonly client: string;
  readonly network: Network<Item>;
  readonly items: Item[];
}

interface Network<Item> {
  readonly name: string;
  /** By client, in the order of their turns, as a Map keeps the order of insertion: the first is next. */
  readonly lines: Map<string, Line<Item>>;
  readonly ranking: Ranking<Line<Item>>;
  size: number;
}

/** Throws RangeError without room for one item. Every call but removeOver costs a constant, removeOver O(clients). */
export function createFairQueue<Item extends object>(capacity: number): FairQueue<Item> {
  if (!Number.isSafeInteger(capacity) || capacity < 1) throw new RangeError('a queue needs room for at least one item');
  const lines = new Map<string, Line<Item>>();
  /** In the order of their turns: the first is next. */
  const networks = new Map<string, Network<Item>>();
  const ranking = createRanking<Network<Item>>();
  let size = 0;

  /** Counts one item more or less in the line, after it came or went. */
  function count(line: Line<Item>, change: 1 | -1): void {
    const { client, network, items } = line;
    size += change;
    network.ranking.move(line, items.length - change, items.length);
    network.size += change;
    ranking.move(network, network.size - change, network.size);
    if (items.length === 0) {
      lines.delete(client);
      network.lines.delete(client);
    }
    if (network.size === 0) networks.delete(network.name);
  }

  function removeFrom(line: Line<Item>, which: 'oldest' | 'newest'): Item | undefined {
    const item = which === 'oldest' ? line.items.shift() : line.items.pop();
    if (item !== undefined) count(line, -1);
    return item;
  }

  function lineOf({ client, network: name }: Sender): Line<Item> {
    const known = lines.get(client);
    if (known !== undefined) return known;
    const network = networks.get(name) ?? { name, lines: new Map(), ranking: createRanking<Line<Item>>(), size: 0 };
    networks.set(name, network);
    const line = { client, network, items: [] };
    lines.set(client, line);
    network.lines.set(client, line);
    return line;
  }

  /** After a turn of the line. */
  function goBehind({ client, network, items }: Line<Item>): void {
    if (items.length > 0) moveToEnd(network.lines, client);
    if (network.size > 0) moveToEnd(networks, network.name);
  }

  return {
    push(sender, item) {
      const line = lineOf(sender);
      line.items.push(item);
      count(line, 1);
      if (size <= capacity) return undefined;
      // Of equals the newcomer goes: what already waits is not replaced by what comes later.
      const longest = ranking.largest(line.network)?.ranking.largest(line);
      return removeFrom(longest ?? line, 'newest');
    },

    shift(stays) {
      const [network] = networks.values();
      const [line] = network?.lines.values() ?? [];
      const [oldest] = line?.items ?? [];
      if (line === undefined || oldest === undefined) return undefined;
      if (stays?.(oldest) !== true) removeFrom(line, 'oldest');
      goBehind(line);
      return oldest;
    },

    removeOver(isOver) {
      const over: Item[] = [];
      for (const line of [...networks.values()].flatMap((network) => [...network.lines.values()])) {
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

function moveToEnd<Value>(map: Map<string, Value>, key: string): void {
  const value = map.get(key);
  if (value === undefined) return;
  map.delete(key);
  map.set(key, value);
}

/** Elements by how much each has, so that one with the most is found at once. */
interface Ranking<Element> {
  /** The element had `before` and has `after`, which is one more or one less. It is no element while it has nothing. */
  move(element: Element, before: number, after: number): void;
  /** The preferred one where it is among those with the most. Undefined when there are none. */
  largest(preferred: Element): Element | undefined;
}

function createRanking<Element>(): Ranking<Element> {
  const bySize = new Map<number, Set<Element>>();
  let most = 0;
  return {
    move(element, before, after) {
      const same = bySize.get(before);
      same?.delete(element);
      if (same?.size === 0) bySize.delete(before);
      if (after > 0) bySize.set(after, (bySize.get(after) ?? new Set()).add(element));
      // The element itself is now the largest when no other one is left where it was.
      if (after > most || (before === most && !bySize.has(before))) most = after;
    },
    largest(preferred) {
      const candidates = bySize.get(most);
      const [other] = candidates ?? [];
      return candidates?.has(preferred) === true ? preferred : other;
    },
  };
}
