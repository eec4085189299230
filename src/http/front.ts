// Every request's way in: target, route, limits, decision, and only then our own handlers or the venue. Nothing is served or
// forwarded except from here.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Authorize } from '../access/authorize.ts';
import { takesOwnerSignature } from '../access/own-routes.ts';
import { refusalError } from '../access/refusal.ts';
import type { Route, RouteMatch, RouteMatcher } from '../access/route-table.ts';
import { parseTarget } from '../access/target.ts';
import type { AuditJournal } from '../audit/journal.ts';
import { type Deny, type DenyReason, deny } from '../domain/decision.ts';
import type { Grant } from '../domain/grant.ts';
import type { Principal } from '../domain/principal.ts';
import { type Clock, secondsOf } from '../domain/time.ts';
import { ApiError } from '../errors.ts';
import type { Exchange, Outcome } from '../gateway/forward.ts';
import { isUnsigned, orderRouteOf } from '../orders/route.ts';
import { chargeAddress, chargeCaller, mayInsist } from '../ratelimit/charges.ts';
import { limitMessage, type RateLimiter, rateLimitHeaders, tightest, type Verdict } from '../ratelimit/limiter.ts';
import { rateKeys } from '../ratelimit/rate-keys.ts';
import type { Surface } from '../telemetry/counters.ts';
import type { AboutRequest, Telemetry } from '../telemetry/telemetry.ts';
import { attachContext, type RequestContext } from './context.ts';
import { answerError } from './kit/answer-error.ts';
import type { ClientIp } from './kit/client-ip.ts';
import type { Cors } from './kit/cors.ts';
import type { ForwardedProto } from './kit/forwarded-proto.ts';
import { attachKnown, type Known, toldOfLeft } from './kit/known.ts';
import { type HeaderLines, headerLines, requireNoBodyOfGet, requireOneHost, requirePlainBody } from './kit/lines.ts';
import { optionalHeader } from './kit/read.ts';
import { renderRefusal, toApiError } from './kit/render.ts';
import { REQUEST_ID_HEADER, type RequestIds } from './kit/request-ids.ts';

export interface FrontDeps {
  readonly match: RouteMatcher;
  readonly authorize: Authorize;
  readonly clientIp: ClientIp;
  readonly forwardedProto: ForwardedProto;
  readonly limiter: RateLimiter;
  readonly requestIds: RequestIds;
  readonly cors: Cors;
  readonly clock: Clock;
  readonly journal: AuditJournal;
  readonly telemetry: Telemetry;
  readonly forward: (exchange: Exchange) => Promise<Outcome>;
  /** Setting orders.unsigned_routes = refuse. */
  readonly refuseUnsignedRoutes: boolean;
  readonly limits: { readonly maxTargetBytes: number; readonly maxForwardBodyBytes: number };
}

/** Hands a request that is ours to the handlers; `request.url` is the canonical target. */
export type ServeOurs = (request: IncomingMessage, response: ServerResponse) => void;
export type Front = (request: IncomingMessage, response: ServerResponse) => void;

interface Arrival extends Known {
  readonly number: number;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Headers of every answer to this request. */
  readonly extra: Record<string, string>;
  /** `METHOD /pattern` once it is known; never the raw target, which may hold anything. */
  routeName: string;
  /** Canonical text; empty when unknown. */
  clientIp: string;
  /** Who answers, as far as is known. */
  surface: Surface;
}

