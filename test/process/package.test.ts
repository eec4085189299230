// The published package: what `npm pack` puts into it, and that it runs where npm has installed it. It is built and packed in a copy of the
// project, and installed in empty folders by the real npm.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { listedPages } from '../../src/http/pages.ts';
import { installed, packedBy, run, tool } from '../support/packed.ts';
import {
  type Env,
  endEverythingStarted,
  folderWithNode,
  npmProgram,
  oldNode,
  PROJECT,
  pathWith,
  start,
} from '../support/start-project.ts';
import { removeFolders, temporaryFolder } from '../support/temporary-folder.ts';

/** The first release that `engines` allows. */
const OLDEST_NODE = '24.0.0';
const PINNED = `node-${process.platform}-${process.arch}`;
const npx = join(dirname(npmProgram()), 'npx');

let tarball = '';
let packed: readonly string[] = [];

afterEach(endEverythingStarted);
afterAll(removeFolders);
beforeAll(async () => {
  ({ tarball, files: packed } = await packedBy('pack'));
  expect(basename(tarball)).toBe(`${manifest.name}-${manifest.version}.tgz`);
});

let withoutOptional: ReturnType<typeof installed> | undefined;
/** Without the pinned Node.js: once for all tests that only look. */
const installedWithoutNode = () => {
  withoutOptional ??= installed('--omit=optional', tarball);
  return withoutOptional;
};

const LICENCES = ['inter-licence.txt', 'jetbrains-mono-licence.txt', 'third-party-licences.md'].map(
  (file) => `dist/console/${file}`,
);

