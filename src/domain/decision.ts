// The outcome of asking whether a request is allowed. Reasons are a closed, append-only list: errors, metrics and audit share it.
import type { Allowlist } from './allowlist.ts';
import type { Permission } from './permission.ts';
import type { Principal } from './principal.ts';

export const denyReasons = [
  'route_unknown',
  'target_malformed',
  'method_not_allowed',
  'rate_limited',
  'bearer_missing',
  'bearer_malformed',
  'bearer_repeated',
  'bearer_wrong_kind',
  'bearer_unknown_key',
  'bearer_signature',
  'bearer_claims',
  'bearer_expired',
  'signing_key_retired',
  'account_unknown',
  'account_locked',
  'credential_unknown',
  'credential_pending',
  'credential_revoked',
  'credential_expired',
  'signed_out',
  'permission_missing',
  'read_only_method',
  'client_ip_unknown',
  'ip_not_allowed',
  'allowlist_damaged',
  'store_unavailable',
  'view_stale',
  'upstream_unavailable',
  'upstream_timeout',
  'request_header_refused',
  'order_refused',
  'route_unsigned',
  'store_lost',
  'bearer_and_signature',
] as const;

export type DenyReason = (typeof denyReasons)[number];

const known: ReadonlySet<string> = new Set(denyReasons);
export const isDenyReason = (text: string): text is DenyReason => known.has(text);

export interface Deny {
  readonly kind: 'deny';
  readonly reason: DenyReason;
  /** The caller, when the bearer was proven: also for `bearer_expired`, whose bearer was genuine. */
  readonly principal?: Principal;
  /** What the route asks for. */
  readonly asked?: Permission | 'possession';
  /** Of the credential, as it was read for this decision. */
  readonly allowlist?: Allowlist;
  /** Seconds since expiry, for `bearer_expired`. */
  readonly expiredSeconds?: number;
  /** What stood in place of a bearer, in fixed words, for `bearer_malformed`. */
  readonly problem?: string;
  /** The error behind `store_unavailable` and `store_lost`, for the log only. */
  readonly cause?: unknown;
}

export const deny = (reason: DenyReason, detail: Omit<Deny, 'kind' | 'reason'> = {}): Deny => ({
  kind: 'deny',
  reason,
  ...detail,
});
