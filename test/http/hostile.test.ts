// What an attacker sends below and around the routes: bytes with two readings, requests behind requests, connections that are
// held, answers that are never read. Each is refused in our own form or cut, and none of it reaches the venue.
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { settled } from '../support/forward-harness.ts';
import { sendRaw, untilClosed } from '../support/raw-http.ts';
import { expectRawRefusal } from '../support/raw-refusal.ts';
import { call } from '../support/trader.ts';
import {
  expectRefusal,
  newOwner,
  type Owner,
  SELF,
  SUBKEYS,
  startWorld,
  TOKENS,
  type World,
} from '../support/world.ts';

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
    ['a line without a version', () => `GET /v1/markets\r\n${HOST}\r\n`],
    ['a line without a version, and no header', () => 'GET /v1/markets\r\n\r\n'],
    ['HTTP/0.9', () => `GET /v1/markets HTTP/0.9\r\n${HOST}\r\n`],
    ['HTTP/2.0', () => `GET /v1/markets HTTP/2.0\r\n${HOST}\r\n`],
    ['HTTP/2.0 with a body and a session', () => order('Content-Length: 2\r\n', '{}', '2.0')],
    ['RTSP/1.0', () => `GET /v1/markets RTSP/1.0\r\n${HOST}\r\n`],
    ['RTSP/1.0 that asks to be kept', () => `GET /v1/markets RTSP/1.0\r\n${HOST}Connection: keep-alive\r\n\r\n`],
    ['RTSP/1.1, with more spaces', () => `GET  /v1/markets  RTSP/1.1\r\n${HOST}\r\n`],
    [
      'RTSP/1.0 with a body and a session',
      () => `POST /v1/orders RTSP/1.0\r\n${bearerLine()}Content-Length: 2\r\n\r\n{}`,
    ],
    ['RTSP/2.0', () => `GET /v1/markets RTSP/2.0\r\n${HOST}\r\n`],
    ['a method of RTSP', () => `DESCRIBE rtsp://venue.example/v1/markets RTSP/1.0\r\nCSeq: 1\r\n${HOST}\r\n`],
    ['a method of RTSP, as HTTP', () => `DESCRIBE /v1/markets HTTP/1.1\r\n${HOST}\r\n`],
    ['OPTIONS of RTSP', () => `OPTIONS * RTSP/1.1\r\nCSeq: 1\r\n${HOST}\r\n`],
    ['ICE', () => `SOURCE /v1/markets ICE/1.0\r\n${HOST}\r\n`],
    ['the preface of HTTP/2', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ])(
    'a request with two readings (%s) is 400 and the end of its connection: neither it nor what follows it is served',
    async (_name, bytes) => {
      const before = world.service.venue.total();
      expectRawRefusal(await sendRaw(world.port, bytes() + NEXT), 400, 'INVALID_REQUEST_PARAMETER');
      expect(world.service.venue.total()).toBe(before);
    },
  );

  test('a line of RTSP behind a good request is answered in its turn, and nothing behind it is', async () => {
    const good = `GET /healthz HTTP/1.1\r\n${HOST}\r\n`;
    const { body } = await sendRaw(world.port, `${good}GET /readyz RTSP/1.1\r\n${HOST}\r\n${NEXT}`);
    const answers = body.split(/(?=HTTP\/1\.1 \d{3} )/);
    expect(answers).toHaveLength(2);
    expect(answers[1]).toMatch(/^HTTP\/1\.1 400 [\s\S]*"error":"INVALID_REQUEST_PARAMETER"[\s\S]*\}$/);
  });

  test('a request of HTTP/1.0 or 1.1 is served, also when its headers write of RTSP', async () => {
    const about = 'User-Agent: GET /healthz RTSP/1.0\r\n';
    for (const version of ['1.0', '1.1']) {
      const bytes = `GET /healthz HTTP/${version}\r\n${HOST}${about}Connection: close\r\n\r\n`;
      expect((await sendRaw(world.port, bytes)).status).toBe(200);
    }
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

describe('a GET with a body', () => {
  test.each([
    ['a length', 'Content-Length: 2\r\n', '{}'],
    ['chunks', 'Transfer-Encoding: chunked\r\n', '2\r\n{}\r\n0\r\n\r\n'],
    ['no chunk at all', 'Transfer-Encoding: chunked\r\n', '0\r\n\r\n'],
    ['a length of which nothing ever comes', 'Content-Length: 900000\r\n', ''],
    ['a length written with zeros', 'Content-Length: 02\r\n', '{}'],
  ])(
    'a GET with a body of %s is 400, whoever serves the path, and the venue is not asked',
    async (_name, framing, body) => {
      const before = world.service.venue.total();
      for (const path of ['/v1/markets', '/v1/orders', '/v1/system/time', SELF]) {
        const bytes = `GET ${path} HTTP/1.1\r\n${HOST}${bearerLine()}Connection: close\r\n${framing}\r\n${body}`;
        expectRawRefusal(await sendRaw(world.port, bytes), 400, 'INVALID_REQUEST_PARAMETER');
      }
      expect(world.service.venue.total()).toBe(before);
    },
  );

  test.each(['0', '00'])('a GET with the Content-Length %s has no body and is served', async (length) => {
    const bytes = `GET /v1/markets HTTP/1.1\r\n${HOST}Connection: close\r\nContent-Length: ${length}\r\n\r\n`;
    expect((await sendRaw(world.port, bytes)).status).toBe(200);
  });

  test('a GET with a body is counted as any other request', async () => {
    const limited = await startWorld({
      settings: { 'rate_limit.enabled': 'true', 'public/min': '2' },
    });
    onTestFinished(() => limited.stop());
    const seen = [];
    for (let i = 0; i < 3; i += 1) {
      const bytes = `GET /v1/markets HTTP/1.1\r\n${HOST}Connection: close\r\nContent-Length: 2\r\n\r\n{}`;
      seen.push((await sendRaw(limited.port, bytes)).status);
    }
    expect(seen).toEqual([400, 400, 429]);
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
  ])(
    '%s behind a request that still waits gets no answer, which the client would take for that of the first',
    async (_name, second) => {
      const { port, asked } = await startHangingVenue();
      const hanging = await startWorld({ upstream: `http://127.0.0.1:${port}` });
      onTestFinished(() => hanging.stop());
      const answer = sendRaw(hanging.port, `GET /v1/markets HTTP/1.1\r\n${HOST}\r\n`.concat(second));
      expect(await answer).toMatchObject({ status: Number.NaN, body: '' });
      expect(asked.length).toBeLessThanOrEqual(1);
      expect((await call(hanging.url, 'GET', '/healthz')).status).toBe(200);
    },
  );
});

test.each([
  ['CONNECT', 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n'],
  ['CONNECT with more behind it', `CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n${NEXT}`],
  ['what is no HTTP', 'no request at all\r\n\r\n'],
  ['an ambiguous request', `POST /v1/orders HTTP/1.1\r\n${HOST}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`],
  ['a head that is too large', `GET / HTTP/1.1\r\n${HOST}X: ${'x'.repeat(20_000)}\r\n\r\n`],
  ['an upgrade', `GET /v1/markets HTTP/1.1\r\n${HOST}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`],
  ['half a body', `POST /v1/auth HTTP/1.1\r\n${HOST}Content-Length: 9\r\n\r\n{`],
  ['a request', NEXT],
])('a client that resets its connection behind %s ends nothing but that connection', async (_name, bytes) => {
  // The service runs in this process: what nobody has caught would have ended the server.
  const uncaught: Error[] = [];
  const note = (error: Error) => void uncaught.push(error);
  process.on('uncaughtExceptionMonitor', note);
  onTestFinished(() => void process.off('uncaughtExceptionMonitor', note));
  for (let i = 0; i < 10; i += 1) {
    const socket = open(world.port);
    await once(socket, 'connect');
    // The server has not read it yet when the reset arrives: it is the answer that meets a connection which is gone.
    socket.write(bytes);
    socket.resetAndDestroy();
    await untilClosed(socket);
  }
  expect((await call(world.url, 'GET', '/healthz')).status).toBe(200);
  expect(uncaught).toEqual([]);
});

test('a client that does not read its answers does not keep its connection', async () => {
  const quick = await startWorld({
    settings: { 'http.request_timeout': '1', 'upstream.timeout': '1' },
  });
  onTestFinished(() => quick.stop());
  const socket = open(quick.port).pause();
  // Not once(): the connection may end with an error.
  const closed = new Promise((resolve) => socket.on('close', resolve));
  // Whole requests, each batch in one read: what the server then waits for is nothing but its own answers being read.
  const batch = `GET /v1/system/config HTTP/1.1\r\n${HOST}\r\n`.repeat(60);
  const writing = setInterval(() => socket.write(batch), 50);
  onTestFinished(() => clearInterval(writing));
  await closed;
});

test('a connection has 128 requests served that it sends ahead of their answers; the next is 503 and the end of it', async () => {
  const venue = await startHangingVenue();
  const patient = await startWorld({ upstream: `http://127.0.0.1:${venue.port}` });
  onTestFinished(() => patient.stop());
  const socket = open(patient.port);
  let answered = '';
  socket.setEncoding('latin1').on('data', (chunk) => {
    answered += chunk;
  });
  // The first one's answer is not there yet, and answers come in order: none of the others can have been sent.
  socket.write(`GET /v1/markets HTTP/1.1\r\n${HOST}\r\n${`GET /healthz HTTP/1.1\r\n${HOST}\r\n`.repeat(200)}`);
  await expect.poll(() => venue.asked).toHaveLength(1);
  expect((await call(patient.url, 'GET', '/healthz')).status).toBe(200);
  venue.asked[0]?.end('{}');
  await new Promise((resolve) => socket.on('close', resolve));
  const statuses = [...answered.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));
  expect(statuses).toEqual([...Array.from({ length: 128 }, () => 200), 503]);
  expect(answered).toMatch(/Retry-After: 1\r\n.*"at most 128 requests may wait on one connection".*\}$/s);
});

test('no byte is read behind the request that was one too many on its connection', async () => {
  const venue = await startHangingVenue();
  const patient = await startWorld({ upstream: `http://127.0.0.1:${venue.port}` });
  onTestFinished(() => patient.stop());
  const socket = open(patient.port);
  const CHUNKS = 500;
  const chunk = `GET /healthz HTTP/1.1\r\n${HOST}\r\n`.repeat(1_000);
  let taken = 0;
  socket.write(`GET /v1/markets HTTP/1.1\r\n${HOST}\r\n`);
  for (let i = 0; i < CHUNKS; i += 1) {
    socket.write(chunk, (error) => {
      if (error == null) taken += 1;
    });
  }
  // 25 MB: far more than the buffers of both ends.
  expect(await settled(() => taken)).toBeLessThan(CHUNKS);
});

/** What is answered to a request on this connection, or that it was closed. */
function asks(socket: Socket): Promise<string> {
  socket.write(`GET /healthz HTTP/1.1\r\n${HOST}\r\n`);
  // Not once(): a connection that is closed may end with an error.
  return new Promise((resolve) => {
    socket.once('data', (bytes) => resolve(String(bytes))).once('close', () => resolve('closed'));
  });
}

async function metricsOf({ service }: World, name: string): Promise<readonly string[]> {
  const { text } = await call(service.operatorUrl, 'GET', '/metrics', { bearer: service.operatorToken });
  return text.split('\n').filter((line) => line.startsWith(name));
}

const CLOSED = 'countersign_connections_closed_unheard_total';

/** A connection with a request that the venue does not answer. */
async function atWork(
  port: number,
  venue: { readonly asked: readonly unknown[] },
  localAddress?: string,
): Promise<Socket> {
  const before = venue.asked.length;
  const socket = open(port, localAddress);
  socket.write(`GET /v1/markets HTTP/1.1\r\n${HOST}\r\n`);
  await expect.poll(() => venue.asked.length).toBe(before + 1);
  return socket;
}

test('no address can hold all connections: those beyond its own are closed unheard while its own are at work, and others are served', async () => {
  const venue = await startHangingVenue();
  const small = await startWorld({
    settings: { 'http.max_connections_per_address': '2' },
    upstream: `http://127.0.0.1:${venue.port}`,
  });
  onTestFinished(() => small.stop());
  const [first, second] = [await atWork(small.port, venue), await atWork(small.port, venue)];
  expect(await asks(open(small.port))).toBe('closed');
  expect(await asks(open(small.port, '127.0.0.2'))).toContain('200 OK');
  expect([first.closed, second.closed]).toEqual([false, false]);
  first.destroy();
  // There is room again as soon as the server has seen it go.
  await expect.poll(() => asks(open(small.port))).toContain('200 OK');
  expect((await metricsOf(small, CLOSED)).join()).toMatch(/reason="too_many_from_address"\} [1-9]/);
});

