import { beforeEach, describe, expect, test } from 'vitest';
import { type IpAddress, parseIp } from '../../../src/domain/allowlist.ts';
import type { AccountId, CredentialRef } from '../../../src/domain/credential.ts';
import { parseFelt } from '../../../src/domain/felt.ts';
import { unixSeconds } from '../../../src/domain/time.ts';
import {
  accountBuckets,
  createRateLimiter,
  ipBuckets,
  type MeasuredVerdict,
  type RateLimiter,
  type RateLimits,
  rateLimitHeaders,
  shareOf,
  tightest,
  type Verdict,
  WIDE_FACTOR,
} from '../../../src/ratelimit/limiter.ts';
import { type RateKeys, rateKeys } from '../../../src/ratelimit/rate-keys.ts';
import { defaultLimits } from '../../support/rates.ts';

const addressOf = (text: string): IpAddress => {
  const parsed = parseIp(text);
  if (parsed === undefined) throw new Error(`not an address: ${text}`);
  return parsed;
};
const ip = (text: string): RateKeys => rateKeys(addressOf(text));
const account = (text: string) => {
  const parsed = parseFelt(text);
  if (parsed === undefined) throw new Error(`not a felt: ${text}`);
  return parsed;
};
type Kind = CredentialRef['kind'];
const credential = (owner: AccountId, kind: Kind, id: string): CredentialRef => ({ account: owner, kind, id });
const [aliceId, bobId] = [account('0xa11ce'), account('0xb0b')];
/** Their main keys. */
const alice = credential(aliceId, 'main', 'main');
const bob = credential(bobId, 'main', 'main');

let now = 0;
beforeEach(() => {
  now = 1000;
});
const clock = { monotonic: () => now };
const limiterOf = (limits: Partial<RateLimits> = {}, maxKeys = 1000): RateLimiter =>
  createRateLimiter({ enabled: true, limits: { ...defaultLimits, ...limits }, maxKeys, clock });

const passes = (charge: () => Verdict, times: number): number =>
  Array.from({ length: times }, charge).filter((verdict) => verdict.allowed).length;

const measured = (verdict: Verdict): MeasuredVerdict => {
  if (verdict.kind !== 'measured') throw new Error('nothing was measured');
  return verdict;
};

const verdictOf = (part: Partial<MeasuredVerdict>): MeasuredVerdict => ({
  kind: 'measured',
  allowed: true,
  bucket: 'public',
  scope: 'address',
  limit: 10,
  windowSeconds: 60,
  remaining: 5,
  resetSeconds: 30,
  retryAfterSeconds: 0,
  ...part,
});

