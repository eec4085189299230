// Answers bytes that are no request, in the form of all other errors, and never in the middle of another answer.
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { ApiError } from '../../errors.ts';
import { knownOf, toldOfLeft } from './known.ts';
import { renderError } from './render.ts';
import { REQUEST_ID_HEADER } from './request-ids.ts';

/** Undefined when the connection failed, not what was sent over it. */
export function clientError(error: NodeJS.ErrnoException): ApiError | undefined {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return new ApiError('HEADERS_TOO_LARGE', 'the request head is too large');
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new ApiError('PAYLOAD_TOO_LARGE', 'the chunk extensions are too large');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new ApiError('REQUEST_TIMEOUT', 'the request did not arrive in time');
    default:
      if (error.code?.startsWith('HPE_') !== true) return undefined;
      return notHttp1();
  }
}

export const notHttp1 = (): ApiError =>
  new ApiError('INVALID_REQUEST_PARAMETER', 'this is not a valid HTTP/1.1 request');

const reasonPhrases: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  404: 'Not Found',
  408: 'Request Timeout',
  413: 'Content Too Large',
  431: 'Request Header Fields Too Large',
};

/** Answers on the raw socket and closes it: there is no response object for bytes that the parser refused. */
export function endRaw(socket: Socket & { _httpMessage?: ServerResponse | null }, error: ApiError): void {
  // Node has given up the socket of a CONNECT: without a listener, a reset by the client would end the process.
  socket.on('error', () => undefined);
  // Do not write into an answer that has begun, nor while a complete request waits: the client would take ours for its answer.
  const waiting = socket._httpMessage;
  if (!socket.writable || waiting?.headersSent === true || waiting?.req.complete === true) {
    socket.destroy();
    return;
  }
  // A request whose body broke off has an id, and its head may have left for the venue.
  const known = waiting ? knownOf(waiting) : undefined;
  const { status, headers, body } = renderError(known === undefined ? error : toldOfLeft(error, known), '');
  const requestId = known?.requestId ?? randomUUID();
  const length = Buffer.byteLength(body);
  const lines = Object.entries({
    ...headers,
    [REQUEST_ID_HEADER]: requestId,
    'Content-Length': length,
    Connection: 'close',
  });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  socket.end(`HTTP/1.1 ${status} ${reasonPhrases[status] ?? ''}\r\n${head}\r\n${body}`, () => socket.destroy());
}
