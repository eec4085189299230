// Verifies signatures: each question at once on the main thread while that has time, else from a bounded queue (lanes.ts), on this
// thread or in batches on worker threads (pump.ts). No question waits without end or gets the answer to another one, and no failure is
// turned into a verdict.
import { ApiError } from '../errors.ts';
import { addEngine, type EngineTotals, NO_ENGINE } from './engine-totals.ts';
import { type Call, type Job, overReason, type QueuedCall, type ShedReason } from './job.ts';
import { createLanes, type Lane } from './lanes.ts';
import type { OnBehalfOf } from './on-behalf-of.ts';
import type { OpenedAnswers } from './open-answers.ts';
import type { Effort, Outcome } from './outcome.ts';
import { createPump, type PumpStats } from './pump.ts';
import { type AnswerTo, isAnswerTo, type Kind, type Question } from './questions.ts';
import type { Threads, ThreadsStats } from './threads.ts';

export interface Verifier {
  /**
   * Rejects with SERVICE_UNAVAILABLE when the queue is full, after waiting too long, when the thread with the question is lost, and when
   * the service is stopping. Check everything that is cheap to check before you ask.
   */
  ask<Asked extends Question>(question: Asked, asker: OnBehalfOf): Promise<AnswerTo<Asked['kind']>>;
  /**
   * The answers in the order of the questions. All questions together take one place in the queue, each one turn. Rejects as `ask` does,
   * as soon as one of them is dropped.
   */
  askAll<Asked extends Question>(
    questions: readonly Asked[],
    asker: OnBehalfOf,
  ): Promise<readonly AnswerTo<Asked['kind']>[]>;
  stats(): VerifierStats;
  /** Refuses waiting and new questions; resolves when the threads have ended. */
  close(): Promise<void>;
}

/** Why the plain JavaScript curve was used: the engine could not decide, or there is none. */
export type FallbackReason = 'undecided' | 'no_engine';

export interface VerifierStats extends PumpStats {
  /** Questions that wait now, and the number of their clients. */
  readonly depth: number;
  readonly clients: number;
  readonly shed: Readonly<Record<ShedReason, number>>;
  /** Questions left to the plain JavaScript curve. */
  readonly fallbacks: Readonly<Record<FallbackReason, number>>;
  /** False: everything is computed in plain JavaScript. */
  readonly engineAvailable: boolean;
  /** Of all threads together. */
  readonly engine: EngineTotals;
  readonly threads: Pick<ThreadsStats, 'configured' | 'ready' | 'lost'>;
}

export interface Answered {
  readonly kind: Kind;
  readonly waitSeconds: number;
  readonly computeSeconds: number;
}

export interface VerifierOptions {
  readonly answers: OpenedAnswers;
  /** Gets a callback to report changes. Undefined: everything is computed on this thread. */
  readonly openThreads?: ((onChange: () => void) => Threads) | undefined;
  /** Waiting calls: so many with a session, and so many without. */
  readonly maxWaiting: number;
  readonly maxWaitMs: number;
  /** The main thread computes at least this long before it lets other work run. */
  readonly inlineMs?: number;
  /** Called for every answer. */
  readonly onAnswered?: (answered: Answered) => void;
  /** Called at most every 10 s with the number of questions dropped since, for lack of room or time. */
  readonly onShedding?: (dropped: number) => void;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

/** Enough for two or three logins by keys without a table. */
const INLINE_MS = 0.5;
/** Below this many waiting jobs the work is done before a thread has started. */
const THREADS_AT = 8;
const SWEEP_MS = 500;
const SHEDDING_MS = 10_000;

export function createVerifier(options: VerifierOptions): Verifier {
  const { answers, maxWaiting, maxWaitMs, inlineMs = INLINE_MS, now = () => performance.now() } = options;
  const usualEffort: Effort = answers.quick === undefined ? 'complete' : 'quick';
  const lanes = createLanes({ maxWaiting, maxWaitMs, now, drop });
  const threads = options.openThreads?.(() => pump.soon());
  const pump = createPump({
    ...{ answers, usualEffort, lanes, threads, inlineMs, now, ended },
    lost: (job) => drop({ call: job.call, jobs: [job] }, closed ? 'stopping' : 'thread_lost'),
  });

  const shed = { queue_full: 0, waited_too_long: 0, client_gone: 0, thread_lost: 0, stopping: 0 };
  const fallbacks = { undecided: 0, no_engine: 0 };
  let lastId = 0;
  let closed = false;
  let reported = { at: Number.NEGATIVE_INFINITY, dropped: 0 };
  const sweep = setInterval(() => {
    lanes.sweep();
    reportShedding();
  }, SWEEP_MS).unref();

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
        depth: lanes.depth(),
        clients: lanes.clients(),
        ...pump.stats(),
        shed: { ...shed },
        fallbacks: { ...fallbacks },
        engineAvailable: answers.quick !== undefined,
        engine: own === undefined ? others.engine : addEngine(own, others.engine),
        threads: { configured, ready, lost },
      };
    },

    async close() {
      closed = true;
      clearInterval(sweep);
      pump.close();
      lanes.clear('stopping');
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
      lastId += 1;
      return {
        ...{ id: lastId, question, call, waitMs: undefined, computeMs: 0 },
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

  function submit(queued: QueuedCall): void {
    const { call, jobs } = queued;
    if (closed) {
      drop(queued, 'stopping');
      return;
    }
    const { signedIn } = call.asker;
    if (lanes.isFree(signedIn)) pump.computeNow(queued);
    if (call.over) drop(queued, overReason(queued));
    else if (jobs.length > 0) enqueue(signedIn ? 'signedIn' : 'others', queued);
  }

  function enqueue(lane: Lane, queued: QueuedCall): void {
    lanes.push(lane, queued);
    if (lanes.depth() >= THREADS_AT || usualEffort === 'complete' || lanes.hasPlain()) threads?.start();
    pump.soon();
  }

  function drop({ jobs }: QueuedCall, reason: ShedReason): void {
    shed[reason] += jobs.length;
    for (const job of jobs) job.settle({ kind: 'shed', reason });
  }

  function ended(job: Job, outcome: Outcome): void {
    job.computeMs += outcome.computeMs;
    if (outcome.kind === 'needs_plain_curve') {
      fallbacks.undecided += 1;
      const queued = { call: job.call, jobs: [job] };
      if (closed) drop(queued, 'stopping');
      else if (!job.call.over) enqueue('plain', queued);
      return;
    }
    if (usualEffort === 'complete') fallbacks.no_engine += 1;
    options.onAnswered?.({
      kind: job.question.kind,
      waitSeconds: (job.waitMs ?? 0) / 1000,
      computeSeconds: job.computeMs / 1000,
    });
    job.settle(outcome);
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
