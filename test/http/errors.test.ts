// What is refused before, below and around the router: always our three members, never a crash, and never a word to the venue.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sendRaw } from '../support/raw-http.ts';
import { expectRawRefusal } from '../support/raw-refusal.ts';
import { call } from '../support/trader.ts';
import {
  expectOurHeaders,
  expectRefusal,
  forgedFrom,
  loginOf,
  newOwner,
  type Owner,
  SELF,
  startWorld,
  TOKENS,
  type World,
  windowOf,
} from '../support/world.ts';

let world: World;
let owner: Owner;
beforeAll(async () => {
  world = await startWorld({ settings: { 'http.max_forward_body_bytes': '65536' } });
  owner = await newOwner(world);
});
afterAll(() => world.stop());

const CLOSE = 'Connection: close\r\n';
const HOST = 'Host: venue.example\r\n';
const request = (line: string, headers = HOST): string => `${line} HTTP/1.1\r\n${headers}${CLOSE}\r\n`;

/** Sends it, and asserts that the service lives on and that the venue saw nothing. */
async function refusedRaw(bytes: string, status: number, code: string) {
  const before = world.service.venue.total();
  const answer = await sendRaw(world.port, bytes);
  expectRawRefusal(answer, status, code);
  expect(world.service.venue.total()).toBe(before);
  expect((await call(world.url, 'GET', '/healthz')).status).toBe(200);
  return answer;
}

