// Numbers the steps of the demo, sends each request and shows it with its answer. It stops at the first answer that is not the announced
// one.
import { styleText } from 'node:util';
import { type Answer, type Ask, type DemoRequest, NoAnswer, textAt, Unexpected } from './exchange.ts';
import { shown } from './shown.ts';

/** The checks of the server that the demo would miss if they were gone. */
export type TriedCheck = 'signature' | 'permission' | 'allowlist' | 'revocation';

export interface Step {
  readonly title: string;
  /** What must happen, in words. */
  readonly expected: string;
  /** The check of the server that this step tries. */
  readonly check?: TriedCheck;
}

export interface Expectation<T> {
  /** In the message when it was not met: `403 IP_NOT_ALLOWED`. */
  readonly words: string;
  /** Takes what the story needs from the answer. Throws Unexpected when that is missing. */
  meet(answer: Answer): T;
  /** The answer in a few words, beside its status. */
  show(value: T): string;
}

export interface Tally {
  readonly steps: number;
  readonly requests: number;
  readonly refusals: number;
}

export interface Scene {
  step(step: Step): void;
  /**
   * Plays one request; `sent` says what of it matters. Throws StepFailed when the answer is not the expected one, and
   * NoAnswer when the very first request gets none: then nothing has been printed.
   */
  play<T>(request: DemoRequest, sent: string, expectation: Expectation<T>): Promise<T>;
  tally(): Tally;
}

/** A step went otherwise than announced. The message is the line with which the demo ends. */
export class StepFailed extends Error {
  override readonly name = 'StepFailed';
}

/** One of `statuses`, with a body from which `read` takes what the story needs; `read` throws Unexpected. */
export function answered<T>(
  statuses: readonly number[],
  read: (body: unknown) => T,
  show: (value: T) => string = () => '',
): Expectation<T> {
  return {
    words: statuses.join(' or '),
    meet({ status, body }) {
      if (!statuses.includes(status)) throw new Unexpected();
      return read(body);
    },
    show,
  };
}

/** Refused with exactly this status and this code (docs/wire.md section 11). */
export function refused(status: number, code: string): Expectation<string> {
  return {
    words: `${status} ${code}`,
    meet(answer) {
      if (answer.status !== status || textAt(answer.body, 'error') !== code) throw new Unexpected();
      return code;
    },
    show: (text) => text,
  };
}

/** Where the answers begin if the request leaves room, and the width from which on there is room for that. */
const ANSWER_COLUMN = 64;
const WIDE = 108;
const NARROW_ANSWER_COLUMN = 50;

/** Prints with `write`, for a terminal of `columns` characters (undefined: as wide as it needs to be). */
export function createScene(deps: {
  readonly ask: Ask;
  readonly heading: string;
  readonly write: (text: string) => void;
  readonly columns: number | undefined;
}): Scene {
  let steps = 0;
  let requests = 0;
  let refusals = 0;
  let current: Step | undefined;
  // Nothing is printed before the first answer: a server that cannot be reached gets one sentence and no stage.
  let waiting = deps.heading;

  function print(text: string): void {
    deps.write(`${waiting}${text}`);
    waiting = '';
  }

  const answerColumn = (deps.columns ?? WIDE) < WIDE ? NARROW_ANSWER_COLUMN : ANSWER_COLUMN;

  const line = (mark: string, asked: string, answer: string): string =>
    `${`    ${mark} ${asked}`.padEnd(answerColumn)} → ${answer}`.trimEnd();

  return {
    step(step) {
      steps += 1;
      current = step;
      const announced = `· expect ${step.expected}${checkOf(step)}`;
      waiting += `${styleText('bold', `${String(steps).padStart(2)}  ${step.title}`)} ${styleText('dim', announced)}\n`;
    },

    async play(request, sent, expectation) {
      const target = shown(`${request.method} ${request.path}`);
      const asked = `${target}  ${shown(sent)}`.trimEnd();
      let got = '';
      try {
        const answer = await deps.ask(request);
        requests += 1;
        got = `${answer.status} ${bodyWords(answer)}`.trimEnd();
        const value = expectation.meet(answer);
        if (answer.status >= 400) refusals += 1;
        const text = line('✓', asked, `${answer.status} ${shown(expectation.show(value))}`);
        print(`${text.replace('✓', styleText('green', '✓'))}\n`);
        return value;
      } catch (error) {
        if (error instanceof NoAnswer && requests > 0) got = `nothing: the server ${error.message}`;
        else if (!(error instanceof Unexpected)) throw error;
        print(`${styleText('red', line('✗', asked, got))}\n`);
        const why = error.message === '' || error instanceof NoAnswer ? '' : ` (${error.message})`;
        throw new StepFailed(
          `step ${steps}${checkOf(current)} failed: ${target} should be answered ${expectation.words}, but got ${got}${why}`,
          { cause: error },
        );
      }
    },

    tally: () => ({ steps, requests, refusals }),
  };
}

const checkOf = (step: Step | undefined): string => (step?.check === undefined ? '' : ` (${step.check} check)`);

// An error as `CODE · message`, anything else as it came.
function bodyWords({ body, text }: Answer): string {
  try {
    return shown(`${textAt(body, 'error')} · ${textAt(body, 'message')}`);
  } catch {
    return shown(text);
  }
}
