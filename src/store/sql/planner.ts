// Keeps the planner of a database from using the index of a column, when another condition of the statement finds fewer rows.
import type { RawBuilder } from 'kysely';

/** The column's value in an expression without an index. A database that plans by statistics may give the column itself. */
export interface Planner {
  integerWithoutIndex<Value extends bigint = bigint>(column: string): RawBuilder<Value>;
  textWithoutIndex(column: string): RawBuilder<string>;
}
