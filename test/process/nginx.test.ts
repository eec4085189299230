// The configuration of docs/nginx.md in a real nginx, with its paths and its ports replaced, in front of a real server.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Service, startService } from '../support/harness.ts';
import { certFile, certificate, keyFile } from '../support/self-signed.ts';
import { createToken, mainSession, onboard, starkTrader } from '../support/trader.ts';

/** Not the address that nginx itself calls from. */
const CLIENT = '127.0.0.5';
const here = hasNginx() && process.platform === 'linux';
const page = readFileSync(new URL('../../docs/nginx.md', import.meta.url), 'utf8');
const block = /^ *```nginx\n(.*?)^ *```$/ms.exec(page)?.[1] ?? '';

describe.skipIf(!here)(
  `behind nginx${here ? '' : ': left out, as nginx is not installed here, or this is not Linux'}`,
  () => {
    let service: Service;
    let nginx: ChildProcess | undefined;
    let port: number;
    let session: string;
    beforeAll(async () => {
      service = await startService({ settings: { 'proxy.trusted': '127.0.0.1' } });
      port = await freePort();
      nginx = await startNginx(port, Number(new URL(service.url).port));
      const owner = starkTrader();
      await onboard(service.url, owner);
      session = await mainSession(service.url, owner);
    });
    afterAll(async () => {
      if (nginx !== undefined) {
        const ended = once(nginx, 'exit');
        nginx.kill('SIGTERM');
        await ended;
      }
      await service.stop();
    });

    const ask = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
      over({ port, path, headers, method });

    test('the client is seen by its own address, whatever it writes into X-Forwarded-For', async () => {
      for (const forged of [
        {},
        { 'X-Forwarded-For': '203.0.113.9' },
        { 'X-Forwarded-For': '127.0.0.1, 203.0.113.9' },
      ]) {
        const { status, body } = await ask('/countersign/v1/self', { Authorization: `Bearer ${session}`, ...forged });
        expect([status, JSON.parse(body).client_ip]).toEqual([200, CLIENT]);
      }
    });

    test('an allowlist holds for it', async () => {
      const { token } = await createToken(service.url, session, { name: 'here', allowed_cidrs: [CLIENT] });
      const other = await createToken(service.url, session, { name: 'elsewhere', allowed_cidrs: ['203.0.113.9'] });
      expect((await ask('/v1/balance', { Authorization: `Bearer ${token}` })).status).toBe(200);
      expect((await ask('/v1/balance', { Authorization: `Bearer ${other.token}` })).status).toBe(403);
    });

    test('a path arrives as it was asked for, so that one with two readings is refused', async () => {
      expect((await ask('/v1/markets')).status).toBe(200);
      for (const path of ['//v1/markets', '/v1/%6darkets', '/v1/x/../markets', '/v1//markets'])
        expect([path, (await ask(path)).status]).toEqual([path, 404]);
    });

    test('errors are those of the API', async () => {
      const { status, headers, body } = await ask('/v1/orders', {}, 'DELETE');
      expect([status, JSON.parse(body).error]).toEqual([401, 'UNAUTHORIZED_ERROR']);
      expect(headers['countersign-request-id']).toMatch(/./);
    });
  },
);

function hasNginx(): boolean {
  try {
    execFileSync('nginx', ['-v'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('a server without a port');
  return address.port;
}

async function startNginx(at: number, behind: number): Promise<ChildProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'nginx-'));
  const replaced: readonly (readonly [string, string])[] = [
    ['server 127.0.0.1:8080;', `server 127.0.0.1:${behind};`],
    ['listen 443 ssl;', `listen 127.0.0.1:${at} ssl;`],
    ['/etc/ssl/api.example.com.crt', certFile],
    ['/etc/ssl/private/api.example.com.key', keyFile],
  ];
  let server = block;
  for (const [written, here] of replaced) {
    if (!server.includes(written)) throw new Error(`docs/nginx.md no longer has ${written}`);
    server = server.replace(written, here);
  }
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  const file = join(folder, 'nginx.conf');
  writeFileSync(
    file,
    `worker_processes 1; pid ${folder}/pid; error_log stderr;\nevents {}\nhttp {\naccess_log off;\n${paths.join('\n')}\n${server}\n}\n`,
  );
  const user = process.getuid?.() === 0 ? ' user root;' : '';
  const child = spawn('nginx', ['-p', folder, '-c', file, '-g', `daemon off;${user}`], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let told = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    told += chunk.toString();
  });
  try {
    await vi.waitFor(
      async () => {
        if (child.exitCode !== null) throw new Error(`nginx ended: ${told}`);
        await over({ port: at, path: '/healthz', headers: {}, method: 'GET' });
      },
      { timeout: 30_000 },
    );
  } catch (error) {
    child.kill('SIGTERM');
    throw error;
  }
  return child;
}

interface Got {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

function over({
  port,
  path,
  headers,
  method,
}: {
  port: number;
  path: string;
  headers: Record<string, string>;
  method: string;
}) {
  return new Promise<Got>((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port,
      path,
      headers,
      method,
      localAddress: CLIENT,
      ca: certificate,
      agent: false,
    } as const;
    const asked = request({ ...options, servername: 'localhost' }, (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body }));
    });
    asked.on('error', reject).end();
  });
}
