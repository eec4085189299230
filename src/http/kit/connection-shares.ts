// Shares the open connections among networks and their clients, counted by the rate keys. When a share is full, the connection that has been
// idle longest is closed for the new one, so that connections without requests keep nobody out. It knows no sockets: it names the connection
// to close, and the listener closes it.
import { append, type Chain, createChain, createLink, type Link, unlink } from '../../domain/chain.ts';
import { createKeyedTable, type Keyed } from '../../domain/keyed-table.ts';
import { WIDE_FACTOR } from '../../ratelimit/limiter.ts';
import type { RateKeys } from '../../ratelimit/rate-keys.ts';

export interface ShareLimits {
  readonly all: number;
  /** Of one IPv4 address or IPv6 /64. */
  readonly perClient: number;
  /** Of one IPv6 /48. */
  readonly perNetwork: number;
}

/** The share of an IPv6 /48: WIDE_FACTOR times that of an address, at most half of all, and never less than one address has. */
export const networkShare = (all: number, perClient: number): number =>
  Math.max(perClient, Math.min(perClient * WIDE_FACTOR, Math.floor(all / 2)));

/** One open connection. New ones are silent: no request yet. */
export interface Place {
  /** A request has arrived on it. */
  asks(): void;
  /** Its last request has been answered. */
  isSilent(): void;
  /** It is closed. Idempotent. */
  leave(): void;
}

export type PlaceOrFull<Connection> =
  /** `instead`: close this connection to make room; its place is given up already. */
  | { readonly kind: 'admitted'; readonly place: Place; readonly instead: Connection | undefined }
  /** The share in which every connection is busy. */
  | { readonly kind: 'refused'; readonly full: 'all' | 'address' };

export interface ConnectionShares<Connection> {
  /**
   * Never admits more than the limits allow at once. A connection without keys counts only towards `all`, and is the last to make room.
   * O(1) while there is room, O(clients) when there is none.
   */
  admit(connection: Connection, keys: RateKeys | undefined): PlaceOrFull<Connection>;
  /** The connection to close when the system is out of descriptors; undefined when all are busy. */
  makeRoom(): Connection | undefined;
  readonly open: number;
}

class Network<Connection> implements Keyed<Network<Connection>> {
  readonly key: string;
  next: Network<Connection> | undefined = undefined;
  readonly inAll: Link<Network<Connection>> = createLink<Network<Connection>>(this);
  readonly clients: Chain<Client<Connection>> = createChain();
  open = 0;

  constructor(key: string) {
    this.key = key;
  }
}

class Client<Connection> implements Keyed<Client<Connection>> {
  readonly key: string;
  readonly network: Network<Connection>;
  next: Client<Connection> | undefined = undefined;
  readonly inNetwork: Link<Client<Connection>> = createLink<Client<Connection>>(this);
  /** Connections without and with a request; in both the longest unchanged comes first. */
  readonly silent: Chain<Member<Connection>> = createChain();
  readonly asking: Chain<Member<Connection>> = createChain();
  open = 0;

  constructor(key: string, network: Network<Connection>) {
    this.key = key;
    this.network = network;
  }
}

class Member<Connection> implements Place {
  readonly connection: Connection;
  readonly client: Client<Connection>;
  readonly link: Link<Member<Connection>> = createLink<Member<Connection>>(this);
  private readonly left: (member: Member<Connection>) => void;
  private chain: Chain<Member<Connection>> | undefined;

  constructor(connection: Connection, client: Client<Connection>, left: (member: Member<Connection>) => void) {
    this.connection = connection;
    this.client = client;
    this.left = left;
    this.chain = client.silent;
    append(this.chain, this.link);
  }

  asks(): void {
    this.moveTo(this.client.asking);
  }

  isSilent(): void {
    this.moveTo(this.client.silent);
  }

  leave(): void {
    if (this.chain === undefined) return;
    unlink(this.chain, this.link);
    this.chain = undefined;
    this.left(this);
  }

  private moveTo(chain: Chain<Member<Connection>>): void {
    if (this.chain === undefined || this.chain === chain) return;
    unlink(this.chain, this.link);
    this.chain = chain;
    append(chain, this.link);
  }
}

