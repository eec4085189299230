// Reads an account that a request or an operator names, before anything is proven.
import type { AccountId } from '../domain/credential.ts';
import { parseFelt } from '../domain/felt.ts';
import { ApiError } from '../errors.ts';
import type { Account, Store } from '../store/store.ts';

/** Throws NOT_ONBOARDED. */
export async function knownAccount(store: Pick<Store, 'account'>, id: AccountId): Promise<Account> {
  const account = await store.account(id);
  if (account !== undefined) return account;
  // paradex-py onboards by itself on this code (docs/wire.md section 11). The words are general so that they never tell whose subkey a key is.
  throw new ApiError(
    'NOT_ONBOARDED',
    'user has never called the /onboarding endpoint; the account must be that of the main key, also when a subkey signs',
  );
}

/** An account as the operator wrote it. Throws INVALID_STARKNET_ADDRESS. */
export function readAccount(text: string): AccountId {
  const account = parseFelt(text);
  if (account === undefined) throw new ApiError('INVALID_STARKNET_ADDRESS', 'the account is not a Starknet address');
  return account;
}

/** For the operator, who may have pasted a key or a wallet instead of an account. */
export const noSuchAccount = (id: AccountId): ApiError =>
  new ApiError(
    'ACCOUNT_NOT_FOUND',
    `no such account: ${id}. If it is the key or the wallet of one, countersign credentials find ${id} says of which`,
  );
