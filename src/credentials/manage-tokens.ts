// Read-only tokens: created, shown once and never stored as text; rebound and revoked by lookup_id.
import { covers, shownEntries, type UsableAllowlist } from '../domain/allowlist.ts';
import { type AccountId, credentialSubject, type Subject } from '../domain/credential.ts';
import { type Clock, isOver, NEVER } from '../domain/time.ts';
import type { Token } from '../domain/token.ts';
import { ApiError } from '../errors.ts';
import type { Issuer } from '../jwt/issue.ts';
import type { Changed, Changes } from '../revocation/commit.ts';
import type { Store, StoreTransaction } from '../store/store.ts';
import { type Caller, requireStill } from './caller.ts';
import { endUnwritten } from './end-unwritten.ts';
import { type CreatedToken, makeToken, type TokenCreation } from './make-token.ts';
import { record } from './record.ts';
import { requireMayReplace } from './require-may-replace.ts';

export interface ManageTokens {
  /** Throws TOKEN_LIMIT_REACHED and what requireStill throws. */
  create(caller: Caller, creation: TokenCreation): Promise<CreatedToken>;
  /** Throws NOT_FOUND for an unknown, revoked or expired token, and for another account's. */
  rename(caller: Caller, lookupId: string, name: string): Promise<Token>;
  /** Full replacement. Throws NOT_FOUND as rename does, INVALID_TOKEN_SCOPE where requireMayReplace does. */
  replaceAllowlist(caller: Caller, lookupId: string, allowlist: UsableAllowlist): Promise<Changed<Token>>;
  /** Idempotent. Throws NOT_FOUND for a token that the account never had. */
  revoke(caller: Caller, lookupId: string): Promise<Changed<Token>>;
}

export function createManageTokens(deps: {
  store: Pick<Store, 'token'>;
  changes: Changes;
  clock: Clock;
  issuer: Issuer;
  settings: { readonly maxLive: number };
}): ManageTokens {
  const { changes, clock, settings } = deps;

  return {
    async create(caller, creation) {
      const { account } = caller.principal.credential;
      const { result } = await changes.commit(async (tx) => {
        await requireStill(tx, caller, { permission: 'keys:manage', method: 'POST' }, clock);
        const now = clock.now();
        const { tokens } = await tx.countLive(account, now);
        if (tokens >= settings.maxLive) {
          throw new ApiError(
            'TOKEN_LIMIT_REACHED',
            `the account has ${tokens} live tokens, the most allowed: revoke one first`,
          );
        }
        const { token, jwt } = await makeToken(tx, deps.issuer, account, creation, now);
        const detail = {
          lookup_id: token.lookupId,
          name: token.name,
          expiry_at: token.expiryAt,
          allowed_cidrs: shownEntries(token.allowlist),
        };
        const change = await record(tx, {
          by: caller,
          action: 'token.created',
          subject: subjectOf(token),
          detail,
          narrows: false,
        });
        return { result: { token, jwt }, change };
      });
      return result;
    },

    async rename(caller, lookupId, name) {
      const { result } = await changes.commit(async (tx) => {
        const token = await liveToken(tx, caller, lookupId);
        const { account } = caller.principal.credential;
        if (!(await tx.renameToken(account, token.tokenId, name, clock.now()))) throw noSuchToken();
        const change = await record(tx, {
          by: caller,
          action: 'token.renamed',
          subject: subjectOf(token),
          detail: { from: token.name, to: name },
          narrows: false,
        });
        return { result: await reread(tx, account, lookupId), change };
      });
      return result;
    },

    replaceAllowlist: (caller, lookupId, allowlist) =>
      changes.commit(async (tx) => {
        const token = await liveToken(tx, caller, lookupId);
        requireMayReplace(caller, token.allowlist, allowlist);
        const { account } = caller.principal.credential;
        if (!(await tx.replaceTokenAllowlist(account, token.tokenId, allowlist, clock.now()))) throw noSuchToken();
        const detail = { from: shownEntries(token.allowlist), to: shownEntries(allowlist) };
        const narrows = !covers(allowlist, token.allowlist);
        const change = await record(tx, {
          by: caller,
          action: 'token.allowlist_replaced',
          subject: subjectOf(token),
          detail,
          narrows,
        });
        return { result: await reread(tx, account, lookupId), change };
      }),

    async revoke(caller, lookupId) {
      const { account } = caller.principal.credential;
      const look = () => deps.store.token(account, lookupId);
      const options = await endUnwritten({ account, of: 'token', label: lookupId }, look, refOf);
      const { result, receipt } = await changes.commit(async (tx) => {
        await requireStill(tx, caller, { permission: 'keys:narrow', method: 'DELETE' }, clock);
        const token = await tx.token(account, lookupId);
        if (token === undefined) return { result: undefined, change: undefined };
        if (!(await tx.revokeToken(account, token.tokenId, clock.now()))) return { result: token, change: undefined };
        const change = await record(tx, {
          by: caller,
          action: 'token.revoked',
          subject: subjectOf(token),
          detail: { lookup_id: lookupId, name: token.name },
          narrows: true,
        });
        return { result: await reread(tx, account, lookupId), change };
      }, options);
      if (result === undefined) throw noSuchToken();
      return { result, receipt };
    },
  };

  async function liveToken(tx: StoreTransaction, caller: Caller, lookupId: string): Promise<Token> {
    await requireStill(tx, caller, { permission: 'keys:narrow', method: 'PUT' }, clock);
    const token = await tx.token(caller.principal.credential.account, lookupId);
    if (token === undefined || token.revokedAt !== NEVER || isOver(token.expiryAt, clock.latest())) throw noSuchToken();
    return token;
  }
}

const refOf = ({ account, tokenId }: Token) => ({ account, kind: 'token', id: tokenId }) as const;
const subjectOf = (token: Token): Subject => credentialSubject(refOf(token));

const noSuchToken = (): ApiError => new ApiError('NOT_FOUND', 'no such token');

async function reread(tx: StoreTransaction, account: AccountId, lookupId: string): Promise<Token> {
  const token = await tx.token(account, lookupId);
  if (token === undefined) throw noSuchToken();
  return token;
}
