// Debian's nginx as docs/nginx.md has it, with its paths and its ports replaced, in front of a server of a test.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { certFile, certificate, keyFile } from './self-signed.ts';

const page = readFileSync(new URL('../../docs/nginx.md', import.meta.url), 'utf8');
const block = /^ *```nginx\n(.*?)^ *```$/ms.exec(page)?.[1] ?? '';

export const isNginxHere = process.platform === 'linux' && hasNginx();
/** Says why tests are skipped, for the name of the test that is. */
export const nginxNeeded = isNginxHere ? '' : ' (skipped: nginx is not installed here, or this is not Linux)';

/** What of the page's configuration is written otherwise: `[as it is there, instead]`. */
export type Replaced = readonly (readonly [string, string])[];

function hasNginx(): boolean {
  try {
    execFileSync('nginx', ['-v'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** A port of this machine that nobody uses at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('a server without a port');
  return address.port;
}

/** Listens at `at` with TLS, in front of the server at `behind`; to be ended by SIGTERM. */
export async function startNginx(at: number, behind: number, more: Replaced = []): Promise<ChildProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'nginx-'));
  const replaced: Replaced = [
    ...more,
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
        await over({ port: at, path: '/healthz' });
      },
      { timeout: 30_000 },
    );
  } catch (error) {
    child.kill('SIGTERM');
    throw error;
  }
  return child;
}

export interface Got {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A request by TLS to this port; `headers` with Host, where it shall be another. */
export function over({
  port,
  path,
  headers = {},
  method = 'GET',
  from = '127.0.0.1',
}: {
  port: number;
  path: string;
  headers?: Record<string, string>;
  method?: string;
  /** Where the client is. */
  from?: string;
}) {
  return new Promise<Got>((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port,
      path,
      headers,
      method,
      localAddress: from,
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
