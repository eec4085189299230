// The worker threads that verify under load: started when first needed, replaced when they die, ended with the service. The batch of a
// thread that dies, is late or answers other questions than it was asked fails as a whole: no verdict is guessed or taken from another
// question.
import { Worker } from 'node:worker_threads';
import type { EngineStats } from '../starknet/engine/engine.ts';
import type { VerificationSettings } from './answer.ts';
import { addEngine, type EngineTotals, NO_ENGINE } from './engine-totals.ts';
import type { Effort, Numbered, NumberedOutcome, Outcome } from './outcome.ts';

/** What a thread is started with. */
export interface ThreadData {
  readonly settings: VerificationSettings;
  /** For key tables, of each thread. */
  readonly tableBytes: number;
  /** True: a thread that cannot load the engine ends at once. It would be slower than the main thread, which has it. */
  readonly needsEngine: boolean;
}

export interface Batch {
  readonly effort: Effort;
  readonly asked: readonly Numbered[];
}

export type FromThread =
  | { readonly kind: 'ready' }
  /** `outcomes` in the order of the questions. */
  | {
      readonly kind: 'answered';
      readonly outcomes: readonly NumberedOutcome[];
      readonly engine: EngineStats | undefined;
    };

export interface ThreadsStats {
  readonly configured: number;
  /** Idle or busy. */
  readonly ready: number;
  /** Ended unexpectedly, and replaced. */
  readonly lost: number;
  /** Of all threads, lost ones included, as of their last answer. */
  readonly engine: EngineTotals;
}

export interface Threads {
  /** Starts all threads. Idempotent. */
  start(): void;
  /** Ready, with nothing to do. */
  readonly idle: number;
  /** Idle or busy. */
  readonly ready: number;
  /** Ready or starting. */
  readonly alive: number;
  /**
   * Gives a batch to an idle thread. Resolves with the outcome of each of its questions, in their order. Rejects with ThreadLost when
   * the thread answers anything else or nothing, or when none is idle.
   */
  run(batch: Batch): Promise<readonly Outcome[]>;
  stats(): ThreadsStats;
  /** Resolves when all have ended. */
  close(): Promise<void>;
}

export interface ThreadsOptions {
  readonly count: number;
  readonly data: ThreadData;
  /** Called when the number of idle or ready threads may have changed. */
  readonly onChange: () => void;
  /** A thread ended unexpectedly; it is replaced after `retryMs`. */
  readonly onLost: (reason: string, retryMs: number) => void;
  /** Another entry, for tests. */
  readonly entry?: URL;
  /** A thread whose batch takes longer is ended. */
  readonly batchMs?: number;
  /** Delay before a lost thread is replaced; doubled each time a thread is lost without having answered anything. */
  readonly retryMs?: number;
}

/** There is no verdict: the thread ended, or no thread was idle. */
export class ThreadLost extends Error {
  override readonly name = 'ThreadLost';
}

const RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 60_000;
/** Loading the code and building the constant tables takes about half a second on a busy machine. */
const START_MS = 30_000;
/** 16 proofs in plain JavaScript take about half a second. */
const BATCH_MS = 10_000;
/** The engine's memory comes on top. */
const HEAP_MIB = 256;

interface Slot {
  state: 'stopped' | 'starting' | 'idle' | 'busy';
  worker: Worker | undefined;
  batch:
    | {
        readonly asked: readonly Numbered[];
        resolve(outcomes: readonly Outcome[]): void;
        reject(error: Error): void;
      }
    | undefined;
  /** The deadline of the start or of the batch, or the wait for the next start. */
  timer: NodeJS.Timeout | undefined;
  retryMs: number;
  engine: EngineStats | undefined;
}

// A clone runs the sources; the package is compiled.
const defaultEntry = new URL(import.meta.url.endsWith('.ts') ? './thread.ts' : './thread.js', import.meta.url);

