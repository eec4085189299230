// The rows of marks that make something count once. Each use reads first, and writes if it found nothing.
import type { Kysely } from 'kysely';
import { type Clock, nanosOfSeconds, type UnixNanos, unixNanos } from '../../domain/time.ts';
import type { EarlierUse, MarkReads, MarkWrites } from '../ports/marks.ts';
import { raiseDatedUntil } from './meta.ts';
import type { Tables } from './tables.ts';

export const usedMarks = (db: Kysely<Tables>): Pick<MarkReads, 'usedSignature' | 'usedSiweNonce'> => ({
  async usedSignature(account, purpose, { hash, by }) {
    const row = await db
      .selectFrom('used_signature')
      .select('used_at')
      .where('account_id', '=', account)
      .where('purpose', '=', purpose)
      // A mark without a key is of an older release and counts for every key. It is purged within minutes.
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

/** Kept among the nonces: no nonce of a message has a colon. */
const dateMark = (signer: string, seconds: number): string => `dated:${signer}:${seconds}`;

export async function hasDateMark(
  db: Kysely<Tables>,
  ...[account, signer, seconds]: Parameters<MarkReads['isDated']>
): Promise<boolean> {
  const row = await db
    .selectFrom('siwe_nonce')
    .select('nonce')
    .where('account_id', '=', account)
    .where('nonce', '=', dateMark(signer, seconds))
    .executeTakeFirst();
  return row !== undefined;
}

export function markWrites(db: Kysely<Tables>, clock: Clock): MarkWrites {
  const used = usedMarks(db);
  return {
    async useSignature(account, purpose, signed, expiresAt) {
      const earlier = await used.usedSignature(account, purpose, signed);
      if (earlier !== undefined) return earlier;
      const message_hash = `${signed.hash}/${signed.by}`;
      await db
        .insertInto('used_signature')
        .values({ account_id: account, purpose, message_hash, expires_at: expiresAt, used_at: clock.now() })
        .execute();
      return undefined;
    },

    async useSiweNonce(account, nonce, expiresAt) {
      const earlier = await used.usedSiweNonce(account, nonce);
      if (earlier !== undefined) return earlier;
      await db
        .insertInto('siwe_nonce')
        .values({ account_id: account, nonce, expires_at: expiresAt, used_at: clock.now() })
        .execute();
      return undefined;
    },

    async markDated(account, signer, seconds, expiresAt) {
      await db
        .insertInto('siwe_nonce')
        .values({ account_id: account, nonce: dateMark(signer, seconds), expires_at: expiresAt, used_at: 0n })
        .onConflict((c) => c.doNothing())
        .execute();
      await raiseDatedUntil(db, nanosOfSeconds(seconds));
    },
  };
}

export async function deleteExpiredMarks(db: Kysely<Tables>, now: UnixNanos): Promise<void> {
  await db.deleteFrom('used_signature').where('expires_at', '<', now).execute();
  await db.deleteFrom('siwe_nonce').where('expires_at', '<', now).execute();
}
