// Keeping what is streamed: a name only for what is whole, checked and on the disk, and never one that is taken; and taking the
// image out again.
import { createHash, createSecretKey, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { copyImage } from '../../../src/backup/image.ts';
import { keepBackup } from '../../../src/backup/keep.ts';
import { TRAILER_BYTES, trailerOf } from '../../../src/backup/trailer.ts';
import { BackupFailure } from '../../../src/errors.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const masterKey = createSecretKey(randomBytes(32));
const image = randomBytes(300_000);
const whole = Buffer.concat([image, trailerOf(masterKey, createHash('sha256').update(image).digest())]);

let folder: string;
let file: string;
beforeEach(() => {
  folder = temporaryFolder();
  file = join(folder, 'a.backup');
});

/** In pieces of a size that no boundary falls together with. */
async function* pieces(bytes: Buffer, size = 65_521): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
const accept = async () => 'checked';

describe('what arrives whole', () => {
  test.each([1_000_000, 65_521, 1_000, 101])(
    'a backup that arrives whole is kept byte for byte in pieces of %i bytes, for its owner alone',
    async (size) => {
      const kept = await keepBackup(pieces(whole, size), file, accept);
      expect(kept).toEqual({ bytes: whole.length, checked: 'checked' });
      expect(readFileSync(file).equals(whole)).toBe(true);
      expect((statSync(file).mode & 0o777).toString(8)).toBe('600');
      expect(readdirSync(folder)).toEqual(['a.backup']);
    },
  );

  test('a backup is checked as the database it is, before it has its name', async () => {
    await keepBackup(pieces(whole), file, async (draft) => {
      expect(existsSync(file)).toBe(false);
      expect(readFileSync(draft).equals(image)).toBe(true);
    });
  });
});

describe('nothing is kept', () => {
  const bits = Buffer.from(whole);
  bits[150_000] = (bits[150_000] ?? 0) ^ 1;

  test.each([
    ['that lost its last byte', whole.subarray(0, -1)],
    ['that lost its trailer', image],
    ['that broke off in the middle', whole.subarray(0, 150_000)],
    ['that lost a piece', Buffer.concat([whole.subarray(0, 1_000), whole.subarray(2_000)])],
    ['with one bit changed', bits],
    ['that is a trailer alone', whole.subarray(-TRAILER_BYTES)],
    ['that is empty', Buffer.alloc(0)],
  ])('a backup %s did not arrive whole, and nothing is kept', async (_name, bytes) => {
    await expect(keepBackup(pieces(bytes), file, accept)).rejects.toThrow(/did not arrive whole/);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('nothing of a backup is kept when the stream fails, or its content is not accepted', async () => {
    async function* failing() {
      yield image;
      throw new Error('cut');
    }
    await expect(keepBackup(failing(), file, accept)).rejects.toThrow('cut');
    const refuse = async () => {
      throw new BackupFailure('not this one');
    };
    await expect(keepBackup(pieces(whole), file, refuse)).rejects.toThrow('not this one');
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a backup never replaces a file that is there, also one that came while the backup did', async () => {
    writeFileSync(file, 'mine');
    let asked = false;
    async function* noticed() {
      asked = true;
      yield whole;
    }
    await expect(keepBackup(noticed(), file, accept)).rejects.toThrow(/exists already/);
    expect(asked).toBe(false);
    const late = join(folder, 'late.backup');
    const coming = keepBackup(pieces(whole), late, async () => writeFileSync(late, 'mine'));
    await expect(coming).rejects.toThrow(/exists already/);
    for (const path of [file, late]) expect(readFileSync(path, 'utf8')).toBe('mine');
    expect(readdirSync(folder).sort()).toEqual(['a.backup', 'late.backup']);
  });

  test('a backup to a place that cannot be written fails with one sentence that says why', async () => {
    const nowhere = join(folder, 'no', 'a.backup');
    await expect(keepBackup(pieces(whole), nowhere, accept)).rejects.toThrow(
      new BackupFailure(`${nowhere} cannot be written (ENOENT)`),
    );
  });
});

describe('the image in a backup', () => {
  const copy = () => join(folder, 'copy');
  const written = (bytes: Buffer): string => {
    writeFileSync(file, bytes);
    return file;
  };

  test('the image in a backup comes out as it went in, with the trailer whose seal can be checked', async () => {
    const trailer = await copyImage(written(whole), copy());
    expect(readFileSync(copy()).equals(image)).toBe(true);
    expect(trailer.digest).toEqual(createHash('sha256').update(image).digest());
    expect((statSync(copy()).mode & 0o777).toString(8)).toBe('600');
  });

  test('the image in a damaged, cut, newer or foreign file is refused, with the reason', async () => {
    const damaged = Buffer.from(whole);
    damaged[5] = (damaged[5] ?? 0) ^ 1;
    const newer = Buffer.from(
      whole.toString('latin1').replace('countersign-backup 1 ', 'countersign-backup 2 '),
      'latin1',
    );
    for (const [bytes, reason] of [
      [damaged, /is damaged: its content does not match its checksum/],
      [whole.subarray(0, -1), /is no backup made by countersign backup, or its end is missing/],
      [image, /is no backup/],
      [Buffer.alloc(0), /is no backup/],
      [newer, /newer release/],
    ] as const) {
      await expect(copyImage(written(Buffer.from(bytes)), copy())).rejects.toThrow(reason);
    }
  });

  test('the image in a backup that cannot be read is refused', async () => {
    await expect(copyImage(join(folder, 'none'), copy())).rejects.toThrow(/none cannot be read \(ENOENT\)/);
    mkdirSync(join(folder, 'dir'));
    await expect(copyImage(join(folder, 'dir'), copy())).rejects.toThrow(BackupFailure);
  });
});