describe('the default limits of docs/wire.md section 12', () => {
  test.each([
    ['public', 1500],
    ['login', 600],
    ['onboarding', 600],
    ['private', 1500],
    ['activate', 30],
  ] as const)('by default the bucket %s has %i requests a minute per address', (bucket, perMinute) => {
    const limiter = limiterOf();
    expect(passes(() => limiter.chargeIp(ip('203.0.113.9'), bucket), perMinute + 10)).toBe(perMinute);
    now += 30_000;
    expect(passes(() => limiter.chargeIp(ip('203.0.113.9'), bucket), perMinute)).toBe(perMinute / 2);
  });

  test.each([
    ['orders', 800, 17_250],
    ['read', 120, 600],
  ] as const)(
    'by default the bucket %s has %i requests a second and %i a minute per account',
    (bucket, perSecond, perMinute) => {
      const limiter = limiterOf();
      expect(passes(() => limiter.chargeCredential(alice, bucket), perSecond + 10)).toBe(perSecond);
      let total = perSecond;
      for (let second = 1; second < 60; second += 1) {
        now += 1000;
        total += passes(() => limiter.chargeCredential(alice, bucket), perSecond);
      }
      // A minute's bucket, and what flowed back into it in 59 seconds.
      expect(total).toBe(Math.min(perSecond * 60, perMinute + Math.floor((perMinute * 59) / 60)));
    },
  );

  test('by default the bucket keys has 60 requests a minute per account', () => {
    const limiter = limiterOf();
    expect(passes(() => limiter.chargeCredential(alice, 'keys'), 100)).toBe(60);
  });

  test('by default interactive orders have 3 a second, 30 a minute, 300 an hour and 1000 a day per account, and all other orders are beside them', () => {
    const limiter = limiterOf();
    const order = (of = alice) => limiter.chargeCredential(of, 'orders', { interactive: true });
    expect(passes(order, 10)).toBe(3);
    expect(measured(order())).toMatchObject({ scope: 'account', limit: 3, windowSeconds: 1, retryAfterSeconds: 1 });
    expect(passes(() => order(bob), 10)).toBe(3);
    expect(passes(() => limiter.chargeCredential(alice, 'orders'), 10)).toBe(10);
    /** As many as pass, asked three times a second. */
    const inSeconds = (seconds: number): number => {
      let total = 0;
      for (let second = 0; second < seconds; second += 1) {
        now += 1000;
        total += passes(order, 3);
      }
      return total;
    };
    // A bucket and what flows back into it in the rest of its window; a day's bucket is the last to run dry.
    expect(3 + inSeconds(59)).toBe(30 + Math.floor((30 * 59) / 60));
    expect(inSeconds(3600)).toBeLessThanOrEqual(600);
    expect(inSeconds(6 * 3600)).toBeLessThanOrEqual(1000 + Math.ceil((1000 * 8) / 24));
    expect(measured(order())).toMatchObject({ allowed: false, limit: 1000, windowSeconds: 86_400 });
  });

  test('every bucket has rate limits and there is no other', () => {
    const { perCredential, perLogin: _perLogin, interactiveOrders, ...others } = defaultLimits;
    expect(Object.keys(others).sort()).toEqual([...ipBuckets, ...accountBuckets].sort());
    expect(Object.keys(perCredential).sort()).toEqual([...accountBuckets, 'interactiveOrders'].sort());
    expect(interactiveOrders.map(({ count, windowSeconds }) => [count, windowSeconds])).toEqual([
      [3, 1],
      [30, 60],
      [300, 3600],
      [1000, 86_400],
    ]);
  });
});

describe('who is counted together', () => {
  test('buckets, addresses and accounts are counted apart by the rate limiter', () => {
    const limiter = limiterOf();
    expect(passes(() => limiter.chargeIp(ip('203.0.113.9'), 'activate'), 31)).toBe(30);
    expect(limiter.chargeIp(ip('203.0.113.10'), 'activate').allowed).toBe(true);
    expect(limiter.chargeIp(ip('203.0.113.9'), 'login').allowed).toBe(true);
    expect(passes(() => limiter.chargeCredential(alice, 'keys'), 61)).toBe(60);
    expect(limiter.chargeCredential(bob, 'keys').allowed).toBe(true);
    expect(limiter.chargeCredential(alice, 'orders').allowed).toBe(true);
  });

  test('an IPv6 user cannot multiply a rate limit by changing addresses in a /64', () => {
    const limiter = limiterOf();
    let i = 0;
    const next = () => limiter.chargeIp(ip(`2001:db8:1:2:${(++i).toString(16)}::1`), 'activate');
    expect(passes(next, 100)).toBe(30);
  });

  test('an IPv6 site cannot multiply a rate limit by changing networks in a /48', () => {
    const limiter = limiterOf();
    let i = 0;
    const next = () => limiter.chargeIp(ip(`2001:db8:1:${(++i).toString(16)}::1`), 'activate');
    expect(passes(next, 1000)).toBe(30 * WIDE_FACTOR);
    expect(limiter.chargeIp(ip('2001:db8:2::1'), 'activate').allowed).toBe(true);
  });

  test('a request that the limit of the /48 refuses is not charged to its /64, and the other way round', () => {
    const limiter = limiterOf();
    // One /64 asks in vain 1,000 times: the site must not pay.
    expect(passes(() => limiter.chargeIp(ip('2001:db8:1:1::1'), 'activate'), 1000)).toBe(30);
    let i = 1;
    const elsewhere = () => limiter.chargeIp(ip(`2001:db8:1:${(++i).toString(16)}::1`), 'activate');
    expect(passes(elsewhere, 1000)).toBe(30 * (WIDE_FACTOR - 1));
    // The site is spent: a fresh /64 asks in vain, and keeps its own 30 for when the site has room again.
    expect(passes(() => limiter.chargeIp(ip('2001:db8:1:ffff::1'), 'activate'), 100)).toBe(0);
    now += 120_000;
    expect(passes(() => limiter.chargeIp(ip('2001:db8:1:ffff::1'), 'activate'), 100)).toBe(30);
  });

  test('all requests whose address is unknown are counted as one client', () => {
    const limiter = limiterOf();
    expect(passes(() => limiter.chargeIp(rateKeys(undefined), 'activate'), 100)).toBe(30);
    expect(limiter.chargeIp(ip('203.0.113.9'), 'activate').allowed).toBe(true);
  });

  test('rate limit keys of different networks, widths and families never meet', () => {
    const texts = ['1.2.3.4', '::1', '0:0:0:1::', '0:0:1::', '2001:db8::', '2001:db8:0:1::', '2001:db8:1::'];
    const keys = texts.flatMap((text) => Object.values(rateKeys(addressOf(text)))).filter((key) => key !== undefined);
    expect(keys).toHaveLength(13);
    // Shared on purpose: the /48 of ::1 with 0:0:0:1::, and of 2001:db8:: with 2001:db8:0:1::.
    expect(new Set(keys).size).toBe(11);
    expect(rateKeys(addressOf('::ffff:1.2.3.4'))).toEqual(rateKeys(addressOf('1.2.3.4')));
  });
});

