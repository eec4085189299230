// Which address a request comes from. Nobody is believed but the socket, unless the operator named the peer as a proxy;
// what cannot be read is "unknown" and never a guess.
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

/** Whether it is one of the operator's own proxies that is connected. Arguments as of ClientIp. */
export type TrustedPeer = (socketAddress: string | undefined, isUnixSocket: boolean) => boolean;

// More trusted hops than this in a row is not a proxy chain but a forged or looping header.
const MAX_TRUSTED_HOPS = 32;
// An address with brackets, port and some blanks around it; longer text is refused unread.
const MAX_HOP_TEXT = 64;

/** Reads who is connected, by one list of trusted proxies. */
export interface Peers {
  readonly clientIp: ClientIp;
  readonly isTrusted: TrustedPeer;
  /**
   * Under which keys a connection is counted among others from the same place; `undefined` = not at all, as over the operator's own
   * proxies, and over unix sockets, everybody comes.
   */
  connectionKeys(socketAddress: string | undefined): RateKeys | undefined;
}

/** Throws Error on a `trusted` entry that is not valid. */
export function createPeers(options: PeersOptions): Peers {
  const trustsUnix = options.trusted.includes('unix');
  const isTrusted = trustedAddresses(options);
  const readPeer = createPeerReader();

  return {
    // docs/wire.md section 6, last row: the rightmost hop that is not trusted.
    clientIp(socketAddress, isUnixSocket, xForwardedFor) {
      const peer = isUnixSocket ? undefined : readPeer(socketAddress);
      const peerIsTrusted = isUnixSocket ? trustsUnix : peer !== undefined && isTrusted(peer);
      if (!peerIsTrusted) return peer;

      // Each proxy appends the peer it saw, so only what stands right of the first untrusted hop was written by us.
      // RFC 9110 section 5.6.1: an empty element of a list is none.
      const hops = xForwardedFor
        .join(',')
        .split(',')
        .filter((hop) => /[^ \t]/.test(hop));
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

    connectionKeys(socketAddress) {
      const peer = readPeer(socketAddress);
      return peer === undefined || isTrusted(peer) ? undefined : rateKeys(peer);
    },
  };
}

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

// A connection brings many requests, and an address many connections.
const KEPT_PEERS = 10_000;

/** Reads what the kernel wrote, once for each text. */
function createPeerReader(): (socketAddress: string | undefined) => IpAddress | undefined {
  const kept = new Map<string, IpAddress>();
  return (socketAddress) => {
    if (socketAddress === undefined) return undefined;
    const known = kept.get(socketAddress);
    if (known !== undefined) return known;
    // A link-local peer carries the zone of our own interface; only here, where the kernel wrote it, may it be dropped.
    const peer = parseIp(socketAddress.replace(/%.*$/s, ''));
    if (kept.size >= KEPT_PEERS) kept.clear();
    if (peer !== undefined) kept.set(socketAddress, peer);
    return peer;
  };
}

/** An address, or one in the forms that some proxies write: `[v6]`, and with a port `a.b.c.d:port` and `[v6]:port`. */
function parseHop(hop: string): IpAddress | undefined {
  if (hop.length > MAX_HOP_TEXT) return undefined;
  const text = hop.replace(/^[ \t]+|[ \t]+$/g, '');
  const parts = /^(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+))(?::([0-9]{1,5}))?$/.exec(text);
  if (parts === null) return parseIp(text);
  const [, v6, v4 = '', port = '0'] = parts;
  if (Number(port) > 65_535) return undefined;
  // Brackets hold IPv6 only: `[1.2.3.4]:80` is nobody's spelling.
  return v6 === undefined ? parseIp(v4) : v6.includes(':') ? parseIp(v6) : undefined;
}
