import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { builtInFigures } from '../../../src/access/own-routes.ts';
import { settingOf } from '../../../src/config/schema.ts';
import { feltOf } from '../../../src/domain/felt.ts';
import { type FirstSent, MARK_BYTES } from '../../../src/orders/mark-table.ts';
import {
  createOrderMarks,
  guaranteedMarks,
  type OrderMark,
  type OrderMarks,
  type OrderMarksOptions,
} from '../../../src/orders/marks.ts';
import { limitsOf } from '../../../src/ratelimit/from-figures.ts';

function open(options: Omit<OrderMarksOptions, 'subkeyPercent'> & { readonly subkeyPercent?: number }) {
  const made = createOrderMarks({ subkeyPercent: 90, ...options });
  const marks = {
    ...made,
    add: (list: readonly OrderMark[], nowMs: number, request = 0) => made.add(list, nowMs, request),
    has: (mark: OrderMark) => made.firstSent(mark) !== undefined,
  };
  return { marks, mark: marker(marks) };
}
const marker =
  (marks: OrderMarks) =>
  /** Of the main key, or of a subkey. */
  (account: number, order: number, endsAt: number, subkey?: number): OrderMark =>
    marks.of(
      subkey === undefined
        ? { account: feltOf(BigInt(account)), kind: 'main', id: 'main' }
        : { account: feltOf(BigInt(account)), kind: 'subkey', id: String(subkey) },
      String(order),
      endsAt,
    );
const roomy = { maxMarks: 1000, maxPerAccount: 1000, guaranteed: 100 };

describe('the marks of forwarded orders', () => {
  test('a forwarded order is known until the last millisecond in which it could be accepted', () => {
    const { marks, mark } = open(roomy);
    marks.add([mark(1, 7, 5_000)], 1_000);
    for (const now of [1_001, 4_999, 5_000]) {
      marks.add([mark(2, now, now + 4_000)], now);
      expect(marks.has(mark(1, 7, 5_000))).toBe(true);
    }
  });

  test('a mark of an order that is over is forgotten with the next order, and its room is free again', () => {
    const { marks, mark } = open({ maxMarks: 2, maxPerAccount: 2, guaranteed: 2 });
    expect(marks.add([mark(1, 1, 5_000), mark(1, 2, 5_999)], 1_000)).toBe(true);
    expect(marks.add([mark(1, 3, 9_000)], 5_999)).toBe(false);
    expect(marks.add([mark(1, 3, 9_000)], 6_000)).toBe(true);
    expect(marks.stats(6_000)).toEqual({ held: 1, capacity: 2, refused: 1 });
  });

  test('a mark of an order that is over is forgotten with the next look at the figures, too', () => {
    const { marks, mark } = open(roomy);
    marks.add([mark(1, 1, 5_000), mark(2, 2, 7_000)], 1_000);
    expect([5_999, 6_000, 8_000].map((now) => marks.stats(now).held)).toEqual([2, 1, 0]);
  });

  test('an order of another account, or with anything else that is signed, has another mark', () => {
    const { marks, mark } = open(roomy);
    marks.add([mark(1, 7, 5_000)], 1_000);
    expect(marks.has(mark(1, 7, 5_000))).toBe(true);
    for (const other of [mark(2, 7, 5_000), mark(1, 8, 5_000), mark(17, 7, 5_000)])
      expect(marks.has(other)).toBe(false);
  });

  test('two processes do not give an order the same digest, so that nobody can compute two orders that share one', () => {
    expect(open(roomy).mark(1, 7, 5_000).digest).not.toEqual(open(roomy).mark(1, 7, 5_000).digest);
  });
});