test('an address that has all its connections loses the one that was silent for longest, and gets the new one', async () => {
  const small = await startWorld({ settings: { 'http.max_connections_per_address': '2' } });
  onTestFinished(() => small.stop());
  const [first, second] = [open(small.port), open(small.port)];
  for (const socket of [first, second, first]) expect(await asks(socket)).toContain('200 OK');
  const third = open(small.port);
  expect(await asks(third)).toContain('200 OK');
  await untilClosed(second);
  for (const socket of [first, third]) expect(await asks(socket)).toContain('200 OK');
  expect((await metricsOf(small, CLOSED)).join()).toMatch(/reason="silent"\} 1/);
});

test('the connections of a trusted proxy, over which everybody comes, are not counted', async () => {
  const small = await startWorld({
    settings: { 'http.max_connections_per_address': '2', 'proxy.trusted': '127.0.0.2' },
  });
  onTestFinished(() => small.stop());
  for (let i = 0; i < 5; i += 1) expect(await asks(open(small.port, '127.0.0.2'))).toContain('200 OK');
});

test('bytes that are no request are counted as an error that came to no route', async () => {
  const count = async () =>
    Number((await metricsOf(world, 'countersign_errors_total{code="HEADERS_TOO_LARGE"}'))[0]?.split(' ')[1]);
  const before = await count();
  await sendRaw(world.port, `GET / HTTP/1.1\r\n${HOST}X: ${'x'.repeat(70_000)}\r\n\r\n`);
  expect(await count()).toBe(before + 1);
});

