// Whether a request was asked for in HTTP/1.0 or HTTP/1.1. Node's parser also takes lines of HTTP/0.9 and 2.0, of RTSP and of ICE,
// and hands out what they ask for as if it were HTTP/1. A proxy in front of us does not, or reads them otherwise.
import { type IncomingMessage, METHODS } from 'node:http';
import type { Socket } from 'node:net';

/** Of HTTP. The parser has others for RTSP alone. */
const methods: ReadonlySet<string> = new Set(METHODS);
/** Methods of HTTP that the parser takes in RTSP or ICE, too. */
const shared: ReadonlySet<string> = new Set(['GET', 'POST', 'OPTIONS', 'SOURCE']);

const protocols = ['RTSP/', 'ICE/'].map((name) => Buffer.from(name));
const foreignLine = /(?:^|\n)([A-Z]+) +([^ \r\n]+) +(?:RTSP|ICE)\/[0-9]\.[0-9]\r?\n/g;
const noLines: ReadonlySet<string> = new Set();

const read = Symbol('request lines');
type Watched = Socket & {
  /** Node's own. */
  readonly parser?: { getCurrentBuffer?(): Buffer } | null;
  /** What the bytes up to there ask for in another protocol. */
  [read]?: { readonly upTo: number; readonly asked: ReadonlySet<string> };
};

/**
 * To be asked in the turn in which node hands out the request. The version of RTSP is handed out as one of HTTP, so the line
 * itself is looked for in what was just read; a request for the same target in the same read is refused with it. Where a head
 * comes in pieces its line is no longer there: such a request is taken for HTTP/1, as which it is carried out.
 */
export function isHttp1({ method = '', url = '', httpVersion, socket }: IncomingMessage): boolean {
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return false;
  if (!methods.has(method)) return false;
  return !shared.has(method) || !askedOtherwise(socket).has(`${method} ${url}`);
}

// Once for each read: a thousand requests can come in one.
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
