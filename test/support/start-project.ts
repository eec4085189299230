// Throw-away copies of the project for the tests of start.cjs, and the processes run in them. Everything lives under the
// system's temporary folder: nothing here may touch the checkout it is run from.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { vi } from 'vitest';
import { PROJECT, shellEnv, shellPath } from './started.ts';
import { temporaryFolder } from './temporary-folder.ts';

export { type Env, endEverythingStarted, PROJECT, type Running, start } from './started.ts';

// Whoever waits here waits for processes to start, which on a machine that others use takes seconds each. Nothing is asserted by it.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

/** Puts folders in front of the PATH a user's shell has. */
export function pathWith(...first: string[]): string {
  return [...first, ...shellPath()].join(delimiter);
}

/** A folder for the front of the PATH in which `node` is the given one; npm and its scripts run on it. */
export async function folderWithNode(file: string): Promise<string> {
  const folder = temporaryFolder('node');
  await symlink(file, join(folder, 'node'));
  return folder;
}

/** The npm a user's shell finds. */
export function npmProgram(): string {
  const found = shellPath()
    .map((entry) => join(entry, 'npm'))
    .find((file) => existsSync(file));
  if (found === undefined) throw new Error('these tests need npm on the PATH');
  return found;
}

/** A Node.js older than 24 on this machine's PATH. */
export function oldNode(): string | undefined {
  return shellPath()
    .map((entry) => join(entry, 'node'))
    .find((file) => {
      const version = existsSync(file) ? spawnSync(file, ['--version'], { encoding: 'utf8' }).stdout : '';
      return /^v\d+\./.test(version) && Number.parseInt(version.slice(1), 10) < 24;
    });
}

/** What a fresh clone of this checkout would hold, plus what is not committed yet: nothing that git ignores. */
export async function copyOfTheProject(): Promise<string> {
  const folder = temporaryFolder('clone');
  const listed = spawnSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], {
    cwd: PROJECT,
    env: shellEnv(),
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (listed.status !== 0) throw new Error(`git ls-files failed: ${listed.stderr}`);
  const files = listed.stdout.split('\0').filter((file) => file !== '' && existsSync(join(PROJECT, file)));
  for (const file of files) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await cp(join(PROJECT, file), join(folder, file));
  }
  return folder;
}

/** A project of nothing but start.cjs, the scripts of package.json, a lockfile and the given src/main.ts. */
export async function smallProject(main: string, lockfile: object = { packages: {} }): Promise<string> {
  const folder = temporaryFolder('small');
  for (const file of ['start.cjs', 'start']) await cp(join(PROJECT, file), join(folder, file), { recursive: true });
  const manifest: unknown = JSON.parse(await readFile(join(PROJECT, 'package.json'), 'utf8'));
  const scripts = typeof manifest === 'object' && manifest !== null && 'scripts' in manifest ? manifest.scripts : {};
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'small', type: 'module', scripts }));
  await writeFile(join(folder, 'package-lock.json'), JSON.stringify(lockfile));
  await mkdir(join(folder, 'src'));
  await writeFile(join(folder, 'src', 'main.ts'), main);
  return folder;
}

/** A program named npm that notes each call (its folder and arguments) and then runs the given shell commands. */
export async function fakeNpm(commands: string): Promise<{ bin: string; calls: () => Promise<string[]> }> {
  const bin = temporaryFolder('npm');
  const log = join(bin, 'calls');
  await writeFile(log, '');
  await writeFile(join(bin, 'npm'), `#!/bin/sh\nprintf '%s %s\\n' "$PWD" "$*" >> '${log}'\n${commands}\n`);
  await chmod(join(bin, 'npm'), 0o755);
  return { bin, calls: async () => (await readFile(log, 'utf8')).split('\n').filter((line) => line !== '') };
}

/** A named pipe: reading it waits for a writer and the other way round, so two processes can wait for each other. */
export async function namedPipe(): Promise<string> {
  const file = join(temporaryFolder('pipe'), 'pipe');
  const made = spawnSync('mkfifo', [file], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`mkfifo failed: ${made.stderr}`);
  return file;
}
