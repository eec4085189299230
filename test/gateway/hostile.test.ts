// A credential ends while its requests are at every stage of their way to the venue, on a whole service over raw sockets: what had
// not left never leaves, what had left is cut and counted, and nobody else notices.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ask, eventually, get, rawClient, settled, startGateway, startRawVenue } from '../support/forward-harness.ts';
import { type Service, startService, unsignedOrders } from '../support/harness.ts';
import { call, mainSession, onboard, registerSubkey, starkTrader, subkeySession } from '../support/trader.ts';

/** A venue whose answers the test gives. */
async function startVenue() {
  const arrived: { request: IncomingMessage; response: ServerResponse }[] = [];
  let bytes = 0;
  let notify = (): void => undefined;
  const server = createServer((request, response) => {
    arrived.push({ request, response });
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    request.on('error', () => undefined);
    notify();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = address === null || typeof address === 'string' ? 0 : address.port;
  return {
    url: `http://127.0.0.1:${port}`,
    arrived,
    /** Of request bodies, all together. */
    bytes: () => bytes,
    async has(count: number) {
      while (arrived.length < count) await new Promise<void>((resolve) => (notify = resolve));
    },
  };
}

async function tradingWorld(settings: Record<string, string> = {}) {
  const venue = await startVenue();
  const service: Service = await startService({ upstream: venue.url, settings: { ...unsignedOrders, ...settings } });
  onTestFinished(() => service.stop());
  const owner = starkTrader();
  await onboard(service.url, owner);
  const main = await mainSession(service.url, owner);
  const subkey = await registerSubkey(service.url, owner, main);
  const session = await subkeySession(service.url, owner.account, subkey);
  const head = (line: string, bearer: string, more = '') =>
    `${line} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${bearer}\r\n${more}\r\n`;
  /** Revokes the subkey and tells how many of its exchanges the receipt counts as having left. */
  const revoke = async (): Promise<string | undefined> => {
    const path = `/v1/account/keys/subkeys/${subkey.publicKey}`;
    const answer = await call(service.url, 'DELETE', path, { bearer: main });
    expect(answer.status).toBe(200);
    return /in_flight=(\d+)/.exec(answer.headers.get('Countersign-Revocation') ?? '')?.[1];
  };
  return { venue, service, main, session, head, revoke };
}

const REFUSED = /^HTTP\/1\.1 401 [\s\S]*"UNAUTHORIZED_ERROR"/;

test('an order whose body is still arriving when its subkey is revoked never reaches the venue', async () => {
  const { venue, service, session, head, revoke } = await tradingWorld();
  const order = rawClient(
    service.port,
    head('POST /v1/orders', session, 'Expect: 100-continue\r\nContent-Length: 20\r\n'),
  );
  // Sent in the turn in which the order is decided.
  await order.until((text) => text.includes('100 Continue'));
  order.write('{"market":');
  expect(await revoke()).toBe('0');
  order.write('"BTC"}    ');
  expect((await order.closed()).replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '')).toMatch(REFUSED);
  expect(venue.arrived).toEqual([]);
});

test('an answer without end is cut by the revocation, which counts its request as having left', async () => {
  const { venue, service, main, session, head, revoke } = await tradingWorld();
  const endless = rawClient(service.port, head('GET /v1/fills', session));
  const others = rawClient(service.port, head('GET /v1/fills', main));
  await venue.has(2);
  for (const { response } of venue.arrived) response.write('more ');
  await endless.until((text) => text.includes('more'));
  await others.until((text) => text.includes('more'));
  expect(await revoke()).toBe('1');
  const text = await endless.closed();
  // The last chunk of a whole answer is missing: nobody can take this one for complete.
  expect([text.includes('more'), text.endsWith('0\r\n\r\n')]).toEqual([true, false]);
  for (const { response } of venue.arrived) if (!response.destroyed) response.end('and done');
  expect(await others.until((text) => text.endsWith('0\r\n\r\n'))).toContain('and done');
});

test('requests that wait for a connection when their subkey is revoked never reach the venue', async () => {
  const { venue, service, main, session, head, revoke } = await tradingWorld({ 'upstream.connections': '1' });
  const first = rawClient(service.port, head('GET /v1/balance', main));
  await venue.has(1);
  const orders = [1, 2, 3].map(() =>
    rawClient(service.port, `${head('POST /v1/orders', session, 'Connection: close\r\nContent-Length: 2\r\n')}{}`),
  );
  // Each has passed the gate and waits, or is refused at the gate after the revocation: either way the venue hears of none.
  expect(await revoke()).toBe('0');
  for (const order of orders) expect(await order.closed()).toMatch(REFUSED);
  venue.arrived[0]?.response.end('the one');
  expect(await first.until((text) => text.includes('the one'))).toMatch(/^HTTP\/1\.1 200 /);
  const last = rawClient(service.port, head('GET /v1/positions', main, 'Connection: close\r\n'));
  await venue.has(2);
  venue.arrived[1]?.response.end();
  await last.closed();
  expect(venue.arrived.map(({ request }) => request.url)).toEqual(['/v1/balance', '/v1/positions']);
});

test('a revocation counts and cuts those requests of a subkey whose head had left, and not a byte follows of any other', async () => {
  const { venue, service, main, session, head, revoke } = await tradingWorld({
    'upstream.connections': '16',
    // A quarter is what is collected of one client.
    'upstream.memory': String(2 * 4 * 256 * 1024),
  });
  const at = (path: string) => venue.arrived.find(({ request }) => request.url === path)?.response;
  const chunk = (bytes: number) => `${bytes.toString(16)}\r\n${'x'.repeat(bytes)}\r\n`;

  const answered = rawClient(service.port, head('GET /v1/account', session));
  await venue.has(1);
  at('/v1/account')?.end('all of it');
  await answered.until((text) => text.endsWith('all of it') || text.endsWith('0\r\n\r\n'));
  const arriving = rawClient(
    service.port,
    head('POST /v1/orders', session, 'Expect: 100-continue\r\nContent-Length: 20\r\n'),
  );
  await arriving.until((text) => text.includes('100 Continue'));
  arriving.write('{"market":');
  // Longer than what is collected before it is sent.
  const streamed = rawClient(
    service.port,
    head('POST /v1/orders/batch', session, 'Transfer-Encoding: chunked\r\n') + chunk(300_000),
  );
  await eventually(() => venue.bytes() === 300_000);
  const slow = rawClient(service.port, head('GET /v1/balance', session));
  const endless = rawClient(service.port, head('GET /v1/fills', session));
  const unread = rawClient(service.port, head('GET /v1/transactions', session));
  const another = rawClient(service.port, head('GET /v1/positions', main));
  const bystander = rawClient(service.port, head('GET /v1/funding/payments', main));
  await venue.has(7);
  unread.socket.pause();
  const pump = (response: ServerResponse | undefined) => {
    while (response?.destroyed === false && response.write('more '.repeat(10_000)));
  };
  const full = at('/v1/transactions');
  full?.on('drain', () => pump(full));
  pump(full);
  await settled(() => Number(full?.writableLength));
  at('/v1/fills')?.write('more ');
  await endless.until((text) => text.includes('more'));
  // The quarter of the connections that one credential may have is taken.
  const waiting = [1, 2].map(() => rawClient(service.port, head('GET /v1/account/info', session)));
  expect(await settled(() => venue.arrived.length)).toBe(7);

  const closed: string[] = [];
  for (const { request, response } of venue.arrived) response.on('close', () => closed.push(request.url ?? ''));
  expect(await revoke()).toBe('4');
  arriving.write('"BTC"}    ');
  streamed.write(chunk(100_000));
  unread.socket.resume();
  for (const one of [arriving, streamed, slow, ...waiting]) {
    const text = await one.until((text) => text.includes('"UNAUTHORIZED_ERROR"'));
    expect(text.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '')).toMatch(REFUSED);
  }
  for (const one of [endless, unread]) expect((await one.closed()).endsWith('0\r\n\r\n')).toBe(false);
  await eventually(() => closed.length === 4);
  expect(closed.sort()).toEqual(['/v1/balance', '/v1/fills', '/v1/orders/batch', '/v1/transactions']);
  expect(await settled(() => venue.arrived.length)).toBe(7);
  expect(venue.bytes()).toBe(300_000);

  // Nobody else noticed, and no connection is lost to them.
  for (const [one, path] of [
    [another, '/v1/positions'],
    [bystander, '/v1/funding/payments'],
  ] as const) {
    at(path)?.end('whole');
    expect(await one.until((text) => text.includes('whole'))).toMatch(/^HTTP\/1\.1 200 /);
  }
  for (let n = 0; n < 4; n += 1) {
    rawClient(service.port, head('GET /v1/balance', main));
    rawClient(service.port, 'GET /v1/markets HTTP/1.1\r\nHost: g\r\n\r\n');
  }
  await venue.has(15);
});

