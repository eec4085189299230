// Devices: browsers and command lines that an owner signed in.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  await db.schema
    .createTable('device')
    .addColumn('account_id', 'text', (c) => c.notNull().references('account.account_id'))
    .addColumn('device_id', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('thumbprint', 'text', (c) => c.notNull())
    .addColumn('auth_time', 'bigint', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .addColumn('idle_seconds', 'bigint', (c) => c.notNull())
    .addColumn('idle_until', 'bigint', (c) => c.notNull())
    .addColumn('last_used_at', 'bigint', (c) => c.notNull())
    .addColumn('last_used_ip', 'text', (c) => c.notNull())
    .addColumn('ended_at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('device_pk', ['account_id', 'device_id'])
    .execute();
  // A proof names the device alone.
  await sql`create unique index device_by_id on device (device_id)`.execute(db);
  await sql`create index device_unended on device (account_id, expires_at) where ended_at = 0`.execute(db);
  await sql`create index device_unended_by_key on device (thumbprint) where ended_at = 0`.execute(db);
}
