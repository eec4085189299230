// What a restore refuses, each with its own sentence, and that a refusal leaves nothing behind but what was there; and what it
// accepts all the same: a backup of an older release, a folder with settings, a clock that stands behind.
import { execFileSync } from 'node:child_process';
import { createHash, createSecretKey } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { TRAILER_BYTES, trailerOf } from '../../src/backup/trailer.ts';
import { type Restored, restoreBackup } from '../../src/compose/restore.ts';
import { addSeconds } from '../../src/domain/time.ts';
import { BackupFailure } from '../../src/errors.ts';
import { MasterKeyUnusable } from '../../src/jwt/master-key.ts';
import { MasterKeyMismatch } from '../../src/jwt/seal.ts';
import { lockDatabase } from '../../src/store/sqlite/lock.ts';
import { folderWithKeyOf, settingsFor, takeBackup } from '../support/backups.ts';
import { startService } from '../support/harness.ts';
import { writeFirstTables } from '../support/store/first-tables.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { createToken } from '../support/trader.ts';
import { newOwner, startWorld, type World } from '../support/world.ts';

let world: World;
let backup: string;
let folder: string;
beforeAll(async () => {
  world = await startWorld();
  await createToken(world.url, (await newOwner(world)).session);
  backup = await takeBackup(world);
});
afterAll(() => world.stop());
beforeEach(() => {
  folder = folderWithKeyOf(world.service);
});

const data = (): string => join(folder, 'data');
const restore = (file = backup, time = world.clock.time): Promise<Restored> =>
  restoreBackup(settingsFor(folder), file, { keepCredentials: false }, time);

/** An image with the trailer that a server with this master key would write. */
function sealed(image: Buffer): Buffer {
  const text = readFileSync(join(folder, 'master.key'), 'latin1').trim();
  const masterKey = createSecretKey(Buffer.from(text, 'hex'));
  return Buffer.concat([image, trailerOf(masterKey, createHash('sha256').update(image).digest())]);
}

/** The image with the checksum that is its own, and the seal of the backup. */
function resealed(image: Buffer): Buffer {
  const trailer = readFileSync(backup).subarray(-TRAILER_BYTES).toString('latin1');
  const digest = createHash('sha256').update(image).digest('hex');
  return Buffer.concat([image, Buffer.from(trailer.replace(/ 1 [0-9a-f]{64} /, ` 1 ${digest} `))]);
}

/** The backup with its database changed. */
function altered(statement: string, finish = sealed): string {
  const file = join(temporaryFolder(), 'altered.backup');
  writeFileSync(file, imageOf(backup));
  const database = new DatabaseSync(file);
  database.exec(statement);
  database.close();
  writeFileSync(file, finish(readFileSync(file)));
  return file;
}

const imageOf = (file: string): Buffer => readFileSync(file).subarray(0, -TRAILER_BYTES);

const leftOver = (): string[] =>
  (existsSync(data()) ? readdirSync(data()) : []).filter((name) => !name.includes('.lock'));

