// Which address a request comes from: the socket's, unless the operator trusts the peer as a proxy. Only then is X-Forwarded-For read, and an
// entry that cannot be parsed makes the address unknown, never a guess.
import { type IpAddress, type IpRange, parseCidr, parseIp, rangeSet } from '../../domain/allowlist.ts';
import { type RateKeys, rateKeys } from '../../ratelimit/rate-keys.ts';

export interface PeersOptions {
  /** CIDR blocks of the operator's own proxies; `unix` trusts peers on the unix socket. Empty = trust nobody. */
  readonly trusted: readonly string[];
}

/**
 * @param socketAddress the peer as the socket reports it
 * @param isUnixSocket whether the listener is a unix socket, where peers have no address
 * @param xForwardedFor the raw X-Forwarded-For lines, in order of arrival
 * @returns the client's address; `undefined` = unknown, to be refused as `client_ip_unknown`
 */
export type ClientIp = (
  socketAddress: string | undefined,
  isUnixSocket: boolean,
  xForwardedFor: readonly string[],
) => IpAddress | undefined;

/** Whether the peer is a trusted proxy. Arguments as for ClientIp. */
export type TrustedPeer = (socketAddress: string | undefined, isUnixSocket: boolean) => boolean;

// More trusted hops than this in a row: the header is forged or loops.
const MAX_TRUSTED_HOPS = 32;
// Room for an address with brackets, port and some blanks; longer text is refused unparsed.
const MAX_HOP_TEXT = 64;

/** An address that a request names besides its client's. */
export interface Hop {
  /** An address or `unix`. Empty for what is no address: a header may hold anything, and is not kept. */
  readonly address: string;
  /** True for the proxies between us and the client. What stands left of the client anybody can write: false, whatever it names. */
  readonly trusted: boolean;
}

// More would tell the owner nothing.
const MAX_SHOWN_HOPS = 8;

/** Everything that depends on `proxy.trusted`. */
export interface Peers {
  readonly clientIp: ClientIp;
  readonly isTrusted: TrustedPeer;
  /** The nearest eight, the nearest first. Arguments as for ClientIp. */
  hops(socketAddress: string | undefined, isUnixSocket: boolean, xForwardedFor: readonly string[]): readonly Hop[];
  /** The rate keys of a connection. Undefined for trusted proxies and unix sockets, which many clients share: not counted. */
  connectionKeys(socketAddress: string | undefined): RateKeys | undefined;
}

/** Throws Error on a `trusted` entry that is not valid. */
export function createPeers(options: PeersOptions): Peers {
  const trustsUnix = options.trusted.includes('unix');
  const isTrusted = trustedAddresses(options);
  const readPeer = createPeerReader();

  return {
    // docs/wire.md section 17: the rightmost hop that is not trusted.
    clientIp(socketAddress, isUnixSocket, xForwardedFor) {
      const peer = isUnixSocket ? undefined : readPeer(socketAddress);
      const peerIsTrusted = isUnixSocket ? trustsUnix : peer !== undefined && isTrusted(peer);
      if (!peerIsTrusted) return peer;

      // Each proxy appends the peer it saw, so read from the right: the first untrusted hop is the last one that our proxies vouch for.
      const hops = listed(xForwardedFor);
      if (hops.length === 0) return peer;
      let leftmost: IpAddress | undefined;
      for (const hop of hops.slice(-MAX_TRUSTED_HOPS).reverse()) {
        leftmost = parseHop(hop);
        if (leftmost === undefined || !isTrusted(leftmost)) return leftmost;
      }
      return hops.length > MAX_TRUSTED_HOPS ? undefined : leftmost;
    },

    isTrusted(socketAddress, isUnixSocket) {
      if (isUnixSocket) return trustsUnix;
      const peer = readPeer(socketAddress);
      return peer !== undefined && isTrusted(peer);
    },

    hops(socketAddress, isUnixSocket, xForwardedFor) {
      const peer = isUnixSocket ? undefined : readPeer(socketAddress);
      const peerIsTrusted = isUnixSocket ? trustsUnix : peer !== undefined && isTrusted(peer);
      const named = listed(xForwardedFor).slice(-MAX_TRUSTED_HOPS).reverse();
      if (!peerIsTrusted) return named.slice(0, MAX_SHOWN_HOPS).map(claimed);
      if (named.length === 0) return [];
      // The client is the first that is no proxy of ours, or the last of all. It is no hop.
      const parsed = named.map(parseHop);
      const first = parsed.findIndex((hop) => hop === undefined || !isTrusted(hop));
      const client = first < 0 ? parsed.length - 1 : first;
      const vouched = parsed.slice(0, client).map((hop) => ({ address: hop?.text ?? '', trusted: true }));
      // A hop that cannot be read makes the client unknown.
      const left = named.slice(parsed[client] === undefined ? client : client + 1).map(claimed);
      return [{ address: peer?.text ?? 'unix', trusted: true }, ...vouched, ...left].slice(0, MAX_SHOWN_HOPS);
    },

    connectionKeys(socketAddress) {
      const peer = readPeer(socketAddress);
      return peer === undefined || isTrusted(peer) ? undefined : rateKeys(peer);
    },
  };
}

