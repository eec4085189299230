import { mkdtempSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createShares } from '../../src/domain/shares.ts';
import {
  ask,
  eventually,
  get,
  rawClient,
  settled,
  startGateway,
  startRawVenue,
  startVenue,
  testGrant,
} from '../support/forward-harness.ts';

const post = (target: string, body: string, ...headers: string[]): string =>
  [
    `POST ${target} HTTP/1.1`,
    'Host: g',
    'Connection: close',
    `Content-Length: ${body.length}`,
    ...headers,
    '',
    body,
  ].join('\r\n');

const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
const chunkedHead = (method: string, ...headers: string[]): string =>
  [`${method} /up HTTP/1.1`, 'Host: g', 'Connection: close', 'Transfer-Encoding: chunked', ...headers, '', ''].join(
    '\r\n',
  );

/** A venue that writes this text on each connection once a request head has arrived, and leaves the connection open. */
const saying = (text: string, then: (socket: Socket) => void = () => undefined): Promise<string> =>
  startRawVenue((socket) => {
    let head = '';
    socket.setEncoding('latin1').on('data', (data: string) => {
      head += data;
      if (!head.includes('\r\n\r\n')) return;
      head = '';
      socket.write(text, 'latin1', () => then(socket));
    });
  });

/** No time is over before the test says so. */
function moveTimersByHand(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
}

