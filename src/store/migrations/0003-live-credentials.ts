// Indexes of what lives: a list, a limit and the rotation of a key must not pass over all that an account, or everybody, has ever
// ended. Partial, so that a revoked row costs them nothing.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  await sql`create index subkey_unrevoked on subkey (account_id, id) where state <> 'revoked'`.execute(db);
  // Expired tokens are not revoked: the live ones of an account lie at the end.
  await sql`create index token_unrevoked on token (account_id, expiry_at) where revoked_at = 0`.execute(db);
  await sql`create index token_unrevoked_by_expiry on token (expiry_at) where revoked_at = 0`.execute(db);
  await db.schema.dropIndex('token_by_expiry').execute();
}
