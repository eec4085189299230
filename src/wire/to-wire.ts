// The only bridge from domain values to what clients read.
import { shownEntries } from '../domain/allowlist.ts';
import { subkeyStateAt } from '../domain/subkey.ts';
import type { UnixNanos } from '../domain/time.ts';
import type { Receipt } from '../revocation/commit.ts';
import type { Subkey, Token } from '../store/store.ts';
import type { SubkeyWire } from './subkeys.ts';
import type { ApiTokenWire } from './tokens.ts';

export const subkeyToWire = (subkey: Subkey, now: UnixNanos): SubkeyWire => ({
  account_id: subkey.account,
  public_key: subkey.publicKey,
  name: subkey.name,
  state: subkeyStateAt(subkey, now),
  id: subkey.id,
  allowed_cidrs: shownEntries(subkey.allowlist),
  created_at: subkey.createdAt,
  updated_at: subkey.updatedAt,
  revoked_at: subkey.revokedAt,
  expires_at: subkey.expiresAt,
});

export const tokenToWire = (token: Token): ApiTokenWire => ({
  token_id: token.tokenId,
  lookup_id: token.lookupId,
  name: token.name,
  kind: token.kind,
  created_at: token.createdAt,
  expiry_at: token.expiryAt,
  last_updated_at: token.lastUpdatedAt,
  revoked_at: token.revokedAt,
  allowed_cidrs: shownEntries(token.allowlist),
});

/** Header of a change that ended or narrowed a credential (DECISIONS "answers"). */
export const REVOCATION_HEADER = 'Countersign-Revocation';

export function receiptToWire(receipt: Receipt | undefined): string {
  const { nodes, ms, inFlight } = receipt ?? { nodes: 1, ms: 0, inFlight: 0 };
  return `nodes=${nodes}; ms=${ms}; in_flight=${inFlight}`;
}
