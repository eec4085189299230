import fc from 'fast-check';
import { expect, test } from 'vitest';
import { barOf, countWords, dayAfterKey, dayCounts, peakOf } from '../../../console/words/usage-days.ts';

const now = Date.parse('2026-11-28T00:30:00Z');
const usage = (day: string, allowed: number, refused = 0, limited = 0, failed = 0) => ({
  credential: { kind: 'subkey' as const, id: '42' },
  day,
  allowed,
  refused,
  limited,
  failed,
});

test('the chart has 30 days that end today in UTC, and adds up what several keys did on one', () => {
  const days = dayCounts(
    [usage('2026-11-28', 5, 1, 2, 3), usage('2026-11-28', 7), usage('2026-10-30', 1), usage('2026-10-29', 9)],
    now,
  );
  expect(days).toHaveLength(30);
  expect(days[0]).toEqual({ day: '2026-10-30', allowed: 1, refused: 0 });
  expect(days[29]).toEqual({ day: '2026-11-28', allowed: 12, refused: 6 });
  expect(peakOf(days)).toBe(18);
});

test('each day of the chart is another one, also through a leap day and the nights when clocks change', () => {
  for (const [at, first] of [
    ['2028-03-01T23:59:59Z', '2028-02-01'],
    ['2026-03-29T01:30:00Z', '2026-02-28'],
    ['2026-10-25T00:59:00Z', '2026-09-26'],
  ]) {
    const days = dayCounts([], Date.parse(at ?? '')).map(({ day }) => day);
    expect(new Set(days).size).toBe(30);
    expect(days[0]).toBe(first);
  }
});

test('a bar is no taller than the chart, what is there is seen, what is not is not, and a pixel parts the two', () => {
  const number = fc.oneof(fc.constant(0), fc.nat({ max: 1_000_000_000 }));
  fc.assert(
    fc.property(fc.array(fc.tuple(number, number), { minLength: 1, maxLength: 30 }), (pairs) => {
      const days = pairs.map(([allowed, refused]) => ({ day: '2026-11-28', allowed, refused }));
      for (const day of days) {
        const bar = barOf(day, peakOf(days), 56);
        const gap = day.allowed > 0 && day.refused > 0 ? 1 : 0;
        expect(bar.allowed + bar.refused + gap).toBeLessThanOrEqual(56);
        expect(bar.allowed > 0).toBe(day.allowed > 0);
        expect(bar.refused > 0).toBe(day.refused > 0);
      }
    }),
  );
});

test('a day is told with its numbers, and one without requests as that', () => {
  expect(countWords({ day: '2026-10-29', allowed: 48_201, refused: 12 })).toBe('29 Oct: 48,201 allowed, 12 refused');
  expect(countWords({ day: '2026-11-01', allowed: 0, refused: 0 })).toBe('1 Nov: no requests');
});

test('arrows go from day to day of the chart and stop at its ends', () => {
  expect(dayAfterKey('ArrowLeft', 0)).toBe(0);
  expect(dayAfterKey('ArrowLeft', 5)).toBe(4);
  expect(dayAfterKey('ArrowRight', 29)).toBe(29);
  expect(dayAfterKey('Home', 12)).toBe(0);
  expect(dayAfterKey('End', 12)).toBe(29);
  expect(dayAfterKey('PageDown', 3)).toBe(0);
  expect(dayAfterKey('Tab', 3)).toBeUndefined();
});
