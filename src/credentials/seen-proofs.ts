// The proofs of devices that were used a moment ago: a proof opens one session. It holds no more than it was made for. When it is full, a
// proof could not be told from its repetition, so that none is taken; but the account with the most gives up its oldest for one with fewer,
// which is told all the same, for the store remembers proofs too.
import type { AccountId } from '../domain/credential.ts';
import { createFairRoom } from '../domain/fair-room.ts';
import type { Clock } from '../domain/time.ts';

export interface SeenProofs {
  has(proof: string): boolean;
  /** Whether one more proof of the account may be added now. */
  hasRoom(account: AccountId): boolean;
  /** In the same turn as both above. */
  add(account: AccountId, proof: string): void;
}

export function createSeenProofs(options: {
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Not less than a proof may be used for. */
  readonly seconds: number;
  readonly most: number;
}): SeenProofs {
  const { clock, seconds } = options;
  /** Whose each is and when it was added, the oldest first. */
  const seen = new Map<string, { readonly account: AccountId; readonly at: number }>();
  const room = createFairRoom<AccountId>(options.most);

  function forgetOld(): void {
    const before = clock.monotonic() - seconds * 1000;
    for (const [proof, { account, at }] of seen) {
      if (at > before) return;
      seen.delete(proof);
      room.remove(account, proof);
    }
  }

  return {
    has(proof) {
      forgetOld();
      return seen.has(proof);
    },
    hasRoom(account) {
      forgetOld();
      return room.hasRoom(account);
    },
    add(account, proof) {
      const given = room.add(account, proof);
      if (given !== undefined) seen.delete(given);
      seen.set(proof, { account, at: clock.monotonic() });
    },
  };
}
