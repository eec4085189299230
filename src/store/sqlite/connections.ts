// Opens the embedded database: one file, one owning process, every acknowledged write on disk (WAL, synchronous=FULL).
// It must never let a read see an open write: writes have a connection of their own.
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
  /** For transactions and nothing else. */
  readonly writer: Kysely<Tables>;
  /** Sees committed rows only. */
  readonly reader: Kysely<Tables>;
  readonly ours: Ours;
  /** Not started yet. */
  readonly content: Content;
  /** Puts the owner's lock back where somebody removed its file. Throws StoreLocked when another process has it by now. */
  keepLock(): void;
  close(): Promise<void>;
}

/**
 * Opens or creates the database at `file` and takes its owner's lock, which the operating system releases when the process
 * dies, however it dies. Throws StoreLocked when another process holds it, StoreFailure when the file cannot be used, UnsafeFile
 * when the name of one that must be made leads elsewhere.
 */
export function openConnections(file: string): Connections {
  const opened: (() => void)[] = [];
  const close = () => {
    // The lock was opened first and goes last.
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
    // SQLite would let others read what it creates; the write-ahead log takes its mode from the database.
    attempt(() => ensureOwnFile(real));
    requireNobodyElse(real);
    const [writer, reader] = [connect(), connect()];
    // The first look makes the log and its index.
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
 * A look at a database that another process may own. Where nobody has it open it leaves no file of its own beside it. Throws
 * StoreFailure when the file cannot be read.
 */
export function openReadOnly(file: string): Pick<Connections, 'reader' | 'close'> {
  const real = realFile(file);
  const url = pathToFileURL(real);
  // Without this SQLite makes the files of a write-ahead log, for somebody who only reads.
  if (!existsSync(`${real}-wal`) && !isDatabaseLocked(real)) url.searchParams.set('immutable', '1');
  const connection = attempt(() => new DatabaseSync(url.href, { readOnly: true, timeout: BUSY_MS }));
  return { reader: kyselyOver(connection), close: async () => connection.close() };
}

/**
 * A write-ahead log goes by the name of its file. Under a second name of the same file it is not found, and beside a new file it is
 * thrown away: what was revoked last would live again. Nor is a database made beside half a restored one. Throws StoreFailure for all
 * three; `real` need not exist.
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

// SQLite keeps a shared lock on the file itself in each process that has it open, under whatever name. Nobody else does when it
// can be had exclusively; from then on the owner's lock keeps others out, and this catches who comes after that one was removed.
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

/** What a restore makes the database under, before it has its name. */
export const draftOf = (file: string): string => `${file}.restoring`;

function open(real: string): DatabaseSync {
  const connection = new DatabaseSync(real, { enableForeignKeyConstraints: true, timeout: BUSY_MS });
  try {
    connection.exec('pragma journal_mode = wal; pragma synchronous = full; pragma trusted_schema = off');
    // What is deleted leaves the file, too: the ciphertext of a pending subkey would stand in free bytes of its page.
    connection.exec('pragma secure_delete = on');
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}
