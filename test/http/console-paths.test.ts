// Whoever shares the origin of the console, or stands between it and a browser: other spellings of its paths, parts of its files, and answers
// that are kept. Nothing of the venue comes under a path of the console, and nothing of the console without its policy.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { builtConsole, builtFiles, fetchExactly } from '../support/built-console.ts';
import { type Service, startService } from '../support/harness.ts';
import { sendRaw } from '../support/raw-http.ts';

/** Reproducible: mulberry32. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const OF_THE_VENUE = '<title>of the venue</title>';
const ASSET = '/console/assets/index-AbCd1234.js';

let venue: Server;
let asked: string[] = [];
let service: Service;
beforeAll(async () => {
  venue = createServer(({ url = '' }, response) => {
    asked.push(url);
    response.writeHead(200, { 'Content-Type': 'text/html' }).end(OF_THE_VENUE);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => venue.once('listening', resolve));
  const upstream = `http://127.0.0.1:${(venue.address() as AddressInfo).port}`;
  service = await startService({
    upstream,
    consoleFolder: builtConsole(),
    settings: { 'rate_limit.enabled': 'false' },
  });
});
afterAll(async () => {
  await service.stop();
  venue.close();
});

const send = (target: string, more = '') =>
  sendRaw(
    service.port,
    `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1:${service.port}\r\n${more}Connection: close\r\n\r\n`,
  );

/** What every answer is, whatever was asked: told by what came back. */
async function looksRight(target: string): Promise<'venue' | 'console' | 'refused'> {
  asked = [];
  const { status, headers, body } = await send(target);
  const policy = headers.get('content-security-policy') ?? '';
  expect([target, headers.get('x-content-type-options'), headers.get('set-cookie')]).toEqual([
    target,
    'nosniff',
    undefined,
  ]);
  if (asked.length > 0) {
    // A path of the table, whatever its query, and sandboxed.
    expect([target, policy, asked.length]).toEqual([target, "sandbox; default-src 'none'", 1]);
    for (const path of [target, ...asked]) expect(path.replace(/[?#].*/, '')).toMatch(/^\/v1\/markets\/?$/);
    return 'venue';
  }
  expect(body).not.toContain(OF_THE_VENUE);
  if (status !== 200 || !/^(?:http:\/\/[^/]*)?\/console/.test(target)) {
    expect(body).not.toContain('<title>Countersign</title>');
    return 'refused';
  }
  const isDocument = headers.get('content-type') === 'text/html; charset=utf-8';
  expect([target, policy.startsWith("default-src 'none'; script-src 'self';")]).toEqual([target, true]);
  expect([target, headers.get('x-frame-options')]).toEqual([target, 'DENY']);
  if (isDocument) {
    expect([target, headers.get('cache-control'), headers.get('cross-origin-opener-policy')]).toEqual([
      target,
      'no-store',
      'same-origin',
    ]);
    expect(policy).toContain("require-trusted-types-for 'script'; trusted-types countersign-worker");
  }
  return 'console';
}

test.each([
  '/console/../v1/markets',
  '/console/./../v1/markets',
  '/console/%2e%2e/v1/markets',
  '/console/%2E%2E/%2e%2e/v1/markets',
  '/console%2f..%2fv1%2fmarkets',
  '/console/..%2fv1/markets',
  '/console/..\\v1\\markets',
  '/console/..;/v1/markets',
  '/console;/../v1/markets',
  '//console/../v1/markets',
  '/console//../v1/markets',
  '/v1/markets/../../console',
  '/v1/%2e%2e/console',
  '/v1/..;/console',
  '//console',
  '///console',
  '/.//console',
  '/%63onsole',
  '/conso%6ce',
  '/Console',
  '/CONSOLE/keys',
  '/console%00',
  '/console%20',
  '/console%0d%0aX-Frame-Options:%20ALLOWALL',
  '/console\u2044keys',
  '/console/assets/..%5cindex.html',
  '/console/assets/%2e%2e%2fbuilt.json',
  '/console/assets/....//built.json',
  '/console/assets/%252e%252e%252fbuilt.json',
  '/console/assets/index-AbCd1234.js%00.css',
  '/console/assets/index-AbCd1234.js/',
  '/console/assets/__proto__',
  '/console/assets/constructor',
  '/console/toString.js',
  'http://127.0.0.1/console/../v1/markets',
  'http://evil.example/../console',
  'console',
  '*',
])(
  'another spelling, %j, brings neither the venue under the console nor a document of ours without its policy',
  async (target) => {
    expect(await looksRight(Buffer.from(target).toString('latin1'))).not.toBe('venue');
  },
);

test('of 1,500 paths put together at random none brings the venue under the console, nor a page of ours without its policy', async () => {
  const random = seededRandom(11);
  const one = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const parts = [
    'v1/markets',
    'v1/markets',
    'console',
    'console',
    'v1',
    'markets',
    'assets',
    'keys',
    'index.html',
    'index-AbCd1234.js',
    'theme.js',
  ];
  const dots = ['.', '..', '%2e', '%2e%2e', '.%2e', '', ';', '..;', '%2f', '%5c', '%00', '\\', '?', '#', '%'];
  const seen = { venue: 0, console: 0, refused: 0 };
  const target = () => {
    const length = 1 + Math.floor(random() * 5);
    return Array.from({ length }, () => `/${random() < 0.65 ? one(parts) : one(dots)}`).join('');
  };
  for (let round = 0; round < 1500; round += 1) seen[await looksRight(target())] += 1;
  expect(seen.venue).toBeGreaterThan(5);
  expect(seen.console).toBeGreaterThan(50);
  expect(seen.refused).toBeGreaterThan(500);
}, 120_000);

test.each([
  { Range: 'bytes=0-9' },
  { Range: 'bytes=-1', 'If-Range': 'x' },
  { 'If-None-Match': '*' },
  { 'If-None-Match': '"x"', 'If-Modified-Since': 'Fri, 31 Dec 2100 00:00:00 GMT' },
  { 'If-Match': '"x"' },
  { 'If-Unmodified-Since': 'Mon, 01 Jan 1990 00:00:00 GMT' },
  { 'Cache-Control': 'only-if-cached', Pragma: 'x' },
  { 'X-HTTP-Method-Override': 'DELETE', 'X-Original-URL': '/v1/markets', 'X-Rewrite-URL': '/v1/markets' },
  { Accept: 'application/json' },
  { Accept: 'image/webp', 'Sec-Fetch-Dest': 'iframe' },
  { Origin: 'https://evil.example', Referer: 'https://evil.example/' },
  { 'Accept-Language': '../../../etc/passwd' },
] as readonly Record<string, string>[])(
  'a document and a file of the console are whole, with their policy, whatever a request says beside the path: %j',
  async (headers) => {
    for (const [path, name] of [
      ['/console/keys', 'index.html'],
      [ASSET, 'assets/index-AbCd1234.js'],
    ] as const) {
      const answer = await fetchExactly(service.port, path, { headers });
      expect([answer.status, answer.body.toString()]).toEqual([200, builtFiles[name]]);
      expect(answer.headers['content-security-policy']).toContain("default-src 'none'; script-src 'self';");
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
      expect(answer.headers['accept-ranges']).toBeUndefined();
    }
  },
);

test('the document is kept by no cache between, in no form, and nothing in it is of whoever asked', async () => {
  const first = await fetchExactly(service.port, '/console', { headers: { 'Accept-Encoding': 'identity' } });
  const other = await fetchExactly(service.port, '/console/activity?key=subkey:1', {
    headers: {
      'Accept-Encoding': 'identity',
      Authorization: 'Bearer a.b.c',
      Cookie: 'session=1',
      'X-Forwarded-Host': 'evil.example',
      'X-Forwarded-Prefix': '/evil',
    },
  });
  expect(other.body).toEqual(first.body);
  for (const { headers } of [first, other]) {
    expect(headers['cache-control']).toBe('no-store');
    expect([headers.etag, headers['last-modified'], headers.expires, headers.age]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  }
});

test.each([
  ['', undefined],
  ['*', undefined],
  ['identity;q=0', undefined],
  ['br;q=0.000, gzip;q=0', undefined],
  ['BR', 'br'],
  ['br;q=0.001', 'br'],
  [' gzip ; q=1', 'gzip'],
  ['gzip, br;q=banana', 'br'],
  ['brotli, x-gzip, compress', undefined],
  [`${'x,'.repeat(2000)}gzip`, 'gzip'],
])('Accept-Encoding %j is answered with a form that it names, and the length that has', async (accepted, coding) => {
  for (const path of ['/console', ASSET]) {
    const { status, headers, body } = await fetchExactly(service.port, path, {
      headers: { 'Accept-Encoding': accepted },
    });
    expect([status, headers['content-encoding'], headers['content-length']]).toEqual([
      200,
      coding,
      String(body.length),
    ]);
    expect(headers.vary).toContain('Accept-Encoding');
  }
});
