// What people call the credentials of an account.
import type { AccountId, CredentialRef } from '../../domain/credential.ts';

export type RefWithin = Pick<CredentialRef, 'kind' | 'id'>;

export interface NamedRef extends RefWithin {
  /** Undefined for a main key and a wallet, which have none. */
  readonly name: string | undefined;
  /** A subkey's or main key's public key, a wallet's address, a token's lookup_id, the thumbprint of a device's key. */
  readonly label: string;
}

export interface NameReads {
  /** As they are now, of credentials that lived or ended; those without a row are left out. */
  namesOf(account: AccountId, refs: readonly RefWithin[]): Promise<readonly NamedRef[]>;
}
