// How often an address or an account may call. It decides and counts; what is refused, and when accounts may be
// charged (only after the request was authorized, so that nobody can lock an owner out), is the caller's business.
import type { IpAddress } from '../domain/allowlist.ts';
import type { AccountId } from '../domain/credential.ts';
import type { Clock, UnixSeconds } from '../domain/time.ts';
import { type Buckets, createBuckets, type Look } from './buckets.ts';
import type { Limit } from './gcra.ts';
import { rateKeys } from './rate-keys.ts';

export const ipBuckets = ['public', 'login', 'onboarding', 'private', 'activate'] as const;
export const accountBuckets = ['orders', 'read', 'keys'] as const;

export type IpBucket = (typeof ipBuckets)[number];
export type AccountBucket = (typeof accountBuckets)[number];
export type RateLimits = Readonly<Record<IpBucket | AccountBucket, readonly Limit[]>>;

export interface MeasuredVerdict {
  readonly kind: 'measured';
  readonly allowed: boolean;
  readonly bucket: IpBucket | AccountBucket;
  /** Requests per window. */
  readonly limit: number;
  readonly windowSeconds: number;
  /** Requests that would still pass right now. */
  readonly remaining: number;
  /** Whole seconds until nothing is held against the caller any more. */
  readonly resetSeconds: number;
  /** Whole seconds after which a request passes; 0 unless refused. */
  readonly retryAfterSeconds: number;
}

/** Rate limiting is off: always allowed, nothing to report. */
export interface UnlimitedVerdict {
  readonly kind: 'unlimited';
  readonly allowed: true;
}

export type Verdict = MeasuredVerdict | UnlimitedVerdict;

export interface RateLimiter {
  chargeIp(ip: IpAddress | undefined, bucket: IpBucket): Verdict;
  /** Only for an account that has just been proven and authorized (DECISIONS, limits). */
  chargeAccount(account: AccountId, bucket: AccountBucket): Verdict;
  /** Keys remembered now, over all maps. */
  size(): number;
}

export interface RateLimiterOptions {
  /** Setting `rate_limit.enabled`. */
  readonly enabled: boolean;
  readonly limits: RateLimits;
  /** Cap of each of the maps: one per account bucket, two per IP bucket. */
  readonly maxKeys: number;
  readonly clock: Pick<Clock, 'monotonic'>;
}

const perSecond = (count: number): Limit => ({ count, windowSeconds: 1, burst: count });
const perMinute = (count: number): Limit => ({ count, windowSeconds: 60, burst: count });

/** WIRE section 11. Several limits in a row all apply. */
export const defaultLimits: RateLimits = {
  public: [perMinute(1500)],
  login: [perMinute(600)],
  onboarding: [perMinute(600)],
  private: [perMinute(1500)],
  activate: [perMinute(30)],
  orders: [perSecond(800), perMinute(17_250)],
  read: [perSecond(120), perMinute(600)],
  keys: [perMinute(60)],
};

/** An IPv6 site gets this many times the limit of one address: it may be many homes, yet not 65,536 of them. */
export const WIDE_FACTOR = 4;

const unlimited: UnlimitedVerdict = { kind: 'unlimited', allowed: true };

/** Throws RangeError on a limit that is not made of positive integers, or a bucket without any. */
export function createRateLimiter(options: RateLimiterOptions): RateLimiter {
  if (!options.enabled) return { chargeIp: () => unlimited, chargeAccount: () => unlimited, size: () => 0 };

  const { limits, maxKeys, clock } = options;
  const all: Buckets[] = [];
  const bucketsOf = (limits: readonly Limit[]): Buckets => {
    const buckets = createBuckets({ limits, maxKeys });
    all.push(buckets);
    return buckets;
  };
  const narrow = ipMaps((name) => bucketsOf(limits[name]));
  const wide = ipMaps((name) => bucketsOf(limits[name].map(widen)));
  const accounts: Record<AccountBucket, Buckets> = {
    orders: bucketsOf(limits.orders),
    read: bucketsOf(limits.read),
    keys: bucketsOf(limits.keys),
  };

  return {
    chargeIp(ip, bucket) {
      const now = clock.monotonic();
      const keys = rateKeys(ip);
      const looks = [narrow[bucket].look(keys.narrow, now)];
      if (keys.wide !== undefined) looks.push(wide[bucket].look(keys.wide, now));
      return chargeAll(looks, bucket);
    },
    chargeAccount(account, bucket) {
      return chargeAll([accounts[bucket].look(account, clock.monotonic())], bucket);
    },
    size: () => all.reduce((sum, buckets) => sum + buckets.size(), 0),
  };
}

/** The verdict that binds the caller most: a refusal before any leave, the longest wait, then the fewest requests left. */
export function tightest(verdicts: readonly Verdict[]): Verdict {
  return verdicts
    .filter((verdict) => verdict.kind === 'measured')
    .reduce<Verdict>((best, next) => (best.kind === 'unlimited' || isTighter(next, best) ? next : best), unlimited);
}

/** WIRE section 11: on every answer; Retry-After on a refusal only. `X-Ratelimit-Window` is upstream's own spelling. */
export function rateLimitHeaders(verdict: Verdict, now: UnixSeconds): Record<string, string> {
  if (verdict.kind === 'unlimited') return {};
  return {
    'X-RateLimit-Limit': String(verdict.limit),
    'X-RateLimit-Remaining': String(verdict.remaining),
    'X-RateLimit-Reset': String(now + verdict.resetSeconds),
    'X-Ratelimit-Window': String(verdict.windowSeconds),
    ...(verdict.allowed ? {} : { 'Retry-After': String(verdict.retryAfterSeconds) }),
  };
}

/** All or nothing: a refused request is charged nowhere. */
function chargeAll(looks: readonly Look[], bucket: IpBucket | AccountBucket): Verdict {
  if (looks.every((look) => look.allowed)) for (const look of looks) look.commit();
  return tightest(
    looks.flatMap((look) =>
      look.results.map(
        ({ limit, result }): MeasuredVerdict => ({
          kind: 'measured',
          allowed: result.allowed,
          bucket,
          limit: limit.count,
          windowSeconds: limit.windowSeconds,
          remaining: result.remaining,
          resetSeconds: result.resetAfterSeconds,
          retryAfterSeconds: result.retryAfterSeconds,
        }),
      ),
    ),
  );
}

function isTighter(a: MeasuredVerdict, b: MeasuredVerdict): boolean {
  // A refusal waits at least one second and a leave none, so the wait alone puts refusals first.
  if (a.retryAfterSeconds !== b.retryAfterSeconds) return a.retryAfterSeconds > b.retryAfterSeconds;
  if (a.remaining !== b.remaining) return a.remaining < b.remaining;
  return a.resetSeconds > b.resetSeconds;
}

const widen = (limit: Limit): Limit => ({
  ...limit,
  count: limit.count * WIDE_FACTOR,
  burst: limit.burst * WIDE_FACTOR,
});

const ipMaps = (create: (name: IpBucket) => Buckets): Record<IpBucket, Buckets> => ({
  public: create('public'),
  login: create('login'),
  onboarding: create('onboarding'),
  private: create('private'),
  activate: create('activate'),
});
