// Indexes of lists that passed over what is dead: tokens of one kind among all that an account ever had, and subkeys that ended by
// themselves among those that nobody revoked.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  await db.schema.createIndex('token_by_kind').on('token').columns(['account_id', 'kind', 'token_id']).execute();
  // 0 is never: it stands at the end here, as 2^63-1, so that what lives is one range.
  await sql`create index subkey_unrevoked_by_end on subkey
    (account_id, case expires_at when 0 then 9223372036854775807 else expires_at end) where state <> 'revoked'`.execute(
    db,
  );
  await db.schema.dropIndex('subkey_unrevoked').execute();
}
