// Accounts: main key or wallet, lock, and the time before which every session is dead.
import type { AccountId, SessionCredentialRef } from '../../domain/credential.ts';
import type { Felt } from '../../domain/felt.ts';
import type { UnixNanos } from '../../domain/time.ts';
import type { Page, PageRequest } from './page.ts';

export interface Account {
  readonly account: AccountId;
  readonly signer:
    | { readonly type: 'starknet'; readonly publicKey: Felt }
    | { readonly type: 'eip191'; readonly ethAddress: string };
  readonly validAfter: UnixNanos;
  /** 0 = not locked. */
  readonly lockedAt: UnixNanos;
  readonly createdAt: UnixNanos;
}

export interface AccountReads {
  account(account: AccountId): Promise<Account | undefined>;
}

export interface AccountLists {
  /** By account id. */
  accounts(page: PageRequest): Promise<Page<Account>>;
  /** By the main public key or the wallet's address, in lower case. */
  accountsNamed(
    by: { readonly publicKey: Felt } | { readonly ethAddress: string },
    limit: number,
  ): Promise<readonly Account[]>;
}

export interface AccountWrites {
  /** False when the account exists already: nothing was written. */
  insertAccount(account: Account, ethereumLabel: string): Promise<boolean>;
  /** False when it was in that state already: nothing was written. */
  lockAccount(account: AccountId, now: UnixNanos): Promise<boolean>;
  unlockAccount(account: AccountId): Promise<boolean>;
  /** Never lowers. Sessions of any credential of the account are dead if their auth_time is at or before `to`. */
  raiseValidAfter(account: AccountId, to: UnixNanos): Promise<void>;
  /** As raiseValidAfter, for the sessions of one main key, wallet or subkey. */
  raiseCredentialValidAfter(credential: SessionCredentialRef, to: UnixNanos): Promise<void>;
  /** Never lowers. For every account, and the minimum for accounts onboarded later. */
  raiseEveryValidAfter(to: UnixNanos): Promise<void>;
  /** Raises or lowers. For every account, and the minimum for accounts onboarded later. */
  setEveryValidAfter(to: UnixNanos): Promise<void>;
}
