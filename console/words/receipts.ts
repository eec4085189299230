// What is said of something that has ended: since when it is refused, and what had reached the venue before.
import type { Receipt } from '../../src/client/main.ts';
import { reachedWords } from './actions.ts';
import { clock } from './times.ts';

const count = new Intl.NumberFormat('en');

/** `Refused everywhere since 14:03:07; it took 18 ms. 2 requests had already reached the venue: look there.` */
export const refusedWords = (at: bigint, receipt: Receipt | undefined): string => since(at, receipt, ': look there');

/** Of a key. `at` undefined: nobody has said when. */
export const deletedWords = (at: bigint | undefined, receipt: Receipt | undefined): string =>
  `Deleted. ${since(at, receipt, '')}`;

function since(at: bigint | undefined, receipt: Receipt | undefined, look: string): string {
  const refused = at === undefined ? 'Refused everywhere' : `Refused everywhere since ${clock(at)}`;
  if (receipt === undefined) return `${refused}.`;
  const { ms, in_flight } = receipt;
  const reached = in_flight === 0 ? '' : ` ${reachedWords(in_flight)}${look}.`;
  return `${refused}; it took ${count.format(ms)} ms.${reached}`;
}

/** Seconds until the server takes a signature again, by its own clock. */
export const secondsToSignIn = (validAfter: bigint, serverNowMs: number): number =>
  Math.max(0, Number(validAfter / 1_000_000_000n) + 1 - Math.floor(serverNowMs / 1000));
