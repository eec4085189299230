// Ends a key, and repeats until it is certain that it ended, or that it cannot be: an answer may be lost, and a server may not have been able
// to write it down.
import { CountersignError, NoAnswer, type Receipt } from '../../../src/client/main.ts';

/** `checking`: an answer was lost. `unsent`: no connection, nothing left this page. `unwritten`: the server said that it is not written yet. */
export type EndProgress = 'deleting' | 'checking' | 'unsent' | 'unwritten';

export interface CertainEnd {
  /** Unix nanoseconds; undefined when it could not be read. */
  readonly at: bigint | undefined;
  /** Undefined when the answer that had it was lost. */
  readonly receipt: Receipt | undefined;
}

export interface EndCalls {
  revoke(): Promise<Receipt | undefined>;
  /** When it was revoked, in Unix nanoseconds; undefined while it lives. */
  look(): Promise<bigint | undefined>;
}

export interface EndWorld {
  onProgress(progress: EndProgress): void;
  /** Rejects when nobody waits any more. */
  wait(seconds: number): Promise<void>;
}

const LONGEST_WAIT = 15;

/** Rejects with an answer that says no for good, and with what `wait` rejects with. NOT_FOUND: somebody ended it meanwhile. */
export async function endForCertain(calls: EndCalls, world: EndWorld): Promise<CertainEnd> {
  let mayBeDone = false;
  world.onProgress('deleting');
  for (let attempt = 0; ; attempt += 1) {
    try {
      const before = mayBeDone ? await calls.look() : undefined;
      if (before !== undefined) return { at: before, receipt: undefined };
      const receipt = await calls.revoke();
      return { at: await calls.look().catch(() => undefined), receipt };
    } catch (error) {
      const progress = progressOf(error);
      if (progress === undefined) {
        if (error instanceof CountersignError && error.code === 'NOT_FOUND')
          return { at: undefined, receipt: undefined };
        throw error;
      }
      mayBeDone ||= progress !== 'unsent';
      world.onProgress(mayBeDone && progress === 'unsent' ? 'checking' : progress);
      await world.wait(secondsAfter(error, attempt));
    }
  }
}

/** Undefined: repeating it would not help. */
function progressOf(error: unknown): EndProgress | undefined {
  if (error instanceof NoAnswer) return error.phase === 'unsent' ? 'unsent' : 'checking';
  if (!(error instanceof CountersignError)) return undefined;
  if (error.status === 503) return 'unwritten';
  // Of what stands between the page and the server.
  if (error.status === 502 || error.status === 504) return 'checking';
  return error.status === 429 ? 'unwritten' : undefined;
}

function secondsAfter(error: unknown, attempt: number): number {
  const asked = error instanceof CountersignError ? error.retryAfterSeconds : undefined;
  return Math.min(asked ?? 2 ** Math.min(attempt, 4), LONGEST_WAIT);
}
