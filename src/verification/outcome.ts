// The outcome of a question on one thread, as plain data. A question that fails does not fail others.
import type { Answers, FirstVerdict } from './answer.ts';
import { NeedsPlainCurve, type OpenedAnswers } from './open-answers.ts';
import type { Answer, Question } from './questions.ts';

/** `quick` never runs the plain JavaScript curve; `complete` may. */
export type Effort = 'quick' | 'complete';

export type Outcome = { readonly computeMs: number } & (
  | { readonly kind: 'answer'; readonly answer: Answer }
  /** Ask again with effort `complete`. */
  | { readonly kind: 'needs_plain_curve' }
  /** A bug of ours; the reason is for the log. */
  | { readonly kind: 'failed'; readonly reason: string }
);

/** A question on its way to another thread. */
export interface Numbered {
  /** Never used for another question. */
  readonly id: number;
  readonly question: Question;
}

/** `id`: of its question. */
export type NumberedOutcome = Outcome & { readonly id: number };

/** The same outcomes as outcomeOf gives one by one, in less time, in the order of the questions. Never throws. */
export function outcomesOf(
  answers: Pick<OpenedAnswers, 'quick' | 'complete'>,
  asked: readonly Numbered[],
  effort: Effort,
): readonly NumberedOutcome[] {
  const begun = performance.now();
  const questions = asked.map(({ question }) => question);
  const first = effort === 'quick' && asked.length > 1 ? firstVerdicts(answers.quick, questions) : [];
  const shareMs = (performance.now() - begun) / asked.length;
  return asked.map(({ id, question }, i) => {
    const outcome = outcomeOf(answers, question, effort, first[i]);
    return { ...outcome, id, computeMs: outcome.computeMs + shareMs };
  });
}

/** Empty if any of them needs the plain curve: then each question is answered alone. */
function firstVerdicts(
  quick: Answers | undefined,
  questions: readonly Question[],
): readonly (FirstVerdict | undefined)[] {
  try {
    return quick?.firstVerdicts(questions) ?? [];
  } catch {
    return [];
  }
}

/** `first`: as firstVerdicts gave it. Never throws. */
export function outcomeOf(
  answers: Pick<OpenedAnswers, 'quick' | 'complete'>,
  question: Question,
  effort: Effort,
  first?: FirstVerdict,
): Outcome {
  const begun = performance.now();
  const answer = effort === 'quick' ? answers.quick?.answer : answers.complete;
  if (answer === undefined) return { kind: 'needs_plain_curve', computeMs: 0 };
  try {
    return { kind: 'answer', answer: answer(question, first), computeMs: performance.now() - begun };
  } catch (error) {
    const computeMs = performance.now() - begun;
    if (error instanceof NeedsPlainCurve) return { kind: 'needs_plain_curve', computeMs };
    return {
      kind: 'failed',
      reason: error instanceof Error ? (error.stack ?? error.message) : String(error),
      computeMs,
    };
  }
}
