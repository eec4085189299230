// The live registry alone: what is cut, when, how often, and what the receipt counts.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openGrantForAnyone } from '../../src/access/grant.ts';
import { accountSubject, credentialSubject, type Subject } from '../../src/domain/credential.ts';
import type { DenyReason } from '../../src/domain/decision.ts';
import type { Grant } from '../../src/domain/grant.ts';
import { type Clock, NEVER, type UnixNanos, unixNanos, unixSeconds } from '../../src/domain/time.ts';
import { createLiveRegistry, type OpenGrant } from '../../src/revocation/live.ts';
import { accounts, pick } from '../support/revocation/simulated-store.ts';

const account = pick(accounts, 0);
const subkey = { account, kind: 'subkey', id: '7' } as const;
const mine = credentialSubject(subkey);
const other = credentialSubject({ ...subkey, id: '8' });

const START_MS = 1_800_000_000_000;
const now = () => unixNanos(BigInt(Date.now()) * 1_000_000n);
const clock: Clock = { now, latest: now, monotonic: () => 0 };
const inMs = (ms: number): UnixNanos => unixNanos(BigInt(START_MS + ms) * 1_000_000n);

beforeEach(() => {
  vi.useFakeTimers({ now: START_MS });
});
afterEach(() => {
  vi.useRealTimers();
});

function opened(changed: Partial<OpenGrant> = {}, live = createLiveRegistry({ clock })) {
  const cuts: DenyReason[] = [];
  const grant = live.open({
    principal: {
      credential: subkey,
      permissions: new Set(),
      label: '0x1',
      kid: 'kid-1',
      session: 'session-1',
      expiresAt: unixSeconds(START_MS / 1_000 + 300),
      authTime: unixSeconds(START_MS / 1_000),
      isolated: false,
      tokenUsage: undefined,
    },
    subjects: [mine, accountSubject(account)],
    position: 5n,
    refusalAt: () => undefined,
    endsAt: NEVER,
    endReason: 'bearer_expired',
    decidedAt: clock.latest(),
    ...changed,
  });
  grant.onCut((reason) => cuts.push(reason));
  return { live, grant, cuts };
}

