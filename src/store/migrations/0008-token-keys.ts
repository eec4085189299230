// Which key signed each token, so that the tokens of a retired key are ended in their rows, too: in lists, and for limits.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  await sql`alter table token add column kid text not null default ''`.execute(db);
  // A key signs from its activation on, which the audit log has; the first of each use, which it has not, from when it was made. The
  // newest of those signed. Within the moment of a rotation that may name its neighbour.
  await sql`
    with signer as materialized (
      select kid, coalesce((select max(at) from audit
               where account_id = '0x0' and action = 'signing_key.activated' and subject = 'kid/' || signing_key.kid), created_at) as since
        from signing_key where "use" = 'token' and state <> 'published')
    update token set kid = coalesce(
      (select kid from signer where since <= token.created_at order by since desc limit 1), '')`.execute(db);
  // What retired keys signed has been dead since.
  await sql`
    update token set
      revoked_at = (select retired_at from signing_key where signing_key.kid = token.kid),
      last_updated_at = (select retired_at from signing_key where signing_key.kid = token.kid)
    where revoked_at = 0 and exists (select 1 from signing_key
      where signing_key.kid = token.kid and state = 'retired' and token.expiry_at > retired_at)`.execute(db);
  await sql`create index token_unrevoked_by_key on token (kid, expiry_at) where revoked_at = 0`.execute(db);
}
