// The demo as a person runs it, in a process of its own: it must pass against an intact server, and fail at the right step
// against one that lost a check. No switch takes a check away: the tests break a copy of the source.
import { cp, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { targetOf } from '../../src/cli/demo/target.ts';
import { closedPort } from '../support/closed-port.ts';
import { type Env, endEverythingStarted, PROJECT, type Running, start } from '../support/start-project.ts';
import { removeFolders, temporaryFolder } from '../support/temporary-folder.ts';

const opened: Server[] = [];
const serving: Running[] = [];
afterEach(async () => {
  // Asked and not killed: a killed server leaves its venue's folder behind.
  for (const server of serving) server.signal('SIGTERM');
  for (const server of serving.splice(0)) await server.ended;
  endEverythingStarted();
  for (const server of opened.splice(0)) server.close();
});
afterAll(removeFolders);

const PLAIN: Env = { FORCE_COLOR: undefined, NO_COLOR: undefined, NODE_DISABLE_COLORS: undefined };

/** Runs the intact demo to its end. */
async function runDemo(args: readonly string[], env: Env = {}) {
  const cwd = temporaryFolder('demo-cwd');
  const command = [join(PROJECT, 'src', 'main.ts'), 'demo', ...args];
  const demo = start(process.execPath, command, { cwd, env: { ...PLAIN, ...env } });
  const { code } = await demo.ended;
  return { code, stdout: demo.stdout(), stderr: demo.stderr(), leftInCwd: await readdir(cwd) };
}

/** A server of the project in `root`, on a free port; resolves with its URL once it listens. */
async function startServer(root: string, settings: readonly string[] = []): Promise<string> {
  const cwd = temporaryFolder('demo-server');
  const command = [join(root, 'src', 'main.ts'), 'serve', '--port=0', '--log.level=silent', ...settings];
  const server = start(process.execPath, command, { cwd });
  serving.push(server);
  const [, url = ''] = await server.printed(/^listening on (\S+)$/m);
  return url;
}

/** A copy of the source with one text, which must stand there exactly once, replaced. */
async function projectWithout({ file, text, instead }: Pick<Removal, 'file' | 'text' | 'instead'>): Promise<string> {
  const root = temporaryFolder('demo-broken');
  await cp(join(PROJECT, 'src'), join(root, 'src'), { recursive: true });
  await cp(join(PROJECT, 'package.json'), join(root, 'package.json'));
  await symlink(join(PROJECT, 'node_modules'), join(root, 'node_modules'));
  const source = await readFile(join(root, file), 'utf8');
  const pieces = source.split(text);
  expect(pieces, `${file} must hold this exactly once: ${text}`).toHaveLength(2);
  await writeFile(join(root, file), pieces.join(instead));
  return root;
}

/** A server that is not ours, on a free loopback port. */
async function strangeServer(listener: RequestListener): Promise<string> {
  return listening(createServer(listener));
}

async function listening(server: Server): Promise<string> {
  opened.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not a TCP address');
  return `http://127.0.0.1:${address.port}`;
}

const PASSED = /^✓ all as it should be: 14 steps, \d+ requests, 11 of them refused/m;

test('the demo passes against a running server, and prints no key, token or signature whole', async () => {
  const url = await startServer(PROJECT);

  const { code, stdout, stderr } = await runDemo(['--url', url]);

  expect(stderr).toBe('');
  expect(stdout).toMatch(PASSED);
  expect(code).toBe(0);
  expect(stdout).toContain(url);
  expect(stdout).toMatch(/eyJ\w+…[\w-]+/);
  expect(stdout).not.toMatch(/eyJ[\w-]{20}/);
  expect(stdout).not.toMatch(/[0-9a-f]{20}/i);
  expect(stdout).not.toContain('\u001b');
});

test('the demo takes chain id and class hashes from the server, not from its own defaults', async () => {
  const url = await startServer(PROJECT, [
    '--wire.starknet_chain_id=SOME_OTHER_CHAIN',
    '--wire.paraclear_account_hash=0x1234',
    '--wire.paraclear_account_proxy_hash=0x5678',
  ]);

  const { code, stdout, stderr } = await runDemo([`--url=${url}/`]);

  expect(stderr).toBe('');
  expect(stdout).toContain('SOME_OTHER_CHAIN');
  expect(stdout).toMatch(PASSED);
  expect(code).toBe(0);
});

test('without --url the demo starts a server of its own, ignores the settings of the environment and leaves nothing behind', async () => {
  const temporary = temporaryFolder('t');

  const demo = await runDemo([], {
    TMPDIR: temporary,
    CSIGN_UPSTREAM_URL: 'http://127.0.0.1:1',
    CSIGN_NO_SETTING: '1',
  });

  expect(demo.stderr).toBe('');
  expect(demo.stdout).toMatch(PASSED);
  expect(demo.code).toBe(0);
  expect(await readdir(temporary)).toEqual([]);
  expect(demo.leftInCwd).toEqual([]);
});

test('a demo that is stopped half-way removes what its own server wrote, and does not pass', async () => {
  const temporary = temporaryFolder('t');
  const cwd = temporaryFolder('demo-cwd');
  // Stops itself at its first line, so that it cannot be over before the signal comes; notes what was there by then.
  const stopsItself = `import { readdirSync, writeFileSync } from 'node:fs';
    const write = process.stdout.write;
    process.stdout.write = (text) => {
      process.stdout.write = write;
      writeFileSync('there', readdirSync(process.env.TMPDIR).join());
      process.kill(process.pid, 'SIGTERM');
      return write.call(process.stdout, text);
    };`;
  const preload = `data:text/javascript,${encodeURIComponent(stopsItself)}`;
  const command = ['--import', preload, join(PROJECT, 'src', 'main.ts'), 'demo'];
  const demo = start(process.execPath, command, { cwd, env: { ...PLAIN, TMPDIR: temporary } });

  const { code } = await demo.ended;

  expect(demo.stderr()).toBe('countersign demo: the demo was stopped\n');
  expect(code).toBe(1);
  expect(await readFile(join(cwd, 'there'), 'utf8')).toMatch(/countersign-demo-/);
  expect(await readdir(temporary)).toEqual([]);
});

test('a demo whose reader goes away removes what its own server wrote', async () => {
  const temporary = temporaryFolder('t');
  const cwd = temporaryFolder('demo-cwd');
  const script = '"$0" "$1" demo | head -n 1';
  const args = ['-c', script, process.execPath, join(PROJECT, 'src', 'main.ts')];
  const pipe = start('/bin/sh', args, { cwd, env: { ...PLAIN, TMPDIR: temporary } });

  await pipe.ended;

  expect(pipe.stdout()).toMatch(/^Countersign demo {2}http:\S+, a server of its own/);
  expect(pipe.stderr()).toBe('countersign demo: the demo was stopped\n');
  expect(await readdir(temporary)).toEqual([]);
});

interface Removal {
  /** The check as the demo names it. */
  readonly check: 'signature' | 'permission' | 'allowlist' | 'revocation';
  readonly what: string;
  readonly file: string;
  readonly text: string;
  readonly instead: string;
  /** The request at which the demo must notice. */
  readonly noticedAt: string;
}

const removals: readonly Removal[] = [
  {
    check: 'allowlist',
    what: 'the allowlist, in every decision and at login',
    file: 'src/access/rules.ts',
    text: 'clientIp !== undefined && allows(allowlist, clientIp)',
    instead: 'clientIp !== undefined',
    noticedAt: 'GET /v1/balance',
  },
  {
    check: 'allowlist',
    what: 'the allowlist, at login alone',
    file: 'src/access/rules.ts',
    text: '  ...address,\n  notSignedOut,',
    instead: '  notSignedOut,',
    noticedAt: 'POST /v1/auth/0x',
  },
  {
    check: 'permission',
    what: 'what a kind of credential may do',
    file: 'src/access/rules.ts',
    text: ': by.permissions.has(permission);',
    instead: ': true;',
    noticedAt: 'POST /v1/account/tokens',
  },
  {
    check: 'permission',
    what: 'permissions altogether',
    file: 'src/access/rules.ts',
    text: 'permissionHeld.ask(facts, now, by, asked) ??\n  methodAllowed.ask(facts, now, by, asked) ??',
    instead: '',
    noticedAt: 'POST /v1/orders',
  },
  {
    check: 'revocation',
    what: 'the state of the credential',
    file: 'src/access/rules.ts',
    text: "return 'credential_revoked';",
    instead: 'return undefined;',
    noticedAt: 'GET /v1/balance',
  },
  {
    check: 'signature',
    what: 'the verification of Stark signatures',
    file: 'src/verification/answer.ts',
    text: 'curve.verify(hash, r, s, feltValue(publicKey));',
    instead: 'true;',
    noticedAt: 'POST /v1/auth',
  },
  {
    check: 'signature',
    what: 'the signature of a login that names its key',
    file: 'src/credentials/prove-login.ts',
    text: 'const { signer } = await ask(request, { keys: [publicKey], recover: false });',
    instead: 'const signer = { hash: 0n, publicKey };',
    noticedAt: 'POST /v1/auth/0x',
  },
];

test.each(removals)('a server that lost the $check check ($what) makes the demo fail there', async (removal) => {
  const url = await startServer(await projectWithout(removal));

  const { code, stdout, stderr } = await runDemo(['--url', url]);

  const [sentence = '', ...more] = stderr.trimEnd().split('\n');
  expect(more).toEqual([]);
  expect(sentence).toMatch(new RegExp(`^countersign demo: step \\d+ \\(${removal.check} check\\) failed: `));
  expect(sentence).toContain(` failed: ${removal.noticedAt}`);
  expect(stdout).not.toMatch(PASSED);
  expect(stdout.trimEnd().split('\n').at(-1)).toContain(`✗ ${removal.noticedAt}`);
  expect(code).toBe(1);
});

test('a server that cannot be reached is one sentence and exit code 1', async () => {
  const url = `http://127.0.0.1:${await closedPort()}`;

  expect(await runDemo(['--url', url])).toMatchObject({
    code: 1,
    stdout: '',
    stderr: `countersign demo: ${url} gave no answer (ECONNREFUSED): the request did not leave; is the server running? start one with npm start\n`,
  });
});

test('a server that never answers does not hold the demo', async () => {
  const url = await listening(createTcpServer());

  const { code, stdout, stderr } = await runDemo(['--url', url]);

  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain(`${url} gave no answer in time`);
});

test('what a strange server answers cannot steer the terminal, and is no success', async () => {
  const message = `\u001b[2J\u202e\n✓ all as it should be ${'s'.repeat(500)}`;
  const url = await strangeServer((_request, response) =>
    response.writeHead(500).end(JSON.stringify({ error: 'INTERNAL_ERROR', message })),
  );

  const { code, stdout, stderr } = await runDemo(['--url', url]);

  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^countersign demo: step 1 failed: GET \/v1\/system\/config should be answered well, but got 500 /,
  );
  for (const unwanted of ['\u001b', '\u202e', '\n✓', 's'.repeat(40)]) expect(stdout + stderr).not.toContain(unwanted);
});

