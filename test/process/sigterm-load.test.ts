// SIGTERM in the middle of a full load: what was answered is done, what was not answered was not done, and no answer is cut in
// two. A client may be refused a connection, or lose one before the first byte of an answer; nothing else may happen to it.
// What is sent and when the signal comes follow from a seed, which is printed; SIGTERM_SEED repeats one.
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, expect, onTestFinished, test } from 'vitest';
import { homeIn, startServer } from '../support/server-process.ts';
import { endEverythingStarted } from '../support/start-project.ts';
import { removeFolders, temporaryFolder } from '../support/temporary-folder.ts';
import { call, mainSession, onboard, starkTrader } from '../support/trader.ts';

const ROUNDS = 3;
/** Connections that are kept for as long as the server keeps them. */
const KEPT = 20;
/** Connections of one request each, one after another. */
const FRESH = 4;
const MAX_AT_ONCE = 4;
/** Nothing is cut for want of time, however slow the machine is. */
const SETTINGS = ['--tokens.max_live=10000', '--orders.verify=off', '--log.level=warn', '--http.drain_timeout=600'];

afterEach(endEverythingStarted);
afterAll(removeFolders);

interface Token {
  readonly lookupId: string;
  readonly bearer: string;
}

/** What the clients were told, over all rounds. */
interface Told {
  readonly live: Map<string, Token>;
  readonly revoked: Map<string, Token>;
  readonly orders: Set<string>;
  /** Requests that got no answer. */
  unanswered: number;
}

/** A request, and what its answer of 2xx means. */
interface Ask {
  readonly bytes: string;
  done(body: string): void;
}

test('what was answered is done, what was not was not, and no answer is torn', async () => {
  const seed = Number(process.env.SIGTERM_SEED ?? randomInt(2 ** 32));
  process.stdout.write(`SIGTERM under load: seed ${seed}\n`);
  const random = randomFrom(seed);
  const venue = await startVenue(random);
  const home = homeIn(temporaryFolder('sigterm'));
  const settings = [...SETTINGS, '--upstream', venue.url];
  const owner = starkTrader();
  const told: Told = { live: new Map(), revoked: new Map(), orders: new Set(), unanswered: 0 };

  let server = await startServer(home, settings);
  await onboard(server.url, owner);
  const session = await mainSession(server.url, owner);
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = sizes(told);
    const port = Number(new URL(server.url).port);
    const clients = Array.from({ length: KEPT + FRESH }, (_, n) => client(port, session, told, random, n < KEPT));
    // Each of the three kinds of work is in full swing; and then at any moment of it.
    while (sizes(told).some((size, i) => size < (before[i] ?? 0) + 15)) await delay(1);
    await delay(random() * 20);
    server.signal('SIGTERM');
    await Promise.all(clients);
    expect(await server.ended, server.stderr()).toEqual({ code: 0, signal: null });
    expect(server.stdout()).toMatch(/stopped\n$/);

    server = await startServer(home, settings);
    await checkTokens(server.url, session, told);
    expect([...venue.orders].sort()).toEqual([...told.orders].sort());
  }
  const [live, revoked, orders] = sizes(told);
  process.stdout.write(
    `SIGTERM under load: ${ROUNDS} rounds, ${live} tokens created and ${revoked} of them revoked, ${orders} orders, ${told.unanswered} requests refused by their connection\n`,
  );
  server.signal('SIGTERM');
  expect((await server.ended).code).toBe(0);
});

/** Tokens ever created, tokens revoked, orders. */
const sizes = ({ live, revoked, orders }: Told): number[] => [live.size + revoked.size, revoked.size, orders.size];

/** The store that the next server opened: each token that was handed out and no other, revoked exactly where that was answered. */
async function checkTokens(url: string, session: string, told: Told): Promise<void> {
  const stored = new Map<string, boolean>();
  let cursor = '';
  do {
    const path = `/v1/account/tokens?with_invalid=true&limit=500${cursor}`;
    const { status, json } = await call(url, 'GET', path, { bearer: session });
    expect(status).toBe(200);
    for (const { lookup_id, revoked_at } of json.results) stored.set(lookup_id, revoked_at !== 0);
    cursor = json.next === null ? '' : `&cursor=${json.next}`;
  } while (cursor !== '');
  const answered = [...told.live.keys()].map((id) => [id, false] as const);
  expect(stored).toEqual(new Map([...answered, ...[...told.revoked.keys()].map((id) => [id, true] as const)]));
  for (const [tokens, state] of [
    [told.live, 200],
    [told.revoked, 401],
  ] as const) {
    for (const { bearer } of [...tokens.values()].slice(-10)) {
      expect((await call(url, 'GET', '/v1/balance', { bearer })).status).toBe(state);
    }
  }
}