describe('what reaches the venue', () => {
  test('the method, the target and the body reach the venue as they were matched, with our headers and the venue as Host', async () => {
    const venue = await startVenue();
    const gateway = await startGateway({ upstreamUrl: venue.url });
    const answer = await ask(
      gateway.port,
      post(
        '/v1/orders?a=%20b',
        '{"x":1}',
        'Content-Type: application/json',
        'Authorization: Bearer x',
        'Countersign-Account: 0x1',
      ),
    );
    expect(answer).toMatch(/^HTTP\/1.1 200 OK\r\n/);
    expect(venue.seen).toHaveLength(1);
    const [seen] = venue.seen;
    expect(seen).toMatchObject({ method: 'POST', target: '/v1/orders?a=%20b', body: '{"x":1}' });
    expect(seen?.headers).toMatchObject({
      host: venue.url.slice('http://'.length),
      'content-length': '7',
      'content-type': 'application/json',
      'countersign-account': '0xabc',
      'countersign-credential': '0xfeed',
      'countersign-credential-kind': 'subkey',
      'countersign-permissions': 'account:read trade',
      'countersign-client-ip': '203.0.113.9',
      'countersign-request-id': 'request-1',
      'countersign-isolated-markets': 'false',
      'countersign-upstream-secret': 'the-secret',
      'x-forwarded-for': '203.0.113.9',
    });
    expect(seen?.headers).not.toHaveProperty('authorization');
    await expect(gateway.outcome(0)).resolves.toEqual({ kind: 'answered', status: 200 });
  });

  test.each(['GET', 'DELETE'])('a %s without a body reaches the venue without announcing one', async (method) => {
    const venue = await startVenue();
    const gateway = await startGateway({ upstreamUrl: venue.url });
    await ask(gateway.port, get('/').replace('GET', method));
    expect(venue.seen[0]?.method).toBe(method);
    expect(venue.seen[0]?.headers).not.toHaveProperty('transfer-encoding');
    expect(venue.seen[0]?.headers).not.toHaveProperty('content-length');
  });

  test('a POST without a body reaches the venue with Content-Length: 0', async () => {
    const venue = await startVenue();
    const gateway = await startGateway({ upstreamUrl: venue.url });
    await ask(gateway.port, get('/').replace('GET', 'POST'));
    expect(venue.seen[0]?.headers).toMatchObject({ 'content-length': '0' });
  });

  test.each(['DELETE', 'PUT', 'PATCH'])('the JSON body of a %s reaches the venue', async (method) => {
    const venue = await startVenue();
    const gateway = await startGateway({ upstreamUrl: venue.url });
    await ask(gateway.port, post('/v1/orders/batch', '["1"]').replace('POST', method));
    expect(venue.seen[0]).toMatchObject({ method, body: '["1"]', headers: { 'content-length': '5' } });
  });

  test('a small chunked body reaches the venue whole, with its length and without its trailers', async () => {
    const venue = await startVenue();
    const gateway = await startGateway({ upstreamUrl: venue.url });
    await ask(
      gateway.port,
      `${chunkedHead('POST', 'Trailer: countersign-account')}${chunk('ab')}${chunk('c')}0\r\ncountersign-account: 0x1\r\n\r\n`,
    );
    expect(venue.seen[0]).toMatchObject({ body: 'abc', headers: { 'content-length': '3' }, trailers: {} });
    expect(venue.seen[0]?.headers).not.toHaveProperty('trailer');
  });

  test('a large body is streamed to the venue: with its length when that was declared, chunked when not', async () => {
    const venue = await startVenue();
    const gateway = await startGateway({ upstreamUrl: venue.url });
    const body = 'x'.repeat(300_000);
    await ask(gateway.port, post('/', body));
    await ask(gateway.port, `${chunkedHead('POST')}${chunk(body)}0\r\ncountersign-account: 0x1\r\n\r\n`);
    expect(venue.seen.map((seen) => seen.body === body)).toEqual([true, true]);
    expect(venue.seen[0]?.headers).toMatchObject({ 'content-length': '300000' });
    expect(venue.seen[1]?.headers).toMatchObject({ 'transfer-encoding': 'chunked' });
    expect(venue.seen[1]?.trailers).toEqual({});
    expect(gateway.grants.map((grant) => grant.heads)).toEqual([1, 1]);
  });

  test('a body of the forwarding limit reaches the venue whole, with its length, and costs a connection only when it is whole', async () => {
    const venue = await startVenue();
    const gateway = await startGateway({ upstreamUrl: venue.url, forward: { bodies: createShares(8 * 1024 * 1024) } });
    const body = 'x'.repeat(1024 * 1024 - 1);
    const client = rawClient(gateway.port, `${chunkedHead('POST')}${chunk(body)}1\r\n`);
    // Nearly two windows of it, and a chunk that has begun.
    await eventually(() => client.socket.bytesWritten > body.length && gateway.grants.length === 1);
    expect(await settled(() => venue.heads)).toBe(0);
    expect(gateway.upstream.stats().busy).toBe(0);
    client.write('y\r\n0\r\n\r\n');
    expect(await client.closed()).toContain('200 OK');
    expect(venue.seen[0]?.headers).toMatchObject({ 'content-length': String(1024 * 1024) });
    expect(venue.seen[0]?.body === `${body}y`).toBe(true);
  });

  test('memory of a collected body is given back as soon as the venue answers, and when it is refused or its client leaves', async () => {
    const bodies = createShares(1024 * 1024);
    const venue = await startVenue();
    const gateway = await startGateway({ upstreamUrl: venue.url, forward: { bodies } });
    expect(await ask(gateway.port, post('/', 'x'.repeat(100_000)))).toContain('200 OK');
    expect(bodies.held).toBe(0);
    const grant = Object.assign(testGrant(), { refuseWith: 'credential_revoked' as const });
    const refusing = await startGateway({ upstreamUrl: venue.url, forward: { bodies }, grant: () => grant });
    expect(await ask(refusing.port, post('/', 'x'.repeat(100_000)))).toContain('credential_revoked');
    expect(bodies.held).toBe(0);
    const client = rawClient(gateway.port, `${chunkedHead('POST')}${chunk('x'.repeat(100_000))}`);
    await eventually(() => bodies.held >= 100_000);
    client.socket.destroy();
    await eventually(() => bodies.held === 0);
  });

  test('signed orders that find no room to be collected are 503, as they must be seen whole, and the venue is not asked', async () => {
    const venue = await startVenue();
    const gateway = await startGateway({
      upstreamUrl: venue.url,
      forward: { bodies: createShares(1), checkOrders: () => expect.unreachable() },
      exchange: { order: { batch: false, id: undefined } },
    });
    expect(await ask(gateway.port, post('/v1/orders', '{}'))).toMatch(/^HTTP\/1.1 503 [\s\S]*SERVICE_UNAVAILABLE/);
    expect(venue.heads).toBe(0);
  });

  test('a request with `Expect: 100-continue` is told to go on, and the venue sees no Expect', async () => {
    const venue = await startVenue();
    const gateway = await startGateway({ upstreamUrl: venue.url });
    const client = rawClient(
      gateway.port,
      ['POST / HTTP/1.1', 'Host: g', 'Connection: close', 'Expect: 100-continue', 'Content-Length: 2', '', ''].join(
        '\r\n',
      ),
    );
    await client.until((text) => text.startsWith('HTTP/1.1 100 Continue\r\n\r\n'));
    client.write('hi');
    expect(await client.closed()).toContain('HTTP/1.1 200 OK');
    expect(venue.seen[0]?.body).toBe('hi');
    expect(venue.seen[0]?.headers).not.toHaveProperty('expect');
  });

  test('a prefix of the upstream URL is put before the target that the venue sees', async () => {
    const venue = await startVenue();
    const gateway = await startGateway({ upstreamUrl: `${venue.url}/api/` });
    await ask(gateway.port, get('/v1/x?y'));
    expect(venue.seen[0]?.target).toBe('/api/v1/x?y');
  });

  test('a venue on a unix socket is reached', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const venue = await startVenue(undefined, join(folder, 'venue.sock'));
    const gateway = await startGateway({ upstreamUrl: venue.url });
    expect(await ask(gateway.port, get('/v1/x'))).toContain('200 OK');
    expect(venue.seen[0]?.target).toBe('/v1/x');
  });

  test('a request whose header list cannot be built is refused and never sent', async () => {
    const venue = await startVenue();
    const gateway = await startGateway({ upstreamUrl: venue.url, exchange: { requestId: 'a\nb' } });
    expect(await ask(gateway.port, get('/'))).toContain('X-Refused: request_header_refused');
    expect(venue.heads).toBe(0);
  });
});

