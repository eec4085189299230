// Whether the console is built again is decided by a hash: here, that it covers all that a build reads of ours.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { clientClosure } from '../../support/client-closure.ts';

const root = join(import.meta.dirname, '../../..');
const { MADE_OF } = createRequire(import.meta.url)('../../../start/console.cjs') as { MADE_OF: readonly string[] };

test('all that the client library imports lies in what decides whether the console is built again', () => {
  const files = clientClosure(join(root, 'src'), '.ts').map(({ file }) => `src/${file}`);
  expect(files.length).toBeGreaterThan(40);
  expect(files.filter((file) => !MADE_OF.some((place) => file.startsWith(`${place}/`)))).toEqual([]);
});

test('each thing that the console is made of is there', () => {
  expect(MADE_OF.filter((place) => !existsSync(join(root, place)))).toEqual([]);
});
