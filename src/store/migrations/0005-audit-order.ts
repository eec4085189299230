// The audit log in the order in which it was written, which a clock that is set back does not change.
import type { Kysely } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  // With the time, so that rows of other times are passed over without being read.
  await db.schema.createIndex('audit_by_id').on('audit').columns(['id', 'at']).execute();
}
