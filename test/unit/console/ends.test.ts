// Until when a new key works, as the form of it reckons.
import { afterEach, describe, expect, test } from 'vitest';
import { endOptions, exactRange, localMinute, readEnd, usualEnd } from '../../../console/pages/add/ends.ts';

const zone = process.env.TZ;
afterEach(() => {
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
});

const now = Date.parse('2026-11-28T13:03:20Z');

test('the chips are those of each kind, with the usual one among them', () => {
  expect(endOptions.token.map(({ label }) => label)).toEqual([
    '1 day',
    '7 days',
    '30 days',
    '90 days',
    '1 year',
    'Exact date…',
  ]);
  expect(endOptions.subkey.map(({ label }) => label)).toEqual([
    '30 days',
    '90 days',
    '1 year',
    'No end',
    'Exact date…',
  ]);
  expect([usualEnd.token, usualEnd.subkey]).toEqual(['30', '90']);
});

test('a chip is so many days of 24 hours, and no end is 0', () => {
  expect(readEnd('1', '', now)).toEqual({ seconds: 86_400 });
  expect(readEnd('365', '', now)).toEqual({ seconds: 31_536_000 });
  expect(readEnd('never', '', now)).toEqual({ seconds: 0 });
});

describe('an exact date', () => {
  test('is of the zone of the reader, also across the change to summer time', () => {
    for (const [zone, utc] of [
      ['Europe/Berlin', '2027-04-01T12:00:00Z'],
      ['America/New_York', '2027-04-01T18:00:00Z'],
      ['Asia/Kathmandu', '2027-04-01T08:15:00Z'],
    ] as const) {
      process.env.TZ = zone;
      expect(readEnd('exact', '2027-04-01T14:00', now)).toEqual({ seconds: (Date.parse(utc) - now) / 1000 });
      expect(localMinute(Date.parse(utc))).toBe('2027-04-01T14:00');
    }
  });

  test('is a minute to a year ahead, and the field offers no other', () => {
    process.env.TZ = 'Europe/Berlin';
    const { min, max } = exactRange(now);
    expect([min, max]).toEqual(['2026-11-28T14:05', '2027-11-28T14:03']);
    expect(readEnd('exact', min, now).seconds).toBe(100);
    expect(readEnd('exact', max, now).seconds).toBe(31_536_000 - 20);
    expect(readEnd('exact', '2026-11-28T14:04', now).problem).toMatch(/at least a minute/);
    expect(readEnd('exact', '2027-11-28T14:04', now).problem).toMatch(/at most a year/);
    for (const none of ['', 'soon', '2026-13-01T00:00'])
      expect(readEnd('exact', none, now).problem).toMatch(/day and a time/);
  });
});
