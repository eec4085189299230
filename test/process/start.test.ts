// What start.cjs promises beside a real install (that is start-install.test.ts): when it calls npm and when not, what it
// does when an install fails or is cut off, and that the command it hands over to is as good as run directly. npm is
// replaced, as a program on the PATH, by one that notes its calls.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, readdir, readFile, rename, stat, utimes, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { chromiumNames } from '../support/chromium.ts';
import {
  type Env,
  endEverythingStarted,
  fakeNpm,
  folderWithNode,
  namedPipe,
  npmProgram,
  oldNode,
  PROJECT,
  pathWith,
  type Running,
  smallProject,
  start,
} from '../support/start-project.ts';
import { removeFolders, temporaryFolder } from '../support/temporary-folder.ts';

afterEach(endEverythingStarted);
afterAll(removeFolders);

const PRINT_ARGUMENTS = "console.log('arguments', JSON.stringify(process.argv.slice(2)));";
const CI =
  'ci --include=dev --include=optional --include=peer --ignore-scripts --engine-strict=false --workspaces=false';
const INSTALLING = /installing the dependencies/;

type Npm = Readonly<{ bin: string }>;

function startCommand(folder: string, args: readonly string[], npm: Npm, env: Env = {}, node = process.execPath) {
  const options = { cwd: folder, env: { PATH: pathWith(npm.bin), ...env } };
  return start(node, [join(folder, 'start.cjs'), ...args], options);
}

async function runCommand(folder: string, args: readonly string[], npm: Npm, env: Env = {}, node = process.execPath) {
  const running = startCommand(folder, args, npm, env, node);
  const ended = await running.ended;
  return { ...ended, stdout: running.stdout(), stderr: running.stderr() };
}

/** Runs an npm script with the real npm, on a current Node.js; the install is the given npm's. */
async function npmRun(folder: string, args: readonly string[], npm: Npm): Promise<Running> {
  const env = { PATH: pathWith(npm.bin, await folderWithNode(process.execPath)) };
  return start(npmProgram(), args, { cwd: folder, env });
}

async function changeLockfile(folder: string, content: object): Promise<void> {
  await writeFile(join(folder, 'package-lock.json'), JSON.stringify(content));
}

/** Writes a program for the pinned Node.js or a tool, in the place where npm would have put it. */
async function placeProgram(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  await chmod(file, 0o755);
}

