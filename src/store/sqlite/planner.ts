// SQLite knows nothing of the rows when it chooses an index: it would walk a primary key through every dead row. No index matches an
// expression.
import { sql } from 'kysely';
import type { Planner } from '../sql/planner.ts';

export const planner: Planner = {
  integerWithoutIndex: (column) => sql`${sql.ref(column)} + 0`,
  textWithoutIndex: (column) => sql`${sql.ref(column)} || ''`,
};
