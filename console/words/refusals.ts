// What the page says when something was refused, and what it does then. The words of each code stand in the client (refusal-words.ts).
import { Aborted, CountersignError, NoAnswer, WalletRefused } from '../../src/client/errors.ts';
import { HandOffDamaged } from '../../src/client/hand-off.ts';
import { sentenceOf, sentenceOfTaking } from '../../src/client/refusal-words.ts';
import { problemOf, problemWords } from './wallet-problems.ts';
import { Worded } from './worded.ts';

export interface RefusalWords {
  readonly text: string;
  /** The whole id. */
  readonly requestId?: string;
  /**
   * `sign-in`: the session is over. `owner`: the main key is asked for. `reread`: the list is read again. `wait`: it goes on by itself.
   * `onboard`: the account is offered to be made.
   */
  readonly then?: 'sign-in' | 'owner' | 'reread' | 'wait' | 'onboard';
  /** Of `wait`: how long. */
  readonly seconds?: number;
}

export interface RefusalContext {
  /** On a phone that takes a hand-off some codes mean something else. */
  readonly of?: 'taking-a-hand-off';
}

const next: Readonly<Record<string, RefusalWords['then']>> = {
  UNAUTHORIZED_ERROR: 'sign-in',
  INVALID_TOKEN_SCOPE: 'owner',
  NOT_FOUND: 'reread',
  RATE_LIMITED: 'wait',
  ONBOARDING_RATE_LIMITED: 'wait',
  NOT_ONBOARDED: 'onboard',
};

const oursToMend = 'Something went wrong in this page. Nothing was changed unless you see it in the list.';

/** Of anything that was thrown. No text of it is more than text, and none of somebody else's error is shown. */
export function sentenceFor(error: unknown, context: RefusalContext = {}): RefusalWords {
  if (error instanceof CountersignError) {
    const { requestId, code } = error;
    const then = Object.hasOwn(next, code) ? next[code] : undefined;
    const seconds = then === 'wait' ? Math.ceil(error.retryAfterSeconds ?? 1) : undefined;
    return {
      text: seconds === undefined ? sentence(error, context) : goingOn(seconds),
      ...(requestId === undefined ? {} : { requestId }),
      ...(then === undefined ? {} : { then }),
      ...(seconds === undefined ? {} : { seconds }),
    };
  }
  if (error instanceof WalletRefused) {
    const isSilent = error.code === undefined && error.message.startsWith('the wallet did not answer');
    const problem = isSilent ? ({ is: 'silent' } as const) : problemOf(error, { wasAsked: true });
    return { text: problemWords(problem) ?? capital(sentenceOf(error)) };
  }
  const isOurs = [NoAnswer, Aborted, HandOffDamaged].some((kind) => error instanceof kind);
  if (isOurs) return { text: sentence(error, context) };
  return { text: error instanceof Worded ? error.message : oursToMend };
}

/** While a request waits for its turn. */
export const goingOn = (seconds: number): string => `Too many requests. Going on in ${seconds} s.`;

/** `6c1d8b0e` of a request's id. */
export const shortRequestId = (id: string): string => id.slice(0, 8);

const sentence = (error: unknown, { of }: RefusalContext): string =>
  of === 'taking-a-hand-off' ? sentenceOfTaking(error) : sentenceOf(error);

const capital = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
