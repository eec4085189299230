// Puts a client together: one server, one proof, one session at a time.
import type { Auth } from './auth.ts';
import type { Answer, ApiRequest, Core } from './call.ts';
import { createDeadline, within } from './deadline.ts';
import type { Fetch } from './exchange.ts';
import { requireWideJson } from './json.ts';
import { originOf } from './outgoing.ts';
import { createParts, type Parts } from './parts.ts';
import { createCall } from './send.ts';
import { askTime, createServer } from './server.ts';
import { createServerClock } from './server-clock.ts';
import { createSessions } from './session.ts';

export interface ClientOptions {
  /** `https://keys.venue.example`: the address of the server, without a path. */
  readonly url: string;
  /** Left out: only what needs no bearer can be asked. */
  readonly auth?: Auth | undefined;
  readonly fetch?: Fetch;
  /** Of every call, sign-in, waiting and repeats included; a person at a wallet is waited for besides. Default: 10 s. */
  readonly timeoutMs?: number;
  /** How often a request that may be repeated is, at most. Default: 2. */
  readonly retries?: number;
  /** This machine's: `now` in Unix milliseconds, right or wrong; `monotonic` in milliseconds that go on evenly. */
  readonly clock?: { now(): number; monotonic?(): number };
}

export interface Client extends Parts {
  /** Any request, the venue's too. Rejects as Call does. */
  request<Body = unknown>(request: ApiRequest): Promise<Answer<Body>>;
}

/** TypeError for an address that is more, or less, than a server's. Nothing is sent before the first call. */
export function createClient(options: ClientOptions): Client {
  const { url, auth, timeoutMs = 10_000, retries = 2, clock = machine } = options;
  requireWideJson();
  const origin = originOf(url);
  const timing = { now: () => clock.now(), monotonic: () => clock.monotonic?.() ?? performance.now() };
  // fetch of a browser works as a function of its page alone.
  const fetch: Fetch = options.fetch ?? ((...request) => globalThis.fetch(...request));
  const sending = { origin, fetch, timeoutMs, retries, monotonic: timing.monotonic, random: Math.random };

  const withoutSession = createCall({ ...sending, since: () => serverClock.since() });
  const serverClock = createServerClock({ ...timing, ask: () => askTime(withoutSession) });
  const server = createServer(origin, withoutSession, serverClock);
  const sessions = auth === undefined ? undefined : createSessions(auth, server, timing);
  const call = createCall({ ...sending, sessions, since: () => serverClock.since() });

  const core: Core = {
    call,
    server,
    auth,
    within: (given, work) => within(createDeadline(given, timeoutMs, timing.monotonic), work),
    async session(deadline) {
      if (sessions === undefined) throw noAuth();
      return deadline.race(sessions.get, sessions.attended);
    },
    async account(deadline) {
      if (auth === undefined) throw noAuth();
      return deadline.race(() => auth.account(server), auth.attended);
    },
  };
  return {
    // What only the parts may say is left behind: a bearer of the caller's, above all.
    request: ({ method, path, query = {}, body, headers = {}, signal, timeoutMs, once = false }) =>
      call({ method, path, query, body, headers, signal, timeoutMs, once }),
    ...createParts(core),
  };
}

const machine: NonNullable<ClientOptions['clock']> = { now: () => Date.now() };

const noAuth = (): TypeError => new TypeError('this client has no auth');
