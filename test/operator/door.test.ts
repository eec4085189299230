// The door of the operator API: who is let in, and that the public listener never leads there.
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { startService } from '../support/harness.ts';
import { operate } from '../support/operator.ts';
import { exchange } from '../support/raw-http.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { call } from '../support/trader.ts';
import { expectOurHeaders, expectRefusal, newOwner, startWorld, type World } from '../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

const routes: readonly (readonly [string, string])[] = [
  ['GET', '/accounts'],
  ['GET', '/accounts/0x1'],
  ['POST', '/accounts/0x1/lock'],
  ['POST', '/accounts/0x1/unlock'],
  ['GET', '/signing-keys'],
  ['POST', '/signing-keys/rotate'],
  ['GET', `/signing-keys/${'x'.repeat(43)}`],
  ['POST', `/signing-keys/${'x'.repeat(43)}/retire`],
  ['GET', '/settings'],
  ['GET', '/audit'],
  ['POST', '/backup'],
  ['GET', '/version'],
  ['GET', '/nothing'],
  ['TRACE', '/version'],
];
const operatorPort = (): number => Number(new URL(world.service.operatorUrl).port);

describe('without the operator token', () => {
  test.each(routes.filter(([method]) => method !== 'TRACE'))(
    '%s %s is refused, like every path',
    async (method, path) => {
      const { operatorUrl, operatorToken } = world.service;
      const { session } = await newOwner(world);
      const wrong = [
        {},
        { Authorization: 'Bearer' },
        { Authorization: `Bearer ${operatorToken}x` },
        { Authorization: `Bearer ${operatorToken.slice(0, -1)}` },
        { Authorization: `Bearer ${operatorToken.toUpperCase()}` },
        { Authorization: `Basic ${operatorToken}` },
        { Authorization: operatorToken },
        { Authorization: `Bearer ${operatorToken} ${operatorToken}` },
        { Authorization: `Bearer ${session}` },
      ];
      for (const headers of wrong) {
        const answer = await call(operatorUrl, method, `/operator/v1${path}`, { headers });
        const said = expectRefusal(answer, 401, 'UNAUTHORIZED_ERROR').split(': ', 1)[0];
        expect(said).toBe('the operator token is missing or wrong');
        expect(answer.headers.get('WWW-Authenticate')).toBe('Bearer');
      }
    },
  );

  test.each([
    ['Bearer', 'Authorization has the scheme Bearer and no token'],
    ['Basic b3BlcmF0b3I6eA==', 'Authorization has another scheme than Bearer, or none'],
    ['Bearer one two', 'what follows Bearer in Authorization is not a blank and one token'],
  ])('what was written instead is named: %s', async (authorization, problem) => {
    const headers = { Authorization: authorization };
    const answer = await call(world.service.operatorUrl, 'GET', '/operator/v1/version', { headers });
    expect(expectRefusal(answer, 401, 'UNAUTHORIZED_ERROR')).toBe(`the operator token is missing or wrong: ${problem}`);
  });

  test('a second Authorization header beside the right one is refused', async () => {
    const right = `Authorization: Bearer ${world.service.operatorToken}\r\n`;
    const request = (headers: string) =>
      exchange(operatorPort(), `GET /operator/v1/version HTTP/1.1\r\nHost: x\r\n${headers}Connection: close\r\n\r\n`);
    expect((await request(right)).status).toBe(200);
    expect((await request(right + right)).status).toBe(401);
    expect((await request(`Authorization: Bearer x\r\n${right}`)).status).toBe(401);
  });

  test('the metrics are told to an address or localhost, and to no other name that was made to mean this machine', async () => {
    const ask = (host: string, headers = '') =>
      exchange(operatorPort(), `GET /metrics HTTP/1.1\r\nHost: ${host}\r\n${headers}Connection: close\r\n\r\n`);
    for (const host of [
      '127.0.0.1',
      `127.0.0.1:${operatorPort()}`,
      'LocalHost',
      `localhost:${operatorPort()}`,
      '[::1]:9',
    ]) {
      expect([host, (await ask(host)).status]).toEqual([host, 200]);
    }
    for (const host of [
      'rebound.example',
      'localhost.example:80',
      '127.0.0.1.example',
      '[localhost]',
      '127.1',
      '[fe80::1%lo.example]',
      '',
    ]) {
      const refused = await ask(host);
      expect([host, refused.status]).toEqual([host, 403]);
      expect(JSON.parse(refused.body)).toMatchObject({ error: 'REQUEST_NOT_ALLOWED' });
    }
    const bearer = `Authorization: Bearer ${world.service.operatorToken}\r\n`;
    expect((await ask('metrics.internal', bearer)).status).toBe(200);
    expect((await ask('metrics.internal', `${bearer.trimEnd()}x\r\n`)).status).toBe(401);
  });

  test('the health of the server is told, and what is wrong with it', async () => {
    const { operatorUrl } = world.service;
    expect((await call(operatorUrl, 'GET', '/healthz')).json).toEqual({ status: 'ok' });
    const ready = await call(operatorUrl, 'GET', '/readyz');
    expect([ready.status, ready.json]).toMatchObject([
      200,
      { status: 'ready', checks: { store: 'ok', signing_keys: 'ok' } },
    ]);
    expectOurHeaders(ready);
  });
});

