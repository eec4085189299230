// Copies one state of the database, while the service goes on reading and writing.
import { chmodSync, closeSync, openSync, rmSync } from 'node:fs';
import { backup, DatabaseSync } from 'node:sqlite';
import { StoreFailure } from '../../errors.ts';

/** All in one step: with several, SQLite begins again after every write. */
const ALL_PAGES = 2 ** 31 - 1;

/**
 * Copies the database at `file` to `to`: one file of mode 0600 with everything that was committed when the copy began. `to` must not
 * exist. A thread of Node.js copies the pages; nothing here waits. Rejects with StoreFailure, and then leaves no file.
 */
export async function takeSnapshot(file: string, to: string): Promise<void> {
  try {
    closeSync(openSync(to, 'wx', 0o600));
  } catch (error) {
    throw new StoreFailure(messageOf(error), { cause: error });
  }
  try {
    // The umask may have removed bits of the owner.
    chmodSync(to, 0o600);
    const source = new DatabaseSync(file, { readOnly: true });
    try {
      await backup(source, to, { rate: ALL_PAGES });
    } finally {
      source.close();
    }
    const copy = new DatabaseSync(to);
    try {
      // In write-ahead mode it could be two files, and a backup is one.
      copy.exec('pragma journal_mode = delete');
    } finally {
      copy.close();
    }
  } catch (error) {
    for (const end of ['', '-wal', '-shm', '-journal']) rmSync(`${to}${end}`, { force: true });
    throw new StoreFailure(messageOf(error), { cause: error });
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : 'the copy failed');
