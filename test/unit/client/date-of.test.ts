import { expect, test } from 'vitest';
import { dateOf } from '../../../src/client/date-of.ts';

test('a time of the wire is a date to the millisecond, and 0, which is never, is none', () => {
  expect(dateOf(1_800_000_000_123_999_999n)).toEqual(new Date(1_800_000_000_123));
  expect(dateOf(0n)).toBeUndefined();
});
