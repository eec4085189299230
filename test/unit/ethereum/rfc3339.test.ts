import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseRfc3339 } from '../../../src/ethereum/rfc3339.ts';

const nanos = (iso: string): bigint => BigInt(Date.parse(iso)) * 1_000_000n;

test.each([
  ['2026-01-02T03:04:05Z', nanos('2026-01-02T03:04:05Z')],
  ['2026-01-02T03:04:05+00:00', nanos('2026-01-02T03:04:05Z')],
  ['2026-01-02T03:04:05-00:00', nanos('2026-01-02T03:04:05Z')],
  ['2026-01-02T03:04:05+05:30', nanos('2026-01-01T21:34:05Z')],
  ['2026-01-02T03:04:05-23:59', nanos('2026-01-03T03:03:05Z')],
  ['2026-01-02T03:04:05.678Z', nanos('2026-01-02T03:04:05.678Z')],
  ['2026-01-02T03:04:05.000000001Z', nanos('2026-01-02T03:04:05Z') + 1n],
  ['2024-02-29T00:00:00Z', nanos('2024-02-29T00:00:00Z')],
  ['1970-01-01T00:00:00Z', 0n],
  ['9999-12-31T23:59:59.999999999Z', nanos('9999-12-31T23:59:59Z') + 999_999_999n],
])('the RFC 3339 time %s is read exactly', (text, expected) => {
  expect(parseRfc3339(text)).toBe(expected);
});

test.each([
  ['2026-02-29T00:00:00Z', 'a day that year does not have'],
  ['2026-02-30T00:00:00Z', 'a day that month never has'],
  ['2026-04-31T00:00:00Z', 'a day that month does not have'],
  ['1900-02-29T00:00:00Z', 'a century without a leap day'],
  ['2026-00-01T00:00:00Z', 'month 0'],
  ['2026-13-01T00:00:00Z', 'month 13'],
  ['2026-01-00T00:00:00Z', 'day 0'],
  ['2026-01-32T00:00:00Z', 'day 32'],
  ['2026-01-02T24:00:00Z', 'hour 24'],
  ['2026-01-02T03:60:00Z', 'minute 60'],
  ['2016-12-31T23:59:60Z', 'a leap second'],
  ['2026-01-02T03:04:05', 'no offset'],
  ['2026-01-02T03:04:05z', 'lower-case z'],
  ['2026-01-02t03:04:05Z', 'lower-case t'],
  ['2026-01-02 03:04:05Z', 'a space'],
  ['2026-01-02T03:04Z', 'no seconds'],
  ['2026-01-02T03:04:05.Z', 'an empty fraction'],
  ['2026-01-02T03:04:05,5Z', 'a comma'],
  ['2026-01-02T03:04:05.1234567890Z', 'more than nanoseconds'],
  ['2026-01-02T03:04:05+0000', 'an offset without a colon'],
  ['2026-01-02T03:04:05+24:00', 'offset hour 24'],
  ['2026-01-02T03:04:05+00:60', 'offset minute 60'],
  ['2026-01-02T03:04:05Z+00:00', 'two offsets'],
  ['26-01-02T03:04:05Z', 'a short year'],
  ['+02026-01-02T03:04:05Z', 'a long year'],
  ['1969-12-31T23:59:59Z', 'a time before 1970'],
  ['1970-01-01T00:00:00+00:01', 'a time before 1970 because of its offset'],
  [' 2026-01-02T03:04:05Z', 'a leading space'],
  ['2026-01-02T03:04:05Z\n', 'a line end'],
  ['', 'empty text'],
])('%j is no RFC 3339 time: %s', (text) => {
  expect(parseRfc3339(text)).toBeUndefined();
});

test('every time from 1970 to 9999 survives being written and read in RFC 3339', () => {
  const range = { min: new Date(0), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true };
  fc.assert(
    fc.property(fc.date(range), (date) => {
      expect(parseRfc3339(date.toISOString())).toBe(BigInt(date.getTime()) * 1_000_000n);
    }),
  );
});

test('a date in RFC 3339 is accepted exactly when the calendar has it', () => {
  const part = (max: number) => fc.integer({ min: 0, max });
  fc.assert(
    fc.property(part(9999), part(13), part(32), (year, month, day) => {
      const text = `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
      const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
      const days = [0, 31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 0][month] ?? 0;
      expect(parseRfc3339(`${text}T12:00:00Z`) !== undefined).toBe(year >= 1970 && day >= 1 && day <= days);
    }),
    { numRuns: 500 },
  );
});
