// Whether a request carries the operator's bearer. How long the answer takes says nothing about the token.
import { createHash, timingSafeEqual } from 'node:crypto';

export type IsOperator = (authorization: readonly string[]) => boolean;

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** True for exactly one Authorization header, of the scheme Bearer, with exactly this token. */
export function createIsOperator(token: string): IsOperator {
  const expected = digest(token);
  return (authorization) => {
    const [only, ...others] = authorization;
    const [, offered] = /^bearer ([!-~]{1,512})$/i.exec(only ?? '') ?? [];
    // Of equal length whatever was offered.
    const same = timingSafeEqual(digest(offered ?? ''), expected);
    return same && offered !== undefined && others.length === 0;
  };
}
