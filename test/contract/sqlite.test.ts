// What is true of the embedded database alone: one file, one owner, and honest failures when the file cannot be used.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MAIN_CREDENTIAL_ID } from '../../src/domain/credential.ts';
import { feltOf } from '../../src/domain/felt.ts';
import { StoreFailure, StoreLocked, UnsafeFile } from '../../src/errors.ts';
import { isDatabaseLocked, lockDatabase } from '../../src/store/sqlite/lock.ts';
import type { Store } from '../../src/store/store.ts';
import { endEverythingStarted, PROJECT, start } from '../support/start-project.ts';
import { type SqliteTestDatabase, sqliteDatabase } from '../support/store/databases.ts';
import {
  alice,
  at,
  auditOf,
  changeOf,
  insertAccounts,
  insertSubkey,
  insertTokens,
  keyOne,
  starkAccount,
  subkeyOf,
  tokenOf,
} from '../support/store/rows.ts';

let database: SqliteTestDatabase;
let opened: Store[];

beforeEach(() => {
  database = sqliteDatabase();
  opened = [];
});
afterEach(async () => {
  endEverythingStarted();
  for (const store of opened) await store.close();
  database.remove();
});

async function open(): Promise<Store> {
  const { store } = await database.open();
  opened.push(store);
  return store;
}

const storeProcess = (what: string) =>
  start(process.execPath, [join(import.meta.dirname, '../support/store/store-process.ts'), database.file, what], {
    cwd: PROJECT,
  });

describe('one owner', () => {
  test('a second opener in the same process is refused, and the first works on', async () => {
    const first = await open();
    await expect(database.open()).rejects.toThrow(StoreLocked);
    await expect(database.open()).rejects.toThrow(StoreLocked);
    await insertAccounts(first, alice);
    expect(await first.account(alice)).toEqual(starkAccount(alice));
  });

  test('closing lets the next one in, also when it is done twice', async () => {
    const first = await open();
    await insertAccounts(first, alice);
    await first.close();
    await first.close();
    const second = await open();
    expect(await second.account(alice)).toEqual(starkAccount(alice));
  });

  test('another process is refused while we hold the database, and says why', async () => {
    await open();
    const other = storeProcess('hold');
    expect((await other.ended).code).toBe(1);
    expect(other.stderr()).toContain('StoreLocked: another process holds this database');
  });

  test('a process that holds it shuts us out until it is killed with kill -9', async () => {
    const holder = storeProcess('hold');
    await holder.printed(/holding/);
    await expect(database.open()).rejects.toThrow(StoreLocked);
    holder.signal('SIGKILL');
    expect((await holder.ended).signal).toBe('SIGKILL');
    await (await open()).ping();
  });
});

describe('kill -9', () => {
  const written = async () => {
    const store = await open();
    return {
      account: (await store.account(alice)) !== undefined,
      audit: database.sql('select 1 from audit').length,
      changes: database.sql('select 1 from change_log').length,
      position: (await store.facts({ account: alice, kind: 'main', id: MAIN_CREDENTIAL_ID, kid: '' })).position,
    };
  };

  test('kill -9 in the middle of a transaction leaves nothing of it', async () => {
    expect((await storeProcess('die-inside').ended).signal).toBe('SIGKILL');
    expect(await written()).toEqual({ account: false, audit: 0, changes: 0, position: 0n });
  });

  test('right after a transaction loses nothing of it', async () => {
    expect((await storeProcess('die-after').ended).signal).toBe('SIGKILL');
    expect(await written()).toEqual({ account: true, audit: 1, changes: 1, position: 1n });
  });
});

