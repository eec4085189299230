// Commands whose output nobody takes: one that has been read enough of ends in silence, one that could not print says so, neither with
// the exit code of one that did, and none leaves its work half done. And start.cjs, which goes on whether it is heard or not.
import { spawnSync } from 'node:child_process';
import { closeSync, constants, mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createProgram, leavesOf, pathOf } from '../../src/cli/program.ts';
import { openPipe } from '../support/pipe.ts';
import { type Home, homeIn, MAIN, startServer } from '../support/server-process.ts';
import { endEverythingStarted, fakeNpm, pathWith, smallProject, start } from '../support/start-project.ts';
import { removeFolders, temporaryFolder } from '../support/temporary-folder.ts';
import { createToken, mainSession, onboard, starkTrader } from '../support/trader.ts';

const LINUX = process.platform === 'linux';
const owner = starkTrader();
let folder: string;
let lookupId: string;
let home: Home;
beforeAll(async () => {
  folder = temporaryFolder('printing');
  home = homeIn(folder);
  const server = await startServer(home);
  await onboard(server.url, owner);
  ({ lookupId } = await createToken(server.url, await mainSession(server.url, owner)));
  server.signal('SIGTERM');
  await server.ended;
  // More than any pipe holds.
  const database = new DatabaseSync(join(home.data, 'countersign.db'));
  database.exec(`
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000)
    insert into audit select account_id, 1000000 + i, at, action, actor, subject, request_id, client_ip, detail
      from n, (select * from audit limit 1)`);
  database.close();
});
afterEach(endEverythingStarted);
afterAll(removeFolders);

/** Runs one command in bash; `script` has it as "$@". */
function bash(script: string, command: string) {
  const args = command.split(' ');
  const data = command.startsWith('restore') ? join(folder, 'restored') : home.data;
  const settings = /^(--)?(version|help)/.test(command) ? [] : ['--data', data, '--master_key.file', home.key];
  const running = ['bash', '-c', script, 'bash', process.execPath, MAIN, ...args, ...settings];
  const { status, stdout, stderr } = spawnSync(running[0] ?? '', running.slice(1), { encoding: 'utf8', cwd: home.tmp });
  return { status, stdout, stderr };
}

describe.skipIf(!LINUX)('a command', () => {
  test('a command of whose output somebody has read enough ends in silence: countersign audit export | head', () => {
    const { stdout, stderr } = bash('"$@" | head -n 1; echo "$PIPESTATUS"', 'audit export');
    const [line = '', code] = stdout.split('\n');
    expect(JSON.parse(line)).toMatchObject({ action: 'account.onboarded' });
    expect({ code, stderr }).toEqual({ code: '141', stderr: '' });
  });

  test('a command whose reader is slow prints all of it before it ends', () => {
    const lines = bash('"$@" | (sleep 1; wc -l)', 'audit export');
    expect(Number(lines.stdout)).toBeGreaterThan(20_000);
  });

  test('a command that finds the pipe full waits until somebody reads', async () => {
    const pipe = openPipe(mkdtempSync(join(folder, 'pipe-')));
    const writer = pipe.openWriter();
    onTestFinished(() => {
      closeSync(writer);
      pipe.leave();
    });
    pipe.fill();
    const command = start('bash', ['-c', `exec "$@" >${pipe.path}`, 'bash', process.execPath, MAIN, 'help'], {
      cwd: home.tmp,
    });
    // Node has a stream for it: it is printing.
    const isPrinting = () =>
      (Number.parseInt(readFileIfThere(`/proc/${command.pid}/fdinfo/1`).split('flags:')[1] ?? '', 8) &
        constants.O_NONBLOCK) !==
      0;
    await expect.poll(isPrinting).toBe(true);
    let text = '';
    await expect.poll(() => (text += pipe.read())).toBe(bash('"$@"', 'help').stdout);
    expect(await command.ended).toEqual({ code: 0, signal: null });
  });

  test.each([
    ['version', '141'],
    ['config show', '141'],
    ['config show --json', '141'],
    ['accounts list --json', '141'],
    ['signing-keys list --json', '141'],
    ['doctor --json', '141'],
    ['help serve', '141'],
    // What it found is more than that nobody heard of it.
    ['doctor --tls.cert=/nowhere --tls.key=/nowhere', '1'],
  ])('whose reader has gone ends in silence, not as one that was heard: %s', (command, code) => {
    // Its reader ends before it begins.
    const unheard = bash('exec 4> >(:); wait $!; "$@" >&4; echo "$?"', command);
    expect(unheard).toEqual({ status: 0, stdout: `${code}\n`, stderr: '' });
  });

  // Of the demo, see below; what serve prints is its log, which holds nothing up.
  const printing: Readonly<Record<string, readonly string[]>> = {
    config: ['config check', 'config show', 'config show --json'],
    'signing-keys': ['signing-keys list', 'signing-keys rotate token', 'signing-keys retire <kid> --yes'],
    accounts: ['accounts list', 'accounts show <account>', 'accounts lock <account>', 'accounts unlock <account>'],
    credentials: ['credentials find <account>', 'credentials revoke <token>'],
    audit: ['audit export'],
    backup: ['backup <backup>'],
    restore: ['restore <backup>'],
    clock: ['clock show', 'clock accept'],
    doctor: ['doctor', 'doctor --json'],
    version: ['version', 'version --json'],
    help: ['help', 'help serve', 'accounts --help', '--help', '--version'],
  };

  test.each(Object.values(printing).flat())(
    'a command that cannot print says so in one sentence and fails: %s',
    (command) => {
      const kid = () => JSON.parse(bash('"$@"', 'signing-keys list --json').stdout).results[0].kid;
      const typed = command
        .replace('<kid>', kid)
        .replace('<account>', owner.account)
        .replace('<token>', lookupId)
        .replace('<backup>', join(folder, 'one.backup'));
      const { status, stderr } = bash('"$@" >/dev/full', typed);
      expect(stderr).toMatch(/^countersign: the output could not be written: ENOSPC[^\n]*\n$/);
      expect(status).toBe(1);
    },
  );

  test('a command that prints is in the table of this file, with each of its verbs', () => {
    const tried = Object.values(printing).flat();
    const untried = leavesOf(createProgram())
      .map(pathOf)
      .filter((form) => !tried.some((command) => `${command} `.startsWith(`${form} `)));
    expect(untried).toEqual(['serve', 'demo']);
  });

  test.each(['help', 'help serve'])(
    'a command of whose output a file takes only a part says so and fails: %s',
    (command) => {
      const file = join(folder, 'part');
      // In units of 1024 bytes.
      const { status, stderr } = bash(`ulimit -f 1; "$@" >${file}`, command);
      expect(stderr).toMatch(/^countersign: the output could not be written: EFBIG[^\n]*\n$/);
      expect(status).toBe(1);
      expect(statSync(file).size).toBe(1024);
    },
  );

  test('a command that is refused and cannot even say so has its exit code all the same', () => {
    for (const command of ['sreve', 'accounts shwo']) {
      expect(bash('"$@" 2>/dev/full', command).status).toBe(2);
      expect(bash('exec 4> >(:); wait $!; "$@" 2>&4', command).status).toBe(2);
    }
    expect(bash('"$@" >/dev/full 2>/dev/full', 'accounts list').status).toBe(1);
  });

  test('a command that changes something has changed it, though nobody heard of it', () => {
    bash('"$@" >/dev/full 2>&1', `accounts lock ${owner.account}`);
    expect(bash('"$@"', `accounts show ${owner.account}`).stdout).toMatch(/^state +locked since/m);
  });
});

