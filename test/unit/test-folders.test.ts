// Which files of test/ may import which: harnesses live in test/support, so that a test can be moved, or deleted, without breaking another.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');

/** Programs of their own, which `npm run` or a test starts: each is one folder or file, and imports what is its own. */
const programs = [
  'test/attack/', // An attacker's tour of a running server, many files with one entry.
  'test/fuzz/', // Runs for as long as it is told to; its test is a short run of the same program.
  'test/clients/openapi/', // Compiled on its own against types made from docs/openapi.json.
  'test/console/shots/', // Takes the pictures of the console, for people to look at.
  'test/engine-long.ts',
  'test/engine-mutants.ts',
];
const programOf = (file: string): string | undefined => programs.find((program) => file.startsWith(program));

const files = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
  .map((file) => `test/${file}`)
  .filter(
    (file) => file.endsWith('.ts') && !file.includes('node_modules/') && !file.startsWith('test/clients/openapi/made/'),
  );

/** Of TypeScript alone: vectors, documents and package.json are data. What is not there stands in a text that a test makes. */
const imports = files.flatMap((file) =>
  [...readFileSync(join(root, file), 'utf8').matchAll(/(?:\bfrom|\bimport\(|^import)\s*'(\.[^']+\.ts)'/gm)]
    .map(([, target = '']) => ({ file, target: relative(root, resolve(root, dirname(file), target)) }))
    .filter(({ target }) => existsSync(join(root, target))),
);

test('the imports of test/ were read: most tests import a harness', () => {
  expect(imports.filter(({ target }) => target.startsWith('test/support/')).length).toBeGreaterThan(100);
});

test('no test imports a file of test/ that is not in test/support, but a program its own', () => {
  const wrong = imports.filter(({ file, target }) => {
    if (!target.startsWith('test/') || target.startsWith('test/support/')) return false;
    const program = programOf(target);
    return program === undefined || programOf(file) !== program;
  });
  expect(wrong).toEqual([]);
});

test('every file of test/ is a test, a harness in test/support or part of a listed program', () => {
  const others = files.filter(
    (file) => !file.endsWith('.test.ts') && !file.startsWith('test/support/') && programOf(file) === undefined,
  );
  expect(others).toEqual([]);
});

test('no harness imports a test', () => {
  expect(imports.filter(({ file, target }) => file.startsWith('test/support/') && target.endsWith('.test.ts'))).toEqual(
    [],
  );
});
