// Who verifies a signature, when, and for whom first: at once on the main thread while that has time, else in a bounded queue that
// every network gets its turn from, and in it every client, in batches on worker threads. It never lets a question wait without end,
// never answers one with the answer to another, and never turns a failure into a verdict.

import { createFairQueue, type FairQueue } from '../domain/fair-queue.ts';
import { createSignedInFirst } from '../domain/signed-in-first.ts';
import { ApiError } from '../errors.ts';
import { addEngine, type EngineTotals, NO_ENGINE } from './engine-totals.ts';
import type { OnBehalfOf } from './on-behalf-of.ts';
import type { OpenedAnswers } from './open-answers.ts';
import { type Effort, type Outcome, outcomeOf } from './outcome.ts';
import { type AnswerTo, isAnswerTo, type Kind, type Question } from './questions.ts';
import type { Threads, ThreadsStats } from './threads.ts';

export interface Verifier {
  /**
   * Resolves with the answer. Rejects with SERVICE_UNAVAILABLE when there is no room, after waiting too long, when the thread that
   * had the question is lost, and when the service is stopping. What can be refused without asking must have been.
   */
  ask<Asked extends Question>(question: Asked, asker: OnBehalfOf): Promise<AnswerTo<Asked['kind']>>;
  /**
   * The answers to all, in their order. However many they are, they take one place in the queue, and one turn each. Rejects as `ask`
   * does, as soon as one of them is dropped.
   */
  askAll<Asked extends Question>(
    questions: readonly Asked[],
    asker: OnBehalfOf,
  ): Promise<readonly AnswerTo<Asked['kind']>[]>;
  stats(): VerifierStats;
  /** Refuses what waits and whatever comes, and resolves when the threads have ended. */
  close(): Promise<void>;
}

/** Why a question was dropped. */
export type ShedReason = 'queue_full' | 'waited_too_long' | 'client_gone' | 'thread_lost' | 'stopping';

/** Why a question is left to the plain JavaScript curve: the engine could not tell, or there is none. */
export type FallbackReason = 'undecided' | 'no_engine';

export interface VerifierStats {
  /** Questions that wait now, and the clients they belong to. */
  readonly depth: number;
  readonly clients: number;
  /** Questions ever asked. */
  readonly submitted: number;
  /** Answered on the main thread. */
  readonly inline: number;
  /** Given to worker threads, and in how many batches. */
  readonly batched: number;
  readonly batches: number;
  readonly shed: Readonly<Record<ShedReason, number>>;
  /** Questions left to the plain JavaScript curve. */
  readonly fallbacks: Readonly<Record<FallbackReason, number>>;
  /** From question to the beginning of its computation, and the computation itself. */
  readonly wait: DurationStats;
  readonly compute: DurationStats;
  /** False: everything is computed in plain JavaScript. */
  readonly engineAvailable: boolean;
  /** Of all threads together. */
  readonly engine: EngineTotals;
  readonly threads: Pick<ThreadsStats, 'configured' | 'ready' | 'lost'>;
}

export interface DurationStats {
  readonly count: number;
  readonly sumSeconds: number;
  readonly maxSeconds: number;
}

export interface Answered {
  readonly kind: Kind;
  readonly waitSeconds: number;
  readonly computeSeconds: number;
}

