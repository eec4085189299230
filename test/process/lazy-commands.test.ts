// A command loads what it needs: those that tell what is installed load no server.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { MAIN } from '../support/server-process.ts';
import { endEverythingStarted, PROJECT, start } from '../support/start-project.ts';
import { removeFolders, temporaryFolder } from '../support/temporary-folder.ts';

afterEach(endEverythingStarted);
afterAll(removeFolders);

/** Every module that a command line loads: a built-in by its name, a file by its path from the project. */
async function modulesOf(...argv: string[]): Promise<readonly string[]> {
  const folder = temporaryFolder('modules');
  const preload = join(folder, 'preload.mjs');
  await writeFile(
    preload,
    `import { registerHooks } from 'node:module';
import { writeSync } from 'node:fs';
registerHooks({
  load(url, context, next) {
    writeSync(2, 'loaded ' + url + '\\n');
    return next(url, context);
  },
});
`,
  );
  const running = start(process.execPath, ['--import', preload, MAIN, ...argv], { cwd: folder });
  expect(await running.ended, running.stderr()).toEqual({ code: 0, signal: null });
  return [...running.stderr().matchAll(/^loaded (?:file:\/\/)?(\S+)$/gm)].map(([, url = '']) =>
    url.replace(`${PROJECT}/`, ''),
  );
}

const SERVER =
  /^src\/(?:app|compose|http|gateway|store|operator\/(?!token-file)|credentials|demo-venue|verification)[./]|^node:(?:sqlite|http|https|worker_threads)$|node_modules\/(?:fastify|secp256k1|undici|kysely|pino|prom-client)\//;

test.each([[['version']], [['--version']], [['help']], [['help', 'serve']], [['accounts', 'lock', '--help']]])(
  '%j loads neither the server nor its libraries',
  async (argv) => {
    const loaded = await modulesOf(...argv);
    expect(loaded).toContain('src/main.ts');
    expect(loaded.filter((module) => SERVER.test(module))).toEqual([]);
  },
);

test('the log of loaded modules shows the server where there is one', async () => {
  const loaded = await modulesOf('doctor');
  expect(loaded).toEqual(expect.arrayContaining(['src/store/open.ts', 'node:sqlite']));
});
