// How a command ends: the sentence for what went wrong, what to do about it, and the exit code.
import { expect, test } from 'vitest';
import { Aborted, CountersignError, NoAnswer, WalletRefused } from '../../../src/client/errors.ts';
import { errorStatus } from '../../../src/domain/error-codes.ts';
import { Failed, Interrupted, NotSignedIn, WrongUse } from '../../../src/owner/stops.ts';
import { exitCodeOf, told } from '../../../src/owner/telling.ts';

const refusal = (code: string, status = 403, message = 'no such thing') =>
  new CountersignError({ status, code, message, data: null, requestId: 'r-1', retryAfterSeconds: undefined });
const made = { kind: 'token', name: 'bot', since: 1n };

test('the exit code says whose doing it is: 1 refused, 2 used wrongly, 3 no answer, 4 not signed in', () => {
  expect(
    [
      refusal('INVALID_TOKEN_SCOPE'),
      new WrongUse('x'),
      new NoAnswer('x', 'unsent'),
      new NotSignedIn('x'),
      refusal('UNAUTHORIZED_ERROR', 401),
      new Failed('x'),
      new TypeError('x'),
    ].map(exitCodeOf),
  ).toEqual([1, 2, 3, 4, 4, 1, 1]);
});

test('a refusal of any code is a sentence, its code and the id of the request, which explain takes', () => {
  for (const code of Object.keys(errorStatus)) {
    const said = told(refusal(code), 'countersign');
    expect(said, code).toMatch(/^[A-Z\d][^\n]+ \(.*request r-1\)$/);
    expect(said, code).toContain(code);
  }
});

test('who is no longer signed in is told to log in, and who needs the main key how to give it', () => {
  expect(told(refusal('UNAUTHORIZED_ERROR', 401), 'countersign')).toContain('(countersign login)');
  expect(told(refusal('INVALID_TOKEN_SCOPE'), 'countersign')).toContain('Give it with --key-file, or');
  for (const code of ['NOT_FOUND', 'RATE_LIMITED'])
    expect(told(refusal(code), 'countersign')).not.toMatch(/--key-file|login/);
  expect(told(refusal('HTTP_502', 502, 'an answer of nobody'), 'countersign')).toMatch(/^That is not a Countersign/);
});

test('what may have been made is named with where to look, however its answer was lost', () => {
  const look = / It may have made the token "bot", whose secret is lost then: look with "countersign tokens list"/;
  expect(told(new NoAnswer('x (ECONNRESET)', 'unknown', made), 'countersign')).toMatch(look);
  expect(told(new Aborted('unknown', made), 'countersign')).toMatch(look);
  expect(told(new NoAnswer('no answer in time', 'unsent'), 'countersign')).toBe(
    'No connection. Nothing was sent. (no answer in time)',
  );
});

test('a sentence of ours is said as it is, and the text of any other error never', () => {
  for (const one of [new WrongUse('a'), new Failed('a'), new NotSignedIn('a'), new WalletRefused('a.')])
    expect(told(one, 'countersign')).toMatch(/^a\.?$/);
  expect(told(new Interrupted(), 'countersign')).toBe('stopped');
  for (const one of [new TypeError('canary'), 'canary', undefined])
    expect(told(one, 'countersign')).not.toContain('canary');
});