describe('sessions of an account', () => {
  const login = (limiter: RateLimiter, of: CredentialRef, signature?: string) => () =>
    limiter.chargeLogin(of, signature);

  test('an account may open 120 sessions a second and 600 a minute, as many as private reads', () => {
    expect(defaultLimits['account-login']).toEqual(defaultLimits.read);
    const limiter = limiterOf();
    let n = 0;
    const fresh = () => limiter.chargeLogin(alice, `signature ${++n}`);
    expect(passes(fresh, 1000)).toBe(120);
    expect(measured(fresh())).toMatchObject({
      bucket: 'account-login',
      scope: 'account',
      limit: 120,
      retryAfterSeconds: 1,
    });
    let total = 120;
    for (let second = 1; second < 60; second += 1) {
      now += 1000;
      total += passes(fresh, 120);
    }
    expect(total).toBe(600 + Math.floor((600 * 59) / 60));
    expect(limiter.chargeLogin(bob, 'x').allowed).toBe(true);
  });

  test("a subkey has a share of its account's sessions, and so has a captured signature that is sent again and again", () => {
    const bot = credential(aliceId, 'subkey', '1');
    const bySubkey = limiterOf();
    let n = 0;
    expect(passes(() => bySubkey.chargeLogin(bot, `signature ${++n}`), 1000)).toBe(108);
    expect(passes(login(bySubkey, alice, 'fresh'), 1000)).toBe(12);
    const repeated = limiterOf();
    expect(passes(login(repeated, alice, 'captured'), 1000)).toBe(108);
    expect(measured(repeated.chargeLogin(alice, 'captured')).scope).toBe('credential');
    expect(passes(login(repeated, alice, 'fresh'), 1000)).toBe(12);
    // In another account the same words are another signature.
    expect(repeated.chargeLogin(bob, 'captured').allowed).toBe(true);
  });

  test('a login with a wallet signature, which cannot be sent again, is counted for its account alone', () => {
    const limiter = limiterOf();
    expect(passes(login(limiter, credential(aliceId, 'evm', 'main')), 1000)).toBe(120);
  });
});

