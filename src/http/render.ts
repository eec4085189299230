// How an error goes on the wire: exactly error, message and data, wherever in the house it arose (WIRE 0.1).
import { refusalErrorOf } from '../access/refusal.ts';
import type { DenyReason } from '../domain/decision.ts';
import { ApiError, StoreFailure } from '../errors.ts';

export interface RenderedError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export function renderError(error: ApiError): RenderedError {
  const { status, code, message, data } = error;
  return {
    status,
    headers: {
      'Content-Type': 'application/json; charset=utf-8',
      'Cache-Control': 'no-store',
      ...(status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {}),
      ...error.headers,
    },
    // ccxt raises its rate-limit error only when the body has no `error` member (WIRE C-22).
    body: JSON.stringify(status === 429 ? { message } : { error: code, message, data }),
  };
}

export const renderRefusal = (refusal: DenyReason | ApiError): RenderedError =>
  renderError(refusal instanceof ApiError ? refusal : refusalErrorOf(refusal));

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
