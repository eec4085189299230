// What strangers do to the connections to the venue, on a whole service over raw sockets, while an owner reads and takes orders back:
// nothing that is sent slowly, read slowly or sent by the thousand may keep those from the venue.
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { eventually, type RawClient, rawClient } from '../support/forward-harness.ts';
import { type Service, startService } from '../support/harness.ts';
import { call, mainSession, onboard, registerSubkey, starkTrader, subkeySession } from '../support/trader.ts';

/** Answers owners at once, `/v1/markets` with what the test gives, and other public reads when the test says so. */
async function startVenue() {
  const held: ServerResponse[] = [];
  let answers = true;
  const large = { body: Buffer.alloc(0), underWay: 0 };
  const server = createServer((request, response) => {
    request.resume().on('error', () => undefined);
    if (request.url === '/v1/markets') {
      large.underWay += 1;
      response.on('close', () => {
        large.underWay -= 1;
      });
      response.end(large.body);
    } else if (request.url === '/v1/bbo/HELD') {
      if (answers) response.end('{}');
      else held.push(response);
    } else request.on('end', () => response.end('{}'));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    url: `http://127.0.0.1:${address === null || typeof address === 'string' ? 0 : address.port}`,
    held,
    /** What /v1/markets is answered with, and how many of those answers the gateway has not taken whole. */
    large,
    /** Public reads from now on wait. */
    hold() {
      answers = false;
    },
    release() {
      answers = true;
      for (const response of held.splice(0)) response.end('{}');
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

const MIB = 1024 * 1024;
/** A quarter of it is room for 130 bodies of two blocks each, however they come. */
const MEMORY = 80 * MIB;

let venue: Awaited<ReturnType<typeof startVenue>>;
let service: Service;
let main: string;
let bot: string;
let otherBot: string;
beforeAll(async () => {
  venue = await startVenue();
  service = await startService({
    upstream: venue.url,
    settings: { 'http.max_connections_per_address': '4096', 'upstream.memory': String(2 * MEMORY) },
  });
  const owner = starkTrader();
  await onboard(service.url, owner);
  main = await mainSession(service.url, owner);
  const newBot = async () => subkeySession(service.url, owner.account, await registerSubkey(service.url, owner, main));
  [bot, otherBot] = [await newBot(), await newBot()];
});
afterAll(async () => {
  await service.stop();
  venue.close();
});

/** What the owner gets meanwhile. */
const ownerGets = async (bearer = main): Promise<readonly number[]> => [
  (await call(service.url, 'GET', '/v1/balance', { bearer })).status,
  (await call(service.url, 'DELETE', '/v1/orders', { bearer })).status,
];

const figure = async (name: string): Promise<number> => {
  const { text } = await call(service.operatorUrl, 'GET', '/metrics', { bearer: service.operatorToken });
  return Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${name} `))
      ?.split(' ')[1],
  );
};
const busy = (): Promise<number> => figure('countersign_venue_connections{state="busy"}');

const publicGet = 'GET /v1/bbo/HELD HTTP/1.1\r\nHost: g\r\n\r\n';
const statusesOf = (client: RawClient): readonly string[] =>
  [...client.received.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status = '']) => status);

/** What a server reads of a request whose body comes a byte at a time. */
function sendSlowly(count: number, head: string, first: string): readonly RawClient[] {
  return Array.from({ length: count }, () => rawClient(service.port, `${head}${first}`));
}

describe('130 slow bodies', () => {
  // As much of each as was once enough to be given a connection, and less than the forwarding limit.
  const bytes = 'x'.repeat(68_000);
  test.each([
    ['with a length', 'Content-Length: 1000000', bytes],
    ['in chunks', 'Transfer-Encoding: chunked', `${bytes.length.toString(16)}\r\n${bytes}\r\n`],
  ])('130 slow bodies %s hold no connection to the venue, and the owner is served', async (_name, framing, first) => {
    // Of two bots: one of them has not the memory for blocks of all of them.
    const head = (bearer: string): string =>
      `POST /v1/block-trades HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer ${bearer}\r\n${framing}\r\n\r\n`;
    const clients = [bot, otherBot].flatMap((bearer) => sendSlowly(65, head(bearer), first));
    // All of it has arrived, and is counted.
    await expect.poll(() => figure('countersign_gateway_memory_bytes{what="bodies"}')).toBeGreaterThan(130 * 68_000);
    expect(await busy()).toBe(0);
    expect(await ownerGets()).toEqual([200, 200]);
    for (const { socket } of clients) socket.destroy();
    await expect.poll(() => figure('countersign_gateway_memory_bytes{what="bodies"}')).toBe(0);
  });

  test('slow bodies that are more than a client may have in memory are streamed over a sixteenth of the connections at most', async () => {
    const head = `POST /v1/block-trades HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer ${bot}\r\nContent-Length: ${MIB}\r\n\r\n`;
    const clients = sendSlowly(40, head, 'x'.repeat(MIB - 1));
    // A quarter of a sixteenth of 128.
    await expect.poll(() => figure('countersign_venue_streams')).toBe(2);
    expect(await busy()).toBe(2);
    const kept = await figure('countersign_gateway_memory_bytes{what="bodies"}');
    expect(kept).toBeLessThanOrEqual(MEMORY / 4);
    expect(await ownerGets()).toEqual([200, 200]);
    for (const { socket } of clients) socket.destroy();
    await expect.poll(() => figure('countersign_gateway_memory_bytes{what="bodies"}')).toBe(0);
    await expect.poll(busy).toBe(0);
  });
});

describe('1,450 plain public reads at once before a venue that takes its time', () => {
  test('1,450 plain public reads before a slow venue hold a quarter of the connections; the owner is served, and only strangers are answered 503', async () => {
    venue.hold();
    onTestFinished(() => venue.release());
    const clients = Array.from({ length: 29 }, () => rawClient(service.port, publicGet.repeat(50)));
    await expect.poll(() => figure('countersign_venue_queue_refusals_total')).toBe(1450 - 32 - 1024);
    await eventually(() => venue.held.length === 32);
    expect(await busy()).toBe(32);
    // Of all who can wait: with a session and without, and of both those who upload.
    expect(await figure('countersign_venue_queue_max')).toBe(2 * (1024 + 64));
    expect(await ownerGets()).toEqual([200, 200]);
    venue.release();
    await eventually(() => clients.every((client) => statusesOf(client).length === 50));
    const all = clients.flatMap(statusesOf);
    expect([all.filter((status) => status === '200').length, all.filter((status) => status === '503').length]).toEqual([
      32 + 1024,
      1450 - 32 - 1024,
    ]);
    expect(clients.find((client) => client.received.includes(' 503 '))?.received).toMatch(
      /HTTP\/1\.1 503 [^{]*retry-after: 1\r\n[^{]*\{"error":"SERVICE_UNAVAILABLE"/i,
    );
    // The venue was well all the time, and nobody says otherwise.
    expect(await figure('countersign_venue_failures_in_a_row')).toBe(0);
  });

  test('reads of a bot of the account hold a quarter of the connections too, and the main key is served before the rest of them', async () => {
    venue.hold();
    onTestFinished(() => venue.release());
    const botGet = publicGet.replace('\r\n\r\n', `\r\nAuthorization: Bearer ${bot}\r\n\r\n`);
    for (let n = 0; n < 10; n += 1) rawClient(service.port, botGet.repeat(50));
    await expect.poll(busy).toBe(32);
    expect(await ownerGets()).toEqual([200, 200]);
    venue.release();
  });
});

describe('140 slow readers of a large public answer', () => {
  test('140 slow readers of a large public answer hold no more than a quarter of the connections and of the memory, and the owner is served', async () => {
    venue.large.body = Buffer.alloc(24 * 1024 * 1024, 'x');
    const head = 'GET /v1/markets HTTP/1.1\r\nHost: g\r\n\r\n';
    const readers = Array.from({ length: 140 }, () => rawClient(service.port, head));
    for (const { socket } of readers) socket.pause();
    // As many as there may be are held by who does not read.
    await expect.poll(busy).toBe(32);
    await eventually(() => venue.large.underWay === 32);
    expect(await figure('countersign_gateway_memory_bytes{what="answers"}')).toBeLessThanOrEqual(MEMORY / 4);
    expect(await ownerGets()).toEqual([200, 200]);
    for (const { socket } of readers) socket.destroy();
    await expect.poll(busy).toBe(0);
    expect(await figure('countersign_gateway_memory_bytes{what="answers"}')).toBe(0);
  });
});