describe('installing', () => {
  test('a fresh clone is installed before the command runs, and a second start does not call npm', async () => {
    const folder = await smallProject(PRINT_ARGUMENTS);
    const npm = await fakeNpm('exit 0');

    const first = await runCommand(folder, ['serve'], npm);
    expect(first).toMatchObject({ code: 0, stdout: 'arguments ["serve"]\n' });
    expect(first.stderr).toMatch(/installing the dependencies \(none are installed yet\)/);
    expect(await npm.calls()).toEqual([`${folder} ${CI}`]);

    const second = await runCommand(folder, ['serve'], npm);
    expect(second).toMatchObject({ code: 0, stdout: 'arguments ["serve"]\n', stderr: '' });
    expect(await npm.calls()).toHaveLength(1);
  });

  test('a changed lockfile is installed again', async () => {
    const folder = await smallProject(PRINT_ARGUMENTS);
    const npm = await fakeNpm('exit 0');
    await runCommand(folder, ['serve'], npm);

    await changeLockfile(folder, { packages: {}, changed: true });
    const result = await runCommand(folder, ['serve'], npm);
    expect(result.code).toBe(0);
    expect(result.stderr).toMatch(/package-lock.json or the platform has changed/);
    expect(await npm.calls()).toHaveLength(2);
  });

  test('node_modules without the record of a finished install is installed again', async () => {
    const folder = await smallProject(PRINT_ARGUMENTS);
    const npm = await fakeNpm('exit 0');
    await mkdir(join(folder, 'node_modules', 'half-written'), { recursive: true });

    const result = await runCommand(folder, ['serve'], npm);
    expect(result.code).toBe(0);
    expect(result.stderr).toMatch(/no record of a finished install/);
    expect(await npm.calls()).toHaveLength(1);
  });

  test('an install of another platform, in a folder shared between machines, is made again', async () => {
    const folder = await smallProject(PRINT_ARGUMENTS);
    const npm = await fakeNpm('exit 0');
    await runCommand(folder, ['serve'], npm);
    const stamp = join(folder, 'node_modules', '.countersign-install');
    const recorded = await readFile(stamp, 'utf8');
    expect(recorded).toContain(process.platform);
    await writeFile(stamp, recorded.replace(process.platform, 'another-platform'));

    await runCommand(folder, ['serve'], npm);
    expect(await npm.calls()).toHaveLength(2);
  });

  test('a failed install shows what npm said and one sentence, ends with 1 and starts nothing', async () => {
    const folder = await smallProject(PRINT_ARGUMENTS);
    const npm = await fakeNpm('echo "the registry is on fire" >&2; exit 7');

    for (const attempt of [1, 2]) {
      const result = await runCommand(folder, ['serve'], npm);
      expect(result).toMatchObject({ code: 1, stdout: '' });
      expect(result.stderr).toContain('the registry is on fire\n');
      expect(result.stderr).toMatch(/\ncountersign: npm ci ended with code 7, .*\.\n$/);
      expect(await npm.calls()).toHaveLength(attempt);
    }
  });

  test('the record of an earlier install does not survive a failed one', async () => {
    const folder = await smallProject(PRINT_ARGUMENTS);
    const works = await fakeNpm('exit 0');
    await runCommand(folder, ['serve'], works);
    await changeLockfile(folder, { packages: {}, changed: true });
    expect(await runCommand(folder, ['serve'], await fakeNpm('exit 1'))).toMatchObject({ code: 1 });

    // Back on the first lockfile: what the failed install left behind is not what that lockfile names.
    await changeLockfile(folder, { packages: {} });
    await runCommand(folder, ['serve'], works);
    expect(await works.calls()).toHaveLength(2);
  });

  test('a package for this platform that npm left out, without failing, is a failed install', async () => {
    const entry = { os: [process.platform], cpu: [process.arch], optional: true };
    const folder = await smallProject(PRINT_ARGUMENTS, { packages: { 'node_modules/pinned': entry } });

    for (const _attempt of [1, 2]) {
      const result = await runCommand(folder, ['serve'], await fakeNpm('exit 0'));
      expect(result).toMatchObject({ code: 1, stdout: '' });
      expect(result.stderr).toMatch(/npm did not install node_modules\/pinned; .*\.\n$/);
    }
    const placed = await fakeNpm('mkdir -p node_modules/pinned && echo {} > node_modules/pinned/package.json');
    expect(await runCommand(folder, ['serve'], placed)).toMatchObject({ code: 0 });
  });

  test('a package for another platform may be left out', async () => {
    const entry = { os: ['another-platform'], cpu: [process.arch], optional: true };
    const folder = await smallProject(PRINT_ARGUMENTS, { packages: { 'node_modules/pinned': entry } });
    expect(await runCommand(folder, ['serve'], await fakeNpm('exit 0'))).toMatchObject({ code: 0 });
  });

  test('an install without npm says so in one sentence', async () => {
    const folder = await smallProject(PRINT_ARGUMENTS);
    const empty = temporaryFolder('empty');
    const result = await runCommand(folder, ['serve'], { bin: empty }, { PATH: empty });
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(result.stderr).toMatch(/\ncountersign: npm was not found on the PATH; .*\.\n$/);
  });

  test('npm does not run on the Node.js that it is about to replace', async () => {
    const folder = await smallProject(PRINT_ARGUMENTS);
    const ours = join(folder, 'node_modules', '.bin');
    const npm = await fakeNpm('echo "$PATH" > path-of-npm');
    await runCommand(folder, ['serve'], npm, { PATH: pathWith(ours, npm.bin) });
    expect(await readFile(join(folder, 'path-of-npm'), 'utf8')).toContain(npm.bin);
    expect(await readFile(join(folder, 'path-of-npm'), 'utf8')).not.toContain(ours);
  });

  test('only the tests install the real clients', async () => {
    const folder = await smallProject(PRINT_ARGUMENTS);
    const npm = await fakeNpm('exit 0');
    await placeProgram(join(folder, 'node_modules', 'vitest', 'vitest.mjs'), '');
    await mkdir(join(folder, 'test', 'clients'), { recursive: true });
    await writeFile(join(folder, 'test', 'clients', 'package.json'), '{}');
    await writeFile(join(folder, 'test', 'clients', 'package-lock.json'), '{}');

    await runCommand(folder, ['serve'], npm);
    expect(await npm.calls()).toEqual([`${folder} ${CI}`]);
    for (const _attempt of [1, 2]) {
      expect(await runCommand(folder, ['test'], npm)).toMatchObject({ code: 0 });
      expect(await npm.calls()).toEqual([`${folder} ${CI}`, `${join(folder, 'test', 'clients')} ${CI}`]);
    }
  });
});

