// How a statement keeps the planner of its database from finding rows by one column, where another condition finds fewer.
import type { RawBuilder } from 'kysely';

/** The column as it is, in an expression that no index holds. On a database that plans by what is in its tables: the column itself. */
export interface Planner {
  integerWithoutIndex<Value extends bigint = bigint>(column: string): RawBuilder<Value>;
  textWithoutIndex(column: string): RawBuilder<string>;
}