describe('a venue whose answer never gets anywhere', () => {
  /** Writes the same again and again until the connection ends, as fast as it is read. */
  const endless = (first: string, again: string) =>
    startRawVenue((socket) => {
      socket.once('data', () => {
        socket.write(first);
        const pump = (): void => {
          while (!socket.destroyed && socket.write(again));
        };
        socket.on('drain', pump);
        pump();
      });
    });

  test.each([
    ['whose head has no end', 'HTTP/1.1 200 OK\r\n', 'X-Header: 12345678\r\n'],
    ['with a header that has no end', 'HTTP/1.1 200 OK\r\nX-Header: ', 'x'.repeat(1_000)],
  ])('the client of a venue %s gets 503', async (_what, first, again) => {
    const gateway = await startGateway({ upstreamUrl: await endless(first, again) });
    expect(await ask(gateway.port, get('/'))).toContain('X-Refused: upstream_unavailable');
    await expect(gateway.outcome(0)).resolves.toMatchObject({ kind: 'refused', refusal: 'upstream_unavailable' });
    expect(gateway.upstream.stats().busy).toBe(0);
  });

  test.each([
    ['interim answers', 'HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(10)],
    ['a reason phrase', 'HTTP/1.1 200 ', 'OK'.repeat(500)],
  ])(
    'the client of a venue that answers with %s that have no end gets 503 when the time is up',
    async (_what, first, again) => {
      const upstreamUrl = await endless(first, again);
      const gateway = await startGateway({ upstreamUrl, forward: { deadlineMs: 200 } });
      expect(await ask(gateway.port, get('/'))).toContain('X-Refused: upstream_');
    },
  );

  test.each([
    ['trailers', '0\r\n', 'X-Trailer: 12345678\r\n'],
    ['chunk extensions', '1;', 'x=12345678;'.repeat(10)],
  ])('an answer with %s that have no end is broken, and not taken for whole', async (_what, first, again) => {
    const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n';
    const upstreamUrl = await endless(head + first, again);
    const gateway = await startGateway({ upstreamUrl, forward: { idleMs: 200 } });
    const text = await ask(gateway.port, get('/'));
    expect([text.includes('part'), text.endsWith('0\r\n\r\n')]).toEqual([true, false]);
    const { kind } = await gateway.outcome(0);
    expect(['truncated', 'stalled']).toContain(kind);
  });
});
