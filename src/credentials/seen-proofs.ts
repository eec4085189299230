// The proofs of devices that were used a moment ago: a proof opens one session. It holds no more than it was made for; when it is full,
// nobody can be told from a repetition, so that no further proof is taken.
import type { Clock } from '../domain/time.ts';

export interface SeenProofs {
  has(proof: string): boolean;
  /** `seen`: it was added before. */
  add(proof: string): 'added' | 'seen' | 'full';
}

export function createSeenProofs(options: {
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Not less than a proof may be used for. */
  readonly seconds: number;
  readonly most: number;
}): SeenProofs {
  const { clock, seconds, most } = options;
  /** By when each was added, the oldest first. */
  const seen = new Map<string, number>();

  function forgetOld(): void {
    const before = clock.monotonic() - seconds * 1000;
    for (const [proof, at] of seen) {
      if (at > before) return;
      seen.delete(proof);
    }
  }

  return {
    has(proof) {
      forgetOld();
      return seen.has(proof);
    },
    add(proof) {
      forgetOld();
      if (seen.has(proof)) return 'seen';
      if (seen.size >= most) return 'full';
      seen.set(proof, clock.monotonic());
      return 'added';
    },
  };
}
