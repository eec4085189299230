// Why requests were refused, for the owners of their credentials: kept for days and bounded, unlike the audit log.
import type { Kysely } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  await db.schema
    .createTable('explanation')
    .addColumn('request_id', 'text', (c) => c.primaryKey())
    .addColumn('account_id', 'text', (c) => c.notNull())
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addColumn('credential', 'text', (c) => c.notNull())
    .addColumn('reason', 'text', (c) => c.notNull())
    .addColumn('route', 'text', (c) => c.notNull())
    .addColumn('others', 'bigint', (c) => c.notNull())
    .addColumn('detail', 'text', (c) => c.notNull())
    .execute();
  const index = (name: string, columns: string[]) =>
    db.schema.createIndex(`explanation_by_${name}`).on('explanation').columns(columns).execute();
  await index('account', ['account_id', 'at']);
  await index('reason', ['account_id', 'credential', 'reason', 'at']);
  await index('time', ['at']);
}
