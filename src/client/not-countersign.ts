// An answer of the form that no Countersign gives: another program, or something in between, answers under its address.
import type { Answer } from './call.ts';
import { CountersignError } from './errors.ts';

export function notCountersign(
  { status, requestId }: Pick<Answer, 'status' | 'requestId'>,
  message = 'the server does not answer as a Countersign does: is its address right?',
): never {
  throw new CountersignError({ status, code: 'NOT_COUNTERSIGN', message, requestId });
}

/** The bearer that a login answers. Throws CountersignError where there is none. */
export function bearerIn(answer: Answer): string {
  const { body } = answer;
  const token = typeof body === 'object' && body !== null && 'jwt_token' in body ? body.jwt_token : undefined;
  return isBearer(token) ? token : notCountersign(answer);
}

/** Characters that a header of HTTP can hold as a bearer (RFC 6750 section 2.1). */
export const isBearer = (value: unknown): value is string =>
  typeof value === 'string' && /^[A-Za-z0-9._~+/-]+=*$/.test(value);
