// Every link of a page for people leads somewhere: to a file of the repository, and to a heading that is on it.
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const pages = globSync('{*.md,docs/*.md,src/**/*.md,.ci/*.md}', { cwd: root, exclude: ['**/node_modules/**'] });

const withoutCode = (text: string): string => text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '``');

/** Of links, pictures, and the targets that a page names below. */
const links = pages.flatMap((page) =>
  [...withoutCode(readFileSync(join(root, page), 'utf8')).matchAll(/\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)/gm)]
    .map(([, inline, below = '']) => inline ?? below)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => ({ page, target })),
);

test('there are links to check', () => {
  expect(links.length).toBeGreaterThan(150);
  const linking = links.map(({ page }) => page);
  expect(linking).toEqual(expect.arrayContaining(['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'docs/README.md']));
});

test('every relative link leads to a file of the repository', () => {
  expect(links.filter(({ page, target }) => !existsSync(fileOf(page, target)))).toEqual([]);
});

test('every anchor is a heading of the page it is on', () => {
  const anchored = links.filter(({ target }) => target.includes('#'));
  expect(anchored.length).toBeGreaterThan(20);
  expect(
    anchored.filter(({ page, target }) => !anchorsOf(fileOf(page, target)).has(target.split('#')[1] ?? '')),
  ).toEqual([]);
});

test('every file that the map of CONTRIBUTING.md names is in its room', () => {
  const rows = [...readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8').matchAll(/^\| (`src\/.*?) \| (.*) \|$/gm)];
  const named = rows.flatMap(([, rooms = '', text = '']) => {
    const inRow = [...rooms.matchAll(/`([^`]+)`/g)].map(([, room = '']) => room);
    const files = [...text.matchAll(/`([a-z][a-z0-9-]*(?:\.ts|\/))`/g)].map(([, file = '']) => file);
    return [...inRow.map((room) => [room]), ...files.map((file) => inRow.map((room) => `${room}/${file}`))];
  });
  expect(named.length).toBeGreaterThan(35);
  expect(named.filter((places) => !places.some((place) => existsSync(join(root, place))))).toEqual([]);
});

test('every room of src has a row in the map of CONTRIBUTING.md', () => {
  const map = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8');
  const rooms = readdirSync(join(root, 'src'), { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? [`src/${entry.name}`] : [],
  );
  expect(rooms.length).toBeGreaterThan(25);
  expect(rooms.filter((room) => !new RegExp(`^\\| .*\`${room}\`.* \\| .* \\|$`, 'm').test(map))).toEqual([]);
});

function fileOf(page: string, target: string): string {
  const [path = ''] = target.split('#');
  return path === '' ? join(root, page) : join(root, dirname(page), path);
}

/** As GitHub makes them: a heading that is there twice gets a number. */
function anchorsOf(file: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of readFileSync(file, 'utf8')
    .replace(/^```[\s\S]*?^```/gm, '')
    .matchAll(/^#{1,6} (.+)$/gm)) {
    const plain = heading
      .trim()
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-');
    let anchor = plain;
    for (let again = 1; anchors.has(anchor); again += 1) anchor = `${plain}-${again}`;
    anchors.add(anchor);
  }
  return anchors;
}
