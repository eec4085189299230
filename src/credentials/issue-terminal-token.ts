// Terminal tokens: a main-key or wallet session that asked to be interactive gets an attestation of its account for the venue's terminal
// (docs/decisions.md "terminal token"). Nothing here accepts it, and none is issued to a caller that was ended meanwhile.
import { refusalErrorOf } from '../access/refusal.ts';
import type { AuditJournal } from '../audit/journal.ts';
import type { Grant } from '../domain/grant.ts';
import { type Clock, secondsOf } from '../domain/time.ts';
import { ApiError } from '../errors.ts';
import type { Issuer } from '../jwt/issue.ts';
import type { Caller } from './caller.ts';

/**
 * Returns the JWT. The caller holds keys:manage; `grant` is the decision that admitted it. Throws REQUEST_NOT_ALLOWED while terminal
 * tokens are off, INVALID_TOKEN_SCOPE for a session without token_usage=interactive, and the error of any rule that refuses it now.
 */
export type IssueTerminalToken = (caller: Caller, grant: Pick<Grant, 'refusal'>) => string;

export function createIssueTerminalToken(deps: {
  issuer: Issuer;
  journal: AuditJournal;
  clock: Clock;
  settings: { readonly enabled: boolean };
}): IssueTerminalToken {
  return function issueTerminalToken(caller, grant) {
    if (!deps.settings.enabled) throw new ApiError('REQUEST_NOT_ALLOWED', 'terminal tokens are off');
    const { credential, expiresAt, tokenUsage } = caller.principal;
    if (tokenUsage !== 'interactive') {
      throw new ApiError(
        'INVALID_TOKEN_SCOPE',
        'only a session that logged in with token_usage=interactive may do that',
      );
    }
    // The body may have arrived slowly: ask again in the turn that signs the token.
    const refusal = grant.refusal();
    if (refusal !== undefined) throw refusalErrorOf(refusal);
    const request = { account: credential.account, sessionEndsAt: expiresAt };
    const issued = deps.issuer.issueTerminalToken(request, secondsOf(deps.clock.now()));
    deps.journal.terminalToken(credential, caller, { jti: issued.id, expires_at: issued.expiresAt });
    return issued.jwt;
  };
}
