// A console as a build leaves it, of a few bytes, for tests of how it is served.
import { mkdirSync, writeFileSync } from 'node:fs';
import { type IncomingHttpHeaders, request } from 'node:http';
import { join } from 'node:path';
import { temporaryFolder } from './temporary-folder.ts';

export const builtFiles = {
  'index.html': `<!doctype html><title>Countersign</title>${'<!-- long enough to be worth compressing -->'.repeat(20)}`,
  'theme.js': 'document.documentElement.dataset.theme = "dark";'.repeat(20),
  'assets/index-AbCd1234.js': 'export const answer = 42;\n'.repeat(50),
  'assets/index-AbCd1234.css': ':root { color: black }\n'.repeat(50),
  'assets/mark-AbCd1234.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>'.repeat(50),
  'assets/inter-AbCd1234.woff2': 'wOF2'.repeat(50),
  // No part of a page.
  'built.json': '{"sources":"0123"}',
  'assets/index-AbCd1234.js.map': '{}',
} as const;

export function builtConsole(files: Readonly<Record<string, string>> = builtFiles): string {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'assets'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

export interface Fetched {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A request as it is written: neither the path nor Host nor Accept-Encoding is changed, and nothing is decompressed. */
export function fetchExactly(
  port: number,
  path: string,
  {
    method = 'GET',
    headers = {},
  }: { readonly method?: string; readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<Fetched> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part) => parts.push(part));
      response
        .on('error', reject)
        .on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) }),
        );
    })
      .on('error', reject)
      .end();
  });
}
