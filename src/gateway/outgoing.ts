// The outgoing half of an exchange: the headers for the venue, and the body, whole or as it arrives. A body of signed orders is collected
// whole and checked; exactly the checked bytes are sent.
import type { Readable } from 'node:stream';
import { parseIp } from '../domain/allowlist.ts';
import type { PassedHeaders } from '../domain/request-headers.ts';
import { ApiError } from '../errors.ts';
import { MAX_ORDER_BYTES } from '../orders/body.ts';
import type { CheckedOrders, OrderCheck } from '../orders/check.ts';
import type { OrderRoute } from '../orders/route.ts';
import type { Room } from './byte-blocks.ts';
import type { Exchange, Refusal } from './exchange.ts';
import { outgoingHeaders } from './headers.ts';
import type { Pace } from './pace.ts';
import { declaredLength, type RequestBody, takeBody } from './request-body.ts';

export interface OutgoingOptions {
  /** Sent as Countersign-Upstream-Secret when set. */
  readonly upstreamSecret: string | undefined;
  /** Headers of clients that the venue gets. */
  readonly passed: PassedHeaders;
  /** The scheme by which we are reached. */
  readonly protocol: 'http' | 'https';
  /** Undefined: order signatures are the venue's to check. */
  readonly checkOrders?: OrderCheck | undefined;
}

export interface OutgoingEvents {
  /** Everything is ready to leave. `orders`: set when the body was checked; ask `leave` as the head is written. */
  send(payload: Buffer | Readable | undefined, headers: string[], orders: CheckedOrders | undefined): void;
  refuse(refusal: Refusal, cause?: Error): void;
  tooLarge(maxBytes: number): void;
  /** Asked before the first byte of a stream leaves. */
  mayHandOn(): boolean;
  progress(): void;
}

/** For refusals that do not count as a failure of the venue. */
export const busy = (why: string): ApiError => new ApiError('SERVICE_UNAVAILABLE', `${why}; try again in a moment`);

/** Events may fire before this returns. Undefined when the request was refused by its headers alone. */
export function takeRequest(
  options: OutgoingOptions,
  exchange: Exchange,
  { room, pace }: { readonly room: Room; readonly pace: () => Pace },
  events: OutgoingEvents,
): RequestBody | undefined {
  const { request, grant, order } = exchange;
  const list = outgoingHeaders(request.rawHeaders, {
    principal: grant.principal,
    clientIp: exchange.clientIp,
    requestId: exchange.requestId,
    protocol: exchange.protocol ?? options.protocol,
    upstreamSecret: options.upstreamSecret,
    passed: options.passed,
    signatureHeaders: exchange.signatureHeaders,
  });
  if (!list.ok) {
    events.refuse('request_header_refused', new Error(list.problem));
    return undefined;
  }
  const { headers } = list;
  const check = order === undefined ? undefined : options.checkOrders;
  // A body that is checked is collected whole.
  const maxBytes = check === undefined ? exchange.maxBodyBytes : Math.min(exchange.maxBodyBytes, MAX_ORDER_BYTES);
  const length = declaredLength(request);
  if (length !== undefined && length > maxBytes) {
    events.tooLarge(maxBytes);
    return undefined;
  }
  const streamHeaders = length === undefined ? headers : [...headers, 'Content-Length', String(length)];
  return takeBody(request, { maxBytes, room }, pace(), {
    whole: (bytes) => {
      if (check === undefined || order === undefined) events.send(bytes, headers, undefined);
      else void sendChecked(check, order, bytes);
    },
    stream: (payload) => {
      if (check === undefined) events.send(payload, streamHeaders, undefined);
      else events.refuse(busy('too many request bodies are under way'));
    },
    mayHandOn: events.mayHandOn,
    tooLarge: () => events.tooLarge(maxBytes),
    progress: events.progress,
  });

  async function sendChecked(check: OrderCheck, route: OrderRoute, body: Buffer | undefined): Promise<void> {
    let orders: CheckedOrders;
    try {
      const { target, asker, requestNumber: number } = exchange;
      const { rawHeaders } = request;
      const { principal } = grant;
      orders = await check({
        route,
        target,
        rawHeaders,
        principal,
        clientIp: parseIp(exchange.clientIp),
        body,
        asker,
        number,
      });
    } catch (error) {
      if (error instanceof ApiError) events.refuse(error);
      else events.refuse('store_unavailable', error instanceof Error ? error : undefined);
      return;
    }
    events.send(body, headers, orders);
  }
}
