// A start that breaks off, at whatever moment and for whatever reason, starts again: the first one, and the one that brings a
// database with accounts to this release's tables. Real processes, real kills, disks that are really full.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { Kysely, SqliteDialect } from 'kysely';
import { Migrator } from 'kysely/migration';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { StoreFailure } from '../../src/errors.ts';
import { migrationNames, migrations } from '../../src/store/migrate.ts';
import type { Store } from '../../src/store/store.ts';
import { endEverythingStarted, PROJECT, type Running, start } from '../support/start-project.ts';
import { type SqliteTestDatabase, sqliteDatabase } from '../support/store/databases.ts';
import { writeTablesUntil } from '../support/store/first-tables.ts';
import { alice, changeOf, insertAccounts, insertTokens, starkAccount, tokenOf } from '../support/store/rows.ts';

/** Starts of one kind that are broken off; a random first one, so that in time every place is hit. */
const KILLS = 8;

let database: SqliteTestDatabase;
/** What every attempt starts on; missing for a first start. */
let before: string;
let store: Store | undefined;

beforeEach(() => {
  database = sqliteDatabase();
  before = `${database.file}.before`;
});
afterEach(async () => {
  endEverythingStarted();
  await store?.close();
  store = undefined;
  database.remove();
});

const storeProcess = join(import.meta.dirname, '../support/store/store-process.ts');
const dieAtStatement = join(PROJECT, 'test', 'support', 'die-at-statement.ts');
const ends = ['', '-wal', '-shm', '-journal', '.lock', '.lock-journal'];

/** The file as it was before the first attempt. */
function asBefore(): void {
  for (const end of ends) rmSync(`${database.file}${end}`, { force: true });
  if (existsSync(before)) copyFileSync(before, database.file);
}

const startStore = (env: Record<string, string> = {}): Running =>
  start(process.execPath, ['--import', dieAtStatement, storeProcess, database.file, 'start'], { cwd: PROJECT, env });

interface Kind {
  readonly name: string;
  /** Makes `before`. */
  prepare(): Promise<void>;
  readonly accounts: boolean;
}

const kinds: readonly Kind[] = [
  { name: 'a first start', accounts: false, prepare: async () => undefined },
  ...migrationNames.slice(0, -1).map((name, index) => ({
    name: `a start that brings accounts from ${name} by ${migrationNames[index + 1]}`,
    accounts: true,
    prepare: () => earlierDatabase(name),
  })),
];

/** Of this release, with an account and a token, and then as an earlier release had it. */
async function earlierDatabase(last: string): Promise<void> {
  const now = sqliteDatabase();
  try {
    const { store } = await now.open();
    await insertAccounts(store, alice);
    await insertTokens(store, tokenOf(alice, '1'));
    await store.transaction((tx) => tx.appendChange(changeOf(alice)));
    await store.close();
    await writeTablesUntil(last, now.file, before);
  } finally {
    now.remove();
  }
}

/** It starts, is whole, holds what it held and takes the next change. */
async function expectSoundStart({ accounts }: Pick<Kind, 'accounts'>): Promise<void> {
  ({ store } = await database.open());
  expect(database.sql('pragma integrity_check')).toEqual([{ integrity_check: 'ok' }]);
  expect(database.sql('select name from kysely_migration order by name')).toEqual(
    migrationNames.map((name) => ({ name })),
  );
  expect(await store.account(alice)).toEqual(accounts ? starkAccount(alice) : undefined);
  expect(await store.token(alice, 'lookup-1')).toEqual(accounts ? tokenOf(alice, '1') : undefined);
  const { position } = await store.transaction((tx) => tx.appendChange(changeOf(alice)));
  expect(position).toBe(accounts ? 2n : 1n);
  await store.close();
  store = undefined;
}

/** Every table and index by its name, and the migrations that are written down: of a copy, so that the next start finds all as it was. */
function shape(): readonly unknown[] {
  const copy = `${database.file}.copy`;
  for (const end of ends) {
    rmSync(copy + end, { force: true });
    if (existsSync(database.file + end)) copyFileSync(database.file + end, copy + end);
  }
  const connection = new DatabaseSync(copy);
  const rows = (sql: string): readonly unknown[] => connection.prepare(sql).all().map(Object.values);
  try {
    const names = rows("select name from sqlite_schema where name not like 'sqlite%' order by name");
    const isThere = rows("select 1 from sqlite_schema where name = 'kysely_migration'").length > 0;
    return [...names, ...(isThere ? rows('select name from kysely_migration order by name') : [])];
  } finally {
    connection.close();
  }
}

