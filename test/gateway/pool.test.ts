// The connections to the venue are few and shared: nothing a client writes, and nothing the venue does, may use one up for good.
import type { ServerResponse } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createUpstream, type UpstreamEvents } from '../../src/gateway/upstream.ts';
import {
  anotherAsker,
  ask,
  eventually,
  get,
  rawClient,
  startGateway,
  startRawVenue,
  startVenue,
  venueAddress,
} from '../support/forward-harness.ts';

const connections = 3;

const hostile: string[] = [
  'Connection: close',
  'Connection: keep-alive, x-foo',
  'Connection: upgrade',
  'Connection: "',
  'Connection: ,,,',
  'Keep-Alive: timeout=5',
  'Proxy-Authorization: x',
  'Proxy-Connection: keep-alive',
  'TE: trailers',
  'Trailer: x',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: gzip',
  'Upgrade: websocket',
  'Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\nConnection: Upgrade, HTTP2-Settings',
  'HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA',
  'Expect: 100-continue',
  'Expect: something-else',
  'Content-Length: 0',
  'Content-Length: 1',
  'Content-Length: -1',
  'Content-Length: 99999999999999999999',
  'X-HTTP-Method-Override: DELETE',
  'X-Method-Override: CONNECT',
  'X-Original-URL: /admin',
  'X-Rewrite-URL: /admin',
  'Forwarded: for=127.0.0.1',
  'X-Forwarded-For: 127.0.0.1',
  'X-Forwarded-Host: evil',
  'X-Real-IP: 127.0.0.1',
  'Countersign-Account: 0x1',
  'countersign_upstream_secret: guess',
  'Cookie: countersign=1; __Host-countersign=2',
  'Host: evil',
  'X-High: \xff\xfe',
  'X-Control: a\x01b',
  'X-Delete: a\x7fb',
  'X Space: 1',
  ': empty',
];

describe('no header wedges the pool', () => {
  test.each(hostile)(
    'the header %j does not wedge the pool: after twice as many requests as connections, a plain GET answers at once',
    async (header) => {
      const venue = await startVenue();
      const gateway = await startGateway({ upstreamUrl: venue.url, upstream: { connections, maxWaiting: 0 } });
      for (let n = 0; n < 2 * connections; n += 1) {
        for (const method of ['GET', 'POST']) {
          // The client sends its request, a body's worth of terminator, and no more: whatever is not answered then is given up.
          const client = rawClient(gateway.port, `${method} /h HTTP/1.1\r\nHost: g\r\n${header}\r\n\r\n0\r\n\r\n`);
          await client.until((text) => text.includes('\r\n\r\n')).catch(() => 'closed without an answer');
          client.socket.destroy();
        }
      }
      await eventually(() => gateway.upstream.stats().busy === 0);
      expect(await ask(gateway.port, get('/plain'))).toMatch(/^HTTP\/1.1 200 OK/);
      expect(venue.seen.at(-1)?.target).toBe('/plain');
      for (const seen of venue.seen.filter(({ target }) => target === '/h')) {
        expect(seen.headers.host).toBe(venue.url.slice('http://'.length));
        expect(seen.headers['countersign-account']).toBe('0xabc');
        expect(seen.headers['countersign-upstream-secret']).toBe('the-secret');
        expect(seen.headers['x-forwarded-for']).toBe('203.0.113.9');
        const ours = seen.rawHeaders
          .filter((_, i) => i % 2 === 0)
          .map((name) => name.toLowerCase().replaceAll('_', '-'));
        expect(ours.filter((name) => name.startsWith('countersign'))).toHaveLength(8);
        for (const gone of [
          'keep-alive',
          'te',
          'trailer',
          'upgrade',
          'http2-settings',
          'expect',
          'forwarded',
          'cookie',
          'transfer-encoding',
        ]) {
          expect(ours).not.toContain(gone);
        }
        expect(ours.filter((name) => /^(proxy-|x-original|x-rewrite|x-http|x-method)/.test(name))).toEqual([]);
      }
    },
  );
});