/** The entries of all lines, in order. RFC 9110 section 5.6.1: empty list elements are ignored. */
const listed = (xForwardedFor: readonly string[]): readonly string[] =>
  xForwardedFor
    .join(',')
    .split(',')
    .filter((hop) => /[^ \t]/.test(hop));

const claimed = (text: string): Hop => ({ address: parseHop(text)?.text ?? '', trusted: false });

const trustedAddresses = ({ trusted }: PeersOptions): ((ip: IpAddress) => boolean) =>
  rangeSet(trusted.filter((entry) => entry !== 'unix').map(parseTrusted));

function parseTrusted(entry: string): IpRange {
  const parsed = parseCidr(entry);
  if (!parsed.ok) throw new Error(`trusted proxy ${JSON.stringify(entry)}: ${parsed.problem}`);
  if (parsed.range.text.endsWith('/0')) {
    throw new Error(`trusted proxy ${JSON.stringify(entry)}: this would let every client name its own address`);
  }
  return parsed.range;
}

// Addresses repeat: many requests a connection, many connections an address.
const KEPT_PEERS = 10_000;

/** Parses an address as the kernel wrote it, and keeps the result. */
function createPeerReader(): (socketAddress: string | undefined) => IpAddress | undefined {
  const kept = new Map<string, IpAddress>();
  return (socketAddress) => {
    if (socketAddress === undefined) return undefined;
    const known = kept.get(socketAddress);
    if (known !== undefined) return known;
    // The kernel adds the zone of our interface to a link-local peer. Only here may a zone be dropped: in a header it is an error.
    const peer = parseIp(socketAddress.replace(/%.*$/s, ''));
    if (kept.size >= KEPT_PEERS) kept.clear();
    if (peer !== undefined) kept.set(socketAddress, peer);
    return peer;
  };
}

/** Accepts an address, and the forms some proxies write: `[v6]`, `[v6]:port`, `a.b.c.d:port`. */
function parseHop(hop: string): IpAddress | undefined {
  if (hop.length > MAX_HOP_TEXT) return undefined;
  const text = hop.replace(/^[ \t]+|[ \t]+$/g, '');
  const parts = /^(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+))(?::([0-9]{1,5}))?$/.exec(text);
  if (parts === null) return parseIp(text);
  const [, v6, v4 = '', port = '0'] = parts;
  if (Number(port) > 65_535) return undefined;
  // Brackets hold IPv6 only: no proxy writes `[1.2.3.4]:80`.
  return v6 === undefined ? parseIp(v4) : v6.includes(':') ? parseIp(v6) : undefined;
}