/** Of the file as it was before the first attempt, and as a start leaves it: nothing else may ever be found. */
async function allOrNothing(): Promise<readonly (readonly unknown[])[]> {
  asBefore();
  const nothing = shape();
  ({ store } = await database.open());
  await store.close();
  store = undefined;
  return [nothing, shape()];
}

/** Whole numbers from 1 to `last`, KILLS of them at most, the same distance apart. */
function steps(last: number): readonly number[] {
  const distance = Math.max(1, Math.ceil(last / KILLS));
  const first = 1 + Math.floor(Math.random() * distance);
  return Array.from({ length: Math.ceil((last - first + 1) / distance) }, (_, n) => first + n * distance);
}

describe.each(kinds)('$name starts again', (kind) => {
  beforeEach(() => kind.prepare());

  test('a store starts again after kill -9 before any of its statements, and finds all of it or nothing', async () => {
    const shapes = await allOrNothing();
    asBefore();
    const whole = startStore();
    const [, count = ''] = await whole.printed(/^statements (\d+)$/m);
    await whole.ended;
    expect(Number(count)).toBeGreaterThan(20);
    for (const n of steps(Number(count))) {
      asBefore();
      const killed = startStore({ DIE_AT: String(n) });
      expect((await killed.ended).signal, `before statement ${n} of ${count}`).toBe('SIGKILL');
      expect(shapes).toContainEqual(shape());
      await expectSoundStart(kind);
    }
  });

  test('a store starts again after kill -9 at random sizes of its log, and finds all of it or nothing', async () => {
    const shapes = await allOrNothing();
    asBefore();
    const log = `${database.file}-wal`;
    const whole = start(process.execPath, [storeProcess, database.file, 'hold'], { cwd: PROJECT });
    await whole.printed(/holding/);
    const { size } = statSync(log);
    whole.signal('SIGKILL');
    await whole.ended;
    for (let round = 0; round < 4; round += 1) {
      asBefore();
      const killed = start(process.execPath, [storeProcess, database.file, 'hold'], { cwd: PROJECT });
      const least = Math.floor(Math.random() * size);
      while ((statSync(log, { throwIfNoEntry: false })?.size ?? -1) < least) await new Promise(setImmediate);
      killed.signal('SIGKILL');
      expect((await killed.ended).signal).toBe('SIGKILL');
      expect(shapes).toContainEqual(shape());
      await expectSoundStart(kind);
    }
  });

  test.skipIf(process.platform === 'win32')(
    'a store starts again after a disk that was full at any size of its files',
    async () => {
      asBefore();
      const { size } = await (async () => {
        const whole = start(process.execPath, [storeProcess, database.file, 'hold'], { cwd: PROJECT });
        await whole.printed(/holding/);
        whole.signal('SIGKILL');
        await whole.ended;
        return statSync(`${database.file}-wal`);
      })();
      let refused = 0;
      // In the 512 bytes of `ulimit -f`; a file that is there already may be longer.
      for (const blocks of steps(Math.ceil(size / 512) - 1).filter((_, n) => n % 2 === 0)) {
        asBefore();
        const limited = `ulimit -f ${blocks}; exec "$0" "$@"`;
        const full = start('/bin/sh', ['-c', limited, process.execPath, storeProcess, database.file, 'start'], {
          cwd: PROJECT,
        });
        if ((await full.ended).code !== 0) {
          refused += 1;
          expect(full.stderr()).toMatch(/StoreFailure: (disk I\/O error|database or disk is full|EFBIG)/);
        }
        await expectSoundStart(kind);
      }
      expect(refused).toBeGreaterThan(0);
    },
  );
});

const canMount =
  process.platform === 'linux' && spawnSync('unshare', ['-rm', 'sh', '-c', 'mount -t tmpfs tmpfs /mnt']).status === 0;

describe.each(kinds)('$name starts again', (kind) => {
  test.skipIf(!canMount)('when room is made on a disk that was full (needs unshare and tmpfs)', async () => {
    await kind.prepare();
    const folder = join(database.file, '..', 'disk');
    mkdirSync(folder);
    const file = join(folder, 'countersign.db');
    const had = existsSync(before) ? Math.ceil(statSync(before).size / 4096) : 0;
    const run = `"${process.execPath}" "${storeProcess}" "${file}" start`;
    // One page more each time, beyond what is there: the first that suffices ends it.
    const script = `
      fails=0
      for pages in 2 6 12 20 30 45 65; do
        mount -t tmpfs -o mode=0700,size=$(( (${had} + pages) * 4 ))k tmpfs "${folder}" || exit 3
        if [ -f "${before}" ]; then cp "${before}" "${file}"; fi
        ${run} >/dev/null 2>&1 || fails=$((fails + 1))
        mount -o remount,size=64m "${folder}" || exit 3
        ${run} || { echo "not again at $pages pages"; exit 4; }
        umount "${folder}"
      done
      echo "failed $fails times"`;
    const running = start('unshare', ['-rm', 'sh', '-c', script], { cwd: PROJECT });
    const ended = await running.ended;
    expect(ended.code, `${running.stdout()}${running.stderr()}`).toBe(0);
    expect(Number(/failed (\d+) times/.exec(running.stdout())?.[1])).toBeGreaterThan(1);
  });
});

