// Sends requests to the venue, each over a connection of its own (connections.ts) when its turn has come (turns.ts). Never holds more
// requests than its two limits, never sends a request that was cancelled, and sends one again only where nothing but an idle connection
// had ended: a GET of which no byte of an answer came, once.
import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { VenueAddress } from '../config/upstream-address.ts';
import type { Holder } from '../domain/shares.ts';
import { type Connection, createConnections, NotSent } from './connections.ts';
import { createTurns, type Turn } from './turns.ts';

export interface UpstreamOptions {
  readonly address: VenueAddress;
  /** Most exchanges at one time, each on its own connection. */
  readonly connections: number;
  /** Most requests that may wait: so many with a session, so many without, and of each a sixteenth more with a streamed body. */
  readonly maxWaiting: number;
  readonly connectTimeoutMs: number;
}

export interface UpstreamRequest {
  /** Whose share of the connections it counts against. */
  readonly holder: Holder;
  readonly method: string;
  /** Path and query, as matched; the prefix of the upstream's URL is put before it. */
  readonly target: string;
  /** Flat (name, value, ...), without Host and, unless `body` is a stream of known length, without Content-Length. */
  readonly headers: string[];
  readonly body: Buffer | Readable | undefined;
}

export interface UpstreamEvents {
  /** Called synchronously before the head is written (before the start, for a streamed body), and again when it is sent again: false = do not send. */
  starting(): boolean;
  head(status: number, statusText: string, rawHeaders: string[]): void;
  data(chunk: Buffer): void;
  end(): void;
  /**
   * Called at most once, and not after `end` or `cancel`. `malformed`: undici refused to write the request. `turned_away`: it waited for a
   * connection and lost its place to another client.
   */
  failed(kind: 'unavailable' | 'malformed' | 'turned_away', error: Error): void;
}

export interface UpstreamExchange {
  pause(): void;
  resume(): void;
  /** Ends the exchange on the venue's side, at once and without another event. Idempotent. */
  cancel(): void;
}

export interface Upstream {
  /**
   * `turned_away` when there is neither a connection nor room to wait, `closed` after `destroy`. Events may fire before this returns.
   */
  send(request: UpstreamRequest, events: UpstreamEvents): UpstreamExchange | 'turned_away' | 'closed';
  /** Takes no more requests and fails those under way and waiting. */
  destroy(): Promise<void>;
  stats(): UpstreamStats;
}

export interface UpstreamStats {
  /** Connections with an exchange, and open ones without. */
  readonly busy: number;
  readonly idle: number;
  readonly connections: number;
  /** Busy connections with a streamed body, and the most of them. */
  readonly streaming: number;
  readonly streams: number;
  readonly waiting: number;
  /** Most that can wait, all kinds together. */
  readonly maxWaiting: number;
  /** Requests that found no room to wait. */
  readonly turnedAway: number;
  /** Exchanges that ended because the venue could not be reached or broke off its answer. */
  readonly failures: number;
}

const latin1 = (part: Buffer | string): string => (typeof part === 'string' ? part : part.toString('latin1'));

