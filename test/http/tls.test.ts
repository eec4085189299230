// The public listener over TLS, with real handshakes: what it speaks, what it refuses, and that neither can hold it up.
import { once } from 'node:events';
import type { ClientRequestArgs, IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { connect as connectTcp, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { ConfigError } from '../../src/config/load.ts';
import { type Service, type ServiceOptions, startService } from '../support/harness.ts';
import { readAnswer, untilClosed } from '../support/raw-http.ts';
import { certFile, certificate, keyFile } from '../support/self-signed.ts';
import { call } from '../support/trader.ts';

const withTls = { 'tls.cert': certFile, 'tls.key': keyFile };
let service: Service;
beforeAll(async () => {
  service = await startService({ settings: withTls });
});
afterAll(() => service.stop());

async function get(path: string, options: ClientRequestArgs = {}) {
  const sent = request(`${service.url}${path}`, { ...options, ca: certificate, agent: false });
  sent.end();
  const [response]: [IncomingMessage] = (await once(sent, 'response')) as [IncomingMessage];
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

/** A handshake with our certificate as the only authority; rejects with the alert that the server sent. */
async function handshake(options: ConnectionOptions = {}, port = service.port): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, ca: certificate, ...options });
  await once(socket, 'secureConnect');
  // A server that stops resets what is still open: no failure of the test that has what it wanted.
  socket.on('error', () => undefined);
  return socket;
}

const codeOf = (promise: Promise<TLSSocket>): Promise<unknown> =>
  promise.then(
    (socket) => {
      socket.destroy();
      return 'accepted';
    },
    (error: NodeJS.ErrnoException) => error.code,
  );

describe('with tls.cert and tls.key', () => {
  test('the address that is printed is https with tls.cert, and answers as the certificate says', async () => {
    expect(service.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    expect(await get('/healthz')).toMatchObject({ status: 200, body: '{"status":"ok"}' });
  });

  test('the venue is told that its client came by https, whatever the client says', async () => {
    const answer = await get('/v1/markets', { headers: { 'X-Forwarded-Proto': 'http' } });
    expect(answer.status).toBe(200);
    expect(service.venue.requests().at(-1)?.headers['x-forwarded-proto']).toBe('https');
  });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('a client that speaks %s is served', async (version) => {
    const socket = await handshake({ minVersion: version, maxVersion: version });
    expect(socket.getProtocol()).toBe(version);
    socket.destroy();
  });

  test('TLS 1.1 is refused by the server, not by the client', async () => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    expect(await codeOf(handshake(old))).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
  });

  test('HTTP/1.1 is chosen where it is offered, and a client that offers only HTTP/2 is refused', async () => {
    const socket = await handshake({ ALPNProtocols: ['h2', 'http/1.1'] });
    expect(socket.alpnProtocol).toBe('http/1.1');
    socket.destroy();
    expect(await codeOf(handshake({ ALPNProtocols: ['h2'] }))).toBe('ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL');
  });

  test('a second TLS handshake on one connection is refused', async () => {
    const socket = await handshake({ maxVersion: 'TLSv1.2' });
    const outcome = await new Promise((resolve) => {
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
      socket.renegotiate({}, (error) => resolve(error === null ? 'renegotiated' : error));
    });
    socket.destroy();
    expect(outcome).toBe('ERR_SSL_NO_RENEGOTIATION');
  });

  // Kept, it would hold the server for longer than this test may take.
  test('a client that asks for a second TLS handshake keeps no connection', async () => {
    const other = await startService({ settings: { ...withTls, 'http.drain_timeout': '600' } });
    const socket = await handshake({ maxVersion: 'TLSv1.2' }, other.port);
    const refused = once(socket, 'error');
    socket.renegotiate({}, () => undefined);
    await refused;
    await other.stop();
  });

  test('bytes that are no HTTP are answered in our form over TLS', async () => {
    const socket = await handshake();
    socket.write('NONSENSE\r\n\r\n');
    const { status, body } = await readAnswer(socket);
    expect(status).toBe(400);
    expect(JSON.parse(body)).toMatchObject({ error: 'INVALID_REQUEST_PARAMETER', data: null });
    socket.destroy();
  });

  test('plain HTTP on the port of TLS gets no answer at all, and the server goes on', async () => {
    const socket = connectTcp(service.port, '127.0.0.1');
    socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const received: Buffer[] = [];
    socket.on('data', (chunk) => received.push(chunk));
    await untilClosed(socket);
    // At most a TLS alert record, never text.
    expect(Buffer.concat(received).toString('latin1')).not.toContain('HTTP/');
    expect((await get('/healthz')).status).toBe(200);
  });
});

