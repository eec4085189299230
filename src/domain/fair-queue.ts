// A bounded queue that many clients share: each gets its turn, however much another one sends. Pure: it knows no time, no work and
// no threads. Nobody can keep others from being served by filling it, unless from more networks than it has places, and nobody gets
// more turns by having many clients in one network.
import { append, type Chain, createChain, createLink, type Link, moveToEnd, unlink } from './chain.ts';
import { createKeyedTable, type Keyed } from './keyed-table.ts';

/** Whose an item is: networks share the room and the turns, and the clients of each share its part. */
export interface Sender {
  readonly client: string;
  readonly network: string;
}

export interface Pushed<Item> {
  readonly place: Place<Item>;
  /** The item that had to go for want of room. */
  readonly dropped: Item | undefined;
}

/** Who may be served now. Few may be passed over: each costs time. A client that may not is passed over in each of its networks. */
export interface May {
  network(network: string): boolean;
  client(client: string): boolean;
}

export interface FairQueue<Item> {
  /**
   * Puts an item behind the others of its client in its network: a client of two networks waits in each. When there is no room, one item has to go and is returned: in the network that has
   * most waiting the newest of the client that has most, which is the given one when its own network and client are among those.
   */
  push(sender: Sender, item: Item): Pushed<Item>;
  /**
   * The oldest item of the client whose turn it is in the network whose turn it is, those that may not be served left out; the network
   * then goes behind all others, and the client behind the others of its network. One that `stays` keeps its place, and is the oldest
   * again at the next turn of its client. `stays` is asked once, of that item alone.
   */
  shift(stays?: (item: Item) => boolean, may?: May): Item | undefined;
  /** Takes an item out; nothing happens when it is no longer there. */
  remove(place: Place<Item>): void;
  /** Removes and returns, of every client, the oldest items in a row that are over. */
  removeOver(isOver: (item: Item) => boolean): Item[];
  readonly size: number;
  /** Clients that have something waiting, in each of their networks. */
  readonly clients: number;
}

/** Where an item waits; the queue's own, but for being handed back to `remove`. */
export class Place<Item> {
  readonly item: Item;
  readonly line: Line<Item>;
  readonly inLine: Link<Place<Item>> = createLink<Place<Item>>(this);
  waits = true;

  constructor(item: Item, line: Line<Item>) {
    this.item = item;
    this.line = line;
  }
}

/** One client's items that came from one network, oldest first. */
class Line<Item> implements Keyed<Line<Item>> {
  readonly key: string;
  readonly client: string;
  readonly network: Network<Item>;
  next: Line<Item> | undefined;
  readonly items: Chain<Place<Item>> = createChain();
  readonly turn: Link<Line<Item>> = createLink<Line<Item>>(this);
  readonly rank: Link<Line<Item>> = createLink<Line<Item>>(this);
  size = 0;

  constructor(key: string, client: string, network: Network<Item>) {
    this.key = key;
    this.client = client;
    this.network = network;
  }
}

class Network<Item> implements Keyed<Network<Item>> {
  readonly key: string;
  next: Network<Item> | undefined;
  /** Its clients in the order of their turns. */
  readonly turns: Chain<Line<Item>> = createChain();
  readonly ranking = createRanking<Line<Item>>();
  readonly turn: Link<Network<Item>> = createLink<Network<Item>>(this);
  readonly rank: Link<Network<Item>> = createLink<Network<Item>>(this);
  size = 0;

  constructor(name: string) {
    this.key = name;
  }
}

/** No two senders have the same. */
const lineKey = ({ client, network }: Sender): string => `${network.length} ${network}${client}`;

