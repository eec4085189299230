// docs/wire.md is what people write clients by: every number on it is computed here with our engine, and what the published vectors
// know of it is compared with them.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { figureNames } from '../../../src/access/figures.ts';
import { builtInFigures } from '../../../src/access/own-routes.ts';
import { settingOf } from '../../../src/config/schema.ts';
import { blockOf, engine, walletText, worked } from '../../support/worked.ts';

const page = readFileSync(new URL('../../../docs/wire.md', import.meta.url), 'utf8');
const sections = page.split(/^#{2,3} (?=[0-9])/m).slice(1);
const sectionOf = (number: string): string =>
  sections.find((text) => text.startsWith(`${number} `) || text.startsWith(`${number}. `)) ?? '';
const blocksOf = (text: string): readonly string[] =>
  [...text.matchAll(/^```text\n(.*?)^```$/gms)].map(([, block = '']) => block);

test('the numbers of docs/wire.md are computed by the engine, and not by its fallback', () => {
  expect(engine).toBeDefined();
});

describe.each(Object.entries(worked))('section %s', (number, example) => {
  test('a section of docs/wire.md works out what our engine computes, line by line', () => {
    expect(blocksOf(sectionOf(number))).toContain(blockOf(example));
  });

  test('a section of docs/wire.md says nothing else than the published vectors', () => {
    const printed = Object.fromEntries(example.lines);
    const names = Object.keys(example.frozen);
    expect(Object.fromEntries(names.map((name) => [name, printed[name]]))).toEqual(example.frozen);
  });
});

test('the text of the wallet in docs/wire.md is the one that was signed', () => {
  expect(blocksOf(sectionOf('5'))).toContain(`${walletText}\n`);
});

test('docs/wire.md has no long number that was not computed', () => {
  const known = new Set(
    [...Object.values(worked).map(blockOf), walletText].flatMap(
      (text) => text.match(/0x[0-9a-f]+|[0-9a-z]{12,}/gi) ?? [],
    ),
  );
  // The values that are signed: each stands in the sentence that works them out.
  for (const value of ['1767323045123', '1681462103821101699438490000', '2950012000000']) known.add(value);
  const long = page.match(/0x[0-9a-f]{8,}|\b[0-9]{12,}\b/gi) ?? [];
  expect(long.length).toBeGreaterThan(50);
  expect(long.filter((number) => !known.has(number))).toEqual([]);
});

test('the sections of docs/wire.md are numbered from 1, and the list at its top names each of them by its heading', () => {
  const headings = [...page.matchAll(/^## ([0-9]+)\. (.+)$/gm)].map(([, number = '', title = '']) => [number, title]);
  expect(headings.map(([number]) => Number(number))).toEqual(headings.map((_, i) => i + 1));
  const anchors = headings.map(([number, title]) => `[${number}](#${slug(`${number}. ${title}`)})`);
  const listed = [...page.matchAll(/^\| (\[[0-9]+\]\(#[^)]+\)) \|/gm)].map(([, link]) => link);
  expect(listed).toEqual(anchors);
});

test('the rate limits in docs/wire.md are the defaults, and none is left out', () => {
  const rows = [...sectionOf('12').matchAll(/^\| [^|]+ \| ([^|]+) \| (address|account) \| `([a-z-]+)` \|$/gm)];
  const counts = rows.map(([, figures = '', , name = '']) => [
    name,
    (figures.match(/[0-9,]*[0-9]/g) ?? []).map((text) => Number(text.replaceAll(',', ''))),
  ]);
  expect(Object.fromEntries(counts)).toEqual(
    Object.fromEntries(figureNames.map((name) => [name, [...builtInFigures[name].counts.values()]])),
  );
  expect(counts).toHaveLength(figureNames.length);
  const shares = new Set(figureNames.flatMap((name) => builtInFigures[name].share ?? []));
  expect([...shares].map((share) => `| ${share} percent |`)).toEqual(['| 90 percent |']);
  expect(sectionOf('12')).toContain('| 90 percent | credential |');
});

test('the times in docs/wire.md are the defaults', () => {
  const of = (name: string): string => Number(defaultOf(name)).toLocaleString('en-US');
  const login = sectionOf('4');
  expect(login).toContain(`at most ${of('login.future_tolerance')} s ahead`);
  expect(login).toContain(`at most ${of('login.max_age')} s after that. Without it: 1,800 s`);
  expect(sectionOf('7')).toContain(`\`subkeys.pending_life\` (${of('subkeys.pending_life')} s)`);
  const rows = [...sectionOf('14').matchAll(/^\| [a-z ]+ \| ([0-9]+) s \|/gm)].map(([, ahead]) => ahead);
  expect(rows).toEqual(Array.from({ length: 5 }, () => of('login.future_tolerance')));
  expect(sectionOf('14')).toContain(`${of('orders.max_age')} s (\`orders.max_age\`)`);
});

function defaultOf(name: string): unknown {
  return new Map<string, { readonly default: unknown }>(Object.entries(settingOf)).get(name)?.default;
}

/** As GitHub makes anchors. */
function slug(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^a-z0-9 -]/g, '')
    .replaceAll(' ', '-');
}
