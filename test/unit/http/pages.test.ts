// The list of pages and the files behind it: a page that nobody listed would be read by nobody.
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { listedPages, readPages, sourceIndex, titleOf } from '../../../src/http/pages.ts';

const root = new URL('../../../', import.meta.url);
const pages = listedPages.flatMap((group) => group.pages);

test('every page of docs/ is listed once, and each that is listed is there and has a title', () => {
  const inDocs = readdirSync(new URL('docs/', root)).filter((file) => file.endsWith('.md') && file !== 'README.md');
  const listed = pages.map(({ file }) => file);
  expect(listed.filter((file) => file.startsWith('docs/')).sort()).toEqual(inDocs.map((file) => `docs/${file}`).sort());
  for (const { file } of pages) expect(titleOf(readFileSync(new URL(file, root), 'utf8'))).toMatch(/./);
});

test('docs/README.md is the same list, for readers of the source', () => {
  expect(readFileSync(new URL('docs/README.md', root), 'utf8')).toBe(sourceIndex());
});

test('every link between files of the documentation leads to a file and to a heading that is there', () => {
  for (const { file } of pages) {
    const text = readFileSync(new URL(file, root), 'utf8').replaceAll(/^ *```.*?^ *```$/gms, '');
    for (const [, target = ''] of text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
      const [path, anchor] = target.split('#');
      const there = new URL(path === '' ? file : new URL(path ?? '', new URL(file, root)), root);
      const content = /\.md$/.test(there.pathname) ? readFileSync(there, 'utf8') : statText(there);
      if (anchor !== undefined)
        expect([file, target, anchorsOf(content).includes(anchor)]).toEqual([file, target, true]);
    }
  }
});

test('a server beside which a page is missing serves the other ones', () => {
  const { index, page } = readPages(new URL('test/nowhere/', root));
  expect(index).toContain('openapi.json');
  expect(page('wire.md')).toBeUndefined();
});

test('a served page says nothing of what its file was generated from, and keeps code as it is', () => {
  const { page } = readPages();
  expect(page('configuration.md')).not.toContain('<!--');
  expect(page('wire.md')).toContain("import { orderBody } from './src/client/order.ts';");
});

/** Throws where nothing is there. */
function statText(there: URL): string {
  try {
    return readFileSync(there, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EISDIR') return '';
    throw error;
  }
}

/** As GitHub makes them. */
const anchorsOf = (markdown: string): readonly string[] =>
  [...markdown.replaceAll(/^ *```.*?^ *```$/gms, '').matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  );
