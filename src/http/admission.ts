// The one place that admits a question, for every door. Checks in this order: length of the target, rate limit of the address, form of the target,
// path (of those that its Host has), method, body of a GET, the decision (access/authorize.ts), unsigned order routes, rate limits of account and credential. It has no
// response: the door renders the result, and may serve or forward only what was admitted.
import type { IncomingHttpHeaders } from 'node:http';
import type { Authorize, Decision } from '../access/authorize.ts';
import type { MatcherOf } from '../access/host-routes.ts';
import { takesOwnerSignature } from '../access/own-routes.ts';
import { refusalError } from '../access/refusal.ts';
import type { RouteMatch } from '../access/route-matcher.ts';
import type { Route } from '../access/route-table.ts';
import { parseTarget, type Target } from '../access/target.ts';
import type { IpAddress } from '../domain/allowlist.ts';
import { type Deny, type DenyReason, deny } from '../domain/decision.ts';
import type { Grant } from '../domain/grant.ts';
import type { Principal } from '../domain/principal.ts';
import { type Clock, secondsOf } from '../domain/time.ts';
import { ApiError } from '../errors.ts';
import { isUnsigned } from '../orders/route.ts';
import { chargeAddress, chargeCaller, heldBack, mayInsist } from '../ratelimit/charges.ts';
import {
  limitFacts,
  limitMessage,
  type RateLimiter,
  rateLimitHeaders,
  tightest,
  type Verdict,
} from '../ratelimit/limiter.ts';
import { type RateKeys, rateKeys } from '../ratelimit/rate-keys.ts';
import type { ClientIp } from './kit/client-ip.ts';
import { type HeaderLines, refusalOfGetBody } from './kit/lines.ts';
import type { Peer } from './kit/peer.ts';
import { optionalHeader } from './kit/read.ts';

/** Method and target to decide about: those of the request, or those that a proxy names in its headers. */
export interface Question {
  readonly method: string;
  /** The raw request target. */
  readonly target: string;
  readonly lines: HeaderLines;
  readonly headers: IncomingHttpHeaders;
  readonly peer: Peer;
}

/** The client, behind any trusted proxies. */
export interface Client {
  /** Undefined when unknown. */
  readonly ip: IpAddress | undefined;
  /** Canonical text; empty when unknown. */
  readonly text: string;
  readonly keys: RateKeys;
}

