// Forwarding of allowed requests: the connections to the venue, the check of signed orders, and the memory both may take.
import type { RateFigures } from '../access/figures.ts';
import { createOrderSigners } from '../access/signer.ts';
import {
  connectTimeoutMs,
  MIN_BYTES_PER_SECOND,
  maxMarksPerAccount,
  sharesOrigin,
  upstreamMemory,
} from '../config/derived.ts';
import { passedHeaders } from '../domain/request-headers.ts';
import { createShares } from '../domain/shares.ts';
import { createForward } from '../gateway/forward.ts';
import { createUpstream } from '../gateway/upstream.ts';
import { createOrderCheck, type OrderCheck } from '../orders/check.ts';
import { createOrderMarks, guaranteedMarks, type OrderMarks } from '../orders/marks.ts';
import { limitsOf } from '../ratelimit/from-figures.ts';
import type { Verifier } from '../verification/verifier.ts';
import type { Core } from './core.ts';
import type { Monitoring } from './monitoring.ts';
import type { Slice } from './slice.ts';
import type { Venue } from './venue.ts';

type Settings = Slice<'console' | 'login' | 'orders' | 'upstream'>;

/** A client that pauses for a few seconds is not slow. */
const PACE_WINDOW_MS = 10_000;

export interface GatewayParts extends Pick<Core, 'store' | 'clock' | 'view'>, Pick<Monitoring, 'requestIds'> {
  readonly verifier: Verifier;
  readonly venue: Venue;
  /** The limits of orders say how many marks an account may need. */
  readonly figures: RateFigures;
  /** How clients reach us. */
  readonly scheme: 'http' | 'https';
}

export type Gateway = ReturnType<typeof composeGateway>;

export function composeGateway(config: Settings, parts: GatewayParts) {
  const { venue, scheme } = parts;
  const upstream = createUpstream({
    address: venue.address,
    connections: config['upstream.connections'],
    maxWaiting: config['upstream.queue'],
    connectTimeoutMs: connectTimeoutMs(config),
  });
  const memory = upstreamMemory(config);
  const bodies = createShares(memory.bodies);
  const answers = createShares(memory.answers);
  const marks = config['orders.verify'] === 'require' ? orderMarks(config, parts.figures) : undefined;
  const forward = createForward({
    upstream,
    upstreamSecret: venue.secret,
    passed: passedHeaders(config['upstream.request_headers']),
    protocol: scheme,
    checkOrders: marks && orderCheck(config, { ...parts, marks }),
    deadlineMs: config['upstream.timeout'] * 1000,
    idleMs: config['upstream.timeout'] * 1000,
    bodies,
    answers,
    maxAnswerCopyBytes: memory.maxAnswerCopy,
    maxPausedAnswers: Math.ceil(config['upstream.connections'] / 4),
    sandboxed: sharesOrigin(config),
    pace: { minBytesPerSecond: MIN_BYTES_PER_SECOND, windowMs: PACE_WINDOW_MS },
  });
  return { upstream, bodies, answers, marks, forward, [Symbol.asyncDispose]: async () => upstream.destroy() };
}

const orderMarks = (config: Settings, figures: RateFigures): OrderMarks =>
  createOrderMarks({
    maxMarks: config['orders.max_marks'],
    maxPerAccount: maxMarksPerAccount(config),
    subkeyPercent: figures.orders.share ?? 100,
    guaranteed: guaranteedMarks({
      maxMarks: config['orders.max_marks'],
      limits: limitsOf(figures.orders),
      maxAgeSeconds: config['orders.max_age'],
      futureToleranceSeconds: config['login.future_tolerance'],
      marksPerOrder: config['orders.repeats'] === 'refuse' ? 1 : 2,
    }),
  });

const orderCheck = (
  config: Settings,
  { verifier, store, clock, view, marks, requestIds }: GatewayParts & { readonly marks: OrderMarks },
): OrderCheck =>
  createOrderCheck({
    verifier,
    store,
    marks,
    signers: createOrderSigners({ view, clock }),
    clock,
    settings: {
      maxAgeSeconds: config['orders.max_age'],
      futureToleranceSeconds: config['login.future_tolerance'],
      repeats: config['orders.repeats'],
    },
    requestIdOf: requestIds.idOf,
  });
