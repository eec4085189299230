// No debugger can be opened in a process of ours: not by SIGUSR1, which Node takes for the wish to debug, and not by the environment
// that a start inherits. Its port would be everybody's on the machine.
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { homeIn, MAIN, startServer } from '../support/server-process.ts';
import { endEverythingStarted, fakeNpm, PROJECT, pathWith, smallProject, start } from '../support/start-project.ts';
import { removeFolders, temporaryFolder } from '../support/temporary-folder.ts';

afterEach(endEverythingStarted);
afterAll(removeFolders);

/** TCP ports on which a process listens, as Linux says it: its sockets, by their inodes, among all that listen. */
function listeningPorts(pid: number): readonly number[] {
  const sockets = new Set(
    readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`);
      } catch {
        return ''; // closed meanwhile
      }
    }),
  );
  return ['tcp', 'tcp6']
    .flatMap((table) => readFileSync(`/proc/net/${table}`, 'utf8').trimEnd().split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode]) => state === '0A' && sockets.has(`socket:[${inode}]`))
    .map(([, local = '']) => Number.parseInt(local.split(':')[1] ?? '', 16))
    .sort();
}

/** Asks so often that a debugger would have opened meanwhile; each answer comes after what was to happen before it. */
async function stillAnswers(url: string): Promise<void> {
  for (let i = 0; i < 50; i += 1) {
    const answer = await fetch(`${url}/healthz`);
    await answer.arrayBuffer();
    expect(answer.status).toBe(200);
  }
}

const linux = existsSync('/proc/self/fd');

describe.skipIf(!linux)('SIGUSR1 (needs /proc, to see on which ports a process listens)', () => {
  test('SIGUSR1 opens no port of a running server, however it was started, and the server goes on', async () => {
    const server = await startServer(homeIn(temporaryFolder('debugger')));
    const before = listeningPorts(server.pid);
    expect(before.length).toBe(2);
    server.signal('SIGUSR1');
    await stillAnswers(server.url);
    expect(listeningPorts(server.pid)).toEqual(before);
    expect(server.stderr()).not.toContain('ebugger');
    server.signal('SIGTERM');
    expect(await server.ended).toEqual({ code: 0, signal: null });
  });

  test('opens no port of start.cjs, nor of what it starts, which has the debugger disabled by a flag and in its threads', async () => {
    const folder = await smallProject(`
      import { createServer } from 'node:http';
      import { Worker } from 'node:worker_threads';
      const thread = new Worker('setInterval(() => {}, 1000)', { eval: true, execArgv: [] });
      thread.once('online', () => {
        const server = createServer((_, response) => response.end()).listen(0, '127.0.0.1', () => {
          console.log(\`at \${server.address().port} flags \${process.execArgv} process \${process.pid}\`);
        });
      });`);
    const { bin } = await fakeNpm('exit 0');
    const launcher = start(process.execPath, [join(folder, 'start.cjs'), 'serve'], {
      cwd: folder,
      env: { PATH: pathWith(bin) },
    });
    const [, port, flags, pid] = await launcher.printed(/^at (\d+) flags (\S*) process (\d+)$/m);
    expect(flags).toBe('--disable-sigusr1');
    launcher.signal('SIGUSR1');
    process.kill(Number(pid), 'SIGUSR1');
    await stillAnswers(`http://127.0.0.1:${port}`);
    expect(listeningPorts(launcher.pid)).toEqual([]);
    expect(listeningPorts(Number(pid))).toEqual([Number(port)]);
    expect(launcher.stderr()).not.toContain('ebugger');
  });
});

test('a start that inherited an open debugger is refused with one sentence', async () => {
  const home = homeIn(temporaryFolder('debugger'));
  const inherited = start(process.execPath, [MAIN, 'serve', '--port=0', '--data', home.data], {
    cwd: home.tmp,
    env: { NODE_OPTIONS: '--inspect=127.0.0.1:0' },
  });
  expect(await inherited.ended).toEqual({ code: 1, signal: null });
  expect(inherited.stdout()).toBe('');
  expect(inherited.stderr()).toMatch(/^countersign: a debugger is open .*$/m);
  expect(existsSync(home.data)).toBe(false);
});

test.each(['countersign', 'countersign-client'])(
  'a command of an owner that inherited an open debugger is refused before a key is asked for: %s',
  async (program) => {
    const main = program === 'countersign' ? MAIN : join(PROJECT, 'src', 'owner', 'main.ts');
    const argv = [main, 'login', '--url', 'http://127.0.0.1:1', '--stdin'];
    const inherited = start(process.execPath, argv, { cwd: PROJECT, env: { NODE_OPTIONS: '--inspect=127.0.0.1:0' } });
    expect(await inherited.ended).toEqual({ code: 1, signal: null });
    expect(inherited.stderr()).toMatch(new RegExp(`^${program}: a debugger is open .*$`, 'm'));
  },
);

test('every place that says how to start a command starts Node without the debugger of SIGUSR1', () => {
  for (const file of ['start.cjs', 'Dockerfile', 'deploy/countersign.service', 'docs/deploying.md']) {
    const lines = readFileSync(join(PROJECT, file), 'utf8')
      .split('\n')
      .filter((line) => /(?:src|dist)\W.*main\.[jt]s/.test(line));
    expect(lines.length, file).toBeGreaterThan(0);
    for (const line of lines) expect(line, file).toMatch(/--disable-sigusr1\W+(path\.join\(ROOT, ')?(?:src|dist)\W/);
  }
});
