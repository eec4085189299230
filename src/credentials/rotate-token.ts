// Replaces a read-only token by a new one with its name, kind, allowlist and length of life, and ends the old one after an overlap in which
// both work. One transaction: there is never a successor of a token that does not end, nor two.
import { shownEntries } from '../domain/allowlist.ts';
import { type AccountId, credentialSubject, type Subject } from '../domain/credential.ts';
import { MAX_TOKEN_SECONDS, MIN_TOKEN_SECONDS } from '../domain/lifetimes.ts';
import { type Clock, isOver, isoTime, NEVER, type UnixNanos } from '../domain/time.ts';
import type { Token } from '../domain/token.ts';
import { ApiError } from '../errors.ts';
import type { Issuer } from '../jwt/issue.ts';
import type { Changed, Changes } from '../revocation/commit.ts';
import type { StoreTransaction } from '../store/store.ts';
import { type Caller, requireStill } from './caller.ts';
import { type CreatedToken, makeToken, secondsAfter } from './make-token.ts';
import { auditOnly, record } from './record.ts';

export interface Rotation {
  /** How long the replaced token goes on; 0 revokes it. */
  readonly overlapSeconds: number;
  /** Undefined = as long as the replaced one was made for. */
  readonly lifetimeSeconds: number | undefined;
}

export interface RotatedToken extends CreatedToken {
  readonly replaced: Token;
}

/**
 * Throws NOT_FOUND for an unknown, revoked or expired token, and for another account's; VALIDATION_ERROR for one that a live token replaces
 * already, whose own predecessor still lives, or whose allowlist is damaged; SERVICE_UNAVAILABLE; and what requireStill throws.
 */
export type RotateToken = (caller: Caller, lookupId: string, rotation: Rotation) => Promise<Changed<RotatedToken>>;

export function createRotateToken(deps: {
  changes: Changes;
  clock: Clock;
  issuer: Pick<Issuer, 'issueToken'>;
}): RotateToken {
  const { changes, clock, issuer } = deps;

  return (caller, lookupId, { overlapSeconds, lifetimeSeconds }) =>
    changes.commit(
      async (tx) => {
        await requireStill(tx, caller, { permission: 'keys:manage', method: 'POST' }, clock);
        const { account } = caller.principal.credential;
        const old = await tx.token(account, lookupId);
        if (old === undefined || isDead(old, clock.latest())) throw noSuchToken();
        await requireOneAtATime(tx, old);
        const { allowlist } = old;
        if (allowlist.kind === 'damaged')
          throw invalid('the stored allowlist of the token is damaged: replace it first');
        const now = clock.now();
        const life = clamped(old.lifetimeSeconds);
        const creation = { name: old.name, kind: old.kind, lifetimeSeconds: lifetimeSeconds ?? life, allowlist };
        const made = await makeToken(tx, issuer, account, creation, now, lookupId);
        await endLater(tx, old, { by: made.token.lookupId, lifetimeSeconds: life }, overlapSeconds, now);
        const replaced = await tx.token(account, lookupId);
        if (replaced === undefined) throw noSuchToken();
        await auditOnly(tx, {
          by: caller,
          action: 'token.created',
          subject: subjectOf(made.token),
          detail: {
            lookup_id: made.token.lookupId,
            name: made.token.name,
            expiry_at: made.token.expiryAt,
            allowed_cidrs: shownEntries(allowlist),
            replaces: lookupId,
          },
        });
        const isEnded = replaced.revokedAt !== NEVER;
        const endsSooner = replaced.expiryAt < old.expiryAt;
        const change = await record(tx, {
          by: caller,
          action: 'token.rotated',
          subject: subjectOf(old),
          subjects: [subjectOf(old), subjectOf(made.token)],
          detail: {
            lookup_id: lookupId,
            name: old.name,
            replaced_by: made.token.lookupId,
            ends_at: isEnded ? replaced.revokedAt : replaced.expiryAt,
          },
          narrows: isEnded || endsSooner,
          narrowsAt: endsSooner ? replaced.expiryAt : undefined,
        });
        return { result: { ...made, replaced }, change };
      },
      { allowsMore: true },
    );

  // Otherwise each rotation in a row would leave one more live token that no limit counts.
  async function requireOneAtATime(tx: StoreTransaction, old: Token): Promise<void> {
    const now = clock.now();
    const other = async (lookup: string) => (lookup === '' ? undefined : await tx.token(old.account, lookup));
    const successor = await other(old.replacedBy);
    if (successor !== undefined && !isDead(successor, now)) {
      const end = isoTime(old.expiryAt);
      throw invalid(
        `the token is replaced already, by ${successor.lookupId}, and ends at ${end}: revoke that one first`,
      );
    }
    const predecessor = await other(old.replaces);
    if (predecessor !== undefined && !isDead(predecessor, now)) {
      throw invalid(
        `the token that it replaces, ${predecessor.lookupId}, lives until ${isoTime(predecessor.expiryAt)}: wait, or revoke it first`,
      );
    }
  }

  async function endLater(
    tx: StoreTransaction,
    old: Token,
    replaced: { readonly by: string; readonly lifetimeSeconds: number },
    overlapSeconds: number,
    now: UnixNanos,
  ): Promise<void> {
    const { account, tokenId } = old;
    const overlapEnd = secondsAfter(now, overlapSeconds);
    const expiryAt = overlapSeconds > 0 && overlapEnd < old.expiryAt ? overlapEnd : old.expiryAt;
    if (!(await tx.replaceToken(account, tokenId, { ...replaced, expiryAt }, now))) throw noSuchToken();
    if (overlapSeconds === 0 && !(await tx.revokeToken(account, tokenId, now))) throw noSuchToken();
  }
}

const isDead = ({ revokedAt, expiryAt }: Token, now: UnixNanos): boolean =>
  revokedAt !== NEVER || isOver(expiryAt, now);
const subjectOf = ({ account, tokenId }: { account: AccountId; tokenId: string }): Subject =>
  credentialSubject({ account, kind: 'token', id: tokenId });

/** A row that was written by hand may tell any life. */
const clamped = (seconds: number): number => Math.min(Math.max(seconds, MIN_TOKEN_SECONDS), MAX_TOKEN_SECONDS);

const noSuchToken = (): ApiError => new ApiError('NOT_FOUND', 'no such token');
const invalid = (message: string): ApiError => new ApiError('VALIDATION_ERROR', message);
