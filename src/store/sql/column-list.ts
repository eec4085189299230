// The columns of a table as one piece of a statement. For a read of one row Kysely would take longer to build and print each column
// than the database takes to find the row.
import { type RawBuilder, sql } from 'kysely';

export const columnList = (columns: readonly string[]): RawBuilder<unknown> =>
  sql.raw(columns.map((column) => `"${column}"`).join(', '));
