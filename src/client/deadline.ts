// One call's time: it ends when the caller's signal says so, or after its milliseconds. Nothing is begun or waited for beyond it.
import { Aborted, NoAnswer, type Phase } from './errors.ts';
import type { CallOptions } from './list.ts';

export interface Deadline {
  /** Aborts when the time is over, for fetch. */
  readonly signal: AbortSignal;
  /** Milliseconds. */
  left(): number;
  /**
   * Begins `work` and settles as it does, or rejects at the end with DeadlineOver; after the end nothing is begun. What was begun goes on:
   * others may wait for it, and its rejection is dropped. `attended`: a person is asked, and a time that the caller did not set itself
   * stands still meanwhile.
   */
  race<T>(work: () => Promise<T>, attended?: boolean): Promise<T>;
  /** Why it ended; undefined while it has not. */
  ended(): 'aborted' | 'timeout' | undefined;
  /** Rejects at the end of the time. */
  sleep(ms: number): Promise<void>;
  /** Frees the timer: it must be called. */
  close(): void;
}

/** How a deadline ends: told apart from all errors of others. It leaves no call of the client (within). */
export class DeadlineOver extends Error {}

/** A person is waited for as long as what they are to sign is good. Whatever is asked for longer will not be answered. */
export const PATIENCE_MS = 300_000;

/** A longer timer would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export function createDeadline(
  { timeoutMs, signal: by }: CallOptions,
  usualMs: number,
  monotonic: () => number,
): Deadline {
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
  const left = () => (timeoutMs ?? usualMs) - (monotonic() - began);
  const arm = (ms: number) => {
    clearTimeout(timer);
    timer = setTimeout(() => end('timeout'), Math.min(ms, LONGEST_TIMER_MS));
  };
  if (by?.aborted === true) end('aborted');
  else by?.addEventListener('abort', onAbort, { once: true });
  arm(left());

  const raced = <T>(work: Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      const over = () => reject(new DeadlineOver());
      signal.addEventListener('abort', over, { once: true });
      work.then(resolve, reject).finally(() => signal.removeEventListener('abort', over));
      // Whoever began the work may have ended the time.
      if (signal.aborted) over();
    });

  async function race<T>(work: () => Promise<T>, attended = false): Promise<T> {
    if (signal.aborted) throw new DeadlineOver();
    if (!attended || timeoutMs !== undefined) return raced(work());
    const stopped = monotonic();
    arm(PATIENCE_MS);
    try {
      return await raced(work());
    } finally {
      began += monotonic() - stopped;
      arm(left());
    }
  }

  return {
    signal,
    left,
    ended: () => why,
    race,
    async sleep(ms) {
      let waiting: ReturnType<typeof setTimeout> | undefined;
      try {
        await race(() => new Promise<void>((done) => (waiting = setTimeout(done, Math.min(ms, LONGEST_TIMER_MS)))));
      } finally {
        clearTimeout(waiting);
      }
    },
    close() {
      clearTimeout(timer);
      by?.removeEventListener('abort', onAbort);
    },
  };
}

/** `work` within a time that is freed afterwards. An end that no request of it tells comes before any was sent. */
export async function within<T>(deadline: Deadline, work: (deadline: Deadline) => Promise<T>): Promise<T> {
  try {
    return await work(deadline);
  } catch (error) {
    throw error instanceof DeadlineOver ? endOf(deadline, 'unsent') : error;
  } finally {
    deadline.close();
  }
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
