// From database rows to domain values. A row that cannot be read is an error or a damaged allowlist, never a default.
import type { Selectable } from 'kysely';
import { decodeAllowlist } from '../domain/allowlist.ts';
import type { AccountId } from '../domain/credential.ts';
import { type Felt, parseFelt } from '../domain/felt.ts';
import { unixNanos } from '../domain/time.ts';
import { type SigningKeyRecord, signingKeyState } from '../jwt/signing-key.ts';
import type { Account, AuditRow, Subkey, SubkeyState, Token, TokenKind } from './store.ts';
import type { AccountTable, AuditTable, SigningKeyTable, SubkeyTable, TokenTable } from './tables.ts';

/** A stored row no release of ours has written. */
export class DamagedRow extends Error {
  override readonly name = 'DamagedRow';
}

export function accountOf(row: Selectable<AccountTable>): Account {
  const account: AccountId = felt(row.account_id, 'account.account_id');
  return {
    account,
    signer:
      row.signer_type === 'starknet'
        ? { type: 'starknet', publicKey: felt(row.main_public_key, 'account.main_public_key') }
        : { type: 'eip191', ethAddress: row.eth_address },
    validAfter: unixNanos(row.valid_after),
    lockedAt: unixNanos(row.locked_at),
    createdAt: unixNanos(row.created_at),
  };
}

export function subkeyOf(row: Selectable<SubkeyTable>): Subkey {
  return {
    account: felt(row.account_id, 'subkey.account_id'),
    id: row.id,
    publicKey: felt(row.public_key, 'subkey.public_key'),
    name: row.name,
    state: subkeyState(row.state),
    allowlist: decodeAllowlist(row.allowlist),
    expiresAt: unixNanos(row.expires_at),
    createdAt: unixNanos(row.created_at),
    updatedAt: unixNanos(row.updated_at),
    revokedAt: unixNanos(row.revoked_at),
    pending:
      row.state === 'pending'
        ? {
            encryptedKey: row.encrypted_key,
            ephPublicKey: felt(row.eph_public_key, 'subkey.eph_public_key'),
            until: unixNanos(row.pending_until),
          }
        : undefined,
  };
}

export function tokenOf(row: Selectable<TokenTable>): Token {
  return {
    account: felt(row.account_id, 'token.account_id'),
    tokenId: row.token_id,
    lookupId: row.lookup_id,
    name: row.name,
    kind: tokenKind(row.kind),
    allowlist: decodeAllowlist(row.allowlist),
    createdAt: unixNanos(row.created_at),
    expiryAt: unixNanos(row.expiry_at),
    lastUpdatedAt: unixNanos(row.last_updated_at),
    revokedAt: unixNanos(row.revoked_at),
  };
}

export function signingKeyOf(row: Selectable<SigningKeyTable>): SigningKeyRecord {
  if (row.use !== 'session' && row.use !== 'token') throw new DamagedRow('signing_key.use');
  const state = signingKeyState(row.state);
  if (state === undefined) throw new DamagedRow('signing_key.state');
  return {
    kid: row.kid,
    use: row.use,
    publicJwk: row.public_jwk,
    sealedPrivateKey: row.sealed_private_key,
    state,
    createdAt: unixNanos(row.created_at),
    ...(state === 'verifying' ? { verifyUntil: unixNanos(row.verify_until) } : {}),
  };
}

/** As it stands: a row that no release has written is told all the same, for it may be the evidence. */
export function auditRowOf(row: Selectable<AuditTable>): AuditRow {
  return {
    account: row.account_id,
    id: row.id,
    at: unixNanos(row.at),
    action: row.action,
    actor: row.actor,
    subject: row.subject,
    requestId: row.request_id,
    clientIp: row.client_ip,
    detail: row.detail,
  };
}

export function subkeyState(text: string): SubkeyState {
  if (text === 'active' || text === 'pending' || text === 'revoked') return text;
  throw new DamagedRow('subkey.state');
}

function tokenKind(text: string): TokenKind {
  if (text === 'readonly' || text === 'jwt' || text === 'api_key') return text;
  throw new DamagedRow('token.kind');
}

function felt(text: string, column: string): Felt {
  const parsed = parseFelt(text);
  if (parsed === undefined || parsed !== text) throw new DamagedRow(column);
  return parsed;
}