describe('a cut', () => {
  test.each<[string, Subject]>([
    ['its credential', mine],
    ['its account', accountSubject(account)],
  ])('under %s ends a request, and its listener hears it before cut returns', (_what, subject) => {
    const { live, grant, cuts } = opened();
    expect(grant.refusal()).toBeUndefined();
    live.cut([subject], 'credential_revoked');
    expect(cuts).toEqual(['credential_revoked']);
    expect(grant.refusal()).toBe('credential_revoked');
  });

  test('under another credential of the same account touches nothing', () => {
    const { live, grant, cuts } = opened();
    grant.headSent();
    expect(live.cut([other, accountSubject(pick(accounts, 1))], 'credential_revoked')).toBe(0);
    expect([cuts, grant.refusal()]).toEqual([[], undefined]);
  });

  test('counts only the requests whose head has left and which are not over', () => {
    const { live, grant: waiting } = opened();
    const [sent, done, alsoSent] = [opened({}, live), opened({}, live), opened({}, live)];
    sent.grant.headSent();
    alsoSent.grant.headSent();
    done.grant.headSent();
    done.grant.release();
    expect(live.cut([mine], 'credential_revoked')).toBe(2);
    expect(waiting.refusal()).toBe('credential_revoked');
    expect(done.cuts).toEqual([]);
  });

  test('a cut is told and counted once, through whichever subjects it comes and however often', () => {
    const { live, grant, cuts } = opened();
    grant.headSent();
    expect(live.cut([mine, accountSubject(account), mine], 'credential_revoked')).toBe(1);
    expect(live.cut([mine], 'account_locked')).toBe(0);
    expect(cuts).toEqual(['credential_revoked']);
    expect(grant.refusal()).toBe('credential_revoked');
  });

  test('a cut with a position spares what was decided on facts that include the change', () => {
    const { live, grant: older } = opened({ position: 5n });
    const [same, newer] = [opened({ position: 6n }, live), opened({ position: 7n }, live)];
    live.cut([mine], 'credential_revoked', 6n);
    expect([older, same.grant, newer.grant].map((grant) => grant.refusal())).toEqual([
      'credential_revoked',
      undefined,
      undefined,
    ]);
    live.cut([mine], 'credential_revoked');
    expect(newer.grant.refusal()).toBe('credential_revoked');
  });

  test('reaches everyone although a listener throws, and then says that one did', () => {
    const live = createLiveRegistry({ clock });
    const [first, second] = [opened({}, live), opened({}, live)];
    const failing = opened({}, live);
    failing.grant.onCut(() => {
      throw new Error('no');
    });
    const third = opened({}, live);
    const late: DenyReason[] = [];
    failing.grant.onCut((reason) => late.push(reason));
    expect(() => live.cut([mine], 'credential_revoked')).toThrow(AggregateError);
    for (const { cuts } of [first, second, failing, third]) expect(cuts).toEqual(['credential_revoked']);
    expect(late).toEqual(['credential_revoked']);
  });

  test('a cut that a listener answers with release leaves the registry empty', () => {
    const { live, grant } = opened();
    grant.onCut(() => grant.release());
    live.cut([mine], 'credential_revoked');
    expect(live.size).toBe(0);
  });

  test('spares what another listener released on the way', () => {
    const { live, grant } = opened();
    const second = opened({}, live);
    second.grant.headSent();
    grant.onCut(() => second.grant.release());
    expect(live.cut([mine], 'credential_revoked')).toBe(0);
    expect(second.cuts).toEqual([]);
  });

  test('a cut that came before the listener is told to it at once', () => {
    const { live, grant } = opened();
    live.cut([mine], 'account_locked');
    const late: DenyReason[] = [];
    grant.onCut((reason) => late.push(reason));
    expect(late).toEqual(['account_locked']);
  });
});

describe('an end that is brought forward', () => {
  test('cuts what is under way when it comes and not before, whatever end it had', () => {
    for (const endsAt of [NEVER, inMs(300_000), inMs(1_500)]) {
      vi.setSystemTime(START_MS);
      const { live, grant, cuts } = opened({ endsAt });
      const stays = opened({ endsAt, subjects: [other] }, live);
      live.endBy(inMs(1_000), [mine], 'credential_expired', 6n);
      vi.advanceTimersByTime(999);
      expect([cuts, grant.refusal()]).toEqual([[], undefined]);
      vi.advanceTimersByTime(2);
      expect([cuts, grant.refusal()]).toEqual([['credential_expired'], 'credential_expired']);
      expect(stays.cuts).toEqual([]);
      stays.grant.release();
    }
  });

  test('is never moved back, spares what was decided later, and is told at the last check where no timer has come yet', () => {
    const { live, grant } = opened({ endsAt: inMs(500) });
    const newer = opened({ endsAt: inMs(60_000), position: 6n }, live);
    live.endBy(inMs(2_000), [mine], 'credential_expired', 6n);
    vi.setSystemTime(START_MS + 501);
    expect([grant.refusal(), newer.grant.refusal()]).toEqual(['bearer_expired', undefined]);
    vi.setSystemTime(START_MS + 2_001);
    expect(newer.grant.refusal()).toBeUndefined();
  });

  test('is forgotten with the request', () => {
    const { live, grant, cuts } = opened({ endsAt: NEVER });
    live.endBy(inMs(1_000), [mine], 'credential_expired', 6n);
    grant.release();
    vi.advanceTimersByTime(5_000);
    expect([cuts, live.size, vi.getTimerCount()]).toEqual([[], 0, 0]);
  });
});