/** A client that never begins its handshake. */
async function silentClient(port: number): Promise<Socket> {
  const socket = connectTcp(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

test('a client that never begins its TLS handshake does not keep the server from stopping', async () => {
  const other = await startService({ settings: { ...withTls, 'http.drain_timeout': '0' } });
  // Left to itself a server waits 10 s for a handshake. So long does this one stay, which came first, at a server that does not stop.
  const earlier = await silentClient(service.port);
  const silent = await silentClient(other.port);
  // A second connection that is served proves that the first was accepted before it.
  const served = await handshake({}, other.port);
  const closed = untilClosed(silent);
  await other.stop();
  await closed;
  expect(earlier.closed).toBe(false);
  served.destroy();
});

test('a client that never begins its TLS handshake is cut off when its time is over', async () => {
  const other = await startService({ settings: { ...withTls, 'http.request_timeout': '1' } });
  // By default it is 10 s.
  const earlier = await silentClient(service.port);
  await untilClosed(await silentClient(other.port));
  expect(earlier.closed).toBe(false);
  await other.stop();
});

describe('handshakes over time', () => {
  const limited = (more: Readonly<Record<string, string>> = {}, time?: ServiceOptions['time']) =>
    startService({
      settings: { ...withTls, 'rate_limit.enabled': 'true', 'handshakes/min': '3', ...more },
      ...(time === undefined ? {} : { time }),
    });
  /** What comes of a handshake from an address: one that is refused ends before the server has said a word. */
  async function outcome(port: number, localAddress = '127.0.0.1'): Promise<string> {
    const tcp = connectTcp({ host: '127.0.0.1', port, localAddress });
    onTestFinished(() => void tcp.destroy());
    const socket = connect({ socket: tcp, ca: certificate, servername: 'localhost' });
    socket.on('error', () => undefined);
    return Promise.race([
      once(socket, 'secureConnect').then(
        () => 'accepted',
        () => `refused after ${tcp.bytesRead} bytes`,
      ),
      untilClosed(tcp).then(() => `refused after ${tcp.bytesRead} bytes`),
    ]);
  }
  const REFUSED = 'refused after 0 bytes';

  test('an address that has begun too many TLS handshakes is closed before one costs anything, and others are served', async () => {
    let now = 0;
    const other = await limited({}, { wall: () => BigInt(Date.now()) * 1_000_000n, monotonic: () => now });
    onTestFinished(() => other.stop());
    // Whoever says nothing has begun one all the same.
    await silentClient(other.port);
    for (const expected of ['accepted', 'accepted', REFUSED, REFUSED]) expect(await outcome(other.port)).toBe(expected);
    expect(await outcome(other.port, '127.0.0.2')).toBe('accepted');
    const { text: page } = await call(other.operatorUrl, 'GET', '/metrics');
    expect(page).toMatch(/closed_unheard_total\{reason="too_many_handshakes"\} 2\n/);
    now += 20_000;
    for (const expected of ['accepted', REFUSED]) expect(await outcome(other.port)).toBe(expected);
  });

  test('a TLS handshake that resumes a session counts like any other', async () => {
    const other = await limited();
    onTestFinished(() => other.stop());
    const first = await handshake({ maxVersion: 'TLSv1.2' }, other.port);
    const session = first.getSession();
    expect(session).toBeDefined();
    for (let i = 0; i < 2; i += 1) {
      const again = await handshake({ maxVersion: 'TLSv1.2', ...(session && { session }) }, other.port);
      expect(again.isSessionReused()).toBe(true);
      again.destroy();
    }
    first.destroy();
    expect(await outcome(other.port)).toBe(REFUSED);
  });

  test('TLS handshakes of trusted proxies are not counted', async () => {
    const other = await limited({ 'proxy.trusted': '127.0.0.2' });
    onTestFinished(() => other.stop());
    for (let i = 0; i < 5; i += 1) expect(await outcome(other.port, '127.0.0.2')).toBe('accepted');
  });
});

test('over TLS the connection that is longest without a request makes room, whoever has said nothing, and none at work does', async () => {
  const other = await startService({ settings: { ...withTls, 'http.max_connections': '3' } });
  onTestFinished(() => other.stop());
  const working = await handshake({}, other.port);
  const begun = 'POST /v1/auth HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n';
  const silent = await silentClient(other.port);
  const idle = await handshake({}, other.port);
  // Accepted last, and yet it has something to do.
  working.write(begun);
  await once(working, 'data');
  for (const next of [silent, idle]) {
    const newcomer = await handshake({}, other.port);
    await untilClosed(next);
    newcomer.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    expect((await readAnswer(newcomer)).status).toBe(200);
  }
  expect(working.closed).toBe(false);
  working.write('{}');
  expect((await readAnswer(working)).status).toBe(400);
});

test('TLS files that cannot be used stop the start as a wrong setting', async () => {
  const starting = startService({ settings: { 'tls.cert': keyFile, 'tls.key': keyFile } });
  await expect(starting).rejects.toThrow(ConfigError);
});
