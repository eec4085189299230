// The members of answers, as on the wire. Times are Unix nanoseconds and bigint, as are the ids of rows; 0n means not (yet), or never.

import type { DenyReason } from '../domain/decision.ts';
import type { CredentialKind } from '../domain/kinds.ts';
import type { Permission } from '../domain/permission.ts';
import type { TokenKind } from '../domain/token.ts';

export type { CredentialKind, DenyReason, Permission, TokenKind };

export interface Subkey {
  readonly account_id: string;
  /** Stark public key, `0x` hex: what names it in calls. */
  readonly public_key: string;
  readonly name: string;
  readonly state: 'active' | 'pending' | 'revoked' | 'expired';
  readonly id: bigint;
  /** Addresses and ranges. Empty: anywhere. */
  readonly allowed_cidrs: string[];
  readonly created_at: bigint;
  readonly updated_at: bigint;
  readonly revoked_at: bigint;
  readonly expires_at: bigint;
  readonly last_used_at: bigint;
  readonly last_used_ip: string;
}

export interface ApiToken {
  readonly token_id: string;
  /** A UUID: what names it in calls. */
  readonly lookup_id: string;
  readonly name: string;
  readonly kind: TokenKind;
  readonly created_at: bigint;
  readonly expiry_at: bigint;
  readonly last_updated_at: bigint;
  readonly revoked_at: bigint;
  /** Addresses and ranges. Empty: anywhere. */
  readonly allowed_cidrs: string[];
  /** lookup_id of the token that rotation made in its place. */
  readonly replaced_by: string | null;
  /** lookup_id of the token in whose place rotation made it. */
  readonly replaces: string | null;
  readonly last_used_at: bigint;
  readonly last_used_ip: string;
}

export interface CreatedToken {
  readonly api_token: ApiToken;
  /** The bearer itself: a secret, and shown this once. */
  readonly token: string;
}

export interface RotatedToken extends CreatedToken {
  readonly replaced: ApiToken;
}

export interface Device {
  readonly id: string;
  readonly name: string;
  readonly state: 'active' | 'ended' | 'expired';
  readonly created_at: bigint;
  readonly expires_at: bigint;
  readonly idle_seconds: number;
  readonly last_used_at: bigint;
  readonly last_used_ip: string;
  readonly ended_at: bigint;
}

/** What the credential of the request is, may do, and from where. */
export interface Self {
  readonly account: string;
  readonly kind: CredentialKind;
  readonly id: string;
  readonly credential: string;
  readonly permissions: Permission[];
  readonly allowed_cidrs: string[];
  readonly expires_at: bigint;
  readonly isolated_markets: boolean;
  /** As the server sees it. Empty when it could not be told. */
  readonly client_ip: string;
  readonly server_time: bigint;
}

/** A credential, or the operator, as rows name them: by the name that it has now. */
export interface Named {
  readonly kind: string;
  readonly id: string;
  readonly name: string;
}

export interface ActivityRow {
  readonly id: bigint;
  readonly at: bigint;
  readonly action: string;
  readonly actor: Named;
  readonly subject: Named & { readonly public_key?: string; readonly lookup_id?: string };
  readonly request_id: string;
  readonly client_ip: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

export interface UsageDay {
  readonly credential: { readonly kind: CredentialKind; readonly id: string };
  /** UTC, `2026-11-28`. */
  readonly day: string;
  readonly allowed: number;
  readonly refused: number;
  readonly limited: number;
  readonly failed: number;
}

export interface UsedAddress {
  readonly address: string;
  readonly first_at: bigint;
  readonly last_at: bigint;
  readonly allowed: number;
  readonly refused: number;
}

/** Why one request was refused. Members that do not apply are null. */
export interface Explanation {
  readonly request_id: string;
  readonly at: bigint;
  readonly credential: Named;
  /** `POST /v1/orders`. */
  readonly route: string;
  readonly method: string;
  /** Of docs/errors.md. */
  readonly reason: string;
  readonly code: string;
  readonly status: number;
  readonly message: string;
  readonly client_ip: string | null;
  /** The other addresses that the request named, the nearest first. */
  readonly hops: { readonly address: string; readonly trusted: boolean }[];
  readonly permission_needed: string | null;
  readonly permissions_held: string[] | null;
  readonly allowed_cidrs: string[] | null;
  readonly limit: {
    readonly bucket: string;
    readonly limit: number;
    readonly window_seconds: number;
    readonly retry_after_seconds: number;
  } | null;
  readonly signed_at: bigint | null;
  readonly server_time: bigint | null;
  readonly expired_seconds: number | null;
  readonly order_index: number | null;
  /** Refusals like it in that minute, which are only counted. */
  readonly others_in_minute: number;
}

/** The account that belongs to a main key or a wallet. */
export interface AccountOfSigner {
  readonly account_signer_type: 'starknet' | 'eip191';
  /** `0x` hex. */
  readonly address: string;
  readonly exists: boolean;
  readonly derivation_info: { readonly class_hash: string; readonly proxy_class_hash?: string };
}

export interface SignedOut {
  /** Sessions and login signatures made at or before it are dead. */
  readonly valid_after: bigint;
}

export interface RevokedAll extends SignedOut {
  readonly subkeys: { readonly public_key: string; readonly name: string }[];
  readonly tokens: { readonly lookup_id: string; readonly name: string }[];
  readonly devices: { readonly id: string; readonly name: string }[];
}

/** What the server is, allows, and has switched on. */
export interface About {
  readonly version: string;
  /** The domain that a wallet's message names; null where wallets cannot sign in at this address. */
  readonly siwe_domain: string | null;
  readonly starknet_chain_id: string;
  readonly l1_chain_id: string;
  /** Of an account. */
  readonly limits: {
    readonly tokens: number;
    readonly subkeys: number;
    readonly pending_subkeys: number;
    readonly pending_seconds: number;
    readonly devices: number;
    readonly device_seconds: number;
    readonly allowlist_entries: number;
  };
  /** Who may make an account. */
  readonly onboarding: 'anyone' | 'listed' | 'nobody';
  readonly terminal_tokens: boolean;
  /** Whether usage is kept. */
  readonly usage: boolean;
  /** Whether a main key may be derived from a wallet. */
  readonly wallet_derivation: boolean;
  readonly console: boolean;
  readonly console_url: string | null;
  /** Where programs reach the API; null: where this was asked. */
  readonly api_url: string | null;
  readonly hand_off: { readonly on: boolean; readonly why_not: string | null };
}
