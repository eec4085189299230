// Writes a backup that is streamed to us. It gets its name only after all of it has arrived, was checked and is on the disk. A broken
// one keeps a name that ends in .tmp, and never replaces anything.
import { createHash, randomBytes } from 'node:crypto';
import { constants, existsSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BackupFailure, isSystemError } from '../errors.ts';
import { giveName, syncFolder } from '../files/durable-file.ts';
import { NEW_FILE, OWNER_ONLY } from '../files/own-file.ts';
import { parseTrailer, TRAILER_BYTES } from './trailer.ts';

// Look at the draft itself: where others may write, a link may have replaced it.
const ONCE_MORE = constants.O_WRONLY | constants.O_APPEND | (constants.O_NOFOLLOW ?? 0);

export interface KeptBackup<Checked> {
  readonly bytes: number;
  readonly checked: Checked;
}

/**
 * Writes the pieces to `file`, mode 0600; `check` looks at the image before the backup gets its name, and rejects if it is not
 * usable. Rejects with BackupFailure or with what `check` or the pieces threw, and then there is no file.
 */
export async function keepBackup<Checked>(
  pieces: AsyncIterable<Uint8Array>,
  file: string,
  check: (image: string) => Promise<Checked>,
): Promise<KeptBackup<Checked>> {
  if (existsSync(file)) throw alreadyThere(file);
  const draft = `${file}.${randomBytes(8).toString('hex')}.tmp`;
  try {
    const image = await onDisk(draft, NEW_FILE, (handle) => writeImage(handle, pieces));
    const checked = await check(draft);
    await onDisk(draft, ONCE_MORE, (handle) => handle.appendFile(image.trailer));
    if (!giveName(draft, file)) throw alreadyThere(file);
    syncFolder(dirname(file));
    return { bytes: image.bytes + TRAILER_BYTES, checked };
  } catch (error) {
    throw isSystemError(error)
      ? new BackupFailure(`${file} cannot be written (${error.code})`, { cause: error })
      : error;
  } finally {
    rmSync(draft, { force: true });
  }
}

async function onDisk<T>(path: string, flags: number, write: (handle: FileHandle) => Promise<T>): Promise<T> {
  const handle = await open(path, flags, OWNER_ONLY);
  try {
    const result = await write(handle);
    await handle.sync();
    return result;
  } finally {
    await handle.close();
  }
}

// All but the last bytes: the trailer is written after the image was checked.
async function writeImage(
  handle: FileHandle,
  pieces: AsyncIterable<Uint8Array>,
): Promise<{ readonly bytes: number; readonly trailer: Buffer }> {
  const hash = createHash('sha256');
  let bytes = 0;
  let held = Buffer.alloc(0);
  for await (const piece of pieces) {
    const all = Buffer.concat([held, piece]);
    const image = all.subarray(0, Math.max(0, all.length - TRAILER_BYTES));
    held = all.subarray(image.length);
    hash.update(image);
    bytes += image.length;
    await handle.writeFile(image);
  }
  const trailer = parseTrailer(held);
  if (trailer === undefined || trailer === 'newer_format' || !trailer.digest.equals(hash.digest())) {
    throw new BackupFailure('the backup did not arrive whole; nothing was kept');
  }
  return { bytes, trailer: held };
}

const alreadyThere = (file: string): BackupFailure => new BackupFailure(`${file} exists already; nothing was changed`);
