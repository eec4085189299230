// Indexes of what an operator looks for on the night of a leak: one credential among all, by whatever names it, and the rows of the
// audit log from an address or of one request, in the order in which they were written.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  await db.schema.createIndex('subkey_by_public_key').on('subkey').columns(['public_key', 'id']).execute();
  await db.schema.createIndex('subkey_by_id').on('subkey').columns(['id']).execute();
  await db.schema.createIndex('token_by_lookup_id').on('token').columns(['lookup_id']).execute();
  await db.schema.createIndex('token_by_id').on('token').columns(['token_id']).execute();
  await db.schema.createIndex('account_by_public_key').on('account').columns(['main_public_key']).execute();
  await db.schema.createIndex('account_by_wallet').on('account').columns(['eth_address']).execute();

  await db.schema.createIndex('audit_by_client').on('audit').columns(['client_ip', 'id']).execute();
  await db.schema.createIndex('audit_by_request').on('audit').columns(['request_id', 'id']).execute();
  // Nearly all rows are logins, and are found without an index.
  await sql`create index audit_by_action on audit (action, id) where action <> 'login'`.execute(db);
}
