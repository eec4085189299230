// Rate limits: from the figures of the settings to the limiter of requests and that of TLS handshakes.
import type { RateFigures } from '../access/figures.ts';
import type { Clock } from '../domain/time.ts';
import { limitsOf, rateLimitsOf } from '../ratelimit/from-figures.ts';
import { createHandshakeLimit } from '../ratelimit/handshakes.ts';
import { createRateLimiter } from '../ratelimit/limiter.ts';
import { countLimited } from '../telemetry/observe.ts';
import type { Monitoring } from './monitoring.ts';
import type { Slice } from './slice.ts';

type Settings = Slice<'http' | 'memory' | 'rate_limit'>;

export type Limits = ReturnType<typeof composeLimits>;

export function composeLimits(
  config: Settings,
  {
    clock,
    counters,
    figures,
    hasTls,
  }: Pick<Monitoring, 'counters'> & {
    readonly clock: Clock;
    readonly figures: RateFigures;
    readonly hasTls: boolean;
  },
) {
  const limiter = createRateLimiter({
    enabled: config['rate_limit.enabled'],
    limits: rateLimitsOf(figures),
    maxKeys: config['memory.entries'],
    clock,
  });
  const handshakes =
    hasTls && config['rate_limit.enabled'] ? createHandshakeLimit(handshakeLimitOf(config, figures, clock)) : undefined;
  return {
    limiter,
    /** The same limiter for the use cases: it counts their refusals. The front counts its own. */
    countedLimiter: countLimited(limiter, counters),
    handshakes,
    /** Keys that both remember now. */
    size: () => limiter.size() + (handshakes?.size() ?? 0),
  };
}

const handshakeLimitOf = (config: Settings, figures: RateFigures, clock: Clock) => ({
  limits: limitsOf(figures.handshakes),
  burst: config['http.max_connections_per_address'],
  maxKeys: config['memory.entries'],
  clock,
});
