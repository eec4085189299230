// Subkeys: pending until their ephemeral key activates them, active, revoked.
import type { UsableAllowlist } from '../../domain/allowlist.ts';
import type { AccountId } from '../../domain/credential.ts';
import type { Felt } from '../../domain/felt.ts';
import type { Subkey } from '../../domain/subkey.ts';
import type { UnixNanos } from '../../domain/time.ts';
import type { Page, PageRequest } from './page.ts';

/** A damaged allowlist can be read, never written. */
export type NewSubkey = Omit<Subkey, 'id' | 'allowlist' | 'activation'> & { readonly allowlist: UsableAllowlist };

/** What names a revoked subkey, as stored: a row that is damaged elsewhere can still be revoked. */
export interface RevokedSubkey {
  readonly id: bigint;
  readonly publicKey: string;
  readonly name: string;
}

export interface SubkeyReads {
  /** The live row of a key if there is one, else its newest revoked row. */
  subkey(account: AccountId, publicKey: Felt): Promise<Subkey | undefined>;
}

export interface SubkeyLists {
  /** Without `withRevoked` those alone that countLive counts. */
  subkeys(
    account: AccountId,
    filter: { withRevoked: boolean; now: UnixNanos },
    page: PageRequest,
  ): Promise<Page<Subkey>>;
  /** Of any account, revoked ones too, the newest first: at most `limit`. */
  subkeysNamed(by: { readonly id: bigint } | { readonly publicKey: Felt }, limit: number): Promise<readonly Subkey[]>;
}

export interface SubkeyWrites {
  /** Assigns the id. Undefined when a live row of this key, or a pending one of its ephemeral key, exists. */
  insertSubkey(subkey: NewSubkey): Promise<Subkey | undefined>;
  /** Conditional updates: false when the row was not in the expected state, and nothing was written. */
  renameSubkey(account: AccountId, id: bigint, name: string, now: UnixNanos): Promise<boolean>;
  replaceSubkeyAllowlist(account: AccountId, id: bigint, allowlist: UsableAllowlist, now: UnixNanos): Promise<boolean>;
  revokeSubkey(account: AccountId, id: bigint, now: UnixNanos): Promise<boolean>;
  /**
   * From pending, and only while it lives and may still be activated, to active. The ciphertext is forgotten; that the ephemeral key
   * took it, now and from this client address, is not.
   */
  activateSubkey(account: AccountId, id: bigint, name: string, now: UnixNanos, from: string): Promise<boolean>;
  /** Revokes every live subkey and pending one; returns them as they were. */
  revokeSubkeys(account: AccountId, now: UnixNanos): Promise<readonly RevokedSubkey[]>;
}
