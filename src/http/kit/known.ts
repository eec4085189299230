// What is known of a request from the start, for whoever answers in place of the front: the listener, when the bytes break off.
import type { ServerResponse } from 'node:http';
import type { ApiError } from '../../errors.ts';
import type { RequestTiming } from '../../telemetry/telemetry.ts';
import { toldFate } from './render.ts';

export interface Known {
  readonly requestId: string;
  readonly method: string;
  readonly timing: RequestTiming;
}

// On the response itself: a WeakMap of responses would keep each of them until the next collection of old objects.
const known = Symbol('known');

interface WithKnown {
  [known]?: Known;
}

export const attachKnown = (response: ServerResponse & WithKnown, what: Known): void => {
  response[known] = what;
};

/** Undefined of what never came to the front. */
export const knownOf = (response: ServerResponse & WithKnown): Known | undefined => response[known];

/** What is answered by whoever does not know what the gateway did with the request. */
export const toldOfLeft = (error: ApiError, { method, timing }: Known): ApiError =>
  timing.leftAt === 0 ? error : toldFate(error, { method, sent: true });
