// A doctor that is ended while it tries a start on a copy of the data: by a signal it takes the copy with it, and what SIGKILL leaves the
// next one removes. The copy is for its owner alone, whatever the mode of the database.
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Home, homeIn, MAIN, startServer } from '../support/server-process.ts';
import { endEverythingStarted, PROJECT, type Running, start } from '../support/start-project.ts';
import { removeFolders, temporaryFolder } from '../support/temporary-folder.ts';

const dieAtStatement = join(PROJECT, 'test', 'support', 'die-at-statement.ts');

let home: Home;
beforeAll(async () => {
  home = homeIn(temporaryFolder('doctor'));
  const server = await startServer(home);
  // What it leaves is read on a copy: the log waits beside the database.
  server.signal('SIGKILL');
  await server.ended;
});
afterEach(endEverythingStarted);
afterAll(removeFolders);

const doctor = (env: Readonly<Record<string, string>> = {}): Running =>
  start(
    process.execPath,
    ['--import', dieAtStatement, MAIN, 'doctor', `--data=${home.data}`, `--master_key.file=${home.key}`],
    { cwd: home.tmp, env: { TMPDIR: home.tmp, ...env } },
  );
const left = (): readonly string[] => readdirSync(home.tmp).filter((name) => name.startsWith('countersign-trial-'));
/** The first statement that is made on the copy. */
async function firstOnCopy(): Promise<number> {
  for (let statement = 1; ; statement += 1) {
    const { signal } = await doctor({ DIE_AT: String(statement) }).ended;
    if (left().length > 0 || signal === null) return statement;
  }
}

test.skipIf(process.platform === 'win32')(
  'whatever ends a doctor, no copy of the data stays behind for good',
  async () => {
    chmodSync(join(home.data, 'countersign.db'), 0o644);
    const statement = await firstOnCopy();
    const [folder = ''] = left();
    expect(folder).not.toBe('');
    const modes = ['', 'countersign.db', 'countersign.db-wal'].map(
      (name) => statSync(join(home.tmp, folder, name)).mode,
    );
    expect(modes.map((mode) => (mode & 0o777).toString(8))).toEqual(['700', '600', '600']);

    const next = doctor();
    expect((await next.ended).code, next.stdout()).toBe(0);
    expect(left()).toEqual([]);

    const ended = await doctor({ DIE_AT: String(statement + 1), DIE_BY: 'SIGTERM' }).ended;
    expect([ended.signal, left()]).toEqual(['SIGTERM', []]);
  },
);

test('a doctor whose copy of the log is overtaken by a start that cuts off the log ends all the same', async () => {
  const log = join(home.data, 'countersign.db-wal');
  const { size } = statSync(log);
  // Zeros behind the last frame are no frame; the copy of so many takes longer than to see that it has begun.
  truncateSync(log, size + 400 * 1_048_576);
  const examining = doctor();
  const hasBegun = () => left().some((folder) => existsSync(join(home.tmp, folder, 'countersign.db-wal')));
  await expect.poll(hasBegun, { interval: 1, timeout: 30_000 }).toBe(true);
  truncateSync(log, size);
  expect((await examining.ended).code, examining.stdout()).toBe(0);
});

test.skipIf(process.platform === 'win32')(
  'a signal in the middle of a trial takes the folder with it, and ends',
  async () => {
    const module = join(PROJECT, 'src', 'store', 'sqlite', 'trial-folder.ts');
    const trial = `
    import { writeFileSync } from 'node:fs';
    import { inTrialFolder } from ${JSON.stringify(module)};
    setInterval(() => undefined, 1000);
    await inTrialFolder(async (folder) => {
      writeFileSync(folder + '/copy', 'data');
      process.stdout.write('works in ' + folder + '\\n');
      await new Promise(() => undefined);
    });`;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      const running = start(process.execPath, ['--input-type=module', '-e', trial], {
        cwd: home.tmp,
        env: { TMPDIR: home.tmp },
      });
      const [, folder = ''] = await running.printed(/^works in (.+)$/m);
      expect(existsSync(folder)).toBe(true);
      running.signal(signal);
      expect((await running.ended).signal).toBe(signal);
      expect(existsSync(folder)).toBe(false);
    }
  },
);

test.skipIf(process.platform === 'win32')(
  'a doctor removes no folder in which another is at work, nor what is not such a folder of ours',
  async () => {
    const gone = doctor();
    await gone.ended;
    const [ours, dead] = [`countersign-trial-${process.pid}`, `countersign-trial-${gone.pid}`];
    const make = (name: string): string => {
      const path = join(home.tmp, name);
      mkdirSync(path);
      return path;
    };
    const old = make(`${ours}-oldOne`);
    utimesSync(old, new Date(Date.now() - 7_200_000), new Date(Date.now() - 7_200_000));
    make(`${dead}-abcdef`);
    const kept = [`${ours}-abcdef`, `${dead}-longer-name`, 'countersign-trial-abcdef'];
    for (const name of kept) make(name);
    symlinkSync(mkdtempSync(join(home.tmp, 'elsewhere-')), join(home.tmp, `${dead}-linked`));
    kept.push(`${dead}-linked`);
    // Only root can make a folder of another user.
    if (process.getuid?.() === 0) {
      chownSync(make(`${dead}-theirs`), 12_345, 12_345);
      kept.push(`${dead}-theirs`);
    }
    await doctor().ended;
    expect(new Set(left())).toEqual(new Set(kept));
  },
);
