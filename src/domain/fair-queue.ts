// A bounded queue shared by many clients: each gets its turn, however much another sends. Filling it keeps nobody else out, unless it is
// filled from more networks than it has places; many clients in one network get no more turns than one. Pure: no time, work or threads.
import { append, type Chain, createChain, createLink, type Link, moveToEnd, unlink } from './chain.ts';
import { createKeyedTable, type Keyed } from './keyed-table.ts';

/** The sender of an item: networks share the room and the turns; the clients of a network share its part. */
export interface Sender {
  readonly client: string;
  readonly network: string;
}

export interface Pushed<Item> {
  readonly place: Place<Item>;
  /** The item that was dropped because the queue was full. */
  readonly dropped: Item | undefined;
}

/** Which clients may be served now. Few may be skipped, since each costs time. A client is skipped in all of its networks. */
export interface May {
  network(network: string): boolean;
  client(client: string): boolean;
}

export interface FairQueue<Item> {
  /**
   * Adds an item behind the others of its client in its network; a client of two networks waits in each. When the queue is full one
   * item is dropped and returned: the newest of the client with the most items in the network with the most. On a tie it is the given one.
   */
  push(sender: Sender, item: Item): Pushed<Item>;
  /**
   * The oldest item of the client whose turn it is, in the network whose turn it is, skipping clients that may not be served. Network
   * and client then go to the back. An item that `stays` keeps its place and is the oldest again at its client's next turn; `stays` is
   * called once, with that item only.
   */
  shift(stays?: (item: Item) => boolean, may?: May): Item | undefined;
  /** Removes an item; does nothing when it is gone. */
  remove(place: Place<Item>): void;
  /** Removes and returns each client's oldest items, as long as they are over. */
  removeOver(isOver: (item: Item) => boolean): Item[];
  readonly size: number;
  /** Clients that have something waiting, in each of their networks. */
  readonly clients: number;
}

/** Where an item waits: opaque, to be handed back to `remove`. */
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

  /** Updates the counts after one item of the line came or went. */
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
      // On a tie the newcomer is dropped: it must not replace what already waits.
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
        // Read the next one first: an emptied one no longer has it.
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

/** Elements by their counts, so that one with the highest is found at once. */
interface Ranking<Element> {
  /** Call when the element's count changed by one; it was `before`. An element with the count zero is left out. */
  move(element: Element, before: number): void;
  /** One with the highest count: the preferred element when it is among them. Undefined when there are no elements. */
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
      // When no other element has its old count, the element itself now has the highest.
      if (size > most || (before === most && left?.first === undefined)) most = size;
    },
    largest: (preferred) => (preferred?.size === most ? preferred : bySize[most]?.first?.owner),
  };
}
