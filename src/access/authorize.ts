// The one place where a request is allowed. Our own API, the gateway and every later front call this and only render its answer.
import type { IpAddress } from '../domain/allowlist.ts';
import type { Subject } from '../domain/credential.ts';
import { type Deny, type DenyReason, deny } from '../domain/decision.ts';
import type { Grant } from '../domain/grant.ts';
import { isRevocableKind, type PermissionPolicy, permissionsOf } from '../domain/kinds.ts';
import type { Principal } from '../domain/principal.ts';
import { type Clock, NEVER, nanosOfSeconds, secondsOf, type UnixNanos } from '../domain/time.ts';
import { StoreLost } from '../errors.ts';
import type { BearerRefusal, VerifiedClaims, VerifyBearer } from '../jwt/verify.ts';
import type { LiveRegistry } from '../revocation/live.ts';
import { subjectsOf, type View, ViewStale } from '../revocation/view.ts';
import type { Facts, FactsQuery } from '../store/store.ts';
import { readBearer } from './bearer.ts';
import { openGrantForAnyone } from './grant.ts';
import type { Route } from './route-table.ts';
import { type Asked, type ProvenCredential, refusalOf } from './rules.ts';

export interface AccessRequest {
  /** Without `servedBy` it is taken for one of the venue. */
  readonly route: Pick<Route, 'access' | 'identity'> & Partial<Pick<Route, 'servedBy'>>;
  readonly method: string;
  /** Every Authorization header line as it came. */
  readonly authorization: readonly string[];
  /** The route takes a signature of the owner, and the headers have one. It is not verified yet: the handler does that. */
  readonly signed?: boolean;
  /** Undefined when it could not be told. */
  readonly clientIp: IpAddress | undefined;
}

export type Decision = Grant | Deny;
export type Authorize = (request: AccessRequest) => Decision | Promise<Decision>;

export interface AuthorizeDeps {
  verifyBearer: VerifyBearer;
  view: View;
  live: LiveRegistry;
  clock: Clock;
  policy: PermissionPolicy;
}

/** What every decision about a bearer needs, derived once from its claims. */
interface BearerContext {
  readonly principal: Principal;
  readonly query: FactsQuery;
  readonly holder: ProvenCredential;
  readonly subjects: readonly Subject[];
  /** When the bearer itself expires. */
  readonly endsAt: UnixNanos;
}

/**
 * Decides one request. A Grant is registered as live before it is returned and must be released; a Deny names its reason.
 * Never throws: what cannot be decided is denied.
 */
export function createAuthorize(deps: AuthorizeDeps): Authorize {
  // Kept by the claims object: the verifier returns the same frozen one for as long as it remembers the bearer.
  const contexts = new WeakMap<VerifiedClaims, BearerContext>();

  return function authorize(request) {
    const { access } = request.route;
    if (access === 'public' || access === 'self-signed') {
      // A bad bearer on a public route is ignored: stale headers must not break bootstrap calls.
      if (request.route.identity !== 'optional' || request.authorization.length === 0) return openGrantForAnyone();
      const identified = identify(request, 'account:read');
      return identified instanceof Promise ? identified.then(orAnyone) : orAnyone(identified);
    }
    // A bearer and a signature may name two accounts: refuse both together.
    if (request.signed) return request.authorization.length === 0 ? openGrantForAnyone() : deny('bearer_and_signature');
    return identify(request, access);
  };

  function identify(request: AccessRequest, permission: Asked['permission']): Decision | Promise<Decision> {
    const bearer = readBearer(request.authorization);
    if (typeof bearer !== 'string')
      return deny(bearer.reason, bearer.problem === undefined ? {} : { problem: bearer.problem });
    const verified = deps.verifyBearer(bearer, secondsOf(deps.clock.latest()));
    if (!verified.ok) return unverified(verified, deps.policy);
    const { claims } = verified;
    const context = contextOf(claims);
    const { principal, query } = context;
    try {
      const decision = deps.view.ask(query, (facts, position) =>
        weigh(request, permission, claims, context, facts, position),
      );
      return decision instanceof Promise ? decision.catch((error) => unavailable(error, principal)) : decision;
    } catch (error) {
      return unavailable(error, principal);
    }
  }

  // Runs inside view.ask: the facts are current and the grant is registered before anything else can happen.
  function weigh(
    request: AccessRequest,
    permission: Asked['permission'],
    claims: VerifiedClaims,
    { principal, holder, subjects, endsAt }: BearerContext,
    facts: Facts,
    position: bigint,
  ): Decision {
    const { method, clientIp } = request;
    const asked = { permission, method, toVenue: request.route.servedBy !== 'us', clientIp };
    const now = deps.clock.latest();
    const refusal = refusalOf(holder, facts, asked, now);
    if (refusal !== undefined) return deny(refusal, { principal, asked: permission, allowlist: facts.allowlist });
    const isCredentialFirst = facts.expiresAt !== NEVER && facts.expiresAt <= endsAt;
    return deps.live.open({
      principal,
      subjects,
      position,
      decidedAt: now,
      endsAt: isCredentialFirst ? facts.expiresAt : endsAt,
      endReason: isCredentialFirst ? 'credential_expired' : 'bearer_expired',
      refusalAt: (now): DenyReason | undefined =>
        claims.expiresAt <= secondsOf(now) ? 'bearer_expired' : refusalOf(holder, facts, asked, now),
    });
  }

  function contextOf(claims: VerifiedClaims): BearerContext {
    const known = contexts.get(claims);
    if (known !== undefined) return known;
    const { credential, kid, authTime } = claims;
    const principal = principalOf(claims, deps.policy);
    const query = { ...credential, kid };
    const context: BearerContext = {
      principal,
      query,
      holder: { kind: credential.kind, permissions: principal.permissions, authTime },
      subjects: subjectsOf(query),
      endsAt: nanosOfSeconds(claims.expiresAt),
    };
    contexts.set(claims, context);
    return context;
  }
}

const orAnyone = (decision: Decision): Decision => (decision.kind === 'allow' ? decision : openGrantForAnyone());

function unverified({ reason, expiredSeconds, claims }: BearerRefusal, policy: PermissionPolicy): Deny {
  if (expiredSeconds === undefined || claims === undefined) return deny(reason);
  return deny(reason, { expiredSeconds, principal: principalOf(claims, policy) });
}

function unavailable(error: unknown, principal: Principal): Deny {
  if (error instanceof StoreLost) return deny('store_lost', { principal, cause: error });
  return error instanceof ViewStale
    ? deny('view_stale', { principal })
    : deny('store_unavailable', { principal, cause: error });
}

export function principalOf(claims: VerifiedClaims, policy: PermissionPolicy): Principal {
  return {
    credential: claims.credential,
    permissions: permissionsOf(claims.credential.kind, policy),
    label: isRevocableKind(claims.credential.kind) ? claims.label : claims.credential.account,
    kid: claims.kid,
    session: claims.session,
    expiresAt: claims.expiresAt,
    authTime: claims.authTime,
    isolated: claims.isolated,
    tokenUsage: claims.tokenUsage,
    use: { current: undefined },
  };
}