/** Busy connections checked with isHeldUp, at most, before a new one is refused: each check costs time. */
const MAX_LOOKS = 256;

/** `isHeldUp`: whether a busy connection waits only for its client, which sends or reads slowly. */
export function createConnectionShares<Connection>(
  limits: ShareLimits,
  isHeldUp: (connection: Connection) => boolean,
): ConnectionShares<Connection> {
  const networks = createKeyedTable<Network<Connection>>();
  const allNetworks = createChain<Network<Connection>>();
  const clients = createKeyedTable<Client<Connection>>();
  const uncounted = new Client('', new Network<Connection>(''));
  let open = 0;
  let looks = 0;

  function networkOf(key: string): Network<Connection> {
    const known = networks.get(key);
    if (known !== undefined) return known;
    const network = new Network<Connection>(key);
    networks.add(network);
    append(allNetworks, network.inAll);
    return network;
  }

  function clientOf(keys: RateKeys | undefined): Client<Connection> {
    if (keys === undefined) return uncounted;
    const known = clients.get(keys.narrow);
    if (known !== undefined) return known;
    const client = new Client(keys.narrow, networkOf(keys.wide ?? keys.narrow));
    clients.add(client);
    append(client.network.clients, client.inNetwork);
    return client;
  }

  function forgetIfGone(client: Client<Connection>): void {
    const { network } = client;
    if (client === uncounted || client.open > 0) return;
    clients.remove(client);
    unlink(network.clients, client.inNetwork);
    if (network.open > 0) return;
    networks.remove(network);
    unlink(allNetworks, network.inAll);
  }

  function count(client: Client<Connection>, change: 1 | -1): void {
    open += change;
    client.open += change;
    client.network.open += change;
  }

  const left = ({ client }: Member<Connection>): void => {
    count(client, -1);
    forgetIfGone(client);
  };

  /** The client's connection that is worth least to it; undefined when all wait for us. */
  function idlest({ silent, asking }: Client<Connection>): Member<Connection> | undefined {
    if (silent.first !== undefined) return silent.first.owner;
    for (let link = asking.first; link !== undefined && looks < MAX_LOOKS; link = link.after) {
      looks += 1;
      if (isHeldUp(link.owner.connection)) return link.owner;
    }
    return undefined;
  }

  /** From the client with most connections that has one to spare. */
  const idlestOf = (network: Network<Connection>): Member<Connection> | undefined => ofLargest(network.clients, idlest);

  const idlestOfAll = (): Member<Connection> | undefined => ofLargest(allNetworks, idlestOf) ?? idlest(uncounted);

  /** The full share that keeps this client from one more connection, and the connection to close for it. */
  function fullShare(client: Client<Connection>) {
    if (client !== uncounted && client.open >= limits.perClient) {
      return { full: 'address', victim: idlest(client) } as const;
    }
    if (client !== uncounted && client.network.open >= limits.perNetwork) {
      return { full: 'address', victim: idlestOf(client.network) } as const;
    }
    return open >= limits.all ? ({ full: 'all', victim: idlestOfAll() } as const) : undefined;
  }

  return {
    admit(connection, keys) {
      looks = 0;
      const client = clientOf(keys);
      const share = fullShare(client);
      if (share !== undefined && share.victim === undefined) {
        forgetIfGone(client);
        return { kind: 'refused', full: share.full };
      }
      // Counted before the victim leaves: a client is forgotten with its last connection.
      count(client, 1);
      const place = new Member(connection, client, left);
      share?.victim?.leave();
      return { kind: 'admitted', place, instead: share?.victim?.connection };
    },
    makeRoom() {
      looks = 0;
      const victim = idlestOfAll();
      victim?.leave();
      return victim?.connection;
    },
    get open() {
      return open;
    },
  };
}

/** The find in the largest holder that has one. */
function ofLargest<Holder extends { readonly open: number }, Found>(
  holders: Chain<Holder>,
  find: (holder: Holder) => Found | undefined,
): Found | undefined {
  let best: { open: number; found: Found } | undefined;
  for (let link = holders.first; link !== undefined; link = link.after) {
    const { open } = link.owner;
    if (best !== undefined && open <= best.open) continue;
    const found = find(link.owner);
    if (found !== undefined) best = { open, found };
  }
  return best?.found;
}
