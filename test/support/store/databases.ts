// The databases the store runs on, as its contract tests see them. Another database is another entry of `databases`.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { FarAhead } from '../../../src/store/far-ahead.ts';
import { type OpenedStore, openStore } from '../../../src/store/open.ts';
import { sqlite } from '../../../src/store/sqlite/dialect.ts';

export interface TestTime {
  readonly wall: () => bigint;
  readonly monotonic: () => number;
}

export type Row = Readonly<Record<string, unknown>>;

export interface TestDatabase {
  /** One at a time: close the store before opening it again. */
  open(time?: TestTime, farAhead?: FarAhead): Promise<OpenedStore>;
  /** What an administrator sees and does beside the service: one statement, integers as bigint. */
  sql(statement: string): Row[];
  remove(): void;
}

export interface SqliteTestDatabase extends TestDatabase {
  readonly file: string;
}

export function sqliteDatabase(): SqliteTestDatabase {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-store-'));
  const file = join(folder, 'countersign.db');
  return {
    file,
    open: (time, farAhead) => openStore(sqlite(file), time, farAhead),
    sql(statement) {
      const connection = new DatabaseSync(file);
      try {
        const prepared = connection.prepare(statement);
        prepared.setReadBigInts(true);
        return prepared.all().map((row) => ({ ...row }));
      } finally {
        connection.close();
      }
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export const databases: readonly { readonly name: string; create(): TestDatabase }[] = [
  { name: 'sqlite', create: sqliteDatabase },
];
