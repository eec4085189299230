// Looking a credential up among those of all accounts, by what names it: for the operator, who was told no account.
import type { Kysely } from 'kysely';
import type { Store } from '../store.ts';
import { accountOf, subkeyOf, tokenOf } from './rows.ts';
import type { Tables } from './tables.ts';

export const createSearches = (db: Kysely<Tables>): Pick<Store, 'subkeysNamed' | 'tokensNamed' | 'accountsNamed'> => ({
  async subkeysNamed(by, limit) {
    const all = db.selectFrom('subkey').selectAll().orderBy('id', 'desc').limit(limit);
    const named = 'id' in by ? all.where('id', '=', by.id) : all.where('public_key', '=', by.publicKey);
    return (await named.execute()).map(subkeyOf);
  },

  async tokensNamed(by, limit) {
    const all = db.selectFrom('token').selectAll().limit(limit);
    const named = 'tokenId' in by ? all.where('token_id', '=', by.tokenId) : all.where('lookup_id', '=', by.lookupId);
    return (await named.execute()).map(tokenOf);
  },

  async accountsNamed(by, limit) {
    const all = db.selectFrom('account').selectAll().limit(limit);
    const named =
      'publicKey' in by
        ? all.where('main_public_key', '=', by.publicKey)
        : all.where('eth_address', '=', by.ethAddress);
    return (await named.execute()).map(accountOf);
  },
});
