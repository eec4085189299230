// A read-only token of an account, as it is stored and listed.
import type { Allowlist } from './allowlist.ts';
import type { AccountId, RevocableRef } from './credential.ts';
import type { UnixNanos } from './time.ts';

/** The stored token_type (docs/decisions.md "kinds and ids"). All three are read-only tokens. */
export type TokenKind = 'readonly' | 'jwt' | 'api_key';

export interface Token {
  readonly account: AccountId;
  readonly tokenId: string;
  readonly lookupId: string;
  readonly name: string;
  readonly kind: TokenKind;
  /** The key that signed its JWT; empty for a token of an earlier release that did not store it. */
  readonly kid: string;
  readonly allowlist: Allowlist;
  readonly createdAt: UnixNanos;
  readonly expiryAt: UnixNanos;
  readonly lastUpdatedAt: UnixNanos;
  /** 0 = live. */
  readonly revokedAt: UnixNanos;
  /** The life that it was made with; a rotation may have brought its expiry forward since. */
  readonly lifetimeSeconds: number;
  /** The lookup_id of the token that a rotation made of it; empty if none did. */
  readonly replacedBy: string;
  /** The lookup_id of the token that a rotation made this one of; empty if it was made anew. */
  readonly replaces: string;
}

export const refOfToken = ({ account, tokenId }: Token): RevocableRef => ({ account, kind: 'token', id: tokenId });
