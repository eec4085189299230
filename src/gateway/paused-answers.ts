// Answers whose connection to the venue is paused, as their reader is slow and their buffer full. When there are too many, the one that is
// paused for longest is cut: slow readers cannot hold all connections, from however many networks they come.
import { append, createChain, createLink, unlink } from '../domain/chain.ts';

export interface PausedAnswers {
  /** `cut` ends the answer and may be called before this returns. Call the returned function when the answer is no longer paused. */
  begin(cut: () => void): () => void;
}

/** At most `most` are paused at one time. */
export function createPausedAnswers(most: number): PausedAnswers {
  const waiting = createChain<() => void>();
  let count = 0;
  return {
    begin(cut) {
      const link = createLink(cut);
      let waits = true;
      append(waiting, link);
      count += 1;
      const end = (): void => {
        if (!waits) return;
        waits = false;
        unlink(waiting, link);
        count -= 1;
      };
      if (count > most) waiting.first?.owner();
      return end;
    },
  };
}
