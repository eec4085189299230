// The programs of docs/client.md.
import { readFileSync } from 'node:fs';

export interface Program {
  /** The heading above it. */
  readonly heading: string;
  readonly code: string;
}

export const clientPage = readFileSync(new URL('../../docs/client.md', import.meta.url), 'utf8');

export const blocksOf = (page: string): readonly Program[] =>
  page.split(/^## /m).flatMap((section) => {
    const [heading = ''] = section.split('\n');
    return [...section.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = '']) => ({ heading, code }));
  });
