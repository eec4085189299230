// The operator's lock: everything of the account stops at once, requests in flight included; unlocking restores all of it.
import { type AccountId, accountSubject } from '../domain/credential.ts';
import type { Clock } from '../domain/time.ts';
import type { Changed, Changes } from '../revocation/commit.ts';
import type { Account, StoreTransaction } from '../store/store.ts';
import { noSuchAccount } from './known-account.ts';
import type { OperatorAct } from './operator-act.ts';
import { type Recorded, record } from './record.ts';

export interface LockAccount {
  /** Idempotent. Until unlocked, every request and login of the account is refused. */
  lock(account: AccountId, act: OperatorAct): Promise<Changed<Account>>;
  /** Idempotent. Credentials and sessions that have not expired meanwhile work again. */
  unlock(account: AccountId, act: OperatorAct): Promise<Changed<Account>>;
}

/** Both throw ACCOUNT_NOT_FOUND and SERVICE_UNAVAILABLE. A lock that could not be written still holds on this node. */
export function createLockAccount({ changes, clock }: { changes: Changes; clock: Clock }): LockAccount {
  return {
    lock: (account, act) =>
      changes.commit(
        async (tx) => {
          await requireAccount(tx, account);
          const done = await tx.lockAccount(account, clock.now());
          const change = done ? await record(tx, lockChange(account, 'account.locked', act)) : undefined;
          return { result: await requireAccount(tx, account), change };
        },
        {
          ifUnwritten: { end: () => [lockOf(account)], cut: 'account_locked' },
          onceWritten: { lift: () => [lockOf(account)] },
        },
      ),

    unlock: (account, act) =>
      changes.commit(
        // Reads `stored`: this commit lifts a lock that was never written, so the answer must not show it.
        async (tx, stored) => {
          await requireAccount(stored, account);
          const done = await tx.unlockAccount(account);
          const change = done ? await record(tx, lockChange(account, 'account.unlocked', act)) : undefined;
          return { result: await requireAccount(stored, account), change };
        },
        { onceWritten: { lift: () => [lockOf(account)] } },
      ),
  };
}

const lockOf = (account: AccountId) => ({ kind: 'account', account }) as const;

async function requireAccount(tx: Pick<StoreTransaction, 'account'>, id: AccountId): Promise<Account> {
  const account = await tx.account(id);
  if (account === undefined) throw noSuchAccount(id);
  return account;
}

const lockChange = (account: AccountId, action: 'account.locked' | 'account.unlocked', act: OperatorAct): Recorded => ({
  by: act,
  account,
  action,
  subject: accountSubject(account),
  detail: {},
  narrows: action === 'account.locked',
});
