// What a replacement asks of the server.
import { expect, test } from 'vitest';
import { lifeSeconds, oldEnds, overlapSeconds, overlaps } from '../../../console/pages/one-key/lives.ts';

const now = 1_800_000_000_000_000_000n;

test('the old key works on for nothing, an hour, a day or a week, and never longer than it would have', () => {
  expect(overlaps.map(({ value }) => overlapSeconds(value))).toEqual([0, 3600, 86_400, 604_800]);
  expect(oldEnds(undefined, '1h', now)).toEqual({ at: now + 3_600_000_000_000n, isSooner: false });
  expect(oldEnds(now + 5n, '24h', now)).toEqual({ at: now + 5n, isSooner: true });
  expect(oldEnds(now + 5n, '0', now)).toEqual({ at: now, isSooner: false });
});

test('the new key works as long as the old one was made for unless another length is chosen', () => {
  expect(lifeSeconds('same')).toBeUndefined();
  expect(lifeSeconds('1y')).toBe(31_536_000);
});
