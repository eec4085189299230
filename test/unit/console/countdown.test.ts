// When a countdown is read out.
import { expect, test } from 'vitest';
import { isReadOut, lastReadOut } from '../../../console/words/countdown.ts';

test('a countdown is read out at 60, 30 and 10 seconds and at its end, also where a second is passed over', () => {
  expect([61, 60, 59, 31, 30, 10, 9, 0].filter(isReadOut)).toEqual([60, 30, 10, 0]);
  expect([120, 60, 45, 30, 12, 9, 1, 0].map(lastReadOut)).toEqual([undefined, 60, 60, 30, 30, 10, 10, 0]);
});
