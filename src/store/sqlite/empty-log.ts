// Empties the write-ahead log into the database. Pages stand in it as they were written, also those whose content was ended since.
import { type Kysely, sql } from 'kysely';
import type { Tables } from '../sql/tables.ts';
import { BUSY_MS } from './connection.ts';

/** On a connection of its own for as long as it takes, outside of transactions. False when a reader is in the way. */
export async function emptyLog(connection: Kysely<Tables>): Promise<boolean> {
  // Everything else of this process waits meanwhile: readers are never waited for.
  await sql`pragma busy_timeout = 0`.execute(connection);
  try {
    const { rows } = await sql<{ busy: bigint }>`pragma wal_checkpoint(truncate)`.execute(connection);
    return rows.every(({ busy }) => busy === 0n);
  } finally {
    await sql`pragma busy_timeout = ${sql.lit(BUSY_MS)}`.execute(connection);
  }
}
