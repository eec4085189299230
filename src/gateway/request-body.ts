// Reads a request's body. It is collected whole, so that it holds no connection to the venue while it arrives. Without room it is streamed,
// no faster than the venue takes it. Never passes more than the limit.
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { createBlocks, type Room } from './byte-blocks.ts';
import type { Pace } from './pace.ts';

export interface BodyLimits {
  /** The largest body that is accepted. */
  readonly maxBytes: number;
  /** Collected bytes are taken from it. */
  readonly room: Room;
}

export interface BodyEvents {
  /** Everything has arrived; undefined = there is no body. */
  whole(bytes: Buffer | undefined): void;
  /** There is no room to collect it: it is streamed. */
  stream(body: Readable): void;
  /** Asked synchronously before the first byte of a stream leaves; false = nothing leaves, and the stream ends. */
  mayHandOn(): boolean;
  tooLarge(): void;
  progress(): void;
}

export interface RequestBody {
  /** True while we wait for the client to send. */
  waitingForClient(): boolean;
  /** Gives back the room of the collected body. Idempotent. */
  release(): void;
  /** Hands on nothing more and gives back the room. Idempotent. */
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

/** True when the request has arrived completely. `complete` alone is a turn late for a request without a body. */
export const isWhole = (request: IncomingMessage): boolean => request.complete || !announcesBody(request);

/** Starts reading; events may fire before this returns. `pace` judges the client while a stream waits for it. */
export function takeBody(request: IncomingMessage, limits: BodyLimits, pace: Pace, events: BodyEvents): RequestBody {
  const collected = createBlocks(limits.room);
  let received = 0;
  let stream: Readable | undefined;
  let handedOn = false;
  let ended = false;
  let stopped = false;

  const stop = (): void => {
    if (stopped) return;
    stopped = true;
    pace.stop();
    collected.clear();
    request.off('data', onData).off('end', onEnd);
    stream?.destroy();
  };

  const readOn = (): void => {
    if (!ended) pace.wait();
    request.resume();
  };

  const openStream = (): Readable => {
    const body = new Readable({
      read() {
        if (handedOn && !stopped) readOn();
      },
    });
    // A destroyed stream may still raise 'error' when its reader has gone.
    body.on('error', () => undefined);
    // undici writes the head together with the first chunk, not in onRequestStart, and starts to read with resume(): this is the last
    // moment before the head, and a chunk pushed here is written before anything else can run.
    body.once('resume', () => {
      if (stopped || !events.mayHandOn()) return stop();
      handedOn = true;
      const first = collected.join();
      collected.clear();
      const more = body.push(first);
      if (ended) body.push(null);
      else if (more) readOn();
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
      pace.moved(chunk.length);
      if (stream.push(chunk)) return;
      pace.rest();
      request.pause();
      return;
    }
    if (collected.add(chunk) || stream !== undefined) return;
    request.pause();
    stream = openStream();
    events.stream(stream);
  }

  function onEnd(): void {
    ended = true;
    pace.stop();
    if (stream === undefined) events.whole(received === 0 ? undefined : collected.join());
    else if (handedOn) stream.push(null);
  }

  if (announcesBody(request)) request.on('data', onData).on('end', onEnd);
  else {
    ended = true;
    events.whole(undefined);
  }

  return {
    waitingForClient: () => !ended && !stopped && !request.isPaused(),
    release() {
      if (ended) collected.clear();
    },
    stop,
  };
}
