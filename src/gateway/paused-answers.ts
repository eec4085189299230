// Answers that keep a connection to the venue at the pace of their reader, since there is no more room to copy them. They are few: when
// there is one too many, the one that waits for longest is cut. Slow readers of large answers cannot take all connections, from however
// many networks they come.
import { append, createChain, createLink, unlink } from '../domain/chain.ts';

export interface PausedAnswers {
  /** One more waits for its reader. `cut` ends it, and may be called before this returns. Returns how to say that it waits no more. */
  begin(cut: () => void): () => void;
}

/** At most `most` wait at one time. */
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
