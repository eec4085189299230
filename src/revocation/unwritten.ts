// A revocation that could not be written: the caller gets 503 (commit.ts), and it holds on this node all the same. Nothing writes it later
// by itself: it ends when the same revocation is written after all, by a repeated call, or when the process ends. /readyz and the metric
// say so meanwhile. Each use case says what exactly is denied (`ifUnwritten`), those of one credential by credentials/end-unwritten.ts.
import { type AccountId, accountSubject } from '../domain/credential.ts';
import type { DenyReason } from '../domain/decision.ts';
import type { Keyring } from '../jwt/keyring.ts';
import type { Change, Store } from '../store/store.ts';
import { cutSubjectOf, type Denial } from './denial.ts';
import type { Denials } from './denials.ts';
import type { LiveRegistry } from './live.ts';
import type { View } from './view.ts';

export interface Unwritten {
  /**
   * Denies all of them on this node and cuts what is under way of them. Returns the accounts of which more was ended than is
   * remembered one by one: these are denied as a whole.
   */
  end(denials: readonly Denial[], reason: DenyReason): readonly AccountId[];
  /** Forgets what has been written, of what was ended no later than `asOf`. `change` wrote it; undefined when it stood there already. */
  lift(denials: readonly Denial[], asOf: number, change: Change | undefined): Promise<void>;
}

export function createUnwritten(deps: {
  readonly store: Pick<Store, 'position'>;
  readonly denials: Denials;
  readonly keyring: Pick<Keyring, 'retire'>;
  readonly view: Pick<View, 'apply'>;
  readonly live: Pick<LiveRegistry, 'cut'>;
}): Unwritten {
  const { denials } = deps;
  return {
    end(ended, reason) {
      const widened = denials.remember(ended);
      // A key that is only denied would still stand in jwks.json, and sign.
      for (const denial of ended) if (denial.kind === 'signing_key') deps.keyring.retire(denial.kid);
      deps.live.cut([...ended.map(cutSubjectOf), ...widened.map(accountSubject)], reason);
      return widened;
    },

    // A commit that failed may have been made all the same, and the view was never told. It forgets what it read before, or it would
    // give back what only the denial took.
    async lift(written, asOf, change) {
      const position = change?.position ?? (await deps.store.position());
      deps.view.apply({ position, subjects: written.map(cutSubjectOf) });
      denials.lift(written, asOf);
    },
  };
}
