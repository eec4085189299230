// How often an address, an account or one of its credentials may call. Which bucket a request is charged to, and when: charges.ts. Accounts may
// be charged only after the request was authorized, or strangers could lock an owner out.
import { type CredentialRef, credentialSubject } from '../domain/credential.ts';
import { kindTable } from '../domain/kinds.ts';
import type { Clock, UnixSeconds } from '../domain/time.ts';
import type { RefusalFacts } from '../errors.ts';
import { type Buckets, createBuckets, type Look } from './buckets.ts';
import type { Limit } from './gcra.ts';
import type { RateKeys } from './rate-keys.ts';

/** `insisting`: what owners ask for from an address that is over its limit of private requests. */
export const ipBuckets = ['public', 'login', 'onboarding', 'private', 'activate', 'insisting'] as const;
/**
 * `owner`: what owners ask about their credentials, apart, so that bots at their limits do not keep them from it. `account-login`: sessions
 * opened. `emergency`: calls of emergency routes that changed nothing. `signed-emergency`: calls with the owner's verified signature: each
 * writes, and only the owner can make one, so nobody else can use this up.
 */
export const accountBuckets = [
  'orders',
  'read',
  'keys',
  'owner',
  'account-login',
  'emergency',
  'signed-emergency',
] as const;

export type IpBucket = (typeof ipBuckets)[number];
export type AccountBucket = (typeof accountBuckets)[number];
/** All counters of an account. `interactiveOrders`: orders of interactive sessions, which also count as orders. */
export type AccountCounter = AccountBucket | 'interactiveOrders';

export type RateLimits = Readonly<Record<IpBucket | AccountCounter, readonly Limit[]>> & {
  /** Of one subkey or read-only token, all its sessions together; empty = only the limits of the account. */
  readonly perCredential: Readonly<Record<AccountCounter, readonly Limit[]>>;
  /** Of one login signature that is sent repeatedly; empty = only the limits of the account. */
  readonly perLogin: readonly Limit[];
};

export interface MeasuredVerdict {
  readonly kind: 'measured';
  readonly allowed: boolean;
  readonly bucket: IpBucket | AccountBucket;
  /** Whose requests were counted. */
  readonly scope: 'address' | 'account' | 'credential';
  /** Requests per window. */
  readonly limit: number;
  readonly windowSeconds: number;
  /** Requests that would still pass right now. */
  readonly remaining: number;
  /** Whole seconds until the bucket is full again. */
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
  chargeIp(client: RateKeys, bucket: IpBucket): Verdict;
  /**
   * Charges the account, and for a subkey or token also the credential: both or neither. Call only after the request was authorized.
   * `interactive`: it places or changes an order in a session with token_usage=interactive.
   */
  chargeCredential(
    credential: CredentialRef,
    bucket: AccountBucket,
    options?: { readonly interactive: boolean },
  ): Verdict;
  /**
   * Charges the account for a session. Call last, when nothing else refuses the login, so that strangers cannot use up an owner's limit.
   * `signature` names a login that may be sent again: a captured one gets a share of the limit only, as a subkey does.
   */
  chargeLogin(credential: CredentialRef, signature: string | undefined): Verdict;
  /** Keys held now, in all maps. */
  size(): number;
}

export interface RateLimiterOptions {
  /** Setting `rate_limit.enabled`. */
  readonly enabled: boolean;
  readonly limits: RateLimits;
  /** Cap of each of the maps: two per IP bucket, two per counter of accounts, one for login signatures. */
  readonly maxKeys: number;
  readonly clock: Pick<Clock, 'monotonic'>;
}

/** One credential's share of its account's limits, at least 1. Empty at 100 percent: then only the account is counted. */
export function shareOf(limits: readonly Limit[], percent: number): readonly Limit[] {
  if (!(percent >= 1 && percent <= 100)) throw new RangeError('a share is 1 to 100 percent');
  const part = (count: number): number => Math.max(1, Math.floor((count * percent) / 100));
  return percent === 100
    ? []
    : limits.map((limit) => ({ ...limit, count: part(limit.count), burst: part(limit.burst) }));
}

/** A credential's share of every counter, so that one credential cannot use up any of them. */
export function sharesOf(
  limits: Readonly<Record<AccountCounter, readonly Limit[]>>,
  percentOf: (counter: AccountCounter) => number,
): RateLimits['perCredential'] {
  return accountMaps((counter) => shareOf(limits[counter], percentOf(counter)));
}

/** An IPv6 /48 gets this many times the limit of one address: it may be several homes, but not 65,536. */
export const WIDE_FACTOR = 4;

const unlimited: UnlimitedVerdict = { kind: 'unlimited', allowed: true };

