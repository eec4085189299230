// What is done again and again while the server runs.
import { keepLogEmpty } from '../store/sqlite/keep-log-empty.ts';
import type { Core, CoreOptions } from './core.ts';
import { createOpening } from './opening.ts';

const PURGE_MS = 60_000;
/** Several times a minute, for a copy of the database may be in the way of one: SECURITY.md. */
const EMPTY_LOG_MS = 15_000;
/** Often enough for the clock to tell a machine that stands by its time from one that jumps. */
const CLOCK_MS = 1_000;
const KEYS_DUE_MS = 5_000;

export async function composeSchedule(
  { store, clock, signingKeys }: Pick<Core, 'store' | 'clock' | 'signingKeys'>,
  { log, time }: Pick<CoreOptions, 'log' | 'time'>,
) {
  await using opening = createOpening(log);
  const every = (ms: number, work: () => void): void => {
    const timer = setInterval(work, ms).unref();
    opening.defer(() => clearInterval(timer));
  };
  every(PURGE_MS, () => {
    store.purgeExpired(clock.now()).catch((error: unknown) => log.error({ event: 'purge_failed', err: error }));
  });
  const emptyLog = keepLogEmpty({
    emptyLog: () => store.emptyLog(),
    monotonic: time?.monotonic ?? (() => performance.now()),
    onFailure: (why) => log.error({ event: 'log_not_emptied', ...why }),
  });
  every(EMPTY_LOG_MS, () => void emptyLog.attempt());
  // Also while nobody asks anything.
  every(CLOCK_MS, () => {
    try {
      clock.now();
    } catch {
      // Whoever needs it asks again, and is told.
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
