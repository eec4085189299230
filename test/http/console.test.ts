// The console over real sockets: which path answers what, with which headers, and that nothing of it is served where it is off.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { builtConsole, builtFiles, fetchExactly } from '../support/built-console.ts';
import { type Service, startService } from '../support/harness.ts';
import { sendRaw } from '../support/raw-http.ts';

const DEEP_LINKS = [
  '/console',
  '/console/',
  '/console/keys',
  '/console/keys/',
  '/console/sign-in?with=wallet',
  '/console/keys/read-only',
  '/console/keys/subkeys/0x4c1aa',
  '/console/activity/6c1d8b0e?key=subkey%3A42',
  '/console/no/such/page',
];
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types countersign-worker";

let service: Service;
const folder = builtConsole();
beforeAll(async () => {
  service = await startService({ consoleFolder: folder });
});
afterAll(() => service.stop());

const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  fetchExactly(service.port, path, { method, headers: { 'Accept-Encoding': 'identity', ...headers } });

test.each(DEEP_LINKS)(
  'the path %s answers the document of the console, with every header of its policy',
  async (path) => {
    const { status, headers, body } = await get(path);
    expect([status, body.toString()]).toEqual([200, builtFiles['index.html']]);
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': POLICY,
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'origin-agent-cluster': '?1',
    });
    const features = String(headers['permissions-policy']).split(', ');
    expect(features.filter((feature) => !feature.endsWith('=()'))).toEqual(['clipboard-write=(self)']);
    expect(features).toContain('camera=()');
    expect(headers['set-cookie']).toBeUndefined();
  },
);

test.each([
  ['/console/assets/index-AbCd1234.js', 'text/javascript; charset=utf-8'],
  ['/console/assets/index-AbCd1234.css', 'text/css; charset=utf-8'],
  ['/console/assets/mark-AbCd1234.svg', 'image/svg+xml; charset=utf-8'],
  ['/console/assets/inter-AbCd1234.woff2', 'font/woff2'],
])('the file %s of the console is kept by browsers for a year, as %s and nothing else', async (path, type) => {
  const { status, headers, body } = await get(path);
  const text = Object.entries(builtFiles).find(([name]) => path.endsWith(name))?.[1];
  expect([status, body.toString()]).toEqual([200, text]);
  expect(headers).toMatchObject({
    'content-type': type,
    'cache-control': 'public, max-age=31536000, immutable',
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
  });
});

test('a worker of the console may load modules of ours and talk to nobody, as the policy of its file says', async () => {
  const { headers } = await get('/console/assets/index-AbCd1234.js');
  expect(headers['content-security-policy']).toBe(
    "default-src 'none'; script-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  );
});

test('a file beside the document, whose name holds no hash, is asked for anew each time', async () => {
  const { status, headers, body } = await get('/console/theme.js');
  expect([status, body.toString()]).toEqual([200, builtFiles['theme.js']]);
  expect(headers).toMatchObject({ 'content-type': 'text/javascript; charset=utf-8', 'cache-control': 'no-store' });
});

test.each([
  '/console/assets',
  '/console/assets/',
  '/console/assets/index-00000000.js',
  '/console/assets/a/b',
  '/console/assets/..%2findex.html',
  '/console/assets/../index.html',
  '/console/ASSETS/index-AbCd1234.js',
  '/console/index.html',
  '/console/sw.js',
  '/console/built.json',
  '/console/assets/index-AbCd1234.js.map',
  '/console/a/b/c/d',
  '/Console',
  '/console//keys',
])('the path %s is no file of the console and never answers the document', async (path) => {
  const { status, headers, body } = await get(path);
  expect([400, 404]).toContain(status);
  expect(headers['content-type']).toBe('application/json; charset=utf-8');
  expect(body.toString()).not.toContain('<title>');
});

test('the console is compressed for whoever can read that, and the same bytes come out', async () => {
  for (const path of ['/console/keys', '/console/theme.js', '/console/assets/index-AbCd1234.js']) {
    const plain = await get(path);
    expect(plain.headers['content-encoding']).toBeUndefined();
    for (const [accepted, coding, open] of [
      ['gzip, deflate, br, zstd', 'br', brotliDecompressSync],
      ['gzip;q=1.0, br;q=0', 'gzip', gunzipSync],
      ['GZIP', 'gzip', gunzipSync],
    ] as const) {
      for (const _again of [1, 2]) {
        const { headers, body } = await get(path, { 'Accept-Encoding': accepted });
        expect([path, accepted, headers['content-encoding']]).toEqual([path, accepted, coding]);
        expect(open(body)).toEqual(plain.body);
        expect(headers.vary).toContain('Accept-Encoding');
        expect(headers['content-length']).toBe(String(body.length));
      }
    }
  }
  const font = await get('/console/assets/inter-AbCd1234.woff2', { 'Accept-Encoding': 'br' });
  expect(font.headers['content-encoding']).toBeUndefined();
});

test('HEAD of a page and of a file of the console is what GET is, without the bytes', async () => {
  for (const path of ['/console/keys/subkeys', '/console/assets/index-AbCd1234.js']) {
    const [full, head] = [await get(path), await get(path, {}, 'HEAD')];
    expect([head.status, head.body.length]).toEqual([200, 0]);
    const { date: _a, 'countersign-request-id': _b, ...expected } = full.headers;
    expect(head.headers).toMatchObject(expected);
  }
});

test('the console takes nothing but GET and HEAD', async () => {
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
    const { status, headers } = await get('/console', { 'Content-Length': '0' }, method);
    expect([status, headers.allow]).toEqual([405, 'GET, HEAD']);
  }
});

