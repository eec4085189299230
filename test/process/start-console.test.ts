// What start.cjs promises about the console: when it is built and when not, and that no half of a build is ever believed. Vite is replaced by a
// program that notes its calls; the real one builds in start-install.test.ts.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { appendFile, chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import {
  type Env,
  endEverythingStarted,
  fakeNpm,
  namedPipe,
  oldNode,
  pathWith,
  smallProject,
  start,
} from '../support/start-project.ts';
import { removeFolders } from '../support/temporary-folder.ts';

afterEach(endEverythingStarted);
afterAll(removeFolders);

const BUILDS = `
  const { appendFileSync, mkdirSync, writeFileSync, readFileSync } = require('node:fs');
  const folder = process.argv[process.argv.indexOf('--outDir') + 1];
  appendFileSync('builds', [process.env.RUN_BY, process.env.NODE_ENV, ...process.argv.slice(2, 3)].join(' ') + '\\n');
  mkdirSync(folder + '/assets', { recursive: true });
  writeFileSync(folder + '/assets/main.js', readFileSync('console/main.tsx'));
`;
const FINISHES = `${BUILDS}; writeFileSync(folder + '/index.html', 'page');`;
/** As `config show --json` of the real one prints it, where `--console.enabled=false` or the environment says so. */
const MAIN = `
  const args = process.argv.slice(2);
  const isOff = args.includes('--console.enabled=false') || process.env.CSIGN_CONSOLE_ENABLED === 'false';
  if (args[0] === 'config') console.log(JSON.stringify([{ name: 'console.enabled', value: String(!isOff) }], undefined, 2));
  else console.log('arguments', JSON.stringify(args));
`;

/** A project with a console of one file, and with the given program in the place of Vite. */
async function projectWithConsole(vite: string): Promise<string> {
  const folder = await smallProject(MAIN);
  for (const file of ['console/vite.config.ts', 'console/main.tsx', 'src/client/main.ts']) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), `// ${file}\n`);
  }
  await mkdir(join(folder, 'node_modules', 'vite', 'bin'), { recursive: true });
  // Before the first start, which finds the install recorded and calls no npm.
  await startAt(folder, ['record-the-install']).ended;
  await placeVite(folder, vite);
  return folder;
}

const placeVite = (folder: string, program: string) =>
  writeFile(join(folder, 'node_modules', 'vite', 'bin', 'vite.js'), program);

const npm = await fakeNpm('exit 0');

function startAt(folder: string, args: readonly string[], env: Env = {}, command: readonly string[] = []) {
  const [program = '', ...rest] = [...command, process.execPath, join(folder, 'start.cjs'), ...args];
  return start(program, rest, { cwd: folder, env: { PATH: pathWith(npm.bin), ...env } });
}

async function runAt(folder: string, args: readonly string[], env?: Env, command?: readonly string[]) {
  const running = startAt(folder, args, env, command);
  return { ...(await running.ended), stdout: running.stdout(), stderr: running.stderr() };
}

const linesOf = (file: string): string[] => (existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : []);
const buildsIn = (folder: string): string[] => linesOf(join(folder, 'builds'));
const builtMain = (folder: string): string => readFileSync(join(folder, 'dist/console/assets/main.js'), 'utf8');
const SERVED = { code: 0, stdout: 'arguments ["serve"]\n' };

