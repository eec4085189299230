// What each credential was used for: counts of a day, its last use, and the addresses it was used from.
import { type Kysely, SqliteAdapter, sql } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  // One tree for key and row: SQLite would keep these long keys twice. PostgreSQL has nothing of the kind.
  const stored = db.getExecutor().adapter instanceof SqliteAdapter ? sql`without rowid` : sql``;
  // The day first: what is written now lies together, and what is purged too.
  await db.schema
    .createTable('usage_day')
    .addColumn('day', 'bigint', (c) => c.notNull())
    .addColumn('account_id', 'text', (c) => c.notNull())
    .addColumn('credential', 'text', (c) => c.notNull())
    .addColumn('allowed', 'bigint', (c) => c.notNull())
    .addColumn('refused', 'bigint', (c) => c.notNull())
    .addColumn('limited', 'bigint', (c) => c.notNull())
    .addColumn('failed', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('usage_day_pk', ['day', 'account_id', 'credential'])
    .modifyEnd(stored)
    .execute();
  await db.schema
    .createTable('last_use')
    .addColumn('account_id', 'text', (c) => c.notNull())
    .addColumn('credential', 'text', (c) => c.notNull())
    .addColumn('last_at', 'bigint', (c) => c.notNull())
    .addColumn('last_ip', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('last_use_pk', ['account_id', 'credential'])
    .modifyEnd(stored)
    .execute();
  await db.schema
    .createTable('used_address')
    .addColumn('account_id', 'text', (c) => c.notNull())
    .addColumn('credential', 'text', (c) => c.notNull())
    .addColumn('address', 'text', (c) => c.notNull())
    .addColumn('first_at', 'bigint', (c) => c.notNull())
    .addColumn('last_at', 'bigint', (c) => c.notNull())
    .addColumn('last_day', 'bigint', (c) => c.notNull())
    .addColumn('allowed', 'bigint', (c) => c.notNull())
    .addColumn('refused', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('used_address_pk', ['account_id', 'credential', 'address'])
    .modifyEnd(stored)
    .execute();
  // By day, not by time: an entry moves once a day, and not with every write.
  await db.schema.createIndex('used_address_by_day').on('used_address').columns(['last_day']).execute();
}
