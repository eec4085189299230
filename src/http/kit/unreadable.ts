// What is answered where bytes are no request: below the router, in the form of all other errors, and never into an answer under way.
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { ApiError } from '../../errors.ts';
import { knownOf, toldOfLeft } from './known.ts';
import { renderError } from './render.ts';
import { REQUEST_ID_HEADER } from './request-ids.ts';

/** Undefined where the connection failed, rather than what was sent over it. */
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

/** Answers and closes. There is no response object: what the parser refused never became a request. */
export function endRaw(socket: Socket & { _httpMessage?: ServerResponse | null }, error: ApiError): void {
  // Of a CONNECT node has let go altogether: a client that resets the connection now would be an error that nobody hears, and
  // the end of the process.
  socket.on('error', () => undefined);
  // An answer under way would be torn in two; and while a whole request still waits for its answer, ours would be taken for it.
  const waiting = socket._httpMessage;
  if (!socket.writable || waiting?.headersSent === true || waiting?.req.complete === true) {
    socket.destroy();
    return;
  }
  // A request whose body broke off has its id already, and its head may have left.
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
