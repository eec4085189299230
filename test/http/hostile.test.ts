// What an attacker sends below and around the routes: bytes with two readings, requests behind requests, connections that are
// held, answers that are never read. Each is refused in our own form or cut, and none of it reaches the venue.
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { call } from '../support/trader.ts';
import { expectRawRefusal, sendRaw } from './raw.ts';
import { expectRefusal, newOwner, type Owner, SUBKEYS, startWorld, TOKENS, type World } from './world.ts';

let world: World;
let owner: Owner;
beforeAll(async () => {
  world = await startWorld();
  owner = await newOwner(world);
});
afterAll(() => world.stop());

const HOST = 'Host: venue.example\r\n';
const bearerLine = () => `Authorization: Bearer ${owner.session}\r\n`;
const NEXT = `GET /v1/markets HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`;

describe('a request with two readings', () => {
  const order = (headers: string, body: string, version = '1.1') =>
    `POST /v1/orders HTTP/${version}\r\n${HOST}${bearerLine()}${headers}\r\n${body}`;
  const chunked = 'Transfer-Encoding: chunked\r\n';

  test.each([
    ['chunked twice', () => order(chunked + chunked, '0\r\n\r\n')],
    ['chunked, then identity', () => order(`${chunked}Transfer-Encoding: identity\r\n`, '0\r\n\r\n')],
    ['an empty coding', () => order('Transfer-Encoding: \r\n', '')],
    ['a coding with a parameter', () => order('Transfer-Encoding: chunked;q=1\r\n', '0\r\n\r\n')],
    ['a coding with a vertical tab', () => order('Transfer-Encoding: \u000bchunked\r\n', '0\r\n\r\n')],
    ['a blank before the colon', () => order('Transfer-Encoding : chunked\r\n', '0\r\n\r\n')],
    ['a length after chunked', () => order(`${chunked}Content-Length: 5\r\n`, '0\r\n\r\n')],
    ['chunks in HTTP/1.0', () => order(chunked, '2\r\n{}\r\n0\r\n\r\n', '1.0')],
    [
      'chunks in HTTP/1.0 that asks to be kept',
      () => order(`Connection: keep-alive\r\n${chunked}`, '0\r\n\r\n', '1.0'),
    ],
    ['the same length twice', () => order('Content-Length: 2\r\nContent-Length: 2\r\n', '{}')],
    ['a list of lengths', () => order('Content-Length: 2, 2\r\n', '{}')],
    ['a length with a sign', () => order('Content-Length: +2\r\n', '{}')],
    ['a hexadecimal length', () => order('Content-Length: 0x2\r\n', '{}')],
    ['a length past 64 bits', () => order('Content-Length: 18446744073709551618\r\n', '{}')],
    ['an empty length', () => order('Content-Length: \r\n', '')],
    ['a chunk size past 64 bits', () => order(chunked, '10000000000000002\r\n{}\r\n0\r\n\r\n')],
    ['a chunk size with a prefix', () => order(chunked, '0x2\r\n{}\r\n0\r\n\r\n')],
    ['a negative chunk size', () => order(chunked, '-2\r\n{}\r\n0\r\n\r\n')],
    ['a chunk size ended by LF', () => order(chunked, '2\n{}\r\n0\r\n\r\n')],
    ['a chunk extension ended by LF', () => order(chunked, '2;x\n{}\r\n0\r\n\r\n')],
    ['a chunk without its line end', () => order(chunked, '2\r\n{}0\r\n\r\n')],
    ['lines ended by LF', () => `GET /v1/markets HTTP/1.1\nHost: x\n\n`],
    ['one header ended by LF', () => `GET /v1/markets HTTP/1.1\r\nX: 1\n${HOST}\r\n`],
    ['one header ended by CR', () => `GET /v1/markets HTTP/1.1\r\nX: 1\r${HOST}\r\n`],
    ['a header before the first one', () => `GET /v1/markets HTTP/1.1\r\n ${HOST}\r\n`],
    ['an empty header name', () => `GET /v1/markets HTTP/1.1\r\n${HOST}: x\r\n\r\n`],
    ['a version that does not exist', () => `GET /v1/markets HTTP/1.2\r\n${HOST}\r\n`],
    ['the preface of HTTP/2', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ])('%s is 400 and the end of its connection: neither it nor what follows it is served', async (_name, bytes) => {
    const before = world.service.venue.total();
    expectRawRefusal(await sendRaw(world.port, bytes() + NEXT), 400, 'INVALID_REQUEST_PARAMETER');
    expect(world.service.venue.total()).toBe(before);
  });

  test('nothing is done on a connection after the answer that closes it', async () => {
    // Now there is a connection to the venue on which the next request would leave at once.
    await call(world.url, 'GET', '/v1/markets');
    const before = world.service.venue.total();
    for (const [path, status] of [
      ['/v1/admin', 404],
      ['/v1/orders', 401],
    ] as const) {
      const refused = `POST ${path} HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`;
      const answer = await sendRaw(world.port, refused + NEXT);
      expect([answer.status, answer.headers.get('connection'), answer.body.split('HTTP/1.1').length]).toEqual([
        status,
        'close',
        1,
      ]);
    }
    expect(world.service.venue.total()).toBe(before);
  });

  test('the body of a refused request is not the next request', async () => {
    const before = world.service.venue.total();
    const bytes = `POST /v1/admin HTTP/1.1\r\n${HOST}Content-Length: ${NEXT.length}\r\n\r\n${NEXT}`;
    const { status, body } = await sendRaw(
      world.port,
      `${bytes}GET /healthz HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`,
    );
    expect([status, body.split('HTTP/1.1 ').length, body.slice(-15)]).toEqual([404, 2, '{"status":"ok"}']);
    expect(world.service.venue.total()).toBe(before);
  });
});

test.each([
  ['a subkey', () => ['GET', `${SUBKEYS}/0x${'0'.repeat(300)}`, owner.session] as const],
  ['a token', () => ['DELETE', `${TOKENS}/${'x'.repeat(300)}`, owner.session] as const],
  ['a login', () => ['POST', `/v1/auth/0x${'0'.repeat(300)}`, undefined] as const],
])('a name of %s that is too long is 414 in our own form and repeats nothing of it', async (_name, asked) => {
  const [method, path, bearer] = asked();
  const answer = await call(world.url, method, path, bearer === undefined ? {} : { bearer });
  expectRefusal(answer, 414, 'URI_TOO_LONG');
  expect(answer.text).not.toMatch(/0{10}|x{10}|FST/);
});

test('a stranger who leaves in the middle of a body writes nothing into the error log', async () => {
  const requests = [
    `POST /v1/auth HTTP/1.1\r\n${HOST}Content-Length: 100\r\n\r\n{`,
    `POST /v1/onboarding HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n`,
    `POST ${TOKENS} HTTP/1.1\r\n${HOST}${bearerLine()}Content-Length: 100\r\n\r\n{`,
  ];
  for (const bytes of requests) {
    const socket = open(world.port);
    // What stands on the same connection before it is answered once the server has read both.
    socket.write(`GET /healthz HTTP/1.1\r\n${HOST}\r\n${bytes}`);
    await once(socket, 'data');
    socket.destroy();
  }
  await sendRaw(world.port, `POST /v1/auth HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\nnot a chunk`);
  // The connections above are gone for the server, too, once it counts none but this one's.
  await call(world.url, 'GET', '/healthz');
  await world.service.stop();
  const errors = world.service.log.filter((line) => JSON.parse(line).level >= 50);
  world = await startWorld({ folder: world.service.folder });
  expect(errors).toEqual([]);
});

describe('behind a request that still waits for its answer', () => {
  test.each([
    ['CONNECT', 'CONNECT other.example:443 HTTP/1.1\r\nHost: other.example\r\n\r\n'],
    ['what is no HTTP', 'no request at all\r\n\r\n'],
    ['an ambiguous request', `POST /v1/orders HTTP/1.1\r\n${HOST}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`],
  ])('%s gets no answer, which the client would take for that of the first', async (_name, second) => {
    const { port, asked } = await startHangingVenue();
    const hanging = await startWorld({ upstream: `http://127.0.0.1:${port}` });
    onTestFinished(() => hanging.stop());
    const answer = sendRaw(hanging.port, `GET /v1/markets HTTP/1.1\r\n${HOST}\r\n`.concat(second));
    expect(await answer).toMatchObject({ status: Number.NaN, body: '' });
    expect(asked.length).toBeLessThanOrEqual(1);
    expect((await call(hanging.url, 'GET', '/healthz')).status).toBe(200);
  });
});

test('who does not read its answers does not keep its connection', async () => {
  const quick = await startWorld({
    settings: { 'http.request_timeout': '1', 'upstream.timeout': '1', 'upstream.connect_timeout': '1' },
  });
  onTestFinished(() => quick.stop());
  const socket = open(quick.port).pause();
  // Not once(): the connection may end with an error.
  const closed = new Promise((resolve) => socket.on('close', resolve));
  // Whole requests, each batch in one read: what the server then waits for is nothing but its own answers being read.
  const batch = `GET /v1/system/config HTTP/1.1\r\n${HOST}\r\n`.repeat(1_000);
  const writing = setInterval(() => socket.write(batch), 50);
  onTestFinished(() => clearInterval(writing));
  await closed;
});

test('guessing paths and methods is counted like any public request', async () => {
  const limited = await startWorld({ settings: { 'rate_limit.enabled': 'true', 'rate_limit.public_per_minute': '3' } });
  onTestFinished(() => limited.stop());
  const guesses = ['/v1/admin', '/v1/%6darkets', '/v1/orders/batch', '/v1/system/time'];
  const seen = [];
  for (const path of guesses) seen.push((await call(limited.url, 'GET', path)).status);
  expect(seen).toEqual([404, 404, 405, 429]);
});

function open(port: number): Socket {
  const socket = connect({ host: '127.0.0.1', port });
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  return socket;
}

/** A venue that takes every request and answers none. */
async function startHangingVenue(): Promise<{ port: number; asked: readonly ServerResponse[] }> {
  const asked: ServerResponse[] = [];
  const server = createServer((_request, response) => void asked.push(response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return { port: address === null || typeof address === 'string' ? 0 : address.port, asked };
}
