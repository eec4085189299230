// One question for all who ask at the same time.
import { PATIENCE_MS } from './deadline.ts';
import { ownError } from './errors.ts';

/**
 * Asks when nobody waits for an answer already. A failure is told to each with an error of their own: the first has the error itself, the
 * others one like it, whose cause it is. A question that nobody will answer any more is asked again.
 */
export function oneAtATime<T>(ask: () => Promise<T>): () => Promise<T> {
  let asking: { readonly answer: Promise<T>; readonly began: number } | undefined;
  return () => {
    if (asking !== undefined && performance.now() - asking.began < PATIENCE_MS) {
      return asking.answer.catch((error: unknown) => {
        throw ownError(error);
      });
    }
    const mine = {
      began: performance.now(),
      answer: ask().finally(() => {
        if (asking === mine) asking = undefined;
      }),
    };
    asking = mine;
    return mine.answer;
  };
}

/** Asks at the first call and keeps the answer. A failure is not kept: the next call asks again. */
export function askedOnce<T>(ask: () => Promise<T>): () => Promise<T> {
  let kept: { readonly answer: T } | undefined;
  const asking = oneAtATime(async () => {
    const answer = await ask();
    kept = { answer };
    return answer;
  });
  return async () => (kept === undefined ? asking() : kept.answer);
}
