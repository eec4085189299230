// Where and when a job is computed: on this thread while it has time, else in batches on worker threads. The plain JavaScript curve takes
// a hundred times longer than the engine: it never has more than half of this thread or of the others.
import type { Job, QueuedCall } from './job.ts';
import type { Lanes } from './lanes.ts';
import type { OpenedAnswers } from './open-answers.ts';
import { type Effort, type Outcome, outcomeOf } from './outcome.ts';
import type { Threads } from './threads.ts';

export interface Pump {
  /** Computes jobs of a call that has just been asked, while there is time in this turn of the event loop. */
  computeNow(queued: QueuedCall): void;
  /** Goes through the lanes once this turn of the event loop is over. */
  soon(): void;
  /** Computes nothing more. */
  close(): void;
  stats(): PumpStats;
}

export interface PumpStats {
  /** Answered on this thread. */
  readonly inline: number;
  /** Given to worker threads, and in how many batches. */
  readonly batched: number;
  readonly batches: number;
}

export interface PumpOptions {
  readonly answers: OpenedAnswers;
  /** `complete` without the engine: every job then takes tens of milliseconds. */
  readonly usualEffort: Effort;
  readonly lanes: Lanes;
  readonly threads: Threads | undefined;
  /** How long this thread may compute, at the least, before it lets others run. */
  readonly inlineMs: number;
  readonly now: () => number;
  readonly ended: (job: Job, outcome: Outcome) => void;
  /** The thread that had the job gave no outcome. */
  readonly lost: (job: Job) => void;
}

/** However long all else took: requests that have arrived must not wait much longer for verifying. */
const MAX_INLINE_MS = 5;
const MAX_BATCH = 16;

interface Work {
  readonly effort: Effort;
  readonly jobs: readonly Job[];
}

export function createPump(options: PumpOptions): Pump {
  const { answers, usualEffort, lanes, threads, inlineMs, now, ended } = options;
  const maxBatch = usualEffort === 'quick' ? MAX_BATCH : 1;
  let inline = 0;
  let batched = 0;
  let batches = 0;

  let closed = false;
  let pump: NodeJS.Immediate | undefined;
  let rest: NodeJS.Timeout | undefined;
  /** What this thread has computed in this turn of the event loop. */
  let spentMs = 0;
  /** When the pump last stopped. */
  let pumpedAt = now();
  /** This thread starts nothing slow before this time. */
  let restsUntil = Number.NEGATIVE_INFINITY;
  let plainIsNext = false;
  let plainUnderWay = 0;

  // setImmediate, so that socket reads run between two batches.
  function soon(): void {
    if (closed || pump !== undefined) return;
    pump = setImmediate(() => {
      pump = undefined;
      spentMs = 0;
      if (lanes.depth() > 0) {
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
    // However many jobs need it, the plain curve gets every other turn of half the threads at most.
    const mayBePlain = plainUnderWay < Math.max(1, Math.floor(ready / 2));
    if (mayBePlain && (plainIsNext || !lanes.hasUsual())) {
      plainIsNext = false;
      const job = lanes.takePlain();
      if (job !== undefined) return { effort: 'complete', jobs: [job] };
    }
    plainIsNext = true;
    const jobs: Job[] = [];
    for (let job = lanes.take(); job !== undefined; job = lanes.take()) {
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
      if (outcome === undefined) options.lost(job);
      else ended(job, outcome);
    });
  }

  function workHere(): void {
    if (usualEffort === 'quick') {
      // For as long as everything else ran since the last pump: under overload verifying keeps half of the thread.
      const allowedMs = Math.max(inlineMs, Math.min(MAX_INLINE_MS, now() - pumpedAt));
      do {
        const job = lanes.take();
        if (job === undefined) break;
        computeHere(job, 'quick');
      } while (spentMs < allowedMs);
      if (lanes.hasUsual()) soon();
    }
    // Slow jobs wait for a thread that is about to be ready. Without one they get half of this thread's time.
    if ((threads?.alive ?? 0) > 0) return;
    const begun = now();
    if (begun >= restsUntil) {
      const job = usualEffort === 'quick' ? lanes.takePlain() : lanes.take();
      if (job !== undefined) computeHere(job, 'complete');
      restsUntil = 2 * now() - begun;
    }
    if (lanes.depth() === 0) return;
    clearTimeout(rest);
    rest = setTimeout(soon, Math.max(1, restsUntil - now()));
  }

  function computeHere(job: Job, effort: Effort): void {
    begin(job);
    const outcome = outcomeOf(answers, job.question, effort);
    spentMs += outcome.computeMs;
    // So that the next turn begins with nothing spent.
    soon();
    if (outcome.kind !== 'needs_plain_curve') inline += 1;
    ended(job, outcome);
  }

  function begin(job: Job): void {
    job.waitMs ??= now() - job.call.askedAt;
  }

  return {
    computeNow({ call, jobs }) {
      while (usualEffort === 'quick' && spentMs < inlineMs && !call.over) {
        const job = jobs.shift();
        if (job === undefined) break;
        computeHere(job, 'quick');
      }
    },
    soon,
    close() {
      closed = true;
      clearImmediate(pump);
      clearTimeout(rest);
    },
    stats: () => ({ inline, batched, batches }),
  };
}
