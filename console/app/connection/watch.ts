// The connection of this page: what every query says of it, and what is asked while there is none.
import { CountersignError, isCode } from '../../../src/client/errors.ts';
import { putClockRight } from '../../words/now.ts';
import { onAnswers, queryClient } from '../queries/query-client.ts';
import { publicClient } from '../session/public-client.ts';
import { sessionState } from '../session/store.ts';
import { clockAhead } from './clock.ts';
import { createReach } from './reach.ts';

let locked = false;
let aheadMs: number | undefined;
let isStarted = false;
const listeners = new Set<() => void>();

const tell = (): void => {
  for (const hear of [...listeners]) hear();
};

export const watch = createReach({
  now: () => Date.now(),
  isOffline: () => !navigator.onLine,
  ask: () => publicClient.account.time({ timeoutMs: 5000 }),
  everySecond(tick) {
    const timer = setInterval(tick, 1000);
    return () => clearInterval(timer);
  },
  tell,
  onBack: () => {
    queryClient.invalidateQueries().catch(() => undefined);
  },
});

export const isLocked = (): boolean => locked;
/** Milliseconds that this machine's clock is ahead; undefined within a minute. */
export const ahead = (): number | undefined => aheadMs;

export function onWatch(hear: () => void): () => void {
  startWatch();
  listeners.add(hear);
  return () => listeners.delete(hear);
}

/** What a call came to; undefined: it was answered. */
export function noticed(error: unknown): void {
  if (error === undefined) watch.answered();
  else watch.failed(error);
  // Nothing that a page of somebody who is signed in asks for can be switched off.
  if (isCode(error, 'REQUEST_NOT_ALLOWED')) setLocked(true);
}

const LOCKED_LOOK_MS = 10_000;
let looking: ReturnType<typeof setInterval> | undefined;

function setLocked(next: boolean): void {
  if (locked === next) return;
  locked = next;
  clearInterval(looking);
  if (locked) looking = setInterval(lookWhetherLocked, LOCKED_LOOK_MS);
  else queryClient.invalidateQueries().catch(() => undefined);
  tell();
}

/** Nobody tells of an unlock, and a list that failed is not read again by itself. */
function lookWhetherLocked(): void {
  const session = sessionState();
  if (session.state !== 'in' || session.over === true) setLocked(false);
  else
    session.client.account.self().then(
      () => setLocked(false),
      () => undefined,
    );
}

/** A clock that is set while the page is open. */
const SET_MS = 5000;
const LOOK_EVERY_MS = 5000;

/** Once in the life of the page: from then on it hears what every query comes to. */
export function startWatch(): void {
  if (isStarted) return;
  isStarted = true;
  onAnswers(({ queryKey: [first] }, error) => {
    noticed(error);
    // What needs no session says nothing of the account.
    if (error === undefined && first !== 'about') setLocked(false);
  });
  addEventListener('online', () => watch.tryNow());
  const time = async () => {
    aheadMs = await clockAhead(() => publicClient.account.time(), {
      now: () => Date.now(),
      monotonic: () => performance.now(),
    });
    // Whether a key has ended was told by the clock as it was.
    if (putClockRight(aheadMs ?? 0)) queryClient.invalidateQueries().catch(() => undefined);
    tell();
  };
  const sinceStart = () => Date.now() - performance.now();
  let was = sinceStart();
  setInterval(() => {
    const is = sinceStart();
    if (Math.abs(is - was) < SET_MS) return;
    was = is;
    time().catch(() => undefined);
  }, LOOK_EVERY_MS);
  time().catch((error: unknown) => {
    if (!(error instanceof CountersignError)) watch.failed(error);
  });
}
