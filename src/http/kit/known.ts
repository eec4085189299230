// What is known of every request from its start. The listener needs it when it answers a request that broke off.
import type { ServerResponse } from 'node:http';
import type { ApiError } from '../../errors.ts';
import type { RequestTiming } from '../../telemetry/telemetry.ts';
import type { HeaderLines } from './lines.ts';
import type { Peer } from './peer.ts';
import { toldFate } from './render.ts';

export interface Known {
  readonly requestId: string;
  /** As it was sent. */
  readonly method: string;
  readonly timing: RequestTiming;
  readonly peer: Peer;
  readonly lines: Pick<HeaderLines, 'forwardedFor'>;
  /** `METHOD /pattern` once it is known; never the raw target, which may hold anything. */
  readonly routeName: string;
  /** Canonical text; empty when unknown. */
  readonly clientIp: string;
}

// Kept on the response: V8 holds the entries of a WeakMap until it collects old objects.
const known = Symbol('known');

interface WithKnown {
  [known]?: Known;
}

export const attachKnown = (response: ServerResponse & WithKnown, what: Known): void => {
  response[known] = what;
};

/** Undefined when the request never reached the front. */
export const knownOf = (response: ServerResponse & WithKnown): Known | undefined => response[known];

/** The error to answer outside of the gateway: it says when the request had left for the venue. */
export const toldOfLeft = (error: ApiError, { method, timing }: Pick<Known, 'method' | 'timing'>): ApiError =>
  timing.leftAt === 0 ? error : toldFate(error, { method, sent: true });