describe('when and by which request an order was first sent', () => {
  test('when and by which request an order was first sent is known, whoever sends it again, and stays as it was', () => {
    const { marks, mark } = open(roomy);
    marks.add([mark(1, 7, 305_000), mark(1, 8, 309_999)], 1_234, 2 ** 32 - 1);
    marks.add([mark(1, 7, 305_000, 3)], 4_000, 12);
    for (const one of [mark(1, 7, 305_000), mark(1, 8, 309_999, 4)])
      expect(marks.firstSent(one)).toEqual({ at: 1_234, request: 2 ** 32 - 1 });
    expect(marks.firstSent(mark(1, 9, 305_000))).toBeUndefined();
  });

  test('when an order was first sent is a time up to 49 days from its end, and no other one, wherever the clock has been set', () => {
    const { marks, mark } = open(roomy);
    const [end, days] = [10_000_000_000, 86_400_000];
    marks.add([mark(1, 1, end)], end + 5);
    marks.add([mark(1, 2, end)], end - 49 * days);
    marks.add([mark(1, 3, end)], end - 60 * days);
    const firsts = [1, 2, 3].map((order) => marks.firstSent(mark(1, order, end))?.at);
    expect(firsts).toEqual([end, end - 49 * days, end - (2 ** 32 - 1)]);
  });
});

