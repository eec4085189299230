// The public listener: node's HTTP server with its limits, the front, and what happens below both when bytes are no request.
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import { append, createChain, createLink, ownersOf, unlink } from '../domain/chain.ts';
import { ApiError } from '../errors.ts';
import type { ConnectionRefusal } from '../telemetry/counters.ts';
import { REQUEST_ID_HEADER } from './front.ts';
import { renderError } from './render.ts';
import { isHttp1 } from './request-line.ts';
import type { TlsOptions } from './tls.ts';

export interface ServerSettings {
  readonly host: string;
  readonly port: number;
  readonly maxHeaderBytes: number;
  readonly maxConnections: number;
  /** How many of them one address may have, and under which key it is counted (undefined = not at all). Absent = all of them. */
  readonly perAddress?: { readonly maxConnections: number; keyOf(address: string | undefined): string | undefined };
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  /** Longest silence of a connection with a request under way: who does not read an answer does not keep it for ever. */
  readonly silenceTimeoutMs: number;
  /** Absent = plain HTTP. */
  readonly tls?: TlsOptions | undefined;
  /** Told of what never becomes a request. */
  readonly told?: {
    /** What was sent is no request; this was answered. */
    unreadable(error: ApiError): void;
    closedUnheard(why: ConnectionRefusal): void;
  };
}

export interface HttpServer {
  /** Resolves with the port that was bound; rejects when it cannot be. */
  listen(): Promise<number>;
  /** Takes no new connections, lets requests under way finish, and cuts what is left after `ms`. */
  drain(ms: number): Promise<void>;
}

/** A handshake takes a few round trips; who needs longer holds a connection for nothing. */
const MAX_HANDSHAKE_MS = 10_000;

// On the socket itself: a WeakMap of sockets would keep each of them until the next collection of old objects.
const state = Symbol('connection');

interface Connection {
  latest: ServerResponse | undefined;
  /** Requests that were handed out and have no answer yet. */
  unanswered: number;
  /** Its TLS handshake is done. */
  secured: boolean;
}

function connectionOf(socket: Socket & { [state]?: Connection }): Connection {
  socket[state] ??= { latest: undefined, unanswered: 0, secured: false };
  return socket[state];
}

/** One read of a connection can hold 1,800 requests, each of which takes memory until its answer has been sent. */
const MAX_PIPELINED = 128;