describe('a file that is refused', () => {
  const cases: readonly (readonly [string, () => string, RegExp])[] = [
    ['that is not there', () => join(folder, 'none'), /none cannot be read \(ENOENT\)/],
    ['that is a folder', () => folder, /is no backup|cannot be read/],
    ['that lost its end', () => cut(-1), /is no backup made by countersign backup, or its end is missing/],
    ['that is a database', () => join(world.service.folder, 'data', 'countersign.db'), /is no backup/],
    ['with one byte changed', flipped, /is damaged: its content does not match its checksum/],
    ['of a newer release', () => altered(NEWER), /newer release of Countersign \(9999-tomorrow\)/],
    ['whose database is not ours', () => altered('drop table token'), /is not one of Countersign/],
    ['with a row that no release has written', () => altered(DAMAGED), /is damaged: account\.account_id/],
    ['that somebody without the master key changed', () => altered(THEIRS, resealed), /was altered after it was made/],
  ];
  const NEWER = "insert into kysely_migration (name, timestamp) values ('9999-tomorrow', 'x')";
  const DAMAGED = "pragma foreign_keys = off; update account set account_id = 'nobody'";
  const THEIRS = "update account set main_public_key = '0x1'";

  function cut(bytes: number): string {
    const file = join(temporaryFolder(), 'cut.backup');
    writeFileSync(file, readFileSync(backup).subarray(0, bytes));
    return file;
  }

  function flipped(): string {
    const file = join(temporaryFolder(), 'flipped.backup');
    const bytes = readFileSync(backup);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    return file;
  }

  test.each(cases)('a backup file is refused: %s', async (_name, file, sentence) => {
    const refused = restore(file());
    await expect(refused).rejects.toThrow(sentence);
    await expect(refused).rejects.toThrow(BackupFailure);
    expect(leftOver()).toEqual([]);
    // The same folder will do for the right one.
    expect((await restore()).backup.accounts).toBe(1n);
  });

  test('a backup whose pages are broken is refused, however it was sealed', async () => {
    const file = altered('select 1');
    const image = Buffer.from(imageOf(file)).fill(0xff, 4096 * 2, 4096 * 5);
    writeFileSync(file, sealed(image));
    await expect(restore(file)).rejects.toThrow(/the database in .* is damaged: /);
    expect(leftOver()).toEqual([]);
  });
});

test.skipIf(process.platform === 'win32')('a named pipe as backup is refused, and not waited for', async () => {
  const pipe = join(temporaryFolder(), 'pipe');
  execFileSync('mkfifo', [pipe]);
  await expect(restore(pipe)).rejects.toThrow(/is no backup made by countersign backup/);
});

describe('a master key that is refused', () => {
  const key = (): string => join(folder, 'master.key');

  test('none: it is not made', async () => {
    rmSync(key());
    await expect(restore()).rejects.toThrow(MasterKeyUnusable);
    expect([existsSync(key()), existsSync(data())]).toEqual([false, false]);
  });

  test('a restore refuses another master key than the backup was made with', async () => {
    writeFileSync(key(), `${'ab'.repeat(32)}\n`);
    await expect(restore()).rejects.toThrow(MasterKeyMismatch);
    expect(leftOver()).toEqual([]);
  });

  test('a restore refuses a master key that does not open a signing key in the backup', async () => {
    const file = altered("update signing_key set sealed_private_key = 'AAAA' where use = 'token'");
    await expect(restore(file)).rejects.toThrow(/does not open the stored signing key for token JWTs/);
    expect(leftOver()).toEqual([]);
  });

  test('a restore refuses a master key that others may read', async () => {
    chmodSync(key(), 0o644);
    await expect(restore()).rejects.toThrow(/chmod 600/);
    expect(leftOver()).toEqual([]);
  });
});