describe('a released request', () => {
  test('a released request is never cut, never counted and no longer kept', () => {
    const { live, grant, cuts } = opened();
    grant.headSent();
    grant.release();
    grant.release();
    expect(live.size).toBe(0);
    expect(live.cut([mine], 'credential_revoked')).toBe(0);
    expect([cuts, grant.refusal()]).toEqual([[], undefined]);
  });

  test('a released request leaves the others under its subjects in place', () => {
    const { live, grant } = opened();
    const stays = opened({}, live);
    grant.release();
    expect(live.size).toBe(1);
    live.cut([mine], 'credential_revoked');
    expect(stays.cuts).toEqual(['credential_revoked']);
  });
});

describe('time', () => {
  test.each(['bearer_expired', 'credential_expired'] as const)(
    'cuts what is in flight when it ends, and not before: %s',
    (endReason) => {
      for (const life of [0, 1, 999, 1_999, 2_001, 5_000, 300_000]) {
        vi.setSystemTime(START_MS);
        const { cuts, grant } = opened({ endsAt: inMs(life), endReason });
        const [forever, released] = [opened(), opened({ endsAt: inMs(life), endReason })];
        if (life > 0) {
          vi.advanceTimersByTime(life - 1);
          released.grant.release();
          expect(cuts, `${life}`).toEqual([]);
        }
        vi.advanceTimersByTime(2);
        expect([cuts, grant.refusal()], `${life}`).toEqual([[endReason], endReason]);
        expect([forever.cuts, forever.grant.refusal()]).toEqual([[], undefined]);
        grant.release();
        released.grant.release();
        vi.advanceTimersByTime(1_000);
        expect(vi.getTimerCount()).toBe(0);
      }
    },
  );

  test('a live request whose end the clock jumps over is cut all the same', () => {
    const { cuts } = opened({ endsAt: inMs(300_000) });
    vi.setSystemTime(START_MS + 400_000);
    vi.advanceTimersByTime(1_001);
    expect(cuts).toEqual(['bearer_expired']);
  });

  test('a live request needs no timer of its own: one is for all of them', () => {
    const live = createLiveRegistry({ clock });
    const open = Array.from({ length: 100 }, () => opened({ endsAt: inMs(300_000) }, live));
    expect(vi.getTimerCount()).toBe(1);
    for (const { grant } of open) grant.release();
    vi.advanceTimersByTime(1_000);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('the end of a request that was released cuts nothing, and keeps no timer', () => {
    const { cuts, grant } = opened({ endsAt: inMs(5_000) });
    grant.release();
    vi.advanceTimersByTime(1_000);
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(10_000);
    expect(cuts).toEqual([]);
  });

  test('a live request of a credential that never expires starts no timer', () => {
    opened();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('a credential that expires in a year is not cut at once, though setTimeout cannot wait that long', () => {
    const { cuts } = opened({ endsAt: inMs(365 * 86_400_000) });
    vi.advanceTimersByTime(86_400_000);
    expect(cuts).toEqual([]);
  });

  test('the last check of a request asks whether its time is over, at that moment', () => {
    const asked: UnixNanos[] = [];
    const refusalAt: OpenGrant['refusalAt'] = (now) => {
      asked.push(now);
      return now >= inMs(1_000) ? 'bearer_expired' : undefined;
    };
    const { grant } = opened({ refusalAt });
    expect(grant.refusal()).toBeUndefined();
    vi.advanceTimersByTime(1_000);
    expect(grant.refusal()).toBe('bearer_expired');
    expect(asked).toEqual([inMs(0), inMs(1_000)]);
  });
});

test('a grant for anyone is nobody’s and cannot be taken back', () => {
  const grant: Grant = openGrantForAnyone();
  grant.headSent();
  grant.onCut(() => {
    throw new Error('never');
  });
  expect([grant.principal, grant.refusal()]).toEqual([undefined, undefined]);
  grant.release();
});
