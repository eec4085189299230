// The checks behind GET /readyz.
import { leadSeconds } from '../domain/time.ts';
import type { Keyring } from '../jwt/keyring.ts';
import type { KeyUse } from '../jwt/kinds.ts';
import { freeBytes } from '../telemetry/figures.ts';
import { standardOutput } from '../telemetry/output.ts';
import {
  auditCheck,
  changesCheck,
  clockCheck,
  connectionsCheck,
  createReadiness,
  databaseLogCheck,
  diskCheck,
  engineCheck,
  logCheck,
  type Readiness,
  signingKeysCheck,
  stoppingCheck,
  storeCheck,
  venueCheck,
} from '../telemetry/readiness.ts';
import type { Verifier } from '../verification/verifier.ts';
import type { Core } from './core.ts';
import { keyUsesOf } from './key-uses.ts';
import type { Monitoring } from './monitoring.ts';
import type { Prepared } from './prepare.ts';
import type { Schedule } from './schedule.ts';
import type { Slice } from './slice.ts';

type Settings = Slice<'data' | 'terminal_token'>;

export interface ReadinessParts extends Pick<Prepared, 'connections'>, Pick<Monitoring, 'counters'> {
  readonly core: Core;
  readonly verifier: Verifier;
  readonly schedule: Pick<Schedule, 'emptyLog'>;
}

export function composeReadiness(config: Settings, parts: ReadinessParts) {
  const { core, verifier, schedule, connections, counters } = parts;
  let isStopping = false;
  const readiness = createReadiness({
    process: () => stoppingCheck(isStopping),
    ...coreChecks(config, core),
    venue: () => venueCheck(counters.venueFailuresInARow),
    engine: () => engineCheck(verifier.stats().engineAvailable),
    audit: () => auditCheck(core.journal.stats()),
    changes: () => changesCheck(core.changes.stats()),
    connections: () => connectionsCheck(connections.problem),
    database_log: () => databaseLogCheck(schedule.emptyLog.problem()),
    log: () => logCheck(standardOutput().stats()),
  });
  return {
    readiness,
    /** Makes the server not ready: called first at a stop. */
    stopping: () => {
      isStopping = true;
    },
  };
}

/** The checks of a command that runs without a server. */
export const composeCoreReadiness = (config: Settings, core: Core): Readiness =>
  createReadiness(coreChecks(config, core));

const coreChecks = (config: Settings, { store, clock, keyring }: Core) => ({
  store: () => storeCheck(() => store.ping()),
  clock: () => clockCheck(leadSeconds(clock)),
  signing_keys: () => signingKeysCheck(signingProblem(keyring, keyUsesOf(config))),
  disk: async () => diskCheck(await freeBytes(config['data.folder'])),
});

function signingProblem(keyring: Keyring, uses: readonly KeyUse[]): string | undefined {
  try {
    for (const use of uses) keyring.signer(use);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : 'there is no signing key';
  }
}
