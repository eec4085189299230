// The refusal when a proven account has used up a limit.
import { type Clock, secondsOf } from '../domain/time.ts';
import { ApiError } from '../errors.ts';
import { limitFacts, limitMessage, rateLimitHeaders, type Verdict } from '../ratelimit/limiter.ts';

/** Throws RATE_LIMITED with Retry-After and the limit's headers unless the verdict allows. */
export function requireRoom(verdict: Verdict, clock: Pick<Clock, 'now'>): void {
  if (verdict.allowed) return;
  throw new ApiError('RATE_LIMITED', limitMessage(verdict), {
    headers: rateLimitHeaders(verdict, secondsOf(clock.now())),
    reason: 'rate_limited',
    facts: limitFacts(verdict),
  });
}
