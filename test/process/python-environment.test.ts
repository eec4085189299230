// What the tests with Python clients stand on: an environment of exact versions is made once, and where there can be none they are told
// why within a bounded time.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { closedPort } from '../support/closed-port.ts';
import { pythonEnvironment } from '../support/python/environment.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

afterEach(() => vi.unstubAllEnvs());

const folderWith = (requirements: string): string => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'some.txt'), requirements);
  return folder;
};
const environmentsIn = (folder: string): string[] => readdirSync(join(folder, '.environments'));

test('without python3 the reason of a skipped test is that there is none', async () => {
  vi.stubEnv('PATH', temporaryFolder());
  expect(await pythonEnvironment('some', folderWith('one==1.0\n'))).toEqual({ missing: 'python3 cannot be run' });
});

test.each(['one', 'one>=1.0', 'one==1.*', '-r other.txt', '--index-url x', 'one @ file:///one'])(
  'a requirement of %s, which names no exact version, is refused',
  async (line) => {
    await expect(pythonEnvironment('some', folderWith(`two==2.0\n${line}\n`))).rejects.toThrow(
      'names no exact version',
    );
  },
);

const { status } = spawnSync('python3', ['-c', 'import ensurepip']);
// Nothing is required, so that no index is asked. Each takes seconds to make, and many beside other tests.
describe.skipIf(status !== 0)('where Python makes virtual environments', { timeout: 300_000 }, () => {
  test('two that are asked for at once are one, made once, and again after the requirements changed', async () => {
    const folder = folderWith('# none\n');
    const [dead, alive] = ['some-started-0', 'some-started-1'].map((name) => join(folder, '.environments', name));
    for (const each of [dead, alive]) mkdirSync(String(each), { recursive: true });
    const anHourAgo = new Date(Date.now() - 3_600_000);
    utimesSync(String(dead), anHourAgo, anHourAgo);

    const [one, other] = await Promise.all([pythonEnvironment('some', folder), pythonEnvironment('some', folder)]);
    expect(one).toEqual(other);
    const made = dirname(dirname(String(one.python)));
    // What a killed maker left is gone, and what one may be making is not.
    expect(environmentsIn(folder)).toEqual([basename(made), 'some-started-1'].toSorted());
    expect(
      spawnSync(String(one.python), ['-c', 'import sys; print(sys.prefix)'], { encoding: 'utf8' }).stdout.trim(),
    ).toBe(made);

    const before = statSync(made).ctimeMs;
    expect(await pythonEnvironment('some', folder)).toEqual(one);
    expect(statSync(made).ctimeMs).toBe(before);

    writeFileSync(join(folder, 'some.txt'), '# others\n');
    const changed = await pythonEnvironment('some', folder);
    expect(changed.python).not.toBe(one.python);
    expect(existsSync(String(changed.python))).toBe(true);
    expect(existsSync(made)).toBe(false);
  });

  test('without a package index the reason of a skipped test is what pip says, and nothing is left', async () => {
    vi.stubEnv('PIP_INDEX_URL', `http://127.0.0.1:${await closedPort()}/simple`);
    vi.stubEnv('PIP_FIND_LINKS', temporaryFolder());
    vi.stubEnv('PIP_NO_CACHE_DIR', '1');
    const folder = folderWith('countersign-has-no-such-package==1.0\n');
    const { missing } = await pythonEnvironment('some', folder);
    expect(missing).toMatch(/^pip could not install its packages: ERROR: /);
    expect(environmentsIn(folder)).toEqual([]);
  });
});
