// Tokens: long-lived read-only bearers, each with the key that signed it.
import type { UsableAllowlist } from '../../domain/allowlist.ts';
import type { AccountId } from '../../domain/credential.ts';
import type { UnixNanos } from '../../domain/time.ts';
import type { Token } from '../../domain/token.ts';
import type { Page, PageRequest } from './page.ts';

export type NewToken = Token & { readonly allowlist: UsableAllowlist };

/** The names of a revoked token, as stored. */
export interface RevokedToken {
  readonly tokenId: string;
  readonly lookupId: string;
  readonly name: string;
}

export interface TokenReads {
  token(account: AccountId, lookupId: string): Promise<Token | undefined>;
}

export interface TokenLists {
  tokens(
    account: AccountId,
    filter: { withInvalid: boolean; kind: string | undefined; now: UnixNanos },
    page: PageRequest,
  ): Promise<Page<Token>>;
  tokensNamed(
    by: { readonly tokenId: string } | { readonly lookupId: string },
    limit: number,
  ): Promise<readonly Token[]>;
  /** Tokens of any account that this key signed and that live at `now`. */
  countTokensSignedBy(kid: string, now: UnixNanos): Promise<number>;
}

export interface TokenWrites {
  insertToken(token: NewToken): Promise<void>;
  /** False when the token was revoked already: nothing was written. */
  replaceTokenAllowlist(
    account: AccountId,
    tokenId: string,
    allowlist: UsableAllowlist,
    now: UnixNanos,
  ): Promise<boolean>;
  renameToken(account: AccountId, tokenId: string, name: string, now: UnixNanos): Promise<boolean>;
  /** A rotation: `by` is the lookup_id of the token that replaces it, and it ends at `expiryAt`. */
  replaceToken(
    account: AccountId,
    tokenId: string,
    replaced: { readonly by: string; readonly expiryAt: UnixNanos; readonly lifetimeSeconds: number },
    now: UnixNanos,
  ): Promise<boolean>;
  revokeToken(account: AccountId, tokenId: string, now: UnixNanos): Promise<boolean>;
  /** Revokes every unrevoked token, and returns them as they were. */
  revokeTokens(account: AccountId, now: UnixNanos): Promise<readonly RevokedToken[]>;
  /** Revokes every token of any account that this key signed and that lives at `now`. Returns their number. */
  revokeTokensSignedBy(kid: string, now: UnixNanos): Promise<number>;
  /** The expiry of the unrevoked token that expires last; 0 = there is none. */
  latestTokenExpiry(): Promise<UnixNanos>;
}
