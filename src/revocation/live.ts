// The live registry: every allowed request under way, by what it depends on. A change cuts here before it is acknowledged.
import { append, createChain, createLink, ownersOf, unlink } from '../domain/chain.ts';
import type { Subject } from '../domain/credential.ts';
import type { DenyReason } from '../domain/decision.ts';
import type { Grant } from '../domain/grant.ts';
import type { Principal } from '../domain/principal.ts';
import { type Clock, NEVER, type UnixNanos } from '../domain/time.ts';

export interface OpenGrant {
  readonly principal: Principal;
  readonly subjects: readonly Subject[];
  /** The log position of the facts it was decided on. */
  readonly position: bigint;
  /** Asked at the last check, after "was it cut": what time alone can have ended. */
  readonly refusalAt: (now: UnixNanos) => DenyReason | undefined;
  /** When the bearer or its credential ends, whichever comes first; 0 = never. What is in flight then is cut. */
  readonly endsAt: UnixNanos;
  /** What is told then. */
  readonly endReason: DenyReason;
  /** The time of the decision. */
  readonly decidedAt: UnixNanos;
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

// Nearly every request is over long before its session is: only what is still under way when its end comes near gets a timer.
const LOOK_MS = 1_000;
/** 2 s: whatever ends before the next look has its timer by then. */
const NEAR_NS = 2_000_000_000n;

/** A cut looks at everything under way: changes are rare beside requests, and an index by subject would change with each of those. */
export function createLiveRegistry(deps: { clock: Clock }): LiveRegistry & {
  /** Cuts everything under way. */
  cutEverybody(reason: DenyReason): void;
} {
  const underWay = createChain<LiveGrant>();
  let size = 0;
  /** Of those: how many end at some time. */
  let ending = 0;
  let looking = false;

  return {
    open(grant) {
      const ends = grant.endsAt !== NEVER;
      const live = new LiveGrant(grant, deps.clock, () => {
        unlink(underWay, link);
        size -= 1;
        if (ends) ending -= 1;
      });
      const link = createLink(live);
      append(underWay, link);
      size += 1;
      if (!ends) return live;
      ending += 1;
      if (!looking) lookLater();
      live.watchEnd(grant.decidedAt);
      return live;
    },

    cut(subjects, reason, position) {
      const ended = new Set(subjects);
      const hit = ownersOf(underWay).filter(
        (live) => (position === undefined || live.position < position) && live.dependsOn(ended),
      );
      return cutAll(hit, reason);
    },

    cutEverybody: (reason) => void cutAll(ownersOf(underWay), reason),

    get size() {
      return size;
    },
  };

  // Goes on for as long as there is something to look at, and is not set and cleared with every request that is alone.
  function lookLater(): void {
    looking = true;
    setTimeout(() => {
      looking = false;
      const now = deps.clock.latest();
      for (const live of ownersOf(underWay)) live.watchEnd(now);
      if (ending > 0) lookLater();
    }, LOOK_MS).unref();
  }
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
  }

  /** Ends it in time, if that comes before the next look. */
  watchEnd(now: UnixNanos): void {
    const { endsAt, endReason } = this.#grant;
    if (this.#expiry !== undefined || endsAt === NEVER || endsAt > now + NEAR_NS) return;
    const ms = Number((endsAt - now) / 1_000_000n) + 1;
    this.#expiry = setTimeout(() => cutAll([this], endReason), Math.max(ms, 0)).unref();
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