describe('the tarball', () => {
  test('holds the compiled sources, what a server reads from beside them, the documents, and nothing else', () => {
    const sources = readdirSync(join(PROJECT, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.ts$/.test(file) && !/\.d\.ts$/.test(file) && !file.startsWith('starknet/engine/assembly/'))
      .flatMap((file) => ['.js', '.d.ts'].map((ending) => `dist/${file.replace(/\.ts$/, ending)}`));
    const pages = listedPages.flatMap(({ pages }) => pages.map(({ file }) => file));
    expect(packed.filter((file) => !file.startsWith('dist/console/')).sort()).toEqual(
      [
        ...new Set([
          ...sources,
          ...pages,
          'dist/access/routes/paradex.json',
          'dist/starknet/engine/stark.wasm',
          'bin/countersign.cjs',
          'deploy/countersign.service',
          'deploy/grafana/countersign.json',
          'deploy/prometheus/countersign.rules.yml',
          'docs/README.md',
          'docs/openapi.json',
          'src/access/routes/example.json',
          'src/access/routes/paradex.json',
          'LICENSE',
          'package.json',
        ]),
      ].sort(),
    );
  });

  test('holds the built console: documents, and assets that are named by their content', () => {
    const files = packed.filter((file) => file.startsWith('dist/console/'));
    expect(files).toContain('dist/console/index.html');
    const assets = files.filter((file) => file.startsWith('dist/console/assets/'));
    expect(assets.filter((file) => !/-[\w-]{8}\.(?:js|css|woff2|svg)$/.test(file))).toEqual([]);
    for (const ending of ['.js', '.css', '.woff2'])
      expect(
        assets.some((file) => file.endsWith(ending)),
        ending,
      ).toBe(true);
    const beside = files.filter((file) => !assets.includes(file) && file !== 'dist/console/index.html');
    expect(beside.sort()).toEqual(LICENCES);
  });

  test('holds the licence of whatever is built into the console: packages and fonts', () => {
    const [inter, mono, packages] = LICENCES.map((file) => readFileSync(join(PROJECT, file), 'utf8'));
    for (const font of [inter, mono]) expect(font).toContain('SIL OPEN FONT LICENSE');
    const named = [...(packages ?? '').matchAll(/^## (\S+) - /gm)].map(([, name]) => name);
    for (const name of [
      'react',
      'react-dom',
      '@base-ui/react',
      '@tanstack/react-query',
      'wouter',
      'mipd',
      'uqr',
      '@noble/curves',
    ])
      expect(named, name).toContain(name);
  });

  test('publint finds nothing in the tarball', async () => {
    const { code, said } = await run(
      process.execPath,
      [tool('publint', 'src', 'cli.js'), tarball, '--strict'],
      PROJECT,
    );
    expect(code, said).toBe(0);
    expect(said).toContain('All good!');
  });

  // The package is ESM, for Node.js 24: what CommonJS and resolvers without `exports` see of it is no promise.
  test('are-the-types-wrong finds nothing in the tarball', async () => {
    const program = tool('@arethetypeswrong', 'cli', 'dist', 'index.js');
    const { code, said } = await run(process.execPath, [program, tarball, '--profile', 'esm-only'], PROJECT);
    expect(code, said).toBe(0);
    for (const path of ['errors', 'client']) expect(said).toContain(`"countersign/${path}"`);
  });
});

describe('installed in an empty folder', () => {
  /** `npx countersign` there says its version and what it runs on, serves, and is found healthy. */
  async function expectServes(folder: string, node: string, env: Env): Promise<void> {
    const home = temporaryFolder('home');
    const settings = ['--data', join(home, 'data'), '--master_key.file', join(home, 'master.key')];
    const version = await run(npx, ['countersign', 'version'], folder, env);
    expect(version).toMatchObject({ code: 0, out: `countersign ${manifest.version} (node ${node})\n` });

    const server = start(npx, ['countersign', 'serve', '--port', '0', ...settings], { cwd: folder, env });
    const [, url = ''] = await server.printed(/^listening on (http:\S+)$/m);
    for (const path of ['/healthz', '/docs', '/docs/wire.md', '/llms.txt']) {
      expect((await fetch(url + path)).status, path).toBe(200);
    }
    // Prebuilt: nothing here could build it.
    const document = await fetch(`${url}/console`);
    const [, script = ''] = /src="(\/console\/assets\/[^"]+)"/.exec(await document.text()) ?? [];
    expect((await fetch(url + script)).headers.get('content-type')).toMatch(/^text\/javascript/);
    expect(existsSync(join(folder, 'node_modules', 'vite'))).toBe(false);
    expect(await (await fetch(`${url}/openapi.json`)).json()).toMatchObject({ info: { version: manifest.version } });
    const doctor = await run(npx, ['countersign', 'doctor', ...settings], folder, env);
    expect(doctor.code, doctor.said).toBe(0);
    expect(doctor.out).toMatch(/^ok +server +ready/m);
    // Real signatures: the engine and its threads are loaded, too.
    const demo = await run(npx, ['countersign', 'demo', '--url', url], folder, env);
    expect(demo.code, demo.said).toBe(0);
    expect(statSync(join(home, 'data')).mode & 0o777).toBe(0o700);
    for (const file of readdirSync(join(home, 'data'))) {
      expect(statSync(join(home, 'data', file)).mode & 0o077, file).toBe(0);
    }
    // As a terminal does it, to the whole group: npx itself passes no signal on.
    process.kill(-server.pid, 'SIGINT');
    await server.ended;
    expect(server.stdout()).toContain('stopped\n');
    expect(server.anythingLeft()).toBe(false);
    expect(existsSync(join(folder, 'node_modules', '.countersign-install'))).toBe(false);
  }

  test('npx countersign runs with the pinned Node.js, whatever Node.js the user has', async (context) => {
    const version = Object.entries(manifest.optionalDependencies).find(([name]) => name === PINNED)?.[1];
    if (version === undefined) return context.skip(`no Node.js is pinned for ${PINNED}`);
    const { folder, unreachable } = await installed(tarball);
    if (unreachable !== undefined) return context.skip(unreachable);
    await expectServes(folder, version, { PATH: pathWith() });
  });

  test('an install without optional dependencies runs with the oldest Node.js 24, and an older one is told what is missing', async (context) => {
    const { folder, unreachable } = await installedWithoutNode();
    if (unreachable !== undefined) return context.skip(unreachable);
    const old = oldNode();
    if (old !== undefined) {
      const refused = await run(npx, ['countersign', 'version'], folder, { PATH: pathWith(await folderWithNode(old)) });
      expect(refused).toMatchObject({ code: 1, out: '' });
      expect(refused.err).toMatch(/^countersign: Node\.js 24 or newer is needed, and this is v\d.*\.\n$/);
    }
    const stock = await installed(`${PINNED}@${OLDEST_NODE}`);
    if (stock.unreachable !== undefined) return context.skip(stock.unreachable);
    const PATH = pathWith(join(stock.folder, 'node_modules', PINNED, 'bin'));
    await expectServes(folder, OLDEST_NODE, { PATH });
  });

  test('a start that inherited an open debugger is refused', async (context) => {
    const { folder, unreachable } = await installedWithoutNode();
    if (unreachable !== undefined) return context.skip(unreachable);
    const bin = join(folder, 'node_modules', '.bin', 'countersign');
    const env = { PATH: pathWith(await folderWithNode(process.execPath)), NODE_OPTIONS: '--inspect=127.0.0.1:0' };
    const refused = await run(bin, ['serve', '--port', '0', '--data', join(folder, 'data')], folder, env);
    expect(refused).toMatchObject({ code: 1, out: '', err: expect.stringContaining('a debugger is open') });
    expect(existsSync(join(folder, 'data'))).toBe(false);
  });

  test('what is exported can be imported, and nothing else', async (context) => {
    const { folder, unreachable } = await installedWithoutNode();
    if (unreachable !== undefined) return context.skip(unreachable);
    const evaluate = (script: string) => run(process.execPath, ['--input-type=module', '--eval', script], folder);
    const codes = await evaluate(
      "import { errorStatus } from 'countersign/errors'; console.log(errorStatus.RATE_LIMITED)",
    );
    expect(codes).toMatchObject({ code: 0, out: '429\n' });
    const key = await evaluate(
      "import { randomPrivateKey } from 'countersign/client'; console.log(randomPrivateKey())",
    );
    expect(key).toMatchObject({ code: 0, out: expect.stringMatching(/^0x[0-9a-f]{64}\n$/) });
    for (const path of ['countersign', 'countersign/dist/app.js', 'countersign/dist/client/tokens.js']) {
      expect((await evaluate(`await import('${path}')`)).err).toMatch(/ERR_PACKAGE_PATH_NOT_EXPORTED/);
    }
    const document = readFileSync(join(folder, 'node_modules', 'countersign', 'docs', 'openapi.json'), 'utf8');
    expect(document).toBe(readFileSync(join(PROJECT, 'docs', 'openapi.json'), 'utf8'));
  });
});
