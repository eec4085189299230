// A question on its way through the verifier, and the call that asked it.
import type { OnBehalfOf } from './on-behalf-of.ts';
import type { Outcome } from './outcome.ts';
import type { Question } from './questions.ts';

/** Why a question was dropped. */
export type ShedReason = 'queue_full' | 'waited_too_long' | 'client_gone' | 'thread_lost' | 'stopping';

/** All questions that were asked at once. */
export interface Call {
  readonly asker: OnBehalfOf;
  readonly askedAt: number;
  /** True once it is answered or has failed: its jobs that still wait are dropped. */
  over: boolean;
  /** Why it failed, where a job of it was dropped. */
  shed: ShedReason | undefined;
}

export interface Job {
  readonly id: number;
  readonly question: Question;
  readonly call: Call;
  /** Undefined until it is computed for the first time. */
  waitMs: number | undefined;
  computeMs: number;
  readonly settle: (
    end: Extract<Outcome, { kind: 'answer' | 'failed' }> | { kind: 'shed'; reason: ShedReason },
  ) => void;
}

/** The jobs of a call that wait, oldest first: they share one place in a queue. */
export interface QueuedCall {
  readonly call: Call;
  readonly jobs: Job[];
}

export const overReason = ({ call }: QueuedCall): ShedReason =>
  call.shed ?? (call.over || call.asker.gone() ? 'client_gone' : 'waited_too_long');
