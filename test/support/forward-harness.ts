// A venue, a gateway and raw clients on loopback sockets. Only the grant is a double: it is the port the gateway asks.

import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { connect, createServer as createNetServer, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { parseUpstreamAddress, type VenueAddress } from '../../src/config/upstream-address.ts';
import type { DenyReason } from '../../src/domain/decision.ts';
import { parseFelt } from '../../src/domain/felt.ts';
import type { Grant } from '../../src/domain/grant.ts';
import type { Principal } from '../../src/domain/principal.ts';
import { passedHeaders } from '../../src/domain/request-headers.ts';
import { createShares } from '../../src/domain/shares.ts';
import { unixSeconds } from '../../src/domain/time.ts';
import { ApiError } from '../../src/errors.ts';
import type { Exchange, Outcome, Refusal } from '../../src/gateway/exchange.ts';
import { createForward, type ForwardOptions } from '../../src/gateway/forward.ts';
import { createUpstream, type Upstream, type UpstreamOptions } from '../../src/gateway/upstream.ts';
import type { OnBehalfOf } from '../../src/verification/on-behalf-of.ts';
import { someone } from './verifier.ts';

const account = parseFelt('0xabc');
if (account === undefined) throw new Error('not a felt');

export const trader: Principal = {
  credential: { account, kind: 'subkey', id: '7' },
  permissions: new Set(['trade', 'account:read']),
  label: '0xfeed',
  kid: 'kid-1',
  session: 'session-1',
  expiresAt: unixSeconds(2_000_000_000),
  authTime: unixSeconds(1_900_000_000),
  isolated: false,
  tokenUsage: undefined,
};

let traders = 0;

/** One like it with a credential of its own: who shares one shares connections, too. */
const anotherTrader = (): Principal => {
  traders += 1;
  return { ...trader, credential: { ...trader.credential, id: String(traders) } };
};

/** Somebody whom nobody else shares an address with. */
export const anotherAsker = (): OnBehalfOf => {
  traders += 1;
  const address = `client ${traders}`;
  return { ...someone, client: address, network: address };
};

export interface TestGrant extends Grant {
  /** Every later ask is answered with this. */
  refuseWith: DenyReason | undefined;
  cut(reason: DenyReason): void;
  onAsked: () => void;
  readonly asked: number;
  readonly heads: number;
  readonly releases: number;
}

export function testGrant(principal: Principal | undefined = anotherTrader()): TestGrant {
  const listeners: ((reason: DenyReason) => void)[] = [];
  let cutWith: DenyReason | undefined;
  let asked = 0;
  let heads = 0;
  let releases = 0;
  return {
    kind: 'allow',
    principal,
    refuseWith: undefined,
    onAsked: () => undefined,
    refusal() {
      asked += 1;
      this.onAsked();
      return this.refuseWith ?? cutWith;
    },
    onCut(listener) {
      if (cutWith === undefined) listeners.push(listener);
      else listener(cutWith);
    },
    cut(reason) {
      cutWith = reason;
      for (const listener of listeners.splice(0)) listener(reason);
    },
    headSent() {
      heads += 1;
    },
    release() {
      releases += 1;
    },
    get asked() {
      return asked;
    },
    get heads() {
      return heads;
    },
    get releases() {
      return releases;
    },
  };
}

async function listen(server: Server, path?: string): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) =>
    path === undefined ? server.listen(0, '127.0.0.1', resolve) : server.listen(path, resolve),
  );
  onTestFinished(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  });
  const address = server.address();
  return address === null || typeof address === 'string' ? 0 : address.port;
}

export interface Seen {
  readonly method: string;
  readonly target: string;
  readonly rawHeaders: string[];
  readonly headers: IncomingMessage['headers'];
  readonly trailers: IncomingMessage['trailers'];
  readonly body: string;
}

export interface Venue {
  readonly url: string;
  /** Requests whose head arrived. */
  readonly heads: number;
  /** Requests that arrived whole. */
  readonly seen: Seen[];
}

/** A venue that collects each request and answers `ok`, or does what `handler` says. */
export async function startVenue(handler?: RequestListener, path?: string): Promise<Venue> {
  const seen: Seen[] = [];
  let heads = 0;
  const server = createServer((request, response) => {
    heads += 1;
    if (handler !== undefined) {
      handler(request, response);
      return;
    }
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url: target = '', rawHeaders, headers, trailers } = request;
      seen.push({ method, target, rawHeaders, headers, trailers, body: Buffer.concat(chunks).toString('latin1') });
      response.end('ok');
    });
  });
  const port = await listen(server, path);
  return {
    url: path === undefined ? `http://127.0.0.1:${port}` : `unix:${path}`,
    seen,
    get heads() {
      return heads;
    },
  };
}

/** A venue that speaks exactly the bytes it is told to. */
export async function startRawVenue(onConnection: (socket: Socket) => void): Promise<string> {
  return `http://127.0.0.1:${await listen(createNetServer(onConnection))}`;
}

export interface GatewayOptions {
  readonly upstreamUrl: string;
  readonly upstream?: Partial<UpstreamOptions>;
  readonly forward?: Partial<ForwardOptions>;
  readonly exchange?: Partial<Exchange>;
  readonly grant?: () => TestGrant;
  /** What happens between the arrival of a request and its being handed to `forward`. */
  readonly before?: (request: IncomingMessage) => Promise<void>;
  /** Called as soon as an exchange has been handed to `forward`. */
  readonly onExchange?: (request: IncomingMessage, response: ServerResponse, grant: TestGrant) => void;
}

