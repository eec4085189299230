// A refused login with a good signature, for example from a foreign address or after a sign-out, is the clearest sign of a stolen key:
// the audit log and the log name the credential. Never for a key that was not proven.
import type { AuditJournal } from '../audit/journal.ts';
import type { CredentialRef } from '../domain/credential.ts';
import type { RequestOrigin } from '../domain/request-origin.ts';
import { nanosOfSeconds, type UnixSeconds } from '../domain/time.ts';
import { ApiError } from '../errors.ts';

/** What a good signature has shown: whose, and at which time it was signed. */
export interface Proven {
  readonly credential: CredentialRef;
  readonly authTime: UnixSeconds;
}

/** The same refusal on the wire; the log line about it names the credential. */
export class ProvenRefusal extends ApiError {
  readonly credential: CredentialRef;

  constructor({ code, message, status, data, headers, reason, cause, facts }: ApiError, proven: Proven) {
    const isTime = code === 'INVALID_TIMESTAMP' || code === 'INVALID_BLOCK_EXPIRATION' || reason === 'signed_out';
    super(code, message, {
      status,
      headers,
      reason,
      ...(cause === undefined ? {} : { cause }),
      ...(data === null ? {} : { data }),
      facts: isTime ? { ...facts, signedAt: nanosOfSeconds(proven.authTime) } : { ...facts },
    });
    this.credential = proven.credential;
  }
}

/**
 * The origin is told who proved itself. When `work` throws an ApiError below 500, the journal gets the refusal and the error names the
 * credential.
 */
export async function afterProof<T>(
  journal: Pick<AuditJournal, 'loginRefused'>,
  proven: Proven,
  origin: RequestOrigin,
  work: () => Promise<T>,
): Promise<T> {
  origin.proved?.(proven.credential);
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ApiError) || error.status >= 500) throw error;
    journal.loginRefused(proven.credential, origin, error.reason);
    throw new ProvenRefusal(error, proven);
  }
}
