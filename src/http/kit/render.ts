// How an error goes on the wire: exactly error, message and data, wherever in the house it arose (WIRE 0.1).
import { refusalErrorOf } from '../../access/refusal.ts';
import type { DenyReason } from '../../domain/decision.ts';
import { jsonText } from '../../domain/json-text.ts';
import { ApiError, StoreFailure } from '../../errors.ts';

export interface RenderedError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** `clientIp`: the address that the request was seen to come from, as canonical text; empty when unknown, or when there is no request. */
export function renderError(error: ApiError, clientIp: string): RenderedError {
  const { status, code, message } = error;
  // Behind a NAT or a proxy nobody knows otherwise what the list must hold.
  const data = code === 'IP_NOT_ALLOWED' ? { ...error.data, client_ip: clientIp === '' ? null : clientIp } : error.data;
  return {
    status,
    headers: {
      'Content-Type': 'application/json; charset=utf-8',
      'Cache-Control': 'no-store',
      ...(status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {}),
      ...error.headers,
    },
    // ccxt raises its rate-limit error only when the body has no `error` member (WIRE C-22).
    body: jsonText(status === 429 ? { message } : { error: code, message, data }),
  };
}

/** What became of a request that was on its way to the venue. */
export interface Fate {
  readonly method: string;
  /** Its head was written to the venue, which may have acted on it whatever came back. */
  readonly sent: boolean;
}

const MAY_BE_DONE = 'it had left for the venue and may have been executed: look it up before you send it again';

/**
 * What is answered in the venue's place. `data.sent` is true once the head has left, and false with the statuses that let a client
 * ask whether it has. Whoever repeats a request that may have been executed does it twice (RFC 9110 section 9.2.2), so only a GET,
 * which changes nothing, is told when to come again.
 */
export function toldFate(error: ApiError, { method, sent }: Fate): ApiError {
  const { code, status, headers, reason } = error;
  if (!sent && status !== 503 && status !== 408) return error;
  const data = { ...error.data, sent };
  if (!sent || method === 'GET' || method === 'HEAD')
    return new ApiError(code, error.message, { status, data, headers, reason });
  return new ApiError(code, `${error.message}; ${MAY_BE_DONE}`, { status, data, headers, reason, mayRepeat: false });
}

/** A refusal in the venue's place. */
export const renderRefusal = (
  refusal: DenyReason | ApiError,
  about: Fate & { readonly clientIp: string },
): RenderedError =>
  renderError(toldFate(refusal instanceof ApiError ? refusal : refusalErrorOf(refusal), about), about.clientIp);

/** Anything that is no ApiError says nothing to the caller but the id under which the log has it. */
export function toApiError(error: unknown, requestId: string): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof StoreFailure) {
    return new ApiError('SERVICE_UNAVAILABLE', `the credential store is unavailable (request ${requestId})`, {
      cause: error,
    });
  }
  return new ApiError('INTERNAL_ERROR', `internal error (request ${requestId})`, { cause: error });
}
