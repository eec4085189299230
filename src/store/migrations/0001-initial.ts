// The first tables. Append-only from here on: a released migration is never edited, and each runs on every supported database.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  await db.schema
    .createTable('account')
    .addColumn('account_id', 'text', (c) => c.primaryKey())
    .addColumn('signer_type', 'text', (c) => c.notNull())
    .addColumn('main_public_key', 'text', (c) => c.notNull())
    .addColumn('eth_address', 'text', (c) => c.notNull())
    .addColumn('ethereum_label', 'text', (c) => c.notNull())
    .addColumn('valid_after', 'bigint', (c) => c.notNull())
    .addColumn('main_valid_after', 'bigint', (c) => c.notNull())
    .addColumn('locked_at', 'bigint', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addCheckConstraint('account_signer', sql`signer_type in ('starknet', 'eip191')`)
    .execute();

  await db.schema
    .createTable('subkey')
    .addColumn('account_id', 'text', (c) => c.notNull().references('account.account_id'))
    .addColumn('id', 'bigint', (c) => c.notNull())
    .addColumn('public_key', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('allowlist', 'text', (c) => c.notNull())
    .addColumn('encrypted_key', 'text', (c) => c.notNull())
    .addColumn('eph_public_key', 'text', (c) => c.notNull())
    .addColumn('pending_until', 'bigint', (c) => c.notNull())
    .addColumn('valid_after', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .addColumn('revoked_at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('subkey_pk', ['account_id', 'id'])
    .addCheckConstraint('subkey_state', sql`state in ('active', 'pending', 'revoked')`)
    .execute();
  // One live row per key and account; revoked rows of the same key may stand beside it as history.
  await sql`create unique index subkey_live on subkey (account_id, public_key) where state <> 'revoked'`.execute(db);
  // The activation signature names neither account nor subkey, so no two pending keys may share an ephemeral key (docs/wire.md section 7).
  await sql`create unique index subkey_ephemeral on subkey (eph_public_key) where state = 'pending'`.execute(db);
  await db.schema.createIndex('subkey_by_key').on('subkey').columns(['account_id', 'public_key']).execute();

  await db.schema
    .createTable('token')
    .addColumn('account_id', 'text', (c) => c.notNull().references('account.account_id'))
    .addColumn('token_id', 'text', (c) => c.notNull())
    .addColumn('lookup_id', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('allowlist', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('expiry_at', 'bigint', (c) => c.notNull())
    .addColumn('last_updated_at', 'bigint', (c) => c.notNull())
    .addColumn('revoked_at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('token_pk', ['account_id', 'token_id'])
    .addUniqueConstraint('token_lookup', ['account_id', 'lookup_id'])
    .execute();

  await db.schema
    .createTable('signing_key')
    .addColumn('kid', 'text', (c) => c.primaryKey())
    .addColumn('use', 'text', (c) => c.notNull())
    .addColumn('public_jwk', 'text', (c) => c.notNull())
    .addColumn('sealed_private_key', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('retired_at', 'bigint', (c) => c.notNull())
    .execute();

  await db.schema
    .createTable('used_signature')
    .addColumn('account_id', 'text', (c) => c.notNull())
    .addColumn('purpose', 'text', (c) => c.notNull())
    .addColumn('message_hash', 'text', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('used_signature_pk', ['account_id', 'purpose', 'message_hash'])
    .execute();
  await db.schema.createIndex('used_signature_expiry').on('used_signature').column('expires_at').execute();

  await db.schema
    .createTable('siwe_nonce')
    .addColumn('account_id', 'text', (c) => c.notNull())
    .addColumn('nonce', 'text', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('siwe_nonce_pk', ['account_id', 'nonce'])
    .execute();
  await db.schema.createIndex('siwe_nonce_expiry').on('siwe_nonce').column('expires_at').execute();

  await db.schema
    .createTable('audit')
    .addColumn('account_id', 'text', (c) => c.notNull())
    .addColumn('id', 'bigint', (c) => c.notNull())
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addColumn('action', 'text', (c) => c.notNull())
    .addColumn('actor', 'text', (c) => c.notNull())
    .addColumn('subject', 'text', (c) => c.notNull())
    .addColumn('request_id', 'text', (c) => c.notNull())
    .addColumn('client_ip', 'text', (c) => c.notNull())
    .addColumn('detail', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('audit_pk', ['account_id', 'id'])
    .execute();

  await db.schema
    .createTable('change_log')
    .addColumn('position', 'bigint', (c) => c.primaryKey())
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addColumn('account_id', 'text', (c) => c.notNull())
    .addColumn('action', 'text', (c) => c.notNull())
    .addColumn('subjects', 'text', (c) => c.notNull())
    .addColumn('narrows', 'bigint', (c) => c.notNull())
    .execute();

  await db.schema
    .createTable('meta')
    .addColumn('name', 'text', (c) => c.primaryKey())
    .addColumn('value', 'bigint', (c) => c.notNull())
    .addColumn('text', 'text', (c) => c.notNull())
    .execute();
}
