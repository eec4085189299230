// The HTTP door: asks admission.ts about every request, then hands it to our handlers or to the venue, or answers the refusal. Nothing is served
// or forwarded except from here.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { refusalErrorOf } from '../access/refusal.ts';
import type { AuditJournal } from '../audit/journal.ts';
import type { DenyReason } from '../domain/decision.ts';
import type { Principal } from '../domain/principal.ts';
import type { SignedBy } from '../domain/signed-by.ts';
import { ApiError } from '../errors.ts';
import type { Exchange, Outcome, Refusal } from '../gateway/exchange.ts';
import { orderRouteOf } from '../orders/route.ts';
import type { Surface } from '../telemetry/counters.ts';
import type { RequestLines } from '../telemetry/request-lines.ts';
import type { AboutRequest, Telemetry } from '../telemetry/telemetry.ts';
import type { UseCounter } from '../usage/counts.ts';
import type { Admission, Admit, Admitted, Refused } from './admission.ts';
import { attachContext, type RequestContext } from './context.ts';
import { countForwarded, countServed } from './count-use.ts';
import type { ExplainRefusal } from './explain-refusal.ts';
import { answerError } from './kit/answer-error.ts';
import type { Cors } from './kit/cors.ts';
import type { ForwardedProto } from './kit/forwarded-proto.ts';
import { attachKnown, type Known, toldOfLeft } from './kit/known.ts';
import { type HeaderLines, headerLines, requireOneHost, requirePlainBody } from './kit/lines.ts';
import { peerOf } from './kit/peer.ts';
import { renderRefusal, toApiError, toldFate } from './kit/render.ts';
import { REQUEST_ID_HEADER, type RequestIds } from './kit/request-ids.ts';
import { tellRefused } from './tell-refused.ts';

export interface FrontDeps {
  readonly admit: Admit;
  readonly forwardedProto: ForwardedProto;
  readonly requestIds: RequestIds;
  readonly cors: Cors;
  readonly journal: AuditJournal;
  readonly usage: UseCounter;
  readonly telemetry: Telemetry;
  readonly requestLines: RequestLines;
  readonly explainRefusal: ExplainRefusal;
  readonly forward: (exchange: Exchange) => Promise<Outcome>;
  readonly maxForwardBodyBytes: number;
}

/** Hands a request that is ours to the handlers; `request.url` is the canonical target. */
export type ServeOurs = (request: IncomingMessage, response: ServerResponse) => void;
export type Front = (request: IncomingMessage, response: ServerResponse) => void;

interface Arrival extends Known {
  readonly number: number;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly lines: HeaderLines;
  /** Headers of every answer to this request. */
  readonly extra: Record<string, string>;
  /** `METHOD /pattern` once it is known; never the raw target, which may hold anything. */
  routeName: string;
  /** Canonical text; empty when unknown. */
  clientIp: string;
  /** Who answers: the door, until the request is admitted. */
  surface: Surface;
}

