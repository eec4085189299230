// Whether the server answers: told by every call of the pages, and asked with growing pauses while it does not.
import { CountersignError, NoAnswer } from '../../../src/client/errors.ts';

export type Reach =
  | { readonly is: 'there' }
  /** `lost`: offline, or three answers lost. `restarting`: 503, or refused after it worked. */
  | {
      readonly is: 'lost' | 'restarting';
      /** Unix milliseconds of the last answer; undefined where there was none. */
      readonly from: number | undefined;
      /** Until the next try; undefined while it is under way. */
      readonly seconds: number | undefined;
    };

export interface ReachDeps {
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly isOffline: () => boolean;
  /** Asks the server something that needs no session. */
  readonly ask: () => Promise<unknown>;
  /** Calls `tick` every second until the result is called. */
  readonly everySecond: (tick: () => void) => () => void;
  readonly tell: () => void;
  /** The server is there again. */
  readonly onBack: () => void;
}

export interface ReachWatch {
  state(): Reach;
  answered(): void;
  /** What a call rejected with: it says nothing when it is no matter of the connection. */
  failed(error: unknown): void;
  tryNow(): void;
}

const PAUSES_S = [2, 4, 8, 15, 30] as const;
const LOST_AFTER = 3;

export function createReach({ now, isOffline, ask, everySecond, tell, onBack }: ReachDeps): ReachWatch {
  let state: Reach = { is: 'there' };
  let lastAnswer: number | undefined;
  let lost = 0;
  let tries = 0;
  let stop: (() => void) | undefined;

  const become = (next: Reach) => {
    state = next;
    tell();
  };

  function answered(): void {
    lastAnswer = now();
    [lost, tries] = [0, 0];
    stop?.();
    stop = undefined;
    if (state.is === 'there') return;
    become({ is: 'there' });
    onBack();
  }

  function failed(error: unknown): void {
    const is503 = error instanceof CountersignError && error.status === 503;
    if (error instanceof CountersignError && !is503) {
      answered();
      return;
    }
    if (!is503 && !(error instanceof NoAnswer)) return;
    if (is503) lost = 0;
    else lost += 1;
    const isLost = !is503 && (isOffline() || lost >= LOST_AFTER || lastAnswer === undefined);
    const is = isLost ? 'lost' : 'restarting';
    if (stop === undefined) pause(is);
    else if (state.is !== is && state.is !== 'there') become({ ...state, is });
  }

  function pause(is: 'lost' | 'restarting'): void {
    let seconds: number = PAUSES_S[Math.min(tries, PAUSES_S.length - 1)] ?? 30;
    tries += 1;
    become({ is, from: lastAnswer, seconds });
    stop = everySecond(() => {
      seconds -= 1;
      if (seconds <= 0) tryNow();
      else if (state.is !== 'there') become({ ...state, seconds });
    });
  }

  function tryNow(): void {
    if (state.is === 'there' || state.seconds === undefined) return;
    stop?.();
    stop = undefined;
    become({ ...state, seconds: undefined });
    ask().then(answered, (error: unknown) => {
      failed(error);
      // Whatever it was, it was no answer.
      if (stop === undefined && state.is !== 'there') pause(state.is);
    });
  }

  return { state: () => state, answered, failed, tryNow };
}
