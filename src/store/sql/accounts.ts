// The rows of accounts.
import { type Kysely, sql } from 'kysely';
import type { AccountId } from '../../domain/credential.ts';
import type { Felt } from '../../domain/felt.ts';
import { isRevocableKind } from '../../domain/kinds.ts';
import type { Account, AccountLists, AccountReads, AccountWrites } from '../ports/accounts.ts';
import { columnList } from './column-list.ts';
import { raiseValidAfterFloor, setValidAfterFloor, validAfterFloor } from './meta.ts';
import { cursorOf, paged } from './pages.ts';
import { felt, isOne, nanos } from './rows.ts';
import { lowerSubkeysValidAfter, raiseSubkeyValidAfter } from './subkeys.ts';
import type { AccountTable, Tables } from './tables.ts';

const columns = [
  'account_id',
  'signer_type',
  'main_public_key',
  'eth_address',
  'valid_after',
  'locked_at',
  'created_at',
] as const;

type Row = Pick<AccountTable, (typeof columns)[number]>;
const listed = columnList(columns);

/** Throws DamagedRow, as accountOf does. */
export const mainKeyOf = (row: Pick<AccountTable, 'main_public_key'>): Felt =>
  felt(row.main_public_key, 'account.main_public_key');

function accountOf(row: Row): Account {
  const account: AccountId = felt(row.account_id, 'account.account_id');
  return {
    account,
    signer:
      row.signer_type === 'starknet'
        ? { type: 'starknet', publicKey: mainKeyOf(row) }
        : { type: 'eip191', ethAddress: row.eth_address },
    validAfter: nanos(row.valid_after, 'account.valid_after'),
    lockedAt: nanos(row.locked_at, 'account.locked_at'),
    createdAt: nanos(row.created_at, 'account.created_at'),
  };
}

export const accountReads = (db: Kysely<Tables>): AccountReads => ({
  async account(account) {
    const { rows } = await sql<Row>`select ${listed} from account where account_id = ${account}`.execute(db);
    return rows[0] && accountOf(rows[0]);
  },
});

export const accountLists = (db: Kysely<Tables>): AccountLists => ({
  async accounts(page) {
    let query = db.selectFrom('account').select(columns);
    const after = cursorOf('accounts', page);
    if (after !== undefined) query = query.where('account_id', '>', after);
    const rows = await query
      .orderBy('account_id')
      .limit(page.limit + 1)
      .execute();
    return paged(rows.map(accountOf), page, ({ account }) => account);
  },

  async accountsNamed(by, limit) {
    const all = db.selectFrom('account').select(columns).limit(limit);
    const named =
      'publicKey' in by
        ? all.where('main_public_key', '=', by.publicKey)
        : all.where('eth_address', '=', by.ethAddress);
    return (await named.execute()).map(accountOf);
  },
});

export const accountWrites = (db: Kysely<Tables>): AccountWrites => ({
  async insertAccount(account, ethereumLabel) {
    const floor = await validAfterFloor(db);
    const { numInsertedOrUpdatedRows } = await db
      .insertInto('account')
      .values({
        account_id: account.account,
        signer_type: account.signer.type,
        main_public_key: account.signer.type === 'starknet' ? account.signer.publicKey : '',
        eth_address: account.signer.type === 'eip191' ? account.signer.ethAddress : '',
        ethereum_label: ethereumLabel,
        valid_after: account.validAfter > floor ? account.validAfter : floor,
        main_valid_after: 0n,
        locked_at: account.lockedAt,
        created_at: account.createdAt,
      })
      .onConflict((c) => c.doNothing())
      .executeTakeFirstOrThrow();
    return isOne(numInsertedOrUpdatedRows);
  },

  async lockAccount(account, now) {
    const { numUpdatedRows } = await db
      .updateTable('account')
      .set({ locked_at: now })
      .where('account_id', '=', account)
      .where('locked_at', '=', 0n)
      .executeTakeFirstOrThrow();
    return isOne(numUpdatedRows);
  },

  async unlockAccount(account) {
    const { numUpdatedRows } = await db
      .updateTable('account')
      .set({ locked_at: 0n })
      .where('account_id', '=', account)
      .where('locked_at', '<>', 0n)
      .executeTakeFirstOrThrow();
    return isOne(numUpdatedRows);
  },

  async raiseValidAfter(account, to) {
    await db
      .updateTable('account')
      .set({ valid_after: to })
      .where('account_id', '=', account)
      .where('valid_after', '<', to)
      .execute();
  },

  async raiseCredentialValidAfter(credential, to) {
    if (isRevocableKind(credential.kind)) {
      await raiseSubkeyValidAfter(db, credential, to);
      return;
    }
    await db
      .updateTable('account')
      .set({ main_valid_after: to })
      .where('account_id', '=', credential.account)
      .where('main_valid_after', '<', to)
      .execute();
  },

  async raiseEveryValidAfter(to) {
    await db.updateTable('account').set({ valid_after: to }).where('valid_after', '<', to).execute();
    await raiseValidAfterFloor(db, to);
  },

  async setEveryValidAfter(to) {
    await db.updateTable('account').set({ valid_after: to }).execute();
    // May be lowered: sessions that the higher time ended stay dead, since the session keys are retired with it.
    await db.updateTable('account').set({ main_valid_after: to }).where('main_valid_after', '>', to).execute();
    await lowerSubkeysValidAfter(db, to);
    await setValidAfterFloor(db, to);
  },
});
