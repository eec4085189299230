// What a replacement asks of the server.
import { expect, test } from 'vitest';
import { localMinute } from '../../../console/pages/add/ends.ts';
import { type Life, lives, oldEnds, overlapSeconds, overlaps, readLife } from '../../../console/pages/one-key/lives.ts';

const now = 1_800_000_000_000_000_000n;

test('the old key works on for nothing, an hour, a day or a week, and never longer than it would have', () => {
  expect(overlaps.map(({ value }) => overlapSeconds(value))).toEqual([0, 3600, 86_400, 604_800]);
  expect(oldEnds(undefined, '1h', now)).toEqual({ at: now + 3_600_000_000_000n, isSooner: false });
  expect(oldEnds(now + 5n, '24h', now)).toEqual({ at: now + 5n, isSooner: true });
  expect(oldEnds(now + 5n, '0', now)).toEqual({ at: now, isSooner: false });
});

test('the new key works as long as the old one was made for unless another length or an exact time is chosen', () => {
  const nowMs = Number(now / 1_000_000n);
  const key = { createdAt: now - 5n, expiresAt: now + 3_600_000_000_000n };
  const read = (life: Life, date = '') => readLife(life, date, key, nowMs);
  expect(read('same')).toEqual({ asked: undefined, seconds: 3600, problem: undefined });
  expect(read('365')).toEqual({ asked: 31_536_000, seconds: 31_536_000, problem: undefined });
  expect(lives.map(({ label }) => label)).toEqual([
    'Same length as before',
    '1 day',
    '7 days',
    '30 days',
    '90 days',
    '1 year',
    'Exact date…',
  ]);
  expect(read('exact')).toMatchObject({ asked: undefined, problem: 'Choose a day and a time.' });
  const minutes = 90;
  expect(read('exact', localMinute(nowMs + minutes * 60_000)).asked).toBe(minutes * 60 - ((nowMs / 1000) % 60));
});