/** Throws RangeError without room for one item. Every call but removeOver costs a constant, removeOver O(clients). */
export function createFairQueue<Item>(capacity: number): FairQueue<Item> {
  if (!Number.isSafeInteger(capacity) || capacity < 1) throw new RangeError('a queue needs room for at least one item');
  const lines = createKeyedTable<Line<Item>>();
  const networks = createKeyedTable<Network<Item>>();
  const turns = createChain<Network<Item>>();
  const ranking = createRanking<Network<Item>>();
  let size = 0;

  function remove(place: Place<Item>): void {
    if (!place.waits) return;
    place.waits = false;
    unlink(place.line.items, place.inLine);
    count(place.line, -1);
  }

  /** Counts one item more or less in the line, after it came or went. */
  function count(line: Line<Item>, change: 1 | -1): void {
    const { network } = line;
    size += change;
    line.size += change;
    network.ranking.move(line, line.size - change);
    network.size += change;
    ranking.move(network, network.size - change);
    if (line.size === 0) {
      lines.remove(line);
      unlink(network.turns, line.turn);
    }
    if (network.size === 0) {
      networks.remove(network);
      unlink(turns, network.turn);
    }
  }

  function lineOf(sender: Sender): Line<Item> {
    const key = lineKey(sender);
    const known = lines.get(key);
    if (known !== undefined) return known;
    const network = networks.get(sender.network) ?? openNetwork(sender.network);
    const line = new Line(key, sender.client, network);
    lines.add(line);
    append(network.turns, line.turn);
    return line;
  }

  function openNetwork(name: string): Network<Item> {
    const network = new Network<Item>(name);
    networks.add(network);
    append(turns, network.turn);
    return network;
  }

  return {
    push(sender, item) {
      const line = lineOf(sender);
      const place = new Place(item, line);
      append(line.items, place.inLine);
      count(line, 1);
      if (size <= capacity) return { place, dropped: undefined };
      // Of equals the newcomer goes: what already waits is not replaced by what comes later.
      const fullest = ranking.largest(line.network);
      const longest = fullest?.ranking.largest(fullest === line.network ? line : undefined);
      const newest = (longest ?? line).items.last?.owner;
      if (newest !== undefined) remove(newest);
      return { place, dropped: newest?.item };
    },

    shift(stays, may) {
      for (let network = turns.first; network !== undefined; network = network.after) {
        if (may?.network(network.owner.key) === false) continue;
        for (let line = network.owner.turns.first; line !== undefined; line = line.after) {
          const oldest = line.owner.items.first?.owner;
          if (oldest === undefined || may?.client(line.owner.client) === false) continue;
          if (stays?.(oldest.item) !== true) remove(oldest);
          if (line.owner.size > 0) moveToEnd(network.owner.turns, line);
          if (network.owner.size > 0) moveToEnd(turns, network);
          return oldest.item;
        }
      }
      return undefined;
    },

    remove,

    removeOver(isOver) {
      const over: Item[] = [];
      for (let network = turns.first; network !== undefined; ) {
        // What follows an emptied one can no longer be read from it.
        const nextNetwork = network.after;
        for (let line = network.owner.turns.first; line !== undefined; ) {
          const nextLine = line.after;
          for (let oldest = line.owner.items.first; oldest !== undefined && isOver(oldest.owner.item); ) {
            over.push(oldest.owner.item);
            remove(oldest.owner);
            oldest = line.owner.items.first;
          }
          line = nextLine;
        }
        network = nextNetwork;
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

/** Elements by how much each has, so that one with the most is found at once. */
interface Ranking<Element> {
  /** The element had `before` and has one more or one less. It is no element while it has nothing. */
  move(element: Element, before: number): void;
  /** The preferred one, which must be an element, where it is among those with the most. Undefined when there are none. */
  largest(preferred: Element | undefined): Element | undefined;
}

interface Ranked<Element> {
  readonly rank: Link<Element>;
  readonly size: number;
}

function createRanking<Element extends Ranked<Element>>(): Ranking<Element> {
  const bySize: Chain<Element>[] = [];
  let most = 0;
  const ofSize = (size: number): Chain<Element> => {
    const chain = bySize[size] ?? createChain();
    bySize[size] = chain;
    return chain;
  };
  return {
    move({ rank, size }, before) {
      const left = before === 0 ? undefined : ofSize(before);
      if (left !== undefined) unlink(left, rank);
      if (size > 0) append(ofSize(size), rank);
      // The element itself is now the largest when no other one is left where it was.
      if (size > most || (before === most && left?.first === undefined)) most = size;
    },
    largest: (preferred) => (preferred?.size === most ? preferred : bySize[most]?.first?.owner),
  };
}
