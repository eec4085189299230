// A whole server whose start is killed, or finds a full disk, on its way through files, tables and keys: the next start, the doctor
// and the commands that need no server work on what it left, or say in one sentence what is wrong.
import { existsSync, linkSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { type Home, homeIn, MAIN, spawnServer, startServer } from '../support/server-process.ts';
import { endEverythingStarted, PROJECT, type Running, start } from '../support/start-project.ts';
import { removeFolders, temporaryFolder } from '../support/temporary-folder.ts';
import { createToken, mainSession, onboard, starkTrader } from '../support/trader.ts';

let home: Home;
beforeEach(async () => {
  home = homeIn(temporaryFolder('interrupted'));
});
afterEach(endEverythingStarted);
afterAll(removeFolders);

const dieAtStatement = join(PROJECT, 'test', 'support', 'die-at-statement.ts');

/** A server that is killed before its n-th database statement. */
const serveUntil = (statement: number): Running =>
  start(
    process.execPath,
    ['--import', dieAtStatement, MAIN, 'serve', '--port=0', `--data=${home.data}`, `--master_key.file=${home.key}`],
    { cwd: home.tmp, env: { TMPDIR: home.tmp, DIE_AT: String(statement) } },
  );

const command = (...argv: string[]): Running =>
  start(process.execPath, [MAIN, ...argv, `--data=${home.data}`, `--master_key.file=${home.key}`], {
    cwd: home.tmp,
    env: { TMPDIR: home.tmp },
  });

test('a first start that is killed on its way through tables and keys starts again, and the doctor says that it will', async () => {
  const statements = [1, 4, 9, 20, 40, 55, 70].map((least) => least + Math.floor(Math.random() * 4));
  let killed = 0;
  for (const statement of statements) {
    rmSync(home.data, { recursive: true, force: true });
    rmSync(home.key, { force: true });
    const first = serveUntil(statement);
    const came = await Promise.race([first.ended, first.printed(/^listening on/m).then(() => 'listening')]);
    if (came === 'listening') {
      first.signal('SIGKILL');
      await first.ended;
    } else {
      killed += 1;
    }
    const doctor = command('doctor');
    expect((await doctor.ended).code, `statement ${statement}: ${doctor.stdout()}${doctor.stderr()}`).toBe(0);
    const key = existsSync(home.key) ? readFileSync(home.key, 'utf8') : undefined;
    const server = await startServer(home);
    const owner = starkTrader();
    await onboard(server.url, owner);
    await createToken(server.url, await mainSession(server.url, owner));
    server.signal('SIGTERM');
    expect((await server.ended).code).toBe(0);
    // The key that a killed start made is the one that counts: something may be sealed by it.
    if (key !== undefined) expect(readFileSync(home.key, 'utf8')).toBe(key);
  }
  expect(killed).toBeGreaterThan(4);
});

test.skipIf(process.platform === 'win32')(
  'a first start on a disk that fills up says so in one sentence, and starts once there is room',
  async () => {
    for (const blocks of [1, 8, 40, 100]) {
      rmSync(home.data, { recursive: true, force: true });
      rmSync(home.key, { force: true });
      const serve = [
        process.execPath,
        MAIN,
        'serve',
        '--port=0',
        `--data=${home.data}`,
        `--master_key.file=${home.key}`,
      ];
      const full = start('/bin/sh', ['-c', `ulimit -f ${blocks}; exec "$0" "$@"`, ...serve], {
        cwd: home.tmp,
        env: { TMPDIR: home.tmp },
      });
      expect((await full.ended).code, full.stdout()).toBe(1);
      expect(full.stderr()).toMatch(
        /^countersign: the database cannot be used: (disk I\/O error|database or disk is full)\n$/,
      );
      const server = await startServer(home);
      server.signal('SIGTERM');
      expect((await server.ended).code).toBe(0);
    }
  },
);

test('where a start would fail, serve, backup and the other offline commands say why in one sentence, and doctor says WRONG', async () => {
  const server = await startServer(home);
  server.signal('SIGTERM');
  await server.ended;
  const database = new DatabaseSync(join(home.data, 'countersign.db'));
  database.exec("update meta set value = 0 where name = 'log_head'; delete from change_log");
  database.exec("insert into change_log values (9, 1, '0x1', 'x', '[]', 0, 0)");
  database.close();
  const problem = 'the change log ends at 9, and its head says 0: one of them is damaged';
  const doctor = command('doctor');
  expect((await doctor.ended).code).toBe(1);
  expect(doctor.stdout()).toMatch(new RegExp(`^WRONG +database +a start would fail: ${problem}$`, 'm'));
  // One after the other: each holds the lock while it looks.
  for (const [name, ask] of [
    ['', () => spawnServer(home)],
    [' backup', () => command('backup', join(home.tmp, 'x.backup'))],
    [' accounts', () => command('accounts', 'list')],
    [' signing-keys', () => command('signing-keys', 'list')],
  ] as const) {
    const refused = ask();
    expect((await refused.ended).code).toBe(1);
    expect(refused.stderr()).toBe(`countersign${name}: the database cannot be used: ${problem}\n`);
  }
  expect(existsSync(join(home.tmp, 'x.backup'))).toBe(false);
});

test('a second name of the master key, which a killed start left, is named by the doctor and removed by the next start', async () => {
  const first = await startServer(home);
  first.signal('SIGKILL');
  await first.ended;
  const draft = `${home.key}.${'0'.repeat(16)}.tmp`;
  linkSync(home.key, draft);
  const doctor = command('doctor');
  await doctor.ended;
  expect(doctor.stdout()).toContain(`${draft}: a start that was killed left it`);
  const second = await startServer(home);
  expect([existsSync(draft), existsSync(home.key)]).toEqual([false, true]);
  second.signal('SIGTERM');
  expect((await second.ended).code).toBe(0);
});
