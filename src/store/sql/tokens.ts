// What setting the clock does to all that was written while it was wrong. What had ended by the wrong time stays ended, and what was
// made in the future, and so would end too late, ends with it; nothing here makes anything live again.
import { type Kysely, sql } from 'kysely';
import { nanosOfSeconds, type UnixNanos, unixNanos } from '../../domain/time.ts';
import type { StoreTransaction } from '../store.ts';
import { revokedByAccount } from './credentials.ts';
import { DATED_UNTIL, HIGHEST_TIME, VALID_AFTER_FLOOR } from './meta.ts';
import { revokedSubkey, type Tables } from './tables.ts';

type ClockWrites = Pick<StoreTransaction, 'setEveryValidAfter' | 'revokeUntimely' | 'dateSigningKey' | 'markDated'>;

/** No nonce of a message has a colon: beside them stand the seconds that a signature of a credential must not bear again. */
export const dateMark = (signer: string, seconds: number): string => `dated:${signer}:${seconds}`;

export function createClockWrites(db: Kysely<Tables>): ClockWrites {
  return {
    async setEveryValidAfter(to) {
      await db.updateTable('account').set({ valid_after: to }).execute();
      // The sessions that a higher one ended are dead by their key.
      await db.updateTable('account').set({ main_valid_after: to }).where('main_valid_after', '>', to).execute();
      await db.updateTable('subkey').set({ valid_after: to }).where('valid_after', '>', to).execute();
      await db
        .insertInto('meta')
        .values({ name: VALID_AFTER_FLOOR, value: to, text: '' })
        .onConflict((c) => c.column('name').doUpdateSet({ value: to }))
        .execute();
    },

    async revokeUntimely(now, latest) {
      const subkeys = await db
        .updateTable('subkey')
        .set({ ...revokedSubkey, revoked_at: now, updated_at: now })
        .where('state', '<>', sql.lit('revoked'))
        .where((e) =>
          e.or([
            e.and([e('expires_at', '>', now), e('expires_at', '<=', latest)]),
            e.and([e('pending_until', '>', now), e('pending_until', '<=', latest)]),
            e.and([
              e('created_at', '>', now),
              e.or([e('expires_at', '<>', sql.lit(0n)), e('state', '=', sql.lit('pending'))]),
            ]),
          ]),
        )
        .returning(['account_id', 'id', 'public_key'])
        .execute();
      const tokens = await db
        .updateTable('token')
        .set({ revoked_at: now, last_updated_at: now })
        .where('revoked_at', '=', sql.lit(0n))
        .where((e) =>
          e.or([e('created_at', '>', now), e.and([e('expiry_at', '>', now), e('expiry_at', '<=', latest)])]),
        )
        .returning(['account_id', 'token_id', 'lookup_id'])
        .execute();
      return revokedByAccount(subkeys, tokens);
    },

    async dateSigningKey(kid, createdAt) {
      await db.updateTable('signing_key').set({ created_at: createdAt }).where('kid', '=', kid).execute();
    },

    async markDated(account, signer, seconds, expiresAt) {
      await db
        .insertInto('siwe_nonce')
        .values({ account_id: account, nonce: dateMark(signer, seconds), expires_at: expiresAt, used_at: 0n })
        .onConflict((c) => c.doNothing())
        .execute();
      const until = nanosOfSeconds(seconds);
      await db
        .insertInto('meta')
        .values({ name: DATED_UNTIL, value: until, text: '' })
        .onConflict((c) => c.column('name').doUpdateSet({ value: until }).where('meta.value', '<', until))
        .execute();
    },
  };
}

export async function readDatedUntil(db: Kysely<Tables>): Promise<UnixNanos> {
  const row = await db.selectFrom('meta').select('value').where('name', '=', DATED_UNTIL).executeTakeFirst();
  return unixNanos(row?.value ?? 0n);
}

/** The highest time seen becomes this one, also where it was higher. */
export async function setHighestTime(db: Kysely<Tables>, to: UnixNanos): Promise<void> {
  await db.updateTable('meta').set({ value: to }).where('name', '=', HIGHEST_TIME).execute();
}
