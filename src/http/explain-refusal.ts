// Notes why an identified credential was refused, for its owner: what the answer said, and the values that it was made by.
import type { CredentialRef } from '../domain/credential.ts';
import { type DenyReason, isDenyReason } from '../domain/decision.ts';
import type { ApiError, ErrorCode } from '../errors.ts';
import { detailOf } from '../explain/detail.ts';
import type { Explainer } from '../explain/explainer.ts';
import type { Peers } from './kit/client-ip.ts';
import type { Known } from './kit/known.ts';

/** `credential` was proven; `error` as it was answered. Never throws. */
export type ExplainRefusal = (request: Known, credential: CredentialRef, error: ApiError) => void;

export function createExplainRefusal(deps: {
  readonly explainer: Pick<Explainer, 'refused'>;
  readonly peers: Pick<Peers, 'hops'>;
}): ExplainRefusal {
  return ({ requestId, routeName, method, clientIp, peer, lines }, credential, error) =>
    deps.explainer.refused({
      requestId,
      credential,
      route: routeName,
      reason: reasonOf(error),
      detail() {
        const hops = deps.peers.hops(peer.address, peer.isUnixSocket, lines.forwardedFor);
        return detailOf(error, { method, clientIp, hops });
      },
    });
}

/** Refusals of orders and of changes, whose error is made where it is found. */
const reasons: Readonly<Partial<Record<ErrorCode, DenyReason>>> = {
  INVALID_ORDER_SIGNATURE: 'order_refused',
  ORDER_ALREADY_SENT: 'order_refused',
  ISOLATED_MARKET_ACCOUNT_MISMATCH: 'order_refused',
  INVALID_TOKEN_SCOPE: 'permission_missing',
};

/** A deny reason, or the audit log's word for it, or the code. */
const reasonOf = ({ reason, code }: ApiError): string => (isDenyReason(reason) ? reason : (reasons[code] ?? reason));

/**
 * What the audit log says of a refusal by a handler, which a caller may have run into on purpose, such as a list that it widens. Undefined:
 * nothing, as for a bearer that has run out and for what is no fault of the caller.
 */
export function journaledReason(error: ApiError): DenyReason | undefined {
  const reason = reasonOf(error);
  return error.status < 500 && isDenyReason(reason) && reason !== 'bearer_expired' ? reason : undefined;
}

/**
 * Whether the answer of a handler refuses the caller, not what it wrote: the rest of its errors say all there is to say. What counts as
 * refused or limited can be asked about, so also a signature in the body that is not the owner's. 503 counts: the caller did nothing wrong,
 * and will ask.
 */
export const isRefusal = ({ reason, status }: ApiError): boolean =>
  isDenyReason(reason) || status === 401 || status === 403 || status === 429 || status === 503;
