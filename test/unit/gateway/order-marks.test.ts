import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { settingOf } from '../../../src/config/schema.ts';
import { feltOf } from '../../../src/domain/felt.ts';
import {
  createOrderMarks,
  MARK_BYTES,
  type OrderMark,
  type OrderMarks,
  type OrderMarksOptions,
} from '../../../src/gateway/order-marks.ts';

function open(options: OrderMarksOptions) {
  const marks = createOrderMarks(options);
  return { marks, mark: marker(marks) };
}
const marker =
  (marks: OrderMarks) =>
  (account: number, order: number, endsAt: number): OrderMark =>
    marks.of(feltOf(BigInt(account)), String(order), endsAt);
const roomy = { maxMarks: 1000, maxPerAccount: 1000 };

describe('the marks of forwarded orders', () => {
  test('an order is known until the last millisecond in which it could be accepted', () => {
    const { marks, mark } = open(roomy);
    marks.add([mark(1, 7, 5_000)], 1_000);
    for (const now of [1_001, 4_999, 5_000]) {
      marks.add([mark(2, now, now + 4_000)], now);
      expect(marks.has(mark(1, 7, 5_000))).toBe(true);
    }
  });

  test('what is over is forgotten with the next order, and its room is free again', () => {
    const { marks, mark } = open({ maxMarks: 2, maxPerAccount: 2 });
    expect(marks.add([mark(1, 1, 5_000), mark(1, 2, 5_999)], 1_000)).toBe(true);
    expect(marks.add([mark(1, 3, 9_000)], 5_999)).toBe(false);
    expect(marks.add([mark(1, 3, 9_000)], 6_000)).toBe(true);
    expect(marks.stats(6_000)).toEqual({ held: 1, capacity: 2, refused: 1 });
  });

  test('and without another order, with the next look at the figures', () => {
    const { marks, mark } = open(roomy);
    marks.add([mark(1, 1, 5_000), mark(2, 2, 7_000)], 1_000);
    expect([5_999, 6_000, 8_000].map((now) => marks.stats(now).held)).toEqual([2, 1, 0]);
  });

  test('an order of another account, or with anything else that is signed, is another one', () => {
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

describe('room', () => {
  test('a full account refuses its own orders and nobody else', () => {
    const { marks, mark } = open({ maxMarks: 10, maxPerAccount: 2 });
    expect(marks.add([mark(1, 1, 5_000), mark(1, 2, 6_000)], 1_000)).toBe(true);
    expect(marks.add([mark(1, 3, 5_000)], 1_000)).toBe(false);
    expect(marks.add([mark(2, 3, 5_000)], 1_000)).toBe(true);
    expect(marks.add([mark(1, 3, 8_000)], 6_000)).toBe(true);
    expect(marks.add([mark(1, 4, 8_000)], 6_000)).toBe(false);
  });

  test('without room for all of a list none of it is marked', () => {
    const { marks, mark } = open({ maxMarks: 3, maxPerAccount: 3 });
    marks.add([mark(1, 1, 5_000)], 1_000);
    expect(marks.add([mark(2, 3, 5_000), mark(2, 4, 5_000), mark(2, 5, 5_000)], 1_000)).toBe(false);
    expect(marks.has(mark(2, 3, 5_000))).toBe(false);
    expect(marks.stats(1_000)).toEqual({ held: 1, capacity: 3, refused: 3 });
  });

  test('ten accounts that take all they can leave an eleventh as much as each of them has', () => {
    const { marks, mark } = open({ maxMarks: 1_100, maxPerAccount: 1_000 });
    const taken = Array.from({ length: 11 }, () => 0);
    /** Everybody in turn, for as long as anybody gets in. */
    const takeAll = (accounts: readonly number[]): void => {
      let order = 0;
      for (let some = true; some; ) {
        some = false;
        for (const account of accounts) {
          order += 1;
          if (!marks.add([mark(account, order, 5_000)], 1_000)) continue;
          taken[account] = (taken[account] ?? 0) + 1;
          some = true;
        }
      }
    };
    const ten = Array.from({ length: 10 }, (_, account) => account);
    takeAll(ten);
    takeAll(ten);
    expect(taken.slice(0, 10)).toEqual(ten.map(() => 100));
    for (let order = 0; order < 50; order += 1) expect(marks.add([mark(10, order, 5_000)], 1_000)).toBe(true);
  });

  test('by default an account finds room for every single order that the rate limits allow it, at any age', () => {
    const largest = (name: 'orders.max_age' | 'login.future_tolerance'): number => {
      const most = Number(settingOf[name].expects.split(' ').at(-1));
      expect([most, most + 1].map((value) => settingOf[name].read(value).ok)).toEqual([true, false]);
      return most;
    };
    const [minute, age, ahead] = [
      settingOf['rate_limit.orders_per_minute'].default,
      largest('orders.max_age'),
      largest('login.future_tolerance'),
    ];
    // What comes in any t minutes: a whole bucket, and what flows into it meanwhile.
    const most = minute + (minute * (age + ahead + 1)) / 60;
    expect(settingOf['orders.max_marks_per_account'].default).toBeGreaterThan(most);
    // An account alone may have half.
    expect(settingOf['orders.max_marks'].default / 2).toBeGreaterThan(most);
  });

  test('a mark takes what the documents say', () => {
    expect(Math.ceil(MARK_BYTES)).toBe(43);
    expect(settingOf['orders.max_marks'].description).toContain(`up to ${Math.ceil(MARK_BYTES)} bytes`);
  });

  test('never holds more than its cap, never forgets what could still be accepted, and knows nothing else', () => {
    const step = fc.record({
      account: fc.integer({ min: 1, max: 3 }),
      ahead: fc.integer({ min: 0, max: 9_000 }),
      wait: fc.integer({ min: 0, max: 3_000 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { marks, mark } = open({ maxMarks: 12, maxPerAccount: 6 });
        let kept: OrderMark[] = [];
        let now = 0;
        steps.forEach(({ account, ahead, wait }, order) => {
          now += wait;
          const next = mark(account, order, now + ahead);
          expect(marks.has(next)).toBe(false);
          if (marks.add([next], now)) kept.push(next);
          kept = kept.filter(({ endsAt }) => Math.floor(endsAt / 1000) >= Math.floor(now / 1000));
          expect(kept.every((one) => marks.has(one))).toBe(true);
          expect(marks.stats(now).held).toBe(kept.length);
          expect(kept.length).toBeLessThanOrEqual(12);
          for (const each of [1, 2, 3]) {
            expect(kept.filter((one) => one.account === feltOf(BigInt(each))).length).toBeLessThanOrEqual(6);
          }
        });
      }),
    );
  });

  test('of many thousands in one second and in many, each is known, no other is, and all end in time', () => {
    const { marks, mark } = open({ maxMarks: 100_000, maxPerAccount: 100_000 });
    const endOf = (order: number): number => (order % 2 === 0 ? 400_500 : 100_000 + (order % 300) * 1000);
    const markOf = (order: number): OrderMark => mark(order % 7, order, endOf(order));
    for (let order = 0; order < 20_000; order += 1) expect(marks.add([markOf(order)], 1_000)).toBe(true);
    expect(marks.stats(1_000).held).toBe(20_000);
    for (let order = 0; order < 20_000; order += 1) {
      if (!marks.has(markOf(order))) expect.fail(`${order} is forgotten`);
      if (marks.has(mark(order % 7, order + 20_000, endOf(order)))) expect.fail(`${order + 20_000} is known`);
    }
    expect(marks.stats(400_999).held).toBe(10_000);
    expect(marks.stats(401_000).held).toBe(0);
    // All accounts are forgotten with their marks.
    const full = Array.from({ length: 50_000 }, (_, order) => mark(1, order, 500_000));
    expect(marks.add(full, 401_000)).toBe(true);
  });
});