export interface VerifierOptions {
  readonly answers: OpenedAnswers;
  /** Given how to say that something changed; undefined to compute everything on this thread. */
  readonly openThreads?: ((onChange: () => void) => Threads) | undefined;
  /** Places in the queue, one for each call: as many for those who are signed in as for all others. */
  readonly maxWaiting: number;
  readonly maxWaitMs: number;
  /** How long the main thread may compute, at the least, before it lets others run. */
  readonly inlineMs?: number;
  /** Called for every answer. */
  readonly onAnswered?: (answered: Answered) => void;
  /** Called at most every 10 s, with how many were dropped for lack of room or time since the last call. */
  readonly onShedding?: (dropped: number) => void;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

/** What was asked in one go. */
interface Call {
  readonly asker: OnBehalfOf;
  readonly askedAt: number;
  /** Settled: what still waits of it is dropped, for this reason if there is one. */
  over: boolean;
  shed: ShedReason | undefined;
}

interface Job {
  readonly id: number;
  readonly question: Question;
  readonly call: Call;
  waitMs: number | undefined;
  computeMs: number;
  readonly settle: (
    end: Extract<Outcome, { kind: 'answer' | 'failed' }> | { kind: 'shed'; reason: ShedReason },
  ) => void;
}

/** A place in a queue, with what waits in it, oldest first: at least one. */
interface QueuedCall {
  readonly call: Call;
  readonly jobs: Job[];
}

interface Work {
  readonly effort: Effort;
  readonly jobs: readonly Job[];
}

/** Two or three logins by keys without a table. */
const INLINE_MS = 0.5;
/** However long all else took: requests that are already there must not wait much longer for it. */
const MAX_INLINE_MS = 5;
const MAX_BATCH = 16;
/** So many waiting are a load that is worth threads; fewer are done before a thread has started. */
const THREADS_AT = 8;
/** Only made-up signatures get here, so few that they cannot keep others from the threads. */
const MAX_PLAIN_WAITING = 64;
const SWEEP_MS = 500;
const SHEDDING_MS = 10_000;

export function createVerifier(options: VerifierOptions): Verifier {
  const { answers, maxWaiting, maxWaitMs, inlineMs = INLINE_MS, now = () => performance.now() } = options;
  const usualEffort: Effort = answers.quick === undefined ? 'complete' : 'quick';
  const maxBatch = usualEffort === 'quick' ? MAX_BATCH : 1;
  const lanes = {
    signedIn: createFairQueue<QueuedCall>(maxWaiting),
    others: createFairQueue<QueuedCall>(maxWaiting),
    /** What the engine could not answer. */
    plain: createFairQueue<QueuedCall>(Math.min(maxWaiting, MAX_PLAIN_WAITING)),
  };
  const every = Object.values(lanes);
  const threads = options.openThreads?.(() => pumpSoon());

  const shed = { queue_full: 0, waited_too_long: 0, client_gone: 0, thread_lost: 0, stopping: 0 };
  const wait = createDurations();
  const compute = createDurations();
  /** Jobs in all lanes. */
  let depth = 0;
  let submitted = 0;
  let inline = 0;
  let batched = 0;
  let batches = 0;
  const fallbacks = { undecided: 0, no_engine: 0 };

  let closed = false;
  let pump: NodeJS.Immediate | undefined;
  let rest: NodeJS.Timeout | undefined;
  /** What the main thread has computed in this turn of the event loop. */
  let spentMs = 0;
  /** When the pump last stopped. */
  let pumpedAt = now();
  /** Until then the main thread does nothing slow again. */
  let restsUntil = Number.NEGATIVE_INFINITY;
  const takeNext = createSignedInFirst();
  let plainIsNext = false;
  let plainUnderWay = 0;

  const sweep = setInterval(() => {
    for (const lane of every)
      for (const place of lane.removeOver((place) => isOver(place))) evict(place, overReason(place));
    reportShedding();
  }, SWEEP_MS).unref();
  let reported = { at: Number.NEGATIVE_INFINITY, dropped: 0 };

  return {
    async ask(question, asker) {
      const [answer] = await askAll([question], asker);
      if (answer === undefined) throw new Error(`a ${question.kind} question got no answer`);
      return answer;
    },

    askAll,

    stats() {
      const own = answers.stats();
      const others = threads?.stats() ?? { configured: 0, ready: 0, lost: 0, engine: NO_ENGINE };
      const { configured, ready, lost } = others;
      return {
        depth,
        clients: every.reduce((sum, { clients }) => sum + clients, 0),
        submitted,
        inline,
        batched,
        batches,
        shed: { ...shed },
        fallbacks: { ...fallbacks },
        wait: wait.stats(),
        compute: compute.stats(),
        engineAvailable: answers.quick !== undefined,
        engine: own === undefined ? others.engine : addEngine(own, others.engine),
        threads: { configured, ready, lost },
      };
    },

    async close() {
      closed = true;
      clearInterval(sweep);
      clearImmediate(pump);
      clearTimeout(rest);
      for (const lane of every) for (const place of lane.removeOver(() => true)) evict(place, 'stopping');
      await threads?.close();
    },
  };

  function askAll<Asked extends Question>(
    questions: readonly Asked[],
    asker: OnBehalfOf,
  ): Promise<readonly AnswerTo<Asked['kind']>[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly AnswerTo<Asked['kind']>[]>();
    const call: Call = { asker, askedAt: now(), over: false, shed: undefined };
    const given = new Map<Asked, AnswerTo<Asked['kind']>>();
    function fail(error: Error, reason?: ShedReason): void {
      call.over = true;
      call.shed = reason;
      reject(error);
    }
    const jobs = questions.map((question): Job => {
      submitted += 1;
      return {
        ...{ id: submitted, question, call, waitMs: undefined, computeMs: 0 },
        settle(end) {
          if (call.over) return;
          if (end.kind === 'shed') fail(unavailable(sentences[end.reason]), end.reason);
          else if (end.kind === 'failed') fail(new Error(`a ${question.kind} question failed: ${end.reason}`));
          else if (isAnswerTo(end.answer, question.kind)) given.set(question, end.answer);
          else fail(new Error(`a ${question.kind} question got the answer to another one`));
          settleAll();
        },
      };
    });
    function settleAll(): void {
      const all = questions.flatMap((question) => given.get(question) ?? []);
      if (call.over || all.length < questions.length) return;
      call.over = true;
      resolve(all);
    }
    settleAll();
    submit({ call, jobs });
    return promise;
  }

  function submit(place: QueuedCall): void {
    const { call, jobs } = place;
    if (closed) {
      drop(place, 'stopping');
      return;
    }
    const lane = call.asker.signedIn ? lanes.signedIn : lanes.others;
    const isFirst = lanes.signedIn.size === 0 && lane.size === 0;
    while (isFirst && usualEffort === 'quick' && spentMs < inlineMs && !call.over) {
      const job = jobs.shift();
      if (job === undefined) break;
      answerHere(job, 'quick');
    }
    if (call.over) drop(place, overReason(place));
    else if (jobs.length > 0) enqueue(lane, place);
  }

  function enqueue(lane: FairQueue<QueuedCall>, place: QueuedCall): void {
    depth += place.jobs.length;
    const { dropped } = lane.push(place.call.asker, place);
    if (dropped !== undefined) evict(dropped, 'queue_full');
    if (depth >= THREADS_AT || usualEffort === 'complete' || lanes.plain.size > 0) threads?.start();
    pumpSoon();
  }

  /** Of a place that has left its lane. */
  function evict(place: QueuedCall, reason: ShedReason): void {
    depth -= place.jobs.length;
    drop(place, reason);
  }

  function drop({ jobs }: QueuedCall, reason: ShedReason): void {
    shed[reason] += jobs.length;
    for (const job of jobs) job.settle({ kind: 'shed', reason });
  }

  // The check phase of the event loop: what has arrived over the network was read before, and is again before the next one.
  function pumpSoon(): void {
    if (closed || pump !== undefined) return;
    pump = setImmediate(() => {
      pump = undefined;
      spentMs = 0;
      if (depth > 0) {
        giveToThreads();
        if ((threads?.ready ?? 0) === 0) workHere();
      }
      pumpedAt = now();
    });
  }

  function giveToThreads(): void {
    if (threads === undefined) return;
    while (threads.idle > 0) {
      const work = nextWork(threads);
      if (work === undefined) return;
      void runOn(threads, work);
    }
  }

  function nextWork({ ready }: Threads): Work | undefined {
    // However many questions need it, the plain curve gets every other turn of half the threads at most.
    const mayBePlain = plainUnderWay < Math.max(1, Math.floor(ready / 2));
    if (mayBePlain && (plainIsNext || lanes.signedIn.size + lanes.others.size === 0)) {
      plainIsNext = false;
      const job = take(lanes.plain);
      if (job !== undefined) return { effort: 'complete', jobs: [job] };
    }
    plainIsNext = true;
    const jobs: Job[] = [];
    for (let job = next(); job !== undefined; job = next()) {
      jobs.push(job);
      if (jobs.length === maxBatch) break;
    }
    return jobs.length === 0 ? undefined : { effort: usualEffort, jobs };
  }

  async function runOn(pool: Threads, { effort, jobs }: Work): Promise<void> {
    const isPlain = usualEffort === 'quick' && effort === 'complete';
    if (isPlain) plainUnderWay += 1;
    batches += 1;
    batched += jobs.length;
    for (const job of jobs) begin(job);
    const outcomes = await pool
      .run({ effort, asked: jobs.map(({ id, question }) => ({ id, question })) })
      .catch(() => []);
    if (isPlain) plainUnderWay -= 1;
    jobs.forEach((job, i) => {
      const outcome = outcomes[i];
      if (outcome === undefined) drop({ call: job.call, jobs: [job] }, closed ? 'stopping' : 'thread_lost');
      else end(job, outcome);
    });
  }

  function workHere(): void {
    if (usualEffort === 'quick') {
      // As long as all else took since the last time: when requests come faster than they can be read, verifying still gets its half.
      const allowedMs = Math.max(inlineMs, Math.min(MAX_INLINE_MS, now() - pumpedAt));
      do {
        const job = next();
        if (job === undefined) break;
        answerHere(job, 'quick');
      } while (spentMs < allowedMs);
      if (lanes.signedIn.size + lanes.others.size > 0) pumpSoon();
    }
    // What is slow waits for a thread that is about to be ready, and gets half of the main thread's time where there is none.
    if ((threads?.alive ?? 0) > 0) return;
    const begun = now();
    if (begun >= restsUntil) {
      const job = usualEffort === 'quick' ? take(lanes.plain) : next();
      if (job !== undefined) answerHere(job, 'complete');
      restsUntil = 2 * now() - begun;
    }
    if (depth === 0) return;
    clearTimeout(rest);
    rest = setTimeout(pumpSoon, Math.max(1, restsUntil - now()));
  }

  function answerHere(job: Job, effort: Effort): void {
    begin(job);
    const outcome = outcomeOf(answers, job.question, effort);
    spentMs += outcome.computeMs;
    // So that the next turn begins with nothing spent.
    pumpSoon();
    if (outcome.kind !== 'needs_plain_curve') inline += 1;
    end(job, outcome);
  }

  function begin(job: Job): void {
    job.waitMs ??= now() - job.call.askedAt;
  }

  function end(job: Job, outcome: Outcome): void {
    job.computeMs += outcome.computeMs;
    if (outcome.kind === 'needs_plain_curve') {
      fallbacks.undecided += 1;
      const place = { call: job.call, jobs: [job] };
      if (closed) drop(place, 'stopping');
      else if (!job.call.over) enqueue(lanes.plain, place);
      return;
    }
    if (usualEffort === 'complete') fallbacks.no_engine += 1;
    const waitSeconds = (job.waitMs ?? 0) / 1000;
    const computeSeconds = job.computeMs / 1000;
    wait.add(waitSeconds);
    compute.add(computeSeconds);
    options.onAnswered?.({ kind: job.question.kind, waitSeconds, computeSeconds });
    job.settle(outcome);
  }

  function next(): Job | undefined {
    return takeNext((signedIn) => take(signedIn ? lanes.signedIn : lanes.others));
  }

  /** The next one that somebody still waits for. */
  function take(lane: FairQueue<QueuedCall>): Job | undefined {
    const at = now();
    const stays = (place: QueuedCall): boolean => place.jobs.length > 1 && !isOver(place, at);
    for (let place = lane.shift(stays); place !== undefined; place = lane.shift(stays)) {
      const job = isOver(place, at) ? undefined : place.jobs.shift();
      if (job === undefined) {
        evict(place, overReason(place));
        continue;
      }
      depth -= 1;
      return job;
    }
    return undefined;
  }

  function isOver({ call }: QueuedCall, at = now()): boolean {
    return call.over || call.asker.gone() || at - call.askedAt > maxWaitMs;
  }

  function overReason({ call }: QueuedCall): ShedReason {
    return call.shed ?? (call.over || call.asker.gone() ? 'client_gone' : 'waited_too_long');
  }

  function reportShedding(): void {
    const dropped = shed.queue_full + shed.waited_too_long;
    if (dropped === reported.dropped || now() - reported.at < SHEDDING_MS) return;
    options.onShedding?.(dropped - reported.dropped);
    reported = { at: now(), dropped };
  }
}

const unavailable = (message: string): ApiError => new ApiError('SERVICE_UNAVAILABLE', message);

const sentences: Readonly<Record<ShedReason, string>> = {
  queue_full: 'too many signatures are waiting to be verified; try again in a moment',
  waited_too_long: 'verifying the signature took too long; try again in a moment',
  client_gone: 'the client has left',
  thread_lost: 'the signature could not be verified; try again in a moment',
  stopping: 'the service is stopping',
};

function createDurations(): { add(seconds: number): void; stats(): DurationStats } {
  let count = 0;
  let sumSeconds = 0;
  let maxSeconds = 0;
  return {
    add(seconds) {
      count += 1;
      sumSeconds += seconds;
      maxSeconds = Math.max(maxSeconds, seconds);
    },
    stats: () => ({ count, sumSeconds, maxSeconds }),
  };
}
