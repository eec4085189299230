// What the operator's side needs: how long a signing key that no longer signs must be kept, and the audit log in order of time.
import type { Kysely } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  await db.schema
    .alterTable('signing_key')
    .addColumn('verify_until', 'bigint', (c) => c.notNull().defaultTo(0))
    .execute();
  await db.schema.createIndex('token_by_expiry').on('token').columns(['expiry_at']).execute();
  await db.schema.createIndex('audit_by_time').on('audit').columns(['at', 'id']).execute();
}