describe('two installs at once', () => {
  test('a second start waits for the install of the first and does not repeat it', async () => {
    const folder = await smallProject(PRINT_ARGUMENTS);
    const goOn = await namedPipe();
    const npm = await fakeNpm(`read line < '${goOn}'`);
    const first = startCommand(folder, ['first'], npm);
    await first.printed(INSTALLING);
    const second = startCommand(folder, ['second'], npm);
    await second.printed(new RegExp(`another start \\(process ${first.pid}\\) is installing`));

    await writeFile(goOn, 'go on\n');
    expect(await first.ended).toEqual({ code: 0, signal: null });
    expect(await second.ended).toEqual({ code: 0, signal: null });
    expect(second.stdout()).toBe('arguments ["second"]\n');
    expect(await npm.calls()).toHaveLength(1);
  });

  test('a start that needs no install does not wait for one', async () => {
    const folder = await smallProject(PRINT_ARGUMENTS);
    const npm = await fakeNpm('exit 0');
    await runCommand(folder, ['serve'], npm);
    await mkdir(join(folder, '.install-lock'));
    await writeFile(join(folder, '.install-lock', `${process.pid}@${encodeURIComponent(hostname())}@0`), '');
    expect(await runCommand(folder, ['serve'], npm)).toMatchObject({ code: 0, stderr: '' });
  });

  test('the command is not started when a signal came during the install, even if npm finished', async () => {
    const folder = await smallProject(PRINT_ARGUMENTS);
    const reached = await namedPipe();
    const npm = await fakeNpm(
      `trap 'exit 0' TERM; echo here > '${reached}'; while :; do read line < '${reached}'; done`,
    );
    const running = startCommand(folder, ['serve'], npm);
    await readFile(reached);
    running.signal('SIGTERM');
    expect(await running.ended).toEqual({ code: null, signal: 'SIGTERM' });
    expect(running.stdout()).toBe('');
  });

  test('an install that is ended by a signal ends npm, frees the lock and is made again', async () => {
    const folder = await smallProject(PRINT_ARGUMENTS);
    const reached = await namedPipe();
    const never = await namedPipe();
    const running = startCommand(folder, ['serve'], await fakeNpm(`echo here > '${reached}'; read line < '${never}'`));
    await readFile(reached);
    running.signal('SIGTERM');
    expect(await running.ended).toEqual({ code: null, signal: 'SIGTERM' });
    expect(running.anythingLeft()).toBe(false);
    expect((await readdir(folder)).filter((name) => name.startsWith('.install-lock'))).toEqual([]);

    const npm = await fakeNpm('exit 0');
    expect(await runCommand(folder, ['serve'], npm)).toMatchObject({ code: 0 });
    expect(await npm.calls()).toHaveLength(1);
  });

  test('the lock of an installing start that was killed does not stop the next one', async () => {
    const folder = await smallProject(PRINT_ARGUMENTS);
    const reached = await namedPipe();
    const never = await namedPipe();
    const killed = startCommand(folder, ['serve'], await fakeNpm(`echo here > '${reached}'; read line < '${never}'`));
    await readFile(reached);
    endEverythingStarted();
    await killed.ended;
    expect(await readdir(join(folder, '.install-lock'))).toHaveLength(1);

    const npm = await fakeNpm('exit 0');
    expect(await runCommand(folder, ['serve'], npm)).toMatchObject({ code: 0 });
    expect(await npm.calls()).toHaveLength(1);
  });

  test('a lock whose process id now belongs to another program is broken once nobody touches it', async () => {
    const folder = await smallProject(PRINT_ARGUMENTS);
    const npm = await fakeNpm('exit 0');
    const owner = join(folder, '.install-lock', `${process.pid}@${encodeURIComponent(hostname())}@0`);
    await mkdir(dirname(owner));
    await writeFile(owner, '');
    const running = startCommand(folder, ['serve'], npm);
    await running.printed(/another start .* waiting for it/);

    const twoMinutesAgo = Date.now() / 1000 - 120;
    await utimes(owner, twoMinutesAgo, twoMinutesAgo);
    expect(await running.ended).toEqual({ code: 0, signal: null });
    expect(await npm.calls()).toHaveLength(1);
  });

  test('a process id of another machine that shares the folder is not judged by our own processes', async () => {
    const folder = await smallProject(PRINT_ARGUMENTS);
    const gone = spawnSync(process.execPath, ['--version']).pid;
    await mkdir(join(folder, '.install-lock'));
    await writeFile(join(folder, '.install-lock', `${gone}@another-machine@0`), '');
    const npm = await fakeNpm('exit 0');
    const running = startCommand(folder, ['serve'], npm);
    await running.printed(/another start .* waiting for it/);
    expect(await npm.calls()).toEqual([]);
    running.signal('SIGTERM');
    expect(await running.ended).toEqual({ code: null, signal: 'SIGTERM' });
  });
});

