// Serves the sources to a browser as they lie in the project, types stripped as Node.js strips them and nothing bundled: what runs in the
// page is what runs on the server. Anything that only Node.js has would fail to load.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { stripTypeScriptTypes } from 'node:module';
import type { AddressInfo } from 'node:net';
import { extname, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const TYPES: Readonly<Record<string, string>> = {
  '.ts': 'text/javascript',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};
/** Where the browser finds the packages that the sources import by name. */
const PACKAGES = {
  '@scure/starknet': '/node_modules/@scure/starknet/index.js',
  '@noble/curves/': '/node_modules/@noble/curves/',
  '@noble/hashes/': '/node_modules/@noble/hashes/',
};

export interface ServedSources {
  /** Of a page that runs the module, given by its path from the project's root. */
  pageOf(module: string): string;
  stop(): Promise<void>;
}

export async function serveSources(): Promise<ServedSources> {
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    if (pathname === '/') {
      const imports = JSON.stringify({ imports: PACKAGES });
      response.setHeader('Content-Type', 'text/html').end(
        `<!doctype html><link rel="icon" href="data:,"><script type="importmap">${imports}</script>
         <script type="module" src="/${searchParams.get('module')}"></script>`,
      );
      return;
    }
    const file = resolve(root, `.${pathname}`);
    const type = TYPES[extname(file)];
    if (type === undefined || !file.startsWith(root + (root.endsWith(sep) ? '' : sep))) {
      response.writeHead(404).end();
      return;
    }
    readFile(file).then(
      (bytes) => {
        const body = extname(file) === '.ts' ? stripTypeScriptTypes(bytes.toString('utf8')) : bytes;
        response.setHeader('Content-Type', type).end(body);
      },
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return {
    pageOf: (module) => `http://127.0.0.1:${port}/?module=${encodeURIComponent(module)}`,
    stop: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}