describe('a folder', () => {
  test('a folder to restore to that holds anything is refused, and stays as it is', async () => {
    mkdirSync(data());
    writeFileSync(join(data(), 'letter'), 'to my grandmother');
    await expect(restore()).rejects.toThrow(/is not empty: it holds letter/);
    expect(readdirSync(data())).toEqual(['letter']);
  });

  test('a folder to restore to that was restored to already is refused', async () => {
    const { epoch } = await restore();
    await expect(restore()).rejects.toThrow(/is not empty: it holds countersign\.db/);
    const service = await startService({ folder, time: world.clock.time });
    onTestFinished(() => service.stop());
    const database = new DatabaseSync(join(data(), 'countersign.db'), { readOnly: true });
    onTestFinished(() => database.close());
    expect(database.prepare("select text from meta where name = 'epoch'").get()).toEqual({ text: epoch });
  });

  test('accepts what a restore that was killed left there, and takes its place', async () => {
    mkdirSync(data(), { mode: 0o700 });
    for (const end of ['', '-wal', '-shm', '-journal', '.lock', '.lock-journal']) {
      writeFileSync(join(data(), `countersign.db.restoring${end}`), 'half of it');
    }
    await restore();
    expect(leftOver()).toEqual(['countersign.db']);
    expect(readdirSync(data()).filter((name) => name.includes('restoring'))).toEqual([]);
  });

  test('a folder to restore to that a server holds is refused', async () => {
    mkdirSync(data());
    const lock = lockDatabase(join(data(), 'countersign.db'));
    try {
      await expect(restore()).rejects.toThrow(/a server is running on .*\/data; restore into a new folder/);
      expect(leftOver()).toEqual([]);
    } finally {
      lock.release();
    }
    await restore();
  });

  test('a folder to restore to with a link as lock is refused, also one that leads nowhere: nothing is made or locked there', async () => {
    const elsewhere = temporaryFolder();
    mkdirSync(data(), { mode: 0o700 });
    symlinkSync(join(elsewhere, 'target'), join(data(), 'countersign.db.lock'));
    await expect(restore()).rejects.toThrow(/countersign\.db\.lock is a link, which is not followed; remove it$/);
    expect([readdirSync(elsewhere), leftOver()]).toEqual([[], []]);
  });

  test('a folder to restore to that cannot be made is refused in one sentence', async () => {
    writeFileSync(data(), '');
    await expect(restore()).rejects.toThrow(BackupFailure);
  });

  test('a folder to restore to with nothing but settings is empty, and keeps them', async () => {
    mkdirSync(data());
    writeFileSync(join(data(), 'countersign.json'), '{}');
    await restore();
    expect(leftOver().sort()).toEqual(['countersign.db', 'countersign.json']);
    expect(readFileSync(join(data(), 'countersign.json'), 'utf8')).toBe('{}');
  });

  test('a folder to restore to with nothing but what a fresh volume holds is empty, and keeps it', async () => {
    mkdirSync(join(data(), 'lost+found'), { recursive: true, mode: 0o700 });
    mkdirSync(join(data(), '.snapshot', 'hourly.0'), { recursive: true });
    mkdirSync(join(data(), '..2026_01_31_09_00_00.1'));
    writeFileSync(join(data(), '..2026_01_31_09_00_00.1', 'countersign.json'), '{}');
    symlinkSync('..2026_01_31_09_00_00.1', join(data(), '..data'));
    symlinkSync(join('..data', 'countersign.json'), join(data(), 'countersign.json'));
    const before = readdirSync(data());
    await restore();
    expect(leftOver().sort()).toEqual([...before, 'countersign.db'].sort());
  });

  test.each(['lost+found', '.snapshot', '.data', 'data..'])(
    'a folder to restore to with a file %s holds something',
    async (name) => {
      mkdirSync(data());
      writeFileSync(join(data(), name), '');
      await expect(restore()).rejects.toThrow(`is not empty: it holds ${name};`);
    },
  );

  test('a folder that a restore makes is for its owner alone, and so is what is in it', async () => {
    await restore();
    const modes = [data(), join(data(), 'countersign.db')].map((path) => (statSync(path).mode & 0o777).toString(8));
    expect(modes).toEqual(['700', '600']);
    expect(leftOver()).toEqual(['countersign.db']);
  });
});

test('a backup of the first release is brought to the tables of this one', async () => {
  const [image, older] = [join(temporaryFolder(), 'image'), join(temporaryFolder(), 'older.backup')];
  writeFileSync(image, imageOf(backup));
  await writeFirstTables(image, older);
  writeFileSync(older, sealed(readFileSync(older)));
  expect((await restore(older)).revoked).toEqual({ subkeys: 0, tokens: 1, devices: 0 });
  const service = await startService({ folder, time: world.clock.time });
  await service.stop();
});

test('time does not go back to before the backup on a machine whose clock does', async () => {
  const behind = { ...world.clock.time, wall: () => world.clock.time.wall() - 3_600_000_000_000n };
  const { restoredAt, validAfter, backup: facts } = await restore(backup, behind);
  expect(restoredAt).toBeGreaterThanOrEqual(facts.highestTime);
  expect(validAfter).toBeGreaterThanOrEqual(addSeconds(facts.highestTime, 30));
});