export function createFront(deps: FrontDeps, serveOurs: ServeOurs): Front {
  const { cors, telemetry } = deps;

  return function front(request, response) {
    const number = deps.requestIds.next();
    const lines = headerLines(request.rawHeaders);
    const requestId = deps.requestIds.idOf(number);
    const arrival: Arrival = {
      number,
      request,
      response,
      lines,
      peer: peerOf(request),
      requestId,
      method: request.method ?? '',
      extra: {
        [REQUEST_ID_HEADER]: requestId,
        // Whoever answers: no browser guesses what it is.
        'X-Content-Type-Options': 'nosniff',
        ...cors.headers(lines.origin[0]),
      },
      routeName: 'none',
      clientIp: '',
      timing: telemetry.arrived(),
      surface: 'door',
    };
    attachKnown(response, arrival);
    response.once('close', () => {
      telemetry.ended(arrival.timing, arrival.surface, response.writableFinished ? response.statusCode : undefined);
    });
    try {
      // Refuse bad framing in this turn, before Node reads bytes that may belong to this body or to the next request.
      requireOneHost(request, lines.host);
      requirePlainBody(request);
      const { method, peer } = arrival;
      const admission = deps.admit({ method, target: request.url ?? '', lines, headers: request.headers, peer });
      // Do not await: a decision made in this turn takes effect in this turn.
      if (admission instanceof Promise) {
        admission.then((late) => render(arrival, late)).catch((error: unknown) => fail(arrival, error));
      } else render(arrival, admission);
    } catch (error) {
      fail(arrival, error);
    }
  };

  function render(arrival: Arrival, admission: Admission): void {
    arrival.routeName = admission.routeName;
    arrival.clientIp = admission.client.text;
    Object.assign(arrival.extra, admission.headers);
    if (admission.kind === 'refused') {
      refuse(arrival, admission);
      return;
    }
    telemetry.allowed(arrival.timing);
    const context = contextOf(arrival, admission);
    if (admission.route.servedBy === 'us') {
      arrival.surface = 'ours';
      serve(arrival, context, admission.target);
    } else {
      arrival.surface = 'venue';
      forward(arrival, context, admission.target).catch((error: unknown) => fail(arrival, error));
    }
  }

  function serve(arrival: Arrival, context: RequestContext, target: string): void {
    const { request, response } = arrival;
    // The client left during the decision: 'close' has fired, so release here.
    if (response.closed || request.destroyed) {
      context.grant.release();
      countServed(deps.usage, context, undefined);
      return;
    }
    response.once('close', () => {
      context.grant.release();
      countServed(deps.usage, context, response.headersSent ? response.statusCode : undefined);
    });
    for (const [name, value] of Object.entries(arrival.extra)) response.setHeader(name, value);
    response.setHeader('Cache-Control', 'no-store');
    request.url = target;
    // HEAD is served as GET; Node leaves the body out.
    request.method = context.route.method;
    attachContext(request, context);
    serveOurs(request, response);
  }

  async function forward(arrival: Arrival, context: RequestContext, target: string): Promise<void> {
    const { route, params, grant } = context;
    const hasLine = deps.requestLines.covers(route.method);
    let signed: readonly SignedBy[] | undefined;
    let outcome: Outcome | undefined;
    try {
      outcome = await deps.forward({
        request: arrival.request,
        response: arrival.response,
        method: route.method,
        target,
        grant,
        clientIp: context.clientIpText,
        protocol: deps.forwardedProto(arrival.peer.address, arrival.peer.isUnixSocket, arrival.lines.forwardedProto),
        requestId: arrival.requestId,
        requestNumber: arrival.number,
        maxBodyBytes: deps.maxForwardBodyBytes,
        order: orderRouteOf(route, params),
        signatureHeaders: route.signatureHeaders,
        ordersLeft: hasLine
          ? (orders) => {
              signed = orders;
            }
          : undefined,
        asker: context.asker,
        extraHeaders: arrival.extra,
        timing: arrival.timing,
        renderRefusal,
      });
    } finally {
      countForwarded(deps.usage, context, outcome);
    }
    const { principal } = grant;
    const about = toldOf(arrival, principal);
    telemetry.forwarded(about, outcome);
    if (hasLine && arrival.timing.leftAt !== 0) {
      const { response, timing } = arrival;
      const status = response.headersSent ? response.statusCode : undefined;
      const ms = performance.now() - timing.arrivedAt;
      deps.requestLines.tell({ ...about, outcome, status, ms, signed });
    }
    // A refusal after the decision goes into the audit log too.
    if (principal === undefined) return;
    const reason = outcome.kind === 'cut' ? outcome.reason : outcome.kind === 'refused' ? outcome.refusal : undefined;
    if (reason === undefined) return;
    deps.explainRefusal(arrival, principal.credential, answered(reason, arrival));
    const denied = reason instanceof ApiError ? journaled(reason) : reason;
    if (denied === undefined) return;
    const origin = { requestId: arrival.requestId, clientIpText: context.clientIpText };
    deps.journal.refused(principal.credential, origin, denied, arrival.routeName);
  }

  function refuse(arrival: Arrival, refused: Refused): void {
    const { response, extra, lines } = arrival;
    const { error, allow } = refused;
    const preflight = arrival.method === 'OPTIONS' && allow !== undefined && cors.preflight(lines.origin[0], allow);
    if (preflight) {
      response.writeHead(204, { 'Cache-Control': 'no-store', ...extra, ...preflight }).end();
      return;
    }
    if (allow !== undefined) extra.Allow = allow.join(', ');
    tellRefused(deps, arrival, refused);
    answerError(response, error, arrival.clientIp, extra);
  }

  function fail(arrival: Arrival, error: unknown): void {
    const apiError = toApiError(error, arrival.requestId);
    telemetry.erred(toldOf(arrival, undefined), apiError, error);
    answerError(arrival.response, toldOfLeft(apiError, arrival), arrival.clientIp, arrival.extra);
  }
}

const contextOf = ({ requestId, response }: Arrival, admitted: Admitted): RequestContext => {
  const { client, route, params, grant, insists } = admitted;
  const { narrow, wide } = client.keys;
  return {
    requestId,
    clientIp: client.ip,
    clientIpText: client.text,
    route,
    params,
    grant,
    asker: {
      client: narrow,
      network: wide ?? narrow,
      signedIn: grant.principal !== undefined,
      gone: () => response.closed,
    },
    insists,
    proven: undefined,
  };
};

const toldOf = ({ requestId, routeName, clientIp }: Arrival, principal: Principal | undefined): AboutRequest => ({
  requestId,
  route: routeName,
  clientIp,
  principal,
});

/** The refusal as its answer told it; of an answer that was cut, as it would have. */
const answered = (refusal: Refusal, { method, timing }: Arrival): ApiError =>
  toldFate(refusal instanceof ApiError ? refusal : refusalErrorOf(refusal), { method, sent: timing.leftAt !== 0 });

// A bad order signature is a sign of a stolen session, so the owner must see it; a body that is too large or late is not.
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
