// What the page says to every code, and that an unknown one, or somebody else's error, does no harm.
import { expect, test } from 'vitest';
import { sentenceFor, shortRequestId } from '../../../console/words/refusals.ts';
import { Worded } from '../../../console/words/worded.ts';
import { Aborted, CountersignError, NoAnswer, WalletRefused } from '../../../src/client/errors.ts';
import { errorStatus } from '../../../src/domain/error-codes.ts';

const requestId = '6c1d8b0e-1111-2222-3333-444444444444';
const refusal = (code: string, more: Partial<CountersignError> = {}) =>
  new CountersignError({ status: 400, code, message: 'the words of the server', requestId, ...more });

test.each(Object.keys(errorStatus))('%s: a sentence that ends and says no code, and the request', (code) => {
  const words = sentenceFor(refusal(code));
  expect(words.text).toMatch(/^[A-Z].*\.$/);
  expect(words.text).not.toMatch(/[A-Z]_[A-Z]|undefined|null/);
  expect(words.requestId).toBe(requestId);
});

test.each([
  ['UNAUTHORIZED_ERROR', 'sign-in'],
  ['INVALID_TOKEN_SCOPE', 'owner'],
  ['NOT_FOUND', 'reread'],
  ['NOT_ONBOARDED', 'onboard'],
  ['RATE_LIMITED', 'wait'],
  ['ONBOARDING_RATE_LIMITED', 'wait'],
  ['VALIDATION_ERROR', undefined],
  ['HTTP_502', undefined],
  ['toString', undefined],
  ['__proto__', undefined],
])('%s: then %s', (code, then) => {
  expect(sentenceFor(refusal(code)).then).toBe(then);
});

test('too many requests says when it goes on', () => {
  expect(sentenceFor(refusal('RATE_LIMITED', { retryAfterSeconds: 9 }))).toMatchObject({
    text: 'Too many requests. Going on in 9 s.',
    seconds: 9,
  });
});

test('a code of a newer server, and one that is a word of JavaScript, is a mistake of the server and no more', () => {
  for (const code of ['NEW_CODE', 'constructor', '<b>', ''])
    expect(sentenceFor(refusal(code)).text).toBe(
      'The server made a mistake. Nothing was changed unless you see it in the list.',
    );
});

test("somebody else's error is never shown", () => {
  for (const error of [new TypeError('0xsecret'), '0xsecret', undefined, null, { message: '0xsecret' }])
    expect(sentenceFor(error).text).toBe(
      'Something went wrong in this page. Nothing was changed unless you see it in the list.',
    );
  expect(sentenceFor(new Worded('Choose your wallet first.')).text).toBe('Choose your wallet first.');
});

test.each<readonly [unknown, string]>([
  [new NoAnswer('x', 'unsent'), 'No connection. Nothing was sent.'],
  [new NoAnswer('x', 'unknown'), 'No connection. We do not know whether it arrived.'],
  [new Aborted('unsent'), 'It was stopped before there was an answer.'],
  [new WalletRefused('x', 4001), 'You said no in the wallet. Nothing happened.'],
  [new WalletRefused('x', -32_002), 'The wallet has a request open already. Finish it there.'],
  [
    new WalletRefused('the wallet shows no account'),
    'The wallet shows no account. Unlock it, choose one, and try again.',
  ],
  [
    new WalletRefused('the wallet did not answer personal_sign', -32_603),
    'The wallet could not do that. Look there, then try again.',
  ],
  [
    new WalletRefused('the wallet did not answer personal_sign'),
    'The wallet did not answer. Try again, or reload the page.',
  ],
])('%s: %s', (error, text) => {
  expect(sentenceFor(error)).toEqual({ text });
});

test('on a phone that takes a hand-off a code means what it means there', () => {
  expect(sentenceFor(refusal('NOT_FOUND'), { of: 'taking-a-hand-off' }).text).toBe(
    'This code ran out. Make a new one on your computer.',
  );
});

test('a request is shown by its first eight characters', () => {
  expect(shortRequestId(requestId)).toBe('6c1d8b0e');
});
