// Takes a request's body from the client: a small one is collected whole, so that it costs no connection to the venue while it
// arrives; a larger one is streamed, never faster than it is taken. Never lets more than the limit through.
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';

export interface BodyLimits {
  /** Bytes; one more is too large. */
  readonly maxBytes: number;
  /** Bytes up to which a body is collected whole. */
  readonly wholeBytes: number;
}

export interface BodyEvents {
  /** Everything has arrived; undefined = there is no body. */
  whole(bytes: Buffer | undefined): void;
  /** There is more than `wholeBytes`. */
  stream(body: Readable): void;
  /** Asked synchronously before the first byte of a stream is handed on; false = the stream ends here, with nothing handed on. */
  mayHandOn(): boolean;
  tooLarge(): void;
  progress(): void;
}

export interface RequestBody {
  /** True while the next step is the client's. */
  waitingForClient(): boolean;
  /** Hands on nothing more. Idempotent. */
  stop(): void;
}

/** The declared length in bytes, or undefined without a readable Content-Length. */
export function declaredLength(request: IncomingMessage): number | undefined {
  const text = request.headers['content-length'];
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** RFC 9112 6.3: a request has a body only if one of the two framing headers says so. */
const announcesBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || headers['content-length'] !== undefined;

/** True when nothing more of the request comes. Node says so of one without a body only a turn later. */
export const isWhole = (request: IncomingMessage): boolean => request.complete || !announcesBody(request);

/** Starts reading; events may fire before this returns. */
export function takeBody(request: IncomingMessage, limits: BodyLimits, events: BodyEvents): RequestBody {
  let received = 0;
  let chunks: Buffer[] = [];
  let stream: Readable | undefined;
  let handedOn = false;
  let ended = false;
  let stopped = false;

  const stop = (): void => {
    if (stopped) return;
    stopped = true;
    chunks = [];
    request.off('data', onData).off('end', onEnd);
    stream?.destroy();
  };

  const openStream = (): Readable => {
    const body = new Readable({
      read() {
        if (handedOn && !stopped) request.resume();
      },
    });
    // A destroyed stream may still report an error after its reader has let go of it.
    body.on('error', () => undefined);
    // undici writes the head together with the first chunk, not when it announces the start: this is the moment before. It begins
    // to read with resume(), and a chunk pushed here is written before anything else can run.
    body.once('resume', () => {
      if (stopped || !events.mayHandOn()) return stop();
      handedOn = true;
      const first = Buffer.concat(chunks);
      chunks = [];
      const more = body.push(first);
      if (ended) body.push(null);
      else if (more) request.resume();
    });
    return body;
  };

  function onData(chunk: Buffer): void {
    received += chunk.length;
    if (received > limits.maxBytes) {
      stop();
      events.tooLarge();
      return;
    }
    events.progress();
    if (stream !== undefined && handedOn) {
      if (!stream.push(chunk)) request.pause();
      return;
    }
    chunks.push(chunk);
    if (stream === undefined && received > limits.wholeBytes) {
      request.pause();
      stream = openStream();
      events.stream(stream);
    }
  }

  function onEnd(): void {
    ended = true;
    if (stream === undefined) events.whole(received === 0 ? undefined : Buffer.concat(chunks));
    else if (handedOn) stream.push(null);
  }

  if (announcesBody(request)) request.on('data', onData).on('end', onEnd);
  else {
    ended = true;
    events.whole(undefined);
  }

  return { waitingForClient: () => !ended && !stopped && !request.isPaused(), stop };
}
