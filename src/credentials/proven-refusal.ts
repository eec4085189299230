// A refused login with a good signature, for example from a foreign address or after a sign-out, is the clearest sign of a stolen key:
// the audit log and the log name the credential. Never for a key that was not proven.
import type { AuditJournal } from '../audit/journal.ts';
import type { CredentialRef } from '../domain/credential.ts';
import type { RequestOrigin } from '../domain/request-origin.ts';
import { ApiError } from '../errors.ts';

/** The same refusal on the wire; the log line about it names the credential. */
export class ProvenRefusal extends ApiError {
  readonly credential: CredentialRef;

  constructor({ code, message, status, data, headers, reason, cause }: ApiError, credential: CredentialRef) {
    const why = cause === undefined ? {} : { cause };
    super(code, message, { status, headers, reason, ...why, ...(data === null ? {} : { data }) });
    this.credential = credential;
  }
}

/** `credential` is proven, and the origin is told so. When `work` throws an ApiError below 500, the journal gets the refusal and the error names the credential. */
export async function afterProof<T>(
  journal: Pick<AuditJournal, 'loginRefused'>,
  credential: CredentialRef,
  origin: RequestOrigin,
  work: () => Promise<T>,
): Promise<T> {
  origin.proved?.(credential);
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ApiError) || error.status >= 500) throw error;
    journal.loginRefused(credential, origin, error.reason);
    throw new ProvenRefusal(error, credential);
  }
}