describe('one credential of an account', () => {
  const perMinute = (count: number) => ({ count, windowSeconds: 60, burst: count });
  // Ten orders and ten reads a minute for the account, six of each for one subkey or token.
  const shared = {
    orders: [perMinute(10)],
    read: [perMinute(10)],
    perCredential: {
      ...defaultLimits.perCredential,
      orders: shareOf([perMinute(10)], 60),
      read: shareOf([perMinute(10)], 60),
    },
  };
  const bot = credential(aliceId, 'subkey', '1');

  test("a credential that loops leaves the rest of the account's limit to its main key or wallet, and to no other credential", () => {
    for (const kind of ['main', 'evm'] as const) {
      for (const bucket of ['orders', 'read'] as const) {
        const limiter = limiterOf(shared);
        expect(passes(() => limiter.chargeCredential(bot, bucket), 1000)).toBe(6);
        expect(passes(() => limiter.chargeCredential(credential(aliceId, kind, 'main'), bucket), 1000)).toBe(4);
        expect(passes(() => limiter.chargeCredential(credential(aliceId, 'subkey', '2'), bucket), 10)).toBe(0);
      }
    }
  });

  test('a credential is counted by account, kind and id: its sessions share one limit, all others are apart', () => {
    const limiter = limiterOf({ ...shared, orders: [perMinute(100)], read: [perMinute(100)] });
    const left = (of: CredentialRef) => passes(() => limiter.chargeCredential(of, 'read'), 20);
    expect(left(bot)).toBe(6);
    expect(left({ ...bot })).toBe(0);
    expect(left(credential(aliceId, 'token', '1'))).toBe(6);
    expect(left(credential(aliceId, 'subkey', '2'))).toBe(6);
    expect(left(credential(bobId, 'subkey', '1'))).toBe(6);
    expect(passes(() => limiter.chargeCredential(bot, 'orders'), 20)).toBe(6);
  });

  test("main keys and wallets have all of the account's limit", () => {
    for (const kind of ['main', 'evm'] as const) {
      const limiter = limiterOf(shared);
      expect(passes(() => limiter.chargeCredential(credential(aliceId, kind, 'main'), 'orders'), 20)).toBe(10);
    }
  });

  test("a request that the credential's limit refuses costs the account nothing, and the other way round", () => {
    const limiter = limiterOf(shared);
    expect(passes(() => limiter.chargeCredential(bot, 'read'), 1000)).toBe(6);
    // The thousand in vain were not charged to the account: four are left.
    expect(passes(() => limiter.chargeCredential(alice, 'read'), 1000)).toBe(4);
    // Now the account is spent: what it refuses is not charged to a subkey that has six left.
    const other = credential(aliceId, 'subkey', '2');
    expect(passes(() => limiter.chargeCredential(other, 'read'), 1000)).toBe(0);
    now += 60_000;
    expect(passes(() => limiter.chargeCredential(other, 'read'), 1000)).toBe(6);
  });

  test('a credential is told of the tighter one of its two limits, and whose it is', () => {
    const limiter = limiterOf(shared);
    const verdict = () => measured(limiter.chargeCredential(bot, 'read'));
    expect(verdict()).toMatchObject({ scope: 'credential', limit: 6, remaining: 5 });
    passes(() => limiter.chargeCredential(alice, 'read'), 7);
    expect(verdict()).toMatchObject({ scope: 'account', limit: 10, remaining: 1 });
    now += 60_000;
    passes(() => limiter.chargeCredential(bot, 'read'), 6);
    expect(verdict()).toMatchObject({ scope: 'credential', allowed: false, limit: 6, retryAfterSeconds: 10 });
  });

  test("a credential has nine tenths of the account's limits by default", () => {
    const limiter = limiterOf();
    expect(passes(() => limiter.chargeCredential(bot, 'orders'), 1000)).toBe(720);
    expect(passes(() => limiter.chargeCredential(bot, 'read'), 1000)).toBe(108);
  });

  test('a credential has no count of its own where its share is all', () => {
    const perCredential = { ...defaultLimits.perCredential, orders: shareOf([perMinute(10)], 100), read: [] };
    const all = limiterOf({ ...shared, perCredential });
    for (const bucket of ['orders', 'read'] as const) {
      expect(passes(() => all.chargeCredential(bot, bucket), 20)).toBe(10);
      expect(measured(all.chargeCredential(bot, bucket)).scope).toBe('account');
    }
    expect(all.size()).toBe(2);
  });

  test('a credential uses up no counter of its account, interactive orders and logins among them: its owner has a tenth left of each', () => {
    for (const bucket of accountBuckets) {
      const limiter = limiterOf();
      const most = Math.min(...defaultLimits[bucket].map(({ burst }) => burst));
      expect(
        passes(() => limiter.chargeCredential(bot, bucket), 10_000),
        bucket,
      ).toBe(Math.floor(most * 0.9));
      expect(
        passes(() => limiter.chargeCredential(alice, bucket), 10_000),
        bucket,
      ).toBe(most - Math.floor(most * 0.9));
    }
    const limiter = limiterOf();
    const order = (of: CredentialRef) => limiter.chargeCredential(of, 'orders', { interactive: true });
    expect(passes(() => order(bot), 10)).toBe(2);
    expect(passes(() => order(alice), 10)).toBe(1);
    // For the rest of the day, as often as a second has an order, or one is left of a minute or an hour.
    let [taken, left] = [0, 0];
    for (let second = 0; second < 12 * 3600; second += 1) {
      now += 1000;
      taken += passes(() => order(bot), 3);
      if (second % 600 === 0) left += passes(() => order(alice), 1);
    }
    expect(taken).toBeGreaterThan(900);
    expect(left).toBe(72);
  });

  test("a credential's share of one request is that one, and the owner has all: where there is only one, whoever comes first has it", () => {
    const limiter = limiterOf({
      interactiveOrders: [perMinute(1)],
      perCredential: { ...defaultLimits.perCredential, interactiveOrders: shareOf([perMinute(1)], 90) },
    });
    const order = (of: CredentialRef) => limiter.chargeCredential(of, 'orders', { interactive: true });
    expect(passes(() => order(bot), 10)).toBe(1);
    now += 60_000;
    expect(passes(() => order(alice), 10)).toBe(1);
  });

  test("a credential's share is at least one request, rounds down, and is between 1 and 100 percent", () => {
    expect(shareOf([perMinute(3)], 90)).toEqual([perMinute(2)]);
    expect(shareOf([perMinute(3)], 1)).toEqual([perMinute(1)]);
    expect(shareOf([{ count: 10, windowSeconds: 1, burst: 20 }], 50)).toEqual([
      { count: 5, windowSeconds: 1, burst: 10 },
    ]);
    for (const percent of [0, 101, -1, Number.NaN]) expect(() => shareOf([perMinute(3)], percent)).toThrow(RangeError);
  });

  test('one of very many credentials takes no more memory than the cap, and those beyond it share one count', () => {
    const limiter = limiterOf({ ...shared, read: [perMinute(1_000_000)] }, 100);
    let id = 0;
    const next = () => limiter.chargeCredential(credential(aliceId, 'token', `tok_${++id}`), 'read');
    expect(passes(next, 10_000)).toBe(100 + 6);
    expect(limiter.size()).toBe(1 + 100);
  });
});