test('the demo follows no redirect to another server', async () => {
  let reached = 0;
  const other = await strangeServer((_request, response) => {
    reached += 1;
    response.end('{}');
  });
  const url = await strangeServer((_request, response) =>
    response.writeHead(307, { Location: `${other}/v1/system/config` }).end(),
  );

  const { code, stderr } = await runDemo(['--url', url]);

  expect(reached).toBe(0);
  expect(stderr).toContain('but got 307');
  expect(code).toBe(1);
});

test('the demo refuses other arguments with its usage and exit code 2', async () => {
  const { code, stdout, stderr } = await runDemo(['--url', 'http://localhost:8080/v1']);

  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/^countersign demo: --url must be .*; usage: npm run demo.*\n$/);
});

test('the demo takes an origin after --url, and nothing else', () => {
  expect(targetOf(undefined)).toEqual({ kind: 'own server' });
  for (const url of ['http://[::1]:8080', 'http://[::1]:8080/']) {
    expect(targetOf(url)).toEqual({ kind: 'running server', origin: 'http://[::1]:8080' });
  }
  for (const url of [
    '',
    'localhost:8080',
    'ftp://localhost',
    'http://localhost:8080/?x',
    'http://user:secret@localhost:8080',
  ]) {
    const target = targetOf(url);
    expect(target, url).toMatchObject({ kind: 'misused' });
    expect(JSON.stringify(target)).not.toContain('secret');
  }
});

test.each([
  ['--url'],
  ['--url', 'http://localhost:8080', 'http://user:secret@localhost:8080'],
  ['--url=http://localhost:8080', '--url=http://localhost:8081'],
  ['--port=1'],
  ['--upstream.secret=secret'],
  ['http://user:secret@localhost:8080'],
])('a demo that was asked for wrongly does not start, and repeats no secret: %s %s %s', async (...argv) => {
  const running = start(process.execPath, [join(PROJECT, 'src', 'main.ts'), 'demo', ...argv], { cwd: PROJECT });
  expect(await running.ended).toEqual({ code: 2, signal: null });
  expect(running.stdout()).toBe('');
  expect(running.stderr()).toMatch(/^countersign demo: .*; see countersign help demo\n$/);
  expect(running.stderr()).not.toContain('secret@');
  expect(running.stderr()).not.toContain('=secret');
});
