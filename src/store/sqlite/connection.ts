// One connection to an SQLite file as Kysely sees it: statements are kept, integers are bigint, every failure is a StoreFailure.
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { Kysely, SqliteAdapter, type SqliteDatabase, SqliteDialect, type SqliteStatement } from 'kysely';
import { StoreFailure, UnsafeFile } from '../../errors.ts';
import type { Tables } from '../sql/tables.ts';

/** Longest wait of a statement for another process, such as an administrator's shell. The whole process stands still meanwhile. */
export const BUSY_MS = 1_000;

/** Prepared statements are kept: preparing costs more than a point read. */
const KEPT_STATEMENTS = 256;

// SQLite rolls CREATE and ALTER back like everything else. Kysely believes it does not, and would commit each statement of a migration
// alone: a process killed in the middle could then never start again.
class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

class TransactionalDialect extends SqliteDialect {
  override createAdapter(): SqliteAdapter {
    return new TransactionalAdapter();
  }
}

/** `allowed` is asked before each statement, and throws to refuse it. */
export const kyselyOver = (connection: DatabaseSync, allowed: () => void = () => undefined): Kysely<Tables> =>
  new Kysely<Tables>({ dialect: new TransactionalDialect({ database: statementsOf(connection, allowed) }) });

function statementsOf(connection: DatabaseSync, allowed: () => void): SqliteDatabase {
  const kept = new Map<string, SqliteStatement>();
  return {
    close: () => connection.close(),
    prepare(asked) {
      if (asked !== 'rollback') allowed();
      const sql = spoken(asked, connection);
      const known = kept.get(sql);
      if (known !== undefined) return known;
      const statement = wrap(attempt(() => connection.prepare(sql)));
      if (kept.size >= KEPT_STATEMENTS) kept.clear();
      kept.set(sql, statement);
      return statement;
    },
  };
}

function spoken(asked: string, connection: DatabaseSync): string {
  // Our transactions always write: wait for another writer at the beginning, before reading rows that it may be changing.
  if (asked === 'begin') return 'begin immediate';
  // After some errors, such as a full disk, SQLite has rolled back by itself. A second rollback would fail and hide the cause.
  return asked === 'rollback' && !connection.isTransaction ? 'select null' : asked;
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

/** Returns what `work` returns. Turns what it throws into a StoreFailure with the same words. */
export function attempt<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof StoreFailure || error instanceof UnsafeFile) throw error;
    throw new StoreFailure(error instanceof Error ? error.message : 'the database failed', { cause: error });
  }
}

export const isBusy = (error: unknown): boolean => error instanceof Error && /locked|busy/i.test(error.message);

function inputValue(value: unknown): SQLInputValue {
  if (typeof value === 'string' || typeof value === 'bigint' || typeof value === 'number' || value === null)
    return value;
  if (value instanceof Uint8Array) return value;
  throw new TypeError(`a ${typeof value} cannot be stored`);
}
