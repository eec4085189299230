// Rotation of tokens: which token replaces which, and the life that a token was made with, which its expiry no longer tells once a
// rotation has brought that forward. Such a change forbids something later on: the log says when.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  await sql`alter table token add column replaced_by text not null default ''`.execute(db);
  await sql`alter table token add column replaces text not null default ''`.execute(db);
  await sql`alter table token add column lifetime bigint not null default 0`.execute(db);
  await sql`alter table change_log add column narrows_at bigint not null default 0`.execute(db);
}
