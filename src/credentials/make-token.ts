// Makes a read-only token in the transaction of its request: its row, and its bearer, which is shown once and kept nowhere.
import { randomBytes, randomUUID } from 'node:crypto';
import type { UsableAllowlist } from '../domain/allowlist.ts';
import type { AccountId } from '../domain/credential.ts';
import { addSeconds, NEVER, secondsOf, type UnixNanos } from '../domain/time.ts';
import type { Token, TokenKind } from '../domain/token.ts';
import type { Issuer } from '../jwt/issue.ts';
import type { NewToken, StoreTransaction } from '../store/store.ts';
import { requireUsable } from './require-usable.ts';

export interface TokenCreation {
  /** Undefined = a dated name. */
  readonly name: string | undefined;
  readonly kind: TokenKind;
  readonly lifetimeSeconds: number;
  readonly allowlist: UsableAllowlist;
}

export interface CreatedToken {
  readonly token: Token;
  /** The bearer. It appears in this answer only. */
  readonly jwt: string;
}

/** `replaces`: the lookup_id of the token that it replaces, or empty. Throws SERVICE_UNAVAILABLE for what would be dead at once. */
export async function makeToken(
  tx: Pick<StoreTransaction, 'facts' | 'insertToken'>,
  issuer: Pick<Issuer, 'issueToken'>,
  account: AccountId,
  creation: TokenCreation,
  now: UnixNanos,
  replaces = '',
): Promise<CreatedToken> {
  const made = newToken(account, creation, now, replaces);
  const credential = { account, kind: 'token', id: made.tokenId } as const;
  const { jwt, kid } = issuer.issueToken(
    { credential, lookupId: made.lookupId, expiresAt: secondsOf(made.expiryAt) },
    secondsOf(now),
  );
  const token = { ...made, kid };
  await tx.insertToken(token);
  await requireUsable(tx, credential, kid);
  return { token, jwt };
}

/** A JWT's exp is whole seconds; a stored expiry is the same moment. */
export const secondsAfter = (now: UnixNanos, seconds: number): UnixNanos =>
  addSeconds((now - (now % 1_000_000_000n)) as UnixNanos, seconds);

function newToken(
  account: AccountId,
  creation: TokenCreation,
  now: UnixNanos,
  replaces: string,
): Omit<NewToken, 'kid'> {
  // Time first, so that ids sort by creation; random bytes keep them unique.
  const tokenId = `tok_${now.toString(36).padStart(13, '0')}${randomBytes(6).toString('hex')}`;
  return {
    account,
    tokenId,
    lookupId: randomUUID(),
    name: creation.name ?? `token ${new Date(Number(now / 1_000_000n)).toISOString().slice(0, 10)}`,
    kind: creation.kind,
    allowlist: creation.allowlist,
    createdAt: now,
    expiryAt: secondsAfter(now, creation.lifetimeSeconds),
    lastUpdatedAt: now,
    revokedAt: NEVER,
    lifetimeSeconds: creation.lifetimeSeconds,
    replacedBy: '',
    replaces,
  };
}