test('connections beyond http.max_connections are closed unheard while all are at work, and those before them go on', async () => {
  const venue = await startHangingVenue();
  const small = await startWorld({
    settings: { 'http.max_connections': '2' },
    upstream: `http://127.0.0.1:${venue.port}`,
  });
  onTestFinished(() => small.stop());
  const [first, second] = [await atWork(small.port, venue), await atWork(small.port, venue)];
  expect(await asks(open(small.port, '127.0.0.2'))).toBe('closed');
  expect([first.closed, second.closed]).toEqual([false, false]);
  first.destroy();
  // There is room again as soon as the server has seen it go.
  await expect.poll(() => asks(open(small.port))).toContain('200 OK');
  expect((await metricsOf(small, CLOSED)).join()).toMatch(/reason="too_many"\} [1-9]/);
});

test('strangers who hold all connections and ask for nothing, or send half of a request, keep nobody out', async () => {
  const venue = await startHangingVenue();
  const small = await startWorld({
    settings: { 'http.max_connections': '6' },
    upstream: `http://127.0.0.1:${venue.port}`,
  });
  onTestFinished(() => small.stop());
  const working = await atWork(small.port, venue);
  const held = Array.from({ length: 5 }, () => open(small.port, '127.0.0.3'));
  const begun = [
    '',
    'GET /v1/mar',
    `POST /v1/auth HTTP/1.1\r\n${HOST}Content-Length: 9\r\nExpect: 100-continue\r\n\r\n`,
  ];
  for (const [n, socket] of held.entries()) {
    socket.write(begun[Math.min(n, 2)] ?? '');
    // Told to go on, the request is under way; those before it are accepted by then.
    if (n >= 2) await once(socket, 'data');
  }
  const owners = ['127.0.0.4', '127.0.0.5', '127.0.0.6'].map((address) => open(small.port, address));
  for (const owner of owners) expect(await asks(owner)).toContain('200 OK');
  for (const owner of owners) expect(await asks(owner)).toContain('200 OK');
  expect(working.closed).toBe(false);
  await expect.poll(() => held.filter((socket) => socket.closed).length).toBe(3);
});

