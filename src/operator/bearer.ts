// Whether a request carries the operator's bearer. The comparison takes the same time whatever was sent.
import { createHash, timingSafeEqual } from 'node:crypto';
import { readBearer } from '../access/bearer.ts';

export type IsOperator = (authorization: readonly string[]) => boolean;

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** True for exactly one Authorization header, of the scheme Bearer, with exactly this token. */
export function createIsOperator(token: string): IsOperator {
  const expected = digest(token);
  return (authorization) => {
    const offered = readBearer(authorization);
    // Digests have one length, whatever was sent.
    const same = timingSafeEqual(digest(typeof offered === 'string' ? offered : ''), expected);
    return same && typeof offered === 'string';
  };
}