/** Guarantees at most `connections` exchanges and as many waiting requests of each kind as `maxWaiting` says, served in turns. */
export function createUpstream(options: UpstreamOptions): Upstream {
  const { address } = options;
  const turns = createTurns(options);
  const connections = createConnections(address, options.connectTimeoutMs);
  let open = true;
  let failures = 0;

  function send(request: UpstreamRequest, events: UpstreamEvents): UpstreamExchange | 'turned_away' | 'closed' {
    if (!open) return 'closed';
    let connection: Connection | undefined;
    let controller: Dispatcher.DispatchController | undefined;
    let started = false;
    let deciding = false;
    let cancelled = false;
    let over = false;
    /** Bytes read on the connection before this request; undefined for a new connection, or when it was sent again. */
    let readBefore: number | undefined;
    let sentAgain = false;

    const dispatch = ({ client }: Connection): void => {
      const { method, headers, body } = request;
      client.dispatch({ method, path: address.basePath + request.target, headers, body: body ?? null }, handler);
    };

    /** The venue closed a connection on which it had answered before, without a byte for this request. */
    const wasStale = ({ client, socket }: Connection): boolean =>
      request.method === 'GET' &&
      request.body === undefined &&
      readBefore !== undefined &&
      socket?.bytesRead === readBefore &&
      !client.destroyed;

    const end = (): void => {
      if (over || connection === undefined) return;
      over = true;
      // After undici's parser callback: undici still uses the connection inside it.
      const mine = connection;
      queueMicrotask(() => {
        if (connections.giveBack(mine)) turns.done(turn);
      });
    };

    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(given) {
        // A second start would be a retry of something the venue may have acted on. Throwing leaves the connection usable.
        if (over || started) throw new NotSent('cancelled before it was sent');
        started = true;
        controller = given;
        readBefore = connection?.isUsed === true && !sentAgain ? connection.socket?.bytesRead : undefined;
        if (connection !== undefined) connection.isUsed = true;
        deciding = true;
        const allowed = events.starting();
        deciding = false;
        if (cancelled || !allowed) throw new NotSent('refused by the last check');
      },
      onResponseStart(given, status, _headers, statusText) {
        // RFC 9110 15.2: interim answers are for this hop; our own server has already written its own.
        if (over || status < 200) return;
        const raw = given.rawHeaders;
        events.head(status, statusText ?? '', Array.isArray(raw) ? raw.map(latin1) : []);
      },
      onResponseData(_controller, chunk) {
        if (!over) events.data(chunk);
      },
      onResponseEnd() {
        if (over) return;
        end();
        events.end();
      },
      onResponseError(given, error) {
        if (over) return;
        if (given === null && connection !== undefined) {
          // Thrown by dispatch itself: undici refused to write the request. The state of the connection is unknown.
          over = true;
          if (connections.discard(connection)) turns.done(turn);
          events.failed('malformed', error);
          return;
        }
        if (connection !== undefined && !(error instanceof NotSent) && wasStale(connection)) {
          sendAgain(connection);
          return;
        }
        end();
        if (error instanceof NotSent) return;
        failures += 1;
        events.failed('unavailable', error);
      },
    };

    // On the same client, which connects anew: another idle connection might be stale too. The request keeps its turn.
    function sendAgain(mine: Connection): void {
      sentAgain = true;
      started = false;
      controller = undefined;
      // After undici's callback, as in `end`.
      queueMicrotask(() => {
        if (!over) dispatch(mine);
      });
    }

    const turn: Turn = {
      holder: request.holder,
      streamed: request.body !== undefined && !Buffer.isBuffer(request.body),
      begin() {
        connection = connections.take();
        dispatch(connection);
      },
      dropped(why) {
        if (over) return;
        over = true;
        if (why === 'turned_away') events.failed(why, new Error('too many requests wait for the venue'));
        else events.failed('unavailable', new Error('the gateway is stopping'));
      },
    };

    const exchange: UpstreamExchange = {
      pause() {
        if (!over) controller?.pause();
      },
      resume() {
        if (!over) controller?.resume();
      },
      cancel() {
        if (over) return;
        cancelled = true;
        if (deciding) return;
        if (connection === undefined) {
          over = true;
          waiting?.leave();
          return;
        }
        if (controller === undefined) {
          // Still connecting: undici cannot take a request back, so discard the connection too.
          over = true;
          if (connections.discard(connection)) turns.done(turn);
          return;
        }
        end();
        controller.abort(new NotSent('cancelled'));
      },
    };

    const waiting = turns.ask(turn);
    return waiting === undefined ? 'turned_away' : exchange;
  }

  return {
    send,
    stats: () => ({
      busy: turns.busy,
      idle: connections.idle(),
      connections: options.connections,
      streaming: turns.streaming,
      streams: turns.streams,
      waiting: turns.waiting,
      maxWaiting: turns.places,
      turnedAway: turns.turnedAway,
      failures,
    }),
    async destroy() {
      open = false;
      turns.clear();
      await connections.destroy(new Error('the gateway is stopping'));
    },
  };
}
