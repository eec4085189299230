import { expect, test } from 'vitest';
import { untilLetIn } from '../../../console/pages/sign-in/until-let-in.ts';
import { CountersignError } from '../../../src/client/errors.ts';

const limited = (retryAfterSeconds: number) =>
  new CountersignError({ status: 429, code: 'RATE_LIMITED', message: '', retryAfterSeconds });

function tried(...errors: readonly unknown[]) {
  const left = [...errors];
  const told: (string | undefined)[] = [];
  let seconds = 0;
  const work = async () => {
    if (left.length > 0) throw left.shift();
    return 'in';
  };
  const second = async () => {
    seconds += 1;
  };
  return { told, waited: () => seconds, done: untilLetIn(work, (words) => told.push(words), second) };
}

test('a sign-in that comes too often says how long it waits, counts down and goes on by itself', async () => {
  const { done, told, waited } = tried(limited(3));
  expect(await done).toBe('in');
  expect(told).toEqual([
    'Too many requests. Going on in 3 s.',
    'Too many requests. Going on in 2 s.',
    'Too many requests. Going on in 1 s.',
    undefined,
  ]);
  expect(waited()).toBe(3);
});

test('a sign-in that is refused for its rate again and again ends with that', async () => {
  const error = limited(1);
  await expect(tried(...Array.from({ length: 10 }, () => error)).done).rejects.toBe(error);
});

test('any other refusal ends a sign-in at once', async () => {
  const error = new CountersignError({ status: 403, code: 'REQUEST_NOT_ALLOWED', message: '' });
  const { done, waited } = tried(error);
  await expect(done).rejects.toBe(error);
  expect(waited()).toBe(0);
});
