// Carries one allowed request to the venue and its answer back; ends both sides when the grant ends, the client goes, the venue fails or
// the time is up. Never sends a head that the last check refused, and never ends a broken answer as if it were complete. A request is sent
// twice only when it is a GET on a connection that the venue had closed (upstream.ts).
import type { Readable } from 'node:stream';
import { credentialSubject } from '../domain/credential.ts';
import type { DenyReason } from '../domain/decision.ts';
import type { Holder, Shares } from '../domain/shares.ts';
import { ApiError } from '../errors.ts';
import type { CheckedOrders } from '../orders/check.ts';
import { writeAnswerHead } from './answer-head.ts';
import { type AnswerWriter, createAnswerWriter } from './answer-writer.ts';
import type { Room } from './byte-blocks.ts';
import { discardRest } from './discard-rest.ts';
import type { Exchange, Outcome, Refusal } from './exchange.ts';
import { responseHeaders } from './headers.ts';
import { busy, type OutgoingOptions, takeRequest } from './outgoing.ts';
import { createPace, type PaceOptions } from './pace.ts';
import { createPausedAnswers, type PausedAnswers } from './paused-answers.ts';
import { isWhole, type RequestBody } from './request-body.ts';
import type { Upstream, UpstreamExchange } from './upstream.ts';

export interface ForwardOptions extends OutgoingOptions {
  readonly upstream: Upstream;
  /** From the call until the venue's head has arrived. */
  readonly deadlineMs: number;
  /** The longest silence of either side once the answer has begun. */
  readonly idleMs: number;
  /** Bytes of request bodies that may be collected at one time. What does not fit is streamed. */
  readonly bodies: Shares;
  /** Bytes of answers that may be buffered at one time for clients that read slowly. */
  readonly answers: Shares;
  /** Buffered bytes of one answer; may be exceeded by one chunk. */
  readonly maxAnswerCopyBytes: number;
  /** Connections to the venue that may be paused at one time for slow readers, once their buffer is full. */
  readonly maxPausedAnswers: number;
  /** Answers have no origin in a browser: the venue shares that of the console. */
  readonly sandboxed: boolean;
  /** Slower clients are cut. */
  readonly pace: PaceOptions;
}

/** The venue receives the request at most once, but for a GET over a stale connection, and only while the grant stands. Resolves when both sides are done. */
export function createForward(options: ForwardOptions) {
  const paused = createPausedAnswers(options.maxPausedAnswers);
  return function forward(exchange: Exchange): Promise<Outcome> {
    return new Promise((resolve) => carry(options, paused, exchange, resolve));
  };
}

/** A credential has shares of its own, from whatever address it calls; requests without one share by address. */
function holderOf({ grant, asker }: Exchange): Holder {
  const { principal } = grant;
  const signedIn = principal !== undefined;
  return {
    client: signedIn ? credentialSubject(principal.credential) : asker.client,
    network: asker.network,
    signedIn,
  };
}

