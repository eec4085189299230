// Reads the bearer out of the Authorization header, or says what is wrong with that header.

/** `problem`: what is wrong, in fixed words that repeat nothing of the header. */
export interface NoBearer {
  readonly reason: 'bearer_missing' | 'bearer_repeated' | 'bearer_malformed';
  readonly problem?: string;
}

const aJwt = /^[\w-]+\.[\w-]+\.[\w-]*$/;

/**
 * The token of the one Authorization header, which is never empty: RFC 6750 section 2.1, with the scheme in any letter case and
 * followed by one or more blanks (RFC 9110 sections 11.1 and 11.4). Two headers may name two accounts and are refused.
 */
export function readBearer(authorization: readonly string[]): string | NoBearer {
  const [only, ...others] = authorization;
  if (only === undefined) return { reason: 'bearer_missing' };
  if (others.length > 0) return { reason: 'bearer_repeated' };
  const token = /^bearer +([!-~]+)$/i.exec(only)?.[1];
  if (token === undefined) return { reason: 'bearer_malformed', problem: problemOf(only) };
  if (/^["'<].*[>"']$/.test(token)) return { reason: 'bearer_malformed', problem: 'the token stands in quotes' };
  return token;
}

function problemOf(header: string): string {
  if (header === '') return 'the Authorization header is empty';
  if (aJwt.test(header)) return 'the scheme is missing in Authorization: write Bearer, a blank and the token';
  if (/^bearer *$/i.test(header)) return 'Authorization has the scheme Bearer and no token';
  if (/^bearer +bearer\b/i.test(header)) return 'the scheme Bearer stands twice in Authorization';
  if (/^bearer[ \t]/i.test(header)) return 'what follows Bearer in Authorization is not a blank and one token';
  return 'Authorization has another scheme than Bearer, or none';
}