export function createFront(deps: FrontDeps, serveOurs: ServeOurs): Front {
  const { clock, telemetry } = deps;

  return function front(request, response) {
    const number = deps.requestIds.next();
    const arrival: Arrival = {
      number,
      request,
      response,
      requestId: deps.requestIds.idOf(number),
      method: request.method ?? '',
      extra: {},
      routeName: 'none',
      clientIp: '',
      timing: telemetry.arrived(),
      surface: 'door',
    };
    attachKnown(response, arrival);
    response.once('close', () => {
      telemetry.ended(arrival.timing, arrival.surface, response.writableFinished ? response.statusCode : undefined);
    });
    arrival.extra[REQUEST_ID_HEADER] = arrival.requestId;
    const lines = headerLines(request.rawHeaders);
    Object.assign(arrival.extra, deps.cors.headers(lines.origin[0]));
    try {
      requireOneHost(request, lines.host);
      requirePlainBody(request);
    } catch (error) {
      // In this turn, before the next bytes are read: whose they are, nobody can tell.
      return fail(arrival, error);
    }
    handle(arrival, lines).catch((error: unknown) => fail(arrival, error));
  };

  async function handle(arrival: Arrival, lines: HeaderLines): Promise<void> {
    const { request, method } = arrival;
    const origin = lines.origin[0];

    if (Buffer.byteLength(request.url ?? '') > deps.limits.maxTargetBytes) {
      throw new ApiError('URI_TOO_LONG', 'the request target is too long');
    }
    const target = parseTarget(request.url ?? '');
    const match: RouteMatch = target.kind === 'target' ? deps.match(method, target.segments) : { kind: 'unknown' };
    if (match.kind === 'route') arrival.routeName = match.route.name;

    const { remoteAddress } = request.socket;
    const isUnix = isUnixSocket(request);
    const clientIp = deps.clientIp(remoteAddress, isUnix, lines.forwardedFor);
    arrival.clientIp = clientIp?.text ?? '';
    const keys = rateKeys(clientIp);
    const signed = match.kind === 'route' && isSigned(match.route, request);
    const { narrow, wide } = keys;
    const ipVerdict = chargeAddress(deps.limiter, keys, match, signed);
    const insists = !ipVerdict.allowed && mayInsist(match);
    if (!insists) noteLimit(arrival, [ipVerdict]);
    if (!ipVerdict.allowed && !insists) {
      const onboarding = match.kind === 'route' && isOnboarding(match.route);
      return refuse(arrival, deny('rate_limited'), limitMessage(ipVerdict), onboarding);
    }
    if (target.kind === 'malformed') return refuse(arrival, deny('target_malformed'), target.malformed);
    if (match.kind === 'unknown') return refuse(arrival, deny('route_unknown'));
    if (match.kind === 'method_not_allowed') {
      const preflight = method === 'OPTIONS' ? deps.cors.preflight(origin, match.allow) : undefined;
      if (preflight !== undefined) return answerPreflight(arrival, preflight);
      arrival.extra.Allow = match.allow.join(', ');
      return refuse(arrival, deny('method_not_allowed'));
    }
    const { route } = match;
    requireNoBodyOfGet(route.method, request);

    const { authorization } = lines;
    const asked = deps.authorize({ route, method: route.method, authorization, signed, clientIp });
    const decision = asked instanceof Promise ? await asked : asked;
    if (decision.kind === 'deny') {
      if (!insists) return refuse(arrival, decision);
      noteLimit(arrival, [ipVerdict]);
      return refuse(arrival, deny('rate_limited'), limitMessage(ipVerdict));
    }

    if (deps.refuseUnsignedRoutes && isUnsigned(route)) {
      decision.release();
      return refuse(arrival, denyTo(decision, 'route_unsigned'));
    }
    const context: RequestContext = {
      requestId: arrival.requestId,
      clientIp,
      clientIpText: arrival.clientIp,
      route,
      params: match.params,
      grant: decision,
      asker: {
        client: narrow,
        network: wide ?? narrow,
        signedIn: decision.principal !== undefined,
        gone: () => arrival.response.closed,
      },
      insists: insists ? ipVerdict : undefined,
    };
    const callerVerdict = chargeCaller(deps.limiter, route, decision.principal);
    noteLimit(arrival, insists ? [callerVerdict] : [ipVerdict, callerVerdict]);
    if (!callerVerdict.allowed) {
      decision.release();
      return refuse(arrival, denyTo(decision, 'rate_limited'), limitMessage(callerVerdict));
    }
    telemetry.allowed(arrival.timing);
    arrival.surface = route.servedBy === 'us' ? 'ours' : 'venue';
    if (route.servedBy === 'us') serve(arrival, context, target.canonical);
    else {
      const protocol = deps.forwardedProto(remoteAddress, isUnix, lines.forwardedProto);
      await forward(arrival, context, target.canonical, protocol);
    }
  }

  function serve(arrival: Arrival, context: RequestContext, canonical: string): void {
    const { request, response } = arrival;
    // Gone while the decision was made: 'close' has fired already, and nobody waits for an answer.
    if (response.closed || request.destroyed) {
      context.grant.release();
      return;
    }
    response.once('close', () => context.grant.release());
    for (const [name, value] of Object.entries(arrival.extra)) response.setHeader(name, value);
    response.setHeader('Cache-Control', 'no-store');
    request.url = canonical;
    // HEAD is answered as GET is, and node leaves the body out.
    request.method = context.route.method;
    attachContext(request, context);
    serveOurs(request, response);
  }

  async function forward(
    arrival: Arrival,
    context: RequestContext,
    canonical: string,
    protocol: 'http' | 'https' | undefined,
  ): Promise<void> {
    const outcome = await deps.forward({
      request: arrival.request,
      response: arrival.response,
      method: context.route.method,
      target: canonical,
      grant: context.grant,
      clientIp: context.clientIpText,
      protocol,
      requestId: arrival.requestId,
      requestNumber: arrival.number,
      maxBodyBytes: deps.limits.maxForwardBodyBytes,
      order: orderRouteOf(context.route, context.params),
      signatureHeaders: context.route.signatureHeaders,
      asker: context.asker,
      extraHeaders: arrival.extra,
      timing: arrival.timing,
      renderRefusal,
    });
    const { principal } = context.grant;
    telemetry.forwarded(toldOf(arrival, principal), outcome);
    // A refusal after the decision is a refusal all the same: the owner reads it in the audit log.
    if (principal === undefined) return;
    const reason = outcome.kind === 'cut' ? outcome.reason : outcome.kind === 'refused' ? outcome.refusal : undefined;
    const denied = reason instanceof ApiError ? journaled(reason) : reason;
    if (denied === undefined) return;
    deps.journal.refused(principal.credential, context, denied, arrival.routeName);
  }

  function refuse(arrival: Arrival, refusal: Deny, message?: string, onboarding = false): void {
    const { principal, reason } = refusal;
    telemetry.denied(toldOf(arrival, principal), reason, refusal.cause);
    if (principal !== undefined) {
      const origin = { requestId: arrival.requestId, clientIpText: arrival.clientIp };
      deps.journal.refused(principal.credential, origin, reason, arrival.routeName);
    }
    const error = refusalError(refusal);
    const code = onboarding ? 'ONBOARDING_RATE_LIMITED' : error.code;
    const answer = new ApiError(code, message ?? error.message, { headers: error.headers });
    answerError(arrival.response, answer, arrival.clientIp, arrival.extra);
  }

  function fail(arrival: Arrival, error: unknown): void {
    const apiError = toApiError(error, arrival.requestId);
    telemetry.erred(toldOf(arrival, undefined), apiError, error);
    answerError(arrival.response, toldOfLeft(apiError, arrival), arrival.clientIp, arrival.extra);
  }

  function noteLimit(arrival: Arrival, verdicts: readonly Verdict[]): void {
    const verdict = tightest(verdicts);
    if (!verdict.allowed) telemetry.rateLimited(verdict);
    Object.assign(arrival.extra, rateLimitHeaders(verdict, secondsOf(clock.now())));
  }
}

