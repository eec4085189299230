// One allowed request on its way through the gateway: what is known of it, how it can be refused, and how it can end.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { DenyReason } from '../domain/decision.ts';
import type { Grant } from '../domain/grant.ts';
import type { SignedBy } from '../domain/signed-by.ts';
import type { ApiError } from '../errors.ts';
import type { OrderRoute } from '../orders/route.ts';
import type { OnBehalfOf } from '../verification/on-behalf-of.ts';

/** Why the client gets an answer of ours: a deny reason, or an error such as PAYLOAD_TOO_LARGE, REQUEST_TIMEOUT or SERVICE_UNAVAILABLE. */
export type Refusal = DenyReason | ApiError;

/** A refusal as it goes on the wire. Content-Length and Connection are added here. */
export interface RenderedRefusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Exactly what was matched. */
  readonly method: string;
  /** Canonical path and query, exactly what was matched. */
  readonly target: string;
  /** Released by `forward`, however the exchange ends. */
  readonly grant: Grant;
  /** Empty when unknown. */
  readonly clientIp: string;
  /** The scheme by which the client reached a trusted proxy; undefined: `protocol` of the options. */
  readonly protocol?: 'http' | 'https' | undefined;
  readonly requestId: string;
  /** The request's number, by which its orders are remembered. */
  readonly requestNumber: number;
  readonly maxBodyBytes: number;
  /** Set when the body holds signed orders. */
  readonly order?: OrderRoute | undefined;
  /** `forward`: pass the signature headers to the venue. */
  readonly signatureHeaders?: 'forward' | undefined;
  readonly asker: OnBehalfOf;
  /** On every answer, the venue's and ours: request id, rate limits. They replace the venue's headers of the same name. */
  readonly extraHeaders: Readonly<Record<string, string>>;
  /** Called in the turn in which checked orders leave for the venue. */
  readonly ordersLeft?: ((signed: readonly SignedBy[]) => void) | undefined;
  /** Filled in as the exchange goes on. */
  readonly timing?: ExchangeTiming | undefined;
  /** `sent`: the head was written to the venue, which may have acted on it. */
  renderRefusal(
    refusal: Refusal,
    about: { readonly method: string; readonly sent: boolean; readonly clientIp: string },
  ): RenderedRefusal;
}

/** Monotonic milliseconds (performance.now); 0 = not yet. */
export interface ExchangeTiming {
  /** The head went to the venue. */
  leftAt: number;
  /** The venue's own head came. */
  headAt: number;
}

/** How an exchange ended. All but `answered` and `refused` broke the client's connection. */
export type Outcome =
  | { readonly kind: 'answered'; readonly status: number }
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly cause?: Error }
  /** A change or an expiry ended the grant after the answer had begun. */
  | { readonly kind: 'cut'; readonly reason: DenyReason }
  /** The venue failed in the middle of its answer. */
  | { readonly kind: 'truncated'; readonly cause?: Error }
  /** Neither side moved for `idleMs`, after the answer had begun. */
  | { readonly kind: 'stalled' }
  /** The client read too slowly. */
  | { readonly kind: 'slow_client' }
  | { readonly kind: 'client_gone' };
