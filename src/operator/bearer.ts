// Whether a request carries the operator's bearer. How long the answer takes says nothing about the token.
import { createHash, timingSafeEqual } from 'node:crypto';
import { readBearer } from '../access/bearer.ts';

export type IsOperator = (authorization: readonly string[]) => boolean;

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** True for exactly one Authorization header, of the scheme Bearer, with exactly this token. */
export function createIsOperator(token: string): IsOperator {
  const expected = digest(token);
  return (authorization) => {
    const offered = readBearer(authorization);
    // Of equal length whatever was offered.
    const same = timingSafeEqual(digest(typeof offered === 'string' ? offered : ''), expected);
    return same && typeof offered === 'string';
  };
}
