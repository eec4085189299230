// Opens the embedded database: one file, one owning process, every acknowledged write on disk (WAL, synchronous=FULL).
// Reads and writes have a connection each: a read must never see an open transaction.
import { existsSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import type { Kysely } from 'kysely';
import { StoreFailure } from '../../errors.ts';
import { ensureOwnFile } from '../../files/own-file.ts';
import type { Tables } from '../sql/tables.ts';
import { attempt, BUSY_MS, isBusy, kyselyOver } from './connection.ts';
import { isDatabaseLocked, realFile, takeLock } from './lock.ts';
import { holdFiles, type Ours } from './ours.ts';
import { type Content, watchContent } from './written-over.ts';

export interface Connections {
  /** For transactions only. */
  readonly writer: Kysely<Tables>;
  /** Sees committed rows only. */
  readonly reader: Kysely<Tables>;
  readonly ours: Ours;
  /** Not started yet. */
  readonly content: Content;
  /** Takes the owner's lock again if its file was removed. Throws StoreLocked if another process has it by now. */
  keepLock(): void;
  close(): Promise<void>;
}

/**
 * Opens or creates the database at `file`, and takes its owner's lock. The operating system releases the lock when the process dies.
 * Throws StoreLocked when another process holds it, StoreFailure when the file cannot be used, UnsafeFile when the name of a file that
 * must be made is a link.
 */
export function openConnections(file: string): Connections {
  const opened: (() => void)[] = [];
  const close = () => {
    // In reverse: the lock was taken first and is released last.
    for (const end of opened.splice(0).reverse()) end();
  };
  const connect = () => {
    const connection = attempt(() => open(real));
    opened.push(() => {
      if (connection.isOpen) connection.close();
    });
    return connection;
  };
  const real = realFile(file);
  try {
    const lock = takeLock(real);
    opened.push(lock.release);
    requireWholeFiles(real);
    // Make it ourselves, for the owner only: SQLite would let others read it. The write-ahead log takes its mode.
    attempt(() => ensureOwnFile(real));
    requireNobodyElse(real);
    const [writer, reader] = [connect(), connect()];
    // The first read makes the log and its index, which `holdFiles` needs.
    attempt(() => reader.prepare('select 1 from sqlite_schema').all());
    const ours = attempt(() => holdFiles([...new Set([file, real, `${real}-wal`, `${real}-shm`])]));
    const [forWrites, forReads] = [writer, reader].map((one) => kyselyOver(one, ours.refuseIfLost));
    if (forWrites === undefined || forReads === undefined) throw new StoreFailure('a connection is missing');
    const content = watchContent(real, ours);
    return { writer: forWrites, reader: forReads, ours, content, keepLock: lock.keep, close: async () => close() };
  } catch (error) {
    close();
    throw error;
  }
}

/**
 * Reads a database that another process may own. Leaves no file beside one that nobody has open. Throws StoreFailure when it cannot be
 * read.
 */
export function openReadOnly(file: string): Pick<Connections, 'reader' | 'close'> {
  const real = realFile(file);
  const url = pathToFileURL(real);
  // Otherwise SQLite would make the files of a write-ahead log even for a reader.
  if (!existsSync(`${real}-wal`) && !isDatabaseLocked(real)) url.searchParams.set('immutable', '1');
  const connection = attempt(() => new DatabaseSync(url.href, { readOnly: true, timeout: BUSY_MS }));
  return { reader: kyselyOver(connection), close: async () => connection.close() };
}

/**
 * Throws StoreFailure for a file with a second name, for a log without its file, and beside half a restored database. SQLite finds the
 * write-ahead log by the file's name: under another name, or beside a new file, it would be lost, and the last revocations with it.
 * `real` need not exist.
 */
export function requireWholeFiles(real: string): void {
  const found = attempt(() => statSync(real, { throwIfNoEntry: false }));
  if (found !== undefined && found.nlink > 1) {
    throw new StoreFailure(
      `${real} has ${found.nlink} names (hard links), and its log belongs to one of them; keep the name that the server used last, and remove the others`,
    );
  }
  if (found === undefined && existsSync(draftOf(real))) {
    throw new StoreFailure(`a restore broke off here and left ${draftOf(real)}; restore again, which takes its place`);
  }
  const log = attempt(() => statSync(`${real}-wal`, { throwIfNoEntry: false }));
  if ((found?.size ?? 0) === 0 && (log?.size ?? 0) > 0) {
    throw new StoreFailure(
      `${real} is missing or empty, and its log ${real}-wal is there; put back the database that the log belongs to`,
    );
  }
}

// Each process that has the file open holds a shared lock on it, by whatever name. If we can lock it exclusively, nobody else has it
// open. The owner's lock keeps others out from then on; this finds a server whose lock file was removed.
function requireNobodyElse(real: string): void {
  const connection = attempt(() => new DatabaseSync(real, { timeout: BUSY_MS }));
  try {
    connection.exec('pragma locking_mode = exclusive; begin exclusive; rollback');
  } catch (error) {
    if (isBusy(error)) {
      const why =
        'another process has it open: another program, or a server whose lock file was removed; end that first';
      throw new StoreFailure(why, { cause: error });
    }
    throw new StoreFailure(error instanceof Error ? error.message : 'the database failed', { cause: error });
  } finally {
    connection.close();
  }
}

/** The name of a database while a restore makes it. */
export const draftOf = (file: string): string => `${file}.restoring`;

function open(real: string): DatabaseSync {
  const connection = new DatabaseSync(real, { enableForeignKeyConstraints: true, timeout: BUSY_MS });
  try {
    connection.exec('pragma journal_mode = wal; pragma synchronous = full; pragma trusted_schema = off');
    // The commit that finds so many pages in the log moves them into the file before it resolves: 2 ms. SQLite's 1,000 would take 5.
    connection.exec('pragma wal_autocheckpoint = 250');
    // Overwrite deleted values: otherwise the ciphertext of a pending subkey would stay in free bytes of its page.
    connection.exec('pragma secure_delete = on');
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}
