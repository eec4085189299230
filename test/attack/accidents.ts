// What ordinary accidents do to a server: kills while it starts, a log that nobody takes, a second server on the same data, files that
// others may read. Each has a server of its own.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { type Home, homeIn } from '../support/server-process.ts';
import { type Running, start } from '../support/started.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { call } from '../support/trader.ts';
import { attackSingleUse } from './emergency.ts';
import { ownersAt } from './owner.ts';
import type { Tally } from './tally.ts';
import { freePort, listening, serveIn, spawnIn } from './target.ts';

const newHome = async (): Promise<Home> => homeIn(temporaryFolder('attack'));

/** For one that may have ended by itself. */
function end(server: Running, signal: NodeJS.Signals): void {
  try {
    server.signal(signal);
  } catch {
    // Nobody is left to hear it.
  }
}

async function stopped(server: Running): Promise<number | null> {
  end(server, 'SIGTERM');
  const ended = await Promise.race([server.ended, delay(60_000, undefined, { ref: false })]);
  if (ended === undefined) end(server, 'SIGKILL');
  return (await server.ended).code;
}

const told = async (work: () => Promise<unknown>): Promise<string | undefined> => {
  try {
    await work();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message.slice(0, 500) : String(error);
  }
};

const KILLED_STARTS = 12;

/** The log of a first start grows to about 200 KB. */
const LOG_STEP = 16_384;

/** kill -9 as soon as the write-ahead log of a first start has so many bytes; the next start must be one. */
export async function killStarts(tally: Tally): Promise<void> {
  for (let n = 0; n < KILLED_STARTS; n += 1) {
    const home = await newHome();
    const first = spawnIn(home);
    const log = join(home.data, 'countersign.db-wal');
    let over = false;
    const isOver = (): void => {
      over = true;
    };
    first.printed(/^listening on/m).then(isOver, isOver);
    while (!over && (statSync(log, { throwIfNoEntry: false })?.size ?? -1) < n * LOG_STEP) await nextTurn();
    end(first, 'SIGKILL');
    await first.ended;
    const second = spawnIn(home);
    const problem = await told(() => listening(second));
    tally.tried(problem === undefined, () => `after kill -9 in a first start: ${problem}`);
    if (problem === undefined) await stopped(second);
  }
}

/** Standard output that takes nothing: the redirection that a shell makes of it. */
const brokenOutputs: readonly [string, string][] = [
  ['a full disk', '> /dev/full'],
  ['a reader that is gone', '> >(true)'],
  ['a reader that blocks', '> >(exec sleep 30 2>/dev/null)'],
  ['closed', '>&-'],
];
const REFUSALS = 400;

/** Nobody takes the log: everything goes on being answered, what is revoked stays revoked, and the stop is a stop. */
export async function breakOutput(tally: Tally): Promise<void> {
  for (const [what, redirection] of brokenOutputs) {
    const home = await newHome();
    const port = await freePort();
    const quoted = [process.execPath, ...serveIn(home, port)].map((word) => `'${word}'`).join(' ');
    const server = start('bash', ['-c', `exec ${quoted} ${redirection}`], {
      cwd: home.tmp,
      env: { TMPDIR: home.tmp },
    });
    const url = `http://127.0.0.1:${port}`;
    const problem = await told(async () => {
      await answering(url, server);
      const owner = await (await ownersAt(url))();
      const { json } = await call(url, 'POST', '/v1/account/tokens', { bearer: owner.session, body: {} });
      for (let n = 0; n < REFUSALS; n += 1) await call(url, 'GET', '/v1/balance', { bearer: `${owner.session}x` });
      const path = `/v1/account/tokens/${json.api_token.lookup_id}`;
      const revoked = await call(url, 'DELETE', path, { bearer: owner.session });
      tally.tried(revoked.status < 300, () => `${what}: the revocation was answered ${revoked.status}`);
      const dead = await call(url, 'GET', '/countersign/v1/self', { bearer: json.token });
      tally.tried(dead.status === 401, () => `${what}: the revoked token was answered ${dead.status}`);
    });
    tally.tried(problem === undefined, () => `stdout ${what}: ${problem}`);
    const code = await stopped(server);
    tally.tried(code === 0, () => `stdout ${what}: SIGTERM ended it with ${code}`);
  }
}

