// The database is the one that was opened, and only ours: what another writer, or another file in its place, does to a store that is
// open. Before anything is acknowledged it is noticed, and within a second when nobody asks.
import {
  chmodSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { StoreFailure, StoreLocked, StoreLost } from '../../src/errors.ts';
import { migrationNames } from '../../src/store/migrate.ts';
import { openStore } from '../../src/store/open.ts';
import { sqlite } from '../../src/store/sqlite/dialect.ts';
import type { Store } from '../../src/store/store.ts';
import { type SqliteTestDatabase, sqliteDatabase } from '../support/store/databases.ts';
import { writeTablesUntil } from '../support/store/first-tables.ts';
import {
  alice,
  auditOf,
  bob,
  changeOf,
  insertAccounts,
  insertTokens,
  starkAccount,
  T0,
  tokenOf,
} from '../support/store/rows.ts';

let database: SqliteTestDatabase;
let store: Store;

beforeEach(async () => {
  database = sqliteDatabase();
  ({ store } = await database.open());
  await insertAccounts(store, alice);
  await store.transaction((tx) => tx.appendChange(changeOf(alice)));
});
afterEach(async () => {
  await store.close();
  database.remove();
});

/** As another server would write a change. */
const foreignChange = (): void => {
  database.sql("insert into change_log values (2, 1, '0x1', 'token.revoked', '[]', 1, 0)");
  database.sql("update meta set value = 2 where name = 'log_head'");
};

async function expectLost(why: RegExp): Promise<void> {
  expect((await store.whenLost).message).toMatch(why);
  for (const call of [
    () => store.ping(),
    () => store.account(alice),
    () => store.position(),
    () => store.facts({ account: alice, kind: 'main', id: 'main', kid: '' }),
    () => store.transaction((tx) => tx.appendChange(changeOf(alice))),
    () => store.appendAudit([auditOf(alice)]),
    () => store.snapshot(`${database.file}.copy`),
  ]) {
    await expect(call()).rejects.toThrow(StoreLost);
  }
}

const moved = /^another process writes to the database: its log stands at 2 and should stand at 1$/;

describe('another writer', () => {
  test('another writer is noticed by the next change, of which nothing is written', async () => {
    foreignChange();
    await expect(store.transaction((tx) => tx.insertAccount(starkAccount(bob), ''))).rejects.toThrow(moved);
    await expectLost(moved);
    expect(database.sql('select account_id from account')).toEqual([{ account_id: alice }]);
  });

  test('another writer is noticed by the next read of facts, which are not used', async () => {
    foreignChange();
    await expect(store.facts({ account: alice, kind: 'main', id: 'main', kid: '' })).rejects.toThrow(moved);
    await expectLost(moved);
  });

  test('another writer is noticed when nobody asks', async () => {
    foreignChange();
    await expectLost(moved);
  });

  test('another writer that takes changes back is noticed, too', async () => {
    database.sql("update meta set value = 0 where name = 'log_head'");
    await expect(store.transaction((tx) => tx.appendChange(changeOf(alice)))).rejects.toThrow(/stands at 0 and should/);
  });

  test('a row changed by hand is not taken for another writer, nor are our own changes, however they are taken back and interleave', async () => {
    database.sql("update account set ethereum_label = 'seen' where true");
    const told = { lost: false };
    void store.whenLost.then(() => {
      told.lost = true;
    });
    await Promise.allSettled(
      Array.from({ length: 60 }, async (_, n) => {
        if (n % 3 === 0) return store.facts({ account: alice, kind: 'main', id: 'main', kid: '' });
        return store.transaction(async (tx) => {
          await tx.appendChange(changeOf(alice));
          await tx.appendChange(changeOf(bob));
          if (n % 3 === 1) throw new Error('taken back');
        });
      }),
    );
    expect(await store.position()).toBe(41n);
    expect((await store.transaction((tx) => tx.appendChange(changeOf(alice)))).position).toBe(42n);
    expect(told.lost).toBe(false);
  });
});

describe.skipIf(process.platform === 'win32')('a file of the database that is no longer at its path', () => {
  const replaced = (path: string) => {
    copyFileSync(path, `${path}.new`);
    renameSync(`${path}.new`, path);
  };

  test.each(['', '-wal', '-shm'])('countersign.db%s, removed: the next change is not acknowledged', async (end) => {
    unlinkSync(`${database.file}${end}`);
    const why = /countersign\.db\S* was removed while it was in use$/;
    await expect(store.transaction((tx) => tx.appendChange(changeOf(alice)))).rejects.toThrow(why);
    await expectLost(why);
  });

  test.each(['', '-wal', '-shm'])('countersign.db%s, replaced: the next change is not acknowledged', async (end) => {
    replaced(`${database.file}${end}`);
    const why = /^another file was put in place of .*countersign\.db/;
    await expect(store.appendAudit([auditOf(alice)])).rejects.toThrow(why);
    await expectLost(why);
  });

  test('removed while nothing is written: noticed all the same, and readiness is over at once', async () => {
    rmSync(database.file);
    await expect(store.ping()).rejects.toThrow(/was removed while it was in use/);
    await expectLost(/was removed/);
  });

  test('renamed with its whole folder: noticed when nobody asks', async () => {
    const away = `${dirname(database.file)}-away`;
    renameSync(dirname(database.file), away);
    try {
      expect((await store.whenLost).message).toMatch(/was removed while it was in use$/);
    } finally {
      renameSync(away, dirname(database.file));
    }
  });

  test('reached by a link that leads elsewhere now', async () => {
    await store.close();
    const link = join(dirname(database.file), 'linked.db');
    symlinkSync(database.file, link);
    ({ store } = await openStore(sqlite(link)));
    copyFileSync(database.file, `${database.file}.other`);
    unlinkSync(link);
    symlinkSync(`${database.file}.other`, link);
    await expect(store.ping()).rejects.toThrow(/^another file was put in place of .*linked\.db$/);
  });
});

test.each(migrationNames.slice(0, -1))(
  'what a start brings from the tables of %s to its own is ours, also when its log is emptied into the file',
  async (last) => {
    await store.close();
    const older = `${database.file}.older`;
    await writeTablesUntil(last, database.file, older);
    const { store: brought } = await openStore(sqlite(older));
    onTestFinished(() => brought.close());
    expect(await brought.emptyLog()).toBe(true);
    await brought.transaction((tx) => tx.appendChange(changeOf(alice)));
    await brought.ping();
  },
);

describe('a database that is written over where it lies', () => {
  const change = () => store.transaction((tx) => tx.appendChange(changeOf(alice)));

  /** An older copy of it, and nothing in its log. */
  async function aged(): Promise<Buffer> {
    await store.emptyLog();
    const older = readFileSync(database.file);
    await insertTokens(store, tokenOf(alice, '1', { createdAt: T0 }));
    await store.appendAudit([auditOf(alice)]);
    expect(await store.emptyLog()).toBe(true);
    expect(statSync(`${database.file}-wal`).size).toBe(0);
    return older;
  }

  const over = /countersign\.db was written over while it was in use: its next_audit_id went back from 1 to 0$/;

  test('after a database was written over by an older copy, as `cp` does, the next change is not acknowledged, nor any after it', async () => {
    writeFileSync(database.file, await aged());
    await expect(change()).rejects.toThrow(over);
    await expectLost(over);
  });

  test('a database that is written over by an older copy while the log holds later changes is lost', async () => {
    const older = await aged();
    await change();
    writeFileSync(database.file, older);
    await expect(change()).rejects.toThrow(over);
  });

  test('a database that is written over by an older copy with the times that the file had is noticed when nobody asks', async () => {
    const older = await aged();
    const { atime, mtime } = statSync(database.file);
    writeFileSync(database.file, older);
    utimesSync(database.file, atime, mtime);
    await expectLost(over);
  });

  test('the log is not emptied into a database that was written over', async () => {
    const older = await aged();
    await change();
    writeFileSync(database.file, older);
    await expect(store.emptyLog()).rejects.toThrow(over);
    expect(readFileSync(database.file).equals(older)).toBe(true);
  });

  test.each([
    ['nothing', Buffer.alloc(0), /its tables are gone$/],
    ['something else', Buffer.alloc(8192, 'x'), /file is not a database$/],
  ])('by %s', async (_what, content, why) => {
    await aged();
    writeFileSync(database.file, content);
    await expect(change()).rejects.toThrow(why);
  });

  test('a database that is written over by a rearranged copy is lost, though it holds the same', async () => {
    await aged();
    database.sql(`vacuum into '${database.file}.copy'`);
    writeFileSync(database.file, readFileSync(`${database.file}.copy`));
    await expect(change()).rejects.toThrow(/its schema is another one$/);
  });

  test('a database is not lost when it is touched or copied, when somebody else brings its log to the file, or when its clock is set back', async () => {
    await aged();
    utimesSync(database.file, 1, 1);
    await change();
    chmodSync(database.file, 0o600);
    await change();
    await store.snapshot(`${database.file}.copy`);
    await change();
    database.sql('pragma wal_checkpoint(passive)');
    await change();
    await change();
    expect(database.sql('pragma wal_checkpoint(truncate)')).toMatchObject([{ busy: 0n }]);
    await change();
    // More than SQLite keeps in the log before a commit empties it.
    const { mtimeNs } = statSync(database.file, { bigint: true });
    await store.transaction(async (tx) => {
      for (let n = 0; n < 3000; n += 1) await tx.appendAudit(auditOf(alice));
    });
    await change();
    await store.setTime();
    await change();
    await store.emptyLog();
    await change();
    await store.ping();
    expect(statSync(database.file, { bigint: true }).mtimeNs).not.toBe(mtimeNs);
    await store.close();
    ({ store } = await database.open());
    expect(await store.position()).toBe(10n);
  });
});

describe.skipIf(process.platform === 'win32')('no second owner', () => {
  test('a second owner is refused by a symbolic link to the database, from the same folder or another', async () => {
    const other = join(dirname(database.file), 'other');
    mkdirSync(other);
    for (const link of [join(dirname(database.file), 'linked.db'), join(other, 'countersign.db')]) {
      symlinkSync(database.file, link);
      await expect(openStore(sqlite(link))).rejects.toThrow(StoreLocked);
    }
    await store.ping();
  });

  test('a hard link to the database is refused, also when nobody has it open: the log belongs to one name', async () => {
    const link = join(dirname(database.file), 'linked.db');
    linkSync(database.file, link);
    const names = /linked\.db has 2 names \(hard links\), and its log belongs to one of them/;
    await expect(openStore(sqlite(link))).rejects.toThrow(names);
    await store.close();
    await expect(openStore(sqlite(link))).rejects.toThrow(names);
    rmSync(link);
    ({ store } = await database.open());
    expect(await store.account(alice)).toEqual(starkAccount(alice));
  });

  test('a second owner is refused after the lock file was removed: it is put back, and what was open goes on', async () => {
    rmSync(`${database.file}.lock`);
    await expect(database.open()).rejects.toThrow(StoreFailure);
    await insertTokens(store, tokenOf(alice, '1', { createdAt: T0 }));
    expect(await store.token(alice, 'lookup-1')).toBeDefined();
  });
});
