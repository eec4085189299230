// Empties the write-ahead log into the database. Until then the log keeps earlier versions of pages, with values deleted since.
import { type Kysely, sql } from 'kysely';
import type { Tables } from '../sql/tables.ts';
import { BUSY_MS } from './connection.ts';

/** `connection` must be outside of transactions. False when a reader is in the way. */
export async function emptyLog(connection: Kysely<Tables>): Promise<boolean> {
  // Do not wait for readers: the whole process would wait.
  await sql`pragma busy_timeout = 0`.execute(connection);
  try {
    const { rows } = await sql<{ busy: bigint }>`pragma wal_checkpoint(truncate)`.execute(connection);
    return rows.every(({ busy }) => busy === 0n);
  } finally {
    await sql`pragma busy_timeout = ${sql.lit(BUSY_MS)}`.execute(connection);
  }
}
