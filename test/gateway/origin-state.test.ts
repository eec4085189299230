// A venue behind the origin on which keys are managed: what its answers cannot do to that origin, over real sockets.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fetchExactly } from '../support/built-console.ts';
import { type Service, startService } from '../support/harness.ts';

const ORIGIN_STATE = {
  'Clear-Site-Data': '"*"',
  'Service-Worker-Allowed': '/',
  'Strict-Transport-Security': 'max-age=63072000; includeSubDomains; preload',
  'Alt-Svc': 'h3="evil.example:443"',
  NEL: '{"report_to":"x","max_age":1}',
  'Report-To': '{"group":"x","max_age":1,"endpoints":[{"url":"https://evil.example"}]}',
  'Reporting-Endpoints': 'x="https://evil.example"',
  'Accept-CH': 'Sec-CH-UA-Model',
  'Critical-CH': 'Sec-CH-UA-Model',
  'Set-Login': 'logged-out',
};
const PATH = '/v1/markets';
const SANDBOX = "sandbox; default-src 'none'";

let hostile: Server;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let upstream: string;
let service: Service;
beforeAll(async () => {
  hostile = createServer((request, response) => answer(request, response)).listen(0, '127.0.0.1');
  await new Promise((resolve) => hostile.once('listening', resolve));
  upstream = `http://127.0.0.1:${(hostile.address() as AddressInfo).port}`;
  service = await startService({ upstream });
});
afterAll(async () => {
  await service.stop();
  hostile.close();
});

const page = (status: number, headers: Record<string, string> = {}): void => {
  answer = (_request, response) => {
    response.writeHead(status, { 'Content-Type': 'text/html', ...ORIGIN_STATE, ...headers });
    response.end(status === 204 || status === 304 ? undefined : '<script>steal()</script>');
  };
};

test.each([200, 201, 204, 206, 301, 302, 304, 307, 400, 401, 403, 404, 418, 500, 503])(
  "the venue's answer with status %i is sandboxed, of the type it says, and says nothing about our origin",
  async (status) => {
    page(status, {
      Location: '/console',
      'X-Content-Type-Options': 'sniff',
      'Content-Security-Policy': 'sandbox allow-scripts',
    });
    const { status: seen, headers } = await fetchExactly(service.port, PATH);
    expect(seen).toBe(status);
    for (const name of Object.keys(ORIGIN_STATE))
      expect([name, headers[name.toLowerCase()]]).toEqual([name, undefined]);
    expect(headers['content-security-policy']).toBe(`sandbox allow-scripts, ${SANDBOX}`);
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['content-type']).toBe('text/html');
  },
);

test('a 401 of the venue has no browser ask for a password in the name of our origin, and a Bearer challenge passes', async () => {
  const challenges = ['Basic realm="Countersign"', 'Bearer realm="venue"'];
  answer = (_request, response) => void response.writeHead(401, { 'WWW-Authenticate': challenges }).end();
  const seen = (port: number) => fetchExactly(port, PATH).then(({ headers }) => headers['www-authenticate']);
  expect(await seen(service.port)).toBe('Bearer realm="venue"');
  const alone = await startService({ upstream, settings: { 'console.enabled': 'false' } });
  expect(await seen(alone.port)).toBe(challenges.join(', '));
  await alone.stop();
});

test('cookies beyond http.max_header_bytes are refused by 431, on the console, too, and a larger setting lets them pass', async () => {
  const cookies = { Cookie: Array.from({ length: 5 }, (_, i) => `c${i}=${'x'.repeat(4_000)}`).join('; ') };
  const refused = await fetchExactly(service.port, '/console', { headers: cookies });
  expect([refused.status, refused.headers['content-type']]).toEqual([431, 'application/json; charset=utf-8']);
  const roomy = await startService({ upstream, settings: { 'http.max_header_bytes': '65536' } });
  expect((await fetchExactly(roomy.port, '/countersign/v1/about', { headers: cookies })).status).toBe(200);
  await roomy.stop();
});

test('HEAD reaches no venue, so that no header of one comes back by it', async () => {
  page(200);
  const { status, headers } = await fetchExactly(service.port, PATH, { method: 'HEAD' });
  expect([status, headers['content-security-policy'], headers['x-content-type-options']]).toEqual([
    405,
    undefined,
    'nosniff',
  ]);
});

test('an interim answer of the venue brings nothing over', async () => {
  answer = (_request, response) => {
    response.writeEarlyHints({ link: '</evil.js>; rel=preload; as=script', 'clear-site-data': '"*"' });
    response.writeHead(200, { 'Content-Type': 'text/html' }).end('x');
  };
  const { headers } = await fetchExactly(service.port, PATH);
  expect([headers.link, headers['clear-site-data'], headers['content-security-policy']]).toEqual([
    undefined,
    undefined,
    SANDBOX,
  ]);
});

test('an answer of the venue without a type is no page and no script', async () => {
  answer = (_request, response) => void response.writeHead(200).end('<script>steal()</script>');
  const { headers } = await fetchExactly(service.port, PATH);
  expect([headers['content-type'], headers['x-content-type-options']]).toEqual(['application/octet-stream', 'nosniff']);
});

test('answers of ours in place of the venue, and refusals of every kind, are of the type they say', async () => {
  answer = (_request, response) => void response.socket?.destroy();
  const refusals = [
    await fetchExactly(service.port, PATH),
    await fetchExactly(service.port, '/v1/account'),
    await fetchExactly(service.port, '/no/such/path'),
    await fetchExactly(service.port, '//'),
    await fetchExactly(service.port, PATH, { method: 'DELETE' }),
    await fetchExactly(service.port, '/v1/auth', { method: 'POST', headers: { 'Content-Length': '0' } }),
    await fetchExactly(service.port, `/${'x'.repeat(20_000)}`),
  ];
  expect(refusals.map(({ status }) => status)).toEqual([503, 401, 404, 404, 405, 400, 431]);
  for (const { status, headers } of refusals) {
    expect([status, headers['x-content-type-options'], headers['content-type']]).toEqual([
      status,
      'nosniff',
      'application/json; charset=utf-8',
    ]);
  }
});

test.each([
  ['the console is switched off', { 'console.enabled': 'false' }],
  [
    'the console has a host of its own',
    {
      'console.own_host': 'true',
      'console.url': 'https://keys.example.com',
      'console.api_url': 'https://api.example.com',
    },
  ],
])(
  'where %s, a page of the venue is shown as it is, and still says nothing about the origin',
  async (_why, settings) => {
    const other = await startService({ upstream, settings });
    page(200);
    const { headers } = await fetchExactly(other.port, PATH);
    expect(headers['content-security-policy']).toBeUndefined();
    expect(headers['x-content-type-options']).toBe('nosniff');
    for (const name of Object.keys(ORIGIN_STATE))
      expect([name, headers[name.toLowerCase()]]).toEqual([name, undefined]);
    await other.stop();
  },
);

test('where the console was not built, the venue is sandboxed all the same: nobody said that it may share the origin', async () => {
  const bare = await startService({ upstream, consoleFolder: '/nonexistent' });
  page(200);
  expect((await fetchExactly(bare.port, PATH)).headers['content-security-policy']).toBe(SANDBOX);
  await bare.stop();
});