describe.skipIf(!LINUX)('the demo', () => {
  const demoIn = (tmp: string) => ({ cwd: home.tmp, env: { TMPDIR: tmp } });

  test('the demo whose output cannot be written removes its server and its folder', async () => {
    const tmp = mkdtempSync(join(folder, 'demo-'));
    const demo = start('bash', ['-c', 'exec "$@" >/dev/full', 'bash', process.execPath, MAIN, 'demo'], demoIn(tmp));
    expect(await demo.ended).toEqual({ code: 1, signal: null });
    expect(demo.stderr()).toContain('the output could not be written: ENOSPC');
    expect(readdirSync(tmp)).toEqual([]);
  });

  test('the demo whose output nobody reads removes its server and its folder, and is ended by SIGTERM', async () => {
    const tmp = mkdtempSync(join(folder, 'demo-'));
    const pipe = openPipe(mkdtempSync(join(folder, 'pipe-')));
    const keep = pipe.openWriter();
    onTestFinished(() => {
      closeSync(keep);
      pipe.leave();
    });
    pipe.fill();
    const demo = start('bash', ['-c', `exec "$@" >${pipe.path}`, 'bash', process.execPath, MAIN, 'demo'], demoIn(tmp));
    await expect.poll(() => readdirSync(tmp)).not.toEqual([]);
    // It has come to its end, and waits for whoever reads it.
    await expect.poll(() => readdirSync(tmp)).toEqual([]);
    demo.signal('SIGTERM');
    expect(await demo.ended).toEqual({ code: 0, signal: null });
  });
});

describe.skipIf(!LINUX)('start.cjs', () => {
  test('start.cjs whose standard error takes nothing installs and starts all the same', async () => {
    const npm = await fakeNpm('exit 0');
    const project = await smallProject("console.log('it runs');\n");
    mkdirSync(join(project, 'node_modules'), { recursive: true });
    const script = 'exec "$0" start.cjs serve 2>/dev/full';
    const running = start('bash', ['-c', script, process.execPath], { cwd: project, env: { PATH: pathWith(npm.bin) } });
    expect(await running.ended).toEqual({ code: 0, signal: null });
    expect(running.stdout()).toBe('it runs\n');
    expect(await npm.calls()).toHaveLength(1);
  });

  test('start.cjs is stopped by SIGTERM as the server is, though nobody reads either of them', async () => {
    const npm = await fakeNpm('exit 0');
    const project = await smallProject(`await import('${pathToFileURL(MAIN)}');\n`);
    const data = join(folder, 'through-start');
    const settings = ['serve', '--port=0', `--data=${data}`, `--master_key.file=${join(folder, 'other.key')}`];
    const script = 'exec "$0" start.cjs "$@" > >(:) 2>&1';
    const running = start('bash', ['-c', script, process.execPath, ...settings], {
      cwd: project,
      env: { PATH: pathWith(npm.bin) },
    });
    await expect.poll(() => readFileIfThere(join(data, 'operator.url'))).toMatch(/^http:/);
    running.signal('SIGTERM');
    expect(await running.ended).toEqual({ code: 0, signal: null });
  });
});

function readFileIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