describe('with the operator token', () => {
  test('errors have the form of the public ones', async () => {
    const ask = (method: string, path: string, body?: unknown) => operate(world.service, method, path, body);
    expectRefusal(await ask('GET', '/nothing'), 404, 'NOT_FOUND');
    expectRefusal(await ask('GET', '/accounts/0x1;x'), 404, 'NOT_FOUND');
    expectRefusal(await ask('GET', '/accounts/nobody'), 400, 'INVALID_STARKNET_ADDRESS');
    expectRefusal(await ask('GET', '/accounts/0x1'), 404, 'ACCOUNT_NOT_FOUND');
    expectRefusal(await ask('POST', '/accounts/0x1/lock'), 404, 'ACCOUNT_NOT_FOUND');
    expectRefusal(await ask('POST', '/accounts/0x1/unlock'), 404, 'ACCOUNT_NOT_FOUND');
    expectRefusal(await ask('GET', '/accounts?limit=501'), 400, 'INVALID_REQUEST_PARAMETER');
    expectRefusal(await ask('GET', '/accounts?limits=5'), 400, 'VALIDATION_ERROR');
    expectRefusal(await ask('POST', '/signing-keys/rotate', { use: 'console' }), 400, 'VALIDATION_ERROR');
    expectRefusal(await ask('POST', '/signing-keys/rotate', { use: 'terminal' }), 403, 'REQUEST_NOT_ALLOWED');
    expectRefusal(await ask('POST', '/signing-keys/rotate', { use: 'token', at: 1 }), 400, 'VALIDATION_ERROR');
    expectRefusal(await ask('POST', '/signing-keys/rotate', '{'), 400, 'BINDING_ERROR');
    expectRefusal(await ask('POST', '/signing-keys/rotate'), 400, 'INVALID_REQUEST_PARAMETER');
    expectRefusal(await ask('POST', '/signing-keys/rotate', 'x'.repeat(70_000)), 413, 'PAYLOAD_TOO_LARGE');
    expectRefusal(await ask('POST', `/signing-keys/${'x'.repeat(43)}/retire`), 404, 'NOT_FOUND');
    expectRefusal(await ask('GET', `/version?${'x'.repeat(9_000)}`), 414, 'URI_TOO_LONG');
    const wrongMethod = await ask('PUT', '/version');
    expectRefusal(wrongMethod, 405, 'METHOD_NOT_ALLOWED');
    expect(wrongMethod.headers.get('Allow')).toBe('GET, HEAD');
  });

  test.each(['QUERY', 'PROPFIND', 'TRACE'])(
    'a request by %s is refused as no path, and is no failure',
    async (method) => {
      const authorization = `Authorization: Bearer ${world.service.operatorToken}\r\n`;
      for (const [path, bearer] of [
        ['/operator/v1/version', authorization],
        ['/healthz', ''],
      ]) {
        const bytes = `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${bearer}Connection: close\r\n\r\n`;
        const { status, body } = await exchange(operatorPort(), bytes);
        expect([status, JSON.parse(body).error]).toEqual([404, 'NOT_FOUND']);
      }
    },
  );

  test('a request without one Host, in another protocol, or with a body in a coding we do not read, is refused', async () => {
    const authorization = `Authorization: Bearer ${world.service.operatorToken}\r\nConnection: close\r\n`;
    const ask = (headers: string) =>
      exchange(operatorPort(), `GET /operator/v1/version HTTP/1.1\r\n${headers}${authorization}\r\n`);
    expect((await ask('')).status).toBe(400);
    expect((await ask('Host: x\r\nHost: y\r\n')).status).toBe(400);
    expect((await ask('Host: x\r\nTransfer-Encoding: gzip\r\n')).status).toBe(400);
    expect((await ask('Host: x\r\n')).status).toBe(200);
    for (const line of ['', ' HTTP/0.9', ' HTTP/2.0', ' RTSP/1.0', ' RTSP/1.1']) {
      const bytes = `GET /operator/v1/version${line}\r\nHost: x\r\n${authorization}\r\n`;
      expect(await exchange(operatorPort(), bytes), line).toMatchObject({
        status: 400,
        body: '{"error":"INVALID_REQUEST_PARAMETER","message":"this is not a valid HTTP/1.1 request","data":null}',
      });
    }
    // Where a chunked body of HTTP/1.0 ends is not agreed upon.
    const chunked = `POST /operator/v1/signing-keys/rotate HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n${authorization}\r\n`;
    const answer = await exchange(operatorPort(), `${chunked}11\r\n{"use":"session"}\r\n0\r\n\r\n`);
    expect(answer.status).toBe(400);
    expect(answer.body).toContain('chunked, in HTTP/1.1');
  });

  test('a GET with a body is refused, as on the public listener, and one that announces none is not', async () => {
    const authorization = `Authorization: Bearer ${world.service.operatorToken}\r\nConnection: close\r\n`;
    for (const path of ['/operator/v1/version', '/healthz', '/metrics']) {
      const ask = (headers: string, body = '') =>
        exchange(operatorPort(), `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${authorization}${headers}\r\n${body}`);
      for (const [headers, body] of [
        ['Content-Length: 1\r\n', '1'],
        ['Transfer-Encoding: chunked\r\n', '1\r\n1\r\n0\r\n\r\n'],
      ] as const) {
        const answer = await ask(headers, body);
        expect([path, answer.status, JSON.parse(answer.body).message]).toEqual([
          path,
          400,
          'a GET request has no body',
        ]);
      }
      expect([path, (await ask('Content-Length: 0\r\n')).status]).toEqual([path, 200]);
    }
  });

  test('a body with two readings is refused, as on the public listener', async () => {
    for (const body of ['{"use":"session","use":"token"}', '{"use":"session","Use":"token"}', '{"constructor":1}']) {
      const lines = `Authorization: Bearer ${world.service.operatorToken}\r\nConnection: close\r\nContent-Length: ${body.length}\r\n`;
      const bytes = `POST /operator/v1/signing-keys/rotate HTTP/1.1\r\nHost: x\r\n${lines}\r\n${body}`;
      const answer = await exchange(operatorPort(), bytes);
      expect([answer.status, JSON.parse(answer.body).error]).toEqual([400, 'BINDING_ERROR']);
    }
  });

  test('the version is that of the package', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect((await operate(world.service, 'GET', '/version')).json).toEqual({ version, node: process.versions.node });
  });
});

