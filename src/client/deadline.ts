// One call's time: it ends when the caller's signal says so, or after its milliseconds. Nothing is waited for beyond it.
import { Aborted, NoAnswer, type Phase } from './errors.ts';

export interface Deadline {
  /** Aborts when the time is over, for fetch. */
  readonly signal: AbortSignal;
  /** Milliseconds. */
  left(): number;
  /** Settles as `work` does, or rejects at the end with what `ended` says. A rejection of `work` after that is dropped. */
  race<T>(work: Promise<T>): Promise<T>;
  /** Why it ended; undefined while it has not. */
  ended(): 'aborted' | 'timeout' | undefined;
  /** Rejects at the end of the time. */
  sleep(ms: number): Promise<void>;
  /** As race, with the clock stopped meanwhile: a person at a wallet takes the time it takes. */
  raceUntimed<T>(work: Promise<T>): Promise<T>;
  /** Frees the timer: it must be called. */
  close(): void;
}

/** How a deadline ends: told apart from all errors of others. */
export class DeadlineOver extends Error {}

/** A longer timer would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export function createDeadline(ms: number, by: AbortSignal | undefined, monotonic: () => number): Deadline {
  const controller = new AbortController();
  const { signal } = controller;
  let why: 'aborted' | 'timeout' | undefined;
  let began = monotonic();
  let timer: ReturnType<typeof setTimeout> | undefined;

  const end = (reason: 'aborted' | 'timeout') => {
    why ??= reason;
    controller.abort();
  };
  const onAbort = () => end('aborted');
  const left = () => ms - (monotonic() - began);
  const arm = () => {
    clearTimeout(timer);
    timer = setTimeout(() => end('timeout'), Math.min(left(), LONGEST_TIMER_MS));
  };
  if (by?.aborted === true) end('aborted');
  else by?.addEventListener('abort', onAbort, { once: true });
  arm();

  function race<T>(work: Promise<T>): Promise<T> {
    if (signal.aborted) {
      work.catch(() => undefined);
      return Promise.reject(new DeadlineOver());
    }
    return new Promise((resolve, reject) => {
      const over = () => reject(new DeadlineOver());
      signal.addEventListener('abort', over, { once: true });
      work.then(resolve, reject).finally(() => signal.removeEventListener('abort', over));
    });
  }

  return {
    signal,
    left,
    ended: () => why,
    race,
    async sleep(forMs) {
      let waiting: ReturnType<typeof setTimeout> | undefined;
      try {
        await race(new Promise<void>((resolve) => (waiting = setTimeout(resolve, Math.min(forMs, LONGEST_TIMER_MS)))));
      } finally {
        clearTimeout(waiting);
      }
    },
    async raceUntimed(work) {
      clearTimeout(timer);
      const stopped = monotonic();
      const result = await race(work);
      began += monotonic() - stopped;
      arm();
      return result;
    },
    close() {
      clearTimeout(timer);
      by?.removeEventListener('abort', onAbort);
    },
  };
}

/** The end of a deadline as the caller's error. */
export function endOf(deadline: Deadline, phase: Phase): Aborted | NoAnswer {
  return deadline.ended() === 'aborted'
    ? new Aborted(phase)
    : new NoAnswer(`no answer in time${inWords[phase]}`, phase);
}

export const inWords: Readonly<Record<Phase, string>> = {
  unsent: ': the request did not leave',
  sent: ': the server has acted, its answer is lost',
  unknown: ': whether the request arrived is not known',
};