describe('a file that cannot be used', () => {
  test('every call on a closed store fails, reads and writes', async () => {
    const store = await open();
    await insertAccounts(store, alice);
    await store.close();
    await expect(store.account(alice)).rejects.toThrow(StoreFailure);
    await expect(store.facts({ account: alice, kind: 'main', id: 'main', kid: '' })).rejects.toThrow(StoreFailure);
    await expect(store.transaction((tx) => tx.appendChange(changeOf(alice)))).rejects.toThrow(StoreFailure);
    await expect(store.appendAudit([auditOf(alice)])).rejects.toThrow(StoreFailure);
    await expect(store.ping()).rejects.toThrow(StoreFailure);
  });

  test('while another program writes to it, writes fail and reads go on; afterwards all is well', async () => {
    const store = await open();
    await insertAccounts(store, alice);
    const program = new DatabaseSync(database.file);
    program.exec('begin immediate');
    try {
      await expect(store.transaction((tx) => tx.appendChange(changeOf(alice)))).rejects.toThrow(StoreFailure);
      expect(await store.account(alice)).toEqual(starkAccount(alice));
    } finally {
      program.exec('rollback');
      program.close();
    }
    expect((await store.transaction((tx) => tx.appendChange(changeOf(alice)))).position).toBe(1n);
  });

  test.skipIf(process.platform === 'win32')(
    'a full disk fails a transaction whole, reads go on, and nothing acknowledged is lost',
    async () => {
      const limited = `ulimit -f 1600; exec "$0" "$@"`;
      const args = [
        process.execPath,
        join(import.meta.dirname, '../support/store/store-process.ts'),
        database.file,
        'fill',
      ];
      const filler = start('/bin/sh', ['-c', limited, ...args], { cwd: PROJECT });
      const [, count = ''] = await filler.printed(/acknowledged (\d+)/);
      expect((await filler.ended).code).toBe(0);
      expect(filler.stdout()).toMatch(/^(disk I\/O error|database or disk is full)\n/);
      expect(Number(count)).toBeGreaterThan(5);
      const store = await open();
      const rowsOf = (table: string) => database.sql(`select count(*) as n from ${table}`)[0]?.n;
      expect([rowsOf('token'), rowsOf('audit'), rowsOf('change_log')]).toEqual(Array(3).fill(BigInt(count)));
      expect((await store.transaction((tx) => tx.appendChange(changeOf(alice)))).position).toBe(BigInt(count) + 1n);
    },
  );

  test('a file that is no database is refused, left as it is, and not held', async () => {
    const garbage = Buffer.from('this is a letter to my grandmother, not a database\n'.repeat(400));
    writeFileSync(database.file, garbage);
    await expect(database.open()).rejects.toThrow(StoreFailure);
    expect(readFileSync(database.file).equals(garbage)).toBe(true);
    await expect(database.open()).rejects.toThrow(StoreFailure);
  });

  test('a database that lost its end is refused', async () => {
    const store = await open();
    await insertAccounts(store, alice);
    await store.close();
    const whole = `${database.file}.whole`;
    copyFileSync(database.file, whole);
    truncateSync(database.file, 3 * 4096);
    await expect(database.open()).rejects.toThrow(StoreFailure);
    copyFileSync(whole, database.file);
    expect(await (await open()).account(alice)).toEqual(starkAccount(alice));
  });

  test('a damaged table fails whatever reads it, and never reads as empty', async () => {
    const store = await open();
    await insertAccounts(store, alice);
    await insertTokens(store, tokenOf(alice, '1'));
    await store.close();
    const [row] = database.sql("select rootpage from sqlite_schema where name = 'token'");
    overwrite(database.file, (Number(row?.rootpage) - 1) * 4096, Buffer.alloc(4096, 0xff));
    const again = await open();
    const asked = { account: alice, kind: 'token', id: 'tok_1', kid: '' } as const;
    await expect(again.facts(asked)).rejects.toThrow(StoreFailure);
    await expect(again.token(alice, 'lookup-1')).rejects.toThrow(StoreFailure);
    const live = { withInvalid: false, kind: undefined, now: tokenOf(alice, '1').createdAt };
    await expect(again.tokens(alice, live, { limit: 10, cursor: undefined })).rejects.toThrow(StoreFailure);
    await expect(again.countLive(alice, live.now)).rejects.toThrow(StoreFailure);
    expect(await again.account(alice)).toEqual(starkAccount(alice));
  });

  test('a folder that is missing, or a folder in place of the file, is refused', async () => {
    mkdirSync(database.file);
    await expect(database.open()).rejects.toThrow(StoreFailure);
    database.remove();
    await expect(database.open()).rejects.toThrow(StoreFailure);
    mkdirSync(dirname(database.file));
    await (await open()).ping();
  });
});

describe('a link in the place of a file that we make', () => {
  let elsewhere: string;
  beforeEach(() => {
    elsewhere = mkdtempSync(join(tmpdir(), 'countersign-elsewhere-'));
  });
  afterEach(() => rmSync(elsewhere, { recursive: true, force: true }));

  test('where the lock file is a link, nothing is made or locked where it leads, by whoever asks', async () => {
    const target = join(elsewhere, 'target');
    const lock = `${database.file}.lock`;
    symlinkSync(target, lock);
    for (const there of [false, true]) {
      if (there) writeFileSync(target, '');
      const sentence = new UnsafeFile(lock, 'is a link, which is not followed; remove it');
      await expect(database.open()).rejects.toThrow(sentence);
      expect(() => lockDatabase(database.file)).toThrow(sentence);
      expect(() => isDatabaseLocked(database.file)).toThrow(sentence);
      expect(readdirSync(elsewhere)).toEqual(there ? ['target'] : []);
    }
    expect(readFileSync(target, 'utf8')).toBe('');
    rmSync(lock);
    await (await open()).ping();
  });

  test('where the database is a link that leads nowhere, nothing is made there', async () => {
    symlinkSync(join(elsewhere, 'target'), database.file);
    await expect(database.open()).rejects.toThrow(UnsafeFile);
    expect(readdirSync(elsewhere)).toEqual([]);
  });

  test.each(['-wal', '-shm', '-journal'])(
    'where the %s of the database is a link, nothing is made where it leads',
    async (end) => {
      await (await open()).close();
      symlinkSync(join(elsewhere, 'target'), `${database.file}${end}`);
      await database.open().then(
        ({ store }) => store.close(),
        (error: unknown) => expect(error).toBeInstanceOf(StoreFailure),
      );
      expect(readdirSync(elsewhere)).toEqual([]);
    },
  );
});

