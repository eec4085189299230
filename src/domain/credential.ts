// The three credentials, named by account and row id and never by public key alone: two accounts may register the same key.
import type { Felt } from './felt.ts';

/** An account id: the Starknet address of its owner. */
export type AccountId = Felt;

/** As in the JWT claim `cs_kind`: `main` a Stark main key, `evm` an Ethereum wallet, `subkey`, `token` read-only. */
export type CredentialKind = 'main' | 'evm' | 'subkey' | 'token';

export const credentialKinds: readonly CredentialKind[] = ['main', 'evm', 'subkey', 'token'];

/** Names one credential. `id` is the row id: the subkey's integer, the token's `tok_...`, and `main` for the account's own key. */
export interface CredentialRef {
  readonly account: AccountId;
  readonly kind: CredentialKind;
  readonly id: string;
}

/** The row id of a main key or wallet: an account has exactly one. */
export const MAIN_CREDENTIAL_ID = 'main';

/** What a change is about and what a decision depends on (DESIGN 4.4): an account, a credential, or a JWT signing key. */
export type Subject = string & { readonly __subject?: never };

export const accountSubject = (account: AccountId): Subject => `account/${account}`;
export const credentialSubject = (ref: CredentialRef): Subject => `credential/${ref.account}/${ref.kind}/${ref.id}`;
export const signingKeySubject = (kid: string): Subject => `kid/${kid}`;
