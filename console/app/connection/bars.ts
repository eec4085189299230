// The bar across the top of a page: one at a time, the heaviest first.
import { clock, hourAndMinute, toNs } from '../../words/times.ts';
import type { Limit } from '../session/limits.ts';
import type { Reach } from './reach.ts';

export interface Bar {
  readonly is: 'lost' | 'restarting' | 'idle' | 'ends' | 'locked' | 'clock';
  readonly text: string;
  readonly button?: 'Try again' | 'Try now' | 'Stay signed in' | 'Sign in again';
}

export interface BarOf {
  /** `keys.venue.example` */
  readonly host: string;
  readonly reach: Reach;
  readonly limit: Limit;
  readonly isLocked: boolean;
  /** Milliseconds that this machine's clock is ahead. */
  readonly ahead: number | undefined;
  /** Default: the reader's. */
  readonly zone?: string;
}

export function barOf({ host, reach, limit, isLocked, ahead, zone }: BarOf): Bar | undefined {
  if (reach.is === 'lost') {
    const from = reach.from === undefined ? '' : ` What you see is from ${clock(toNs(reach.from), zone)}.`;
    return { is: 'lost', text: `No connection to ${host}.${from}`, button: 'Try again' };
  }
  if (reach.is === 'restarting') {
    const when = reach.seconds === undefined ? 'Trying again…' : `Trying again in ${reach.seconds} s.`;
    return { is: 'restarting', text: `The server is not answering. ${when}`, button: 'Try now' };
  }
  if (limit.is === 'idle-soon') {
    const text = `Still there? You will be signed out in ${limit.seconds} s.`;
    return { is: 'idle', text, button: 'Stay signed in' };
  }
  if (limit.is === 'ends-soon') {
    const text = `You will be signed out at ${hourAndMinute(toNs(limit.at), zone)}. Sign in again to stay.`;
    return { is: 'ends', text, button: 'Sign in again' };
  }
  if (isLocked) {
    const text = 'Your venue has locked this account. Nothing can be used until it unlocks it; nothing is lost.';
    return { is: 'locked', text };
  }
  if (ahead === undefined) return undefined;
  const text = `This computer's clock is ${span(Math.abs(ahead))} ${ahead > 0 ? 'ahead' : 'behind'}. It works here; bots on it may be refused.`;
  return { is: 'clock', text };
}

const span = (ms: number): string =>
  ms < 120_000
    ? `${Math.round(ms / 1000)} s`
    : ms < 7_200_000
      ? `${Math.round(ms / 60_000)} min`
      : `${Math.round(ms / 3_600_000)} h`;
