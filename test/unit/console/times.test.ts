// Times in words: where the reader is, over summer time, from a moment to years.
import { describe, expect, test } from 'vitest';
import { shortId } from '../../../console/words/short-id.ts';
import {
  clock,
  day,
  duration,
  exact,
  hourAndMinute,
  offset,
  precise,
  relative,
  shortExact,
  soonWords,
  toNs,
  until,
} from '../../../console/words/times.ts';

const at = (iso: string): number => Date.parse(iso);
const ns = (iso: string): bigint => toNs(at(iso));
const zones = ['UTC', 'Europe/Zurich', 'America/New_York', 'Asia/Kolkata', 'Pacific/Kiritimati', 'Pacific/Pago_Pago'];

describe('a time told from now', () => {
  const now = at('2026-11-28T13:03:07Z');
  test.each([
    [0, 'just now'],
    [-59_999, 'just now'],
    [-60_000, '1 min ago'],
    [-120_000, '2 min ago'],
    [-3_599_999, '59 min ago'],
    [-3_600_000, '1 h ago'],
    [-5 * 3_600_000, '5 h ago'],
    [-86_399_999, '23 h ago'],
    [-86_400_000, '1 day ago'],
    [-3 * 86_400_000, '3 days ago'],
    [-7 * 86_400_000 + 1, '6 days ago'],
    [-7 * 86_400_000, '21 Nov 2026'],
    [1, 'in less than a minute'],
    [60_000, 'in 1 min'],
    [3 * 86_400_000, 'in 3 days'],
    [7 * 86_400_000, '5 Dec 2026'],
  ])('%d ms from now is told as "%s"', (away, words) => {
    expect(relative(toNs(now + away), now, 'Europe/Zurich')).toBe(words);
  });

  test('a time told from now says the same in every zone while it is under seven days away', () => {
    for (const away of [-6.9, -3, -0.5, -0.01, 0.01, 0.5, 3, 6.9]) {
      const words = new Set(zones.map((zone) => relative(toNs(now + away * 86_400_000), now, zone)));
      expect(words.size).toBe(1);
    }
  });

  test('a time in another day of the reader has that day', () => {
    const time = ns('2026-11-20T10:30:00Z');
    expect(relative(time, now, 'Pacific/Kiritimati')).toBe('21 Nov 2026');
    expect(relative(time, now, 'Pacific/Pago_Pago')).toBe('19 Nov 2026');
  });
});

describe('when something ends', () => {
  test.each([
    ['2026-11-28T17:30:00Z', 'today 18:30'],
    ['2026-11-28T22:59:00Z', 'today 23:59'],
    ['2026-11-28T23:00:00Z', 'tomorrow 00:00'],
    ['2026-11-30T22:59:00Z', 'in 2 days'],
    ['2026-12-22T13:00:00Z', 'in 24 days'],
    ['2027-10-05T13:00:00Z', 'in 311 days'],
    ['2026-11-03T08:12:00Z', '3 Nov 2026'],
  ])('an end at %s is told as "%s" by the calendar of the reader', (end, words) => {
    expect(until(ns(end), at('2026-11-28T13:03:07Z'), 'Europe/Zurich')).toBe(words);
  });

  test('days until an end are those of the calendar, though one of them has 23 hours and another 25', () => {
    // Summer time in Zurich begins on 29 March 2026 and ends on 25 October 2026.
    expect(until(ns('2026-03-30T00:30:00+02:00'), at('2026-03-28T23:30:00+01:00'), 'Europe/Zurich')).toBe('in 2 days');
    expect(until(ns('2026-10-26T00:30:00+01:00'), at('2026-10-24T23:30:00+02:00'), 'Europe/Zurich')).toBe('in 2 days');
    expect(until(ns('2026-03-30T08:00:00+02:00'), at('2026-03-29T01:00:00+01:00'), 'Europe/Zurich')).toBe(
      'tomorrow 08:00',
    );
  });

  test('the same end is today for one reader and tomorrow for another', () => {
    const [end, now] = [ns('2026-11-28T23:30:00Z'), at('2026-11-28T20:00:00Z')];
    expect(until(end, now, 'UTC')).toBe('today 23:30');
    expect(until(end, now, 'Europe/Zurich')).toBe('tomorrow 00:30');
    expect(until(end, now, 'America/New_York')).toBe('today 18:30');
  });
});

