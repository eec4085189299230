// The console on a host of its own behind Debian's nginx, as docs/nginx.md and docs/deploying.md say: two names, one certificate, one server.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumFile, chromiumNeeded, openChromium } from '../support/chromium.ts';
import { ensureConsoleBuilt } from '../support/console/built.ts';
import { createOwner } from '../support/console/owners.ts';
import { watchProblems } from '../support/console/problems.ts';
import { type Service, startService } from '../support/harness.ts';
import { freePort, isNginxHere, nginxNeeded, over, startNginx } from '../support/nginx.ts';

const KEYS = 'keys.example.com';
const API = 'api.example.com';
const OF_VENUE = {
  'Strict-Transport-Security': 'max-age=0; includeSubDomains',
  'Set-Cookie': 'venue=1; Secure; Path=/',
};

const deploying = readFileSync(new URL('../../docs/deploying.md', import.meta.url), 'utf8');
const forConsole = /```\n(server_name .*?)```/s.exec(deploying)?.[1] ?? '';
const [names = '', host = '', transport = ''] = forConsole.split('\n').map((line) => line.replace(/;.*/s, ';'));

describe.skipIf(!isNginxHere)(`the console behind nginx${nginxNeeded}`, () => {
  let venue: Server;
  let asked = 0;
  let service: Service;
  let nginx: ChildProcess | undefined;
  let port: number;
  beforeAll(async () => {
    ensureConsoleBuilt();
    venue = createServer((_request, response) => {
      asked += 1;
      response.writeHead(200, { 'Content-Type': 'application/json', ...OF_VENUE }).end('{}');
    }).listen(0, '127.0.0.1');
    await once(venue, 'listening');
    service = await startService({
      upstream: `http://127.0.0.1:${(venue.address() as AddressInfo).port}`,
      settings: {
        'proxy.trusted': '127.0.0.1',
        'console.url': `https://${KEYS}`,
        'console.own_host': 'true',
        'console.api_url': `https://${API}`,
      },
    });
    port = await freePort();
    nginx = await startNginx(port, service.port, [
      ['server_name api.example.com;', `${names}\n${transport}`],
      ['proxy_set_header Host $host;', host],
    ]);
  }, 180_000);
  afterAll(async () => {
    if (nginx !== undefined) {
      const ended = once(nginx, 'exit');
      nginx.kill('SIGTERM');
      await ended;
    }
    await service?.stop();
    venue.close();
  });

  const at = (name: string, path: string) => over({ port, path, headers: { Host: name } });

  test('by its name people have the console and our own API there, and no request reaches the venue or brings a header of it', async () => {
    const before = asked;
    const { status, headers, body } = await at(KEYS, '/console/keys/read-only');
    expect([status, headers['strict-transport-security']]).toEqual([200, 'max-age=63072000']);
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self'/);
    const [asset = ''] = /\/console\/assets\/[\w.-]+\.js/.exec(body) ?? [];
    expect((await at(KEYS, asset)).headers['cache-control']).toContain('immutable');
    expect((await at(KEYS, '/countersign/v1/about')).status).toBe(200);
    for (const path of ['/v1/markets', '/v1/orders', '/v1/account']) {
      const refused = await at(KEYS, path);
      expect([path, refused.status, refused.headers['set-cookie']]).toEqual([path, 404, undefined]);
    }
    expect(asked).toBe(before);
  });

  test('by the other name bots have the venue and its cookies, and there is no console; what is said of the transport is what nginx says', async () => {
    const { status, headers } = await at(API, '/v1/markets');
    expect([status, headers['set-cookie'], headers['strict-transport-security']]).toEqual([
      200,
      [OF_VENUE['Set-Cookie']],
      'max-age=63072000',
    ]);
    expect(headers['content-security-policy']).toBeUndefined();
    for (const path of ['/console', '/console/keys/subkeys']) expect((await at(API, path)).status).toBe(404);
    expect((await at(API, '/countersign/v1/about')).status).toBe(200);
  });

  test.skipIf(chromiumFile === undefined)(
    `a person signs in there, and no cookie of the venue is sent along${chromiumNeeded}`,
    async () => {
      const owner = await createOwner(service.url, 'main');
      const names = [KEYS, API].map((name) => `MAP ${name}:443 127.0.0.1:${port}`).join(', ');
      const browser = await openChromium([`--host-resolver-rules=${names}`]);
      try {
        const context = await browser.newContext({ ignoreHTTPSErrors: true, locale: 'en-GB' });
        const beside = await context.newPage();
        await beside.goto(`https://${API}/v1/markets`);
        const page = await context.newPage();
        const problems = await watchProblems(page, `https://${KEYS}`);
        const cookies: Promise<string | null>[] = [];
        page.on('request', (request) => void cookies.push(request.headerValue('cookie').catch(() => null)));
        await page.goto(`https://${KEYS}/`);
        await page.goto(`https://${KEYS}/console/sign-in?with=key`);
        await page.getByLabel('Private key', { exact: true }).fill(owner.privateKey);
        await page.getByRole('button', { name: 'Sign in' }).click();
        await page.waitForURL(`https://${KEYS}/console/keys/read-only`);
        expect((await owner.client.devices.list().page()).results).toHaveLength(1);
        expect((await context.cookies(`https://${API}`)).map(({ name }) => name)).toEqual(['venue']);
        expect(await context.cookies(`https://${KEYS}`)).toEqual([]);
        expect((await Promise.all(cookies)).filter((sent) => sent !== null)).toEqual([]);
        expect(problems).toEqual([]);
      } finally {
        await browser.close();
      }
    },
  );
});
