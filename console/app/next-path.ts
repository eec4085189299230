// Where a person wanted to go before they had to sign in: one of this page's own paths, and nothing else.

const START = '/keys/read-only';

/** Paths below /console, each with the queries that it may have. */
const known: readonly RegExp[] = [
  /^\/keys\/(?:read-only|subkeys)(?:\/[\w-]{1,80})?$/,
  /^\/activity(?:\/[\w-]{1,80})?(?:\?[\w:.,=&%-]{0,400})?$/,
  /^\/devices$/,
  /^\/wallet$/,
];

/** `search` is the query of the sign-in page. What it names is taken whole or not at all. */
export function nextPath(search: string): string {
  const next = new URLSearchParams(search).get('next');
  return next !== null && known.some((form) => form.test(next)) ? next : START;
}

/** The sign-in page's path that leads back to `path`, which is one of the page below /console. */
export function signInPath(path: string): string {
  return known.some((form) => form.test(path)) && path !== START
    ? `/sign-in?next=${encodeURIComponent(path)}`
    : '/sign-in';
}
