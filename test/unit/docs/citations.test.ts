// A comment that cites a page sends the reader there: the page is in the repository, and so is the section that the comment names.
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const read = (file: string): string => readFileSync(`${root}${file}`, 'utf8');
const found = (pattern: string): string[] => globSync(pattern, { cwd: root, exclude: ['**/node_modules/**'] });

const pages = found('{*.md,{src,docs,bench,test}/**/*.md}');
const sources = found('{*,{bin,src,test,bench}/**/*}.{ts,mjs,cjs,js,py,rs}');

/** The comments of a source, one text for those that follow each other, or the whole text of a page. */
const texts = [
  ...sources.flatMap((file) => commentsIn(read(file)).map((text) => ({ file, text }))),
  ...pages.filter((file) => file !== 'CHANGELOG.md').map((file) => ({ file, text: read(file) })),
  // Their comments are members: the notes of a route, the lists at the head of vectors.
  ...found('{src,test}/**/*.json').map((file) => ({ file, text: read(file) })),
];

const headingsOf = (page: string): string[] =>
  [...read(page).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) => heading.toLowerCase());

test('every page that a comment cites is in the repository', () => {
  const cited = /(?<![\w/.-])(?:docs\/[\w-]+|[A-Z][A-Z-]+)\.md\b/g;
  expect(citationsOf(cited).filter(([, page]) => !pages.includes(page))).toEqual([]);
});

test('a comment cites a page by the path of its file, never by a bare name', () => {
  const old = String.raw`\b(?:WIRE|DECISIONS|DESIGN|CLIENTS|VENUE|STYLE|STACK|HOUSE)\b(?! =)`;
  const bare = String.raw`\b[A-Z]{3,} (?:(?:sections?|flag) [\dA-Z]|\d+\.\d|"[a-z])|\([A-Z]-\d+\)`;
  const standard = /^(?:RFC|SP|SEC|FIPS|TLS|HTTP) /;
  expect(citationsOf(new RegExp(`${old}|${bare}`, 'g')).filter(([, words]) => !standard.test(words))).toEqual([]);
});

test('every numbered section that a comment cites is a section of its page', () => {
  const cited = citationsOf(/(docs\/[\w-]+\.md) sections? (\d+(?:(?:, | and | to )\d+)*)/g).flatMap(
    ([file, , page = '', numbers = '']) => [...numbers.matchAll(/\d+/g)].map(([number]) => ({ file, page, number })),
  );
  expect(cited.length).toBeGreaterThan(50);
  expect(
    cited.filter(({ page, number }) => !headingsOf(page).some((heading) => heading.startsWith(`${number}. `))),
  ).toEqual([]);
});

test('every heading that a comment quotes is a heading of its page', () => {
  const cited = citationsOf(/(docs\/[\w-]+\.md)(?: section \d+)?,? "([^"]+)"/g);
  expect(cited.length).toBeGreaterThan(20);
  const isThere = (page: string, words: string): boolean =>
    headingsOf(page).some((heading) => heading.includes(words.toLowerCase()));
  expect(cited.filter(([, , page = '', words = '']) => !isThere(page, words))).toEqual([]);
});

/** Each as its file and the match. */
function citationsOf(pattern: RegExp): [file: string, all: string, ...groups: string[]][] {
  return texts.flatMap(({ file, text }) =>
    [...text.matchAll(pattern)].map(([all, ...groups]): [string, string, ...string[]] => [file, all, ...groups]),
  );
}

/** Lines that follow each other are one comment, since a citation may go over the end of a line. */
function commentsIn(source: string): string[] {
  const comments = source.matchAll(/^[ \t]*(?:\/\/|#).*(?:\n[ \t]*(?:\/\/|#).*)*|\/\*[\s\S]*?\*\/|\s\/\/ .*$/gm);
  return [...comments].map(([comment]) => comment.replaceAll(/\n\s*(?:\/\/+|\*|#)? ?/g, ' '));
}
