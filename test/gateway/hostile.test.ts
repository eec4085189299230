// A credential ends while its requests are at every stage of their way to the venue, on a whole service over raw sockets: what had
// not left never leaves, what had left is cut and counted, and nobody else notices.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { type Service, startService } from '../support/harness.ts';
import { call, mainSession, onboard, registerSubkey, starkTrader, subkeySession } from '../support/trader.ts';

/** A venue whose answers the test gives. */
async function startVenue() {
  const arrived: { request: IncomingMessage; response: ServerResponse }[] = [];
  let notify = (): void => undefined;
  const server = createServer((request, response) => {
    arrived.push({ request, response });
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
    async has(count: number) {
      while (arrived.length < count) await new Promise<void>((resolve) => (notify = resolve));
    },
  };
}

interface Client {
  write(text: string): void;
  /** Resolves when `test` holds for all that came. */
  until(test: (text: string) => boolean): Promise<string>;
  /** All that came until the server closed. */
  closed(): Promise<string>;
}

function client(port: number, head: string): Client {
  const socket = connect({ host: '127.0.0.1', port });
  onTestFinished(() => void socket.destroy());
  let text = '';
  socket.setEncoding('latin1').on('error', () => undefined);
  socket.on('data', (chunk) => {
    text += chunk;
  });
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  socket.write(head);
  return {
    write: (more) => void socket.write(more),
    async until(test) {
      while (!test(text)) await once(socket, 'data');
      return text;
    },
    closed: () => closed.then(() => text),
  };
}

async function tradingWorld(settings: Record<string, string> = {}) {
  const venue = await startVenue();
  const service: Service = await startService({ upstream: venue.url, settings });
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
  const order = client(
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

test('an answer without end is cut by the revocation, which counts it as having left', async () => {
  const { venue, service, main, session, head, revoke } = await tradingWorld();
  const endless = client(service.port, head('GET /v1/fills', session));
  const others = client(service.port, head('GET /v1/fills', main));
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
  const first = client(service.port, head('GET /v1/balance', main));
  await venue.has(1);
  const orders = [1, 2, 3].map(() =>
    client(service.port, `${head('POST /v1/orders', session, 'Connection: close\r\nContent-Length: 2\r\n')}{}`),
  );
  // Each has passed the gate and waits, or is refused at the gate after the revocation: either way the venue hears of none.
  expect(await revoke()).toBe('0');
  for (const order of orders) expect(await order.closed()).toMatch(REFUSED);
  venue.arrived[0]?.response.end('the one');
  expect(await first.until((text) => text.includes('the one'))).toMatch(/^HTTP\/1\.1 200 /);
  const last = client(service.port, head('GET /v1/positions', main, 'Connection: close\r\n'));
  await venue.has(2);
  venue.arrived[1]?.response.end();
  await last.closed();
  expect(venue.arrived.map(({ request }) => request.url)).toEqual(['/v1/balance', '/v1/positions']);
});