export function createThreads(options: ThreadsOptions): Threads {
  const { count, data, onChange, onLost, entry = defaultEntry, batchMs = BATCH_MS, retryMs = RETRY_MS } = options;
  const slots = Array.from(
    { length: count },
    (): Slot => ({
      state: 'stopped',
      worker: undefined,
      batch: undefined,
      timer: undefined,
      retryMs,
      engine: undefined,
    }),
  );
  let started = false;
  let closed = false;
  let lost = 0;
  /** The counts of lost threads. */
  let bygone = NO_ENGINE;
  const countIn = (...states: Slot['state'][]): number => slots.filter(({ state }) => states.includes(state)).length;

  function open(slot: Slot): void {
    slot.state = 'starting';
    let worker: Worker;
    try {
      worker = new Worker(entry, {
        name: 'verification',
        workerData: data,
        env: {},
        // Discard what a thread prints: Node would write it to our own output, and wait for a slow reader of that.
        execArgv: ['--no-warnings'],
        stdout: true,
        stderr: true,
        resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
      });
    } catch (error) {
      lose(slot, messageOf(error));
      return;
    }
    slot.worker = worker;
    setDeadline(slot, START_MS, 'it did not start in time');
    const lostNow = (reason: string): void => {
      if (slot.worker === worker) lose(slot, reason);
    };
    worker.on('error', (error) => lostNow(messageOf(error)));
    worker.on('messageerror', (error) => lostNow(messageOf(error)));
    worker.on('exit', (code) => lostNow(`it ended with code ${code}`));
    worker.on('message', (message: FromThread) => {
      if (slot.worker === worker) receive(slot, message);
    });
    // Last: adding a listener would keep the process alive again.
    worker.unref();
  }

  function receive(slot: Slot, message: FromThread): void {
    const { batch } = slot;
    // One missing outcome would give all later questions the outcome of their neighbour.
    if (message.kind === 'answered' && !areOutcomesOf(message.outcomes, batch?.asked ?? [])) {
      lose(slot, 'it answered other questions than it was asked');
      return;
    }
    clearTimeout(slot.timer);
    slot.state = 'idle';
    slot.batch = undefined;
    if (message.kind === 'answered') {
      slot.engine = message.engine;
      slot.retryMs = retryMs;
      batch?.resolve(message.outcomes);
    }
    onChange();
  }

  function lose(slot: Slot, reason: string): void {
    const { batch, retryMs: waitMs } = slot;
    void stop(slot);
    lost += 1;
    slot.retryMs = Math.min(waitMs * 2, LONGEST_RETRY_MS);
    slot.timer = setTimeout(() => open(slot), waitMs).unref();
    onLost(reason, waitMs);
    batch?.reject(new ThreadLost(reason));
    onChange();
  }

  /** Empties the slot: messages of its thread are ignored from now on. */
  function stop(slot: Slot): Promise<number> | undefined {
    const { worker, engine } = slot;
    clearTimeout(slot.timer);
    slot.state = 'stopped';
    slot.worker = undefined;
    slot.batch = undefined;
    slot.engine = undefined;
    if (engine !== undefined) bygone = addEngine(bygone, { ...engine, tables: 0, tableBytes: 0 });
    return worker?.terminate();
  }

  function setDeadline(slot: Slot, ms: number, reason: string): void {
    clearTimeout(slot.timer);
    slot.timer = setTimeout(() => lose(slot, reason), ms).unref();
  }

  return {
    start() {
      if (started || closed) return;
      started = true;
      for (const slot of slots) open(slot);
    },

    get idle() {
      return countIn('idle');
    },
    get ready() {
      return countIn('idle', 'busy');
    },
    get alive() {
      return countIn('starting', 'idle', 'busy');
    },

    run(batch) {
      const slot = slots.find(({ state }) => state === 'idle');
      if (slot?.worker === undefined) return Promise.reject(new ThreadLost('no thread is idle'));
      const { worker } = slot;
      slot.state = 'busy';
      setDeadline(slot, batchMs, 'it did not answer in time');
      return new Promise((resolve, reject) => {
        slot.batch = { asked: batch.asked, resolve, reject };
        worker.postMessage(batch);
      });
    },

    stats: () => ({
      configured: count,
      ready: countIn('idle', 'busy'),
      lost,
      engine: slots.reduce((sum, { engine }) => (engine === undefined ? sum : addEngine(sum, engine)), bygone),
    }),

    async close() {
      closed = true;
      const ending = slots.map((slot) => {
        const { batch } = slot;
        const ended = stop(slot);
        batch?.reject(new ThreadLost('the service is stopping'));
        return ended;
      });
      await Promise.all(ending);
    },
  };
}

const areOutcomesOf = (outcomes: readonly NumberedOutcome[], asked: readonly Numbered[]): boolean =>
  outcomes.length === asked.length && asked.every(({ id }, i) => outcomes[i]?.id === id);

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
