// Terminal tokens: who proved an account's main key or wallet, and asked for an interactive session, gets an attestation of it for
// the venue's terminal (WIRE section 5, row 5). It is accepted by nothing here, and never made for a caller who is dead by then.
import { refusalErrorOf } from '../access/refusal.ts';
import type { AuditJournal } from '../audit/journal.ts';
import type { Grant } from '../domain/grant.ts';
import { type Clock, secondsOf } from '../domain/time.ts';
import { ApiError } from '../errors.ts';
import type { Issuer } from '../jwt/issue.ts';
import type { Caller } from './caller.ts';

/**
 * The JWT, for a caller that holds keys:manage. `grant` is the decision that let the caller in. Throws REQUEST_NOT_ALLOWED while
 * terminal tokens are off, INVALID_TOKEN_SCOPE for a session that did not ask for token_usage=interactive, and whatever refuses
 * the caller by now.
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
    // A body may have taken its time: what ended since the decision is asked in the same turn in which the token is signed.
    const refusal = grant.refusal();
    if (refusal !== undefined) throw refusalErrorOf(refusal);
    const request = { account: credential.account, sessionEndsAt: expiresAt };
    const issued = deps.issuer.issueTerminalToken(request, secondsOf(deps.clock.now()));
    deps.journal.terminalToken(credential, caller, { jti: issued.id, expires_at: issued.expiresAt });
    return issued.jwt;
  };
}
