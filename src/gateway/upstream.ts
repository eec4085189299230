// The connections to the venue: how many there are, who waits for one, and what becomes of one that misbehaves.
// Never holds more requests than its two limits, never retries, and never sends a request that was cancelled.
//
// One undici Client per connection instead of undici's Pool: a Pool marks a connection busy for ever when undici refuses a request
// synchronously (bad header), and its inner queue can neither be bounded nor left by a request that has been cancelled.
import type { Readable } from 'node:stream';
import { Client, type Dispatcher } from 'undici';
import type { VenueAddress } from '../config/upstream-address.ts';

export interface UpstreamOptions {
  readonly address: VenueAddress;
  /** Most exchanges with the venue at one time; each has its own connection. */
  readonly connections: number;
  /** Most requests that may wait for a connection. */
  readonly maxWaiting: number;
  readonly connectTimeoutMs: number;
}

export interface UpstreamRequest {
  readonly method: string;
  /** Path and query, as matched; the prefix of the upstream's URL is put before it. */
  readonly target: string;
  /** Flat (name, value, ...), without Host and, unless `body` is a stream of known length, without Content-Length. */
  readonly headers: string[];
  readonly body: Buffer | Readable | undefined;
}

export interface UpstreamEvents {
  /** The last moment to say no, synchronously before the head of a request without a stream body is written. */
  starting(): boolean;
  head(status: number, statusText: string, rawHeaders: string[]): void;
  data(chunk: Buffer): void;
  end(): void;
  /** Called at most once, and not after `end` or `cancel`. `malformed`: undici would not write this request. */
  failed(kind: 'unavailable' | 'malformed', error: Error): void;
}

export interface UpstreamExchange {
  pause(): void;
  resume(): void;
  /** Ends the exchange on the venue's side, at once and without another event. Idempotent. */
  cancel(): void;
}

export interface Upstream {
  /** Undefined when both limits are reached or the upstream is closed. Events may fire before this returns. */
  send(request: UpstreamRequest, events: UpstreamEvents): UpstreamExchange | undefined;
  readonly active: number;
  readonly waiting: number;
  /** Takes no more requests; resolves when those under way and waiting have ended. */
  close(): Promise<void>;
  /** Takes no more requests and fails those under way and waiting. */
  destroy(): Promise<void>;
}

export interface UpstreamStats {
  /** Connections with an exchange, and open ones without. */
  readonly busy: number;
  readonly idle: number;
  readonly connections: number;
  readonly waiting: number;
  readonly maxWaiting: number;
  /** Requests that were turned away because both limits were reached. */
  readonly turnedAway: number;
  /** Exchanges that ended because the venue could not be reached or broke its answer off. */
  readonly failures: number;
}

class NotSent extends Error {
  override readonly name = 'NotSent';
}

const latin1 = (part: Buffer | string): string => (typeof part === 'string' ? part : part.toString('latin1'));

/** Guarantees at most `connections` exchanges and `maxWaiting` waiting requests, served in order of arrival. */
export function createUpstream(options: UpstreamOptions): Upstream & { stats(): UpstreamStats } {
  const { address } = options;
  const idle: Client[] = [];
  const busy = new Set<Client>();
  const waiting = new Set<Waiting>();
  const whenEmpty: (() => void)[] = [];
  let open = true;
  let turnedAway = 0;
  let failures = 0;

  interface Waiting {
    begin(client: Client): void;
    fail(error: Error): void;
  }

  const connect = (): Client =>
    new Client(address.kind === 'unix' ? 'http://localhost' : address.origin, {
      pipelining: 1,
      // HTTP/2 has other rules for headers and cancelling than the ones checked here.
      allowH2: false,
      connectTimeout: options.connectTimeoutMs,
      // The exchange keeps the time itself: two clocks over one request would race.
      headersTimeout: 0,
      bodyTimeout: 0,
      ...(address.kind === 'unix' ? { socketPath: address.socketPath } : {}),
    });

  const discard = (client: Client): void => {
    busy.delete(client);
    void client.destroy(new NotSent('connection discarded'));
    next();
  };

  const giveBack = (client: Client): void => {
    if (!busy.delete(client)) return;
    idle.push(client);
    next();
  };

  const takeClient = (): Client | undefined => {
    const client = idle.pop() ?? (busy.size < options.connections ? connect() : undefined);
    if (client !== undefined) busy.add(client);
    return client;
  };

  function next(): void {
    for (const request of waiting) {
      const client = takeClient();
      if (client === undefined) return;
      waiting.delete(request);
      request.begin(client);
    }
    if (busy.size === 0 && waiting.size === 0) for (const resolve of whenEmpty.splice(0)) resolve();
  }

  function send(request: UpstreamRequest, events: UpstreamEvents): UpstreamExchange | undefined {
    if (!open) return undefined;
    let client: Client | undefined;
    let controller: Dispatcher.DispatchController | undefined;
    let started = false;
    let deciding = false;
    let cancelled = false;
    let over = false;

    const end = (): void => {
      if (over || client === undefined) return;
      over = true;
      // Not inside undici's parser callback: it has not finished with this connection yet.
      const mine = client;
      queueMicrotask(() => giveBack(mine));
    };

    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(given) {
        // A second start would be a retry of something the venue may have acted on. Throwing leaves the connection usable.
        if (over || started) throw new NotSent('cancelled before it was sent');
        started = true;
        controller = given;
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
        if (given === null && client !== undefined) {
          // Thrown by dispatch itself: undici would not write this request. Nothing is known about that connection any more.
          over = true;
          discard(client);
          events.failed('malformed', error);
          return;
        }
        end();
        if (error instanceof NotSent) return;
        failures += 1;
        events.failed('unavailable', error);
      },
    };

    const entry: Waiting = {
      begin(given) {
        client = given;
        given.dispatch(
          {
            method: request.method,
            path: address.basePath + request.target,
            headers: request.headers,
            body: request.body ?? null,
          },
          handler,
        );
      },
      fail(error) {
        if (over) return;
        over = true;
        events.failed('unavailable', error);
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
        if (client === undefined) {
          over = true;
          waiting.delete(entry);
          next();
          return;
        }
        if (controller === undefined) {
          // Still connecting: undici offers no way to take a request back, so the connection goes with it.
          over = true;
          discard(client);
          return;
        }
        end();
        controller.abort(new NotSent('cancelled'));
      },
    };

    const free = waiting.size === 0 ? takeClient() : undefined;
    if (free !== undefined) entry.begin(free);
    else if (waiting.size < options.maxWaiting) waiting.add(entry);
    else {
      turnedAway += 1;
      return undefined;
    }
    return exchange;
  }

  return {
    send,
    get active() {
      return busy.size;
    },
    get waiting() {
      return waiting.size;
    },
    stats: () => ({
      busy: busy.size,
      idle: idle.length,
      connections: options.connections,
      waiting: waiting.size,
      maxWaiting: options.maxWaiting,
      turnedAway,
      failures,
    }),
    async close() {
      open = false;
      if (busy.size > 0 || waiting.size > 0) await new Promise<void>((resolve) => whenEmpty.push(resolve));
      await Promise.all(idle.splice(0).map((client) => client.close()));
    },
    async destroy() {
      open = false;
      const error = new Error('the gateway is stopping');
      for (const request of [...waiting]) request.fail(error);
      waiting.clear();
      await Promise.all([...busy, ...idle.splice(0)].map((client) => client.destroy(error)));
    },
  };
}
