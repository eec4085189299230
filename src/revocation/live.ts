// The live registry: every allowed request under way, by what it depends on. A change cuts here before it is acknowledged.
import { append, createChain, createLink, ownersOf, unlink } from '../domain/chain.ts';
import type { Subject } from '../domain/credential.ts';
import type { DenyReason } from '../domain/decision.ts';
import type { Grant } from '../domain/grant.ts';
import type { Principal } from '../domain/principal.ts';
import type { Clock, UnixNanos } from '../domain/time.ts';

export interface OpenGrant {
  readonly principal: Principal;
  readonly subjects: readonly Subject[];
  /** The log position of the facts it was decided on. */
  readonly position: bigint;
  /** Asked at the last check, after "was it cut": what time alone can have ended. */
  readonly refusalAt: (now: UnixNanos) => DenyReason | undefined;
  /** When the credential itself ends; 0 = never. What is in flight then is cut. */
  readonly credentialExpiresAt: UnixNanos;
}

export interface LiveRegistry {
  /** Must be called in the same synchronous turn as the decision it stands for. */
  open(grant: OpenGrant): Grant;
  /**
   * Cuts what is under these subjects and was decided before `position`; without one, everything: a change applied twice must
   * not end what was allowed after it. Returns how many had already sent their head: the venue may still act on those.
   * A listener that throws spares nobody: the rest is cut first.
   */
  cut(subjects: readonly Subject[], reason: DenyReason, position?: bigint): number;
  readonly size: number;
}

// setTimeout's limit is 2^31-1 ms. What expires later needs no timer: nothing is in flight for 24 days.
const MAX_TIMER_MS = 2_147_483_647;

/** A cut looks at everything under way: changes are rare beside requests, and an index by subject would change with each of those. */
export function createLiveRegistry(deps: { clock: Clock }): LiveRegistry {
  const underWay = createChain<LiveGrant>();
  let size = 0;

  return {
    open(grant) {
      const live = new LiveGrant(grant, deps.clock, () => {
        unlink(underWay, link);
        size -= 1;
      });
      const link = createLink(live);
      append(underWay, link);
      size += 1;
      return live;
    },

    cut(subjects, reason, position) {
      const ended = new Set(subjects);
      const hit = ownersOf(underWay).filter(
        (live) => (position === undefined || live.position < position) && live.dependsOn(ended),
      );
      return cutAll(hit, reason);
    },

    get size() {
      return size;
    },
  };
}

function cutAll(hit: Iterable<LiveGrant>, reason: DenyReason): number {
  let inFlight = 0;
  const failures: unknown[] = [];
  for (const live of hit) if (live.cut(reason, failures)) inFlight += 1;
  if (failures.length > 0) throw new AggregateError(failures, 'a listener failed while requests were cut');
  return inFlight;
}

class LiveGrant implements Grant {
  readonly kind = 'allow';
  readonly principal: Principal;
  readonly position: bigint;
  readonly #grant: OpenGrant;
  readonly #clock: Clock;
  readonly #onRelease: () => void;
  readonly #listeners: ((reason: DenyReason) => void)[] = [];
  #expiry: NodeJS.Timeout | undefined;
  #ended: DenyReason | undefined;
  #sent = false;
  #released = false;

  constructor(grant: OpenGrant, clock: Clock, onRelease: () => void) {
    this.principal = grant.principal;
    this.position = grant.position;
    this.#grant = grant;
    this.#clock = clock;
    this.#onRelease = onRelease;
    if (grant.credentialExpiresAt !== 0n) {
      const ms = Number((grant.credentialExpiresAt - clock.latest()) / 1_000_000n) + 1;
      if (ms <= MAX_TIMER_MS) {
        this.#expiry = setTimeout(() => cutAll([this], 'credential_expired'), Math.max(ms, 0));
        this.#expiry.unref();
      }
    }
  }

  dependsOn(subjects: ReadonlySet<Subject>): boolean {
    return this.#grant.subjects.some((subject) => subjects.has(subject));
  }

  refusal(): DenyReason | undefined {
    return this.#ended ?? this.#grant.refusalAt(this.#clock.latest());
  }

  onCut(listener: (reason: DenyReason) => void): void {
    if (this.#ended === undefined) this.#listeners.push(listener);
    else listener(this.#ended);
  }

  headSent(): void {
    this.#sent = true;
  }

  /** True when the head had already left. What listeners throw is collected, so that the next one is told too. */
  cut(reason: DenyReason, failures: unknown[]): boolean {
    if (this.#released || this.#ended !== undefined) return false;
    this.#ended = reason;
    const inFlight = this.#sent;
    for (const listener of this.#listeners) {
      try {
        listener(reason);
      } catch (error) {
        failures.push(error);
      }
    }
    return inFlight;
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    clearTimeout(this.#expiry);
    this.#onRelease();
  }
}

/** A request nobody needs permission for: nothing can take it back. */
export const openGrantForAnyone = (): Grant => ({
  kind: 'allow',
  principal: undefined,
  refusal: () => undefined,
  onCut: () => undefined,
  headSent: () => undefined,
  release: () => undefined,
});