let orders = 0;

/** Sends until the server takes no more: some requests at once on a connection that is kept, or one on each of many. */
async function client(port: number, session: string, told: Told, random: () => number, kept: boolean): Promise<void> {
  const mine: Token[] = [];
  const request = (line: string, body = ''): string =>
    `${line} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${session}\r\n${kept ? '' : 'Connection: close\r\n'}Content-Length: ${body.length}\r\n\r\n${body}`;

  function next(): Ask {
    const which = random();
    const token = which < 0.3 ? mine.pop() : undefined;
    if (token !== undefined) {
      return {
        bytes: request(`DELETE /v1/account/tokens/${token.lookupId}`),
        done() {
          told.live.delete(token.lookupId);
          told.revoked.set(token.lookupId, token);
        },
      };
    }
    if (which < 0.6) {
      return {
        bytes: request('POST /v1/account/tokens', '{}'),
        done(body) {
          const { token: bearer, api_token: shown } = JSON.parse(body);
          const made = { lookupId: shown.lookup_id, bearer };
          told.live.set(made.lookupId, made);
          mine.push(made);
        },
      };
    }
    orders += 1;
    const id = `order-${orders}`;
    return {
      bytes: request('POST /v1/orders', JSON.stringify({ id })),
      done(body) {
        expect(JSON.parse(body)).toEqual({ id });
        told.orders.add(id);
      },
    };
  }

  let connection = open(port);
  for (;;) {
    const asks = Array.from({ length: kept ? 1 + Math.floor(random() * MAX_AT_ONCE) : 1 }, next);
    connection.send(asks.map(({ bytes }) => bytes).join(''));
    for (const { done } of asks) {
      const body = await connection.answer();
      if (body === undefined) told.unanswered += 1;
      else done(body);
    }
    if (!connection.ended()) continue;
    if (kept || connection.unused()) return;
    connection = open(port);
  }
}

interface Connection {
  send(bytes: string): void;
  /** The body of the next answer, which must be 2xx; undefined when the connection ends before its first byte. */
  answer(): Promise<string | undefined>;
  ended(): boolean;
  /** True when it ended and nothing was ever received over it. */
  unused(): boolean;
}

function open(port: number): Connection {
  const socket = connect({ host: '127.0.0.1', port });
  let received = '';
  let bytes = 0;
  let over = false;
  let wake = (): void => undefined;
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    received += chunk;
    bytes += chunk.length;
    wake();
  });
  socket
    .on('error', () => undefined)
    .on('close', () => {
      over = true;
      wake();
    });
  let closing = false;
  return {
    send: (text) => void socket.write(text),
    async answer() {
      for (;;) {
        const [head, length] =
          /^HTTP\/1\.1 2\d\d .*?\r\n\r\n/s.exec(received)?.slice(0, 1).concat(lengthIn(received)) ?? [];
        if (head !== undefined && received.length >= head.length + Number(length)) {
          const body = received.slice(head.length, head.length + Number(length));
          received = received.slice(head.length + Number(length));
          expect(closing, 'an answer behind one that said that the connection closes').toBe(false);
          closing = /^connection: close$/im.test(head);
          return body;
        }
        if (over) {
          expect(received, 'a torn answer, or one that is not 2xx').toBe('');
          return undefined;
        }
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
    ended: () => over || closing,
    unused: () => over && bytes === 0,
  };
}

const lengthIn = (received: string): string => /^content-length: (\d+)\r$/im.exec(received)?.[1] ?? 'no length';

/** A venue that remembers the orders it got and takes up to 5 ms over each. */
async function startVenue(random: () => number): Promise<{ url: string; orders: Set<string> }> {
  const orders = new Set<string>();
  const server = createServer(async (request, response) => {
    const body = await text(request);
    if (request.url === '/v1/orders') orders.add(JSON.parse(body).id);
    await delay(random() * 5);
    response.setHeader('Content-Length', Buffer.byteLength(body)).end(body);
  });
  server.keepAliveTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, orders };
}

/** Numbers in [0, 1) that follow from the seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