describe('room', () => {
  test("an account whose room for marks is full refuses its own orders and nobody else's", () => {
    const { marks, mark } = open({ maxMarks: 10, maxPerAccount: 2, guaranteed: 3 });
    expect(marks.add([mark(1, 1, 5_000), mark(1, 2, 6_000)], 1_000)).toBe(true);
    expect(marks.add([mark(1, 3, 5_000)], 1_000)).toBe(false);
    expect(marks.add([mark(2, 3, 5_000)], 1_000)).toBe(true);
    expect(marks.add([mark(1, 3, 8_000)], 6_000)).toBe(true);
    expect(marks.add([mark(1, 4, 8_000)], 6_000)).toBe(false);
  });

  test('a list of orders for which there is no room of marks has none of it marked', () => {
    const { marks, mark } = open({ maxMarks: 3, maxPerAccount: 3, guaranteed: 3 });
    marks.add([mark(1, 1, 5_000)], 1_000);
    expect(marks.add([mark(2, 3, 5_000), mark(2, 4, 5_000), mark(2, 5, 5_000)], 1_000)).toBe(false);
    expect(marks.has(mark(2, 3, 5_000))).toBe(false);
    expect(marks.stats(1_000)).toEqual({ held: 1, capacity: 3, refused: 3 });
  });

  /** All that lists get an account; more than its share only for as long as there is some of that half. */
  const takeAll = ({ marks, mark }: ReturnType<typeof open>, account: number, subkey?: number): number => {
    let taken = 0;
    const first = (subkey ?? 0) * 1_000_000;
    for (const list of [50, 1]) {
      const next = () => Array.from({ length: list }, (_, i) => mark(account, first + taken + i, 5_000, subkey));
      while (marks.add(next(), 1_000)) taken += list;
    }
    return taken;
  };

  test('accounts have at most half of the room for marks beyond their shares, and of the other half each has its share', () => {
    const opened = open({ maxMarks: 10_000, maxPerAccount: 4_000, guaranteed: 500 });
    const taken = Array.from({ length: 12 }, (_, account) => takeAll(opened, account));
    // Half of the room is 3,500 and 1,500, and ten shares are the other half.
    expect(taken).toEqual([4_000, 2_000, ...Array.from({ length: 8 }, () => 500), 0, 0]);
  });

  test('an account below its share finds room for marks, whatever it has already, as long as any is left', () => {
    const opened = open({ maxMarks: 10_000, maxPerAccount: 4_000, guaranteed: 500 });
    const { marks, mark } = opened;
    for (let order = 0; order < 400; order += 1) marks.add([mark(99, order, 5_000)], 1_000);
    for (let account = 0; account < 9; account += 1) takeAll(opened, account);
    expect(marks.stats(1_000).held).toBe(5_000 + 9 * 500 + 400);
    for (let order = 400; order < 500; order += 1) expect(marks.add([mark(99, order, 5_000)], 1_000)).toBe(true);
    expect(marks.add([mark(99, 500, 5_000)], 1_000)).toBe(false);
  });

  test('a subkey that takes all marks it gets leaves a tenth of its account to the main key', () => {
    const opened = open({ maxMarks: 10_000, maxPerAccount: 1_000, guaranteed: 500 });
    expect(takeAll(opened, 1, 7)).toBe(900);
    expect(takeAll(opened, 1)).toBe(100);
    // The main key has all of it.
    expect(takeAll(opened, 2)).toBe(1_000);
    expect(takeAll(opened, 2, 7)).toBe(0);
  });

  test("a subkey leaves a tenth of its account's share of marks, also when accounts have taken all that is beyond the shares", () => {
    const opened = open({ maxMarks: 10_000, maxPerAccount: 4_000, guaranteed: 500 });
    expect(takeAll(opened, 1)).toBe(4_000);
    // 1,500 are left beyond the shares, and 450 are its part of its account's.
    expect(takeAll(opened, 2, 7)).toBe(1_950);
    expect(takeAll(opened, 2, 8)).toBe(50);
    for (let account = 3; account < 10; account += 1) expect(takeAll(opened, account, 7)).toBe(450);
    for (let account = 3; account < 10; account += 1) expect(takeAll(opened, account)).toBe(50);
    const alone = open({ maxMarks: 10_000, maxPerAccount: 4_000, guaranteed: 500 });
    takeAll(alone, 1);
    takeAll(alone, 2, 7);
    expect(takeAll(alone, 2)).toBe(50);
  });

  test('a subkey may have at least one mark, and with a share of all as many as its account', () => {
    expect(takeAll(open({ maxMarks: 100, maxPerAccount: 2, guaranteed: 1, subkeyPercent: 1 }), 1, 7)).toBe(1);
    expect(takeAll(open({ maxMarks: 100, maxPerAccount: 40, guaranteed: 5, subkeyPercent: 100 }), 1, 7)).toBe(40);
  });

  test('one order has one mark, whichever credential of its account sends it', () => {
    const { marks, mark } = open(roomy);
    marks.add([mark(1, 7, 5_000, 3)], 1_000);
    for (const same of [mark(1, 7, 5_000), mark(1, 7, 5_000, 4)]) expect(marks.has(same)).toBe(true);
  });

  test('room for marks that was beyond the shares and is over is free for others', () => {
    const opened = open({ maxMarks: 1_000, maxPerAccount: 1_000, guaranteed: 50 });
    const { marks, mark } = opened;
    expect(takeAll(opened, 1)).toBe(550);
    const sixty = Array.from({ length: 60 }, (_, order) => mark(2, order, 9_000));
    expect(marks.add(sixty, 5_999)).toBe(false);
    expect(marks.add(sixty, 6_000)).toBe(true);
    expect(takeAll(opened, 3)).toBe(540);
  });

  const shareOf = (maxMarks: number, maxAgeSeconds: number, futureToleranceSeconds: number): number =>
    guaranteedMarks({
      ...{ maxMarks, maxAgeSeconds, futureToleranceSeconds },
      limits: limitsOf(builtInFigures.orders),
      marksPerOrder: 1,
    });

  test('by default it takes 18 accounts to fill the memory of marks, as the documents say, and 36 by single orders', () => {
    const maxMarks = settingOf['orders.max_marks'].default;
    const share = shareOf(maxMarks, settingOf['orders.max_age'].default, settingOf['login.future_tolerance'].default);
    // A whole bucket, and what flows into it meanwhile.
    expect(share).toBe(Math.ceil(17_250 + (17_250 / 60) * 331));
    expect(Math.ceil(maxMarks / 2 / share)).toBe(18);
    expect(Math.ceil(maxMarks / share)).toBe(36);
    const left = maxMarks / 2 - 17 * share;
    const page = readFileSync(new URL('../../../docs/orders.md', import.meta.url), 'utf8');
    for (const figure of [share, left]) expect(page).toContain(figure.toLocaleString('en-US'));
  });

  test('an account is guaranteed a mark for each order that the tightest of its rate limits lets pass, whatever its window', () => {
    const guaranteed = (...limits: Parameters<typeof guaranteedMarks>[0]['limits']) =>
      guaranteedMarks({
        maxMarks: 4_000_000,
        maxAgeSeconds: 300,
        futureToleranceSeconds: 30,
        limits,
        marksPerOrder: 1,
      });
    const [second, hour] = [
      { count: 10, windowSeconds: 1 },
      { count: 1_000, windowSeconds: 3_600 },
    ];
    expect(guaranteed(second)).toBe(10 + 10 * 331);
    expect(guaranteed(hour)).toBe(Math.ceil(1_000 + (1_000 * 331) / 3_600));
    expect(guaranteed(second, hour)).toBe(guaranteed(hour));
  });

  test('with any settings it takes ten accounts at least to fill the memory of marks', () => {
    for (const maxMarks of [100, 119, 4_000_000, 20_000_000]) {
      for (const age of [1, 300, 3600]) expect(maxMarks / 2 / shareOf(maxMarks, age, 300)).toBeGreaterThanOrEqual(10);
    }
    expect(shareOf(100, 300, 30)).toBe(5);
  });

  test('by default an account finds room for every single order that the rate limits allow it, at any age', () => {
    const largest = (name: 'orders.max_age' | 'login.future_tolerance'): number => {
      const most = Number(settingOf[name].expects.split(' ').at(-1));
      expect([most, most + 1].map((value) => settingOf[name].read(value).ok)).toEqual([true, false]);
      return most;
    };
    const [minute, age, ahead] = [
      builtInFigures.orders.counts.get('min') ?? 0,
      largest('orders.max_age'),
      largest('login.future_tolerance'),
    ];
    // What comes in any t minutes: a whole bucket, and what flows into it meanwhile.
    const most = minute + (minute * (age + ahead + 1)) / 60;
    expect((settingOf['orders.max_marks'].default * 3) / 10).toBeGreaterThan(most);
    // An account alone may have half beyond its share.
    expect(settingOf['orders.max_marks'].default / 2).toBeGreaterThan(most);
  });

  test('a mark of an order takes as much memory as the documents say', () => {
    expect(Math.ceil(MARK_BYTES)).toBe(64);
    expect(settingOf['orders.max_marks'].description).toContain(`up to ${Math.ceil(MARK_BYTES)} bytes`);
  });

  test('marks of orders follow the rules, written plainly: who gets in, what is known, how much is held, through any times', () => {
    const step = fc.record({
      account: fc.integer({ min: 1, max: 5 }),
      subkey: fc.constantFrom(undefined, 1, 2),
      orders: fc.integer({ min: 1, max: 4 }),
      ahead: fc.integer({ min: 0, max: 9_000 }),
      wait: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 3_000 })),
    });
    const bounds = fc.record({
      maxMarks: fc.integer({ min: 1, max: 24 }),
      maxPerAccount: fc.integer({ min: 1, max: 14 }),
      guaranteed: fc.integer({ min: 0, max: 6 }),
      subkeyPercent: fc.integer({ min: 1, max: 100 }),
    });
    fc.assert(
      fc.property(bounds, fc.array(step, { maxLength: 60 }), (options, steps) => {
        const { marks, mark } = open(options);
        const { maxMarks, maxPerAccount, guaranteed, subkeyPercent } = options;
        const partOf = (whole: number): number => Math.max(1, Math.ceil((whole * subkeyPercent) / 100));
        let kept: OrderMark[] = [];
        const firsts = new Map<OrderMark, FirstSent>();
        /** Of each account: by its main key, and by each subkey. */
        const countsOf = (list: readonly OrderMark[]): number[][] =>
          [1, 2, 3, 4, 5].map((each) =>
            ['main', '1', '2'].map(
              (id) =>
                list.filter(({ credential }) => credential.account === feltOf(BigInt(each)) && credential.id === id)
                  .length,
            ),
          );
        const sum = (counts: readonly number[]): number => counts.reduce((all, one) => all + one, 0);
        const beyond = (list: readonly OrderMark[]): number =>
          sum(
            countsOf(list).map(([main = 0, ...subkeys]) => {
              const within = Math.min(main, guaranteed) + sum(subkeys.map((one) => Math.min(one, partOf(guaranteed))));
              return main + sum(subkeys) - Math.min(within, guaranteed);
            }),
          );
        let now = 0;
        steps.forEach(({ account, subkey, orders, ahead, wait }, n) => {
          now += wait;
          kept = kept.filter(({ endsAt }) => Math.floor(endsAt / 1000) >= Math.floor(now / 1000));
          const list = Array.from({ length: orders }, (_, i) =>
            mark(account, n * 10 + i, now + ((ahead * (i + 1)) % 9_000), subkey),
          );
          expect(list.some((one) => marks.has(one))).toBe(false);
          const then = [...kept, ...list];
          const own = countsOf(then)[account - 1] ?? [];
          const fits =
            then.length <= maxMarks &&
            sum(own) <= maxPerAccount &&
            (subkey === undefined || (own[subkey] ?? 0) <= partOf(maxPerAccount)) &&
            beyond(then) <= maxMarks / 2;
          expect(marks.add(list, now, n)).toBe(fits);
          for (const one of list) firsts.set(one, { at: now, request: n });
          if (fits) kept = then;
          else expect(list.some((one) => marks.has(one))).toBe(false);
          for (const one of kept) expect(marks.firstSent(one)).toEqual(firsts.get(one));
          expect(marks.stats(now).held).toBe(kept.length);
        });
      }),
      { numRuns: 500 },
    );
  });

  test('of many thousands of marks in one second and in many, each is known, no other is, and all end in time', () => {
    const { marks, mark } = open({ maxMarks: 100_000, maxPerAccount: 100_000, guaranteed: 100_000 });
    const endOf = (order: number): number => (order % 2 === 0 ? 400_500 : 100_000 + (order % 300) * 1000);
    const markOf = (order: number): OrderMark => mark(order % 7, order, endOf(order));
    for (let order = 0; order < 20_000; order += 1) expect(marks.add([markOf(order)], 1_000)).toBe(true);
    expect(marks.stats(1_000).held).toBe(20_000);
    for (let order = 0; order < 20_000; order += 1) {
      if (!marks.has(markOf(order))) expect.fail(`${order} is forgotten`);
      if (marks.has(mark(order % 7, order + 20_000, endOf(order)))) expect.fail(`${order + 20_000} is known`);
    }
    expect(settled(marks, 400_999)).toBe(10_000);
    expect(settled(marks, 401_000)).toBe(0);
    // All accounts are forgotten with their marks.
    const full = Array.from({ length: 50_000 }, (_, order) => mark(1, order, 500_000));
    expect(marks.add(full, 401_000)).toBe(true);
  });

  test('a full second of marks is cleared away in pieces, a bounded one with each call, and meanwhile nothing of it is known', () => {
    const { marks, mark } = open({ maxMarks: 100_000, maxPerAccount: 100_000, guaranteed: 100_000 });
    const markOf = (order: number): OrderMark => mark(order % 3, order, 5_000);
    const heldBy = (now: number): number => marks.stats(now).held;
    for (let order = 0; order < 60_000; order += 1) marks.add([markOf(order)], 1_000);
    for (let order = 0; order < 60_000; order += 1) if (!marks.has(markOf(order))) expect.fail(`${order} is forgotten`);
    const pieces: number[] = [];
    for (let left = heldBy(5_999); left > 0; ) {
      const next = heldBy(6_000);
      pieces.push(left - next);
      left = next;
      expect(marks.has(markOf(pieces.length))).toBe(false);
    }
    expect(Math.max(...pieces)).toBeLessThan(2 * 2 ** 14);
    expect(Math.min(...pieces)).toBeGreaterThan(0);
    expect(pieces.length).toBeGreaterThan(5);
    // All accounts are forgotten with their marks, and their share is whole again.
    expect(
      marks.add(
        Array.from({ length: 100_000 }, (_, order) => mark(1, order, 9_000)),
        6_000,
      ),
    ).toBe(true);
  });
});

/** How many are held once all that is over has been cleared away. */
function settled(marks: OrderMarks, now: number): number {
  for (let before = Number.POSITIVE_INFINITY; ; ) {
    const { held } = marks.stats(now);
    if (held === before) return held;
    before = held;
  }
}
