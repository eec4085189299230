import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { feltOf } from '../../../src/domain/felt.ts';
import { createOrderMarks, type OrderMark } from '../../../src/gateway/order-marks.ts';

const mark = (account: number, digest: number, endsAt: number): OrderMark => ({
  account: feltOf(BigInt(account)),
  digest: String(digest),
  endsAt,
});
const roomy = { maxMarks: 1000, maxPerAccount: 1000 };

describe('the marks of forwarded orders', () => {
  test('an order is known until the last millisecond in which it could be accepted', () => {
    const marks = createOrderMarks(roomy);
    marks.add([mark(1, 7, 5_000)], 1_000);
    for (const now of [1_001, 4_999, 5_000]) {
      marks.add([mark(2, now, now + 4_000)], now);
      expect(marks.has(mark(1, 7, 5_000))).toBe(true);
    }
  });

  test('what is over is forgotten with the next order, and its room is free again', () => {
    const marks = createOrderMarks({ maxMarks: 2, maxPerAccount: 2 });
    expect(marks.add([mark(1, 1, 5_000), mark(1, 2, 5_999)], 1_000)).toBe(true);
    expect(marks.add([mark(1, 3, 9_000)], 5_999)).toBe(false);
    expect(marks.add([mark(1, 3, 9_000)], 6_000)).toBe(true);
    expect(marks.size).toBe(1);
  });

  test('a full account refuses its own orders and nobody else', () => {
    const marks = createOrderMarks({ maxMarks: 10, maxPerAccount: 2 });
    expect(marks.add([mark(1, 1, 5_000), mark(1, 2, 6_000)], 1_000)).toBe(true);
    expect(marks.add([mark(1, 3, 5_000)], 1_000)).toBe(false);
    expect(marks.add([mark(2, 3, 5_000)], 1_000)).toBe(true);
  });

  test('without room for all of a list none of it is marked', () => {
    const marks = createOrderMarks({ maxMarks: 3, maxPerAccount: 3 });
    marks.add([mark(1, 1, 5_000), mark(1, 2, 5_000)], 1_000);
    expect(marks.add([mark(2, 3, 5_000), mark(2, 4, 5_000)], 1_000)).toBe(false);
    expect(marks.has(mark(2, 3, 5_000))).toBe(false);
    expect(marks.size).toBe(2);
  });

  test('never holds more than its cap, and never forgets what could still be accepted', () => {
    const step = fc.record({
      account: fc.integer({ min: 1, max: 3 }),
      ahead: fc.integer({ min: 0, max: 9_000 }),
      wait: fc.integer({ min: 0, max: 3_000 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const marks = createOrderMarks({ maxMarks: 12, maxPerAccount: 6 });
        let kept: OrderMark[] = [];
        let now = 0;
        steps.forEach(({ account, ahead, wait }, digest) => {
          now += wait;
          const next = mark(account, digest, now + ahead);
          if (marks.add([next], now)) kept.push(next);
          kept = kept.filter(({ endsAt }) => endsAt >= now);
          expect(kept.every((one) => marks.has(one))).toBe(true);
          expect(marks.size).toBeLessThanOrEqual(12);
        });
      }),
    );
  });
});
