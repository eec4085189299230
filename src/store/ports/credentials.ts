// Subkeys, tokens and devices together: how many live, and what ends them at once.
import type { AccountId } from '../../domain/credential.ts';
import type { UnixNanos } from '../../domain/time.ts';
import type { EndedDevice } from './devices.ts';

/** The credentials that a restore ends. It ends every device. */
export interface EndedByRestore {
  readonly subkeys: 'all' | 'pending';
  readonly tokens: boolean;
}

export interface RevokedCredentials {
  readonly account: AccountId;
  readonly subkeys: readonly { readonly id: bigint; readonly publicKey: string }[];
  readonly tokens: readonly { readonly tokenId: string; readonly lookupId: string }[];
  readonly devices: readonly EndedDevice[];
}

export interface CredentialReads {
  /**
   * Tokens and subkeys that are neither revoked nor expired at `now`, of a token and the live one that replaces it one alone. The limits
   * count these.
   */
  countLive(
    account: AccountId,
    now: UnixNanos,
  ): Promise<{ readonly tokens: number; readonly active: number; readonly pending: number }>;
}

export interface CredentialWrites {
  /** Revokes those credentials of these accounts. The answer has only accounts that had any. */
  revokeCredentials(
    accounts: readonly AccountId[],
    ended: EndedByRestore,
    now: UnixNanos,
  ): Promise<readonly RevokedCredentials[]>;
  /**
   * For a clock that is set back from `latest` to `now`. Revokes credentials that had expired by `latest` and would live again, and
   * credentials made after `now`, which would end too late. Ends every device.
   */
  revokeUntimely(now: UnixNanos, latest: UnixNanos): Promise<readonly RevokedCredentials[]>;
  /** Ends every device of every account. */
  endEveryDevice(now: UnixNanos): Promise<readonly RevokedCredentials[]>;
}
