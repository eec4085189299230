// Domain values as clients read them: the only bridge.
import { shownEntries } from '../domain/allowlist.ts';
import { type Subkey, subkeyStateAt } from '../domain/subkey.ts';
import type { UnixNanos } from '../domain/time.ts';
import type { Token } from '../domain/token.ts';
import type { AddressUse, LastUse } from '../domain/use.ts';
import type { SubkeyWire } from './subkeys.ts';
import type { ApiTokenWire } from './tokens.ts';

export const lastUseToWire = ({ lastAt, lastIp }: LastUse) => ({ last_used_at: lastAt, last_used_ip: lastIp });

export const addressToWire = ({ address, firstAt, lastAt, allowed, refused }: AddressUse) => ({
  address,
  first_at: firstAt,
  last_at: lastAt,
  allowed,
  refused,
});

export const subkeyToWire = (subkey: Subkey, now: UnixNanos, used: LastUse): SubkeyWire => ({
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
  ...lastUseToWire(used),
});

export const tokenToWire = (token: Token, used: LastUse): ApiTokenWire => ({
  token_id: token.tokenId,
  lookup_id: token.lookupId,
  name: token.name,
  kind: token.kind,
  created_at: token.createdAt,
  expiry_at: token.expiryAt,
  last_updated_at: token.lastUpdatedAt,
  revoked_at: token.revokedAt,
  allowed_cidrs: shownEntries(token.allowlist),
  replaced_by: token.replacedBy === '' ? null : token.replacedBy,
  replaces: token.replaces === '' ? null : token.replaces,
  ...lastUseToWire(used),
});
