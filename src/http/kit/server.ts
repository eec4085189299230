// The public listener: node's HTTP server with its limits, the front, and what happens below both when bytes are no request.
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
  /** What of them one address may have. Absent = all of them. */
  readonly perAddress?: PerAddress;
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

export interface PerAddress {
  readonly maxConnections: number;
  /** Under which keys an address is counted; undefined = not at all. */
  keysOf(address: string | undefined): RateKeys | undefined;
  /** Counts a TLS handshake that is about to begin; false = there have been too many. Not asked without TLS. */
  mayShakeHands(keys: RateKeys): boolean;
}

export interface HttpServer {
  /** Resolves with the port that was bound, 0 for a unix socket; rejects when it cannot be. */
  listen(): Promise<number>;
  /**
   * Takes no new connections, lets requests under way finish, and cuts what is left after `ms`; before that it awaits `lastWords`,
   * which may answer what can still be answered.
   */
  drain(ms: number, lastWords?: () => Promise<unknown>): Promise<void>;
}

/** A handshake takes a few round trips; who needs longer holds a connection for nothing. */
const MAX_HANDSHAKE_MS = 10_000;

/** One read of a connection can hold 1,800 requests, each of which takes memory until its answer has been sent. */
const MAX_PIPELINED = 128;

/** Connections that are closed at once when there is no descriptor left. */
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
    connection.open?.place?.asks();
    const link = createLink(response);
    append(underWay, link);
    response.once('close', () => {
      unlink(underWay, link);
      connection.unanswered -= 1;
      if (connection.unanswered === 0) connection.open?.place?.isSilent();
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
  // What fails here is an accept. The rest goes on.
  server.on('error', (error) => {
    if (server.listening && isOutOfDescriptors(error)) makeRoom();
  });
  let unwatch = (): void => undefined;
  server.timeout = settings.silenceTimeoutMs;
  // The size of the head is bounded in bytes; node would silently drop headers beyond a count.
  server.maxHeadersCount = 0;
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
    async listen() {
      const port = await listen(server, settings.at);
      unwatch = watchDescriptors(makeRoom);
      return port;
    },
    drain(ms, lastWords = async () => undefined) {
      draining = true;
      unwatch();
      for (const response of ownersOf(underWay)) {
        // Of several requests on one connection only the last may say that it closes: those behind it would lose their answers.
        if (!response.headersSent && connectionOf(response.req.socket).latest === response)
          response.shouldKeepAlive = false;
      }
      return new Promise((resolve) => {
        const cut = setTimeout(() => {
          void lastWords().finally(() => {
            // What was written in this turn has been handed to the system by the next.
            setImmediate(() => {
              for (const socket of ownersOf(open)) socket.destroy();
            });
          });
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

  function refuse(socket: Socket, why: ConnectionRefusal): void {
    socket.destroy();
    settings.told?.closedUnheard(why);
  }

  // Several, as each who comes then takes one, and it is asked for once a second.
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

  // Node takes a connection for idle once its answer has been handed over, though the client has read only half of it: nobody is
  // cut while there is such an answer, and its end asks again.
  function closeIdle(): void {
    if (!ownersOf(underWay).some((response) => response.writableEnded)) server.closeIdleConnections();
  }
}

// RFC 9112 section 9.3.2 lets a client send requests without awaiting answers, and a server close whenever it likes.
const tooManyWaiting = (): ApiError =>
  new ApiError('SERVICE_UNAVAILABLE', `at most ${MAX_PIPELINED} requests may wait on one connection`);

function refuseAndClose(response: ServerResponse, error: ApiError): void {
  response.shouldKeepAlive = false;
  answerError(response, error, '', { [REQUEST_ID_HEADER]: randomUUID() });
}
