// A denial as data: one ending that could not be written, and its subjects. denials.ts keeps and applies them.
import {
  type AccountId,
  accountSubject,
  credentialSubject,
  kindSubject,
  namedSubject,
  type RevocableRef,
  type SessionCredentialRef,
  type Subject,
  sessionsSubject,
  signingKeySubject,
} from '../domain/credential.ts';
import { type CredentialKind, kindTable, type RevocableKind } from '../domain/kinds.ts';
import { type UnixNanos, unixNanos } from '../domain/time.ts';

export type WideDenial =
  /** As if the account were locked. */
  | { readonly kind: 'account'; readonly account: AccountId }
  /** All sessions of the account, and whatever was signed for one, made at or before `upTo`. */
  | { readonly kind: 'sessions'; readonly account: AccountId; readonly upTo: UnixNanos }
  /** All credentials of a kind, those that are made later included. */
  | { readonly kind: 'every'; readonly account: AccountId; readonly of: RevocableKind };

export type SingleDenial =
  | {
      readonly kind: 'credential';
      readonly credential: RevocableRef;
      /** As its owner names it: to be lifted by its name when its row is no more. */
      readonly label: string;
    }
  /** Sessions of one main key, wallet or subkey made at or before `upTo`. */
  | { readonly kind: 'credential_sessions'; readonly credential: SessionCredentialRef; readonly upTo: UnixNanos }
  /** A subkey or token as its owner names it, where the store could not even say which row that is. */
  | { readonly kind: 'named'; readonly account: AccountId; readonly of: RevocableKind; readonly label: string };

export type Denial = WideDenial | SingleDenial | { readonly kind: 'signing_key'; readonly kid: string };

/** For a credential as a whole: later than any signature. */
export const FOREVER = unixNanos(2n ** 63n - 1n);

/** True for a denial of one credential, false for one of many. */
export const isSingle = (denial: WideDenial | SingleDenial): denial is SingleDenial =>
  denial.kind === 'credential' || denial.kind === 'credential_sessions' || denial.kind === 'named';

export const accountOf = (denial: WideDenial | SingleDenial): AccountId =>
  denial.kind === 'credential' || denial.kind === 'credential_sessions' ? denial.credential.account : denial.account;

export const kindOf = (denial: SingleDenial): CredentialKind =>
  denial.kind === 'named' ? denial.of : denial.credential.kind;

/** The latest signature that it ends. */
export const upToOf = (denial: WideDenial | SingleDenial): UnixNanos =>
  denial.kind === 'sessions' || denial.kind === 'credential_sessions' ? denial.upTo : FOREVER;

export function subjectOf(denial: WideDenial | SingleDenial): Subject {
  switch (denial.kind) {
    case 'account':
      return accountSubject(denial.account);
    case 'sessions':
      return sessionsSubject(denial.account);
    case 'every':
      return kindSubject({ account: denial.account, kind: denial.of });
    case 'credential':
    case 'credential_sessions':
      return credentialSubject(denial.credential);
    case 'named':
      return namedSubject({ account: denial.account, kind: denial.of, label: denial.label });
    default:
      return denial satisfies never;
  }
}

/** The subject by which the live requests of a denial are found. For some kinds that is the whole account: too many are cut, never too few. */
export function cutSubjectOf(denial: Denial): Subject {
  switch (denial.kind) {
    case 'signing_key':
      return signingKeySubject(denial.kid);
    case 'every':
      return kindTable[denial.of].endsWithSignOut ? sessionsSubject(denial.account) : accountSubject(denial.account);
    case 'named':
      return accountSubject(denial.account);
    default:
      return subjectOf(denial);
  }
}
