// What pages use of the connection: whether the server answers, and writes whose answer may be lost.
import { useRef, useState, useSyncExternalStore } from 'react';
import { sentenceFor } from '../../words/refusals.ts';
import { keysChanged } from '../queries/query-client.ts';
import { keepPage } from '../session/kept-page.ts';
import { turns } from '../session/turns.ts';
import type { Reach } from './reach.ts';
import { ahead, isLocked, noticed, onWatch, watch } from './watch.ts';
import { type WriteKind, type WriteOptions, type WriteState, type Written, write, writeWords } from './write.ts';

export type { Reach } from './reach.ts';
export { NotMade, type WriteKind, type WriteState, type Written } from './write.ts';

export interface Connection {
  readonly reach: Reach;
  /** The account is locked by the venue. */
  readonly isLocked: boolean;
  /** Milliseconds that this machine's clock is ahead of the server's; undefined within a minute. */
  readonly ahead: number | undefined;
  /** Seconds until what is read goes on, after too many requests; undefined while nothing waits. */
  readonly turn: number | undefined;
  readonly tryNow: () => void;
}

export function useConnection(): Connection {
  return {
    reach: useSyncExternalStore(onWatch, watch.state),
    isLocked: useSyncExternalStore(onWatch, isLocked),
    ahead: useSyncExternalStore(onWatch, ahead),
    turn: useSyncExternalStore(turns.onTurn, turns.seconds),
    tryNow: watch.tryNow,
  };
}

export interface Write {
  readonly state: WriteState;
  /** It runs, waits or is being found out. */
  readonly isBusy: boolean;
  /** What stands there meanwhile: "We do not know yet whether it was deleted. Checking…" Undefined where there is nothing to say. */
  readonly words: string | undefined;
  /** Set once it failed: for `<Refusal>`. */
  readonly error: unknown;
  /** Never rejects. While one is under way, pressing again does nothing, and what it gives never settles. */
  run<T>(work: () => Promise<T>, options?: Omit<WriteOptions<T>, 'kind'>): Promise<Written<T>>;
  reset(): void;
}

/** One write at a time, which is told the person until it is certain. Nothing that it makes is kept here. */
export function useWrite(kind: WriteKind): Write {
  const [state, setState] = useState<WriteState>({ is: 'ready' });
  const isRunning = useRef(false);
  return {
    state,
    isBusy: state.is !== 'ready' && state.is !== 'failed',
    words: writeWords(state, kind),
    error: state.is === 'failed' ? state.error : undefined,
    run<T>(work: () => Promise<T>, options: Omit<WriteOptions<T>, 'kind'> = {}): Promise<Written<T>> {
      // Whoever pressed first is told; told to each press, the same would be said as often.
      if (isRunning.current) return new Promise(() => undefined);
      isRunning.current = true;
      // Its device may be ended before its answer comes, by the write itself or by somebody else.
      const letGo = keepPage({ makes: kind === 'make' });
      return write(work, { ...options, kind }, { sleep, tell: setState, noticed })
        .then(readAnewIfChanged)
        .finally(() => {
          letGo();
          isRunning.current = false;
        });
    },
    reset: () => setState({ is: 'ready' }),
  };
}

/**
 * What may have been done though it failed, and what was refused because its key is not as the page has it: ended meanwhile, or bound to fewer
 * addresses.
 */
function readAnewIfChanged<T>(written: Written<T>): Written<T> {
  if (!written.ok && (written.isUncertain || ['reread', 'owner'].includes(sentenceFor(written.error).then ?? ''))) {
    keysChanged().catch(() => undefined);
  }
  return written;
}

const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    if (signal?.aborted === true) end();
    else signal?.addEventListener('abort', end);
  });