test.each(routes)('%s %s is nothing on the public listener, whatever the bearer', async (method, path) => {
  const { operatorToken } = world.service;
  const before = world.service.venue.total();
  const bytes = `${method} /operator/v1${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${operatorToken}\r\nConnection: close\r\n\r\n`;
  expect((await exchange(world.port, bytes)).status).toBe(404);
  expect(world.service.venue.total()).toBe(before);
});

test('the operator API answers on the loopback interface alone', async () => {
  const others = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal);
  expect(new URL(world.service.operatorUrl).hostname).toBe('127.0.0.1');
  for (const { address } of others)
    await expect(fetch(`http://${address}:${operatorPort()}/healthz`)).rejects.toThrow();
  for (const host of ['0.0.0.0', '::', '192.0.2.1', 'localhost', 'operator.example', '127.example']) {
    const argv = [`--operator.host=${host}`];
    expect(() => loadConfig({ argv, env: {}, cwd: '/', readFile: () => '{}' }), host).toThrow(/operator\.host/);
  }
});

describe('the token', () => {
  test('the operator token is made at the first start, readable by its owner alone, and kept by the next', async () => {
    const folder = temporaryFolder();
    const first = await startService({ folder });
    await first.stop();
    const file = join(folder, 'data', 'operator.token');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(first.operatorToken).toMatch(/^[A-Za-z0-9_-]{43}$/);
    const second = await startService({ folder });
    expect(second.operatorToken).toBe(first.operatorToken);
    expect((await operate(second, 'GET', '/version')).status).toBe(200);
    await second.stop();
  });

  test('the operator token in a file that others may read stops the start', async () => {
    const folder = temporaryFolder();
    await (await startService({ folder })).stop();
    chmodSync(join(folder, 'data', 'operator.token'), 0o640);
    await expect(startService({ folder })).rejects.toThrow('has mode 0640, so others may read it');
  });

  test.each(['', 'short\n', `${'x'.repeat(40)}\n${'y'.repeat(40)}\n`, `${'x'.repeat(300)}\n`])(
    'the operator token in a file that holds %j instead stops the start',
    async (content) => {
      const folder = temporaryFolder();
      await (await startService({ folder })).stop();
      writeFileSync(join(folder, 'data', 'operator.token'), content);
      await expect(startService({ folder })).rejects.toThrow('does not hold a token');
    },
  );
});

test('the address of the operator API stands in the data folder while the server runs, and not after', async () => {
  const service = await startService();
  const file = join(service.folder, 'data', 'operator.url');
  expect(readFileSync(file, 'utf8')).toBe(`${service.operatorUrl}\n`);
  await service.stop();
  expect(existsSync(file)).toBe(false);
});
