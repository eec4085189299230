// A read-only key or a subkey as lists and pages show it, and the one badge it has.
import type { ApiToken, Subkey } from '../../../src/client/main.ts';

export type KeyKind = 'token' | 'subkey';

/** Times are Unix nanoseconds. */
export interface ListedKey {
  readonly kind: KeyKind;
  /** What names it in calls and paths: a look-up id, or a public key. */
  readonly id: string;
  /** What names it in usage and activity: `token:12`. */
  readonly row: string;
  readonly name: string;
  /** Addresses and ranges as the server stores them. Empty: anywhere. */
  readonly worksFrom: readonly string[];
  readonly createdAt: bigint;
  /** Undefined: never. */
  readonly expiresAt: bigint | undefined;
  readonly lastUsedAt: bigint | undefined;
  readonly lastUsedIp: string | undefined;
  readonly ended: { readonly how: 'revoked' | 'expired'; readonly at: bigint } | undefined;
  /** A hand-off that nobody has taken yet. */
  readonly isWaiting: boolean;
  /** Look-up ids. */
  readonly replacedBy: string | undefined;
  readonly replaces: string | undefined;
}

const timeOf = (ns: bigint): bigint | undefined => (ns === 0n ? undefined : ns);

const endOf = (revokedAt: bigint, expiresAt: bigint, isExpired: boolean): ListedKey['ended'] =>
  revokedAt !== 0n ? { how: 'revoked', at: revokedAt } : isExpired ? { how: 'expired', at: expiresAt } : undefined;

/** @param now Unix nanoseconds: an answer does not say whether a token has expired. */
export const ofToken = (token: ApiToken, now: bigint): ListedKey => ({
  kind: 'token',
  id: token.lookup_id,
  row: `token:${token.token_id}`,
  name: token.name,
  worksFrom: token.allowed_cidrs,
  createdAt: token.created_at,
  expiresAt: timeOf(token.expiry_at),
  lastUsedAt: timeOf(token.last_used_at),
  lastUsedIp: token.last_used_ip === '' ? undefined : token.last_used_ip,
  ended: endOf(token.revoked_at, token.expiry_at, token.expiry_at !== 0n && token.expiry_at <= now),
  isWaiting: false,
  replacedBy: token.replaced_by ?? undefined,
  replaces: token.replaces ?? undefined,
});

export const ofSubkey = (subkey: Subkey): ListedKey => ({
  kind: 'subkey',
  id: subkey.public_key,
  row: `subkey:${subkey.id}`,
  name: subkey.name,
  worksFrom: subkey.allowed_cidrs,
  createdAt: subkey.created_at,
  expiresAt: timeOf(subkey.expires_at),
  lastUsedAt: timeOf(subkey.last_used_at),
  lastUsedIp: subkey.last_used_ip === '' ? undefined : subkey.last_used_ip,
  ended: endOf(subkey.revoked_at, subkey.expires_at, subkey.state === 'expired'),
  isWaiting: subkey.state === 'pending',
  replacedBy: undefined,
  replaces: undefined,
});

export type BadgeKind = 'ok' | 'warn' | 'info' | 'neutral';

/** First the one that says most. */
export const badges = [
  { words: 'Revoked', kind: 'neutral' },
  { words: 'Expired', kind: 'neutral' },
  { words: 'Waiting', kind: 'info' },
  { words: 'Replaced', kind: 'info' },
  { words: 'Ends soon', kind: 'warn' },
  { words: 'Never used', kind: 'neutral' },
  { words: 'Active', kind: 'ok' },
] as const satisfies readonly { readonly words: string; readonly kind: BadgeKind }[];

export type KeyBadge = (typeof badges)[number];

export interface AtTheTime {
  /** Unix nanoseconds. */
  readonly now: bigint;
  /** Whether the venue records when keys are used. */
  readonly isUsageKept: boolean;
}

const DAY = 86_400_000_000_000n;
const SOON = 7n * DAY;
const LONG = 30n * DAY;

export function badgeOf(key: ListedKey, { now, isUsageKept }: AtTheTime): KeyBadge {
  const isNeverUsed = isUsageKept && key.lastUsedAt === undefined && now - key.createdAt >= LONG;
  const holds: Readonly<Record<KeyBadge['words'], boolean>> = {
    Revoked: key.ended?.how === 'revoked',
    Expired: key.ended?.how === 'expired' || (key.expiresAt !== undefined && key.expiresAt <= now),
    Waiting: key.isWaiting,
    Replaced: key.replacedBy !== undefined,
    'Ends soon': key.expiresAt !== undefined && key.expiresAt - now <= SOON,
    'Never used': isNeverUsed,
    Active: true,
  };
  return badges.find(({ words }) => holds[words]) ?? badges[6];
}

/** Of the path of its page, under /console. */
export const pathOf = ({ kind, id }: Pick<ListedKey, 'kind' | 'id'>): string => `${listPathOf(kind)}/${id}`;
export const listPathOf = (kind: KeyKind): string => (kind === 'token' ? '/keys/read-only' : '/keys/subkeys');
