// `npm start` as a stranger types it: a copy of the project outside of it, the real npm, a real install. Each case also
// requests the health page and then sends SIGTERM to npm's own process id, which must end everything.

import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  copyOfTheProject,
  type Env,
  endEverythingStarted,
  fakeNpm,
  folderWithNode,
  npmProgram,
  oldNode,
  pathWith,
  type Running,
  start,
} from '../support/start-project.ts';
import { removeFolders, temporaryFolder } from '../support/temporary-folder.ts';

/** An install moves hundreds of megabytes; on a small machine that several share it takes its time. */
const INSTALL_TIMEOUT_MS = 600_000;
const READY = /^listening on (http:\/\/127\.0\.0\.1:\d+)$/m;

afterEach(endEverythingStarted);
afterAll(removeFolders);

describe('npm start in a fresh clone', () => {
  let folder = '';
  const nodeModules = (...segments: string[]) => join(folder, 'node_modules', ...segments);

  beforeAll(async () => {
    folder = await copyOfTheProject();
  });

  async function npmStart(env: Env = {}): Promise<Running> {
    const args = ['start', '--', '--port', '0', '--data', join(temporaryFolder('data'), 'data')];
    return start(npmProgram(), args, { cwd: folder, env: { npm_config_prefer_offline: 'true', ...env } });
  }

  /** The server answers; SIGTERM to npm's own process id ends it and everything between, as a success. */
  async function expectServesAndStops(npm: Running): Promise<void> {
    const [, url = ''] = await npm.printed(READY);
    const health = await fetch(`${url}/healthz`);
    expect(health.status).toBe(200);
    await health.arrayBuffer();
    const [, console = ''] = await npm.printed(/^console +(http:\S+)$/m);
    expect(await (await fetch(console)).text()).toContain('"/console/assets/');

    npm.signal('SIGTERM');
    expect(await npm.ended).toEqual({ code: 0, signal: null });
    expect(npm.anythingLeft()).toBe(false);
    await expect(fetch(`${url}/healthz`)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
  }

  test('a fresh clone under NODE_ENV=production installs the tools of the tests too', {
    timeout: INSTALL_TIMEOUT_MS,
  }, async () => {
    const npm = await npmStart({ NODE_ENV: 'production' });
    await expectServesAndStops(npm);
    expect(npm.stderr()).toMatch(/installing the dependencies \(none are installed yet\)/);
    expect(await readFile(nodeModules('vitest', 'package.json'), 'utf8')).toContain('"vitest"');
    expect(npm.stderr()).toMatch(
      /building the console \(none is built yet\) \.\.\.\ncountersign: built in [0-9.]+ s\n/,
    );
    expect(await readFile(join(folder, 'dist', 'console', 'index.html'), 'utf8')).toContain('"/console/assets/');
  });

  test('the next start neither calls npm nor builds the console again', async () => {
    const noted = await fakeNpm('exit 1');
    const npm = await npmStart({ PATH: pathWith(noted.bin) });
    await expectServesAndStops(npm);
    expect(npm.stderr()).not.toMatch(/installing|building/);
    expect(await noted.calls()).toEqual([]);
  });

  test('an install that was cut off is made again, also where scripts are ignored', {
    timeout: INSTALL_TIMEOUT_MS,
  }, async () => {
    const settings = join(folder, '.npmrc');
    const before = await readFile(settings, 'utf8');
    await writeFile(settings, `${before}\nignore-scripts=true\n`);
    await rm(nodeModules('.countersign-install'));
    await rm(nodeModules('fastify'), { recursive: true });

    const npm = await npmStart({ npm_config_ignore_scripts: 'true' });
    await expectServesAndStops(npm);
    expect(npm.stderr()).toMatch(/no record of a finished install/);
    expect(await readFile(nodeModules('fastify', 'package.json'), 'utf8')).toContain('"fastify"');
    await writeFile(settings, before);
  });

  test('a fresh clone starts under an old Node.js, even where npm is strict about versions', {
    timeout: INSTALL_TIMEOUT_MS,
  }, async (context) => {
    const old = oldNode();
    if (old === undefined) return context.skip('no Node.js older than 24 on the PATH');
    const settings = join(folder, '.npmrc');
    await writeFile(settings, `${await readFile(settings, 'utf8')}\nengine-strict=true\n`);
    await rm(nodeModules(), { recursive: true, force: true });
    await rm(join(folder, 'dist'), { recursive: true });

    const npm = await npmStart({ PATH: pathWith(await folderWithNode(old)), npm_config_engine_strict: 'true' });
    await expectServesAndStops(npm);
    expect(npm.stderr()).toMatch(/installing the dependencies \(none are installed yet\)/);
    expect(npm.stderr()).toMatch(/building the console \(none is built yet\)/);
  });

  test.each([
    ['a flag', ['--console.enabled=false'], {}],
    ['the environment', [], { CSIGN_CONSOLE_ENABLED: 'false' }],
    ['the settings file', [], {}],
  ])('where %s switches the console off, none is built', async (by, args, env) => {
    await rm(join(folder, 'dist'), { recursive: true, force: true });
    const data = join(temporaryFolder('data'), 'data');
    await mkdir(data, { mode: 0o700 });
    if (by === 'the settings file')
      await writeFile(join(data, 'countersign.json'), '{"console.enabled": false}', { mode: 0o600 });
    const npm = start(npmProgram(), ['start', '--', '--port', '0', '--data', data, ...args], { cwd: folder, env });
    const [, url = ''] = await npm.printed(READY);
    expect((await fetch(`${url}/console`)).status).toBe(404);
    npm.signal('SIGTERM');
    expect(await npm.ended).toEqual({ code: 0, signal: null });
    expect(npm.stderr()).not.toContain('building');
    expect(npm.stdout()).not.toMatch(/^console /m);
  });

  test('a console that does not build stops the start, and it is said in which file', async () => {
    const broken = join(folder, 'console', 'app', 'main.tsx');
    const before = await readFile(broken, 'utf8');
    await writeFile(broken, `${before}\nconst = 1;\n`);
    const npm = await npmStart();
    expect(await npm.ended).toMatchObject({ code: 1 });
    expect(npm.stderr()).toMatch(/console\/app\/main\.tsx/);
    expect(npm.stderr()).toMatch(/\ncountersign: vite build ended with code 1, .*\.\n/);
    expect(npm.stdout()).not.toContain('listening on');
    await writeFile(broken, before);
  });
});
