// Whose question is verified next. Three bounded queues: requests with a session, all other requests, and questions that only the plain
// JavaScript curve can answer. In each, networks take turns, and in a network its clients; a call has one place, however many questions
// it asks. Nobody waits longer than `maxWaitMs`.
import { createFairQueue, type FairQueue } from '../domain/fair-queue.ts';
import { createSignedInFirst } from '../domain/signed-in-first.ts';
import { type Job, overReason, type QueuedCall, type ShedReason } from './job.ts';

export type Lane = 'signedIn' | 'others' | 'plain';

export interface Lanes {
  /** Queues the call, or drops the newest call of the client that has most. */
  push(lane: Lane, queued: QueuedCall): void;
  /** The next job that somebody still waits for: of four, three of requests with a session, if there are any. */
  take(): Job | undefined;
  takePlain(): Job | undefined;
  /** Whether nothing waits that has its turn before a new call. */
  isFree(signedIn: boolean): boolean;
  /** Whether any job waits that is not for the plain curve alone. */
  hasUsual(): boolean;
  hasPlain(): boolean;
  /** Drops what waited too long, and calls whose client has gone. */
  sweep(): void;
  /** Drops everything. */
  clear(reason: ShedReason): void;
  /** Jobs in all lanes. */
  depth(): number;
  clients(): number;
}

export interface LanesOptions {
  /** Calls, in each lane. */
  readonly maxWaiting: number;
  readonly maxWaitMs: number;
  readonly now: () => number;
  /** Called for each call that leaves without having been computed. */
  readonly drop: (queued: QueuedCall, reason: ShedReason) => void;
}

/** Only made-up signatures get here: so few that they cannot keep others from the threads. */
const MAX_PLAIN_WAITING = 64;

export function createLanes({ maxWaiting, maxWaitMs, now, drop }: LanesOptions): Lanes {
  const lanes: Readonly<Record<Lane, FairQueue<QueuedCall>>> = {
    signedIn: createFairQueue<QueuedCall>(maxWaiting),
    others: createFairQueue<QueuedCall>(maxWaiting),
    plain: createFairQueue<QueuedCall>(Math.min(maxWaiting, MAX_PLAIN_WAITING)),
  };
  const { signedIn, others, plain } = lanes;
  const every = Object.values(lanes);
  const takeNext = createSignedInFirst();
  let depth = 0;

  function isOver({ call }: QueuedCall, at = now()): boolean {
    return call.over || call.asker.gone() || at - call.askedAt > maxWaitMs;
  }

  /** Of a call that has left its lane. */
  function evict(queued: QueuedCall, reason: ShedReason): void {
    depth -= queued.jobs.length;
    drop(queued, reason);
  }

  function takeFrom(lane: FairQueue<QueuedCall>): Job | undefined {
    const at = now();
    const stays = (queued: QueuedCall): boolean => queued.jobs.length > 1 && !isOver(queued, at);
    for (let queued = lane.shift(stays); queued !== undefined; queued = lane.shift(stays)) {
      const job = isOver(queued, at) ? undefined : queued.jobs.shift();
      if (job === undefined) {
        evict(queued, overReason(queued));
        continue;
      }
      depth -= 1;
      return job;
    }
    return undefined;
  }

  return {
    push(lane, queued) {
      depth += queued.jobs.length;
      const { dropped } = lanes[lane].push(queued.call.asker, queued);
      if (dropped !== undefined) evict(dropped, 'queue_full');
    },
    take: () => takeNext((isSignedIn) => takeFrom(isSignedIn ? signedIn : others)),
    takePlain: () => takeFrom(plain),
    isFree: (isSignedIn) => signedIn.size === 0 && (isSignedIn || others.size === 0),
    hasUsual: () => signedIn.size + others.size > 0,
    hasPlain: () => plain.size > 0,
    sweep() {
      for (const lane of every)
        for (const queued of lane.removeOver((waiting) => isOver(waiting))) evict(queued, overReason(queued));
    },
    clear(reason) {
      for (const lane of every) for (const queued of lane.removeOver(() => true)) evict(queued, reason);
    },
    depth: () => depth,
    clients: () => every.reduce((sum, { clients }) => sum + clients, 0),
  };
}