describe('handing over', () => {
  test.each([
    ['start', ['--port', '9000', '--upstream', 'http://venue.example'], 'serve'],
    ['demo', ['--url', 'http://127.0.0.1:9'], 'demo'],
  ])('npm run %s passes its arguments on', async (script, args, verb) => {
    const folder = await smallProject(PRINT_ARGUMENTS);
    const running = await npmRun(folder, ['run', script, '--', ...args], await fakeNpm('exit 0'));
    expect(await running.ended).toEqual({ code: 0, signal: null });
    expect(running.stdout()).toContain(`\narguments ${JSON.stringify([verb, ...args])}\n`);
  });

  test("the command's exit code is ours", async () => {
    const folder = await smallProject('process.exit(7);');
    expect(await runCommand(folder, ['serve'], await fakeNpm('exit 0'))).toMatchObject({ code: 7, signal: null });
  });

  test.each(['SIGKILL', 'SIGTERM'] as const)('a command ended by %s ends us the same way', async (signal) => {
    const folder = await smallProject(`process.kill(process.pid, '${signal}'); setInterval(() => {}, 1000);`);
    expect(await runCommand(folder, ['serve'], await fakeNpm('exit 0'))).toMatchObject({ code: null, signal });
  });

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    '%s reaches the command, and we end when it has',
    async (signal) => {
      const folder = await smallProject(`
      process.once('${signal}', () => { console.log('draining'); clearInterval(work); process.exitCode = 3; });
      const work = setInterval(() => {}, 1000);
      console.log('ready');
    `);
      const running = startCommand(folder, ['serve'], await fakeNpm('exit 0'));
      await running.printed(/^ready$/m);
      running.signal(signal);
      expect(await running.ended).toEqual({ code: 3, signal: null });
      expect(running.stdout()).toBe('ready\ndraining\n');
      expect(running.anythingLeft()).toBe(false);
    },
  );

  test('the command runs in the folder it was called from, with its standard input', async () => {
    const folder = await smallProject('console.log(process.cwd()); process.stdin.pipe(process.stdout);');
    const npm = await fakeNpm('exit 0');
    const elsewhere = temporaryFolder('elsewhere');
    const result = spawnSync(process.execPath, [join(folder, 'start.cjs'), 'serve'], {
      cwd: elsewhere,
      env: { PATH: pathWith(npm.bin) },
      input: 'typed',
      encoding: 'utf8',
    });
    expect(result.stdout).toBe(`${elsewhere}\ntyped`);
  });

  const pinned = join('node_modules', `node-${process.platform}-${process.arch}`);

  async function placePinnedNode(folder: string, script: string): Promise<void> {
    await placeProgram(join(folder, pinned, 'bin', 'node'), `#!/bin/sh\n${script}\n`);
    await writeFile(join(folder, pinned, 'package.json'), '{}');
  }

  test('the pinned Node.js runs the command, not the one that ran start.cjs', async () => {
    const folder = await smallProject('console.log(process.env.RUN_BY);');
    await placePinnedNode(folder, `RUN_BY=pinned exec '${process.execPath}' "$@"`);
    expect(await runCommand(folder, ['serve'], await fakeNpm('exit 0'))).toMatchObject({ stdout: 'pinned\n' });
  });

  test.each([
    ['does not run', 'exit 127'],
    ['is too old', "echo '22.18.0 strip'"],
  ])('where the pinned Node.js %s, a current one that is new enough runs the command', async (_why, script) => {
    const folder = await smallProject(PRINT_ARGUMENTS);
    await placePinnedNode(folder, script);
    const result = await runCommand(folder, ['serve'], await fakeNpm('exit 0'));
    expect(result).toMatchObject({ code: 0, stdout: 'arguments ["serve"]\n' });
  });

  test('an old Node.js without a pinned one is refused with one sentence', async (context) => {
    const node = oldNode();
    if (node === undefined) return context.skip('no Node.js older than 24 on the PATH');
    const folder = await smallProject(PRINT_ARGUMENTS);
    const result = await runCommand(folder, ['serve'], await fakeNpm('exit 0'), {}, node);
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(result.stderr).toMatch(/\ncountersign: Node.js 24 or newer is needed: this is v\d.*\.\n$/);
  });

  test('NODE_OPTIONS that Node.js 24 accepts reach the command', async () => {
    const folder = await smallProject('console.log(process.env.NODE_OPTIONS);');
    const env = { NODE_OPTIONS: '--max-old-space-size=512' };
    const result = await runCommand(folder, ['serve'], await fakeNpm('exit 0'), env);
    expect(result).toMatchObject({ code: 0, stdout: '--max-old-space-size=512\n' });
    expect(result.stderr).not.toContain('NODE_OPTIONS');
  });

  test('NODE_OPTIONS that would stop the command are left out, and it is said', async () => {
    const folder = await smallProject(
      'const options: string = String(process.env.NODE_OPTIONS); console.log(options);',
    );
    const env = { NODE_OPTIONS: '--no-strip-types' };
    const result = await runCommand(folder, ['serve'], await fakeNpm('exit 0'), env);
    expect(result).toMatchObject({ code: 0, stdout: 'undefined\n' });
    expect(result.stderr).toMatch(/ignoring NODE_OPTIONS=--no-strip-types/);
  });

  test('nothing but the command itself prints once everything is installed', async () => {
    const folder = await smallProject(
      "import { DatabaseSync } from 'node:sqlite'; new DatabaseSync(':memory:').close();",
    );
    const npm = await fakeNpm('exit 0');
    await runCommand(folder, ['serve'], npm);
    expect(await runCommand(folder, ['serve'], npm)).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });
});

