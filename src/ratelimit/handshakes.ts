// Limits the TLS handshakes an address may begin: each costs about a millisecond of processor time before the client has sent a request. The
// listener closes what is refused here.
import type { Clock } from '../domain/time.ts';
import { createBuckets } from './buckets.ts';
import type { Limit } from './gcra.ts';
import { WIDE_FACTOR } from './limiter.ts';
import type { RateKeys } from './rate-keys.ts';

export interface HandshakeLimitOptions {
  /** Of one IPv4 address or IPv6 /64; each applies. An IPv6 /48 has four times as many, at once and over time. */
  readonly limits: readonly Pick<Limit, 'count' | 'windowSeconds'>[];
  /** At once: the connections an address may have, because all come back after a restart. */
  readonly burst: number;
  readonly maxKeys: number;
  readonly clock: Pick<Clock, 'monotonic'>;
}

export interface HandshakeLimit {
  /** False = too many, and this one is not counted. */
  charge(keys: RateKeys): boolean;
  /** Keys held now, in both maps. */
  size(): number;
}

/** Throws RangeError unless all numbers are positive integers. */
export function createHandshakeLimit({ limits, burst, maxKeys, clock }: HandshakeLimitOptions): HandshakeLimit {
  const of = (factor: number) =>
    createBuckets({
      limits: limits.map(({ count, windowSeconds }) => ({
        count: count * factor,
        windowSeconds,
        burst: Math.min(count, burst) * factor,
      })),
      maxKeys,
    });
  const [narrow, wide] = [of(1), of(WIDE_FACTOR)];
  return {
    charge(keys) {
      const now = clock.monotonic();
      const looks = [narrow.look(keys.narrow, now)];
      if (keys.wide !== undefined) looks.push(wide.look(keys.wide, now));
      const allowed = looks.every((look) => look.allowed);
      if (allowed) for (const look of looks) look.commit();
      return allowed;
    },
    size: () => narrow.size() + wide.size(),
  };
}