function carry(
  options: ForwardOptions,
  paused: PausedAnswers,
  exchange: Exchange,
  resolve: (outcome: Outcome) => void,
): void {
  const { request, response, grant } = exchange;
  const holder = holderOf(exchange);
  // open: nothing answered yet. answering: the venue's answer passes. refusing: our own answer does. over: nothing more happens.
  let phase: 'open' | 'answering' | 'refusing' | 'over' = 'open';
  let body: RequestBody | undefined;
  let sent: UpstreamExchange | undefined;
  let refused: Outcome | undefined;
  /** The answer ends with the connection. */
  let isUnframed = false;
  let headSent = false;
  let orders: CheckedOrders | undefined;
  let answer: AnswerWriter | undefined;
  let timer = setTimeout(onTimer, options.deadlineMs);

  function over(outcome: Outcome): void {
    if (phase === 'over') return;
    phase = 'over';
    clearTimeout(timer);
    body?.stop();
    sent?.cancel();
    answer?.stop();
    response.off('close', onClose);
    grant.release();
    resolve(refused ?? outcome);
  }

  /** Ends the connection so that the client sees that the answer is incomplete. */
  function breakOff(outcome: Outcome): void {
    if (phase === 'over') return;
    // Without a length or chunks only a reset shows it; TLS has its own end-of-data message.
    if (isUnframed && response.socket !== null && !('encrypted' in response.socket)) response.socket.resetAndDestroy();
    else response.destroy();
    over(outcome);
  }

  /** Calls `end`. While the client is still sending, waits until it had a chance to read our answer. */
  function beforeEnd(end: () => void): void {
    body?.stop();
    if (isWhole(request)) {
      request.resume();
      end();
    } else discardRest(request, end);
  }

  function refuse(refusal: Refusal, cause?: Error): void {
    if (phase !== 'open') return;
    phase = 'refusing';
    refused = { kind: 'refused', refusal, ...(cause === undefined ? {} : { cause }) };
    setIdleTimer();
    sent?.cancel();
    const { method, clientIp } = exchange;
    const rendered = exchange.renderRefusal(refusal, { method, sent: headSent, clientIp });
    if (!isWhole(request)) response.shouldKeepAlive = false;
    response.writeHead(rendered.status, {
      ...exchange.extraHeaders,
      ...rendered.headers,
      'Content-Length': String(Buffer.byteLength(rendered.body)),
    });
    response.write(rendered.body);
    const outcome = refused;
    beforeEnd(() => {
      if (phase !== 'over') response.end(() => over(outcome));
    });
  }

  function onTimer(): void {
    if (phase !== 'open') breakOff({ kind: 'stalled' });
    else if (!body?.waitingForClient()) refuse('upstream_timeout');
    else refuse(new ApiError('REQUEST_TIMEOUT', 'The request body did not arrive in time.'));
  }

  function setIdleTimer(): void {
    clearTimeout(timer);
    timer = setTimeout(onTimer, options.idleMs);
  }

  function progress(): void {
    if (phase === 'answering') timer.refresh();
  }

  function onClose(): void {
    over({ kind: 'client_gone' });
  }

  function refuseLarge(maxBytes: number): void {
    const refusal = new ApiError('PAYLOAD_TOO_LARGE', `The request body is larger than ${maxBytes} bytes.`);
    if (phase === 'open') refuse(refusal);
    else breakOff({ kind: 'refused', refusal });
  }

  function onSlowReader(): void {
    breakOff({ kind: 'slow_client' });
  }

  function onSlowUpload(): void {
    const refusal = new ApiError('REQUEST_TIMEOUT', 'The request body came too slowly.');
    if (phase === 'open') refuse(refusal);
    else breakOff({ kind: 'refused', refusal });
  }

  function roomOf(shares: Shares): Room {
    return { take: (bytes) => shares.take(holder, bytes), give: (bytes) => shares.give(holder, bytes) };
  }

  function onCut(reason: DenyReason): void {
    if (phase === 'open') refuse(reason);
    else if (phase === 'answering') breakOff({ kind: 'cut', reason });
  }

  /** The last check before bytes leave. `leaving`: the head is written in this same turn of the event loop. */
  function stillAllowed(leaving: boolean): boolean {
    if (phase === 'over' || phase === 'refusing') return false;
    const reason = grant.refusal();
    if (reason !== undefined) {
      onCut(reason);
      return false;
    }
    if (leaving && !headSent) {
      const refusal = orders?.leave();
      if (refusal !== undefined) {
        refuse(refusal);
        return false;
      }
      headSent = true;
      if (orders !== undefined) exchange.ordersLeft?.(orders.signed);
      if (exchange.timing !== undefined) exchange.timing.leftAt = performance.now();
      grant.headSent();
    }
    return true;
  }

  function onHead(status: number, statusText: string, rawHeaders: string[]): void {
    if (phase !== 'open') return;
    if (exchange.timing !== undefined) exchange.timing.headAt = performance.now();
    body?.release();
    const headers = responseHeaders(rawHeaders, status, exchange.extraHeaders, options.sandboxed);
    if (!headers.ok) {
      refuse('upstream_unavailable', new Error(headers.problem));
      return;
    }
    phase = 'answering';
    setIdleTimer();
    if (!isWhole(request)) response.shouldKeepAlive = false;
    isUnframed = writeAnswerHead(response, { status, statusText, rawHeaders }, headers.headers);
    answer = createAnswerWriter({
      response,
      room: roomOf(options.answers),
      maxBytes: options.maxAnswerCopyBytes,
      pace: createPace(options.pace, { inAll: true }, onSlowReader),
      venue: { pause: () => sent?.pause(), resume: () => sent?.resume() },
      paused,
      cut: onSlowReader,
      moved: progress,
      beforeEnd,
    });
  }

  function send(payload: Buffer | Readable | undefined, headers: string[], checked: CheckedOrders | undefined): void {
    if (phase !== 'open') return;
    orders = checked;
    const streamed = payload !== undefined && !Buffer.isBuffer(payload);
    const { method, target } = exchange;
    const upstreamExchange = options.upstream.send(
      { holder, method, target, headers, body: payload },
      {
        // The head of a streamed request leaves later, with its first byte.
        starting: () => stillAllowed(!streamed),
        head: onHead,
        data(chunk) {
          if (phase === 'answering') answer?.write(chunk);
        },
        end() {
          if (phase === 'answering') answer?.end(() => over({ kind: 'answered', status: response.statusCode }));
        },
        failed(kind, cause) {
          if (phase === 'answering') breakOff({ kind: 'truncated', cause });
          else if (kind === 'turned_away') refuse(busy('too many requests wait for the venue'));
          else refuse(kind === 'malformed' ? 'request_header_refused' : 'upstream_unavailable', cause);
        },
      },
    );
    if (upstreamExchange === 'turned_away') refuse(busy('too many requests wait for the venue'));
    else if (upstreamExchange === 'closed') refuse('upstream_unavailable');
    else sent = upstreamExchange;
  }

  // A write to a closing socket raises 'error' besides 'close'; we act on 'close'.
  response.on('error', () => undefined);
  response.on('close', onClose);
  if (request.socket.destroyed) onClose();
  else grant.onCut(onCut);
  if (isOpen()) begin();

  function isOpen(): boolean {
    return phase === 'open';
  }

  function begin(): void {
    body = takeRequest(
      options,
      exchange,
      { room: roomOf(options.bodies), pace: () => createPace(options.pace, { inAll: false }, onSlowUpload) },
      { send, refuse, tooLarge: refuseLarge, mayHandOn: () => stillAllowed(true), progress },
    );
  }
}
