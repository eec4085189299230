// From database rows to domain values. A row that cannot be read is an error or a damaged allowlist, never a default.
import type { Selectable } from 'kysely';
import { decodeAllowlist } from '../../domain/allowlist.ts';
import type { AccountId } from '../../domain/credential.ts';
import { type Felt, parseFelt } from '../../domain/felt.ts';
import type { Subkey, SubkeyState } from '../../domain/subkey.ts';
import { type UnixNanos, unixNanos } from '../../domain/time.ts';
import type { Token, TokenKind } from '../../domain/token.ts';
import { StoreFailure } from '../../errors.ts';
import { keyUse } from '../../jwt/kinds.ts';
import { type SigningKeyRecord, signingKeyState } from '../../jwt/signing-key.ts';
import type { Account, AuditRow } from '../store.ts';
import type { AccountTable, AuditTable, SigningKeyTable, SubkeyTable, TokenTable } from './tables.ts';

/** A stored row no release of ours has written: as bad as a store that cannot be read. */
export class DamagedRow extends StoreFailure {
  constructor(column: string) {
    super(`a stored row is damaged: ${column}`);
  }
}

/** A time or a count. SQLite keeps a text or a fraction in a column of integers as it is, and neither compares as one. */
export function integer(value: unknown, column: string): bigint {
  if (typeof value !== 'bigint' || value < 0n) throw new DamagedRow(column);
  return value;
}

const nanos = (value: unknown, column: string): UnixNanos => unixNanos(integer(value, column));

/** Throws DamagedRow for what is no account's id. */
export const accountIdOf = (text: string): AccountId => felt(text, 'account_id');

/** Throws for a damaged row, as all of these do. */
export const mainKeyOf = (row: Pick<Selectable<AccountTable>, 'main_public_key'>): Felt =>
  felt(row.main_public_key, 'account.main_public_key');

export function accountOf(row: Selectable<AccountTable>): Account {
  const account: AccountId = felt(row.account_id, 'account.account_id');
  return {
    account,
    signer:
      row.signer_type === 'starknet'
        ? { type: 'starknet', publicKey: mainKeyOf(row) }
        : { type: 'eip191', ethAddress: row.eth_address },
    validAfter: nanos(row.valid_after, 'account.valid_after'),
    lockedAt: nanos(row.locked_at, 'account.locked_at'),
    createdAt: nanos(row.created_at, 'account.created_at'),
  };
}

export function subkeyOf(row: Selectable<SubkeyTable>): Subkey {
  return {
    account: felt(row.account_id, 'subkey.account_id'),
    id: integer(row.id, 'subkey.id'),
    publicKey: felt(row.public_key, 'subkey.public_key'),
    name: row.name,
    state: subkeyState(row.state),
    allowlist: decodeAllowlist(row.allowlist),
    expiresAt: nanos(row.expires_at, 'subkey.expires_at'),
    createdAt: nanos(row.created_at, 'subkey.created_at'),
    updatedAt: nanos(row.updated_at, 'subkey.updated_at'),
    revokedAt: nanos(row.revoked_at, 'subkey.revoked_at'),
    pending:
      row.state === 'pending'
        ? {
            encryptedKey: row.encrypted_key,
            ephPublicKey: felt(row.eph_public_key, 'subkey.eph_public_key'),
            until: nanos(row.pending_until, 'subkey.pending_until'),
          }
        : undefined,
    registeredBy: row.registered_by,
    activation:
      row.activated_by === ''
        ? undefined
        : {
            by: felt(row.activated_by, 'subkey.activated_by'),
            at: nanos(row.activated_at, 'subkey.activated_at'),
            from: row.activated_from,
          },
  };
}

export function tokenOf(row: Selectable<TokenTable>): Token {
  return {
    account: felt(row.account_id, 'token.account_id'),
    tokenId: row.token_id,
    lookupId: row.lookup_id,
    name: row.name,
    kind: tokenKind(row.kind),
    kid: row.kid,
    allowlist: decodeAllowlist(row.allowlist),
    createdAt: nanos(row.created_at, 'token.created_at'),
    expiryAt: nanos(row.expiry_at, 'token.expiry_at'),
    lastUpdatedAt: nanos(row.last_updated_at, 'token.last_updated_at'),
    revokedAt: nanos(row.revoked_at, 'token.revoked_at'),
  };
}

export function signingKeyOf(row: Selectable<SigningKeyTable>): SigningKeyRecord {
  const use = keyUse(row.use);
  if (use === undefined) throw new DamagedRow('signing_key.use');
  const state = signingKeyState(row.state);
  if (state === undefined) throw new DamagedRow('signing_key.state');
  return {
    kid: row.kid,
    use,
    publicJwk: row.public_jwk,
    sealedPrivateKey: row.sealed_private_key,
    state,
    createdAt: nanos(row.created_at, 'signing_key.created_at'),
    ...(state === 'verifying' ? { verifyUntil: nanos(row.verify_until, 'signing_key.verify_until') } : {}),
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
