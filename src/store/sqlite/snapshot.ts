// A copy of the database as it stands at one moment, made while the service goes on reading and writing.
import { chmodSync, closeSync, openSync, rmSync } from 'node:fs';
import { backup, DatabaseSync } from 'node:sqlite';
import { StoreFailure } from '../../errors.ts';

/** In one step, which is one read of one state: further steps would begin again after every write. */
const ALL_PAGES = 2 ** 31 - 1;

/**
 * Copies the database at `file` to `to`, which must not exist and becomes one whole file of mode 0600 with everything that was
 * committed when the copy began. The pages are copied on a thread of Node's own: nobody waits for them. Rejects with
 * StoreFailure, and nothing is left of the copy.
 */
export async function takeSnapshot(file: string, to: string): Promise<void> {
  try {
    closeSync(openSync(to, 'wx', 0o600));
  } catch (error) {
    throw new StoreFailure(messageOf(error), { cause: error });
  }
  try {
    // The umask may have taken bits away from the owner.
    chmodSync(to, 0o600);
    const source = new DatabaseSync(file, { readOnly: true });
    try {
      await backup(source, to, { rate: ALL_PAGES });
    } finally {
      source.close();
    }
    const copy = new DatabaseSync(to);
    try {
      // A write-ahead log would be a second file, which no stream carries.
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
