// A server whose standard output takes nothing: a full disk, a reader that is gone or does not read, a terminal that was closed. It
// goes on answering, what was revoked is written, SIGTERM ends it with the exit code of the stop, and the audit log has every row.
import { type ChildProcess, type StdioOptions, spawn, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, constants, existsSync, mkdtempSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { openPipe, type Pipe } from '../support/pipe.ts';
import { type Home, homeIn, MAIN } from '../support/server-process.ts';
import { PROJECT } from '../support/start-project.ts';
import { removeFolders, temporaryFolder } from '../support/temporary-folder.ts';
import { type Answer, call, createToken, mainSession, onboard, starkTrader } from '../support/trader.ts';

const LINUX = process.platform === 'linux';
const succeeds = (program: string, ...args: string[]): boolean => spawnSync(program, args).status === 0;
const canMount = LINUX && succeeds('unshare', '-rm', 'sh', '-c', 'mount -t tmpfs tmpfs /mnt');
const hasTerminals = LINUX && succeeds('script', '--version');

const started = new Set<ChildProcess>();
let folder: string;
beforeEach(async () => {
  folder = temporaryFolder('telling');
});
afterEach(() => {
  // Each is the head of a group of its own.
  for (const { pid, exitCode, signalCode } of started) {
    if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, 'SIGKILL');
  }
  started.clear();
});
afterAll(removeFolders);

/** Runs in the server's process: SIGUSR2 makes it tell 4 MB, and print, SIGWINCH meet a defect. */
const preload = `
  import { standardError, standardOutput } from '${pathToFileURL(join(PROJECT, 'src/telemetry/output.ts'))}';
  process.on('SIGUSR2', () => {
    for (const stream of [process.stdout, process.stderr]) stream.write('as a library does\\n');
    for (const output of [standardOutput(), standardError()]) {
      for (let i = 0; i < 20000; i += 1) output.write('{"event":"flood","text":"' + 'x'.repeat(100) + '"}\\n');
    }
  });
  process.on('SIGWINCH', () => { throw new TypeError('a defect'); });
`;

