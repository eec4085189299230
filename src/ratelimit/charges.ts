// Which bucket a request is charged to, and when: its address always, before the decision; its account and credential only after it was allowed,
// so that strangers cannot use up an owner's limit. Charged elsewhere: an opened session in credentials/open-session.ts, a call of an emergency
// route in http/routes/emergency.ts and credentials/owner-proof.ts, a TLS handshake in http/kit/server.ts.
import type { RouteMatch } from '../access/route-matcher.ts';
import type { Route } from '../access/route-table.ts';
import { type CredentialKind, kindTable } from '../domain/kinds.ts';
import type { Principal } from '../domain/principal.ts';
import type { AccountBucket, IpBucket, RateLimiter, UnlimitedVerdict, Verdict } from './limiter.ts';
import type { RateKeys } from './rate-keys.ts';

/** Before the decision. A path without a route counts as public: guessing is not free. `signed`: has an owner's signature, unverified. */
export const chargeAddress = (
  limiter: Pick<RateLimiter, 'chargeIp'>,
  client: RateKeys,
  match: RouteMatch,
  signed: boolean,
): Verdict => limiter.chargeIp(client, match.kind === 'route' ? addressBucketOf(match.route, signed) : 'public');

/**
 * Emergency routes: the limit of the address applies only to requests that would be denied. A neighbour or a looping bot on the owner's
 * address must not block revoke-all.
 */
export const mayInsist = (match: RouteMatch): boolean => match.kind === 'route' && match.route.limit === 'emergency';

/** After the decision. */
export function chargeCaller(
  limiter: Pick<RateLimiter, 'chargeCredential'>,
  route: Pick<Route, 'limit' | 'method'>,
  principal: Principal | undefined,
): Verdict {
  const bucket = principal === undefined ? undefined : accountBucketOf(route, principal.credential.kind);
  if (bucket === undefined || principal === undefined) return notCharged;
  // docs/wire.md section 12. Cancelling is never delayed by the number of orders placed.
  const interactive = bucket === 'orders' && route.method !== 'DELETE' && principal.tokenUsage === 'interactive';
  return limiter.chargeCredential(principal.credential, bucket, { interactive });
}

const notCharged: UnlimitedVerdict = { kind: 'unlimited', allowed: true };

function addressBucketOf(route: Pick<Route, 'limit'>, signed: boolean): IpBucket {
  // Until the signature is verified it may be anybody's.
  if (signed) return 'login';
  switch (route.limit) {
    case 'public':
    case 'login':
    case 'onboarding':
    case 'activate':
      return route.limit;
    default:
      return 'private';
  }
}

function accountBucketOf(route: Pick<Route, 'limit'>, kind: CredentialKind): AccountBucket | undefined {
  // What ends everything is never at its limit, whoever asks for it.
  if (kindTable[kind].chargedAsOwner && route.limit !== 'emergency') return 'owner';
  switch (route.limit) {
    case 'orders':
    case 'keys':
    case 'owner':
      return route.limit;
    case 'private-read':
      return 'read';
    default:
      return undefined;
  }
}
