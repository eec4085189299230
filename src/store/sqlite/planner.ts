// SQLite chooses an index by how much of it a condition names, as if all rows were alike: it would walk a primary key where every dead
// row stands as well. An expression is in no index.
import { sql } from 'kysely';
import type { Planner } from '../sql/planner.ts';

export const planner: Planner = {
  integerWithoutIndex: (column) => sql`${sql.ref(column)} + 0`,
  textWithoutIndex: (column) => sql`${sql.ref(column)} || ''`,
};