describe('memory', () => {
  test('100,000 IPv6 addresses in as many /48 networks keep the maps of the rate limiter at their cap and share what is left', () => {
    const limiter = limiterOf({}, 100);
    let allowed = 0;
    for (let i = 0; i < 100_000; i += 1) {
      const address: IpAddress = { family: 6, value: (0x2001n << 112n) | (BigInt(i) << 80n), text: '' };
      if (limiter.chargeIp(rateKeys(address), 'activate').allowed) allowed += 1;
    }
    expect(limiter.size()).toBe(200);
    expect(allowed).toBe(100 + 30);
  });

  test('requests that the rate limiter refuses take no memory', () => {
    const limiter = limiterOf();
    let i = 0;
    const next = () => limiter.chargeIp(ip(`2001:db8:1:${(++i).toString(16)}::1`), 'activate');
    passes(next, 1000);
    expect(limiter.size()).toBe(30 * WIDE_FACTOR + 1);
  });
});

describe('what is reported', () => {
  test('the tightest of several limits is the one that is reported', () => {
    const limiter = limiterOf({
      read: [
        { count: 5, windowSeconds: 1, burst: 5 },
        { count: 6, windowSeconds: 60, burst: 6 },
      ],
    });
    expect(limiter.chargeCredential(alice, 'read')).toEqual(
      verdictOf({ bucket: 'read', scope: 'account', limit: 5, windowSeconds: 1, remaining: 4, resetSeconds: 1 }),
    );
    passes(() => limiter.chargeCredential(alice, 'read'), 3);
    now += 1000;
    expect(measured(limiter.chargeCredential(alice, 'read'))).toMatchObject({
      limit: 6,
      windowSeconds: 60,
      remaining: 1,
    });
    passes(() => limiter.chargeCredential(alice, 'read'), 1);
    expect(measured(limiter.chargeCredential(alice, 'read'))).toMatchObject({
      allowed: false,
      limit: 6,
      remaining: 0,
      retryAfterSeconds: 9,
    });
  });

  test('the limit that is reported is a refusal before any leave, then the longer wait, then fewer left, then the later reset', () => {
    const refused = verdictOf({ allowed: false, remaining: 0, retryAfterSeconds: 1 });
    const refusedLonger = verdictOf({ allowed: false, remaining: 0, retryAfterSeconds: 9 });
    const fewer = verdictOf({ remaining: 0, resetSeconds: 1 });
    const later = verdictOf({ resetSeconds: 60 });
    const plain = verdictOf({});
    const order = [refusedLonger, refused, fewer, later, plain, { kind: 'unlimited', allowed: true } as const];
    for (const [i, tighter] of order.entries()) {
      for (const looser of order.slice(i)) {
        expect(tightest([tighter, looser])).toEqual(tighter);
        expect(tightest([looser, tighter])).toEqual(tighter);
      }
    }
    expect(tightest([])).toEqual({ kind: 'unlimited', allowed: true });
  });

  test('the rate limit headers have the names and units that clients read; Retry-After is for refusals only', () => {
    const at = unixSeconds(1_700_000_000);
    expect(rateLimitHeaders(verdictOf({}), at)).toEqual({
      'X-RateLimit-Limit': '10',
      'X-RateLimit-Remaining': '5',
      'X-RateLimit-Reset': '1700000030',
      'X-Ratelimit-Window': '60',
    });
    expect(rateLimitHeaders(verdictOf({ allowed: false, remaining: 0, retryAfterSeconds: 7 }), at)).toEqual({
      'X-RateLimit-Limit': '10',
      'X-RateLimit-Remaining': '0',
      'X-RateLimit-Reset': '1700000030',
      'X-Ratelimit-Window': '60',
      'Retry-After': '7',
    });
  });
});

describe('switched off', () => {
  test('a rate limiter that is switched off lets everything pass, reports nothing and keeps nothing', () => {
    const limiter = createRateLimiter({ enabled: false, limits: defaultLimits, maxKeys: 10, clock });
    expect(passes(() => limiter.chargeIp(ip('203.0.113.9'), 'activate'), 5000)).toBe(5000);
    expect(passes(() => limiter.chargeCredential(alice, 'keys'), 5000)).toBe(5000);
    expect(rateLimitHeaders(limiter.chargeIp(rateKeys(undefined), 'login'), unixSeconds(1))).toEqual({});
    expect(limiter.size()).toBe(0);
  });
});

test.each([
  { login: [] },
  { keys: [{ count: 0, windowSeconds: 60, burst: 1 }] },
  { orders: [{ count: 1, windowSeconds: 60, burst: Number.NaN }] },
])('a rate limiter without a real limit for each bucket cannot be made: %j', (limits) => {
  expect(() => limiterOf(limits)).toThrow(RangeError);
});
