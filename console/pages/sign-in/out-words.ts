// Why somebody is at sign-in again, in words.
import type { Because } from '../../app/session/types.ts';

const words: Readonly<Record<Because, string>> = {
  idle: 'You were signed out because nobody used this page for a while.',
  expired: 'Your time here was over. Sign in again.',
  ended: 'This browser was signed out: by you elsewhere, or by your venue.',
  elsewhere: 'You signed out in another tab.',
  'signed-out': 'You are signed out.',
};

/** `untold`: the server could not be told of it. Undefined when nobody was signed in before. */
export function outWords(because: Because | undefined, untold: boolean): string | undefined {
  if (because === undefined) return undefined;
  return untold ? `${words[because]} The server could not be told: there it ends by itself.` : words[because];
}