test('a build beside a running server changes nothing that it serves', async () => {
  const moving = builtConsole();
  const other = await startService({ consoleFolder: moving });
  writeFileSync(join(moving, 'index.html'), 'of another build');
  rmSync(join(moving, 'assets'), { recursive: true });
  const ask = (path: string) => fetchExactly(other.port, path, { headers: { 'Accept-Encoding': 'br' } });
  expect(brotliDecompressSync((await ask('/console')).body).toString()).toBe(builtFiles['index.html']);
  expect((await ask('/console/assets/index-AbCd1234.js')).status).toBe(200);
  await other.stop();
});

test('the page at / leads a browser to the console', async () => {
  const { body } = await get('/', { Accept: 'text/html' });
  expect(body.toString()).toContain('<a href="/console">');
});

describe('on a host of its own', () => {
  let own: Service;
  beforeAll(async () => {
    const settings = {
      'console.own_host': 'true',
      'console.url': 'https://keys.example.com',
      'console.api_url': 'https://api.example.com',
    };
    own = await startService({ consoleFolder: folder, settings });
  });
  afterAll(() => own.stop());
  const at = (host: string, path: string, method = 'GET') =>
    fetchExactly(own.port, path, { method, headers: { Host: host, Accept: 'text/html' } });

  test('the host of console.url has the console and our own API, and no request there reaches the venue', async () => {
    const before = own.venue.total();
    for (const path of [...DEEP_LINKS, '/console/assets/index-AbCd1234.js', '/countersign/v1/about', '/v1/system/time'])
      expect([path, (await at('keys.example.com', path)).status]).toEqual([path, 200]);
    for (const path of ['/v1/markets', '/v1/orders', '/v1/account'])
      expect([path, (await at('keys.example.com', path)).status]).toEqual([path, 404]);
    expect((await at('keys.example.com', '/v1/orders', 'PUT')).status).toBe(404);
    expect(own.venue.total()).toBe(before);
  });

  test('other hosts have the venue and our own API, and no console', async () => {
    for (const host of ['api.example.com', `127.0.0.1:${own.port}`, 'evil.example']) {
      for (const path of [...DEEP_LINKS, '/console/assets/index-AbCd1234.js'])
        expect([host, path, (await at(host, path)).status]).toEqual([host, path, 404]);
      expect((await at(host, '/v1/markets')).status).toBe(200);
      expect((await at(host, '/countersign/v1/about')).status).toBe(200);
    }
  });

  test('a Host that resembles that of the console has neither', async () => {
    for (const host of ['keys.example.com.', 'keys.example.com:8443', 'keys.example.com:443@evil.example']) {
      for (const path of ['/console', '/v1/markets'])
        expect([host, path, (await at(host, path)).status]).toEqual([host, path, 404]);
    }
  });

  test('a target that names another host than Host, or Host twice, or not at all, is refused', async () => {
    const ask = (head: string) => sendRaw(own.port, `${head}\r\nConnection: close\r\n\r\n`);
    const host = 'Host: api.example.com';
    expect((await ask(`GET https://keys.example.com/console HTTP/1.1\r\n${host}`)).status).toBe(404);
    expect((await ask(`GET //keys.example.com/console HTTP/1.1\r\n${host}`)).status).toBe(404);
    expect((await ask(`GET /console HTTP/1.1\r\n${host}\r\nHost: keys.example.com`)).status).toBe(400);
    expect((await ask('GET /console HTTP/1.1\r\nX: y')).status).toBe(400);
    expect((await ask('GET /console HTTP/1.0\r\nX: y')).status).toBe(404);
    const named = 'X-Forwarded-Host: keys.example.com\r\nForwarded: host=keys.example.com';
    expect((await ask(`GET /console HTTP/1.1\r\n${host}\r\n${named}`)).status).toBe(404);
  });

  test('/ leads a browser there to the console, and one on another host to its address', async () => {
    const { status, headers } = await at('keys.example.com', '/');
    expect([status, headers.location, headers['cache-control']]).toEqual([302, '/console', 'no-store']);
    expect((await at('api.example.com', '/')).body.toString()).toContain('<a href="https://keys.example.com/console">');
  });
});