const toldOf = ({ requestId, routeName, clientIp }: Arrival, principal: Principal | undefined): AboutRequest => ({
  requestId,
  route: routeName,
  clientIp,
  principal,
});

const denyTo = ({ principal }: Grant, reason: DenyReason): Deny =>
  deny(reason, principal === undefined ? {} : { principal });

function answerPreflight({ response, extra }: Arrival, headers: Record<string, string>): void {
  response.writeHead(204, { 'Cache-Control': 'no-store', ...extra, ...headers }).end();
}

const isSigned = (route: Route, { headers }: IncomingMessage): boolean =>
  takesOwnerSignature(route) &&
  ['PARADEX-STARKNET-SIGNATURE', 'PARADEX-EVM-SIGNATURE'].some((name) => optionalHeader(headers, name) !== undefined);

const isUnixSocket = (request: IncomingMessage): boolean => {
  const address = request.socket.address();
  return !('port' in address) || address.port === undefined;
};

// An order with a bad signature is what a stolen session looks like; a body that is too large or late is not.
function journaled({ code }: ApiError): DenyReason | undefined {
  switch (code) {
    case 'INVALID_ORDER_SIGNATURE':
    case 'ORDER_ALREADY_SENT':
    case 'ISOLATED_MARKET_ACCOUNT_MISMATCH':
      return 'order_refused';
    case 'IP_NOT_ALLOWED':
      return 'ip_not_allowed';
    default:
      return undefined;
  }
}

const isOnboarding = (route: Route): boolean => route.limit === 'onboarding';
