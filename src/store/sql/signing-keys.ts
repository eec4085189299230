// The rows of the JWT signing keys. As with credentials, each step of a key's life is one conditional UPDATE, and there is no
// way back from retired.
import { type Kysely, sql } from 'kysely';
import { type UnixNanos, unixNanos } from '../../domain/time.ts';
import type { SigningKeyRecord } from '../../jwt/signing-key.ts';
import type { StoreTransaction } from '../store.ts';
import { signingKeyOf } from './rows.ts';
import type { Tables } from './tables.ts';

export async function readSigningKeys(db: Kysely<Tables>): Promise<readonly SigningKeyRecord[]> {
  const rows = await db.selectFrom('signing_key').selectAll().orderBy('created_at').execute();
  return rows.map(signingKeyOf);
}

export async function insertSigningKey(db: Kysely<Tables>, record: SigningKeyRecord): Promise<void> {
  await db
    .insertInto('signing_key')
    .values({
      kid: record.kid,
      use: record.use,
      public_jwk: record.publicJwk,
      sealed_private_key: record.sealedPrivateKey,
      state: record.state,
      created_at: record.createdAt,
      retired_at: 0n,
      verify_until: record.verifyUntil ?? 0n,
    })
    .execute();
}

type SigningKeyWrites = Pick<
  StoreTransaction,
  | 'signingKeys'
  | 'insertSigningKey'
  | 'activateSigningKey'
  | 'stopSigningKey'
  | 'retireSigningKey'
  | 'revokeTokensSignedBy'
  | 'latestTokenExpiry'
>;

/** The part of a transaction that is about signing keys. */
export function createSigningKeyWrites(db: Kysely<Tables>): SigningKeyWrites {
  return {
    signingKeys: () => readSigningKeys(db),
    insertSigningKey: (record) => insertSigningKey(db, record),

    async activateSigningKey(kid) {
      const { numUpdatedRows } = await db
        .updateTable('signing_key')
        .set({ state: 'active' })
        .where('kid', '=', kid)
        .where('state', '=', 'published')
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    },

    async stopSigningKey(kid, verifyUntil) {
      const { numUpdatedRows } = await db
        .updateTable('signing_key')
        .set({ state: 'verifying', verify_until: verifyUntil })
        .where('kid', '=', kid)
        .where('state', '=', 'active')
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    },

    async retireSigningKey(kid, now) {
      const { numUpdatedRows } = await db
        .updateTable('signing_key')
        .set({ state: 'retired', retired_at: now })
        .where('kid', '=', kid)
        .where('state', '<>', 'retired')
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    },

    // What has expired ended by itself, and is listed so.
    async revokeTokensSignedBy(kid, now) {
      const { numUpdatedRows } = await db
        .updateTable('token')
        .set({ revoked_at: now, last_updated_at: now })
        .where('kid', '=', kid)
        .where('revoked_at', '=', sql.lit(0n))
        .where('expiry_at', '>', now)
        .executeTakeFirstOrThrow();
      return Number(numUpdatedRows);
    },

    // The end of an index in which no revoked token stands.
    async latestTokenExpiry() {
      const row = await db
        .selectFrom('token')
        .select('expiry_at')
        .where('revoked_at', '=', sql.lit(0n))
        .orderBy('expiry_at', 'desc')
        .limit(1)
        .executeTakeFirst();
      return unixNanos(row?.expiry_at ?? 0n);
    },
  };
}

export async function countTokensSignedBy(db: Kysely<Tables>, kid: string, now: UnixNanos): Promise<number> {
  const { tokens } = await db
    .selectFrom('token')
    .select((e) => e.fn.countAll<bigint>().as('tokens'))
    .where('kid', '=', kid)
    .where('revoked_at', '=', sql.lit(0n))
    .where('expiry_at', '>', now)
    .executeTakeFirstOrThrow();
  return Number(tokens);
}
