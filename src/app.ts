// The service, read top to bottom: parts are opened in this order and closed in the reverse order.
import type { Logger } from 'pino';
import { composeAuthority } from './compose/authority.ts';
import { composeCore, type MachineTime } from './compose/core.ts';
import { composeExplain } from './compose/explain.ts';
import { composeGateway } from './compose/gateway.ts';
import { composeLimits } from './compose/limits.ts';
import { composeMetrics } from './compose/metrics.ts';
import { composeMonitoring, loggerOf } from './compose/monitoring.ts';
import { createOpening } from './compose/opening.ts';
import { composeOperator } from './compose/operator.ts';
import { prepare } from './compose/prepare.ts';
import { composePublic } from './compose/public.ts';
import { composeReadiness } from './compose/readiness.ts';
import { composeSchedule } from './compose/schedule.ts';
import { composeVenue } from './compose/venue.ts';
import { composeVerifier } from './compose/verifier.ts';
import type { LoadedConfig } from './config/load.ts';
import type { StoreLost } from './errors.ts';

export interface App {
  /** `http://host:port`, or `https://` with tls.cert, as bound. */
  readonly url: string;
  /** Where people open the console; undefined where it is switched off or was not built. */
  readonly consoleAddress: string | undefined;
  /** Where the operator API answers. */
  readonly operatorUrl: string;
  /** Where requests of the venue go, in words. */
  readonly upstream: string;
  /** Domains a wallet login may name, those of our own port included. */
  readonly siweDomains: readonly string[];
  /** True when this start created the database's signing keys. */
  readonly firstStart: boolean;
  /** Resolves when the database is lost: every bearer is refused by then, and the process must end. Never rejects. */
  readonly lost: Promise<StoreLost>;
  /** Lets requests under way finish, writes what waits, closes everything. Idempotent. Rejects with NotClosed, after all was tried. */
  stop(): Promise<void>;
}

/**
 * Starts everything or nothing: a part that cannot start closes those before it. `time` stands in for the machine's own clocks,
 * `consoleFolder` for the folder of the release in which the console was built.
 */
export async function startApp(
  loaded: LoadedConfig,
  log: Logger = loggerOf(loaded.config),
  time?: MachineTime,
  consoleFolder?: string,
): Promise<App> {
  const { config } = loaded;
  await using opening = createOpening(log);
  opening.defer(() => log.flush());
  const prepared = prepare(loaded);
  const monitoring = composeMonitoring(log, prepared);
  const { verifier } = opening.use(await composeVerifier(config, monitoring));
  const core = opening.use(await composeCore(config, { ...monitoring, time }));
  const { explainer } = opening.use(await composeExplain(config, { ...core, ...monitoring }));
  const schedule = opening.use(await composeSchedule(core, { log, time }));
  const venue = opening.use(await composeVenue(config));
  const { figures } = prepared.routes;
  const scheme = prepared.tls === undefined ? 'http' : 'https';
  const gateway = opening.use(composeGateway(config, { ...core, ...monitoring, verifier, venue, figures, scheme }));
  const limits = composeLimits(config, { ...core, ...monitoring, figures, hasTls: scheme === 'https' });
  const authority = composeAuthority(config, { ...core, ...monitoring, ...limits, verifier });
  const { readiness, stopping } = composeReadiness(config, { ...prepared, ...monitoring, core, verifier, schedule });
  const metrics = composeMetrics(config, {
    ...monitoring,
    core,
    explainer,
    verifier,
    authority,
    gateway,
    limits,
    readiness,
  });
  // Open the operator's listener first: if it cannot open, do not serve.
  const places = prepared.operatorPlaces;
  const operator = opening.use(await composeOperator(loaded, { ...monitoring, core, readiness, metrics, places }));
  const door = opening.use(
    await composePublic(loaded, {
      ...{ ...prepared, ...monitoring, core, explainer },
      ...{ authority, gateway, limits, readiness, consoleFolder },
    }),
  );
  opening.defer(stopping);
  return {
    url: door.url,
    consoleAddress: door.consoleAddress,
    operatorUrl: operator.url,
    upstream: venue.description,
    siweDomains: authority.siweDomains,
    firstStart: core.firstStart,
    lost: core.store.whenLost,
    stop: opening.move(),
  };
}