describe('below the router, over raw sockets', () => {
  test.each([
    ['two Host headers', request('GET /v1/markets', `${HOST}Host: other.example\r\n`)],
    ['two equal Host headers', request('GET /v1/markets', HOST + HOST)],
    ['no Host header', request('GET /v1/markets', '')],
    ['a malformed request line', 'GET\r\n\r\n'],
    ['an unknown method', request('BREW /v1/markets')],
    ['a target in authority form', request('GET venue.example:443')],
    ['another protocol', 'SSH-2.0-OpenSSH_9.9\r\n\r\n'],
    ['the head of a TLS handshake', '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003\r\n\r\n'],
    ['a header line without a colon', request('GET /v1/markets', `${HOST}broken\r\n`)],
    ['a header name with a blank', request('GET /v1/markets', `${HOST}X Y: 1\r\n`)],
    ['a folded header', request('GET /v1/markets', `${HOST}X: 1\r\n 2\r\n`)],
    ['a NUL in a header', request('GET /v1/markets', `${HOST}X: \u0000\r\n`)],
    [
      'Content-Length with chunks',
      request('POST /v1/orders', `${HOST}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n`),
    ],
    ['two Content-Lengths', request('POST /v1/orders', `${HOST}Content-Length: 1\r\nContent-Length: 2\r\n`)],
    ['a negative Content-Length', request('POST /v1/orders', `${HOST}Content-Length: -1\r\n`)],
    ['a transfer coding that is not chunked', request('POST /v1/orders', `${HOST}Transfer-Encoding: gzip, x\r\n`)],
    ['one more coding than chunked', request('POST /v1/orders', `${HOST}Transfer-Encoding: gzip, chunked\r\n`)],
  ])('a request with %s is answered 400, below the router', async (_name, bytes) => {
    await refusedRaw(bytes, 400, 'INVALID_REQUEST_PARAMETER');
  });

  test.each([
    ['absolute form', 'GET http://venue.example/v1/markets'],
    ['asterisk form', 'OPTIONS *'],
    ['CONNECT', 'CONNECT venue.example:443'],
    ['CONNECT to a path', 'CONNECT /v1/markets'],
    ['TRACE', 'TRACE /v1/markets'],
    ['a percent-encoded letter', 'GET /v1/%6darkets'],
    ['an encoded slash', 'GET /v1%2fmarkets'],
    ['dot segments', 'GET /v1/x/../markets'],
    ['a double slash', 'GET /v1//markets'],
    ['a semicolon', 'GET /v1/markets;x=1'],
    ['a backslash', 'GET /v1\\markets'],
    ['another letter case', 'GET /v1/Markets'],
    ['an unlisted path', 'GET /v1/admin'],
    ['the bare root', 'GET /'],
  ])('a target in %s is answered 404, below the router', async (_name, line) => {
    await refusedRaw(request(line), 404, 'NOT_FOUND');
  });

  test('HEAD for the venue is answered 405 without a body', async () => {
    const before = world.service.venue.total();
    const answer = await sendRaw(world.port, request('HEAD /v1/markets'));
    expect([answer.status, answer.body]).toEqual([405, '']);
    expect(answer.headers.get('allow')).toBe('GET');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(world.service.venue.total()).toBe(before);
  });

  test('a head that is too large is answered 431', async () => {
    const headers = `${HOST}X-Padding: ${'x'.repeat(17_000)}\r\n`;
    await refusedRaw(request('GET /v1/markets', headers), 431, 'HEADERS_TOO_LARGE');
  });

  test('many small headers that are too large together are answered 431', async () => {
    const headers = HOST + Array.from({ length: 2_000 }, (_, i) => `X-${i}: 12345678\r\n`).join('');
    await refusedRaw(request('GET /v1/markets', headers), 431, 'HEADERS_TOO_LARGE');
  });

  test('a target that is too long is answered 414, and one that just fits is not', async () => {
    const path = '/v1/markets?x=';
    await refusedRaw(request(`GET ${path}${'x'.repeat(8192 - path.length + 1)}`), 414, 'URI_TOO_LONG');
    const fits = await sendRaw(world.port, request(`GET ${path}${'x'.repeat(8192 - path.length)}`));
    expect(fits.status).toBe(200);
  });

  test('a body that is too large for our own routes is answered 413, with its length named or in chunks', async () => {
    const bearer = `Authorization: Bearer ${owner.session}\r\n`;
    const named = request(`POST ${TOKENS}`, `${HOST}${bearer}Content-Length: 65537\r\n`) + 'x'.repeat(65_537);
    await refusedRaw(named, 413, 'PAYLOAD_TOO_LARGE');
    const chunk = `10001\r\n${'x'.repeat(65_537)}\r\n0\r\n\r\n`;
    const chunked = request(`POST ${TOKENS}`, `${HOST}${bearer}Transfer-Encoding: chunked\r\n`) + chunk;
    await refusedRaw(chunked, 413, 'PAYLOAD_TOO_LARGE');
  });

  test('a body that is too large for the venue is answered 413', async () => {
    const bearer = `Authorization: Bearer ${owner.session}\r\n`;
    const named = request('POST /v1/orders', `${HOST}${bearer}Content-Length: 65537\r\n`) + 'x'.repeat(65_537);
    await refusedRaw(named, 413, 'PAYLOAD_TOO_LARGE');
  });

  test('chunk extensions that are too large are answered 413', async () => {
    const bearer = `Authorization: Bearer ${owner.session}\r\n`;
    const chunk = `1;${'x'.repeat(20_000)}\r\nx\r\n0\r\n\r\n`;
    const bytes = request(`POST ${TOKENS}`, `${HOST}${bearer}Transfer-Encoding: chunked\r\n`) + chunk;
    await refusedRaw(bytes, 413, 'PAYLOAD_TOO_LARGE');
  });

  test.each([
    ['the same good bearer twice', (good: string) => [good, good]],
    ['a good one first', (good: string) => [good, 'Bearer other']],
    ['a good one last', (good: string) => ['Basic eDp5', good]],
  ])('two Authorization headers are 401, whatever they say: %s', async (_name, lines) => {
    const authorization = lines(`Bearer ${owner.session}`).map((line) => `Authorization: ${line}\r\n`);
    await refusedRaw(request(`GET ${SELF}`, HOST + authorization.join('')), 401, 'UNAUTHORIZED_ERROR');
    await refusedRaw(request('GET /v1/balance', HOST + authorization.join('')), 401, 'UNAUTHORIZED_ERROR');
  });

  test('a login header that comes twice is 400, whether it says the same or another thing', async () => {
    const sound = loginOf(world, owner.key, owner.account);
    const other = loginOf(world, owner.key, owner.account, windowOf(world, { age: 10 }));
    const lines = (headers: Record<string, string>) =>
      Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    const login = (all: readonly string[]) => request('POST /v1/auth', `${[HOST.trim(), ...all].join('\r\n')}\r\n`);
    expect((await sendRaw(world.port, login(lines(sound)))).status).toBe(200);
    for (const [name, value] of Object.entries(sound)) {
      for (const second of [value, other[name]]) {
        const answer = await sendRaw(world.port, login([...lines(sound), `${name}: ${second}`]));
        expect([name, answer.status]).toEqual([name, 400]);
        expect(Object.keys(JSON.parse(answer.body))).toEqual(['error', 'message', 'data']);
      }
    }
    const flags = ['true', 'false'].map((value) => `PARADEX-AUTHORIZE-ISOLATED-MARKETS: ${value}`);
    expectRawRefusal(await sendRaw(world.port, login([...lines(sound), ...flags])), 400, 'INVALID_REQUEST_PARAMETER');
  });

  test.each([
    ['bytes that are no UTF-8', Buffer.from([0xff, 0xfe, 0xc0, 0xaf])],
    ['letters that look like a digit', Buffer.from('\u0661\uff11\u06f1')],
  ])('%s in a header that we read are refused like any other text', async (_name, bytes) => {
    for (const [line, name, status, code] of [
      [`GET ${SELF}`, 'Authorization: Bearer ', 401, 'UNAUTHORIZED_ERROR'],
      ['POST /v1/auth', 'PARADEX-STARKNET-ACCOUNT: 0x', 400, 'INVALID_STARKNET_ADDRESS'],
    ] as const) {
      const [head = '', rest = ''] = request(line, `${HOST}${name}|\r\n`).split('|');
      const sent = Buffer.concat([Buffer.from(head), bytes, Buffer.from(rest)]);
      expectRawRefusal(await sendRaw(world.port, sent), status, code);
    }
  });

  test('trailers without end are answered 431, and what stood before them is not done', async () => {
    const before = (await call(world.url, 'GET', TOKENS, { bearer: owner.session })).json.results.length;
    const bearer = `Authorization: Bearer ${owner.session}\r\n`;
    for (const line of [`POST ${TOKENS}`, 'POST /v1/orders']) {
      const head = request(line, `${HOST}${bearer}Transfer-Encoding: chunked\r\n`);
      const trailers = 'X-Trailer: 12345678\r\n'.repeat(1_000);
      await refusedRaw(`${head}2\r\n{}\r\n0\r\n${trailers}`, 431, 'HEADERS_TOO_LARGE');
    }
    expect((await call(world.url, 'GET', TOKENS, { bearer: owner.session })).json.results.length).toBe(before);
  });

  test('a bearer that comes once is accepted: it is the repeat that was refused', async () => {
    const answer = await sendRaw(
      world.port,
      request(`GET ${SELF}`, `${HOST}Authorization: Bearer ${owner.session}\r\n`),
    );
    expect(answer.status).toBe(200);
  });

  test('HTTP/1.0 may leave out Host, and gets an answer', async () => {
    const answer = await sendRaw(world.port, 'GET /healthz HTTP/1.0\r\n\r\n');
    expect([answer.status, answer.body]).toEqual([200, '{"status":"ok"}']);
  });

  test('an unknown expectation is ignored, and 100-continue is answered', async () => {
    expect((await sendRaw(world.port, request('GET /healthz', `${HOST}Expect: tea\r\n`))).status).toBe(200);
    const bytes = `${request('POST /v1/auth', `${HOST}Expect: 100-continue\r\nContent-Length: 2\r\n`)}{}`;
    expect((await sendRaw(world.port, bytes)).status).toBe(100);
  });

  test('a head or a body that does not come in time is answered 408', async () => {
    const hasty = await startWorld({ settings: { 'http.request_timeout': '1' } });
    try {
      const { session } = await newOwner(hasty);
      const bearer = `Authorization: Bearer ${session}\r\n`;
      const answers = await Promise.all([
        sendRaw(hasty.port, `GET /healthz HTTP/1.1\r\n${HOST}`),
        sendRaw(hasty.port, `${request(`POST ${TOKENS}`, `${HOST}${bearer}Content-Length: 9\r\n`)}{`),
      ]);
      for (const answer of answers) expectRawRefusal(answer, 408, 'REQUEST_TIMEOUT');
      expect((await call(hasty.url, 'GET', TOKENS, { bearer: session })).json.results).toEqual([]);
    } finally {
      await hasty.stop();
    }
  });

  test('a connection that a refusal went over can be used again', async () => {
    const first = `GET /v1/admin HTTP/1.1\r\n${HOST}\r\n`;
    const answer = await sendRaw(world.port, first + request('GET /healthz'));
    expect(answer.body.split('HTTP/1.1 ').length).toBe(2);
    expect(answer.body).toMatch(/\{"status":"ok"\}$/);
  });
});

