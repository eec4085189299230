// Which proofs that count once were used before. A read, for who must know it before anything is written, and the first half of each
// use.
import type { Kysely } from 'kysely';
import { unixNanos } from '../../domain/time.ts';
import type { EarlierUse, Store } from '../store.ts';
import type { Tables } from './tables.ts';

export const createUsedMarks = (db: Kysely<Tables>): Pick<Store, 'usedSignature' | 'usedSiweNonce'> => ({
  async usedSignature(account, purpose, { hash, by }) {
    const row = await db
      .selectFrom('used_signature')
      .select('used_at')
      .where('account_id', '=', account)
      .where('purpose', '=', purpose)
      // A mark that names no key was made before marks did: it stands for every key, until it is purged within minutes.
      .where('message_hash', 'in', [hash, `${hash}/${by}`])
      .limit(1)
      .executeTakeFirst();
    return earlierUse(row);
  },

  async usedSiweNonce(account, nonce) {
    const row = await db
      .selectFrom('siwe_nonce')
      .select('used_at')
      .where('account_id', '=', account)
      .where('nonce', '=', nonce)
      .executeTakeFirst();
    return earlierUse(row);
  },
});

const earlierUse = (row: { used_at: bigint } | undefined): EarlierUse | undefined =>
  row && { at: unixNanos(row.used_at) };