describe('what the client gets', () => {
  test('status, reason, duplicate headers and bytes of an answer pass untouched; our headers replace those of the same name', async () => {
    const zipped = gzipSync('hello');
    const venue = await startVenue((_request, response) => {
      response.writeHead(418, 'Short And Stout', [
        ['Set-Cookie', 'a=1'],
        ['Set-Cookie', 'b=2'],
        ['Set-Cookie', 'countersign=x'],
        ['Content-Encoding', 'gzip'],
        ['X-Request-Id', 'theirs'],
        ['Countersign-Upstream-Secret', 'the-secret'],
        ['X-Hop', '1'],
        ['Connection', 'X-Hop'],
      ]);
      response.end(zipped);
    });
    const gateway = await startGateway({ upstreamUrl: venue.url });
    const answer = await ask(gateway.port, get('/'));
    const [head = ''] = answer.split('\r\n\r\n', 1);
    expect(head).toMatch(/^HTTP\/1.1 418 Short And Stout\r\n/);
    expect(head.match(/^set-cookie: .*$/gim)).toEqual(['Set-Cookie: a=1', 'Set-Cookie: b=2']);
    expect(head.match(/^x-request-id: .*$/gim)).toEqual(['X-Request-Id: request-1']);
    expect(head).not.toMatch(/countersign|x-hop/i);
    expect(Buffer.from(answer, 'latin1').includes(zipped)).toBe(true);
  });

  test('interim answers and trailers of the venue do not reach the client', async () => {
    const url = await saying(
      'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nTrailer: x-late\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-late: 1\r\n\r\n',
    );
    const gateway = await startGateway({ upstreamUrl: url });
    const answer = await ask(gateway.port, get('/'));
    expect(answer).toMatch(/^HTTP\/1.1 200 OK\r\n/);
    expect(answer).toContain('\r\n\r\n2\r\nok\r\n0\r\n\r\n');
    expect(answer).not.toMatch(/103|link|x-late/i);
  });

  test.each([
    ['an upgrade nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'],
    ['something that is not HTTP', 'SSH-2.0-OpenSSH\r\n\r\n'],
    [
      'a length beside a transfer coding',
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['a control character in a header', 'HTTP/1.1 200 OK\r\nX-A: a\x01b\r\nContent-Length: 2\r\n\r\nok'],
    ['a delete character in a header', 'HTTP/1.1 200 OK\r\nX-A: a\x7fb\r\nContent-Length: 2\r\n\r\nok'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nokk'],
  ])('a venue that answers with %s is unavailable', async (_what, text) => {
    const gateway = await startGateway({ upstreamUrl: await saying(text) });
    expect(await ask(gateway.port, get('/'))).toContain('X-Refused: upstream_unavailable');
    await expect(gateway.outcome(0)).resolves.toMatchObject({ kind: 'refused', refusal: 'upstream_unavailable' });
    expect(gateway.grants[0]?.releases).toBe(1);
  });

  test.each([204, 304])('an answer %i reaches the client without a body', async (status) => {
    const venue = await startVenue((_request, response) => response.writeHead(status, { Etag: '"x"' }).end());
    const gateway = await startGateway({ upstreamUrl: venue.url });
    const answer = await ask(gateway.port, get('/'));
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} .*\r\n`));
    expect(answer).toContain('Etag: "x"');
    expect(answer).not.toMatch(/transfer-encoding/i);
    expect(answer).toMatch(/\r\n\r\n$/);
  });

  test('an answer 204 leaves the connection open for the next request', async () => {
    const venue = await startVenue((_request, response) => response.writeHead(204).end());
    const gateway = await startGateway({ upstreamUrl: venue.url });
    const client = rawClient(gateway.port, get('/').replace('Connection: close\r\n', ''));
    await client.until((text) => text.endsWith('\r\n\r\n'));
    client.write(get('/'));
    expect((await client.closed()).split('HTTP/1.1 204')).toHaveLength(3);
  });

  test('a reason phrase that is not plain text is replaced by the standard one', async () => {
    const gateway = await startGateway({
      upstreamUrl: await saying('HTTP/1.1 404 \xe9\xff\r\nContent-Length: 2\r\n\r\nok'),
    });
    expect(await ask(gateway.port, get('/'))).toMatch(/^HTTP\/1.1 404 Not Found\r\n/);
  });

  test('an answer that keeps moving may take longer than the longest silence', async () => {
    const open = Promise.withResolvers<ServerResponse>();
    const venue = await startVenue((_request, response) => {
      response.write('one,');
      open.resolve(response);
    });
    const gateway = await startGateway({ upstreamUrl: venue.url, forward: { idleMs: 1000 } });
    moveTimersByHand();
    const client = rawClient(gateway.port, get('/'));
    const response = await open.promise;
    for (const word of ['one,', 'two,', 'three,']) {
      await client.until((text) => text.includes(word));
      vi.advanceTimersByTime(900);
      response.write(word === 'one,' ? 'two,' : word === 'two,' ? 'three,' : 'end');
    }
    response.end();
    expect(await client.closed()).toMatch(/end\r\n0\r\n\r\n$/);
  });

  test('chunks of an answer that arrive together leave in order, with bytes of every value', async () => {
    const every = Buffer.from(Array.from({ length: 256 }, (_, value) => value)).toString('latin1');
    for (const chunks of [
      [every],
      ['one', every],
      ['one', 'two', 'x'.repeat(20_000), 'end'],
      ['x'.repeat(20_000), 'end'],
    ]) {
      const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
      const gateway = await startGateway({
        upstreamUrl: await saying(`${head}${chunks.map(chunk).join('')}0\r\n\r\n`),
      });
      const answer = await ask(gateway.port, get('/'));
      const body = answer.slice(answer.indexOf('\r\n\r\n') + 4).replaceAll(/(?:^|(?<=\r\n))[0-9a-f]+\r\n|\r\n/g, '');
      expect(body).toBe(chunks.join('').replaceAll('\r\n', ''));
    }
  });

  test('the first bytes of an answer reach the client without waiting for the next', async () => {
    const open = Promise.withResolvers<ServerResponse>();
    const venue = await startVenue((_request, response) => {
      response.write('first,');
      open.resolve(response);
    });
    const gateway = await startGateway({ upstreamUrl: venue.url });
    const client = rawClient(gateway.port, get('/'));
    await client.until((text) => text.includes('first,'));
    (await open.promise).end('last');
    expect(await client.closed()).toMatch(/first,.*last\r\n0\r\n\r\n$/s);
  });

  test('the head of an answer reaches the client without waiting for the first byte of its body', async () => {
    const open = Promise.withResolvers<ServerResponse>();
    const venue = await startVenue((_request, response) => {
      response.flushHeaders();
      open.resolve(response);
    });
    const gateway = await startGateway({ upstreamUrl: venue.url });
    const client = rawClient(gateway.port, get('/'));
    await client.until((text) => text.includes('\r\n\r\n'));
    (await open.promise).end('late');
    expect(await client.closed()).toContain('late');
  });

  test('one connection of a client serves one request after another, whatever the size of their bodies', async () => {
    const venue = await startVenue();
    const gateway = await startGateway({ upstreamUrl: venue.url });
    const big = 'x'.repeat(200_000);
    const client = rawClient(gateway.port);
    for (let n = 1; n <= 4; n += 1) {
      client.write(post('/', n % 2 === 0 ? big : 'small').replace('Connection: close\r\n', ''));
      await client.until((text) => text.split('HTTP/1.1 200 OK').length - 1 === n && text.endsWith('ok'));
    }
    expect(venue.seen.map((seen) => seen.body.length)).toEqual([5, 200_000, 5, 200_000]);
  });
});

describe('a venue that fails', () => {
  test('a venue on whose address nobody listens is unavailable', async () => {
    const gateway = await startGateway({ upstreamUrl: 'http://127.0.0.1:1' });
    expect(await ask(gateway.port, get('/'))).toContain('X-Refused: upstream_unavailable');
    expect(await ask(gateway.port, post('/', 'x'.repeat(200_000)))).toContain('X-Refused: upstream_unavailable');
    expect(gateway.grants.map((grant) => grant.releases)).toEqual([1, 1]);
    await eventually(() => gateway.upstream.stats().busy === 0);
  });

  test('a venue that resets the connection without an answer is unavailable, and the request is not sent again', async () => {
    let connections = 0;
    const url = await startRawVenue((socket) => {
      connections += 1;
      socket.once('data', () => socket.resetAndDestroy());
    });
    const gateway = await startGateway({ upstreamUrl: url });
    expect(await ask(gateway.port, get('/'))).toContain('X-Refused: upstream_unavailable');
    expect(connections).toBe(1);
  });

  test.each([
    ['a declared length', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart'],
    ['chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n'],
  ])(
    'an answer with %s that the venue breaks off with a reset is visibly not whole to the client',
    async (_what, text) => {
      const broken = Promise.withResolvers<Socket>();
      const gateway = await startGateway({ upstreamUrl: await saying(text, broken.resolve) });
      const client = rawClient(gateway.port, get('/'));
      await client.until((received) => received.includes('part'));
      (await broken.promise).resetAndDestroy();
      const answer = await client.closed();
      expect(answer).not.toMatch(/\r\n0\r\n/);
      expect(answer).toMatch(/content-length: 100|transfer-encoding: chunked/i);
      await expect(gateway.outcome(0)).resolves.toMatchObject({ kind: 'truncated' });
      expect(gateway.grants[0]?.releases).toBe(1);
    },
  );

  test.each(['resetAndDestroy', 'end'] as const)(
    'a venue that ends (%s) an answer without any framing may have sent it whole: no end is made up for the client',
    async (how) => {
      const broken = Promise.withResolvers<Socket>();
      const gateway = await startGateway({ upstreamUrl: await saying('HTTP/1.1 200 OK\r\n\r\npart', broken.resolve) });
      const client = rawClient(gateway.port, get('/').replace('Connection: close\r\n', ''));
      await client.until((received) => received.includes('part'));
      (await broken.promise)[how]();
      const answer = await client.closed();
      expect(answer).toMatch(/connection: close/i);
      expect(answer).not.toMatch(/transfer-encoding|content-length/i);
      expect(answer).toMatch(/\r\n\r\npart$/);
    },
  );

  test('the client of a venue that does not answer in time gets 503, and the connection to the venue is closed', async () => {
    const asked = Promise.withResolvers<void>();
    const gone = Promise.withResolvers<void>();
    const venue = await startVenue((request) => {
      request.socket.on('close', gone.resolve);
      asked.resolve();
    });
    const gateway = await startGateway({ upstreamUrl: venue.url, forward: { deadlineMs: 1000 } });
    moveTimersByHand();
    const client = rawClient(gateway.port, get('/'));
    await asked.promise;
    vi.advanceTimersByTime(1000);
    expect(await client.closed()).toContain('X-Refused: upstream_timeout');
    await gone.promise;
    await expect(gateway.outcome(0)).resolves.toEqual({ kind: 'refused', refusal: 'upstream_timeout' });
    expect(gateway.grants[0]?.releases).toBe(1);
  });

  test('the client of a venue that stops reading a large body gets 503 in time', async () => {
    const url = await startRawVenue((socket) => socket.pause());
    const gateway = await startGateway({
      upstreamUrl: url,
      // The client is not to blame, though it moves nothing for longer than it may be slow.
      forward: { deadlineMs: 500, pace: { minBytesPerSecond: 1000, windowMs: 100 } },
      exchange: { maxBodyBytes: 2 ** 30 },
    });
    const client = rawClient(
      gateway.port,
      ['POST / HTTP/1.1', 'Host: g', 'Content-Length: 32000000', '', ''].join('\r\n'),
    );
    client.write('x'.repeat(32_000_000));
    expect(await client.until((text) => text.includes('upstream_timeout'))).toContain('Connection: close');
  });

  test('the client of a venue that falls silent in the middle of its answer gets a broken answer', async () => {
    const gone = Promise.withResolvers<void>();
    const url = await saying('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart', (socket) =>
      socket.on('close', gone.resolve),
    );
    const gateway = await startGateway({ upstreamUrl: url, forward: { idleMs: 1000 } });
    moveTimersByHand();
    const client = rawClient(gateway.port, get('/'));
    await client.until((text) => text.endsWith('part'));
    vi.advanceTimersByTime(1000);
    expect(await client.closed()).toMatch(/part$/);
    await gone.promise;
    await expect(gateway.outcome(0)).resolves.toEqual({ kind: 'stalled' });
    expect(gateway.grants[0]?.releases).toBe(1);
  });
});

describe('a client that misbehaves', () => {
  test('a client whose body does not arrive in time gets 408, and the venue is never asked', async () => {
    const venue = await startVenue();
    const gateway = await startGateway({ upstreamUrl: venue.url, forward: { deadlineMs: 100 } });
    const answer = await ask(
      gateway.port,
      ['POST / HTTP/1.1', 'Host: g', 'Content-Length: 10', '', 'abc'].join('\r\n'),
    );
    expect(answer).toMatch(/^HTTP\/1.1 408 /);
    expect(answer).toMatch(/connection: close/i);
    expect(venue.heads).toBe(0);
    expect(gateway.upstream.stats().busy).toBe(0);
  });

  test('a client that declares a body that is too large gets 413, and the venue is never asked', async () => {
    const venue = await startVenue();
    const gateway = await startGateway({ upstreamUrl: venue.url, exchange: { maxBodyBytes: 10 } });
    expect(await ask(gateway.port, post('/', 'x'.repeat(11)))).toMatch(/^HTTP\/1.1 413 /);
    expect(await ask(gateway.port, post('/', 'x'.repeat(10)))).toMatch(/^HTTP\/1.1 200 /);
    expect(venue.seen.map((seen) => seen.body.length)).toEqual([10]);
  });

  test('a client that announces a body that is too large is refused before it sends any of it', async () => {
    const venue = await startVenue();
    const gateway = await startGateway({ upstreamUrl: venue.url });
    const head = ['POST / HTTP/1.1', 'Host: g', 'Content-Length: 2000000', '', ''].join('\r\n');
    const client = rawClient(gateway.port, head);
    expect(await client.until((text) => text.includes('\r\n\r\n'))).toMatch(/^HTTP\/1.1 413 /);
    expect(venue.heads).toBe(0);
  });

  test('a client that is still sending what was refused gets the refusal over a connection that is closed properly', async () => {
    const venue = await startVenue();
    const gateway = await startGateway({ upstreamUrl: venue.url, exchange: { maxBodyBytes: 10 } });
    moveTimersByHand();
    const client = rawClient(
      gateway.port,
      ['POST / HTTP/1.1', 'Host: g', 'Content-Length: 900000', '', ''].join('\r\n'),
    );
    const errors: Error[] = [];
    client.socket.on('error', (error) => errors.push(error));
    await client.until((text) => text.endsWith('PAYLOAD_TOO_LARGE'));
    client.write('x'.repeat(900_000));
    expect(await client.closed()).toMatch(/connection: close/i);
    expect(errors).toEqual([]);
  });

  test('a client that leaves with its refusal was refused all the same', async () => {
    const venue = await startVenue();
    const gateway = await startGateway({ upstreamUrl: venue.url });
    const client = rawClient(
      gateway.port,
      ['POST / HTTP/1.1', 'Host: g', 'Content-Length: 2000000', '', ''].join('\r\n'),
    );
    await client.until((text) => text.endsWith('PAYLOAD_TOO_LARGE'));
    client.socket.destroy();
    await expect(gateway.outcome(0)).resolves.toMatchObject({
      kind: 'refused',
      refusal: { code: 'PAYLOAD_TOO_LARGE' },
    });
  });

  test('a client whose chunked body becomes too large gets 413, and the venue is never asked', async () => {
    const venue = await startVenue();
    const gateway = await startGateway({ upstreamUrl: venue.url, exchange: { maxBodyBytes: 10 } });
    expect(await ask(gateway.port, `${chunkedHead('POST')}${chunk('x'.repeat(11))}`)).toMatch(/^HTTP\/1.1 413 /);
    expect(await ask(gateway.port, `${chunkedHead('POST')}${chunk('x'.repeat(10))}0\r\n\r\n`)).toMatch(
      /^HTTP\/1.1 200 /,
    );
    expect(venue.seen.map((seen) => seen.body.length)).toEqual([10]);
  });

  test('a client that exceeds the limit when the venue has part of the body gets 413, and the venue sees a broken request', async () => {
    const broken = Promise.withResolvers<void>();
    const started = Promise.withResolvers<void>();
    let whole = false;
    const venue = await startVenue((request) => {
      request
        .once('data', () => started.resolve())
        .on('end', () => {
          whole = true;
        });
      request.resume().on('error', () => broken.resolve());
    });
    const gateway = await startGateway({ upstreamUrl: venue.url, exchange: { maxBodyBytes: 200_000 } });
    const client = rawClient(gateway.port, `${chunkedHead('POST')}${chunk('x'.repeat(150_000))}`);
    await started.promise;
    client.write(`${chunk('x'.repeat(60_000))}0\r\n\r\n`);
    expect(await client.closed()).toMatch(/^HTTP\/1.1 413 /);
    await broken.promise;
    expect(whole).toBe(false);
    expect(gateway.grants[0]?.releases).toBe(1);
  });

  test('a client that exceeds the limit when the answer has begun loses its connection, and the venue sees a broken request', async () => {
    const broken = Promise.withResolvers<void>();
    const venue = await startVenue((request, response) => {
      response.write('early');
      request.resume().on('error', () => broken.resolve());
    });
    const gateway = await startGateway({ upstreamUrl: venue.url, exchange: { maxBodyBytes: 200_000 } });
    const client = rawClient(gateway.port, `${chunkedHead('POST')}${chunk('x'.repeat(150_000))}`);
    await client.until((text) => text.includes('early'));
    client.write(chunk('x'.repeat(60_000)));
    expect(await client.closed()).not.toMatch(/\r\n0\r\n/);
    await broken.promise;
    await expect(gateway.outcome(0)).resolves.toMatchObject({
      kind: 'refused',
      refusal: { code: 'PAYLOAD_TOO_LARGE' },
    });
  });

  test('a client that uploads more slowly than it must gets 408, and the venue sees a broken request', async () => {
    const started = Promise.withResolvers<void>();
    const broken = Promise.withResolvers<void>();
    const venue = await startVenue((request) => {
      request.once('data', () => started.resolve());
      request.resume().on('error', () => broken.resolve());
    });
    const gateway = await startGateway({
      upstreamUrl: venue.url,
      forward: { pace: { minBytesPerSecond: 10_000, windowMs: 300 } },
    });
    const client = rawClient(gateway.port, `${chunkedHead('POST')}${chunk('x'.repeat(150_000))}`);
    await started.promise;
    // One byte again and again: it is never silent.
    const drip = setInterval(() => client.write(chunk('x')), 20);
    onTestFinished(() => clearInterval(drip));
    expect(await client.until((text) => text.includes('REQUEST_TIMEOUT'))).toMatch(/^HTTP\/1.1 408 /);
    await broken.promise;
    await eventually(() => gateway.upstream.stats().busy === 0);
  });

  test('a client that leaves before the venue answers ends the connection to the venue', async () => {
    const asked = Promise.withResolvers<void>();
    const gone = Promise.withResolvers<void>();
    const venue = await startVenue((request) => {
      request.socket.on('close', gone.resolve);
      asked.resolve();
    });
    const gateway = await startGateway({ upstreamUrl: venue.url });
    const client = rawClient(gateway.port, get('/'));
    await asked.promise;
    client.socket.destroy();
    await gone.promise;
    await expect(gateway.outcome(0)).resolves.toEqual({ kind: 'client_gone' });
    expect(gateway.grants[0]?.releases).toBe(1);
    await eventually(() => gateway.upstream.stats().busy === 0);
  });

  test('a client that left while its request was being decided causes no request to the venue', async () => {
    const arrived = Promise.withResolvers<void>();
    const venue = await startVenue();
    const gateway = await startGateway({
      upstreamUrl: venue.url,
      before: async (request) => {
        arrived.resolve();
        await eventually(() => request.socket.destroyed);
        await settled(() => 0);
      },
    });
    const client = rawClient(gateway.port, get('/'));
    await arrived.promise;
    client.socket.destroy();
    await expect(gateway.outcome(0)).resolves.toEqual({ kind: 'client_gone' });
    expect(venue.heads).toBe(0);
    expect(gateway.grants[0]?.releases).toBe(1);
  });

  test('a client that leaves in the middle of its upload leaves the venue no whole request', async () => {
    const started = Promise.withResolvers<void>();
    const broken = Promise.withResolvers<void>();
    const venue = await startVenue((request) => {
      request.once('data', () => started.resolve());
      request.resume().on('error', () => broken.resolve());
    });
    const gateway = await startGateway({ upstreamUrl: venue.url });
    const client = rawClient(gateway.port, `${chunkedHead('POST')}${chunk('x'.repeat(100_000))}`);
    await started.promise;
    client.socket.destroy();
    await broken.promise;
    await expect(gateway.outcome(0)).resolves.toEqual({ kind: 'client_gone' });
  });

  test('a client that leaves while its request is still being collected causes no request to the venue', async () => {
    const venue = await startVenue();
    const gateway = await startGateway({ upstreamUrl: venue.url });
    const client = rawClient(
      gateway.port,
      ['POST / HTTP/1.1', 'Host: g', 'Content-Length: 10', '', 'abc'].join('\r\n'),
    );
    await eventually(() => gateway.grants.length === 1);
    client.socket.destroy();
    await expect(gateway.outcome(0)).resolves.toEqual({ kind: 'client_gone' });
    expect(venue.heads).toBe(0);
    expect(gateway.grants[0]?.releases).toBe(1);
  });

  test('a client that leaves with several requests under way on one connection ends all of them', async () => {
    const venue = await startVenue(() => undefined);
    const gateway = await startGateway({ upstreamUrl: venue.url, upstream: { connections: 20 } });
    const client = rawClient(gateway.port, get('/').replace('Connection: close\r\n', '').repeat(15));
    await eventually(() => venue.heads === 15);
    client.socket.destroy();
    for (let n = 0; n < 15; n += 1) await expect(gateway.outcome(n)).resolves.toEqual({ kind: 'client_gone' });
    expect(gateway.grants.map((grant) => grant.releases)).toEqual(Array(15).fill(1));
  });

  test('a client that does not read the answer ends its exchange', async () => {
    const venue = await startVenue((_request, response) => {
      response.end(Buffer.alloc(64 * 1024 * 1024));
    });
    const gateway = await startGateway({ upstreamUrl: venue.url, forward: { idleMs: 500 } });
    rawClient(gateway.port, get('/')).socket.pause();
    await expect(gateway.outcome(0)).resolves.toEqual({ kind: 'stalled' });
  });

  test('a client that is still uploading when the venue has answered gets the answer, and its connection ends', async () => {
    const venue = await startVenue((_request, response) => {
      response.writeHead(400, { 'Content-Length': '2' }).end('no');
    });
    const gateway = await startGateway({ upstreamUrl: venue.url });
    const head = chunkedHead('POST').replace('Connection: close\r\n', '');
    const client = rawClient(gateway.port, `${head}${chunk('x'.repeat(100_000))}`);
    await client.until((text) => text.endsWith('no'));
    client.write(`${chunk('y'.repeat(100_000))}0\r\n\r\n`);
    expect(await client.closed()).toMatch(/^HTTP\/1.1 400 [\s\S]*connection: close/i);
    await expect(gateway.outcome(0)).resolves.toEqual({ kind: 'answered', status: 400 });
  });

  test('a client whose upload goes on for ever after the answer has its connection closed', async () => {
    const venue = await startVenue((_request, response) => {
      response.writeHead(400, { 'Content-Length': '2' }).end('no');
    });
    const gateway = await startGateway({ upstreamUrl: venue.url, exchange: { maxBodyBytes: 2 ** 40 } });
    const client = rawClient(gateway.port, chunkedHead('POST'));
    const pump = (): void => {
      while (!client.socket.destroyed && client.socket.write(chunk('x'.repeat(65_536)), 'latin1'));
    };
    client.socket.on('drain', pump);
    pump();
    await client.closed();
    await expect(gateway.outcome(0)).resolves.toEqual({ kind: 'answered', status: 400 });
    expect(client.socket.bytesWritten).toBeLessThan(32 * 1024 * 1024);
  });
});

describe('streams are never read faster than they are taken', () => {
  const size = 64 * 1024 * 1024;

  test('a large answer is read from the venue no faster than its client reads it', async () => {
    let responding: ServerResponse | undefined;
    const venue = await startVenue((_request, response) => {
      responding = response;
      let left = size;
      const pump = (): void => {
        while (left > 0) {
          left -= 65_536;
          if (!response.write(Buffer.alloc(65_536, 'x')) && left > 0) {
            response.once('drain', pump);
            return;
          }
        }
        response.end();
      };
      response.writeHead(200, { 'Content-Length': String(size) });
      pump();
    });
    let buffered = (): number => 0;
    const gateway = await startGateway({
      upstreamUrl: venue.url,
      onExchange: (_request, response) => {
        buffered = () => response.writableLength;
      },
    });
    const client = rawClient(gateway.port, get('/'));
    client.socket.pause();
    await eventually(() => (responding?.socket?.bytesWritten ?? 0) > 0);
    expect(await settled(() => responding?.socket?.bytesWritten ?? 0)).toBeLessThan(size / 2);
    expect(buffered()).toBeLessThan(1024 * 1024);
    let received = 0;
    client.socket.removeAllListeners('data');
    client.socket.on('data', (text: string) => {
      received += text.length;
    });
    client.socket.resume();
    await client.closed();
    expect(received).toBeGreaterThan(size);
    await expect(gateway.outcome(0)).resolves.toEqual({ kind: 'answered', status: 200 });
  });

  test('a large upload is not read while there is no connection for it', async () => {
    const venue = await startVenue(() => undefined);
    const gateway = await startGateway({
      upstreamUrl: venue.url,
      upstream: { connections: 1 },
      exchange: { maxBodyBytes: size },
    });
    rawClient(gateway.port, get('/first'));
    await eventually(() => venue.heads === 1);
    const client = rawClient(
      gateway.port,
      ['POST / HTTP/1.1', 'Host: g', `Content-Length: ${size}`, '', ''].join('\r\n'),
    );
    let left = size;
    const pump = (): void => {
      while (left > 0) {
        left -= 65_536;
        if (!client.socket.write(Buffer.alloc(65_536, 'x'))) return;
      }
    };
    client.socket.on('drain', pump);
    pump();
    await eventually(() => gateway.upstream.stats().waiting === 1);
    expect(await settled(() => size - left)).toBeLessThan(size / 2);
  });

  test('a large upload is read from the client no faster than the venue reads it', async () => {
    const go = Promise.withResolvers<void>();
    let received = 0;
    const venue = await startVenue((request, response) => {
      void go.promise.then(() => {
        request.on('data', (data: Buffer) => {
          received += data.length;
        });
        request.on('end', () => response.end('done'));
      });
    });
    const gateway = await startGateway({ upstreamUrl: venue.url, exchange: { maxBodyBytes: size } });
    const client = rawClient(
      gateway.port,
      ['POST / HTTP/1.1', 'Host: g', 'Connection: close', `Content-Length: ${size}`, '', ''].join('\r\n'),
    );
    let left = size;
    const pump = (): void => {
      while (left > 0) {
        left -= 65_536;
        if (!client.socket.write(Buffer.alloc(65_536, 'x'))) return;
      }
    };
    client.socket.on('drain', pump);
    pump();
    await eventually(() => venue.heads === 1);
    const taken = await settled(() => size - left);
    expect(taken).toBeGreaterThan(65_536);
    expect(taken).toBeLessThan(size / 2);
    go.resolve();
    expect(await client.closed()).toMatch(/done$/);
    expect(received).toBe(size);
  });
});
