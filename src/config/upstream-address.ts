// Reads where the venue behind the gateway answers. It never connects, and never repairs: an address that could be read
// two ways (dot segments, user names, queries) is no address.
import { isIPv4 } from 'node:net';

export type UpstreamAddress =
  /** The built-in demo venue, started with the server. */
  | { readonly kind: 'demo' }
  | {
      readonly kind: 'http';
      /** Scheme, host and port, without a trailing slash: `https://venue.example:8443`. */
      readonly origin: string;
      /** Put before every forwarded path; empty, or `/...` without a trailing slash. */
      readonly basePath: string;
      /** Only this machine can answer there. */
      readonly loopback: boolean;
    }
  | { readonly kind: 'unix'; readonly socketPath: string; readonly basePath: string };

/** Where a real venue answers. */
export type VenueAddress = Exclude<UpstreamAddress, { kind: 'demo' }>;

// Unreserved characters of RFC 3986 only: what is configured is what is sent.
const segments = /^(\/[A-Za-z0-9._~-]+)*$/;
const dotSegment = /\/\.{1,2}(\/|$)/;

// Linux's sun_path holds 108 bytes with its NUL; other systems hold less, and say so when we connect.
const SOCKET_PATH_MAX = 107;

function readBasePath(text: string): string | undefined {
  const path = text.endsWith('/') ? text.slice(0, -1) : text;
  return segments.test(path) && !dotSegment.test(path) ? path : undefined;
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || (isIPv4(hostname) && hostname.startsWith('127.'));
}

/** Empty text is the demo venue; `undefined` for anything that is not one of the three forms. */
export function parseUpstreamAddress(text: string): UpstreamAddress | undefined {
  if (text === '') return { kind: 'demo' };

  const [, socketPath, socketBase = ''] = /^unix:(\/[^:\0]+)(?::(\/.*)?)?$/.exec(text) ?? [];
  if (socketPath !== undefined) {
    const basePath = readBasePath(socketBase);
    if (basePath === undefined || Buffer.byteLength(socketPath) > SOCKET_PATH_MAX) return undefined;
    return { kind: 'unix', socketPath, basePath };
  }

  const [, authority, path = ''] = /^(https?:\/\/[A-Za-z0-9.:[\]_-]+)(\/.*)?$/.exec(text) ?? [];
  const basePath = readBasePath(path);
  if (authority === undefined || basePath === undefined || !URL.canParse(authority)) return undefined;
  const url = new URL(authority);
  if (url.port === '0') return undefined;
  return { kind: 'http', origin: url.origin, basePath, loopback: isLoopback(url.hostname) };
}
