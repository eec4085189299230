// A listener: Node's HTTP server with limits on its connections, and answers to bytes that are no request.
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { Server as NetServer, type Socket } from 'node:net';
import { append, createChain, createLink, ownersOf, unlink } from '../../domain/chain.ts';
import { ApiError } from '../../errors.ts';
import type { RateKeys } from '../../ratelimit/rate-keys.ts';
import type { ConnectionRefusal } from '../../telemetry/counters.ts';
import { answerError } from './answer-error.ts';
import { connectionOf, isHeldUp, type Open } from './connection.ts';
import { createConnectionShares, networkShare } from './connection-shares.ts';
import { isOutOfDescriptors, watchDescriptors } from './descriptors-left.ts';
import { type ListenAt, listen } from './listen.ts';
import { REQUEST_ID_HEADER } from './request-ids.ts';
import { isHttp1 } from './request-line.ts';
import type { TlsOptions } from './tls.ts';
import { clientError, endRaw, notHttp1 } from './unreadable.ts';

export interface ServerSettings {
  readonly at: ListenAt;
  readonly maxHeaderBytes: number;
  readonly maxConnections: number;
  /** Limits for one address. Absent = one address may have all connections. */
  readonly perAddress?: PerAddress;
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  /** Longest silence during a request: a client that stops reading loses its connection. */
  readonly silenceTimeoutMs: number;
  /** Absent = plain HTTP. */
  readonly tls?: TlsOptions | undefined;
  /** Told what never becomes a request. */
  readonly told?: {
    /** The bytes were no request, and were answered with `error`. */
    unreadable(error: ApiError): void;
    closedUnheard(why: ConnectionRefusal): void;
  };
}

export interface PerAddress {
  readonly maxConnections: number;
  /** The keys under which an address is counted; undefined = not counted. */
  keysOf(address: string | undefined): RateKeys | undefined;
  /** Charges a TLS handshake that is about to begin; false = too many. Not called without TLS. */
  mayShakeHands(keys: RateKeys): boolean;
}

export interface HttpServer {
  /** Resolves with the port that was bound, 0 for a unix socket; rejects when it cannot be. */
  listen(): Promise<number>;
  /** Accepts no more connections, lets requests finish, and after `ms` awaits `lastWords` (last answers) and cuts what is left. */
  drain(ms: number, lastWords?: () => Promise<unknown>): Promise<void>;
}

/** A handshake takes a few round trips; a slower client only holds a connection. */
const MAX_HANDSHAKE_MS = 10_000;

/** One read can hold 1,800 requests, and each takes memory until its answer is sent. */
const MAX_PIPELINED = 128;

/** Connections closed at a time when no descriptor is left. */
const MOST_MADE_ROOM = 16;

