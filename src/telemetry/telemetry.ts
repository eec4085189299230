// Counts, and one log line for each decision that refuses. Never pass a bearer, a signature or a private key; the log's redactor is
// only the net.
import type { Logger } from 'pino';
import { actorOf } from '../domain/credential.ts';
import type { DenyReason } from '../domain/decision.ts';
import type { Principal } from '../domain/principal.ts';
import type { ApiError } from '../errors.ts';
import type { ExchangeTiming, Outcome } from '../gateway/exchange.ts';
import type { MeasuredVerdict } from '../ratelimit/limiter.ts';
import {
  type Counters,
  createCounters,
  type OperatorDenial,
  type OutcomeClass,
  type RefusalReason,
  type Surface,
} from './counters.ts';

/** The request that a line is about. */
export interface AboutRequest {
  readonly requestId: string;
  /** `METHOD /pattern`, `none` before a route was found, or `operator`. */
  readonly route: string;
  readonly principal: Pick<Principal, 'credential'> | undefined;
  /** Canonical text; empty when unknown. */
  readonly clientIp: string;
}

/** Moments of one request, in monotonic milliseconds (performance.now); 0 = not reached. */
export interface RequestTiming extends ExchangeTiming {
  readonly arrivedAt: number;
  decidedAt: number;
}

export interface Telemetry {
  /** A request has come. `ended` must follow, once. */
  arrived(): RequestTiming;
  /** The answer has ended. `status`: undefined when the answer did not leave whole. */
  ended(timing: RequestTiming, surface: Surface, status: number | undefined): void;
  allowed(timing: RequestTiming): void;
  /** `cause`: set when something of ours failed, not the request. */
  denied(request: AboutRequest, reason: DenyReason, cause?: unknown): void;
  rateLimited(verdict: Pick<MeasuredVerdict, 'bucket' | 'scope'>): void;
  /** Somebody came to the operator API without its bearer. */
  operatorDenied(request: AboutRequest, reason: OperatorDenial): void;
  forwarded(request: AboutRequest, outcome: Outcome): void;
  /** `answer` goes to the caller; `error` was thrown. A failure of ours is logged with its cause. */
  erred(request: AboutRequest, answer: ApiError, error: unknown): void;
  /** A question to the verifier of signatures was answered. */
  verified(took: { readonly waitSeconds: number; readonly computeSeconds: number }): void;
}

export function createTelemetry(log: Logger, counters: Counters = createCounters()): Telemetry {
  return {
    arrived() {
      counters.underWay += 1;
      return { arrivedAt: performance.now(), decidedAt: 0, leftAt: 0, headAt: 0 };
    },

    ended({ arrivedAt, decidedAt, leftAt, headAt }, surface, status) {
      counters.underWay -= 1;
      counters.requests[surface][classOf(status)].observe((performance.now() - arrivedAt) / 1000);
      if (decidedAt !== 0) counters.deciding.observe((decidedAt - arrivedAt) / 1000);
      if (leftAt === 0) return;
      counters.beforeVenue.observe((leftAt - arrivedAt) / 1000);
      if (headAt !== 0) counters.venueHead.observe((headAt - leftAt) / 1000);
    },

    allowed(timing) {
      timing.decidedAt = performance.now();
      counters.decisions.add('allow', 'none');
    },

    denied(request, reason, cause) {
      counters.decisions.add('deny', reason);
      if (cause === undefined) log.info({ event: 'denied', reason, ...told(request) });
      else log.error({ event: 'denied', reason, ...told(request), err: cause });
    },

    rateLimited: ({ bucket, scope }) => counters.rateLimited.add(bucket, scope),

    operatorDenied(request, reason) {
      counters.operatorDenied.add(reason);
      log.warn({ event: 'operator_denied', reason, ...told(request) });
    },

    forwarded(request, outcome) {
      const reason = reasonOf(outcome);
      counters.exchanges.add(outcome.kind, reason ?? 'none');
      if (outcome.kind === 'answered') counters.venueFailuresInARow = 0;
      else if (reason === 'upstream_unavailable' || reason === 'upstream_timeout') counters.venueFailuresInARow += 1;
      switch (outcome.kind) {
        case 'answered':
          return;
        case 'refused':
          log.info({ event: 'refused_while_forwarding', reason, ...told(request), cause: outcome.cause?.message });
          return;
        case 'cut':
          log.info({ event: 'cut', reason, ...told(request) });
          return;
        case 'truncated':
          log.info({ event: 'exchange_ended', outcome: outcome.kind, ...told(request), cause: outcome.cause?.message });
          return;
        case 'stalled':
        case 'slow_client':
        case 'client_gone':
          log.info({ event: 'exchange_ended', outcome: outcome.kind, ...told(request) });
          return;
        default:
          outcome satisfies never;
      }
    },

    erred(request, answer, error) {
      counters.errors.add(answer.code);
      // Shedding load is a refusal like any other. An error with a cause, or one that is no refusal, is a failure of ours.
      const failure = answer.status >= 500 && (error !== answer || answer.cause !== undefined);
      if (failure) log.error({ event: 'failed', reason: answer.code, ...told(request), err: error });
      else log.info({ event: 'refused', reason: answer.code, ...told(request) });
    },

    verified({ waitSeconds, computeSeconds }) {
      counters.verificationWait.observe(waitSeconds);
      counters.verificationCompute.observe(computeSeconds);
    },
  };
}

/** Undefined for an exchange that was neither refused nor cut. */
export function reasonOf(outcome: Outcome): RefusalReason | undefined {
  if (outcome.kind === 'cut') return outcome.reason;
  if (outcome.kind !== 'refused') return undefined;
  return typeof outcome.refusal === 'string' ? outcome.refusal : outcome.refusal.code;
}

function classOf(status: number | undefined): OutcomeClass {
  if (status === undefined || status < 200) return 'broken';
  if (status < 300) return '2xx';
  if (status < 400) return '3xx';
  return status < 500 ? '4xx' : '5xx';
}

/** The members of every line about a request; account and credential only when proven. */
export function told({ requestId, route, clientIp, principal }: AboutRequest): Record<string, string> {
  if (principal === undefined) return { requestId, route, clientIp };
  const { credential } = principal;
  return { requestId, route, clientIp, account: credential.account, credential: actorOf(credential) };
}
