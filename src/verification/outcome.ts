// One question asked of one thread's answers: what came of it, as plain data. A question that fails harms no other one.
import type { Answers, FirstVerdict } from './answer.ts';
import { NeedsPlainCurve, type OpenedAnswers } from './open-answers.ts';
import type { Answer, Question } from './questions.ts';

/** How a question may be answered: without ever waiting for the plain JavaScript curve, or at any cost. */
export type Effort = 'quick' | 'complete';

export type Outcome = { readonly computeMs: number } & (
  | { readonly kind: 'answer'; readonly answer: Answer }
  /** Ask again with all effort. */
  | { readonly kind: 'needs_plain_curve' }
  /** A defect of ours; the reason is for the log. */
  | { readonly kind: 'failed'; readonly reason: string }
);

/** A question on its way to another thread. */
export interface Numbered {
  /** Of this question and of no other one, ever. */
  readonly id: number;
  readonly question: Question;
}

/** `id`: of the question that it is the outcome of. */
export type NumberedOutcome = Outcome & { readonly id: number };

/** Of each question as outcomeOf gives it alone, in less time than one by one, and in their order. Never throws. */
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

/** Nothing where one of them cannot be told quickly: then each is answered alone. */
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

/** `first`: what is known already. Never throws. */
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