describe('the address of the console that a start tells', () => {
  const told = async (settings: Record<string, string> = {}, consoleFolder = folder) => {
    const started = await startService({ consoleFolder, settings });
    const { consoleAddress: address, port } = started;
    const opened = address?.includes(`:${port}/`) ? (await fetch(address)).status : undefined;
    await started.stop();
    return { address: address?.replace(`:${port}/`, ':port/'), opened };
  };

  test('is that of console.url, and else one at which the server answers it, by a name that browsers take without https', async () => {
    const url = { 'console.url': 'https://keys.example.com' };
    const own = { ...url, 'console.own_host': 'true', 'console.api_url': 'https://api.example.com' };
    for (const settings of [url, own]) expect((await told(settings)).address).toBe('https://keys.example.com/console');
    expect(await told()).toEqual({ address: 'http://127.0.0.1:port/console', opened: 200 });
    for (const host of ['0.0.0.0', '::', '0:0::0'])
      expect(await told({ 'server.host': host })).toEqual({ address: 'http://localhost:port/console', opened: 200 });
  });

  test('is none where there is no console', async () => {
    const url = { 'console.url': 'https://keys.example.com' };
    for (const settings of [{}, url]) {
      expect((await told({ ...settings, 'console.enabled': 'false' })).address).toBeUndefined();
      expect((await told(settings, join(folder, 'not-built'))).address).toBeUndefined();
    }
  });
});

describe('where it is not served', () => {
  test('console.enabled off answers 404 on every path of the console, and is no warning', async () => {
    const off = await startService({ consoleFolder: folder, settings: { 'console.enabled': 'false' } });
    for (const path of [...DEEP_LINKS, '/console/theme.js', '/console/assets/index-AbCd1234.js'])
      expect([path, (await fetchExactly(off.port, path)).status]).toEqual([path, 404]);
    expect(off.log.join('')).not.toContain('console_');
    await off.stop();
  });

  test('a console that was not built is one warning in the log, and 404', async () => {
    const bare = await startService({ consoleFolder: join(folder, 'nothing-here') });
    for (const path of DEEP_LINKS) expect([path, (await fetchExactly(bare.port, path)).status]).toEqual([path, 404]);
    const warnings = bare.log.filter((line) => line.includes('console_not_built'));
    expect(warnings).toHaveLength(1);
    expect(JSON.parse(warnings[0] ?? '')).toMatchObject({ level: 40, event: 'console_not_built' });
    await bare.stop();
  });
});