describe('what an earlier release left half made, committing each statement alone,', () => {
  /** The migrations of that release, up to its n-th statement that changes something; how many there were when it got to the end. */
  async function earlierStart(last: number): Promise<number> {
    const connection = new DatabaseSync(database.file);
    connection.exec('pragma journal_mode = wal');
    let done = 0;
    const db = new Kysely<unknown>({
      dialect: new SqliteDialect({
        database: {
          close: () => connection.close(),
          prepare(text) {
            const statement = connection.prepare(text);
            const isWrite = /^(create|insert|alter|drop)/i.test(text);
            const run = <Result>(work: () => Result): Result => {
              if (isWrite && done === last) throw new Error('broken off');
              if (isWrite) done += 1;
              return work();
            };
            const values = (given: readonly unknown[]) => given as SQLInputValue[];
            return {
              reader: statement.columns().length > 0,
              all: (given) => run(() => statement.all(...values(given))),
              run: (given) => run(() => statement.run(...values(given))),
              iterate: (given) => statement.iterate(...values(given)),
            };
          },
        },
      }),
    });
    const released = Object.fromEntries(Object.entries(migrations).filter(([name]) => name <= '0003'.padEnd(9, '~')));
    const migrator = new Migrator({ db, provider: { getMigrations: async () => released } });
    const { error } = await migrator.migrateToLatest();
    await db.destroy();
    expect(error === undefined).toBe(done < last);
    return done;
  }

  test.each([
    ['a first start', undefined],
    ['an upgrade of a database with accounts', '0001-initial'],
  ])('starts after any statement of %s', async (_what, last) => {
    if (last !== undefined) await earlierDatabase(last);
    asBefore();
    const all = await earlierStart(Number.POSITIVE_INFINITY);
    expect(all).toBeGreaterThan(last === undefined ? 20 : 6);
    for (let n = 0; n < all; n += 1) {
      asBefore();
      await earlierStart(n);
      await expectSoundStart({ accounts: last !== undefined });
    }
  });

  test('a half-made database of an earlier release is refused in one sentence where it holds rows that no start can have written', async () => {
    await earlierStart(20);
    database.sql("insert into account values ('0x1', 'starknet', '0x2', '', '', 0, 0, 0, 1)");
    const found = database.sql('select * from account');
    database.sql("delete from kysely_migration where name = '0001-initial'");
    const attempt = database.open();
    await expect(attempt).rejects.toThrow(StoreFailure);
    await expect(attempt).rejects.toThrow('account has rows all the same: it is damaged; restore a backup');
    expect(database.sql('select * from account')).toEqual(found);
  });
});

describe('a file that is something else is never taken for a first start:', () => {
  test('a database of another program', async () => {
    database.sql('create table letters (text text)');
    const attempt = database.open();
    await expect(attempt).rejects.toThrow('it is not a database of Countersign: it has a table letters');
    expect(database.sql('select name from sqlite_schema')).toEqual([{ name: 'letters' }]);
  });

  test('what a restore that was killed left', async () => {
    writeFileSync(`${database.file}.restoring`, 'half of it');
    await expect(database.open()).rejects.toThrow(
      /^a restore broke off here and left .*\.restoring; restore again, which takes its place$/,
    );
    expect(existsSync(database.file)).toBe(false);
  });

  test.each(['missing', 'empty'])('a database that is %s while its log is there', async (how) => {
    const holder = start(process.execPath, [storeProcess, database.file, 'hold'], { cwd: PROJECT });
    await holder.printed(/holding/);
    holder.signal('SIGKILL');
    await holder.ended;
    copyFileSync(database.file, before);
    rmSync(database.file);
    if (how === 'empty') writeFileSync(database.file, '');
    await expect(database.open()).rejects.toThrow(/is missing or empty, and its log .*-wal is there; put back/);
    // And nothing was done to either.
    expect(statSync(database.file, { throwIfNoEntry: false })?.size ?? 0).toBe(0);
    copyFileSync(before, database.file);
    await expectSoundStart({ accounts: false });
  });
});
