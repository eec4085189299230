// What tells a request that is repeated after a lost answer from somebody else's: by which proof a subkey was registered, who took
// its ciphertext, and when a signature or nonce was used. Rows of older releases say nothing of it.
import type { Kysely } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  for (const name of ['registered_by', 'activated_by', 'activated_from']) {
    await db.schema
      .alterTable('subkey')
      .addColumn(name, 'text', (c) => c.notNull().defaultTo(''))
      .execute();
  }
  await db.schema
    .alterTable('subkey')
    .addColumn('activated_at', 'bigint', (c) => c.notNull().defaultTo(0))
    .execute();
  for (const table of ['used_signature', 'siwe_nonce']) {
    await db.schema
      .alterTable(table)
      .addColumn('used_at', 'bigint', (c) => c.notNull().defaultTo(0))
      .execute();
  }
}
