// The wire error of each deny reason. Every front reads this one table, so that a refusal is the same everywhere.
import { shownEntries } from '../domain/allowlist.ts';
import { type Deny, type DenyReason, deny } from '../domain/decision.ts';
import { kindTable } from '../domain/kinds.ts';
import { nanosOfSeconds } from '../domain/time.ts';
import { ApiError, type ErrorCode, type RefusalFacts } from '../errors.ts';

interface Rendering {
  readonly code: ErrorCode;
  readonly message: string;
}

// ccxt maps a 401 to AuthenticationError only when its message holds exactly these words.
const JWT = 'missing or malformed jwt';
const dead = (why: string): Rendering => ({
  code: 'UNAUTHORIZED_ERROR',
  message: `invalid bearer jwt: ${why} (${JWT})`,
});

const renderings: Readonly<Record<DenyReason, Rendering>> = {
  route_unknown: { code: 'NOT_FOUND', message: 'no such path' },
  target_malformed: { code: 'NOT_FOUND', message: 'no such path: the request target is malformed' },
  method_not_allowed: { code: 'METHOD_NOT_ALLOWED', message: 'this path does not answer that method' },
  rate_limited: { code: 'RATE_LIMITED', message: 'rate limit exceeded' },
  bearer_missing: { code: 'UNAUTHORIZED_ERROR', message: JWT },
  bearer_malformed: { code: 'UNAUTHORIZED_ERROR', message: JWT },
  bearer_repeated: { code: 'UNAUTHORIZED_ERROR', message: `more than one Authorization header (${JWT})` },
  bearer_wrong_kind: dead('this kind of token is no bearer'),
  bearer_unknown_key: dead('signed by an unknown key'),
  bearer_signature: dead('the signature does not verify'),
  bearer_claims: dead('the claims are not ours'),
  bearer_expired: dead('token is expired'),
  signing_key_retired: dead('the key that signed it is retired'),
  account_unknown: dead('the account is unknown'),
  credential_unknown: dead('the credential is unknown'),
  credential_pending: dead('the subkey is not activated'),
  credential_revoked: dead('the credential was revoked'),
  credential_expired: dead('the credential is expired'),
  signed_out: dead('the session was signed out'),
  account_locked: { code: 'REQUEST_NOT_ALLOWED', message: 'the account is locked' },
  permission_missing: { code: 'INVALID_TOKEN_SCOPE', message: 'this credential may not do that' },
  read_only_method: { code: 'INVALID_TOKEN_SCOPE', message: 'a read-only token may only GET' },
  client_ip_unknown: { code: 'IP_NOT_ALLOWED', message: 'the client address could not be told' },
  ip_not_allowed: { code: 'IP_NOT_ALLOWED', message: 'the client address is outside the allowlist of this credential' },
  allowlist_damaged: {
    code: 'IP_NOT_ALLOWED',
    message: 'the stored allowlist of this credential is damaged: replace it',
  },
  store_unavailable: { code: 'SERVICE_UNAVAILABLE', message: 'the credential store is unavailable' },
  view_stale: { code: 'SERVICE_UNAVAILABLE', message: 'the credential view is behind' },
  upstream_unavailable: { code: 'SERVICE_UNAVAILABLE', message: 'the venue is unavailable' },
  upstream_timeout: { code: 'SERVICE_UNAVAILABLE', message: 'the venue did not answer in time' },
  request_header_refused: { code: 'INVALID_REQUEST_PARAMETER', message: 'a request header cannot be forwarded' },
  order_refused: { code: 'INVALID_ORDER_SIGNATURE', message: 'the order is not signed as it must be' },
  route_unsigned: { code: 'REQUEST_NOT_ALLOWED', message: 'only requests that the owner signed may trade here' },
  bearer_and_signature: {
    code: 'INVALID_REQUEST_PARAMETER',
    message: 'send a bearer or a signature, not both',
  },
  store_lost: { code: 'SERVICE_UNAVAILABLE', message: 'the credential store is unavailable' },
};

/** The documented error of a refusal (docs/wire.md section 11). Says no more than the caller has proven a right to know. */
export function refusalError(refusal: Deny): ApiError {
  const { code, message } = renderings[refusal.reason];
  const facts = factsOf(refusal);
  return new ApiError(code, messageOf(refusal, message), {
    reason: refusal.reason,
    ...(facts === undefined ? {} : { facts }),
  });
}

/** The values that a refusal of this reason was made by, as far as they are known. */
function factsOf({ reason, principal, asked, allowlist, expiredSeconds }: Deny): RefusalFacts | undefined {
  switch (reason) {
    case 'permission_missing':
    case 'read_only_method':
      if (principal === undefined || asked === undefined) return undefined;
      return { permissionNeeded: asked, permissionsHeld: [...principal.permissions].sort() };
    case 'client_ip_unknown':
    case 'ip_not_allowed':
    case 'allowlist_damaged':
      return allowlist && { allowedCidrs: shownEntries(allowlist) };
    case 'signed_out':
      return principal && { signedAt: nanosOfSeconds(principal.authTime) };
    case 'bearer_expired':
      return expiredSeconds === undefined ? undefined : { expiredSeconds };
    default:
      return undefined;
  }
}

/** refusalError for a reason without details. */
export const refusalErrorOf = (reason: DenyReason): ApiError => refusalError(deny(reason));

function messageOf(refusal: Deny, message: string): string {
  if (refusal.reason === 'bearer_expired' && refusal.expiredSeconds !== undefined) {
    return `invalid bearer jwt: token is expired by ${refusal.expiredSeconds}s (${JWT})`;
  }
  if (refusal.reason === 'bearer_malformed' && refusal.problem !== undefined) {
    return `invalid bearer jwt: ${refusal.problem} (${JWT})`;
  }
  if (refusal.reason === 'permission_missing' && refusal.principal !== undefined) {
    return kindTable[refusal.principal.credential.kind].ifNotPermitted;
  }
  return message;
}
