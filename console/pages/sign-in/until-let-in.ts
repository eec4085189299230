// Too many requests at sign-in: it is said for how long, and then it goes on by itself.
import { CountersignError } from '../../../src/client/errors.ts';
import { goingOn } from '../../words/refusals.ts';

const MOST_TRIES = 5;
const aSecond = () => new Promise<void>((resolve) => setTimeout(resolve, 1000));

/** `work`, again when the server says that it may be. `tell`: what is waited for; undefined when nothing is any more. */
export async function untilLetIn<T>(
  work: () => Promise<T>,
  tell: (words: string | undefined) => void,
  second: () => Promise<void> = aSecond,
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof CountersignError) || error.status !== 429 || tries === MOST_TRIES) throw error;
      for (let left = Math.ceil(error.retryAfterSeconds ?? 1); left > 0; left -= 1) {
        tell(goingOn(left));
        await second();
      }
      tell(undefined);
    }
  }
}
