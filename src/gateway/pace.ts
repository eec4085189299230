// Whether a client keeps up: what it moves while it is waited for, against the least it must. Time in which others are waited for does
// not count.

export interface Pace {
  /** The next step is the client's. Idempotent. */
  wait(): void;
  /** It is not. Idempotent. */
  rest(): void;
  moved(bytes: number): void;
  /** Nothing is told any more. */
  stop(): void;
}

export interface PaceOptions {
  readonly minBytesPerSecond: number;
  /** How long a client is waited for, in all, before it is judged, again and again. */
  readonly windowMs: number;
}

export interface PaceRules {
  /** True: by all that it has moved so far, as the system takes much at once and then nothing for long; else each time anew. */
  readonly inAll: boolean;
}

/** `onSlow` is called once at most, and not after `stop`. */
export function createPace(
  { minBytesPerSecond, windowMs }: PaceOptions,
  { inAll }: PaceRules,
  onSlow: () => void,
): Pace {
  let since: number | undefined;
  let waitedMs = 0;
  /** How long it was waited for when it is judged next. */
  let judgedMs = windowMs;
  let bytes = 0;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  function rest(): void {
    if (since === undefined) return;
    waitedMs += performance.now() - since;
    since = undefined;
  }

  function wait(): void {
    if (stopped || since !== undefined) return;
    since = performance.now();
    timer ??= setTimeout(judge, Math.max(1, judgedMs - waitedMs));
  }

  function judge(): void {
    timer = undefined;
    const waits = since !== undefined;
    rest();
    if (waitedMs >= judgedMs) {
      if (bytes < (minBytesPerSecond * waitedMs) / 1000) {
        stop();
        onSlow();
        return;
      }
      if (inAll) judgedMs = waitedMs + windowMs;
      else {
        waitedMs = 0;
        bytes = 0;
      }
    }
    if (waits) wait();
  }

  function stop(): void {
    stopped = true;
    since = undefined;
    clearTimeout(timer);
  }

  return {
    wait,
    rest,
    moved(more) {
      bytes += more;
    },
    stop,
  };
}
