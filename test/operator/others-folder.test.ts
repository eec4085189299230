// A data folder that others may write in: who can lay a file beside the database owns it. A start, every command, a restore and the
// doctor say so in one sentence, and nothing in it is read or made.
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { UnsafeFile } from '../../src/errors.ts';
import { takeBackup } from '../support/backups.ts';
import { type Service, startService } from '../support/harness.ts';
import { run } from '../support/operator.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const POSIX = process.platform !== 'win32';
const ROOT = process.geteuid?.() === 0;
const STRANGER = 4711;

let sound: Service;
let aBackup: string;
let folder: string;
beforeAll(async () => {
  sound = await startService();
  aBackup = await takeBackup({ service: sound });
  await sound.stop();
});
beforeEach(() => {
  folder = temporaryFolder();
  mkdirSync(data(), { mode: 0o700 });
  copyFileSync(join(sound.folder, 'master.key'), join(folder, 'master.key'));
  for (const name of ['countersign.db', 'countersign.db.lock', 'operator.token']) {
    copyFileSync(join(sound.folder, 'data', name), join(data(), name));
  }
});
const data = (): string => join(folder, 'data');

/** Name, size and time of change of all that is in it. */
const everything = (): readonly string[] =>
  readdirSync(data()).map((name) => {
    const { size, mtimeMs } = statSync(join(data(), name));
    return `${name} ${size} ${mtimeMs}`;
  });

/** The same sentence from everybody, and all as it was. */
async function expectRefused(sentence: string): Promise<void> {
  const before = everything();
  await expect(startService({ folder })).rejects.toThrow(new UnsafeFile(data(), sentence));
  const listed = await run('accounts', folder, 'list');
  expect(listed).toEqual({ code: 1, out: '', err: `countersign accounts: ${data()} ${sentence}\n` });
  const rotated = await run('signing-keys', folder, 'rotate', 'session');
  expect(rotated).toEqual({ code: 1, out: '', err: `countersign signing-keys: ${data()} ${sentence}\n` });
  const saved = await run('backup', folder, join(folder, 'saved.backup'));
  expect(saved).toEqual({ code: 1, out: '', err: `countersign backup: ${data()} ${sentence}\n` });
  const restored = await run('restore', folder, aBackup);
  expect(restored).toEqual({ code: 1, out: '', err: `countersign restore: ${data()} ${sentence}\n` });
  const looked = await run('doctor', folder);
  expect(looked).toMatchObject({ code: 1, err: '' });
  expect(looked.out.replace(/ +/g, ' ')).toContain(`WRONG data folder ${data()} ${sentence}\n`);
  expect(everything()).toEqual(before);
}

describe.skipIf(!POSIX)('others may write in it', () => {
  test.each(['0770', '0702', '0777', '1777', '0720', '0775'])(
    'a data folder with the mode %s, in which others may write, stops the start',
    async (mode) => {
      chmodSync(data(), Number.parseInt(mode, 8));
      await expectRefused(`has mode 0${mode.slice(1)}, so others may write in it; run: chmod 700 ${data()}`);
    },
  );

  test('a data folder behind a link, in which others may write, stops the start', async () => {
    renameSync(data(), join(folder, 'real'));
    symlinkSync('real', data());
    chmodSync(join(folder, 'real'), 0o770);
    await expectRefused(`has mode 0770, so others may write in it; run: chmod 700 ${data()}`);
  });

  test('a data folder whose database really lies in a folder that others may write in stops the start', async () => {
    const real = join(folder, 'real');
    mkdirSync(real);
    renameSync(join(data(), 'countersign.db'), join(real, 'countersign.db'));
    symlinkSync(join(real, 'countersign.db'), join(data(), 'countersign.db'));
    chmodSync(real, 0o770);
    const sentence = `${real} has mode 0770, so others may write in it; run: chmod 700 ${real}`;
    await expect(startService({ folder })).rejects.toThrow(sentence);
    for (const command of ['accounts', 'signing-keys']) {
      expect(await run(command, folder, 'list')).toMatchObject({ code: 1, err: expect.stringContaining(sentence) });
    }
    expect((await run('doctor', folder)).out).toContain(sentence);
    expect(readdirSync(real)).toEqual(['countersign.db']);
    chmodSync(real, 0o700);
    await (await startService({ folder })).stop();
  });

  test('while a server runs on it: a command asks nobody there', async () => {
    const service = await startService({ folder });
    try {
      chmodSync(data(), 0o770);
      expect(await run('accounts', folder, 'list')).toMatchObject({
        code: 1,
        err: expect.stringContaining('so others may write in it'),
      });
    } finally {
      chmodSync(data(), 0o700);
      await service.stop();
    }
  });
});

test.skipIf(!ROOT)('a data folder of another user stops the start (only root can give a folder away)', async () => {
  chownSync(data(), STRANGER, STRANGER);
  await expectRefused(`belongs to user ${STRANGER}, who is not us; run this as that user: sudo -u '#${STRANGER}' ...`);
});

describe.skipIf(!POSIX)('accepted', () => {
  test('a data folder that others may only read or enter is accepted, and so is a link to one of ours', async () => {
    chmodSync(data(), 0o755);
    await (await startService({ folder })).stop();
    renameSync(data(), join(folder, 'real'));
    symlinkSync('real', data());
    await (await startService({ folder })).stop();
  });

  test('a data folder that a start makes, with all above it, is for its owner alone, whatever the umask', async () => {
    const before = process.umask(0);
    const deep = join(temporaryFolder(), 'a');
    try {
      const service = await startService({ folder: deep });
      for (const path of [deep, join(deep, 'data')]) expect(statSync(path).mode & 0o777).toBe(0o700);
      const modes = readdirSync(join(deep, 'data')).map((name) => [
        name,
        statSync(join(deep, 'data', name)).mode & 0o077,
      ]);
      expect(modes.filter(([, others]) => others !== 0)).toEqual([]);
      expect(modes.map(([name]) => name)).toEqual(expect.arrayContaining(['countersign.db', 'operator.token']));
      await service.stop();
    } finally {
      process.umask(before);
    }
  });

  test('a data folder or master key in a folder that others may write in is accepted: the doctor names it, and says ok of a sticky one', async () => {
    chmodSync(folder, 0o777);
    const looked = await run('doctor', folder);
    expect(looked.code).toBe(0);
    for (const check of ['data folder', 'master key']) {
      expect(looked.out).toMatch(
        new RegExp(`^note +${check} .*but others may write in ${folder} and take it away$`, 'm'),
      );
    }
    chmodSync(folder, 0o1777);
    expect((await run('doctor', folder)).out).not.toContain('take it away');
  });
});

test.skipIf(!POSIX)('the doctor refuses the same key and bearer as a start, in the same words', async () => {
  const token = join(data(), 'operator.token');
  chmodSync(token, 0o604);
  chmodSync(join(folder, 'master.key'), 0o604);
  const { out } = await run('doctor', folder);
  for (const file of [token, join(folder, 'master.key')]) {
    expect(out).toContain(`${file} has mode 0604, so others may read it; run: chmod 600 ${file}`);
  }
  await expect(startService({ folder })).rejects.toThrow('has mode 0604, so others may read it');
  chmodSync(join(folder, 'master.key'), 0o600);
  await expect(startService({ folder })).rejects.toThrow(`${token} has mode 0604, so others may read it`);
  expect(readFileSync(token, 'utf8')).toBe(readFileSync(join(sound.folder, 'data', 'operator.token'), 'utf8'));
});

afterAll(() => sound.stop());
