// Why somebody is at sign-in again, in words.
import type { Because, LeftBehind } from '../../app/session/types.ts';

const words: Readonly<Record<Because, string>> = {
  idle: 'You were signed out because nobody used this page for a while.',
  expired: 'Your time here was over. Sign in again.',
  ended: 'This browser was signed out: by you elsewhere, or by your venue.',
  elsewhere: 'You signed out in another tab.',
  'signed-out': 'You are signed out.',
};

/** Undefined when nobody was signed in before. */
export function outWords(because: Because | undefined, { untold, making }: LeftBehind = {}): string | undefined {
  if (because === undefined) return undefined;
  const said = [words[because]];
  if (untold) said.push('The server could not be told: there it ends by itself.');
  if (making) said.push('A key was being made. If you find it in the list, nobody has its secret: delete it.');
  return said.join(' ');
}
