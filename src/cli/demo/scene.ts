// Numbers the steps of the demo, and shows what each asks and how it is answered. It stops at the first answer that is not the announced
// one.
import { styleText } from 'node:util';
import { CountersignError, NoAnswer } from '../../client/main.ts';
import { shown } from './shown.ts';
import type { Watch } from './watch.ts';

/** The checks of the server that the demo would miss if they were gone. */
export type TriedCheck = 'signature' | 'permission' | 'allowlist' | 'revocation';

export interface Step {
  readonly title: string;
  /** What must happen, in words. */
  readonly expected: string;
  /** The check of the server that this step tries. */
  readonly check?: TriedCheck;
}

export interface Tally {
  readonly steps: number;
  readonly requests: number;
  readonly refusals: number;
}

export interface Scene {
  step(step: Step): void;
  /**
   * Plays what must succeed; `sent` says what of it matters, `show` the same of the answer (default: it, when it is a text). Throws
   * StepFailed when it fails, and NoAnswer when the very first request gets none: then nothing has been printed.
   */
  play<T>(sent: string, act: () => Promise<T>, show?: (value: T) => string): Promise<T>;
  /** Plays what must be refused, with exactly this status and code (docs/wire.md section 11). Throws as `play` does. */
  refused(sent: string, act: () => Promise<unknown>, status: number, code: string): Promise<void>;
  tally(): Tally;
}

/** A step went otherwise than announced. The message is the line with which the demo ends. */
export class StepFailed extends Error {
  override readonly name = 'StepFailed';
}

/** An answer that was given, and is not the announced one. */
export class Unexpected extends Error {
  override readonly name = 'Unexpected';
}

/** Where the answers begin if the request leaves room, and the width from which on there is room for that. */
const ANSWER_COLUMN = 64;
const WIDE = 108;
const NARROW_ANSWER_COLUMN = 50;

/** Prints with `write`, for a terminal of `columns` characters (undefined: as wide as it needs to be). */
export function createScene(deps: {
  readonly watch: Watch;
  readonly heading: string;
  readonly write: (text: string) => void;
  readonly columns: number | undefined;
}): Scene {
  const { watch } = deps;
  let steps = 0;
  let refusals = 0;
  let current: Step | undefined;
  // Nothing is printed before the first answer: a server that cannot be reached gets one sentence and no stage.
  let waiting = deps.heading;

  function print(text: string): void {
    deps.write(`${waiting}${text}`);
    waiting = '';
  }

  const answerColumn = (deps.columns ?? WIDE) < WIDE ? NARROW_ANSWER_COLUMN : ANSWER_COLUMN;

  function line(mark: string, sent: string, answer: string): string {
    const asked = `${shown(watch.last()?.target ?? '')}  ${shown(sent)}`.trimEnd();
    return `${`    ${mark} ${asked}`.padEnd(answerColumn)} → ${answer}`.trimEnd();
  }

  const printDone = (sent: string, answer: string): void =>
    print(`${line('✓', sent, `${watch.last()?.status ?? ''} ${answer}`).replace('✓', styleText('green', '✓'))}\n`);

  function fail(sent: string, expected: string, got: string, cause?: unknown): never {
    print(`${styleText('red', line('✗', sent, got))}\n`);
    const target = shown(watch.last()?.target ?? '');
    throw new StepFailed(
      `step ${steps}${checkOf(current)} failed: ${target} should be answered ${expected}, but got ${got}`,
      { cause },
    );
  }

  /** The words of what a step may fail with; other errors are defects, and thrown. */
  function gotOf(error: unknown): string {
    if (error instanceof CountersignError) return shown(`${error.status} ${error.code} · ${error.message}`);
    if (error instanceof NoAnswer && watch.answered() > 0) return `nothing: ${error.message}`;
    if (error instanceof Unexpected) return `${watch.last()?.status ?? ''} (${error.message})`;
    throw error;
  }

  return {
    step(step) {
      steps += 1;
      current = step;
      const announced = `· expect ${step.expected}${checkOf(step)}`;
      waiting += `${styleText('bold', `${String(steps).padStart(2)}  ${step.title}`)} ${styleText('dim', announced)}\n`;
    },

    async play(sent, act, show = (value) => (typeof value === 'string' ? value : '')) {
      try {
        const value = await act();
        printDone(sent, shown(show(value)));
        return value;
      } catch (error) {
        return fail(sent, 'well', gotOf(error), error);
      }
    },

    async refused(sent, act, status, code) {
      const expected = `${status} ${code}`;
      try {
        await act();
      } catch (error) {
        const got = gotOf(error);
        const isRefused = error instanceof CountersignError && error.status === status && error.code === code;
        if (!isRefused) fail(sent, expected, got, error);
        refusals += 1;
        printDone(sent, code);
        return;
      }
      fail(sent, expected, String(watch.last()?.status));
    },

    tally: () => ({ steps, requests: watch.answered(), refusals }),
  };
}

const checkOf = (step: Step | undefined): string => (step?.check === undefined ? '' : ` (${step.check} check)`);
