// A server that is told to stop: every request it has taken is answered whole, nothing is begun that could not be answered, and
// nobody who asks for nothing keeps it waiting. With these settings whoever waited in vain would outlast the test.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { eventually, rawClient, settled, startVenue } from '../support/forward-harness.ts';
import { type Service, startService } from '../support/harness.ts';
import { untilClosed } from '../support/raw-http.ts';
import { certFile, certificate, keyFile } from '../support/self-signed.ts';
import { mainSession, onboard, starkTrader } from '../support/trader.ts';

const PATIENT = { 'http.drain_timeout': '600', 'http.keep_alive_timeout': '600', 'http.request_timeout': '600' };
const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;

async function start(options: { upstream?: string; settings?: Record<string, string> } = {}): Promise<Service> {
  const service = await startService({ ...options, settings: { ...PATIENT, ...options.settings } });
  onTestFinished(() => service.stop());
  return service;
}

/** A venue that answers when it is told to. */
async function startHeldVenue() {
  const answers = new Map<string, () => void>();
  const venue = await startVenue((request, response) => {
    answers.set(request.url ?? '', () => response.end(request.url));
  });
  return { url: venue.url, answers };
}

const statuses = (received: string): string[] => received.match(/HTTP\/1\.1 \d+/g) ?? [];
const closes = (received: string): string[] => received.match(/^connection: \S+/gim) ?? [];

test('requests that wait behind one another on one connection are all answered at a stop, and one that comes after it is not begun', async () => {
  const venue = await startHeldVenue();
  const service = await start({ upstream: venue.url });
  const client = rawClient(service.port, get('/v1/markets?n=1') + get('/v1/markets?n=2') + get('/v1/markets?n=3'));
  await eventually(() => venue.answers.size === 3);
  const stopped = service.stop();
  client.write(get('/v1/markets?n=4'));
  expect(await settled(() => venue.answers.size)).toBe(3);
  for (const answer of [...venue.answers.values()].reverse()) answer();
  const received = await client.closed();
  await stopped;
  expect(statuses(received)).toEqual(Array(3).fill('HTTP/1.1 200'));
  expect(received.match(/\?n=\d/g)).toEqual(['?n=1', '?n=2', '?n=3']);
  expect(closes(received)).toEqual(['Connection: keep-alive', 'Connection: keep-alive', 'Connection: close']);
});

test('a request behind an answer whose head had left is answered at a stop, and closes the connection', async () => {
  const venue = await startVenue((request, response) => {
    response.write(`${request.url} `);
    finish.push(() => response.end('end'));
  });
  const finish: (() => void)[] = [];
  const service = await start({ upstream: venue.url });
  const client = rawClient(service.port, get('/v1/markets?n=1'));
  await client.until((text) => text.includes('?n=1'));
  const stopped = service.stop();
  client.write(get('/v1/markets?n=2'));
  await eventually(() => finish.length === 2);
  for (const end of finish) end();
  const received = await client.closed();
  await stopped;
  expect(statuses(received)).toEqual(Array(2).fill('HTTP/1.1 200'));
  expect(received).toMatch(/\?n=2 \r\n3\r\nend\r\n0\r\n\r\n$/);
});

test('answers that their client has not read yet are not cut by a stop', async () => {
  const service = await start();
  const whole = await (await fetch(`${service.url}/openapi.json`)).text();
  // More than the buffers of two sockets hold.
  const COUNT = 100;
  const slow = connect({ host: '127.0.0.1', port: service.port }).pause();
  onTestFinished(() => void slow.destroy());
  slow.write(get('/openapi.json').repeat(COUNT));
  await settled(() => slow.bytesWritten);
  let stopped = false;
  const stopping = service.stop().then(() => {
    stopped = true;
  });
  await settled(() => Number(stopped));
  expect(stopped).toBe(false);
  const chunks: string[] = [];
  slow.setEncoding('utf8').on('data', (text: string) => void chunks.push(text));
  slow.resume();
  await untilClosed(slow);
  await stopping;
  const received = chunks.join('');
  const heads = received.split(whole);
  // Nothing but whole answers, and the last of them ends what came.
  expect(heads.pop()).toBe('');
  expect(heads.length).toBe(statuses(heads.join('')).length);
  expect(Buffer.byteLength(received)).toBeGreaterThan(4_000_000);
});

test('a request whose head had begun to arrive is answered at a stop', async () => {
  const service = await start();
  const client = rawClient(service.port, 'GET /healthz HTTP/1.1\r\nHo');
  const idle = rawClient(service.port, get('/healthz'));
  await idle.until((text) => text.endsWith('{"status":"ok"}'));
  const stopped = service.stop();
  await idle.closed();
  client.write('st: x\r\n\r\n');
  const received = await client.closed();
  await stopped;
  expect(received).toMatch(/^HTTP\/1\.1 200 .*\r\nConnection: close\r\n.*\{"status":"ok"\}$/s);
});

test('a connection that waits for its next request is closed at once by a stop, though another is still served', async () => {
  const venue = await startHeldVenue();
  const service = await start({ upstream: venue.url });
  const idle = rawClient(service.port, get('/healthz'));
  await idle.until((text) => text.endsWith('{"status":"ok"}'));
  const served = rawClient(service.port, get('/v1/markets'));
  await eventually(() => venue.answers.size === 1);
  const stopped = service.stop();
  await idle.closed();
  expect(served.received).toBe('');
  venue.answers.get('/v1/markets')?.();
  expect(await served.closed()).toMatch(/^HTTP\/1\.1 200 /);
  await stopped;
});

test.each(['before its handshake', 'after its handshake'])(
  'a TLS client that is silent %s does not hold a stop up',
  async (when) => {
    const service = await start({ settings: { 'tls.cert': certFile, 'tls.key': keyFile } });
    const silent: Socket =
      when === 'before its handshake'
        ? connect({ host: '127.0.0.1', port: service.port })
        : connectTls({ host: '127.0.0.1', port: service.port, ca: certificate });
    silent.on('error', () => undefined);
    onTestFinished(() => void silent.destroy());
    await once(silent, when === 'before its handshake' ? 'connect' : 'secureConnect');
    // Connected later and served: the first has been accepted, and its handshake read.
    const other = connectTls({ host: '127.0.0.1', port: service.port, ca: certificate });
    other.on('error', () => undefined);
    other.write(get('/healthz'));
    await once(other, 'data');
    const closed = untilClosed(silent);
    await service.stop();
    await closed;
  },
);

test('when the time of a stop is over, whoever waits for the venue is told that the request may have been executed, and a begun answer is cut', async () => {
  const heard: string[] = [];
  const venue = await startVenue((request, response) => {
    heard.push(request.method ?? '');
    if (request.url === '/v1/markets') response.write('begun');
  });
  const service = await start({ upstream: venue.url, settings: { 'http.drain_timeout': '1' } });
  const owner = starkTrader();
  await onboard(service.url, owner);
  const bearer = await mainSession(service.url, owner);
  const cancel = `DELETE /v1/orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${bearer}\r\n\r\n`;
  const [waiting, begun] = [rawClient(service.port, cancel), rawClient(service.port, get('/v1/markets'))];
  await eventually(() => heard.length === 2);
  await begun.until((text) => text.includes('begun'));
  await service.stop();
  const told = await waiting.closed();
  expect(told).toMatch(/^HTTP\/1\.1 503 .*"data":\{"sent":true\}\}$/s);
  expect(told).toMatch(/may have been executed: look it up before you send it again/);
  expect(told).not.toMatch(/retry-after/i);
  expect(await begun.closed()).toMatch(/begun\r\n$/);
});
