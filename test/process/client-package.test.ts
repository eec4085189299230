// The package countersign-client: what is in it, what it pulls in, and that a program of strict TypeScript trades with it where npm has
// installed it and nothing else.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { randomPrivateKey } from '../../src/client/private-key.ts';
import { createStarkKey } from '../../src/client/stark-key.ts';
import { clientClosure, clientPackages, nodeWords } from '../support/client-closure.ts';
import { blocksOf, clientPage } from '../support/client-page.ts';
import { type Service, startService } from '../support/harness.ts';
import { installed, packedBy, run, tool } from '../support/packed.ts';
import { endEverythingStarted, folderWithNode, npmProgram, PROJECT, pathWith } from '../support/start-project.ts';
import { removeFolders, temporaryFolder } from '../support/temporary-folder.ts';
import { mainSession, onboard, registerSubkey, starkTrader } from '../support/trader.ts';

/** The first release that `engines` allows. */
const OLDEST_NODE = '22.0.0';
const PINNED = `node-${process.platform}-${process.arch}`;
const LIBRARIES = ['@noble/curves', '@noble/hashes', '@scure/starknet'] as const;

let tarball = '';
let files: readonly string[] = [];
let place: Awaited<ReturnType<typeof installed>>;
let service: Service;
let env: Record<string, string>;

afterEach(endEverythingStarted);
beforeAll(async () => {
  ({ tarball, files } = await packedBy('run', 'pack:client'));
  place = await installed(tarball);
  service = await startService();
  const owner = starkTrader();
  const privateKey = randomPrivateKey();
  await onboard(service.url, owner);
  const session = await mainSession(service.url, owner);
  await registerSubkey(service.url, owner, session, { subkey: createStarkKey(privateKey) });
  env = {
    COUNTERSIGN_URL: service.url,
    COUNTERSIGN_ACCOUNT: owner.account,
    COUNTERSIGN_SUBKEY_PRIVATE_KEY: privateKey,
  };
});
afterAll(async () => {
  await service.stop();
  await removeFolders();
});

const inside = (file: string): string => join(place.folder, 'node_modules', 'countersign-client', file);

describe('the tarball of the client', () => {
  test('the package of the client has the version of the server, three dependencies, and no side effects', () => {
    expect(basename(tarball)).toBe(`countersign-client-${manifest.version}.tgz`);
    if (place.unreachable !== undefined) return;
    const { dependencies, ...rest } = JSON.parse(readFileSync(inside('package.json'), 'utf8'));
    expect(Object.keys(dependencies).sort()).toEqual(LIBRARIES);
    for (const name of LIBRARIES) expect(dependencies[name]).toBe(manifest.dependencies[name]);
    expect(rest).toMatchObject({
      version: manifest.version,
      license: manifest.license,
      type: 'module',
      sideEffects: false,
      engines: { node: '>=22' },
      bin: { 'countersign-client': 'dist/owner/main.js' },
    });
    expect(rest).not.toHaveProperty('scripts');
  });

  test('the package of the client holds the client, the commands of the owner and what they load, and nothing of a server', () => {
    const rooms = new Set(files.filter((file) => file.startsWith('dist/')).map((file) => file.split('/')[1]));
    expect([...rooms].sort()).toEqual(['client', 'domain', 'errors.js', 'ethereum', 'files', 'owner', 'starknet']);
    expect(files.filter((file) => !file.startsWith('dist/')).sort()).toEqual(['LICENSE', 'README.md', 'package.json']);
    expect(files).toEqual(
      expect.arrayContaining(['dist/client/main.js', 'dist/client/main.d.ts', 'dist/owner/main.js']),
    );
  });

  test('what the package of the client has in dist/client loads no room of the server, nothing of Node.js, and three packages, in code and types', () => {
    if (place.unreachable !== undefined) return;
    for (const ending of ['.js', '.d.ts'] as const) {
      const closure = clientClosure(inside('dist'), ending);
      expect(closure.map(({ file }) => file)).toEqual(
        expect.arrayContaining([`client/main${ending}`, `domain/felt${ending}`]),
      );
      expect(closure.filter(({ code }) => nodeWords.test(code)).map(({ file }) => file)).toEqual([]);
      const rooms = new Set(closure.map(({ file }) => file.split('/')[0]));
      expect([...rooms].filter((room) => !['client', 'domain', 'ethereum', 'starknet'].includes(room ?? ''))).toEqual(
        [],
      );
      expect(closure.flatMap(({ packages }) => packages).filter((name) => !clientPackages.test(name))).toEqual([]);
    }
  });

  test('publint and are-the-types-wrong find nothing in the package of the client', async () => {
    const lint = await run(process.execPath, [tool('publint', 'src', 'cli.js'), tarball, '--strict'], PROJECT);
    expect(lint.code, lint.said).toBe(0);
    expect(lint.said).toContain('All good!');
    const attw = tool('@arethetypeswrong', 'cli', 'dist', 'index.js');
    const types = await run(process.execPath, [attw, tarball, '--profile', 'esm-only'], PROJECT);
    expect(types.code, types.said).toBe(0);
  });
});

