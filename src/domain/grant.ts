// An allowed request in flight. Opened in the turn of its decision, so that no change can slip in between.
import type { DenyReason } from './decision.ts';
import type { Principal } from './principal.ts';

export interface Grant {
  readonly kind: 'allow';
  /** Absent on public and self-signed routes. */
  readonly principal: Principal | undefined;
  /** The last check, synchronous, just before the request's head is written. Undefined = still allowed. */
  refusal(): DenyReason | undefined;
  /** Calls `listener` once, synchronously, when a change or the expiry ends the grant; at once if it has ended already. */
  onCut(listener: (reason: DenyReason) => void): void;
  /** The head is sent now: from here on a revocation's receipt counts this exchange as in flight. */
  headSent(): void;
  /** The exchange is over. Idempotent; must always be called. */
  release(): void;
}
