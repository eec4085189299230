// Opens the embedded database: one file, one owning process, every acknowledged write on disk (WAL, synchronous=FULL).
// It must never let a read see an open write: writes have a connection of their own.
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { Kysely, type SqliteDatabase, SqliteDialect, type SqliteStatement } from 'kysely';
import { StoreFailure, StoreLocked } from '../errors.ts';
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

/**
 * Opens or creates the database at `file` and takes its owner's lock, which the operating system releases when the process
 * dies, however it dies. Throws StoreLocked when another process holds it, StoreFailure when the file cannot be used.
 */
export function openSqlite(file: string): Database {
  const opened: DatabaseSync[] = [];
  const close = () => {
    // The lock was opened first and goes last.
    for (const connection of opened.splice(0).reverse()) if (connection.isOpen) connection.close();
  };
  try {
    opened.push(takeLock(`${file}.lock`));
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

function open(file: string): DatabaseSync {
  const connection = new DatabaseSync(file, { enableForeignKeyConstraints: true, timeout: BUSY_MS });
  try {
    connection.exec('pragma journal_mode = wal; pragma synchronous = full; pragma trusted_schema = off');
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

// SQLite's own exclusive locking mode would shut out our second connection, so the lock is a transaction held open on an
// empty database beside the real one.
function takeLock(file: string): DatabaseSync {
  const lock = attempt(() => new DatabaseSync(file, { timeout: 0 }));
  try {
    lock.exec('pragma journal_mode = delete; begin exclusive');
    return lock;
  } catch (error) {
    lock.close();
    if (error instanceof Error && /locked|busy/i.test(error.message)) {
      throw new StoreLocked('another process holds this database');
    }
    throw new StoreFailure('the lock file of the database cannot be used', { cause: error });
  }
}

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
    throw new StoreFailure(error instanceof Error ? error.message : 'the database failed', { cause: error });
  }
}

function inputValue(value: unknown): SQLInputValue {
  if (typeof value === 'string' || typeof value === 'bigint' || typeof value === 'number' || value === null)
    return value;
  if (value instanceof Uint8Array) return value;
  throw new TypeError(`a ${typeof value} cannot be stored`);
}
