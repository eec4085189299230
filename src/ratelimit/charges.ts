// Which bucket a request is charged to, and when: its address always, before the decision; its account and credential only after it was allowed,
// so that strangers cannot use up an owner's limit. Charged elsewhere: an opened session in credentials/open-session.ts, a call of an emergency
// route in http/routes/emergency.ts and credentials/owner-proof.ts, a TLS handshake in http/kit/server.ts.
import type { RouteMatch } from '../access/route-matcher.ts';
import type { Route, RouteAccess } from '../access/route-table.ts';
import { type CredentialKind, credentialKinds, kindTable } from '../domain/kinds.ts';
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
 * Before the decision: the limit of the address may not hold this back. Of emergency routes, and of what owners ask for, it applies only
 * to requests that would be denied: a neighbour or a looping bot on the owner's address must not keep the owner from seeing and ending it.
 */
export const mayInsist = (match: RouteMatch): boolean =>
  match.kind === 'route' &&
  (match.route.limit === 'emergency' ||
    match.route.limit === 'owner' ||
    (match.route.servedBy === 'us' && ofOwners.has(match.route.access)));

/** What a kind may ask for that is charged as the owner, whichever that is. */
const ofOwners: ReadonlySet<RouteAccess> = new Set(
  credentialKinds.filter((kind) => kindTable[kind].chargedAsOwner).flatMap((kind) => [...kindTable[kind].permissions]),
);

/**
 * After the decision, of a request that insisted on it: why it is held back all the same, or undefined. Emergencies never are. What is
 * charged to the owner's bucket has the limit of the address once more, and everything else waits as it would have before.
 */
export function heldBack(
  limiter: Pick<RateLimiter, 'chargeIp'>,
  client: RateKeys,
  route: Pick<Route, 'limit'>,
  principal: Principal | undefined,
  overLimit: Verdict,
): Verdict | undefined {
  if (route.limit === 'emergency') return undefined;
  if (principal === undefined || accountBucketOf(route, principal.credential.kind) !== 'owner') return overLimit;
  const again = limiter.chargeIp(client, 'insisting');
  return again.allowed ? undefined : again;
}

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
