// Who signed rightly and is refused all the same: a good signature from a foreign address, or after the owner signed out, is the
// clearest sign of theft there is, so the audit log and the log say whose key it was. Never for a key that was not proven.
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

/** `credential` has been proven by a signature, which is refused when `work` throws an ApiError that is no failure of ours. */
export async function afterProof<T>(
  journal: Pick<AuditJournal, 'loginRefused'>,
  credential: CredentialRef,
  origin: RequestOrigin,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ApiError) || error.status >= 500) throw error;
    journal.loginRefused(credential, origin, error.reason);
    throw new ProvenRefusal(error, credential);
  }
}