interface Launched {
  readonly home: Home;
  readonly child: ChildProcess;
  readonly url: string;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

interface Options {
  /** Gets the command as its last arguments. */
  readonly wrapper?: readonly string[];
  /** More code that runs in the process before its own. */
  readonly imports?: readonly string[];
}

/** A server of its own, on an address that nobody else has: it may be unable to say which one it is. */
function launch(stdio: StdioOptions, { wrapper = [], imports = [] }: Options = {}): Launched {
  const home = homeIn(mkdtempSync(join(folder, 'home-')));
  const host = `127.${randomInt(1, 255)}.${randomInt(1, 255)}.${randomInt(1, 255)}`;
  const [program = '', ...args] = [
    ...wrapper,
    process.execPath,
    ...[preload, ...imports].flatMap((code) => ['--import', `data:text/javascript,${encodeURIComponent(code)}`]),
    ...[MAIN, 'serve', '--rate-limit=off', `--data=${home.data}`, `--master_key.file=${home.key}`],
    ...[`--server.host=${host}`, '--port=8080', '--operator.port=0', '--http.drain_timeout=1'],
  ];
  const env = { ...process.env, TMPDIR: home.tmp, NODE_OPTIONS: undefined };
  const child = spawn(program, args, { cwd: home.tmp, env, stdio, detached: true });
  started.add(child);
  // One that is killed with something unread in between resets the connection.
  for (const stream of [child.stdout, child.stderr]) stream?.on('error', () => undefined);
  const ended = once(child, 'exit').then(([code, signal]) => ({ code, signal }));
  return { home, child, url: `http://${host}:8080`, ended };
}

async function answering({ url }: Launched): Promise<void> {
  await expect
    .poll(
      () =>
        call(url, 'GET', '/healthz').then(
          ({ status }) => status,
          () => 0,
        ),
      { interval: 100 },
    )
    .toBe(200);
}

async function ofOperator({ home }: Launched, path: string): Promise<Answer> {
  return call(readFileSync(join(home.data, 'operator.url'), 'utf8').trim(), 'GET', path);
}

/** What /readyz says of the log to the operator. */
const checkOf = (server: Launched) => async (): Promise<string> =>
  String((await ofOperator(server, '/readyz')).json?.checks?.log);

const linesLostBy = (server: Launched) => async (): Promise<number> => {
  const { text } = await ofOperator(server, '/metrics');
  return Number(/^countersign_log_lines_lost_total (\d+)$/m.exec(text)?.[1]);
};

function auditActions({ home }: Launched): Record<string, number> {
  const database = new DatabaseSync(join(home.data, 'countersign.db'), { readOnly: true });
  const rows = database.prepare('select action, count(*) as count from audit group by action').all();
  database.close();
  return Object.fromEntries(rows.map(({ action, count }) => [String(action), Number(count)]));
}

/** Works with a server that cannot say anything. `kill` sends a signal to the server itself. */
async function work(server: Launched, problem: RegExp, kill: (signal: NodeJS.Signals) => void): Promise<void> {
  const { url } = server;
  const owner = starkTrader();
  await onboard(url, owner);
  const session = await mainSession(url, owner);
  const { token, lookupId } = await createToken(url, session);
  kill('SIGUSR2');
  await expect.poll(checkOf(server)).toMatch(problem);
  await expect.poll(linesLostBy(server)).toBeGreaterThan(1_000);
  for (let i = 0; i < 50; i += 1) expect((await call(url, 'GET', '/v1/nowhere')).status).toBe(404);
  expect((await call(url, 'POST', '/v1/account/tokens', { bearer: token, body: {} })).status).toBe(403);
  expect((await call(url, 'DELETE', `/v1/account/tokens/${lookupId}`, { bearer: session })).status).toBe(200);
  expect((await call(url, 'GET', '/v1/balance', { bearer: token })).status).toBe(401);
  expect((await call(url, 'GET', '/readyz')).status).toBe(200);
}

/** The rows of that. */
const worked = { 'token.revoked': 1, login: 1, 'request.refused': 2 };

/** The same; resolves once it has ended, as the signal says. */
async function workAndStop(server: Launched, problem: RegExp): Promise<void> {
  const { child } = server;
  await work(server, problem, (signal) => void child.kill(signal));
  child.kill('SIGTERM');
  expect(await server.ended).toEqual({ code: 0, signal: null });
  expect(auditActions(server)).toMatchObject(worked);
}

function pipeIn(): { pipe: Pipe; writer: number } {
  const pipe = openPipe(folder);
  const writer = pipe.openWriter();
  onTestFinished(() => {
    closeSync(writer);
    pipe.leave();
  });
  return { pipe, writer };
}

describe.skipIf(!LINUX)('a server goes on, writes and stops as it should', () => {
  test('while nobody reads its standard output and standard error, not even its first line; and says what was lost once somebody does', async () => {
    const { pipe, writer } = pipeIn();
    pipe.fill();
    const server = launch(['ignore', writer, writer]);
    await answering(server);
    server.child.kill('SIGUSR2');
    await expect
      .poll(checkOf(server))
      .toMatch(/^degraded: log lines are not written: nobody reads them \(EAGAIN\); \d+ are lost/);
    let text = '';
    await expect.poll(() => (text += pipe.read())).toMatch(/"event":"log_lines_lost","count":\d+/);
    await expect.poll(checkOf(server)).toBe('ok');
    expect(text).toMatch(/^listening on /m);
    pipe.fill();
    await workAndStop(server, /nobody reads them/);
  });

  test('when the readers of its standard output and standard error have gone', async () => {
    const { pipe, writer } = pipeIn();
    const server = launch(['ignore', writer, writer]);
    await answering(server);
    pipe.leave();
    await workAndStop(server, /whoever read them is gone \(EPIPE\)/);
  });

  test('when the next program of a shell has ended, or never reads', async () => {
    for (const reader of ['true', 'exec sleep 600']) {
      const wrapper = ['bash', '-c', `exec "$@" > >(${reader} 2>&-) 2>&1`, 'bash'];
      const server = launch('ignore', { wrapper });
      await answering(server);
      await workAndStop(server, /whoever read them is gone|nobody reads them/);
      if (server.child.pid !== undefined && reader !== 'true') process.kill(-server.child.pid, 'SIGKILL');
    }
  });

  test('when its standard output is a socket, as a supervisor gives it, that is not read or was closed', async () => {
    const server = launch(['ignore', 'pipe', 'pipe']);
    await answering(server);
    await workAndStop(server, /nobody reads them/);

    const closed = launch(['ignore', 'pipe', 'pipe']);
    await answering(closed);
    closed.child.stdout?.destroy();
    closed.child.stderr?.destroy();
    await workAndStop(closed, /is gone/);
  });

  test.skipIf(!canMount)('when the disk of its log is full (needs unshare and tmpfs)', async () => {
    const disk = mkdtempSync(join(folder, 'disk-'));
    const mount = 'mount -t tmpfs -o size=1m tmpfs "$0" && exec "$@" >"$0/log" 2>/dev/null';
    const server = launch('ignore', { wrapper: ['unshare', '-rm', 'sh', '-c', mount, disk] });
    await answering(server);
    const fill = () => expect.poll(() => server.child.kill('SIGUSR2') && checkOf(server)()).toMatch(/ \(ENOSPC\)/);
    await fill();
    // The disk as the server sees it.
    const log = join('/proc', String(server.child.pid), 'root', disk, 'log');
    truncateSync(log);
    await expect.poll(() => readFileSync(log, 'latin1')).toMatch(/"event":"log_lines_lost"/);
    await expect.poll(checkOf(server)).toBe('ok');
    await fill();
    await workAndStop(server, /the disk is full \(ENOSPC\)/);
  });

  test.skipIf(!hasTerminals)('when its terminal is closed (needs script)', async () => {
    const [pid, code] = [join(folder, 'pid'), join(folder, 'code')];
    const script = join(folder, 'run.sh');
    // The kernel tells the terminal's first process, and all others when that one ends. This one stays, to say how the server ended.
    writeFileSync(script, `trap '' HUP\n"$@" &\necho $! >${pid}\nwait $!\necho $? >${code}\n`);
    const shell = `exec script -qec "sh ${script} $(printf '%q ' "$@"); :" /dev/null`;
    const server = launch('ignore', { wrapper: ['bash', '-c', shell, 'bash'] });
    await answering(server);
    const itself = Number(readFileSync(pid, 'utf8'));
    // It belongs to the group of the terminal.
    onTestFinished(() => void (existsSync(code) || process.kill(itself, 'SIGKILL')));
    server.child.kill('SIGKILL');
    await work(server, /the terminal or the disk is gone \(EIO\)/, (signal) => process.kill(itself, signal));
    process.kill(itself, 'SIGTERM');
    await expect.poll(() => existsSync(code) && readFileSync(code, 'utf8')).toBe('0\n');
    expect(auditActions(server)).toMatchObject(worked);
  });
});

/** A server that is answering, with standard error to be read. */
async function launchedWith(imports: readonly string[]) {
  const server = launch(['ignore', 'ignore', 'pipe'], { imports });
  let stderr = '';
  server.child.stderr?.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  await answering(server);
  return { ...server, stderr: () => stderr };
}

describe.skipIf(!LINUX)('an end has an end', () => {
  test('a defect ends the server with 1 though nobody reads what it says', async () => {
    const { pipe, writer } = pipeIn();
    const server = launch(['ignore', writer, writer]);
    await answering(server);
    pipe.fill();
    server.child.kill('SIGUSR2');
    await expect.poll(checkOf(server)).toMatch(/nobody reads them/);
    server.child.kill('SIGWINCH');
    expect(await server.ended).toEqual({ code: 1, signal: null });
  });

  /** Another program of the same terminal or supervisor: node puts the flags back that it found, and what is shared blocks again. */
  async function launchedBesideAnother(stdout: 'pipe' | number) {
    const wrapper = ['bash', '-c', '"$1" -e "setInterval(() => 0, 1e6)" 2>/dev/null & echo $! >"$0"; exec "$@"'];
    const other = join(folder, 'other');
    const server = launch(['ignore', stdout, 'ignore'], { wrapper: [...wrapper, other] });
    await answering(server);
    process.kill(Number(readFileSync(other, 'utf8')), 'SIGTERM');
    const flags = () =>
      Number.parseInt(readFileSync(`/proc/${server.child.pid}/fdinfo/1`, 'utf8').split('flags:')[1] ?? '', 8);
    await expect.poll(() => flags() & constants.O_NONBLOCK).toBe(0);
    return server;
  }

  test('a pipe that another program made block again is no matter', async () => {
    const { pipe, writer } = pipeIn();
    const server = await launchedBesideAnother(writer);
    pipe.fill();
    await workAndStop(server, /nobody reads them/);
  });

  test('a socket that another program made block again has one write that the system holds: it does not keep the process', async () => {
    const server = await launchedBesideAnother('pipe');
    server.child.kill('SIGUSR2');
    await expect.poll(checkOf(server)).toMatch(/nobody reads them/);
    await onboard(server.url, starkTrader());
    server.child.kill('SIGTERM');
    expect(await server.ended).toEqual({ code: null, signal: 'SIGKILL' });
    expect(auditActions(server)).toEqual({ 'account.onboarded': 1 });
  });

  test('a stop that hangs is given up, with 1 and one sentence; what hangs even then is killed', async () => {
    const [stop, end] = await Promise.all([
      launchedWith(["import { Server } from 'node:net'; Server.prototype.close = () => undefined;"]),
      launchedWith(["process.on('exit', () => { for (;;); });"]),
    ]);
    stop.child.kill('SIGTERM');
    end.child.kill('SIGWINCH');
    expect(await end.ended).toEqual({ code: null, signal: 'SIGKILL' });
    expect(end.stderr()).toMatch(/^countersign: ended by a defect: TypeError: a defect$/m);
    expect(await stop.ended).toEqual({ code: 1, signal: null });
    expect(stop.stderr()).toBe('countersign: the stop did not end within 11 s and was given up\n');
  });

  test('a warning of node is said without waiting, and without the secrets it may hold', async () => {
    const server = await launchedWith([
      "process.on('SIGCONT', () => process.emitWarning('look at Bearer ' + 'k1J'.repeat(12)));",
    ]);
    server.child.kill('SIGCONT');
    await expect.poll(server.stderr).toMatch(/^countersign: Warning: look at Bearer \[redacted\]$/m);
  });
});
