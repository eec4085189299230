// Renders every error for the wire: exactly `error`, `message` and `data` (docs/wire.md section 11).
import { refusalErrorOf } from '../../access/refusal.ts';
import type { DenyReason } from '../../domain/decision.ts';
import { jsonText } from '../../domain/json-text.ts';
import { ApiError, StoreFailure } from '../../errors.ts';

export interface RenderedError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** `clientIp`: canonical text; empty when unknown or without a request. */
export function renderError(error: ApiError, clientIp: string): RenderedError {
  const { status, code, message } = error;
  // Behind a NAT or a proxy the caller cannot know otherwise which address to put on the list.
  const data = code === 'IP_NOT_ALLOWED' ? { ...error.data, client_ip: clientIp === '' ? null : clientIp } : error.data;
  return {
    status,
    headers: {
      'Content-Type': 'application/json; charset=utf-8',
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      ...(status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {}),
      ...error.headers,
    },
    // ccxt raises its rate-limit error only when the body has no `error` member.
    body: jsonText(status === 429 ? { message } : { error: code, message, data }),
  };
}

/** How far a request for the venue got. */
export interface Fate {
  readonly method: string;
  /** Its head was written to the venue, which may have executed it. */
  readonly sent: boolean;
}

const MAY_BE_DONE = 'it had left for the venue and may have been executed: look it up before you send it again';

/**
 * An error in place of the venue's answer. `data.sent` is true once the head has left; it is false with 503 and 408, where a client would ask.
 * Only GET keeps Retry-After: repeating another request that may have been executed could execute it twice (RFC 9110 section 9.2.2).
 */
export function toldFate(error: ApiError, { method, sent }: Fate): ApiError {
  const { code, status, headers, reason } = error;
  const facts = error.facts === undefined ? {} : { facts: error.facts };
  if (!sent && status !== 503 && status !== 408) return error;
  const data = { ...error.data, sent };
  if (!sent || method === 'GET' || method === 'HEAD')
    return new ApiError(code, error.message, { status, data, headers, reason, ...facts });
  return new ApiError(code, `${error.message}; ${MAY_BE_DONE}`, {
    status,
    data,
    headers,
    reason,
    ...facts,
    mayRepeat: false,
  });
}

/** A refusal in place of the venue's answer. */
export const renderRefusal = (
  refusal: DenyReason | ApiError,
  about: Fate & { readonly clientIp: string },
): RenderedError =>
  renderError(toldFate(refusal instanceof ApiError ? refusal : refusalErrorOf(refusal), about), about.clientIp);

/** For any error that is no ApiError the caller gets only the request id, by which the log has the cause. */
export function toApiError(error: unknown, requestId: string): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof StoreFailure) {
    return new ApiError('SERVICE_UNAVAILABLE', `the credential store is unavailable (request ${requestId})`, {
      cause: error,
    });
  }
  return new ApiError('INTERNAL_ERROR', `internal error (request ${requestId})`, { cause: error });
}