export function createHttpServer(settings: ServerSettings, front: RequestListener): HttpServer {
  let draining = false;
  const underWay = createChain<ServerResponse>();
  const http = {
    maxHeaderSize: settings.maxHeaderBytes,
    requestTimeout: settings.requestTimeoutMs,
    headersTimeout: settings.requestTimeoutMs,
    keepAliveTimeout: settings.keepAliveTimeoutMs,
    connectionsCheckingInterval: Math.min(settings.requestTimeoutMs, 5_000),
    // Checked by the front, which answers in our form; node would answer without a body.
    requireHostHeader: false,
    insecureHTTPParser: false,
  };
  const onRequest: RequestListener = (request, response) => {
    // RFC 9112 section 9.6: whoever is told that the connection closes gets nothing done on it any more: the answer could not
    // follow. What stands right behind a refused request may have been meant as its body.
    const connection = connectionOf(request.socket);
    if (connection.latest?.shouldKeepAlive === false) {
      // Node keeps every request that it has read until the answers before it have left: there must not be more and more of them.
      // Not at once: at the end of this message node resumes what is paused.
      setImmediate(() => request.socket.pause());
      return;
    }
    connection.latest = response;
    if (draining) response.shouldKeepAlive = false;
    const waiting = connection.unanswered;
    connection.unanswered += 1;
    const link = createLink(response);
    append(underWay, link);
    response.once('close', () => {
      unlink(underWay, link);
      connection.unanswered -= 1;
      // Its head may have promised to keep the connection: nobody else closes what becomes idle now.
      if (draining) setImmediate(closeIdle);
    });
    if (!isHttp1(request)) {
      const refusal = notHttp1();
      settings.told?.unreadable(refusal);
      refuseAndClose(response, refusal);
    } else if (waiting >= MAX_PIPELINED) refuseAndClose(response, tooManyWaiting());
    else front(request, response);
  };
  const server =
    settings.tls === undefined
      ? createServer(http, onRequest)
      : createTlsServer(
          { ...http, ...settings.tls, handshakeTimeout: Math.min(settings.requestTimeoutMs, MAX_HANDSHAKE_MS) },
          onRequest,
        );
  // Node's own list has no connection whose TLS handshake is under way: those would outlast a drain. With TLS a connection is
  // here twice, as what is sent over it and as what that says.
  const open = createChain<Socket>();
  const keep = (socket: Socket): void => {
    const link = createLink(socket);
    append(open, link);
    socket.once('close', () => unlink(open, link));
  };
  const connectionsOf = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    if (isWithinItsShare(socket)) keep(socket);
    else {
      socket.destroy();
      settings.told?.closedUnheard('too_many_from_address');
    }
  });
  server.on('drop', () => settings.told?.closedUnheard('too_many'));
  server.on('secureConnection', (socket: Socket) => {
    connectionOf(socket).secured = true;
    keep(socket);
  });
  server.timeout = settings.silenceTimeoutMs;
  // The size of the head is bounded in bytes; node would silently drop headers beyond a count.
  server.maxHeadersCount = 0;
  server.maxConnections = settings.maxConnections;
  // RFC 9110 section 10.1.1: an expectation we do not know may be ignored; it is never forwarded.
  server.on('checkExpectation', onRequest);
  server.on('connect', (_request: IncomingMessage, socket: Socket) => {
    endRaw(socket, new ApiError('NOT_FOUND', 'CONNECT is not served'));
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const answer = clientError(error);
    // A failed handshake or a forbidden renegotiation lands here too: nothing can be said over it, and what is written
    // would wait for ever, with the connection.
    if (answer === undefined || (settings.tls !== undefined && !connectionOf(socket).secured)) socket.destroy();
    else {
      // What comes after the first of it is an error again, which nobody is told of.
      if (socket.writable) settings.told?.unreadable(answer);
      endRaw(socket, answer);
    }
  });

  return {
    listen: () => listen(server, settings),
    drain(ms) {
      draining = true;
      for (const response of ownersOf(underWay)) {
        // Of several requests on one connection only the last may say that it closes: those behind it would lose their answers.
        if (!response.headersSent && connectionOf(response.req.socket).latest === response)
          response.shouldKeepAlive = false;
      }
      return new Promise((resolve) => {
        const cut = setTimeout(() => {
          for (const socket of ownersOf(open)) socket.destroy();
        }, ms);
        // Not yet the HTTP server's own close: it closes what it takes for idle, and looks for late requests no more.
        NetServer.prototype.close.call(server, () => {
          clearTimeout(cut);
          server.close();
          resolve();
        });
        closeIdle();
        // Node counts who has connected and said nothing yet as busy.
        for (const socket of ownersOf(open)) if (socket.bytesRead === 0) socket.destroy();
      });
    },
  };

  // One address could otherwise hold all the connections there are, and say nothing.
  function isWithinItsShare(socket: Socket): boolean {
    const { perAddress } = settings;
    const key = perAddress?.keyOf(socket.remoteAddress);
    if (perAddress === undefined || key === undefined) return true;
    const others = connectionsOf.get(key) ?? 0;
    if (others >= perAddress.maxConnections) return false;
    connectionsOf.set(key, others + 1);
    socket.once('close', () => {
      const left = (connectionsOf.get(key) ?? 1) - 1;
      if (left === 0) connectionsOf.delete(key);
      else connectionsOf.set(key, left);
    });
    return true;
  }

  // Node takes a connection for idle once its answer has been handed over, though the client has read only half of it: nobody is
  // cut while there is such an answer, and its end asks again.
  function closeIdle(): void {
    if (!ownersOf(underWay).some((response) => response.writableEnded)) server.closeIdleConnections();
  }
}

function listen(server: Server, settings: ServerSettings): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(settings.port, settings.host, () => {
      server.removeListener('error', reject);
      resolve(portOf(server.address()));
    });
  });
}

const portOf = (address: AddressInfo | string | null): number =>
  address !== null && typeof address === 'object' ? address.port : 0;

/** Undefined where the connection failed, rather than what was sent over it. */
function clientError(error: NodeJS.ErrnoException): ApiError | undefined {
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

const notHttp1 = (): ApiError => new ApiError('INVALID_REQUEST_PARAMETER', 'this is not a valid HTTP/1.1 request');

const reasonPhrases: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  404: 'Not Found',
  408: 'Request Timeout',
  413: 'Content Too Large',
  431: 'Request Header Fields Too Large',
};

// RFC 9112 section 9.3.2 lets a client send requests without awaiting answers, and a server close whenever it likes.
const tooManyWaiting = (): ApiError =>
  new ApiError('SERVICE_UNAVAILABLE', `at most ${MAX_PIPELINED} requests may wait on one connection`);

function refuseAndClose(response: ServerResponse, error: ApiError): void {
  const { status, headers, body } = renderError(error);
  response.shouldKeepAlive = false;
  response.writeHead(status, {
    ...headers,
    [REQUEST_ID_HEADER]: randomUUID(),
    'Content-Length': Buffer.byteLength(body),
  });
  response.end(body);
}

// There is no response object: what the parser refused never became a request.
function endRaw(socket: Socket & { _httpMessage?: ServerResponse | null }, error: ApiError): void {
  // Of a CONNECT node has let go altogether: a client that resets the connection now would be an error that nobody hears, and
  // the end of the process.
  socket.on('error', () => undefined);
  // An answer under way would be torn in two; and while a whole request still waits for its answer, ours would be taken for it.
  const waiting = socket._httpMessage;
  if (!socket.writable || waiting?.headersSent === true || waiting?.req.complete === true) {
    socket.destroy();
    return;
  }
  const { status, headers, body } = renderError(error);
  // A request whose body broke off has its id already.
  const requestId = String(waiting?.getHeader(REQUEST_ID_HEADER) ?? randomUUID());
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
