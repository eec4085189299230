// Subkeys: pending until the ephemeral key activates them, then active, then revoked.
import type { UsableAllowlist } from '../../domain/allowlist.ts';
import type { AccountId } from '../../domain/credential.ts';
import type { Felt } from '../../domain/felt.ts';
import type { Subkey } from '../../domain/subkey.ts';
import type { UnixNanos } from '../../domain/time.ts';
import type { Page, PageRequest } from './page.ts';

/** A damaged allowlist can be read, but never written. */
export type NewSubkey = Omit<Subkey, 'id' | 'allowlist' | 'activation'> & { readonly allowlist: UsableAllowlist };

/** The names of a revoked subkey, as stored: a row with other columns damaged can still be revoked. */
export interface RevokedSubkey {
  readonly id: bigint;
  readonly publicKey: string;
  readonly name: string;
}

export interface SubkeyReads {
  /** The unrevoked row of this key, or else its newest revoked row. */
  subkey(account: AccountId, publicKey: Felt): Promise<Subkey | undefined>;
}

export interface SubkeyLists {
  /** Without `withRevoked`: only those that countLive counts. */
  subkeys(
    account: AccountId,
    filter: { withRevoked: boolean; now: UnixNanos },
    page: PageRequest,
  ): Promise<Page<Subkey>>;
  /** Of any account, revoked ones included, newest first, at most `limit`. */
  subkeysNamed(by: { readonly id: bigint } | { readonly publicKey: Felt }, limit: number): Promise<readonly Subkey[]>;
}

export interface SubkeyWrites {
  /** Assigns the id. Undefined if the account has an unrevoked row of this key, or a pending row has the same ephemeral key. */
  insertSubkey(subkey: NewSubkey): Promise<Subkey | undefined>;
  /** False when the row was not in the expected state: nothing was written. */
  renameSubkey(account: AccountId, id: bigint, name: string, now: UnixNanos): Promise<boolean>;
  replaceSubkeyAllowlist(account: AccountId, id: bigint, allowlist: UsableAllowlist, now: UnixNanos): Promise<boolean>;
  revokeSubkey(account: AccountId, id: bigint, now: UnixNanos): Promise<boolean>;
  /**
   * From pending to active, only while it lives and its time for activation is not over. Erases the ciphertext, and records the
   * ephemeral key, the time and the client address `from`.
   */
  activateSubkey(account: AccountId, id: bigint, name: string, now: UnixNanos, from: string): Promise<boolean>;
  /** Revokes every active or pending subkey, and returns them as they were. */
  revokeSubkeys(account: AccountId, now: UnixNanos): Promise<readonly RevokedSubkey[]>;
}
