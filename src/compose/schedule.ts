// Timers of a running server: purge, emptying the write-ahead log, watching the clock, signing keys that are due.
import { keepLogEmpty } from '../store/sqlite/keep-log-empty.ts';
import type { Core, CoreOptions } from './core.ts';
import { createOpening } from './opening.ts';

const PURGE_MS = 60_000;
/** Several times a minute: a copy of the database can block an attempt, and SECURITY.md promises one minute. */
const EMPTY_LOG_MS = 15_000;
/** Often enough for the clock to notice a jump of the machine's time. */
const CLOCK_MS = 1_000;
const KEYS_DUE_MS = 5_000;

export async function composeSchedule(
  { store, clock, signingKeys, usage }: Pick<Core, 'store' | 'clock' | 'signingKeys' | 'usage'>,
  { log, time }: Pick<CoreOptions, 'log' | 'time'>,
) {
  await using opening = createOpening(log);
  const every = (ms: number, work: () => void): void => {
    const timer = setInterval(work, ms).unref();
    opening.defer(() => clearInterval(timer));
  };
  every(PURGE_MS, () => {
    store
      .purgeExpired(clock.now())
      .then(usage.purge)
      .catch((error: unknown) => log.error({ event: 'purge_failed', err: error }));
  });
  const emptyLog = keepLogEmpty({
    emptyLog: () => store.emptyLog(),
    monotonic: time?.monotonic ?? (() => performance.now()),
    onFailure: (why) => log.error({ event: 'log_not_emptied', ...why }),
  });
  every(EMPTY_LOG_MS, () => void emptyLog.attempt());
  // The clock must see the machine's time also while there are no requests.
  every(CLOCK_MS, () => {
    try {
      clock.now();
    } catch {
      // The next request that needs the time gets the same error.
    }
  });
  await signingKeys.retireUnused();
  await signingKeys.advance();
  every(KEYS_DUE_MS, () => {
    signingKeys.advance().catch((error: unknown) => log.error({ event: 'signing_keys_failed', err: error }));
  });
  return { emptyLog, [Symbol.asyncDispose]: opening.move() };
}

export type Schedule = Awaited<ReturnType<typeof composeSchedule>>;