test('the ciphertext of a subkey leaves the file with its activation, its revocation and its time, also from pages that are free', async () => {
  const store = await open();
  await insertAccounts(store, alice);
  // As long as it may be: such a row does not fit in one page.
  const waiting = ['activated', 'revoked', 'too late'].map((end, n) => ({
    end,
    ciphertext: randomBytes(3072).toString('base64url'),
    key: feltOf(BigInt(n + 1)),
  }));
  const ids = new Map<string, bigint>();
  for (const { end, ciphertext, key } of waiting) {
    const pending = { encryptedKey: ciphertext, ephPublicKey: key, until: at(100n) };
    ids.set(end, (await insertSubkey(store, subkeyOf(alice, { publicKey: key, state: 'pending', pending }))).id);
  }
  const idOf = (end: string): bigint => ids.get(end) ?? -1n;
  await store.transaction((tx) => tx.activateSubkey(alice, idOf('activated'), 'bot', at(5n), '192.0.2.1'));
  await store.transaction((tx) => tx.revokeSubkey(alice, idOf('revoked'), at(5n)));
  await store.purgeExpired(at(101n));
  expect(database.sql('select state from subkey order by id')).toEqual([{ state: 'active' }, { state: 'revoked' }]);
  // Closed, so that the database has taken over the write-ahead log.
  await store.close();
  const bytes = readFileSync(database.file, 'latin1');
  const left = waiting.filter(({ ciphertext }) => ciphertext.match(/.{32}/g)?.some((piece) => bytes.includes(piece)));
  expect(left.map(({ end }) => end)).toEqual([]);
});

test('the ciphertext of a subkey leaves the write-ahead log, too, and a reader is neither waited for nor disturbed', async () => {
  const store = await open();
  await insertAccounts(store, alice);
  const ciphertext = randomBytes(3072).toString('base64url');
  const pending = { encryptedKey: ciphertext, ephPublicKey: feltOf(1n), until: at(100n) };
  const { id } = await insertSubkey(store, subkeyOf(alice, { state: 'pending', pending }));
  await store.transaction((tx) => tx.activateSubkey(alice, id, 'bot', at(5n), '192.0.2.1'));
  const log = `${database.file}-wal`;
  // Copied by another process: to close a file of the database here would take our locks on it away.
  const copyOf = (file: string): string => {
    const copy = `${file}.look`;
    expect(spawnSync('cp', [file, copy]).status).toBe(0);
    return readFileSync(copy, 'latin1');
  };
  const standsIn = (file: string): boolean => {
    const bytes = copyOf(file);
    return ciphertext.match(/.{32}/g)?.some((piece) => bytes.includes(piece)) === true;
  };
  expect(standsIn(log)).toBe(true);

  const reader = new DatabaseSync(database.file, { readOnly: true });
  reader.exec('begin');
  reader.prepare('select count(*) from account').get();
  await store.transaction((tx) => tx.appendChange(changeOf(alice)));
  expect(await store.emptyLog()).toBe(false);
  // Changes go on beside it.
  expect((await store.transaction((tx) => tx.appendChange(changeOf(alice)))).position).toBe(2n);
  expect(reader.prepare('select count(*) as n from change_log').get()).toEqual({ n: 0 });
  reader.exec('rollback');
  reader.close();

  expect(await store.emptyLog()).toBe(true);
  expect(statSync(log).size).toBe(0);
  expect(standsIn(database.file)).toBe(false);
  expect((await store.transaction((tx) => tx.appendChange(changeOf(alice)))).position).toBe(3n);
  expect((await store.subkey(alice, keyOne))?.state).toBe('active');
});

function overwrite(file: string, position: number, bytes: Buffer): void {
  const descriptor = openSync(file, 'r+');
  try {
    writeSync(descriptor, bytes, 0, bytes.length, position);
  } finally {
    closeSync(descriptor);
  }
}
