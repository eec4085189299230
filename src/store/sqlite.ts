// Opens the embedded database: one file, one owning process, every acknowledged write on disk (WAL, synchronous=FULL).
// It must never let a read see an open write: writes have a connection of their own.
import { existsSync, lstatSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { Kysely, type SqliteDatabase, SqliteDialect, type SqliteStatement } from 'kysely';
import { StoreFailure, StoreLocked, UnsafeFile } from '../errors.ts';
import { ensureOwnFile, isThere } from '../files/own-file.ts';
import type { Tables } from './tables.ts';

export interface Database {
  /** For transactions and nothing else. */
  readonly writer: Kysely<Tables>;
  /** Sees committed rows only. */
  readonly reader: Kysely<Tables>;
  close(): Promise<void>;
}

/** How long a statement waits for another process, an administrator's say; nothing else happens here meanwhile. */
const BUSY_MS = 1_000;
/** Longer than somebody needs who asks whether the lock is held. */
const LOCK_MS = 50;

/**
 * Opens or creates the database at `file` and takes its owner's lock, which the operating system releases when the process
 * dies, however it dies. Throws StoreLocked when another process holds it, StoreFailure when the file cannot be used, UnsafeFile
 * when the name of one that must be made leads elsewhere.
 */
export function openSqlite(file: string): Database {
  const opened: DatabaseSync[] = [];
  const close = () => {
    // The lock was opened first and goes last.
    for (const connection of opened.splice(0).reverse()) if (connection.isOpen) connection.close();
  };
  try {
    opened.push(takeLock(lockOf(file)));
    attempt(() => createForOwner(file));
    const writer = attempt(() => open(file));
    opened.push(writer);
    const reader = attempt(() => open(file));
    opened.push(reader);
    return { writer: kyselyOver(writer), reader: kyselyOver(reader), close: async () => close() };
  } catch (error) {
    close();
    throw error;
  }
}

/** The owner's lock alone, for who is about to put a database at `file`. Throws as openSqlite does. */
export function lockDatabase(file: string): { release(): void } {
  const lock = takeLock(lockOf(file));
  return { release: () => lock.close() };
}

/** Whether a process holds the owner's lock now. Takes nothing and leaves nothing behind. */
export function isDatabaseLocked(file: string): boolean {
  if (!isThere(lockOf(file))) return false;
  const lock = attempt(() => new DatabaseSync(lockOf(file), { readOnly: true, timeout: 0 }));
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

/**
 * A look at a database that another process may own. Where nobody has it open it leaves no file of its own beside it. Throws
 * StoreFailure when the file cannot be read.
 */
export function openReadOnly(file: string): Pick<Database, 'reader' | 'close'> {
  const url = pathToFileURL(file);
  // Without this SQLite makes the files of a write-ahead log, for somebody who only reads.
  if (!existsSync(`${file}-wal`) && !isDatabaseLocked(file)) url.searchParams.set('immutable', '1');
  const connection = attempt(() => new DatabaseSync(url.href, { readOnly: true, timeout: BUSY_MS }));
  return { reader: kyselyOver(connection), close: async () => connection.close() };
}

const lockOf = (file: string): string => `${file}.lock`;

// SQLite would let others read what it creates; the write-ahead log takes its mode from the database. It would also make what a
// link names that leads nowhere yet.
function createForOwner(file: string): void {
  const leadsToFile = lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() === true && existsSync(file);
  if (!leadsToFile) ensureOwnFile(file);
}

function open(file: string): DatabaseSync {
  const connection = new DatabaseSync(file, { enableForeignKeyConstraints: true, timeout: BUSY_MS });
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

// SQLite's own exclusive locking mode would shut out our second connection, so the lock is a transaction held open on an
// empty database beside the real one.
function takeLock(file: string): DatabaseSync {
  const lock = attempt(() => {
    ensureOwnFile(file);
    return new DatabaseSync(file, { timeout: LOCK_MS });
  });
  try {
    lock.exec('pragma journal_mode = delete; begin exclusive');
    return lock;
  } catch (error) {
    lock.close();
    if (isBusy(error)) {
      throw new StoreLocked('another process holds this database');
    }
    throw new StoreFailure('the lock file of the database cannot be used', { cause: error });
  }
}

const isBusy = (error: unknown): boolean => error instanceof Error && /locked|busy/i.test(error.message);

function kyselyOver(connection: DatabaseSync): Kysely<Tables> {
  return new Kysely<Tables>({ dialect: new SqliteDialect({ database: adapter(connection) }) });
}

// Statements are kept: preparing costs more than a point read does.
const KEPT_STATEMENTS = 256;

function adapter(connection: DatabaseSync): SqliteDatabase {
  const kept = new Map<string, SqliteStatement>();
  return {
    close: () => connection.close(),
    prepare(asked) {
      // After some errors, a full disk for one, SQLite has rolled back by itself: doing it again would fail and hide the cause.
      const sql = asked === 'rollback' && !connection.isTransaction ? 'select null' : asked;
      const known = kept.get(sql);
      if (known !== undefined) return known;
      const statement = wrap(attempt(() => connection.prepare(sql)));
      if (kept.size >= KEPT_STATEMENTS) kept.clear();
      kept.set(sql, statement);
      return statement;
    },
  };
}

function wrap(statement: StatementSync): SqliteStatement {
  statement.setReadBigInts(true);
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => attempt(() => statement.all(...parameters.map(inputValue))),
    run: (parameters) => attempt(() => statement.run(...parameters.map(inputValue))),
    iterate: (parameters) => attempt(() => statement.iterate(...parameters.map(inputValue))),
  };
}

function attempt<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof UnsafeFile) throw error;
    throw new StoreFailure(error instanceof Error ? error.message : 'the database failed', { cause: error });
  }
}

function inputValue(value: unknown): SQLInputValue {
  if (typeof value === 'string' || typeof value === 'bigint' || typeof value === 'number' || value === null)
    return value;
  if (value instanceof Uint8Array) return value;
  throw new TypeError(`a ${typeof value} cannot be stored`);
}