interface Considered {
  /** `METHOD /pattern`, or `none`; never the raw target, which may hold anything. */
  readonly routeName: string;
  readonly client: Client;
  readonly charged: Charged;
  /** Rate-limit headers of any answer. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The limiter's verdicts. Undefined = not charged. */
export interface Charged {
  readonly address: Verdict | undefined;
  /** Of account and credential together. */
  readonly caller: Verdict | undefined;
}

export interface Admitted extends Considered {
  readonly kind: 'admitted';
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
  /** Canonical path and query: exactly what was matched, and all that may be served or forwarded. */
  readonly target: string;
  /** Live since the decision; the door must release it. */
  readonly grant: Grant;
  /** Set where the address is over its limit: the handler applies the limit to a caller that turns out not to be the owner. */
  readonly insists: Verdict | undefined;
}

/** Together with its question it holds what every rule needs, to be asked why. */
export interface Refused extends Considered {
  readonly kind: 'refused';
  readonly error: ApiError;
  /** For log, metrics and journal. Undefined when the request itself is malformed: no rule was asked. */
  readonly deny: Deny | undefined;
  /** The methods of the path, when only the method is wrong. */
  readonly allow: readonly string[] | undefined;
}

export type Admission = Admitted | Refused;

/**
 * Returns in the same turn, unless the decision must wait for the store. Throws or rejects only when the service itself fails, and leaves no
 * grant behind.
 */
export type Admit = (question: Question) => Admission | Promise<Admission>;

export interface AdmissionDeps {
  readonly matcherOf: MatcherOf;
  readonly authorize: Authorize;
  readonly clientIp: ClientIp;
  readonly limiter: Pick<RateLimiter, 'chargeIp' | 'chargeCredential'>;
  readonly clock: Pick<Clock, 'now'>;
  /** Setting orders.unsigned_routes = refuse. */
  readonly refuseUnsignedRoutes: boolean;
  readonly maxTargetBytes: number;
}

export function createAdmission(deps: AdmissionDeps): Admit {
  const { limiter, clock } = deps;

  return function admit(question) {
    if (Buffer.byteLength(question.target) > deps.maxTargetBytes) {
      return atFault(UNREAD, new ApiError('URI_TOO_LONG', 'the request target is too long'));
    }
    const target = parseTarget(question.target);
    const match: RouteMatch =
      target.kind === 'target'
        ? deps.matcherOf(question.lines.host)(question.method, target.segments)
        : { kind: 'unknown' };
    const ip = deps.clientIp(question.peer.address, question.peer.isUnixSocket, question.lines.forwardedFor);
    const client: Client = { ip, text: ip?.text ?? '', keys: rateKeys(ip) };
    const signed = match.kind === 'route' && isSigned(match.route, question.headers);
    const address = chargeAddress(limiter, client.keys, match, signed);
    const insists = !address.allowed && mayInsist(match) ? address : undefined;
    const considered: Considered = {
      routeName: match.kind === 'route' ? match.route.name : 'none',
      client,
      charged: { address, caller: undefined },
      headers: insists === undefined ? headersOf(address) : {},
    };
    if (!address.allowed && insists === undefined) return limited(considered, address);
    if (target.kind === 'malformed') return refused(considered, deny('target_malformed'), target.malformed);
    if (match.kind === 'unknown') return refused(considered, deny('route_unknown'));
    if (match.kind === 'method_not_allowed') {
      return { ...refused(considered, deny('method_not_allowed')), allow: match.allow };
    }
    const { route } = match;
    const bodyOfGet = refusalOfGetBody(route.method, question.headers);
    if (bodyOfGet !== undefined) return atFault(considered, bodyOfGet);

    const { authorization } = question.lines;
    const decision = deps.authorize({ route, method: route.method, authorization, signed, clientIp: ip });
    return decision instanceof Promise
      ? decision.then((made) => conclude(made, considered, match, target, insists))
      : conclude(decision, considered, match, target, insists);
  };

  function headersOf(verdict: Verdict): Record<string, string> {
    return rateLimitHeaders(verdict, secondsOf(clock.now()));
  }

  /** Releases the grant unless it returns it. */
  function conclude(
    decision: Decision,
    considered: Considered,
    { route, params }: RouteFound,
    { canonical }: Target,
    insists: Verdict | undefined,
  ): Admission {
    if (decision.kind === 'deny') {
      if (insists === undefined) return refused(considered, decision);
      return limited({ ...considered, headers: headersOf(insists) }, insists, decision.principal);
    }
    try {
      const { principal } = decision;
      if (deps.refuseUnsignedRoutes && isUnsigned(route)) {
        decision.release();
        return refused(considered, denyTo(principal, 'route_unsigned'));
      }
      const { routeName, client } = considered;
      const held = insists && heldBack(limiter, client.keys, route, principal, insists);
      if (held !== undefined) {
        decision.release();
        return limited({ ...considered, headers: headersOf(held) }, held, principal);
      }
      const { address } = considered.charged;
      const caller = chargeCaller(limiter, route, principal);
      const headers = headersOf(insists === undefined && address !== undefined ? tightest([address, caller]) : caller);
      const charged = { address, caller };
      if (!caller.allowed) {
        decision.release();
        return limited({ routeName, client, charged, headers }, caller, principal);
      }
      return {
        kind: 'admitted',
        routeName,
        client,
        charged,
        headers,
        route,
        params,
        target: canonical,
        grant: decision,
        insists,
      };
    } catch (error) {
      decision.release();
      throw error;
    }
  }
}

type RouteFound = Extract<RouteMatch, { readonly kind: 'route' }>;

/** For a question that is refused before it is read. */
const UNREAD: Considered = {
  routeName: 'none',
  client: { ip: undefined, text: '', keys: rateKeys(undefined) },
  charged: { address: undefined, caller: undefined },
  headers: {},
};

const atFault = (considered: Considered, error: ApiError): Refused => ({
  ...considered,
  kind: 'refused',
  error,
  deny: undefined,
  allow: undefined,
});

function refused(considered: Considered, refusal: Deny, message?: string): Refused {
  const usual = refusalError(refusal);
  const error = message === undefined ? usual : new ApiError(usual.code, message, { reason: refusal.reason });
  return { ...considered, kind: 'refused', error, deny: refusal, allow: undefined };
}

/** `principal`: set when it is the limit of its account or credential. */
function limited(considered: Considered, verdict: Verdict, principal?: Principal): Refused {
  const isOnboarding = verdict.kind === 'measured' && verdict.bucket === 'onboarding';
  const error = new ApiError(isOnboarding ? 'ONBOARDING_RATE_LIMITED' : 'RATE_LIMITED', limitMessage(verdict), {
    reason: 'rate_limited',
    facts: limitFacts(verdict),
  });
  return { ...considered, kind: 'refused', error, deny: denyTo(principal, 'rate_limited'), allow: undefined };
}

const denyTo = (principal: Principal | undefined, reason: DenyReason): Deny =>
  deny(reason, principal === undefined ? {} : { principal });

const isSigned = (route: Route, headers: IncomingHttpHeaders): boolean =>
  takesOwnerSignature(route) &&
  ['PARADEX-STARKNET-SIGNATURE', 'PARADEX-EVM-SIGNATURE'].some((name) => optionalHeader(headers, name) !== undefined);