export function createHttpServer(settings: ServerSettings, front: RequestListener): HttpServer {
  let draining = false;
  const underWay = createChain<ServerResponse>();
  const http = {
    maxHeaderSize: settings.maxHeaderBytes,
    requestTimeout: settings.requestTimeoutMs,
    headersTimeout: settings.requestTimeoutMs,
    keepAliveTimeout: settings.keepAliveTimeoutMs,
    connectionsCheckingInterval: Math.min(settings.requestTimeoutMs, 5_000),
    // The front checks it and answers in our form; Node would answer without a body.
    requireHostHeader: false,
    insecureHTTPParser: false,
  };
  const onRequest: RequestListener = (request, response) => {
    // RFC 9112 section 9.6: after an answer that closes the connection, serve nothing more on it. Bytes behind a refused request may have
    // been its body.
    const connection = connectionOf(request.socket);
    if (connection.latest?.shouldKeepAlive === false) {
      // Stop reading: Node keeps every request until the answers before it have left. Later, because Node resumes a paused socket at the
      // end of this message.
      setImmediate(() => request.socket.pause());
      return;
    }
    connection.latest = response;
    if (draining) response.shouldKeepAlive = false;
    const waiting = connection.unanswered;
    connection.unanswered += 1;
    connection.open?.place?.asks();
    const link = createLink(response);
    append(underWay, link);
    response.once('close', () => {
      unlink(underWay, link);
      connection.unanswered -= 1;
      if (connection.unanswered === 0) connection.open?.place?.isSilent();
      // Its head may have said keep-alive, and no one else closes the connection when it becomes idle.
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
  // Node does not list connections during their TLS handshake: those would outlast a drain. With TLS each connection is here twice: the TCP
  // socket and the TLS socket over it.
  const open = createChain<Socket>();
  const keep = (socket: Socket): void => {
    const link = createLink(socket);
    append(open, link);
    socket.once('close', () => unlink(open, link));
  };
  const { maxConnections, perAddress } = settings;
  const perClient = perAddress?.maxConnections ?? maxConnections;
  const shares = createConnectionShares<Open>(
    { all: maxConnections, perClient, perNetwork: networkShare(maxConnections, perClient) },
    isHeldUp,
  );
  server.on('connection', (socket: Socket) => {
    const keys = perAddress?.keysOf(socket.remoteAddress);
    if (settings.tls !== undefined && keys !== undefined && perAddress?.mayShakeHands(keys) === false) {
      refuse(socket, 'too_many_handshakes');
      return;
    }
    const opened: Open = { accepted: socket, asking: socket, place: undefined };
    const admission = shares.admit(opened, keys);
    if (admission.kind === 'refused') {
      refuse(socket, admission.full === 'all' ? 'too_many' : 'too_many_from_address');
      return;
    }
    if (admission.instead !== undefined) makeWay(admission.instead);
    const { place } = admission;
    opened.place = place;
    connectionOf(socket).open = opened;
    keep(socket);
    socket.once('close', () => place.leave());
  });
  server.on('secureConnection', (socket: Socket & { _parent?: Socket }) => {
    const connection = connectionOf(socket);
    connection.secured = true;
    const accepted = socket._parent && connectionOf(socket._parent);
    if (accepted?.open !== undefined) {
      connection.open = accepted.open;
      accepted.open.asking = socket;
    }
    keep(socket);
  });
  // While listening, only accept fails here; open connections go on.
  server.on('error', (error) => {
    if (server.listening && isOutOfDescriptors(error)) makeRoom();
  });
  let unwatch = (): void => undefined;
  server.timeout = settings.silenceTimeoutMs;
  // The head is limited in bytes; with a count, Node would silently drop headers beyond it.
  server.maxHeadersCount = 0;
  // RFC 9110 section 10.1.1: an unknown expectation may be ignored. It is never forwarded.
  server.on('checkExpectation', onRequest);
  server.on('connect', (_request: IncomingMessage, socket: Socket) => {
    endRaw(socket, new ApiError('NOT_FOUND', 'CONNECT is not served'));
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const answer = clientError(error);
    // Failed handshakes and forbidden renegotiations arrive here too. Nothing can be sent over those, and a write would never end.
    if (answer === undefined || (settings.tls !== undefined && !connectionOf(socket).secured)) socket.destroy();
    else {
      // After the first parse error every further byte raises clientError again; report only the first.
      if (socket.writable) settings.told?.unreadable(answer);
      endRaw(socket, answer);
    }
  });

  return {
    async listen() {
      const port = await listen(server, settings.at);
      unwatch = watchDescriptors(makeRoom);
      return port;
    },
    drain(ms, lastWords = async () => undefined) {
      draining = true;
      unwatch();
      for (const response of ownersOf(underWay)) {
        // Only the last request on a connection may announce the close, or the ones behind it would lose their answers.
        if (!response.headersSent && connectionOf(response.req.socket).latest === response)
          response.shouldKeepAlive = false;
      }
      return new Promise((resolve) => {
        const cut = setTimeout(() => {
          void lastWords().finally(() => {
            // One turn later, so that what was just written reaches the system.
            setImmediate(() => {
              for (const socket of ownersOf(open)) socket.destroy();
            });
          });
        }, ms);
        // Not http.Server's close: it would cut half-read answers as idle, and stop checking for late requests.
        NetServer.prototype.close.call(server, () => {
          clearTimeout(cut);
          server.close();
          resolve();
        });
        closeIdle();
        // Node counts a connection that has sent nothing yet as busy.
        for (const socket of ownersOf(open)) if (socket.bytesRead === 0) socket.destroy();
      });
    },
  };

  function refuse(socket: Socket, why: ConnectionRefusal): void {
    socket.destroy();
    settings.told?.closedUnheard(why);
  }

  // Several at a time: this runs once a second, and each new connection takes one.
  function makeRoom(): void {
    settings.told?.closedUnheard('no_descriptor');
    for (let i = 0; i < MOST_MADE_ROOM; i += 1) {
      const silent = shares.makeRoom();
      if (silent === undefined) return;
      makeWay(silent);
    }
  }

  function makeWay({ accepted, asking }: Open): void {
    asking.destroy();
    accepted.destroy();
    settings.told?.closedUnheard('silent');
  }

  // Node counts a connection as idle once its answer is written, even if the client has read only half of it. So close none while there is
  // such an answer; its end calls this again.
  function closeIdle(): void {
    if (!ownersOf(underWay).some((response) => response.writableEnded)) server.closeIdleConnections();
  }
}

// RFC 9112 section 9.3.2: a client may send requests without awaiting answers, and a server may close at any time.
const tooManyWaiting = (): ApiError =>
  new ApiError('SERVICE_UNAVAILABLE', `at most ${MAX_PIPELINED} requests may wait on one connection`);

function refuseAndClose(response: ServerResponse, error: ApiError): void {
  response.shouldKeepAlive = false;
  answerError(response, error, '', { [REQUEST_ID_HEADER]: randomUUID() });
}
