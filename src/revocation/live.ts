// The live registry: every allowed request under way, by what it depends on. A change cuts here before it is acknowledged.
import { append, createChain, createLink, ownersOf, unlink } from '../domain/chain.ts';
import type { Subject } from '../domain/credential.ts';
import type { DenyReason } from '../domain/decision.ts';
import type { Grant } from '../domain/grant.ts';
import type { Principal } from '../domain/principal.ts';
import { type Clock, isOver, NEVER, type UnixNanos } from '../domain/time.ts';

export interface OpenGrant {
  readonly principal: Principal;
  readonly subjects: readonly Subject[];
  /** The log position of the facts it was decided on. */
  readonly position: bigint;
  /** Asked at the last check of a request that was not cut: has time ended it? */
  readonly refusalAt: (now: UnixNanos) => DenyReason | undefined;
  /** Expiry of the bearer or of its credential, whichever is first; 0 = never. The request is cut then. */
  readonly endsAt: UnixNanos;
  /** The reason that is told at `endsAt`. */
  readonly endReason: DenyReason;
  /** The time of the decision. */
  readonly decidedAt: UnixNanos;
}

export interface LiveRegistry {
  /** Must be called in the same synchronous turn as the decision it stands for. */
  open(grant: OpenGrant): Grant;
  /**
   * Cuts the requests under these subjects that were decided before `position`, or all of them without one: a change that is applied
   * twice must not end what was allowed after it. Returns how many had already sent their head: the venue may still act on those.
   * When a listener throws, the others are cut first.
   */
  cut(subjects: readonly Subject[], reason: DenyReason, position?: bigint): number;
  /** As cut, but once it is `at`: until then the requests go on. */
  endBy(at: UnixNanos, subjects: readonly Subject[], reason: DenyReason, position: bigint): void;
  readonly size: number;
}

// Most requests end long before their session does: only those still open when it is about to end get a timer.
const LOOK_MS = 1_000;
/** 2 s, longer than LOOK_MS: a request that ends before the next look has its timer. */
const NEAR_NS = 2_000_000_000n;

/** A cut scans all open requests: an index by subject would change with every request, and changes are rare beside those. */
export function createLiveRegistry(deps: { clock: Clock }): LiveRegistry & {
  /** Cuts everything under way. */
  cutEverybody(reason: DenyReason): void;
} {
  const underWay = createChain<LiveGrant>();
  let size = 0;
  /** How many of them expire. */
  let ending = 0;
  let looking = false;

  return {
    open(grant) {
      const ends = grant.endsAt !== NEVER;
      const live = new LiveGrant(grant, deps.clock, () => {
        unlink(underWay, link);
        size -= 1;
        if (live.ends) ending -= 1;
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

    endBy(at, subjects, reason, position) {
      const ended = new Set(subjects);
      const now = deps.clock.latest();
      for (const live of ownersOf(underWay)) {
        if (live.position >= position || !live.dependsOn(ended)) continue;
        if (!live.ends) ending += 1;
        live.endBy(at, reason, now);
      }
      if (ending > 0 && !looking) lookLater();
    },

    cutEverybody: (reason) => void cutAll(ownersOf(underWay), reason),

    get size() {
      return size;
    },
  };

  // Runs while any open request expires, so that a lone request does not set and clear a timer of its own.
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
  #endsAt: UnixNanos;
  #endReason: DenyReason;
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
    this.#endsAt = grant.endsAt;
    this.#endReason = grant.endReason;
  }

  get ends(): boolean {
    return this.#endsAt !== NEVER;
  }

  /** Never moves its end back. */
  endBy(at: UnixNanos, reason: DenyReason, now: UnixNanos): void {
    if (this.ends && this.#endsAt <= at) return;
    this.#endsAt = at;
    this.#endReason = reason;
    clearTimeout(this.#expiry);
    this.#expiry = undefined;
    this.watchEnd(now);
  }

  /** Ends it in time, if that comes before the next look. */
  watchEnd(now: UnixNanos): void {
    const endsAt = this.#endsAt;
    const endReason = this.#endReason;
    if (this.#expiry !== undefined || endsAt === NEVER || endsAt > now + NEAR_NS) return;
    const ms = Number((endsAt - now) / 1_000_000n) + 1;
    this.#expiry = setTimeout(() => cutAll([this], endReason), Math.max(ms, 0)).unref();
  }

  dependsOn(subjects: ReadonlySet<Subject>): boolean {
    return this.#grant.subjects.some((subject) => subjects.has(subject));
  }

  refusal(): DenyReason | undefined {
    if (this.#ended !== undefined) return this.#ended;
    const now = this.#clock.latest();
    // Facts from before a change that brought its end forward do not know of it.
    return this.#grant.refusalAt(now) ?? (isOver(this.#endsAt, now) ? this.#endReason : undefined);
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
