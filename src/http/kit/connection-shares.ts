// How the connections that may be open at once are shared: by network and by client in it, as the rate limits count them. Where a share
// is full, who waits for nothing of ours for longest makes room: nobody is kept out by connections over which nothing is asked, or
// nothing taken. It knows no sockets: it says which connection goes, and closes none itself.
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

/**
 * The share of an IPv6 /48: as many times that of an address as with the rate limits, yet no more than half of all, or than one
 * address has.
 */
export const networkShare = (all: number, perClient: number): number =>
  Math.max(perClient, Math.min(perClient * WIDE_FACTOR, Math.floor(all / 2)));

/** One open connection among the others. It comes silent: nothing is asked over it yet. */
export interface Place {
  /** A request has come over it. */
  asks(): void;
  /** No request is under way any more. */
  isSilent(): void;
  /** It is closed. Idempotent. */
  leave(): void;
}

export type Admission<Connection> =
  /** `instead`: the connection that has to be closed for it; it has left already. */
  | { readonly kind: 'admitted'; readonly place: Place; readonly instead: Connection | undefined }
  /** Which share is full of connections that ask. */
  | { readonly kind: 'refused'; readonly full: 'all' | 'address' };

export interface ConnectionShares<Connection> {
  /**
   * At most as many as the limits say are admitted and have not left. Who has no keys is counted among all alone, and makes room only
   * when nobody else can. Constant cost while there is room; O(clients) when there is not.
   */
  admit(connection: Connection, keys: RateKeys | undefined): Admission<Connection>;
  /** The connection that has to be closed because the system has no more of them; undefined when each is at work. */
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
  /** Those without a request, and those with one; in both the one that is so for longest comes first. */
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

/** So many connections at work are asked whether they are held up before a new one is refused: each costs time. */
const MAX_LOOKS = 256;

/** `isHeldUp`: whether a connection with a request is kept from going on by its client alone, who sends or takes slowly. */
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

  /** Of the client's the one that is least of use to him; undefined when each waits for us. */
  function idlest({ silent, asking }: Client<Connection>): Member<Connection> | undefined {
    if (silent.first !== undefined) return silent.first.owner;
    for (let link = asking.first; link !== undefined && looks < MAX_LOOKS; link = link.after) {
      looks += 1;
      if (isHeldUp(link.owner.connection)) return link.owner;
    }
    return undefined;
  }

  /** Of the client with most, as far as he can spare one. */
  const idlestOf = (network: Network<Connection>): Member<Connection> | undefined => ofLargest(network.clients, idlest);

  const idlestOfAll = (): Member<Connection> | undefined => ofLargest(allNetworks, idlestOf) ?? idlest(uncounted);

  /** The share that has no room for one more of this client, and who could make some. */
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
      // Before the other one leaves: the last of a client takes him along.
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

/** What is found in the holder of most connections in whom something is found. */
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