describe('the client installed in an empty folder', () => {
  /** Strict, and libraries are checked like one's own code. */
  async function compiled(folder: string, programs: Readonly<Record<string, string>>, options: object) {
    for (const [name, code] of Object.entries(programs)) writeFileSync(join(folder, name), code);
    const compilerOptions = {
      target: 'es2022',
      module: 'nodenext',
      strict: true,
      skipLibCheck: false,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      noImplicitOverride: true,
      verbatimModuleSyntax: true,
      ...options,
    };
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: Object.keys(programs) }));
    return run(process.execPath, [tool('typescript', 'bin', 'tsc'), '-p', folder], folder);
  }
  const programs = blocksOf(clientPage);
  const trading = programs.find(({ heading }) => heading === 'Read, and trade')?.code ?? '';

  test('the package of the client pulls in four packages, itself among them', async (context) => {
    if (place.unreachable !== undefined) return context.skip(place.unreachable);
    const PATH = pathWith(await folderWithNode(process.execPath));
    const listed = await run(npmProgram(), ['ls', '--all', '--parseable', '--long'], place.folder, { PATH });
    const names = [...listed.out.matchAll(/node_modules\/(\S+?):\1@/g)].map(([, name]) => name);
    expect(names.sort(), listed.out).toEqual([...LIBRARIES, 'countersign-client'].sort());
    const all = readdirSync(join(place.folder, 'node_modules'), { recursive: true, encoding: 'utf8' });
    const manifests = all.filter((file) => /(?:^|node_modules\/)(?:@[^/]+\/)?[^/@]+\/package\.json$/.test(file));
    expect(manifests).toHaveLength(4);
  });

  test('a program of strict TypeScript compiles against the package of the client with the types of Node.js, and places an order', async (context) => {
    if (place.unreachable !== undefined) return context.skip(place.unreachable);
    const folder = temporaryFolder('program');
    await cp(join(place.folder, 'node_modules'), join(folder, 'node_modules'), { recursive: true });
    for (const name of ['@types/node', 'undici-types']) {
      await cp(tool(name), join(folder, 'node_modules', name), { recursive: true });
    }
    const made = await compiled(folder, { 'trade.ts': trading }, { lib: ['es2024'], types: ['node'] });
    expect(made.code, made.said).toBe(0);
    const ran = await run(process.execPath, ['trade.js'], folder, env);
    expect(ran).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/placed and cancelled [0-9]+\n$/) });
  });

  test('the oldest Node.js that the package of the client allows places an order with it, and runs its command', async (context) => {
    if (place.unreachable !== undefined) return context.skip(place.unreachable);
    if (!Object.hasOwn(manifest.optionalDependencies, PINNED)) return context.skip(`there is no package ${PINNED}`);
    const oldest = await installed('--no-save', `${PINNED}@${OLDEST_NODE}`);
    if (oldest.unreachable !== undefined) return context.skip(oldest.unreachable);
    const node = join(oldest.folder, 'node_modules', PINNED, 'bin', 'node');
    const folder = temporaryFolder('oldest');
    await cp(join(place.folder, 'node_modules'), join(folder, 'node_modules'), { recursive: true });
    writeFileSync(join(folder, 'trade.mjs'), stripTypeScriptTypes(trading));
    const ran = await run(node, ['trade.mjs'], folder, env);
    expect(ran).toMatchObject({ code: 0, out: expect.stringMatching(/placed and cancelled [0-9]+\n$/) });
    const version = await run(node, [inside('dist/owner/main.js'), 'help'], folder);
    expect(version.code, version.said).toBe(0);
  });

  test('every program of docs/client.md compiles against the package of the client with the types of Node.js and of browsers', async (context) => {
    if (place.unreachable !== undefined) return context.skip(place.unreachable);
    expect(readFileSync(inside('README.md'), 'utf8')).toContain(trading);
    const folder = temporaryFolder('programs');
    await cp(join(place.folder, 'node_modules'), join(folder, 'node_modules'), { recursive: true });
    for (const name of ['@types/node', 'undici-types']) {
      await cp(tool(name), join(folder, 'node_modules', name), { recursive: true });
    }
    const all = Object.fromEntries(programs.map(({ code }, i) => [`program-${i}.ts`, code]));
    const made = await compiled(folder, all, { lib: ['es2024', 'dom', 'dom.iterable'], types: ['node'], noEmit: true });
    expect(made.code, made.said).toBe(0);
  });

  test('a page compiles against the package of the client with the types of browsers alone', async (context) => {
    if (place.unreachable !== undefined) return context.skip(place.unreachable);
    const page = programs.find(({ heading }) => heading === 'A wallet, in a browser')?.code ?? '';
    const folder = temporaryFolder('page');
    await cp(join(place.folder, 'node_modules'), join(folder, 'node_modules'), { recursive: true });
    const options = { lib: ['es2024', 'dom'], types: [], module: 'esnext', moduleResolution: 'bundler', noEmit: true };
    const made = await compiled(folder, { 'page.ts': page }, options);
    expect(made.code, made.said).toBe(0);
  });

  test("the command of the package of the client is the owner's, under a name of its own", async (context) => {
    if (place.unreachable !== undefined) return context.skip(place.unreachable);
    expect(readdirSync(join(place.folder, 'node_modules', '.bin'))).toEqual(['countersign-client']);
    const PATH = pathWith(await folderWithNode(process.execPath));
    const npx = join(dirname(npmProgram()), 'npx');
    const help = await run(npx, ['countersign-client', 'help'], place.folder, { PATH });
    expect(help.code, help.said).toBe(0);
    expect(help.out).toContain('countersign-client');
    expect(help.out).not.toMatch(/\bserve\b/);
  });

  test('the packages of the server and of the client stand in one folder: both commands run, and each has its own files and no other', async (context) => {
    const server = await packedBy('pack');
    const both = await installed('--omit=optional', server.tarball, tarball);
    if (both.unreachable !== undefined) return context.skip(both.unreachable);
    const PATH = pathWith(await folderWithNode(process.execPath));
    const npx = join(dirname(npmProgram()), 'npx');
    for (const [name, own] of [
      ['countersign', server.files],
      ['countersign-client', files],
    ] as const) {
      const root = join(both.folder, 'node_modules', name);
      const there = readdirSync(root, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
      expect(there.filter((file) => !file.startsWith('node_modules/')).sort(), name).toEqual([...own].sort());
      const version = await run(npx, [name, 'version'], both.folder, { PATH });
      expect(version).toMatchObject({ code: 0, out: `${name} ${manifest.version} (node ${process.versions.node})\n` });
      const help = await run(npx, [name, 'help', 'tokens', 'rotate'], both.folder, { PATH });
      expect(help).toMatchObject({ code: 0, out: expect.stringContaining(`Usage: ${name} tokens rotate <token>`) });
    }
    const commands = readdirSync(join(both.folder, 'node_modules', '.bin'));
    expect(commands.filter((command) => command.startsWith('countersign')).sort()).toEqual([
      'countersign',
      'countersign-client',
    ]);
  });

  test('nothing but the exports of the package of the client can be imported', async (context) => {
    if (place.unreachable !== undefined) return context.skip(place.unreachable);
    const script = "await import('countersign-client/dist/client/tokens.js')";
    const { err } = await run(process.execPath, ['--input-type=module', '--eval', script], place.folder);
    expect(err).toMatch(/ERR_PACKAGE_PATH_NOT_EXPORTED/);
  });
});
