// The rows of the JWT signing keys. Each step of a key's life is one conditional UPDATE. Nothing leads back from retired.
import type { Kysely } from 'kysely';
import { keyUse } from '../../jwt/kinds.ts';
import { type SigningKeyRecord, signingKeyState } from '../../jwt/signing-key.ts';
import type { SigningKeyInsert, SigningKeyReads, SigningKeyWrites } from '../ports/signing-keys.ts';
import { DamagedRow, isOne, nanos } from './rows.ts';
import type { SigningKeyTable, Tables } from './tables.ts';

const columns = ['kid', 'use', 'public_jwk', 'sealed_private_key', 'state', 'created_at', 'verify_until'] as const;

export function signingKeyOf(row: Pick<SigningKeyTable, (typeof columns)[number]>): SigningKeyRecord {
  const use = keyUse(row.use);
  if (use === undefined) throw new DamagedRow('signing_key.use');
  const state = signingKeyState(row.state);
  if (state === undefined) throw new DamagedRow('signing_key.state');
  return {
    kid: row.kid,
    use,
    publicJwk: row.public_jwk,
    sealedPrivateKey: row.sealed_private_key,
    state,
    createdAt: nanos(row.created_at, 'signing_key.created_at'),
    ...(state === 'verifying' ? { verifyUntil: nanos(row.verify_until, 'signing_key.verify_until') } : {}),
  };
}

export const signingKeyReads = (db: Kysely<Tables>): SigningKeyReads => ({
  async signingKeys() {
    const rows = await db.selectFrom('signing_key').select(columns).orderBy('created_at').execute();
    return rows.map(signingKeyOf);
  },
});

export const signingKeyInsert = (db: Kysely<Tables>): SigningKeyInsert => ({
  async insertSigningKey(record) {
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
  },
});

export const signingKeyWrites = (db: Kysely<Tables>): SigningKeyWrites => ({
  ...signingKeyInsert(db),

  async activateSigningKey(kid) {
    const { numUpdatedRows } = await db
      .updateTable('signing_key')
      .set({ state: 'active' })
      .where('kid', '=', kid)
      .where('state', '=', 'published')
      .executeTakeFirstOrThrow();
    return isOne(numUpdatedRows);
  },

  async stopSigningKey(kid, verifyUntil) {
    const { numUpdatedRows } = await db
      .updateTable('signing_key')
      .set({ state: 'verifying', verify_until: verifyUntil })
      .where('kid', '=', kid)
      .where('state', '=', 'active')
      .executeTakeFirstOrThrow();
    return isOne(numUpdatedRows);
  },

  async retireSigningKey(kid, now) {
    const { numUpdatedRows } = await db
      .updateTable('signing_key')
      .set({ state: 'retired', retired_at: now })
      .where('kid', '=', kid)
      .where('state', '<>', 'retired')
      .executeTakeFirstOrThrow();
    return isOne(numUpdatedRows);
  },

  async dateSigningKey(kid, createdAt) {
    await db.updateTable('signing_key').set({ created_at: createdAt }).where('kid', '=', kid).execute();
  },
});