export interface Gateway {
  readonly port: number;
  readonly upstream: Upstream;
  readonly grants: TestGrant[];
  /** The n-th exchange's outcome, from 0; waits for it. */
  outcome(n: number): Promise<Outcome>;
}

const refusalText = (refusal: Refusal): string => (refusal instanceof ApiError ? refusal.code : refusal);

/** The address that a setting would give. */
export function venueAddress(url: string): VenueAddress {
  const address = parseUpstreamAddress(url);
  if (address === undefined || address.kind === 'demo') throw new Error(`${url} is no venue's address`);
  return address;
}

export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const upstream = createUpstream({
    address: venueAddress(options.upstreamUrl),
    connections: 2,
    maxWaiting: 10,
    connectTimeoutMs: 5000,
    ...options.upstream,
  });
  onTestFinished(() => upstream.destroy());
  const forward = createForward({
    upstream,
    upstreamSecret: 'the-secret',
    passed: passedHeaders([]),
    protocol: 'http',
    deadlineMs: 30_000,
    idleMs: 30_000,
    // A quarter is a client's: what is larger is streamed.
    bodies: createShares(4 * 64 * 1024),
    answers: createShares(1_000_000),
    maxAnswerCopyBytes: 100_000,
    maxPausedAnswers: 16,
    sandboxed: false,
    pace: { minBytesPerSecond: 1, windowMs: 30_000 },
    ...options.forward,
  });
  const grants: TestGrant[] = [];
  const outcomes: PromiseWithResolvers<Outcome>[] = [];
  const slot = (n: number): PromiseWithResolvers<Outcome> => {
    const found = outcomes[n] ?? Promise.withResolvers<Outcome>();
    outcomes[n] = found;
    return found;
  };
  const server = createServer(async (request, response) => {
    await options.before?.(request);
    const grant = options.grant?.() ?? testGrant();
    const { resolve, reject } = slot(grants.push(grant) - 1);
    forward({
      request,
      response,
      method: request.method ?? '',
      target: request.url ?? '',
      grant,
      clientIp: '203.0.113.9',
      requestId: `request-${grants.length}`,
      requestNumber: grants.length,
      maxBodyBytes: 1024 * 1024,
      extraHeaders: { 'X-Request-Id': `request-${grants.length}` },
      asker: anotherAsker(),
      renderRefusal: (refusal) => ({
        status: refusal instanceof ApiError ? refusal.status : 599,
        headers: { 'Content-Type': 'text/plain', 'X-Refused': refusalText(refusal) },
        body: refusalText(refusal),
      }),
      ...options.exchange,
    }).then(resolve, reject);
    options.onExchange?.(request, response, grant);
  });
  return { port: await listen(server), upstream, grants, outcome: (n) => slot(n).promise };
}

export interface RawClient {
  readonly socket: Socket;
  /** Everything received so far, as latin1. */
  readonly received: string;
  write(text: string): void;
  /** Waits until what was received satisfies `test`; rejects when the connection ends first. */
  until(test: (received: string) => boolean): Promise<string>;
  /** Waits for the end of the connection. */
  closed(): Promise<string>;
}

export function rawClient(port: number, text = ''): RawClient {
  const socket = connect({ port, host: '127.0.0.1' });
  let received = '';
  let over = false;
  const wake = new Set<() => void>();
  const notify = (): void => {
    for (const callback of [...wake]) callback();
  };
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => {
    received += chunk;
    notify();
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    over = true;
    notify();
  });
  if (text !== '') socket.write(text, 'latin1');
  onTestFinished(() => {
    socket.destroy();
  });
  const wait = (done: () => boolean, failed: () => boolean): Promise<string> =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        if (done()) resolve(received);
        else if (failed()) reject(new Error(`the connection ended after: ${received}`));
        else return;
        wake.delete(check);
      };
      wake.add(check);
      check();
    });
  return {
    socket,
    get received() {
      return received;
    },
    write: (more) => {
      socket.write(more, 'latin1');
    },
    until: (test) =>
      wait(
        () => test(received),
        () => over,
      ),
    closed: () =>
      wait(
        () => over,
        () => false,
      ),
  };
}

/** Sends one request and returns the whole answer; the request should say `Connection: close`. */
export const ask = (port: number, text: string): Promise<string> => rawClient(port, text).closed();

export const get = (target: string, ...headers: string[]): string =>
  [`GET ${target} HTTP/1.1`, 'Host: gateway.test', 'Connection: close', ...headers, '', ''].join('\r\n');

/** Waits until `test` holds, one turn of the event loop at a time. */
export async function eventually(test: () => boolean): Promise<void> {
  while (!test()) await new Promise((resolve) => setImmediate(resolve));
}

/** Waits until `read` has given the same number for many turns of the event loop: every socket of this process had its turn. */
export async function settled(read: () => number): Promise<number> {
  let last = read();
  for (let quiet = 0; quiet < 500; quiet += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    if (read() !== last) {
      last = read();
      quiet = 0;
    }
  }
  return last;
}
