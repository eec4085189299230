// Copies of the embedded database, and the look at one: whole, consistent under a writer, for the owner alone, and never taken
// for what they are not.
import { copyFileSync, existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { unixNanos } from '../../src/domain/time.ts';
import { StoreFailure } from '../../src/errors.ts';
import { examineDatabase } from '../../src/store/sqlite/examine.ts';
import type { Store } from '../../src/store/store.ts';
import { type SqliteTestDatabase, sqliteDatabase } from '../support/store/databases.ts';
import { writeFirstTables } from '../support/store/first-tables.ts';
import {
  alice,
  at,
  auditOf,
  changeOf,
  insertAccounts,
  insertSubkey,
  insertTokens,
  keyTwo,
  subkeyOf,
  tokenOf,
} from '../support/store/rows.ts';

let database: SqliteTestDatabase;
let store: Store;
let copy: string;

beforeEach(async () => {
  database = sqliteDatabase();
  ({ store } = await database.open({ wall: () => at(100n), monotonic: () => 0 }));
  copy = `${database.file}.copy`;
});
afterEach(async () => {
  await store.close();
  database.remove();
});

/** Makes one table unreadable, and leaves the others. */
function damage(file: string, table: string): void {
  const connection = new DatabaseSync(file, { readOnly: true });
  const row = connection.prepare('select rootpage from sqlite_schema where name = ?').get(table);
  connection.close();
  const bytes = readFileSync(file);
  const page = Number(row?.rootpage) - 1;
  writeFileSync(file, bytes.fill(0xff, page * 4096, (page + 1) * 4096));
}

const filesBeside = (): string[] => readdirSync(dirname(database.file)).sort();
const modeOf = (file: string): string => (statSync(file).mode & 0o777).toString(8);

/** One token, its audit row and its change, as every change is written. */
const change = (number: number) =>
  store.transaction(async (tx) => {
    await tx.insertToken(tokenOf(alice, String(number)));
    await tx.appendAudit(auditOf(alice));
    await tx.appendChange(changeOf(alice));
  });

describe('a snapshot', () => {
  test('a snapshot is one state of the database while a writer goes on, and has all that was committed before it began', async () => {
    await insertAccounts(store, alice);
    for (let number = 0; number < 200; number += 1) await change(number);
    let writing = true;
    let written = 200;
    const writer = (async () => {
      while (writing) {
        await change(written);
        written += 1;
        await nextTurn();
      }
    })();
    await store.snapshot(copy);
    writing = false;
    await writer;

    const counts = new DatabaseSync(copy, { readOnly: true });
    const row = counts
      .prepare(
        'select (select count(*) from token) as t, (select count(*) from audit) as a, (select count(*) from change_log) as c',
      )
      .get();
    counts.close();
    expect(row?.t).toBeGreaterThanOrEqual(200);
    expect({ ...row }).toEqual({ t: row?.t, a: row?.t, c: row?.t });
    expect(written).toBeGreaterThan(200);
  });

  test('a snapshot is one file, for its owner alone', async () => {
    await insertAccounts(store, alice);
    const before = filesBeside();
    await store.snapshot(copy);
    expect(filesBeside()).toEqual([...before, 'countersign.db.copy'].sort());
    expect(modeOf(copy)).toBe('600');
  });

  test('never replaces a file, and one that fails leaves nothing', async () => {
    writeFileSync(copy, 'mine');
    await expect(store.snapshot(copy)).rejects.toThrow(StoreFailure);
    expect(statSync(copy).size).toBe(4);
    await expect(store.snapshot(`${database.file}/no/copy`)).rejects.toThrow(StoreFailure);
    await store.close();
    const broken = `${database.file}.broken`;
    truncateSync(database.file, 2 * 4096);
    await expect(store.snapshot(broken)).rejects.toThrow(StoreFailure);
    expect(existsSync(broken)).toBe(false);
  });

  test('a snapshot is waited for by whoever closes the store', async () => {
    await insertAccounts(store, alice);
    let taken = false;
    const taking = store.snapshot(copy).then(() => {
      taken = true;
    });
    await store.close();
    expect(taken).toBe(true);
    await taking;
    expect(await examineDatabase(copy)).toMatchObject({ kind: 'usable', facts: { accounts: 1n } });
  });
});

test('the files of a database are for its owner alone, whatever the umask', async () => {
  await insertAccounts(store, alice);
  for (const end of ['', '-wal', '-shm', '.lock']) expect(modeOf(`${database.file}${end}`), end).toBe('600');
});

describe('a look at a database', () => {
  test('a look at a database says what it holds, while its owner has it and after, and leaves nothing beside it', async () => {
    await insertAccounts(store, alice);
    await insertSubkey(store, subkeyOf(alice));
    await insertSubkey(store, subkeyOf(alice, { publicKey: keyTwo, expiresAt: at(50n) }));
    await insertTokens(
      store,
      tokenOf(alice, '1'),
      tokenOf(alice, '2', { revokedAt: at(9n) }),
      tokenOf(alice, '3', { expiryAt: at(50n) }),
    );
    await store.transaction((tx) => tx.appendChange(changeOf(alice)));
    const usable = {
      kind: 'usable',
      facts: {
        epoch: store.epoch,
        position: 1n,
        highestTime: unixNanos(at(100n)),
        accounts: 1n,
        subkeys: 1n,
        tokens: 1n,
        signingKeys: [],
        older: false,
      },
    };
    expect(await examineDatabase(database.file)).toMatchObject(usable);
    await store.close();
    const before = filesBeside();
    expect(await examineDatabase(database.file)).toMatchObject(usable);
    expect(filesBeside()).toEqual(before);
  });

  test('a look at a database sees what a killed owner left in its log', async () => {
    await insertAccounts(store, alice);
    const left = `${database.file}.left`;
    for (const end of ['', '-wal']) copyFileSync(`${database.file}${end}`, `${left}${end}`);
    expect(await examineDatabase(left)).toMatchObject({ kind: 'usable', facts: { accounts: 1n } });
  });

  test('a look at a database finds damage in what it does not read for itself', async () => {
    await insertAccounts(store, alice);
    await store.snapshot(copy);
    damage(copy, 'siwe_nonce');
    expect(await examineDatabase(copy)).toMatchObject({ kind: 'damaged', problem: expect.stringMatching(/./) });
  });

  test('a look at a database finds damage, strangers and newer releases', async () => {
    await insertAccounts(store, alice);
    await insertTokens(store, tokenOf(alice, '1'));
    await store.snapshot(copy);
    truncateSync(copy, statSync(copy).size - 4096);
    expect(await examineDatabase(copy)).toMatchObject({ kind: 'damaged', problem: expect.stringMatching(/./) });
    writeFileSync(copy, 'this is a letter to my grandmother, not a database\n'.repeat(400));
    expect((await examineDatabase(copy)).kind).toBe('damaged');
    writeFileSync(copy, '');
    expect(await examineDatabase(copy)).toEqual({ kind: 'unfinished' });
    writeFileSync(copy, '');
    const other = new DatabaseSync(copy);
    other.exec('create table letters (text text)');
    other.close();
    expect(await examineDatabase(copy)).toEqual({ kind: 'not_ours' });
    database.sql("insert into kysely_migration (name, timestamp) values ('9999-tomorrow', 'x')");
    expect(await examineDatabase(database.file)).toEqual({ kind: 'newer', schema: '9999-tomorrow' });
  });

  test('a look at a database reads one that waits for its migrations, and says so', async () => {
    await insertAccounts(store, alice);
    await store.snapshot(copy);
    const first = `${database.file}.first`;
    await writeFirstTables(copy, first);
    const look = await examineDatabase(first);
    expect(look).toMatchObject({ kind: 'usable', facts: { accounts: 1n, schema: '0001-initial', older: true } });
  });
});
