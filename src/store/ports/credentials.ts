// Subkeys and tokens together: how many live, and what ends both at once.
import type { AccountId } from '../../domain/credential.ts';
import type { UnixNanos } from '../../domain/time.ts';

/** Which credentials, of many accounts, a restore ends. */
export interface EndedByRestore {
  readonly subkeys: 'all' | 'pending';
  readonly tokens: boolean;
}

export interface RevokedCredentials {
  readonly account: AccountId;
  readonly subkeys: readonly { readonly id: bigint; readonly publicKey: string }[];
  readonly tokens: readonly { readonly tokenId: string; readonly lookupId: string }[];
}

export interface CredentialReads {
  /** Live tokens and subkeys, neither revoked nor expired at `now`: what the limits count. */
  countLive(
    account: AccountId,
    now: UnixNanos,
  ): Promise<{ readonly tokens: number; readonly active: number; readonly pending: number }>;
}

export interface CredentialWrites {
  /** Revokes what these accounts have of the kinds asked for; accounts without any are left out of the answer. */
  revokeCredentials(
    accounts: readonly AccountId[],
    ended: EndedByRestore,
    now: UnixNanos,
  ): Promise<readonly RevokedCredentials[]>;
  /**
   * Revokes, for a clock that is set from `latest` to `now`, what was over by the first and is not by the second, and what was made
   * after the second and would end too late.
   */
  revokeUntimely(now: UnixNanos, latest: UnixNanos): Promise<readonly RevokedCredentials[]>;
}