describe('a time by itself', () => {
  const time = 1_795_870_987_123_456_789n; // 2026-11-28T13:03:07.123456789Z
  test('a time has the clock, the day and the offset of the zone of its reader, and keeps its nanoseconds', () => {
    expect(precise(time, 'Europe/Zurich')).toBe('28 Nov 2026, 14:03:07.123456789 UTC+1');
    expect(precise(time, 'Asia/Kolkata')).toBe('28 Nov 2026, 18:33:07.123456789 UTC+5:30');
    expect(precise(time, 'UTC')).toBe('28 Nov 2026, 13:03:07.123456789 UTC');
    expect(clock(time, 'America/New_York')).toBe('08:03:07');
    expect(hourAndMinute(time, 'Europe/Zurich')).toBe('14:03');
    expect(exact(time, 'Europe/Zurich')).toBe('28 Nov 2026, 14:03');
    expect(day(time, 'Pacific/Kiritimati')).toBe('29 Nov 2026');
  });

  test('a short time has its year only where that is not the one of its reader, and its day only where that is not today', () => {
    const now = Date.parse('2026-12-31T23:30:00Z');
    const [morning, late] = [ns('2026-12-31T08:05:00Z'), ns('2027-01-01T08:05:00Z')];
    expect(shortExact(morning, now, 'UTC')).toBe('31 Dec, 08:05');
    expect(shortExact(late, now, 'UTC')).toBe('1 Jan 2027, 08:05');
    expect(shortExact(late, now, 'Europe/Zurich')).toBe('1 Jan, 09:05');
    expect(shortExact(morning, now, 'Europe/Zurich')).toBe('31 Dec 2026, 09:05');
    expect(soonWords(morning, now, 'UTC')).toBe('08:05');
    expect(soonWords(late, now, 'UTC')).toBe('1 Jan 2027, 08:05');
    expect(soonWords(late, now, 'Europe/Zurich')).toBe('09:05');
  });

  test('the hour after midnight is 00, not 24', () => {
    expect(clock(ns('2026-11-28T00:00:00Z'), 'UTC')).toBe('00:00:00');
  });

  test('the hour that comes twice at the end of summer time is told apart by its offset', () => {
    const [first, second] = [ns('2026-10-25T00:30:00Z'), ns('2026-10-25T01:30:00Z')];
    expect(clock(first, 'Europe/Zurich')).toBe(clock(second, 'Europe/Zurich'));
    expect([offset(first, 'Europe/Zurich'), offset(second, 'Europe/Zurich')]).toEqual(['UTC+2', 'UTC+1']);
  });

  test('a month of any zone and year has its three letters', () => {
    const months = Array.from({ length: 12 }, (_, month) => day(toNs(Date.UTC(2026, month, 15)), 'UTC'));
    expect(months.map((words) => words.split(' ')[1]).join()).toBe('Jan,Feb,Mar,Apr,May,Jun,Jul,Aug,Sep,Oct,Nov,Dec');
  });
});

test.each([
  [0, '0 s'],
  [0.012, '12 ms'],
  [0.0001, '1 ms'],
  [4, '4 s'],
  [42.9, '42 s'],
  [-240, '4 min'],
  [540, '9 min'],
  [7200, '2 h'],
  [86_400, '1 day'],
  [259_200, '3 days'],
])('%d seconds are told as "%s"', (seconds, words) => {
  expect(duration(seconds)).toBe(words);
});

test('an id is shortened to its first four and last four characters after 0x, and stays whole where that saves nothing', () => {
  expect(shortId(`0x4a1f${'0'.repeat(56)}c92d`)).toBe('0x4a1f…c92d');
  expect(shortId('3f0c5d1e2a7b81aa')).toBe('3f0c…81aa');
  expect(shortId('0x123456789')).toBe('0x123456789');
});
