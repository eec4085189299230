// Thousands of connections of an attacker against a real server: half-right requests, changed byte by byte, in pieces, cut off, or
// left open. Whatever it answers, it never dies, its memory stays under a bound that is printed, and the venue hears of nothing but
// requests that are in order. What is sent follows from a seed, which is printed; BARRAGE_SEED repeats one.
import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, afterEach, expect, onTestFinished, test } from 'vitest';
import { homeIn, type Server, startServer } from '../support/server-process.ts';
import { endEverythingStarted } from '../support/start-project.ts';
import { removeFolders, temporaryFolder } from '../support/temporary-folder.ts';
import { call, createToken, mainSession, onboard, starkTrader } from '../support/trader.ts';

const CONNECTIONS = 1_500;
const AT_ONCE = 32;
const MAX_RSS_MIB = 400;

afterEach(endEverythingStarted);
afterAll(removeFolders);

const lines = [
  'GET /v1/markets',
  'GET /v1/balance',
  'GET /v1/account/tokens',
  'GET /countersign/v1/self',
  'GET /v1/account/tokens?limit=1&cursor=x&__proto__=1',
  'GET /v1/%2e%2e/x',
  'POST /v1/auth',
  'POST /v2/auth',
  'POST /v1/onboarding',
  'POST /v1/orders',
  'POST /v1/orders/batch',
  'POST /v1/account/tokens',
  'POST /v1/account/keys/subkeys/activate',
  'POST /countersign/v1/leaked',
  'DELETE /v1/orders',
  'OPTIONS *',
  'CONNECT a:1',
  'GET http://a/v1/markets',
];
const bodies = [
  '',
  '{}',
  '[]',
  '{"token":"eyJ.e30."}',
  '{"__proto__":1}',
  '['.repeat(3_000),
  '{"public_key":"0x1","account_id":"0x1","timestamp":1,"signature":["1","2"]}',
  '{"market":"BTC","size":"1","price":"1","side":"BUY","type":"LIMIT","signature":"[\\"1\\",\\"2\\"]","signature_timestamp":1}',
  '\xff\xfe{',
  'x'.repeat(70_000),
];
const headers = [
  'Content-Length: 5',
  'Content-Length: -1',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: gzip, chunked',
  'Expect: 100-continue',
  'Connection: close',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Countersign-Account: 0x1',
  'X-Forwarded-For: ::1',
  'PARADEX-STARKNET-ACCOUNT: 0x1',
  'PARADEX-STARKNET-SIGNATURE: ["1","2"]',
  'PARADEX-TIMESTAMP: 1',
  'PARADEX-SIGNATURE-EXPIRATION: 99999999999',
  'PARADEX-SIWE-MESSAGE: eHh4',
  'Host: y',
  'Origin: null',
  `X-Long: ${'y'.repeat(9_000)}`,
];