describe('a folder above the project, in which others may write', () => {
  const NODE = `node-${process.platform}-${process.arch}`;
  let above: string;
  let marker: string;
  beforeEach(async () => {
    above = temporaryFolder('above');
    marker = join(above, 'planted-ran');
  });

  /** A program that leaves a mark, and passes for a Node.js 24 with whoever asks. */
  const plant = (...segments: string[]) =>
    placeProgram(
      join(above, ...segments),
      `#!/bin/sh\necho ran >> '${marker}'\n[ "$1" = -p ] && echo '24.0.0 strip'\nexit 0\n`,
    );
  const planted = () => existsSync(marker);

  async function projectBelow(...segments: string[]): Promise<string> {
    const folder = join(above, ...segments);
    await mkdir(dirname(folder), { recursive: true });
    await rename(await smallProject(PRINT_ARGUMENTS), folder);
    return folder;
  }

  test('no Node.js of its node_modules runs the command', async () => {
    await plant('node_modules', NODE, 'bin', 'node');
    await writeFile(join(above, 'node_modules', NODE, 'package.json'), '{}');
    const folder = await projectBelow('a', 'project');
    const npm = await fakeNpm('exit 0');
    const expected = { code: 0, stdout: 'arguments ["serve"]\n' };
    expect(await runCommand(folder, ['serve'], npm)).toMatchObject(expected);
    expect(planted()).toBe(false);
  });

  test('neither `node` nor `npm` of its node_modules/.bin is run by npm start, nor by a path that depends on where we are', async () => {
    for (const name of ['node', 'npm', 'sh']) await plant('node_modules', '.bin', name);
    await plant('tools', 'npm');
    const folder = await projectBelow('project');
    // npm looks for the shell of a script there, too, unless it is told which.
    await copyFile(join(PROJECT, '.npmrc'), join(folder, '.npmrc'));
    const npm = await fakeNpm('exit 0');
    const running = await npmRun(folder, ['start'], npm);
    expect(await running.ended).toEqual({ code: 0, signal: null });
    expect(running.stdout()).toContain('\narguments ["serve"]\n');
    await changeLockfile(folder, { packages: {}, changed: true });
    const PATH = `../tools:../node_modules/.bin:${pathWith(npm.bin)}`;
    expect(await runCommand(folder, ['serve'], npm, { PATH })).toMatchObject({ code: 0 });
    expect(await npm.calls()).toEqual([`${folder} ${CI}`, `${folder} ${CI}`]);
    expect(planted()).toBe(false);
  });

  test('a package.json that names the project a part of its workspace does not decide what is installed', async () => {
    const folder = await projectBelow('project');
    await changeLockfile(folder, { lockfileVersion: 3, packages: { '': { name: 'small' } } });
    const workspace = { name: 'evil', lockfileVersion: 3, packages: { '': { name: 'evil', workspaces: ['project'] } } };
    await writeFile(join(above, 'package.json'), JSON.stringify({ name: 'evil', workspaces: ['project'] }));
    await writeFile(
      join(above, 'package-lock.json'),
      JSON.stringify({
        ...workspace,
        packages: {
          ...workspace.packages,
          'node_modules/small': { resolved: 'project', link: true },
          project: { name: 'small' },
        },
      }),
    );
    const env = { PATH: pathWith(await folderWithNode(process.execPath)) };
    const running = start(process.execPath, [join(folder, 'start.cjs'), 'serve'], { cwd: folder, env });
    expect(await running.ended, running.stderr()).toEqual({ code: 0, signal: null });
    expect(existsSync(join(above, 'node_modules'))).toBe(false);
    expect(await readdir(join(folder, 'node_modules'))).toContain('.countersign-install');
  });
});

