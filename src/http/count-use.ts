// Counts each request of a proven credential once, by how it ended: refused by the door, answered by us, or carried to the venue.
import { refusalErrorOf } from '../access/refusal.ts';
import type { UseOutcome } from '../domain/use.ts';
import type { Outcome } from '../gateway/exchange.ts';
import type { UseCounter } from '../usage/counts.ts';
import type { Refused } from './admission.ts';
import type { RequestContext } from './context.ts';

/** A request that the door refused. */
export function countRefused(usage: UseCounter, { deny, error, client }: Refused): void {
  if (deny?.principal !== undefined) usage.count(deny.principal, ofRefusal(error.status), client.text);
}

/**
 * A request that our handlers answered with `status`, or that its client left. What was decided yes stays allowed when a handler finds
 * it wrong; of a login or signature every refusal counts.
 */
export function countServed(
  usage: UseCounter,
  { grant, proven, clientIpText }: RequestContext,
  status: number | undefined,
): void {
  const { principal } = grant;
  if (principal !== undefined)
    usage.count(principal, status === undefined ? 'allowed' : ofAnswer(status), clientIpText);
  else if (proven !== undefined) {
    const isRefused = status !== undefined && status >= 400;
    usage.count({ credential: proven }, isRefused ? ofRefusal(status) : 'allowed', clientIpText);
  }
}

/** A request that was admitted for the venue. Undefined: the gateway itself failed. */
export function countForwarded(usage: UseCounter, { grant, clientIpText }: RequestContext, outcome?: Outcome): void {
  if (grant.principal !== undefined) usage.count(grant.principal, ofExchange(outcome), clientIpText);
}

function ofExchange(outcome: Outcome | undefined): UseOutcome {
  if (outcome === undefined) return 'failed';
  if (outcome.kind !== 'refused') return 'allowed';
  const { refusal } = outcome;
  return ofRefusal(typeof refusal === 'string' ? refusalErrorOf(refusal).status : refusal.status);
}

function ofRefusal(status: number): UseOutcome {
  if (status === 429) return 'limited';
  return status >= 500 ? 'failed' : 'refused';
}

const ofAnswer = (status: number): UseOutcome =>
  status === 401 || status === 403 || status === 429 || status >= 500 ? ofRefusal(status) : 'allowed';
