// What the service tells about itself: counters and log lines. It must never see a bearer, a signature or a private key.
import type { Logger } from 'pino';
import type { DenyReason } from '../domain/decision.ts';
import type { Principal } from '../domain/principal.ts';
import type { Outcome } from '../gateway/forward.ts';

export interface DeniedRequest {
  readonly reason: DenyReason;
  readonly requestId: string;
  /** `METHOD /pattern`, or `none` before a route was found. */
  readonly route: string;
  readonly principal: Principal | undefined;
  readonly clientIp: string;
}

export interface Telemetry {
  allowed(route: string): void;
  denied(request: DeniedRequest): void;
  forwarded(route: string, requestId: string, outcome: Outcome): void;
  /** A failure of ours: the error goes to the log with the request's id. */
  failed(requestId: string, route: string, error: unknown): void;
}

export function createTelemetry(log: Logger): Telemetry {
  return {
    allowed: () => undefined,
    denied({ reason, requestId, route, principal, clientIp }) {
      log.info({ event: 'denied', reason, requestId, route, clientIp, ...credentialOf(principal) });
    },
    forwarded(route, requestId, outcome) {
      if (outcome.kind === 'answered') return;
      if (outcome.kind === 'refused') {
        const { refusal, cause } = outcome;
        const reason = typeof refusal === 'string' ? refusal : refusal.code;
        log.info({ event: 'refused_while_forwarding', reason, requestId, route, cause: cause?.message });
        return;
      }
      log.info({ event: 'exchange_ended', outcome: outcome.kind, requestId, route });
    },
    failed(requestId, route, error) {
      log.error({ event: 'failed', requestId, route, err: error });
    },
  };
}

function credentialOf(principal: Principal | undefined): Record<string, string> {
  if (principal === undefined) return {};
  const { account, kind, id } = principal.credential;
  return { account, credential: `${kind}:${id}` };
}
