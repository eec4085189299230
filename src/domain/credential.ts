// Credentials, named by account and row id and never by public key alone: two accounts may register the same key.
import { type Felt, feltOf } from './felt.ts';
import { type CredentialKind, ownKinds, type RevocableKind, type SessionKind } from './kinds.ts';

/** An account id: the Starknet address of its owner. */
export type AccountId = Felt;

/** The account of audit and change-log rows that are about the service itself. Nobody can own it. */
export const NO_ACCOUNT: AccountId = feltOf(0n);

/** Names one credential. `id` is the row id: the subkey's integer, the token's `tok_...`, and `main` for the account's own key. */
export interface CredentialRef {
  readonly account: AccountId;
  readonly kind: CredentialKind;
  readonly id: string;
}

/** A credential that logs in. */
export type SessionCredentialRef = CredentialRef & { readonly kind: SessionKind };

/** A credential with a row of its own. */
export type RevocableRef = CredentialRef & { readonly kind: RevocableKind };

/** A subkey or token as its owner names it: by public key or lookup_id. */
export interface NamedCredential {
  readonly account: AccountId;
  readonly kind: CredentialKind;
  readonly label: string;
}

/** The row id of a main key or wallet: an account has exactly one. */
export const MAIN_CREDENTIAL_ID = 'main';

/** What a change is about and a decision depends on: an account, a credential, or a JWT signing key. */
export type Subject = string & { readonly __subject?: never };

/** All sessions of an account, but not its tokens: a sign-out changes it. */
export const sessionsSubject = (account: AccountId): Subject => `sessions/${account}`;
export const accountSubject = (account: AccountId): Subject => `account/${account}`;
export const credentialSubject = (ref: CredentialRef): Subject => `credential/${ref.account}/${ref.kind}/${ref.id}`;
/** The main key or wallet of an account, whichever it has. */
export const ownSubjects = (account: AccountId): readonly Subject[] =>
  ownKinds.map((kind) => credentialSubject({ account, kind, id: MAIN_CREDENTIAL_ID }));
/** All credentials of one kind of an account, including later ones. */
export const kindSubject = ({ account, kind }: Pick<CredentialRef, 'account' | 'kind'>): Subject =>
  `every/${account}/${kind}`;
export const namedSubject = ({ account, kind, label }: NamedCredential): Subject => `named/${account}/${kind}/${label}`;
export const signingKeySubject = (kid: string): Subject => `kid/${kid}`;
export const isSigningKeySubject = (subject: Subject): boolean => subject.startsWith('kid/');

/** Everything there is: a restore changes it, a backup copies it. */
export const storeSubject: Subject = 'store';

/** How audit rows and logs name a credential within its account: `subkey:42`. */
export const actorOf = (ref: Pick<CredentialRef, 'kind' | 'id'>): string => `${ref.kind}:${ref.id}`;