describe('building the console', () => {
  test('the first start builds it before the command and says so, and the second builds nothing and says nothing', async () => {
    const folder = await projectWithConsole(FINISHES);
    const first = await runAt(folder, ['serve'], { NODE_ENV: 'development' });
    expect(first).toMatchObject(SERVED);
    expect(first.stderr).toMatch(
      /^countersign: building the console \(none is built yet\) \.\.\.\ncountersign: built in [0-9.]+ s\n$/,
    );
    expect(await runAt(folder, ['serve'])).toMatchObject({ ...SERVED, stderr: '' });
    expect(buildsIn(folder)).toEqual([' production build']);
    expect(readdirSync(join(folder, 'dist')).sort()).toEqual(['console']);
    expect(readFileSync(join(folder, 'dist/console/index.html'), 'utf8')).toBe('page');
  });

  test.each(['console/main.tsx', 'src/client/main.ts', 'package-lock.json'])(
    'a change in %s builds it again',
    async (file) => {
      const folder = await projectWithConsole(FINISHES);
      await runAt(folder, ['serve']);
      await appendFile(join(folder, file), '\n');
      const again = await runAt(folder, ['serve']);
      expect(again).toMatchObject(SERVED);
      expect(again.stderr).toContain('building the console (its sources have changed) ...\n');
      expect(buildsIn(folder)).toHaveLength(2);
      expect(builtMain(folder)).toBe(readFileSync(join(folder, 'console/main.tsx'), 'utf8'));
    },
  );

  test('a file that is new, gone or renamed builds it again, and one that the console is not made of does not', async () => {
    const folder = await projectWithConsole(FINISHES);
    await runAt(folder, ['serve']);
    await writeFile(join(folder, 'console/new.tsx'), 'new');
    await runAt(folder, ['serve']);
    expect(buildsIn(folder)).toHaveLength(2);
    await rm(join(folder, 'console/new.tsx'));
    await writeFile(join(folder, 'console/renamed.tsx'), 'new');
    await runAt(folder, ['serve']);
    expect(buildsIn(folder)).toHaveLength(3);
    await rm(join(folder, 'console/renamed.tsx'));
    await runAt(folder, ['serve']);
    expect(buildsIn(folder)).toHaveLength(4);
    await appendFile(join(folder, 'src/main.ts'), '\n// another comment\n');
    await runAt(folder, ['serve']);
    expect(buildsIn(folder)).toHaveLength(4);
  });

  test('only commands that show it build it, and console:build does nothing else', async () => {
    const folder = await projectWithConsole(FINISHES);
    await runAt(folder, ['version']);
    expect(buildsIn(folder)).toHaveLength(0);
    expect(await runAt(folder, ['console:build'])).toMatchObject({ code: 0, stdout: '' });
    expect(buildsIn(folder)).toHaveLength(1);
    await mkdir(join(folder, 'node_modules', 'vitest'));
    await writeFile(join(folder, 'node_modules/vitest/vitest.mjs'), "console.log('tests run');");
    for (const command of ['serve', 'demo', 'test']) {
      await rm(join(folder, 'dist'), { recursive: true });
      expect(await runAt(folder, [command, 'with', 'arguments'])).toMatchObject({ code: 0 });
      expect(existsSync(join(folder, 'dist/console/index.html')), command).toBe(true);
    }
  });

  test('a server whose settings switch the console off starts without it', async () => {
    const folder = await projectWithConsole(FINISHES);
    for (const [args, env] of [
      [['serve', '--console.enabled=false'], {}],
      [['serve'], { CSIGN_CONSOLE_ENABLED: 'false' }],
    ] as const) {
      const started = await runAt(folder, args, env);
      expect(started).toMatchObject({ code: 0, stdout: `arguments ${JSON.stringify(args)}\n`, stderr: '' });
    }
    expect(buildsIn(folder)).toEqual([]);
    expect(await runAt(folder, ['serve', '--console.enabled=true'])).toMatchObject({ code: 0 });
    expect(buildsIn(folder)).toHaveLength(1);
  });

  test('a failed build shows what Vite said and one sentence, ends with 1, starts nothing and is tried again', async () => {
    const folder = await projectWithConsole(FINISHES);
    await runAt(folder, ['serve']);
    await appendFile(join(folder, 'console/main.tsx'), 'const;\n');
    await placeVite(folder, `${BUILDS}; console.error('main.tsx:2:6: unexpected token'); process.exitCode = 3;`);
    for (const builds of [2, 3]) {
      const failed = await runAt(folder, ['serve']);
      expect(failed).toMatchObject({ code: 1, stdout: '' });
      expect(failed.stderr).toMatch(
        /\nmain\.tsx:2:6: unexpected token\ncountersign: vite build ended with code 3, .*\.\n$/,
      );
      expect(buildsIn(folder)).toHaveLength(builds);
      // What a server that runs may still have to read is whole.
      expect(builtMain(folder)).toBe('// console/main.tsx\n');
      expect(readdirSync(join(folder, 'dist'))).toEqual(['console']);
    }
    await placeVite(folder, FINISHES);
    expect(await runAt(folder, ['serve'])).toMatchObject(SERVED);
    expect(builtMain(folder)).toContain('const;');
  });

  test('the pinned Node.js builds it', async () => {
    const folder = await projectWithConsole(FINISHES);
    const pinned = join(folder, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node');
    await mkdir(dirname(pinned), { recursive: true });
    await writeFile(pinned, `#!/bin/sh\nRUN_BY=pinned exec '${process.execPath}' "$@"`);
    await chmod(pinned, 0o755);
    await runAt(folder, ['serve']);
    expect(buildsIn(folder)).toEqual(['pinned production build']);
  });

  test('under an old Node.js the pinned one builds it, and without a pinned one nothing is built', async (context) => {
    const old = oldNode();
    if (old === undefined) return context.skip('no Node.js older than 24 on the PATH');
    const folder = await projectWithConsole(FINISHES);
    const byOld = async () => {
      const running = start(old, [join(folder, 'start.cjs'), 'serve'], {
        cwd: folder,
        env: { PATH: pathWith(npm.bin) },
      });
      return (await running.ended).code;
    };
    expect(await byOld()).toBe(1);
    expect(buildsIn(folder)).toEqual([]);
    const pinned = join(folder, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node');
    await mkdir(dirname(pinned), { recursive: true });
    await writeFile(pinned, `#!/bin/sh\nRUN_BY=pinned exec '${process.execPath}' "$@"`);
    await chmod(pinned, 0o755);
    expect(await byOld()).toBe(0);
    expect(buildsIn(folder)).toEqual(['pinned production build']);
  });

  test('a start that finds it built writes nothing, and one that may not write where it must build says so', async (context) => {
    const options = ['--bounding-set=-all', '--inh-caps=-all'];
    const isRoot = process.getuid?.() === 0;
    if (isRoot && spawnSync('setpriv', [...options, 'true']).status !== 0) return context.skip('no setpriv');
    const powerless = isRoot ? ['setpriv', ...options] : [];
    const folder = await projectWithConsole(FINISHES);
    await runAt(folder, ['serve']);
    await chmod(join(folder, 'dist'), 0o555);
    await chmod(folder, 0o555);
    try {
      expect(await runAt(folder, ['serve'], {}, powerless)).toMatchObject({ ...SERVED, stderr: '' });
      await appendFile(join(folder, 'console/main.tsx'), '\n');
      const refused = await runAt(folder, ['serve'], {}, powerless);
      expect(refused).toMatchObject({ code: 1, stdout: '' });
      expect(refused.stderr).toMatch(
        /^countersign: the console must be built, .*EACCES.*`npm run console:build` .*\.\n$/,
      );
    } finally {
      await chmod(folder, 0o755);
      await chmod(join(folder, 'dist'), 0o755);
    }
  });
});

describe('a build that is cut off', () => {
  test('two starts at once build once', async () => {
    const goOn = await namedPipe();
    const folder = await projectWithConsole(`require('node:fs').readFileSync('${goOn}');${FINISHES}`);
    const first = startAt(folder, ['serve']);
    await first.printed(/building the console/);
    const second = startAt(folder, ['serve']);
    await second.printed(
      new RegExp(`another start \\(process ${first.pid}\\) is building the console; waiting for it`),
    );
    await writeFile(goOn, 'go on\n');
    for (const running of [first, second]) {
      expect(await running.ended).toEqual({ code: 0, signal: null });
      expect(running.stdout()).toBe(SERVED.stdout);
    }
    expect(second.stderr()).not.toContain('(none is built yet)');
    expect(buildsIn(folder)).toHaveLength(1);
  });

  test('by a stop signal, even if Vite finished all the same, starts nothing, leaves nothing, and the next start builds', async () => {
    const reached = await namedPipe();
    const folder = await projectWithConsole(
      `${FINISHES}; process.on('SIGTERM', () => process.exit(0)); setInterval(() => {}, 1000); writeFileSync('${reached}', 'here');`,
    );
    const running = startAt(folder, ['serve']);
    readFileSync(reached);
    running.signal('SIGTERM');
    expect(await running.ended).toEqual({ code: null, signal: 'SIGTERM' });
    expect(running.anythingLeft()).toBe(false);
    expect(running.stdout()).toBe('');
    expect(readdirSync(join(folder, 'dist'))).toEqual([]);
    expect(readdirSync(folder).filter((name) => name.startsWith('.install-lock'))).toEqual([]);

    await placeVite(folder, FINISHES);
    expect(await runAt(folder, ['serve'])).toMatchObject(SERVED);
    expect(buildsIn(folder)).toHaveLength(2);
  });

  test('by the death of its start leaves no lock and no half that the next start believes', async () => {
    const reached = await namedPipe();
    const folder = await projectWithConsole(
      `${BUILDS}; writeFileSync('${reached}', 'here'); setInterval(() => {}, 1000);`,
    );
    const killed = startAt(folder, ['serve']);
    readFileSync(reached);
    endEverythingStarted();
    await killed.ended;
    expect(readdirSync(join(folder, 'dist'))).toHaveLength(1);

    await placeVite(folder, FINISHES);
    const next = await runAt(folder, ['serve']);
    expect(next).toMatchObject(SERVED);
    expect(next.stderr).toContain('building the console (none is built yet) ...\n');
    expect(readdirSync(join(folder, 'dist'))).toEqual(['console']);
  });

  test('files of a build without its stamp, as another program leaves them, are built again', async () => {
    const folder = await projectWithConsole(FINISHES);
    await mkdir(join(folder, 'dist/console'), { recursive: true });
    await writeFile(join(folder, 'dist/console/index.html'), 'half');
    const result = await runAt(folder, ['serve']);
    expect(result).toMatchObject(SERVED);
    expect(result.stderr).toContain('building the console (no record of a finished build) ...\n');
    expect(readFileSync(join(folder, 'dist/console/index.html'), 'utf8')).toBe('page');
  });
});
