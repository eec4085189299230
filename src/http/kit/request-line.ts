// Whether the request line said HTTP/1.0 or HTTP/1.1. Node's parser also accepts HTTP/0.9, HTTP/2.0, RTSP and ICE, and hands such requests out
// as HTTP/1. A proxy in front of us refuses them, or reads them differently.
import { type IncomingMessage, METHODS } from 'node:http';
import type { Socket } from 'node:net';

/** The methods of HTTP. The parser knows more, for RTSP only. */
const methods: ReadonlySet<string> = new Set(METHODS);
/** Methods of HTTP that the parser also accepts in RTSP or ICE. */
const shared: ReadonlySet<string> = new Set(['GET', 'POST', 'OPTIONS', 'SOURCE']);

const protocols = ['RTSP/', 'ICE/'].map((name) => Buffer.from(name));
const foreignLine = /(?:^|\n)([A-Z]+) +([^ \r\n]+) +(?:RTSP|ICE)\/[0-9]\.[0-9]\r?\n/g;
const noLines: ReadonlySet<string> = new Set();

const read = Symbol('request lines');
type Watched = Socket & {
  /** Node's internal parser. */
  readonly parser?: { getCurrentBuffer?(): Buffer } | null;
  /** Requests in another protocol among the bytes read up to `upTo`. */
  [read]?: { readonly upTo: number; readonly asked: ReadonlySet<string> };
};

/**
 * Call in the turn in which Node hands out the request. Node reports RTSP's version as HTTP's, so the line is searched for in the bytes just
 * read; an HTTP request for the same target in the same read is refused too. When a head arrives in several reads its line is gone: the
 * request then counts as HTTP/1, and is served as such.
 */
export function isHttp1({ method = '', url = '', httpVersion, socket }: IncomingMessage): boolean {
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return false;
  if (!methods.has(method)) return false;
  return !shared.has(method) || !askedOtherwise(socket).has(`${method} ${url}`);
}

// Cached per read: one read can hold a thousand requests.
function askedOtherwise(socket: Watched): ReadonlySet<string> {
  if (socket[read]?.upTo !== socket.bytesRead) {
    socket[read] = { upTo: socket.bytesRead, asked: foreignLines(socket.parser?.getCurrentBuffer?.()) };
  }
  return socket[read].asked;
}

function foreignLines(bytes: Buffer | undefined): ReadonlySet<string> {
  if (bytes === undefined || !protocols.some((name) => bytes.includes(name))) return noLines;
  const lines = bytes.toString('latin1').matchAll(foreignLine);
  return new Set([...lines].map(([, method, url]) => `${method} ${url}`));
}