describe('check and test', () => {
  const TOOLS = {
    biome: join('@biomejs', 'biome', 'bin', 'biome'),
    tsc: join('typescript', 'bin', 'tsc'),
    vitest: join('vitest', 'vitest.mjs'),
  };

  /** A project whose tools print their name and arguments, then end as told. */
  async function projectWithTools(exitCodes: { biome?: number; tsc?: number; vitest?: number } = {}): Promise<string> {
    const folder = await smallProject(PRINT_ARGUMENTS);
    for (const name of ['biome', 'tsc', 'vitest'] as const) {
      const file = join(folder, 'node_modules', TOOLS[name]);
      const shown = `[${JSON.stringify(name)}, ...process.argv.slice(2)].join(' ')`;
      await placeProgram(file, `console.log(${shown}); process.exitCode = ${exitCodes[name] ?? 0};`);
    }
    return folder;
  }

  const LINTED = 'biome ci .\n';
  const typed = (kept: string, more = '') =>
    `tsc --noEmit --checkers 1 --incremental --tsBuildInfoFile ${join('node_modules', '.cache', `${kept}.tsbuildinfo`)}${more}\n`;
  const TYPED = typed('types');
  const TYPED_CONSOLE = typed('console', ' -p console');
  const UNITS = 'vitest run --no-isolate test/unit\n';
  /** What was run, without the slow tests that are left out, each of which must be there. */
  function printed(stdout: string): string {
    const leftOut = [...stdout.matchAll(/ --exclude=(\S+)/g)].map(([, pattern = '']) => pattern.replace(/\/\*\*$/, ''));
    expect(leftOut.filter((place) => !place.startsWith('test/unit/') || !existsSync(join(PROJECT, place)))).toEqual([]);
    return stdout.replaceAll(/ --exclude=\S+/g, '');
  }

  test('check runs format and lint, types, those of the console too, and unit tests, and says how long each took', async () => {
    const folder = await projectWithTools();
    const result = await runCommand(folder, ['check'], await fakeNpm('exit 0'));
    expect([result.code, printed(result.stdout)]).toEqual([0, LINTED + TYPED + TYPED_CONSOLE + UNITS]);
    for (const step of ['format and lint', 'types', 'types of the console', 'unit tests', 'everything']) {
      expect(result.stderr).toMatch(new RegExp(`check: ${step} passed in [0-9.]+ s\n`));
    }
  });

  test.each([
    [{ biome: 2 }, 2, LINTED, 'format and lint'],
    [{ tsc: 3 }, 3, LINTED + TYPED, 'types'],
    [{ vitest: 4 }, 4, LINTED + TYPED + TYPED_CONSOLE + UNITS, 'unit tests'],
  ])('check stops at the first step that fails: %j', async (exitCodes, code, stdout, step) => {
    const folder = await projectWithTools(exitCodes);
    const result = await runCommand(folder, ['check'], await fakeNpm('exit 0'));
    expect([result.code, printed(result.stdout)]).toEqual([code, stdout]);
    expect(result.stderr).toMatch(new RegExp(`check: ${step} failed in [0-9.]+ s\n$`));
  });

  test('a check that is stopped has not passed', async () => {
    const folder = await projectWithTools();
    await writeFile(
      join(folder, 'node_modules', TOOLS.biome),
      "process.once('SIGTERM', () => clearInterval(work)); const work = setInterval(() => {}, 1000); console.log('ready');",
    );
    const running = startCommand(folder, ['check'], await fakeNpm('exit 0'));
    await running.printed(/^ready$/m);
    running.signal('SIGTERM');
    expect(await running.ended).toEqual({ code: null, signal: 'SIGTERM' });
    expect(running.stdout()).toBe('ready\n');
  });

  test('the pre-commit hook fails when check does', async () => {
    const hook = join(import.meta.dirname, '..', '..', '.githooks', 'pre-commit');
    expect((await stat(hook)).mode & 0o111).toBe(0o111);
    for (const code of [0, 3]) {
      const folder = await projectWithTools({ tsc: code });
      // Installed already: the npm that the hook finds is the real one.
      await runCommand(folder, ['check'], await fakeNpm('exit 0'));
      const running = start(hook, [], { cwd: folder, env: { PATH: pathWith(await folderWithNode(process.execPath)) } });
      expect(await running.ended).toEqual({ code, signal: null });
      expect(running.stdout()).toContain(TYPED);
    }
  });

  test('npm test passes its arguments and its exit code on', async () => {
    const folder = await projectWithTools({ vitest: 5 });
    const running = await npmRun(folder, ['test', '--', 'test/unit', '-t', 'a name'], await fakeNpm('exit 0'));
    expect(await running.ended).toEqual({ code: 5, signal: null });
    expect(running.stdout()).toContain('\nvitest run test/unit -t a name\n');
  });

  test('npm test says once which tests were left out for want of a browser, and what brings one', async () => {
    const folder = await projectWithTools();
    await mkdir(join(folder, 'test', 'console'), { recursive: true });
    // In two parts: this file needs no browser.
    const imports = `import {\n  chromiumFile,\n  chromiumNeeded } from ${"'../support/chromium.ts'"};`;
    await writeFile(join(folder, 'test/console/page.test.ts'), imports);
    await writeFile(join(folder, 'test/other.test.ts'), 'no page, though it speaks of chromiumNeeded');
    const empty = temporaryFolder('no-browser');
    const npm = await fakeNpm('exit 0');
    await runCommand(folder, ['record-the-install'], npm);
    const without = await runCommand(folder, ['test'], npm, { PATH: empty, CHROMIUM: undefined });
    expect(without.code).toBe(0);
    expect(without.stderr).toMatch(
      /^countersign: no Chromium is on the PATH, .*, of test\/console\/page\.test\.ts; `apt-get install chromium` brings one\n$/,
    );
    for (const [args, env] of [
      [['test/other'], { PATH: empty, CHROMIUM: undefined }],
      [[], { PATH: empty, CHROMIUM: '/usr/bin/chromium' }],
    ] as const)
      expect(await runCommand(folder, ['test', ...args], npm, env)).toMatchObject({ code: 0, stderr: '' });
  });

  test('npm test looks for the browsers that the tests look for', () => {
    const { NAMES }: { readonly NAMES: unknown } = createRequire(import.meta.url)('../../start/browser-tests.cjs');
    expect(NAMES).toEqual(chromiumNames);
  });

  test('the tests find our own tools first on the PATH', async () => {
    const folder = await projectWithTools();
    await writeFile(join(folder, 'node_modules', TOOLS.vitest), "console.log(process.env.PATH.split(':')[0]);");
    const result = await runCommand(folder, ['test'], await fakeNpm('exit 0'));
    expect(result.stdout).toBe(`${join(folder, 'node_modules', '.bin')}\n`);
  });
});
