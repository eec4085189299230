// An allowed request while it is under way. Opened in the same turn as the decision, so that no change can slip between the two.
import type { DenyReason } from './decision.ts';
import type { Principal } from './principal.ts';

export interface Grant {
  readonly kind: 'allow';
  /** Absent on public and self-signed routes. */
  readonly principal: Principal | undefined;
  /** The last check (DESIGN 4.7): asked synchronously as the request's head is about to be written. Undefined = still allowed. */
  refusal(): DenyReason | undefined;
  /** Calls `listener` once, synchronously, when a change or an expiry ends what was granted (at once if it already has). */
  onCut(listener: (reason: DenyReason) => void): void;
  /** The head is leaving now: from here on a revocation receipt counts this exchange as in flight. */
  headSent(): void;
  /** The exchange is over, however it ended. Idempotent; must always be called. */
  release(): void;
}