async function answering(url: string, server: Running): Promise<void> {
  let over = false;
  void server.ended.then(() => {
    over = true;
  });
  while (!over) {
    const problem = await told(() => call(url, 'GET', '/v1/system/time'));
    if (problem === undefined) return;
    await delay(20);
  }
  throw new Error(`it ended: ${server.stderr().slice(0, 500)}`);
}

/** Two servers on one database, one of which came in by a way around the lock: at most one goes on. */
export async function shareDatabase(tally: Tally): Promise<void> {
  const ways: readonly [string, (home: Home) => Promise<Home>][] = [
    ['the same folder', async (home) => home],
    [
      'a lock file that was removed',
      async (home) => {
        rmSync(join(home.data, 'countersign.db.lock'), { force: true });
        return home;
      },
    ],
    [
      'a folder whose database is a link',
      async (home) => {
        const other = { ...(await newHome()), key: home.key };
        mkdirSync(other.data, { mode: 0o700 });
        symlinkSync(join(home.data, 'countersign.db'), join(other.data, 'countersign.db'));
        return other;
      },
    ],
    [
      'a link to the folder',
      async (home) => {
        const other = { ...(await newHome()), key: home.key };
        symlinkSync(home.data, other.data);
        return other;
      },
    ],
  ];
  for (const [way, around] of ways) {
    const home = await newHome();
    const first = spawnIn(home);
    await listening(first);
    const second = spawnIn(await around(home));
    const problem = await told(() => listening(second));
    if (problem === undefined) {
      // Both began: then one of them must notice, and end by itself.
      const ended = await Promise.race([first.ended, second.ended, delay(10_000, undefined, { ref: false })]);
      tally.tried(ended !== undefined, () => `${way}: two servers go on`);
    } else tally.tried(true);
    for (const server of [first, second]) end(server, 'SIGKILL');
    await Promise.all([first.ended, second.ended]);
  }
}

/** Somebody else's hand in the running server's log of changes. */
export async function writeBeside(tally: Tally): Promise<void> {
  const home = await newHome();
  const server = spawnIn(home);
  const url = await listening(server);
  const database = new DatabaseSync(join(home.data, 'countersign.db'), { timeout: 5_000 });
  database.exec("update meta set value = value + 1 where name = 'log_head'");
  database.close();
  const ended = await Promise.race([server.ended, delay(20_000, undefined, { ref: false })]);
  const outcome = ended === undefined ? 'goes on' : `ended with ${ended.code}`;
  tally.tried(ended?.code === 1, () => `the head of the log moved, and the server ${outcome}`);
  const problem = await told(() => call(url, 'GET', '/v1/system/time'));
  tally.tried(ended === undefined || problem !== undefined, () => 'somebody answers where it listened');
  if (ended === undefined) server.signal('SIGKILL');
  await server.ended;
}

const SIGNALS = 5;

/** No debugger opens, whoever asks for one. */
export async function askForDebugger(tally: Tally): Promise<void> {
  const home = await newHome();
  const server = spawnIn(home);
  const url = await listening(server);
  for (let n = 0; n < SIGNALS; n += 1) {
    server.signal('SIGUSR1');
    const problem = await told(() => call(url, 'GET', '/v1/system/time'));
    const isOpen = /Debugger listening/.test(server.stderr());
    tally.tried(problem === undefined && !isOpen, () => `SIGUSR1: ${problem ?? 'a debugger'}`);
  }
  await stopped(server);
  const inspected = start(process.execPath, serveIn(await newHome(), 0), {
    cwd: home.tmp,
    env: { TMPDIR: home.tmp, NODE_OPTIONS: '--inspect=127.0.0.1:0' },
  });
  const problem = await told(() => listening(inspected));
  tally.tried(problem !== undefined, () => 'it started with a debugger that the environment asked for');
  if (problem === undefined) await stopped(inspected);
}

/** A stolen subkey is first with every login of its owner. */
export async function useOnce(tally: Tally): Promise<void> {
  const server = spawnIn(await newHome(), '--login.single_use=true');
  const url = await listening(server);
  await attackSingleUse(await (await ownersAt(url))(), tally);
  await stopped(server);
}

