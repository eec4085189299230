// The database is the one that was opened, and only ours: what another writer, or another file in its place, does to a store that is
// open. Before anything is acknowledged it is noticed, and within a second when nobody asks.
import { copyFileSync, linkSync, mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { StoreFailure, StoreLocked, StoreLost } from '../../src/errors.ts';
import { openStore } from '../../src/store/open.ts';
import type { Store } from '../../src/store/store.ts';
import { type SqliteTestDatabase, sqliteDatabase } from './databases.ts';
import { alice, auditOf, bob, changeOf, insertAccounts, insertTokens, starkAccount, T0, tokenOf } from './rows.ts';

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
  database.sql("insert into change_log values (2, 1, '0x1', 'token.revoked', '[]', 1)");
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
  test('is noticed by the next change, of which nothing is written', async () => {
    foreignChange();
    await expect(store.transaction((tx) => tx.insertAccount(starkAccount(bob), ''))).rejects.toThrow(moved);
    await expectLost(moved);
    expect(database.sql('select account_id from account')).toEqual([{ account_id: alice }]);
  });

  test('is noticed by the next read of facts, which are not used', async () => {
    foreignChange();
    await expect(store.facts({ account: alice, kind: 'main', id: 'main', kid: '' })).rejects.toThrow(moved);
    await expectLost(moved);
  });

  test('is noticed when nobody asks', async () => {
    foreignChange();
    await expectLost(moved);
  });

  test('that takes changes back is noticed, too', async () => {
    database.sql("update meta set value = 0 where name = 'log_head'");
    await expect(store.transaction((tx) => tx.appendChange(changeOf(alice)))).rejects.toThrow(/stands at 0 and should/);
  });

  test('is not who changes a row by hand, nor are our own changes, however they are taken back and interleave', async () => {
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
    ({ store } = await openStore(link));
    copyFileSync(database.file, `${database.file}.other`);
    unlinkSync(link);
    symlinkSync(`${database.file}.other`, link);
    await expect(store.ping()).rejects.toThrow(/^another file was put in place of .*linked\.db$/);
  });
});

describe.skipIf(process.platform === 'win32')('no second owner', () => {
  test('by a symbolic link to the database, from the same folder or another', async () => {
    const other = join(dirname(database.file), 'other');
    mkdirSync(other);
    for (const link of [join(dirname(database.file), 'linked.db'), join(other, 'countersign.db')]) {
      symlinkSync(database.file, link);
      await expect(openStore(link)).rejects.toThrow(StoreLocked);
    }
    await store.ping();
  });

  test('by a hard link, also when nobody has it open: the log belongs to one name', async () => {
    const link = join(dirname(database.file), 'linked.db');
    linkSync(database.file, link);
    const names = /linked\.db has 2 names \(hard links\), and its log belongs to one of them/;
    await expect(openStore(link)).rejects.toThrow(names);
    await store.close();
    await expect(openStore(link)).rejects.toThrow(names);
    rmSync(link);
    ({ store } = await database.open());
    expect(await store.account(alice)).toEqual(starkAccount(alice));
  });

  test('after the lock file was removed: it is put back, and what was open goes on', async () => {
    rmSync(`${database.file}.lock`);
    await expect(database.open()).rejects.toThrow(StoreFailure);
    await insertTokens(store, tokenOf(alice, '1', { createdAt: T0 }));
    expect(await store.token(alice, 'lookup-1')).toBeDefined();
  });
});