test('clients that ask again and again and take no answer keep nobody out', async () => {
  const small = await startWorld({ settings: { 'http.max_connections': '4' } });
  onTestFinished(() => small.stop());
  // More than the system takes in place of a client.
  const lines = `GET /openapi.json HTTP/1.1\r\n${HOST}\r\n`.repeat(64);
  for (let n = 0; n < 4; n += 1) {
    const deaf = open(small.port, '127.0.0.3');
    deaf.write(lines);
    await once(deaf, 'readable');
  }
  for (const address of ['127.0.0.4', '127.0.0.5']) {
    await expect.poll(() => asks(open(small.port, address))).toContain('200 OK');
  }
});

test('an upload that waits for a connection to the venue waits for us: it is not closed to make room', async () => {
  const venue = await startHangingVenue();
  const small = await startWorld({
    settings: {
      'http.max_connections_per_address': '2',
      'upstream.connections': '1',
      'upstream.memory': String(2 * 1024 * 1024),
    },
    upstream: `http://127.0.0.1:${venue.port}`,
  });
  onTestFinished(() => small.stop());
  const { session } = await newOwner(small);
  const figure = async (name: string) => Number((await metricsOf(small, `${name} `))[0]?.split(' ')[1]);
  const reading = await atWork(small.port, venue, '127.0.0.2');
  // More than one client's share of the memory: it is streamed, once there is a connection.
  const upload = open(small.port, '127.0.0.2');
  const body = 'x'.repeat(400_000);
  upload.write(
    `POST /v1/block-trades HTTP/1.1\r\n${HOST}Authorization: Bearer ${session}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  await expect.poll(() => figure('countersign_venue_queue')).toBe(1);
  expect(await asks(open(small.port, '127.0.0.2'))).toBe('closed');
  expect([reading.closed, upload.closed]).toEqual([false, false]);
  const answer = once(upload, 'data');
  venue.asked[0]?.end('{}');
  await expect.poll(() => venue.asked.length).toBe(2);
  venue.asked[1]?.end('{}');
  expect(String((await answer)[0])).toContain('200 OK');
});

test('guessing paths and methods is counted like any public request', async () => {
  const limited = await startWorld({ settings: { 'rate_limit.enabled': 'true', 'public/min': '3' } });
  onTestFinished(() => limited.stop());
  const guesses = ['/v1/admin', '/v1/%6darkets', '/v1/orders/batch', '/v1/system/time'];
  const seen = [];
  for (const path of guesses) seen.push((await call(limited.url, 'GET', path)).status);
  expect(seen).toEqual([404, 404, 405, 429]);
});

function open(port: number, localAddress = '127.0.0.1'): Socket {
  const socket = connect({ host: '127.0.0.1', port, localAddress });
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
