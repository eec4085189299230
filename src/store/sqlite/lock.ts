// The owner's lock: one process at a time works with a database. It lies beside the real file, so that every link leads to the same
// lock. open-file.ts finds processes that have the file open without it.
import { existsSync, lstatSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreFailure, StoreLocked } from '../../errors.ts';
import { ensureOwnFile, isThere } from '../../files/own-file.ts';
import { requireOwnFolder } from '../../files/own-folder.ts';
import { attempt, isBusy } from './connection.ts';

/** Longer than `isDatabaseLocked` holds the file. */
const LOCK_MS = 50;

/**
 * The file behind all links; the file itself need not exist. Throws StoreFailure if its folder does not exist, and UnsafeFile for a
 * link to nothing: a database made behind one would lie where nobody looks for it.
 */
export function realFile(file: string): string {
  return attempt(() => {
    if (existsSync(file)) return realpathSync(file);
    isThere(file);
    return join(realpathSync(dirname(file)), basename(file));
  });
}

export interface Lock {
  /** Takes it again if its file was removed or replaced. Throws as takeLock does; then the lock is lost. */
  keep(): void;
  /** Idempotent. */
  release(): void;
}

/**
 * Held until `release` or the death of the process. Throws StoreLocked when another process holds it, StoreFailure when the lock file
 * cannot be used, UnsafeFile when others may write in the folder: SQLite reads a log that they put there. `real` is of `realFile`.
 */
export function takeLock(real: string): Lock {
  attempt(() => requireOwnFolder(dirname(real)));
  const file = lockOf(real);
  let lock = takeFile(file);
  let inode = inodeOf(file);
  return {
    keep() {
      if (lock.isOpen && inodeOf(file) === inode) return;
      if (lock.isOpen) lock.close();
      lock = takeFile(file);
      inode = inodeOf(file);
    },
    release() {
      if (lock.isOpen) lock.close();
    },
  };
}

const inodeOf = (file: string): bigint | undefined => lstatSync(file, { bigint: true, throwIfNoEntry: false })?.ino;

// A transaction held open on an empty database beside the real one: SQLite's exclusive mode would shut out our second connection.
function takeFile(file: string): DatabaseSync {
  const lock = attempt(() => {
    ensureOwnFile(file);
    return new DatabaseSync(file, { timeout: LOCK_MS });
  });
  try {
    lock.exec('pragma journal_mode = delete; begin exclusive');
    return lock;
  } catch (error) {
    lock.close();
    if (isBusy(error)) throw new StoreLocked('another process holds this database');
    throw new StoreFailure('the lock file of the database cannot be used', { cause: error });
  }
}

/** The owner's lock only, for a restore that will put a database at `file`. Throws as takeLock does. */
export const lockDatabase = (file: string): Lock => takeLock(realFile(file));

/** Whether a process holds the owner's lock now. Takes nothing and leaves nothing behind. */
export function isDatabaseLocked(file: string): boolean {
  if (statSync(dirname(file), { throwIfNoEntry: false })?.isDirectory() !== true) return false;
  const path = lockOf(realFile(file));
  if (!isThere(path)) return false;
  const lock = attempt(() => new DatabaseSync(path, { readOnly: true, timeout: 0 }));
  try {
    lock.prepare('select 1 from sqlite_schema').all();
    return false;
  } catch (error) {
    if (isBusy(error)) return true;
    throw new StoreFailure('the lock file of the database cannot be read', { cause: error });
  } finally {
    lock.close();
  }
}

export const lockOf = (real: string): string => `${real}.lock`;
