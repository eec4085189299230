// What is said of something that has ended: since when it is refused, and what had reached the venue before.
import type { Receipt } from '../../src/client/main.ts';
import { reachedWords } from './actions.ts';
import { clock } from './times.ts';

/** `Refused everywhere since 14:03:07; it took 18 ms. 2 requests had already reached the venue: look there.` */
export function refusedWords(at: bigint, receipt: Receipt | undefined): string {
  const since = `Refused everywhere since ${clock(at)}`;
  if (receipt === undefined) return `${since}.`;
  const reached = receipt.in_flight === 0 ? '' : ` ${reachedWords(receipt.in_flight)}: look there.`;
  return `${since}; it took ${receipt.ms} ms.${reached}`;
}

/** Seconds until the server takes a signature again, by its own clock. */
export const secondsToSignIn = (validAfter: bigint, serverNowMs: number): number =>
  Math.max(0, Number(validAfter / 1_000_000_000n) + 1 - Math.floor(serverNowMs / 1000));

/** Where a countdown is read out; every second would talk over everything. */
export const isReadOut = (seconds: number): boolean => [60, 30, 10, 0].includes(seconds);