/** The machine's clock ten years ahead, at a start on data that has seen today. */
export async function startInTheFuture(tally: Tally): Promise<void> {
  const find = 'ls /usr/lib/*/faketime/libfaketime.so.1 2>/dev/null || true';
  const [preload = ''] = execFileSync('sh', ['-c', find], { encoding: 'utf8' }).split('\n');
  if (preload === '') return tally.leftOut('libfaketime is not installed');
  const home = await newHome();
  const before = spawnIn(home);
  await listening(before);
  await stopped(before);
  const env = { TMPDIR: home.tmp, LD_PRELOAD: preload, FAKETIME: '+3650d', FAKETIME_DONT_FAKE_MONOTONIC: '1' };
  const ahead = start(process.execPath, serveIn(home, 0), { cwd: home.tmp, env });
  const problem = await told(() => listening(ahead));
  tally.tried(problem?.includes('clock.accept') === true, () => `ten years ahead: ${problem ?? 'it started'}`);
  if (problem === undefined) await stopped(ahead);
  const after = spawnIn(home);
  const left = await told(() => listening(after));
  tally.tried(left === undefined, () => `the clock is right again: ${left}`);
  if (left === undefined) await stopped(after);
}

/** The database is taken away under a running server: it must not acknowledge what goes into nothing. */
export async function removeDatabase(tally: Tally): Promise<void> {
  const home = await newHome();
  const server = spawnIn(home);
  const url = await listening(server);
  const owner = await (await ownersAt(url))();
  renameSync(join(home.data, 'countersign.db'), join(home.data, 'elsewhere'));
  const problem = await told(async () => {
    const { status } = await call(url, 'POST', '/v1/account/tokens', { bearer: owner.session, body: {} });
    if (status < 300) throw new Error(`a token was made with ${status}`);
  });
  // A connection that broke is no acknowledgement either.
  tally.tried(problem?.startsWith('a token') !== true, () => `the database was removed: ${problem}`);
  end(server, 'SIGKILL');
  await server.ended;
}

type Spoil = (home: Home) => void;

const inPlaceOf =
  (name: string, put: (path: string) => void): Spoil =>
  ({ data }) => {
    const path = join(data, name);
    rmSync(path, { force: true });
    put(path);
  };

const openFiles: readonly [string, Spoil][] = [
  ['a master key that others may read', ({ key }) => chmodSync(key, 0o644)],
  ['a master key that is a pipe', ({ key }) => replaceByPipe(key)],
  ['an operator token that others may read', ({ data }) => chmodSync(join(data, 'operator.token'), 0o640)],
  ['an operator token that is a pipe', inPlaceOf('operator.token', replaceByPipe)],
  [
    'an operator token that is half there',
    inPlaceOf('operator.token', (path) => writeFileSync(path, 'abc', { mode: 0o600 })),
  ],
  ['a data folder that all may write in', ({ data }) => chmodSync(data, 0o777)],
  ['a data folder that a group may write in', ({ data }) => chmodSync(data, 0o770)],
  ['a lock that is a dangling link', inPlaceOf('countersign.db.lock', (path) => symlinkSync(elsewhereOf(path), path))],
  ['a database that is a dangling link', inPlaceOf('countersign.db', (path) => symlinkSync(elsewhereOf(path), path))],
  ['an operator socket that is a file', inPlaceOf('operator.sock', (path) => writeFileSync(path, ''))],
];

const elsewhereOf = (path: string): string => join(path, '..', '..', 'made-elsewhere');

function replaceByPipe(path: string): void {
  rmSync(path, { force: true });
  execFileSync('mkfifo', ['-m', '600', path]);
}

/** Files as they must not be: no server starts on them. */
export async function openFilesToOthers(tally: Tally): Promise<void> {
  for (const [what, spoil] of openFiles) {
    const home = await newHome();
    const first = spawnIn(home);
    await listening(first);
    await stopped(first);
    spoil(home);
    const second = spawnIn(home);
    const problem = await told(() => listening(second));
    const elsewhere = existsSync(elsewhereOf(join(home.data, 'x')));
    tally.tried(problem !== undefined && !elsewhere, () => `it started with ${what}`);
    if (problem === undefined) await stopped(second);
  }
}
