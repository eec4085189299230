// What a restore does to all accounts at once. A backup has forgotten what happened after it was taken, so what it cannot know
// to be alive is ended here; nothing here ever makes anything live longer.
import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { RevokedCredentials, StoreTransaction } from '../store.ts';
import { EPOCH, NEXT_AUDIT_ID, NEXT_SUBKEY_ID, VALID_AFTER_FLOOR } from './meta.ts';
import { accountIdOf } from './rows.ts';
import { revokedSubkey, type SubkeyTable, type Tables, type TokenTable } from './tables.ts';

/**
 * More subkeys, and more audit rows, than a store gets between two backups. An id of a lost row must never name another
 * credential: whoever kept a copy of the audit log could not tell the two apart.
 */
const LOST_IDS = 1_000_000n;

export async function validAfterFloor(db: Kysely<Tables>): Promise<bigint> {
  const row = await db.selectFrom('meta').select('value').where('name', '=', VALID_AFTER_FLOOR).executeTakeFirst();
  return row?.value ?? 0n;
}

type RestoreWrites = Pick<StoreTransaction, 'renewEpoch' | 'raiseEveryValidAfter' | 'revokeCredentials'>;

export function createRestoreWrites(db: Kysely<Tables>): RestoreWrites {
  return {
    async renewEpoch() {
      const epoch = randomUUID();
      await db.updateTable('meta').set({ text: epoch }).where('name', '=', EPOCH).execute();
      await db
        .updateTable('meta')
        .set((e) => ({ value: e('value', '+', LOST_IDS) }))
        .where('name', 'in', [NEXT_SUBKEY_ID, NEXT_AUDIT_ID])
        .execute();
      return epoch;
    },

    async raiseEveryValidAfter(to) {
      await db.updateTable('account').set({ valid_after: to }).where('valid_after', '<', to).execute();
      await db
        .insertInto('meta')
        .values({ name: VALID_AFTER_FLOOR, value: to, text: '' })
        .onConflict((c) => c.column('name').doUpdateSet({ value: to }).where('meta.value', '<', to))
        .execute();
    },

    async revokeCredentials(accounts, kinds, now) {
      const subkeys = await db
        .updateTable('subkey')
        .set({ ...revokedSubkey, revoked_at: now, updated_at: now })
        .where('account_id', 'in', accounts)
        .where('state', kinds.subkeys === 'all' ? '<>' : '=', kinds.subkeys === 'all' ? 'revoked' : 'pending')
        .returning(['account_id', 'id', 'public_key'])
        .execute();
      const tokens = !kinds.tokens
        ? []
        : await db
            .updateTable('token')
            .set({ revoked_at: now, last_updated_at: now })
            .where('account_id', 'in', accounts)
            .where('revoked_at', '=', 0n)
            .returning(['account_id', 'token_id', 'lookup_id'])
            .execute();
      return revokedByAccount(subkeys, tokens);
    },
  };
}

/** Rows as they were revoked, by their accounts. Throws DamagedRow. */
export function revokedByAccount(
  subkeys: readonly Pick<SubkeyTable, 'account_id' | 'id' | 'public_key'>[],
  tokens: readonly Pick<TokenTable, 'account_id' | 'token_id' | 'lookup_id'>[],
): readonly RevokedCredentials[] {
  const [subkeysOf, tokensOf] = [byAccount(subkeys), byAccount(tokens)];
  return [...new Set([...subkeysOf.keys(), ...tokensOf.keys()])].map((account) => ({
    account: accountIdOf(account),
    subkeys: (subkeysOf.get(account) ?? []).map(({ id, public_key }) => ({ id, publicKey: public_key })),
    tokens: (tokensOf.get(account) ?? []).map((row) => ({ tokenId: row.token_id, lookupId: row.lookup_id })),
  }));
}

const byAccount = <Row extends { account_id: string }>(rows: readonly Row[]): ReadonlyMap<string, readonly Row[]> =>
  Map.groupBy(rows, (row) => row.account_id);
