// Too many requests: what is read waits for its turn by itself, and this says for how long.

export interface Turns {
  /** Until the last one goes on; undefined while nothing waits. */
  seconds(): number | undefined;
  /** Told every second while there is one. The result stops it. */
  onTurn(hear: () => void): () => void;
  /** Hears every answer that `send` brings. */
  heard(send: typeof globalThis.fetch): typeof globalThis.fetch;
}

export interface TurnsDeps {
  /** Milliseconds. */
  readonly now: () => number;
  /** Calls `tick` every second until the result is called. */
  readonly everySecond: (tick: () => void) => () => void;
}

const LONGEST_S = 3600;

export function createTurns({ now, everySecond }: TurnsDeps): Turns {
  let until = 0;
  let shown: number | undefined;
  let stop: (() => void) | undefined;
  const listeners = new Set<() => void>();

  function tick(): void {
    const left = Math.ceil((until - now()) / 1000);
    const next = left > 0 ? left : undefined;
    if (next === undefined) {
      stop?.();
      stop = undefined;
    }
    if (next === shown) return;
    shown = next;
    for (const hear of [...listeners]) hear();
  }

  return {
    seconds: () => shown,
    onTurn(hear) {
      listeners.add(hear);
      return () => listeners.delete(hear);
    },
    heard: (send) => async (input, init) => {
      // fetch of a browser works as a function of its page alone.
      const answer = await send(input, init);
      const after = answer.status === 429 ? Number(answer.headers.get('Retry-After') ?? 1) : 0;
      if (after > 0 && after <= LONGEST_S) {
        until = Math.max(until, now() + after * 1000);
        stop ??= everySecond(tick);
        tick();
      }
      return answer;
    },
  };
}

export const turns = createTurns({
  now: () => performance.now(),
  everySecond(tick) {
    const timer = setInterval(tick, 1000);
    return () => clearInterval(timer);
  },
});
