// Tokens: long-lived read-only bearers, and which key signed each.
import type { UsableAllowlist } from '../../domain/allowlist.ts';
import type { AccountId } from '../../domain/credential.ts';
import type { UnixNanos } from '../../domain/time.ts';
import type { Token } from '../../domain/token.ts';
import type { Page, PageRequest } from './page.ts';

export type NewToken = Token & { readonly allowlist: UsableAllowlist };

/** What names a revoked token, as stored. */
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
  /** Tokens that this key signed and that live at `now`, of every account. */
  countTokensSignedBy(kid: string, now: UnixNanos): Promise<number>;
}

export interface TokenWrites {
  insertToken(token: NewToken): Promise<void>;
  /** Conditional updates: false when the token was revoked already, and nothing was written. */
  replaceTokenAllowlist(
    account: AccountId,
    tokenId: string,
    allowlist: UsableAllowlist,
    now: UnixNanos,
  ): Promise<boolean>;
  revokeToken(account: AccountId, tokenId: string, now: UnixNanos): Promise<boolean>;
  /** Revokes every token that is not revoked; returns them as they were. */
  revokeTokens(account: AccountId, now: UnixNanos): Promise<readonly RevokedToken[]>;
  /** All that this key signed and that lives at `now`, of every account. Returns how many they were. */
  revokeTokensSignedBy(kid: string, now: UnixNanos): Promise<number>;
  /** When the last token that is not revoked expires; 0 = there is none. */
  latestTokenExpiry(): Promise<UnixNanos>;
}