describe('the pool itself', () => {
  const outcome = (): { events: UpstreamEvents; ended: Promise<string> } => {
    const { promise, resolve } = Promise.withResolvers<string>();
    return {
      ended: promise,
      events: {
        starting: () => true,
        head: () => undefined,
        data: () => undefined,
        end: () => resolve('end'),
        failed: (kind) => resolve(kind),
      },
    };
  };

  const open = (url: string, maxWaiting = 10) => {
    const upstream = createUpstream({ address: venueAddress(url), connections, maxWaiting, connectTimeoutMs: 5000 });
    onTestFinished(() => upstream.destroy());
    return upstream;
  };

  /** Of somebody else each time: what one client may have is shares.test.ts's. */
  const plain = {
    get holder() {
      return { ...anotherAsker(), signedIn: true };
    },
    method: 'GET',
    target: '/',
    headers: [],
    body: undefined,
  };

  test.each([
    ['an Expect header', { headers: ['Expect', '100-continue'] }],
    ['an Upgrade header', { headers: ['Upgrade', 'x'] }],
    ['a Keep-Alive header', { headers: ['Keep-Alive', 'x'] }],
    ['a Transfer-Encoding header', { headers: ['Transfer-Encoding', 'chunked'] }],
    ['a line feed in a value', { headers: ['A', 'b\nc'] }],
    ['a space in the target', { target: '/a b' }],
    ['a method that is no token', { method: 'G T' }],
  ])(
    'requests that undici will not write (%s) do not cost a connection, even when none was free',
    async (_what, bad) => {
      const venue = await startVenue();
      const upstream = open(venue.url, 100);
      const all = Array.from({ length: 4 * connections }, () => outcome());
      for (const { events } of all) upstream.send({ ...plain, ...bad }, events);
      await expect(Promise.all(all.map(({ ended }) => ended))).resolves.toEqual(
        Array(4 * connections).fill('malformed'),
      );
      const good = outcome();
      upstream.send(plain, good.events);
      await expect(good.ended).resolves.toBe('end');
      expect(venue.heads).toBe(1);

      // The same, queued behind requests that are under way.
      const busy = Array.from({ length: connections }, () => outcome());
      for (const { events } of busy) upstream.send(plain, events);
      const queued = Array.from({ length: 2 * connections }, () => outcome());
      for (const { events } of queued) upstream.send({ ...plain, ...bad }, events);
      expect(upstream.stats().waiting).toBe(2 * connections);
      const last = outcome();
      upstream.send(plain, last.events);
      await expect(Promise.all(busy.map(({ ended }) => ended))).resolves.toEqual(Array(connections).fill('end'));
      await expect(Promise.all(queued.map(({ ended }) => ended))).resolves.toEqual(
        Array(2 * connections).fill('malformed'),
      );
      await expect(last.ended).resolves.toBe('end');
      await eventually(() => upstream.stats().busy === 0);
    },
  );

  test('a request that is refused at the last moment is not sent, ends without another event, and costs no connection', async () => {
    const venue = await startVenue();
    const upstream = open(venue.url, 0);
    for (let n = 0; n < 2 * connections; n += 1) {
      const asked = Promise.withResolvers<void>();
      const refused = outcome();
      const events = {
        ...refused.events,
        starting: () => {
          asked.resolve();
          return false;
        },
        failed: () => asked.reject(new Error('an event after the refusal')),
      };
      expect(upstream.send(plain, events)).toBeDefined();
      await asked.promise;
      await eventually(() => upstream.stats().busy === 0);
    }
    const good = outcome();
    upstream.send(plain, good.events);
    await expect(good.ended).resolves.toBe('end');
    expect(venue.heads).toBe(1);
  });

  test('the pool never has more connections than allowed, nor more waiting requests than allowed', async () => {
    const answers: ServerResponse[] = [];
    const venue = await startVenue((_request, response) => answers.push(response));
    const gateway = await startGateway({ upstreamUrl: venue.url, upstream: { connections: 2, maxWaiting: 1 } });
    const clients = [rawClient(gateway.port, get('/1')), rawClient(gateway.port, get('/2'))];
    await eventually(() => answers.length === 2);
    clients.push(rawClient(gateway.port, get('/3')));
    await eventually(() => gateway.upstream.stats().waiting === 1);
    expect(await ask(gateway.port, get('/4'))).toContain('X-Refused: SERVICE_UNAVAILABLE');
    expect(answers).toHaveLength(2);
    answers[0]?.end('a');
    await eventually(() => answers.length === 3);
    for (const answer of answers) answer.end('a');
    for (const client of clients) expect(await client.closed()).toContain('200 OK');
    expect(gateway.grants.map((grant) => grant.releases)).toEqual([1, 1, 1, 1]);
  });

  test('a request that waits too long for a connection is refused, and its place is free again', async () => {
    const venue = await startVenue(() => undefined);
    const gateway = await startGateway({
      upstreamUrl: venue.url,
      upstream: { connections: 1 },
      forward: { deadlineMs: 200 },
    });
    const answers = await Promise.all([
      ask(gateway.port, get('/1')),
      ask(gateway.port, get('/2')),
      ask(gateway.port, get('/3')),
    ]);
    for (const answer of answers) expect(answer).toContain('X-Refused: upstream_timeout');
    await eventually(() => gateway.upstream.stats().busy === 0);
    expect(gateway.upstream.stats().waiting).toBe(0);
  });

  test('a client that leaves gives its place in the queue for connections back', async () => {
    const venue = await startVenue(() => undefined);
    const gateway = await startGateway({ upstreamUrl: venue.url, upstream: { connections: 1 } });
    rawClient(gateway.port, get('/1'));
    await eventually(() => venue.heads === 1);
    const second = rawClient(gateway.port, get('/2'));
    await eventually(() => gateway.upstream.stats().waiting === 1);
    second.socket.destroy();
    await eventually(() => gateway.upstream.stats().waiting === 0);
    expect(venue.heads).toBe(1);
  });

  test('clients that upload slowly hold no connection before their request is worth one', async () => {
    const venue = await startVenue();
    const gateway = await startGateway({ upstreamUrl: venue.url, upstream: { connections, maxWaiting: 0 } });
    for (let n = 0; n < 2 * connections; n += 1) {
      rawClient(gateway.port, 'POST /slow HTTP/1.1\r\nHost: g\r\nContent-Length: 1000\r\n\r\nslow');
    }
    await eventually(() => gateway.grants.length === 2 * connections);
    expect(await ask(gateway.port, get('/plain'))).toContain('200 OK');
    expect(venue.heads).toBe(1);
  });

  test('connections that the venue broke are made anew', async () => {
    let broken = 0;
    const url = await startRawVenue((socket) => {
      socket.on('data', () => {
        broken += 1;
        if (broken <= 2 * connections) socket.resetAndDestroy();
        else socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      });
    });
    const gateway = await startGateway({ upstreamUrl: url, upstream: { connections } });
    for (let n = 0; n < 2 * connections; n += 1)
      expect(await ask(gateway.port, get('/'))).toContain('upstream_unavailable');
    expect(await ask(gateway.port, get('/'))).toContain('200 OK');
  });

  test('destroying the pool fails what is under way and what waits', async () => {
    const venue = await startVenue(() => undefined);
    const upstream = createUpstream({
      address: venueAddress(venue.url),
      connections: 1,
      maxWaiting: 1,
      connectTimeoutMs: 5000,
    });
    const first = outcome();
    const second = outcome();
    upstream.send(plain, first.events);
    upstream.send(plain, second.events);
    await eventually(() => venue.heads === 1);
    await upstream.destroy();
    await expect(first.ended).resolves.toBe('unavailable');
    await expect(second.ended).resolves.toBe('unavailable');
    expect(upstream.send(plain, outcome().events)).toBe('closed');
  });
});
