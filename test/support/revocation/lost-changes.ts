// Changes that a store would not write: what each ends, said a second time and on purpose not through src/, and the edit that writes it
// after all.
import type { AccountId, CredentialRef } from '../../../src/domain/credential.ts';
import { nanosOfSeconds, type UnixNanos } from '../../../src/domain/time.ts';
import type { Denial } from '../../../src/revocation/denial.ts';
import { type Attempt, accounts, type Edit, editedCredential, kids, labelOf, pick } from './simulated-store.ts';

/** Numbers pick as those of an edit do. */
export type Loss =
  | { readonly kind: 'revoke' | 'revoke by name' | 'leak'; readonly credential: number }
  | { readonly kind: 'lock' | 'sign out' | 'revoke all subkeys' | 'revoke all tokens'; readonly account: number }
  | { readonly kind: 'retire'; readonly kid: number };

export interface LostChange {
  readonly denial: Denial;
  readonly ends: (attempt: Attempt) => boolean;
  /** Undefined where no one edit writes it. */
  readonly writtenBy: Edit | undefined;
}

export function lostChange(loss: Loss, now: UnixNanos): LostChange {
  switch (loss.kind) {
    case 'revoke': {
      const credential = editedCredential(loss.credential);
      const ends = ({ query }: Attempt) => isSame(query, credential);
      const label = labelOf({ ...credential, kid: '' });
      return { denial: { kind: 'credential', credential, label }, ends, writtenBy: revokes(loss.credential) };
    }
    case 'revoke by name': {
      const { account, kind, id } = editedCredential(loss.credential);
      const label = labelOf({ account, kind, id, kid: '' });
      return {
        denial: { kind: 'named', account, of: kind, label },
        ends: ({ query }) => query.account === account && query.kind === kind && labelOf(query) === label,
        writtenBy: revokes(loss.credential),
      };
    }
    case 'leak': {
      const { account, kind, id } = editedCredential(loss.credential);
      // A token is revoked for it.
      if (kind === 'token') return lostChange({ ...loss, kind: 'revoke' }, now);
      return {
        denial: { kind: 'credential_sessions', credential: { account, kind, id }, upTo: now },
        ends: ({ query, authTime }) => isSame(query, { account, kind, id }) && nanosOfSeconds(authTime) <= now,
        writtenBy: { kind: 'leak', credential: loss.credential },
      };
    }
    case 'lock': {
      const account = pick(accounts, loss.account);
      const ends = ({ query }: Attempt) => query.account === account;
      return { denial: { kind: 'account', account }, ends, writtenBy: { kind: 'lock', account: loss.account } };
    }
    case 'sign out': {
      const account = pick(accounts, loss.account);
      return {
        denial: { kind: 'sessions', account, upTo: now },
        ends: ({ query, authTime }) =>
          query.account === account && query.kind !== 'token' && nanosOfSeconds(authTime) <= now,
        writtenBy: { kind: 'sign out', account: loss.account },
      };
    }
    case 'revoke all subkeys':
      return everyOf(pick(accounts, loss.account), 'subkey');
    case 'revoke all tokens':
      return everyOf(pick(accounts, loss.account), 'token');
    case 'retire': {
      const kid = pick(kids, loss.kid);
      const ends = ({ query }: Attempt) => query.kid === kid;
      return { denial: { kind: 'signing_key', kid }, ends, writtenBy: { kind: 'retire', kid: loss.kid } };
    }
    default:
      return loss satisfies never;
  }
}

const revokes = (credential: number): Edit => ({ kind: 'revoke', credential });

const isSame = (query: CredentialRef, ref: CredentialRef): boolean =>
  query.account === ref.account && query.kind === ref.kind && query.id === ref.id;

const everyOf = (account: AccountId, of: 'subkey' | 'token'): LostChange => ({
  denial: { kind: 'every', account, of },
  ends: ({ query }) => query.account === account && query.kind === of,
  writtenBy: undefined,
});
