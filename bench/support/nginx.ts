// Debian's nginx in front of a venue, asking a subrequest about each request (auth_request) as those do who put an authorization
// service beside it. Here the subrequest is answered 200 by nginx itself: the least that the module can cost.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, type Running, start, temporaryFolder } from './processes.ts';

/** `nginx/1.22.1`, or undefined where there is no nginx with auth_request on the PATH. */
export function nginxVersion(): string | undefined {
  const { stderr, error } = spawnSync('nginx', ['-V'], { encoding: 'utf8' });
  if (error !== undefined || !stderr.includes('auth_request')) return undefined;
  return /nginx\/[\d.]+/.exec(stderr)?.[0];
}

/** One worker, as the others have one thread; connections to the venue are kept and used again. */
export async function startNginx(venuePort: number): Promise<Running & { readonly port: number }> {
  const folder = temporaryFolder();
  const port = await freePort();
  const file = join(folder, 'nginx.conf');
  writeFileSync(
    file,
    `worker_processes 1;
daemon off;
pid ${folder}/nginx.pid;
error_log stderr notice;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  keepalive_requests 100000000;
  upstream venue {
    server 127.0.0.1:${venuePort};
    keepalive 128;
    keepalive_requests 100000000;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      auth_request /authorize;
      proxy_pass http://venue;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Authorization "";
      proxy_set_header X-Real-IP $remote_addr;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
    }
    location = /authorize {
      internal;
      return 200;
    }
  }
}
`,
  );
  const running = start('nginx', ['-c', file, '-e', 'stderr'], { core: 'server' });
  await running.printed(/start worker process \d+/);
  return { ...running, port };
}