test('a server under a barrage of broken requests never dies, nor fills its memory, nor tells the venue nonsense', async () => {
  const seed = Number(process.env.BARRAGE_SEED ?? randomInt(2 ** 32));
  process.stdout.write(`barrage: seed ${seed}\n`);
  const random = randomFrom(seed);
  const venue = await startVenue();
  const home = homeIn(temporaryFolder('barrage'));
  const server = await startServer(home, ['--upstream', venue.url, '--log.level=error', '--http.request_timeout=2']);
  const port = Number(new URL(server.url).port);
  const owner = starkTrader();
  await onboard(server.url, owner);
  const session = await mainSession(server.url, owner);
  const { token } = await createToken(server.url, session);
  const before = rssMib(server);

  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] ?? unreachable();
  const bearer = () => `Authorization: Bearer ${pick([session, token, `${session}x`, session.slice(0, -3), 'x'])}`;

  function request(): string {
    const body = pick(bodies);
    const some = Array.from({ length: Math.floor(random() * 4) }, () => pick(headers));
    const head = [`${pick(lines)} HTTP/1.1`, 'Host: x', ...some, ...(random() < 0.6 ? [bearer()] : [])];
    if (random() < 0.6) head.push(`Content-Length: ${body.length}`);
    return `${head.join('\r\n')}\r\n\r\n${body}`;
  }

  /** Half of them with a few bytes changed, dropped, doubled, or exchanged for one that means something. */
  function mangled(text: string): string {
    if (random() < 0.5) return text;
    let result = text;
    for (let i = Math.floor(random() * 4); i > 0; i -= 1) {
      const at = Math.floor(random() * Math.min(result.length, 400));
      const insert = pick([
        '',
        '\r',
        '\n',
        '\r\n',
        '\0',
        ' ',
        ':',
        '\x80',
        '%',
        '/',
        '..',
        '0',
        ';',
        result.slice(at, at + 20),
      ]);
      result = result.slice(0, at) + insert + result.slice(at + Math.floor(random() * 3));
    }
    return result;
  }

  const statuses = new Map<string, number>();
  async function attack(): Promise<void> {
    const socket = connect({ host: '127.0.0.1', port });
    const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
    socket.on('error', () => undefined).setEncoding('latin1');
    socket.on('data', (text: string) => {
      for (const [status] of text.matchAll(/(?<=HTTP\/1\.1 )\d{3}/g))
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
    });
    const text = Array.from({ length: 1 + Math.floor(random() * 3) }, () => mangled(request())).join('');
    const cut = random() < 0.3 ? Math.floor(random() * text.length) : text.length;
    socket.write(text.slice(0, cut), 'latin1');
    const how = random();
    if (how < 0.2) socket.resetAndDestroy();
    else if (how < 0.4) socket.write(text.slice(cut), 'latin1', () => socket.destroy());
    else socket.end(text.slice(cut), 'latin1');
    await closed;
  }

  let left = CONNECTIONS;
  /** Of what an attacker sends next to nothing is in order: that the server goes on serving is asked by somebody else. */
  async function askMeanwhile(): Promise<void> {
    do expect((await call(server.url, 'GET', '/v1/balance', { bearer: session })).status).toBe(200);
    while (left > 0);
  }
  await Promise.all([
    askMeanwhile(),
    ...Array.from({ length: AT_ONCE }, async () => {
      for (; left > 0; left -= 1) await attack();
    }),
  ]);

  const died = await Promise.race([server.ended, new Promise((resolve) => setImmediate(resolve))]);
  expect(died, `${server.stdout()}\n${server.stderr()}`).toBeUndefined();
  const counts = [...statuses].sort().map(([status, count]) => `${count} x ${status}`);
  const after = rssMib(server);
  process.stdout.write(
    `barrage: ${CONNECTIONS} connections, ${counts.join(', ')}; ${venue.seen.length} requests reached the venue; RSS ${before} -> ${after} MiB, bound ${MAX_RSS_MIB}\n`,
  );
  expect(after).toBeLessThan(MAX_RSS_MIB);
  // It refused, and nothing surprised it.
  expect([...statuses.keys()]).toEqual(expect.arrayContaining(['400', '401', '404']));
  expect(statuses.get('500')).toBeUndefined();
  for (const { method, url, rawHeaders } of venue.seen) {
    expect(`${method} ${url}`).toMatch(/^(GET|POST|PUT|DELETE) (\/[A-Za-z0-9\-._~:@,]+)+(\?[\x21-\x7e]*)?$/);
    const ours = rawHeaders.filter((name, i) => i % 2 === 0 && /^countersign-account$/i.test(name));
    expect(ours).toEqual(['Countersign-Account']);
  }
  expect((await call(server.url, 'GET', '/healthz')).status).toBe(200);
  expect((await call(server.url, 'GET', '/v1/balance', { bearer: session })).status).toBe(200);
  server.signal('SIGTERM');
  expect(await server.ended).toEqual({ code: 0, signal: null });
  expect(server.stderr()).toBe('');
  expect(server.stdout()).not.toMatch(/"level":(50|60)/);
});

function rssMib({ pid }: Server): number {
  const file = `/proc/${pid}/status`;
  const kib = existsSync(file)
    ? /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(file, 'utf8'))?.[1]
    : execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' });
  return Math.round(Number(kib) / 1024);
}

async function startVenue() {
  const seen: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    seen.push(request);
    request.resume().on('error', () => undefined);
    response.end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

function unreachable(): never {
  throw new Error('an empty list');
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