describe('around the router', () => {
  test.each([
    ['GET', '/v1/auth', 'POST'],
    ['PUT', '/v1/account/tokens', 'GET, HEAD, POST'],
    ['DELETE', '/v1/account/keys/subkeys', 'GET, HEAD, POST'],
    ['POST', '/v1/account/keys/subkeys/0x1/allowed-cidrs', 'PUT'],
    ['PATCH', '/v1/orders/batch', 'DELETE, POST'],
    ['OPTIONS', '/v1/markets', 'GET'],
    ['POST', '/healthz', 'GET, HEAD'],
  ])('a request %s %s is answered 405 with Allow: %s', async (method, path, allow) => {
    const before = world.service.venue.total();
    const answer = await call(world.url, method, path, { bearer: owner.session });
    expectRefusal(answer, 405, 'METHOD_NOT_ALLOWED');
    expect(answer.headers.get('Allow')).toBe(allow);
    expect(world.service.venue.total()).toBe(before);
  });

  test('an unlisted path is 404 for a main session, too', async () => {
    expectRefusal(await call(world.url, 'GET', '/v1/unlisted', { bearer: owner.session }), 404, 'NOT_FOUND');
    expectRefusal(
      await call(world.url, 'POST', '/countersign/v1/unlisted', { bearer: owner.session }),
      404,
      'NOT_FOUND',
    );
  });

  test('a trailing slash of a path is ignored, when it is one', async () => {
    expect((await call(world.url, 'GET', '/healthz/')).status).toBe(200);
    expect((await call(world.url, 'GET', `${SELF}/`, { bearer: owner.session })).status).toBe(200);
  });

  test.each([
    ['text that is no JSON', '{"name":'],
    ['two values', '{} {}'],
    ['an array', '[]'],
    ['a string', '"x"'],
    ['a number', '1'],
    ['null', 'null'],
    ['a member named __proto__', '{"__proto__":{"name":"x"}}'],
    ['the same deeper', '{"x":[{"__proto__":1}]}'],
    ['the same in escapes', '{"\\u005f_proto__":1}'],
    ['a member named constructor', '{"name":"x","constructor":{"prototype":{"x":1}}}'],
    ['a member named prototype', '{"name":"x","y":{"prototype":1}}'],
    ['a member twice', '{"name":"x","name":"y"}'],
    ['a member twice, in another case', '{"name":"x","NAME":"y"}'],
    ['a member by two names', '{"name":"x","allowed_cidrs":[],"allowedCidrs":["192.0.2.0/24"]}'],
    ['a member by an escaped name', '{"n\\u0061me":"x"}'],
    ['a byte order mark', '\ufeff{"name":"x"}'],
    ['half of a surrogate pair', '{"name":"\\ud800"}'],
    ['lists as deep as a body is long', '['.repeat(32_000) + ']'.repeat(32_000)],
    ['objects as deep as a body is long', `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`],
    ['depth in a member that is read', `{"name":${'['.repeat(30_000)}${']'.repeat(30_000)}}`],
  ])('a body of %s is 400 BINDING_ERROR', async (_name, body) => {
    expectRefusal(await call(world.url, 'POST', TOKENS, { bearer: owner.session, body }), 400, 'BINDING_ERROR');
  });

  test('members and parameters named like parts of every object are names like any other', async () => {
    const names = ['toString', 'hasOwnProperty', 'valueOf', '__defineGetter__'];
    const body = JSON.stringify({ name: 'kept', ...Object.fromEntries(names.map((name) => [name, { x: 1 }])) });
    const created = await call(world.url, 'POST', TOKENS, { bearer: owner.session, body });
    expect([created.status, created.json.api_token?.name]).toEqual([200, 'kept']);
    const query = ['__proto__', 'constructor', 'prototype', ...names].map((name) => `${name}=1&${name}[x]=1`).join('&');
    const listed = await call(world.url, 'GET', `${TOKENS}?${encodeURI(query)}&limit=1`, { bearer: owner.session });
    expect([listed.status, listed.json.results?.length]).toEqual([200, 1]);
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(Reflect.has({}, 'x')).toBe(false);
  });

  test('a body that is not UTF-8 is 400 BINDING_ERROR', async () => {
    const response = await fetch(`${world.url}${TOKENS}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${owner.session}`, 'Content-Type': 'application/json' },
      body: new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
    });
    const text = await response.text();
    expectRefusal(
      { status: response.status, headers: response.headers, text, json: JSON.parse(text) },
      400,
      'BINDING_ERROR',
    );
  });

  test('a body that is no JSON is told what its headers say of it, where that is why', async () => {
    const said = async (headers: Record<string, string>, body: string) =>
      expectRefusal(
        await call(world.url, 'POST', TOKENS, { bearer: owner.session, headers, body }),
        400,
        'BINDING_ERROR',
      );
    const type = 'the content type must be application/json, with charset=utf-8 or no parameter';
    expect(await said({ 'Content-Type': 'application/x-www-form-urlencoded' }, 'name=t')).toContain(
      `not JSON; ${type}`,
    );
    expect(await said({ 'Content-Type': 'application/json; charset=utf-16' }, '\0{')).toContain(type);
    expect(await said({ 'Content-Type': 'text/plain' }, '\ufeff{}')).toContain(`byte order mark; ${type}`);
    expect(await said({ 'Content-Type': 'application/json; charset=UTF-8' }, 'x')).not.toContain('content type');
    expect(await said({ 'Content-Encoding': 'gzip' }, 'x')).toBe(
      'the body must not be encoded: Content-Encoding is not read',
    );
  });

  test('JSON is read whatever the content type says', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'nonsense']) {
      const headers = { 'Content-Type': type };
      const answer = await call(world.url, 'POST', TOKENS, { bearer: owner.session, headers, body: '{"name":"t"}' });
      expect(answer.status, answer.text).toBe(200);
    }
  });

  test('every 401 says how to authenticate, in words that ccxt knows', async () => {
    const answers = [
      await call(world.url, 'GET', SELF),
      await call(world.url, 'GET', SELF, { bearer: 'x' }),
      await call(world.url, 'GET', SELF, { headers: { Authorization: 'Basic eDp5' } }),
      await call(world.url, 'GET', SELF, { headers: { Authorization: `Bearer ${owner.session} x` } }),
      await call(world.url, 'GET', SELF, { headers: { Authorization: owner.session } }),
      await call(world.url, 'GET', SELF, { bearer: forgedFrom(owner.session) }),
    ];
    for (const answer of answers) {
      expect(expectRefusal(answer, 401, 'UNAUTHORIZED_ERROR')).toContain('missing or malformed jwt');
      expect(answer.headers.get('WWW-Authenticate')).toBe('Bearer');
    }
  });

  test('the scheme of a bearer is read in any case, and whatever number of blanks follows it', async () => {
    for (const scheme of ['bearer', 'BEARER', 'BeArEr', 'Bearer  ']) {
      const headers = { Authorization: `${scheme} ${owner.session}` };
      expect((await call(world.url, 'GET', SELF, { headers })).status).toBe(200);
    }
  });

  test('every answer has a request id of its own, and never the one that a client sent', async () => {
    const headers = { 'Countersign-Request-Id': 'mine', 'X-Request-Id': 'mine' };
    const ids = new Set<string | null>();
    for (const path of ['/healthz', '/v1/system/time', SELF, '/v1/unlisted', '/v1/markets', '/v1/markets']) {
      const answer = await call(world.url, 'GET', path, { headers });
      ids.add(answer.headers.get('Countersign-Request-Id'));
    }
    expect(ids.size).toBe(6);
    expect(ids.has('mine')).toBe(false);
    expect(ids.has(null)).toBe(false);
  });

  test('an error repeats nothing of what was sent', async () => {
    const marker = 'zzmarkerzz';
    const answers = [
      await call(world.url, 'GET', `/v1/${marker}`),
      await call(world.url, 'PATCH', `/v1/orders/${marker}`, {
        bearer: owner.session,
      }),
      await call(world.url, 'POST', TOKENS, { bearer: owner.session, body: { token_type: marker } }),
      await call(world.url, 'POST', TOKENS, { bearer: owner.session, body: { allowed_cidrs: [marker] } }),
      await call(world.url, 'POST', TOKENS, { bearer: owner.session, body: `{"${marker}"` }),
      await call(world.url, 'GET', `/v1/onboarding?account_signer_type=${marker}`),
      await call(world.url, 'POST', '/v1/auth', { headers: { 'PARADEX-STARKNET-ACCOUNT': marker } }),
    ];
    for (const answer of answers) {
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expectOurHeaders(answer);
      expect(answer.text).not.toContain(marker);
    }
  });
});
