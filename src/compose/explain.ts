// Why requests were refused: kept in memory for a second, then in the store, for as long as the settings say.
import { addSeconds, type UnixNanos } from '../domain/time.ts';
import { createExplainer } from '../explain/explainer.ts';
import type { Core } from './core.ts';
import type { Monitoring } from './monitoring.ts';
import { createOpening } from './opening.ts';
import type { Slice } from './slice.ts';

const PURGE_MS = 60_000;
const DAY_S = 86_400;

export type Explain = Awaited<ReturnType<typeof composeExplain>>;

export async function composeExplain(
  config: Slice<'explain'>,
  { store, clock, log }: Pick<Core, 'store' | 'clock'> & Pick<Monitoring, 'log'>,
) {
  await using opening = createOpening(log);
  const rowsPerAccount = config['explain.rows_per_account'];
  const keepSeconds = rowsPerAccount === 0 ? 0 : config['explain.keep_days'] * DAY_S;
  const rowsInAll = config['explain.max_rows'];
  const explainer = createExplainer({
    store,
    clock,
    settings: { rowsPerAccount, rowsInAll, keepSeconds },
    onFailure: (error) => log.error({ event: 'explanations_not_written', err: error }),
  });
  opening.defer(() => explainer.close());
  // Rows a day ahead are of a clock that was set back: as the newest of all they would push out every row that comes.
  const kept = (now: UnixNanos) => ({ from: addSeconds(now, -keepSeconds), to: addSeconds(now, DAY_S) });
  const timer = setInterval(() => {
    store
      .purgeExplanations(kept(clock.now()), rowsInAll)
      .catch((error: unknown) => log.error({ event: 'purge_failed', err: error }));
  }, PURGE_MS).unref();
  opening.defer(() => clearInterval(timer));
  return { explainer, [Symbol.asyncDispose]: opening.move() };
}
