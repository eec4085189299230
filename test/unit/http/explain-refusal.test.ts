// Which answers of handlers are refusals of the caller, which its owner may ask about.
import { expect, test } from 'vitest';
import { ApiError } from '../../../src/errors.ts';
import { isRefusal } from '../../../src/http/explain-refusal.ts';

test('an answer of a handler is explained when it refuses the caller, and not when it finds what was sent wrong', () => {
  const refusals = [
    new ApiError('INVALID_TOKEN_SCOPE', 'a wider list needs the main key'),
    new ApiError('RATE_LIMITED', 'later'),
    new ApiError('SERVICE_UNAVAILABLE', 'later'),
    new ApiError('STARKNET_SIGNATURE_VERIFICATION_FAILED', 'not signed by the owner'),
    new ApiError('REQUEST_NOT_ALLOWED', 'terminal tokens are off'),
    new ApiError('INVALID_TIMESTAMP', 'signed out meanwhile', { reason: 'signed_out' }),
    new ApiError('UNAUTHORIZED_ERROR', 'revoked meanwhile', { reason: 'credential_revoked' }),
  ];
  const mistakes = [new ApiError('NOT_FOUND', 'no such token'), new ApiError('VALIDATION_ERROR', 'name')];
  expect([refusals.map(isRefusal), mistakes.map(isRefusal)]).toEqual([
    [true, true, true, true, true, true, true],
    [false, false],
  ]);
});
