// What keeps an answer of the venue from acting as a page of the origin on which keys are managed (docs/console.md).

/**
 * Headers that set state for the whole origin, and not for the answer they come with: what it has stored, who may register a service worker
 * over it, where it is reached, to whom its errors are reported, what browsers send it, who is signed in.
 */
export const originState: ReadonlySet<string> = new Set([
  'clear-site-data',
  'service-worker-allowed',
  'strict-transport-security',
  'alt-svc',
  'nel',
  'report-to',
  'reporting-endpoints',
  'accept-ch',
  'critical-ch',
  'set-login',
  // Sessions that the browser itself renews, and holds back requests for.
  'sec-session-registration',
  'secure-session-registration',
  // Dictionaries that later answers under other paths would be decompressed with.
  'use-as-dictionary',
]);

const PASSWORD_SCHEMES = /(?:^|,)\s*(?:basic|digest|negotiate|ntlm)\b/i;

/**
 * Whether a WWW-Authenticate (RFC 9110 11.6.1) has a browser ask for a password, which it would do in the name of the origin, and then send
 * what was typed with each request there.
 */
export const asksForPassword = (challenges: string): boolean => PASSWORD_SCHEMES.test(challenges);

/**
 * Beside the venue's own policy, so that both apply: an answer that is opened as a page has an origin of its own, without script, form, frame
 * or storage. Programs ignore it.
 */
export const SANDBOX = "sandbox; default-src 'none'";

/** For an answer that says none: browsers would guess. */
export const UNTYPED = 'application/octet-stream';

export const hasNoBody = (status: number): boolean => status === 204 || status === 205 || status === 304;
