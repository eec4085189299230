// Takes the image of the database out of a backup file: byte for byte as it was written, or not at all.
import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { BackupFailure, errorCode } from '../errors.ts';
import { parseTrailer, TRAILER_BYTES, type Trailer } from './trailer.ts';

const PIECE_BYTES = 1024 * 1024;

/**
 * Copies the image in the backup `file` to `to`, which must not exist and gets mode 0600. Rejects with BackupFailure when the file
 * is no backup, was made by a newer release, lost a part or was altered by accident. The caller must check the seal.
 */
export async function copyImage(file: string, to: string): Promise<Trailer> {
  const from = await opened(file);
  try {
    const stat = await from.stat();
    const trailer = stat.isFile() && stat.size > TRAILER_BYTES ? await trailerIn(from, stat.size) : undefined;
    if (trailer === 'newer_format') {
      throw new BackupFailure(`${file} was made by a newer release of Countersign; restore it with that one`);
    }
    if (trailer === undefined) {
      throw new BackupFailure(`${file} is no backup made by countersign backup, or its end is missing`);
    }
    const hash = createHash('sha256');
    const copy = await open(to, 'wx', 0o600);
    try {
      await copyHashed(from, copy, stat.size - TRAILER_BYTES, hash);
    } finally {
      await copy.close();
    }
    if (!hash.digest().equals(trailer.digest)) {
      throw new BackupFailure(`${file} is damaged: its content does not match its checksum`);
    }
    return trailer;
  } finally {
    await from.close();
  }
}

// One message for a missing file, a folder, and a file that may not be read.
async function opened(file: string): Promise<FileHandle> {
  try {
    // Opening a named pipe would wait for a writer.
    return await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    throw new BackupFailure(`the backup ${file} cannot be read (${errorCode(error)})`, { cause: error });
  }
}

async function trailerIn(file: FileHandle, size: number) {
  const bytes = Buffer.alloc(TRAILER_BYTES);
  await file.read(bytes, 0, TRAILER_BYTES, size - TRAILER_BYTES);
  return parseTrailer(bytes);
}

async function copyHashed(from: FileHandle, to: FileHandle, length: number, hash: Hash): Promise<void> {
  const buffer = Buffer.alloc(PIECE_BYTES);
  for (let at = 0; at < length; ) {
    const { bytesRead } = await from.read(buffer, 0, Math.min(buffer.length, length - at), at);
    if (bytesRead === 0) return; // The file got shorter: the checksum will not match.
    const piece = buffer.subarray(0, bytesRead);
    hash.update(piece);
    await to.writeFile(piece);
    at += bytesRead;
  }
}
