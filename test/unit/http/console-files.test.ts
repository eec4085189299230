// How often a file is compressed, and which files are served where the folder of the console is replaced while the server reads it: as a start beside it does, and in place.
import { cpSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { keptCodings, readConsole } from '../../../src/http/console-files.ts';
import { builtConsole } from '../../support/built-console.ts';
import { removeFolders, temporaryFolder } from '../../support/temporary-folder.ts';

afterAll(removeFolders);

/** `theme.js` has the same name and length in each, `main` another name. */
const build = (name: 'old' | 'new') => ({
  'index.html': `<script src="/console/assets/main-${name}00000.js"></script>`,
  'theme.js': `'${name}'`,
  [`assets/main-${name}00000.js`]: name,
  [`assets/page-${name}00000.js`]: name,
});
const FILES = Object.keys(build('new')).length;

/** Reads a folder with the old build, in which something happens before the given read, counted from 0. */
async function readWhile(happens: (folder: string) => void, beforeRead: number) {
  const folder = builtConsole(build('old'));
  let reads = 0;
  const files = await readConsole(folder, (path) => {
    if (reads === beforeRead) happens(folder);
    reads += 1;
    return readFileSync(path);
  });
  const texts =
    files &&
    Object.fromEntries([
      ['index.html', files.document.bytes.toString()],
      ...[...files.beside].map(([name, { bytes }]) => [name, bytes.toString()]),
      ...[...files.assets].map(([name, { bytes }]) => [`assets/${name}`, bytes.toString()]),
    ]);
  return { texts, reads };
}

const replacements = {
  'by another folder': (folder: string) => {
    const fresh = builtConsole(build('new'));
    renameSync(folder, join(temporaryFolder(), 'old'));
    renameSync(fresh, folder);
  },
  'in place': (folder: string) => {
    rmSync(join(folder, 'assets'), { recursive: true });
    cpSync(builtConsole(build('new')), folder, { recursive: true });
  },
};

test('a console that nothing replaces is read once', async () => {
  expect(await readWhile(() => undefined, 0)).toEqual({ texts: build('old'), reads: FILES });
});

test.each(Object.entries(replacements))(
  'a console that is replaced %s while it is read is served as one build, whichever file was being read',
  async (_how, replace) => {
    for (let read = 0; read < FILES; read += 1)
      expect([read, (await readWhile(replace, read)).texts]).toEqual([read, build('new')]);
  },
);

test('a file that could not be compressed once is compressed when it is next asked for, and then once', async () => {
  const asked: string[] = [];
  const coded = keptCodings(async (coding) => {
    asked.push(coding);
    if (asked.length === 1) throw new Error('out of memory');
    return Buffer.from(coding);
  });
  await expect(coded('br')).rejects.toThrow('out of memory');
  for (const coding of ['br', 'br', 'gzip', 'gzip'] as const) expect((await coded(coding)).toString()).toBe(coding);
  expect(asked).toEqual(['br', 'br', 'gzip']);
});

test('a console that is taken away while it is read is none', async () => {
  for (let read = 0; read < FILES; read += 1)
    expect((await readWhile((folder) => rmSync(folder, { recursive: true }), read)).texts).toBeUndefined();
});