/** Throws RangeError for a limit that is not of positive integers, or a bucket without limits. */
export function createRateLimiter(options: RateLimiterOptions): RateLimiter {
  if (!options.enabled) {
    return {
      chargeIp: () => unlimited,
      chargeCredential: () => unlimited,
      chargeLogin: () => unlimited,
      size: () => 0,
    };
  }

  const { limits, maxKeys, clock } = options;
  const all: Buckets[] = [];
  const bucketsOf = (limits: readonly Limit[]): Buckets => {
    const buckets = createBuckets({ limits, maxKeys });
    all.push(buckets);
    return buckets;
  };
  const ownBucketsOf = (own: readonly Limit[]): Buckets | undefined => (own.length === 0 ? undefined : bucketsOf(own));
  const narrow = ipMaps((name) => bucketsOf(limits[name]));
  const wide = ipMaps((name) => bucketsOf(limits[name].map(widen)));
  const accounts = accountMaps((name) => bucketsOf(limits[name]));
  const credentials = accountMaps((name) => ownBucketsOf(limits.perCredential[name]));
  const logins = ownBucketsOf(limits.perLogin);

  // The main key is the owner, and has the whole limit of the account.
  function lookAt(credential: CredentialRef, counter: AccountCounter, now: number, looks: Counted[]): void {
    looks.push({ scope: 'account', look: accounts[counter].look(credential.account, now) });
    const own = hasShare(credential) ? credentials[counter] : undefined;
    if (own !== undefined) looks.push({ scope: 'credential', look: own.look(credentialSubject(credential), now) });
  }

  return {
    chargeIp(keys, bucket) {
      const now = clock.monotonic();
      const looks: Counted[] = [{ scope: 'address', look: narrow[bucket].look(keys.narrow, now) }];
      if (keys.wide !== undefined) looks.push({ scope: 'address', look: wide[bucket].look(keys.wide, now) });
      return chargeAll(looks, bucket);
    },
    chargeCredential(credential, bucket, { interactive } = { interactive: false }) {
      const now = clock.monotonic();
      const looks: Counted[] = [];
      lookAt(credential, bucket, now, looks);
      if (interactive) lookAt(credential, 'interactiveOrders', now, looks);
      return chargeAll(looks, bucket);
    },
    chargeLogin(credential, signature) {
      const now = clock.monotonic();
      const looks: Counted[] = [];
      lookAt(credential, 'account-login', now, looks);
      const repeats = signature === undefined ? undefined : logins?.look(`${credential.account} ${signature}`, now);
      if (repeats !== undefined) looks.push({ scope: 'credential', look: repeats });
      return chargeAll(looks, 'account-login');
    },
    size: () => all.reduce((sum, buckets) => sum + buckets.size(), 0),
  };
}

/** The strictest verdict: the longest wait (a refusal waits, the others do not), then the fewest requests left. */
export function tightest(verdicts: readonly Verdict[]): Verdict {
  return verdicts
    .filter((verdict) => verdict.kind === 'measured')
    .reduce<Verdict>((best, next) => (best.kind === 'unlimited' || isTighter(next, best) ? next : best), unlimited);
}

/** docs/wire.md section 12: on every answer; Retry-After on a refusal only. `X-Ratelimit-Window` is Paradex's spelling. */
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

const hasShare = ({ kind }: CredentialRef): boolean => kindTable[kind].ownShare;

/** The message of a refusal. */
export function limitMessage(verdict: Verdict): string {
  if (verdict.kind === 'unlimited') return 'rate limit exceeded';
  const { limit, windowSeconds, scope, retryAfterSeconds } = verdict;
  return `rate limit exceeded: ${limit} requests per ${windowSeconds} s for this ${scope}; retry after ${retryAfterSeconds} s`;
}

/** For the owner of the account that reached it. */
export function limitFacts(verdict: Verdict): RefusalFacts {
  if (verdict.kind === 'unlimited') return {};
  const { bucket, limit, windowSeconds, retryAfterSeconds } = verdict;
  return { limit: { bucket, limit, windowSeconds, retryAfterSeconds } };
}

interface Counted {
  readonly scope: MeasuredVerdict['scope'];
  readonly look: Look;
}

/** Charges every bucket or none: a refused request is not charged. */
function chargeAll(counted: readonly Counted[], bucket: IpBucket | AccountBucket): Verdict {
  if (counted.every(({ look }) => look.allowed)) for (const { look } of counted) look.commit();
  return tightest(
    counted.flatMap(({ scope, look }) =>
      look.results.map(
        ({ limit, result }): MeasuredVerdict => ({
          kind: 'measured',
          allowed: result.allowed,
          bucket,
          scope,
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
  // A refusal waits at least one second and a pass none, so comparing waits puts refusals first.
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
  insisting: create('insisting'),
});

function accountMaps<One>(create: (name: AccountCounter) => One): Record<AccountCounter, One> {
  return {
    orders: create('orders'),
    read: create('read'),
    keys: create('keys'),
    owner: create('owner'),
    'account-login': create('account-login'),
    emergency: create('emergency'),
    'signed-emergency': create('signed-emergency'),
    interactiveOrders: create('interactiveOrders'),
  };
}
