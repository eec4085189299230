// Whether a client keeps up with a minimum speed. Only the time in which we wait for that client counts.

export interface Pace {
  /** We wait for the client from now on. Idempotent. */
  wait(): void;
  /** We no longer wait for the client. Idempotent. */
  rest(): void;
  moved(bytes: number): void;
  /** `onSlow` is not called any more. */
  stop(): void;
}

export interface PaceOptions {
  readonly minBytesPerSecond: number;
  /** The client is judged each time we have waited this long for it in total. */
  readonly windowMs: number;
}

export interface PaceRules {
  /** True: judge by the average since the start, as the system takes much at once and then nothing for long. False: by each window. */
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
  /** The waiting time at which it is judged next. */
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
