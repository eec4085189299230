// The checks behind GET /readyz.
import { leadSeconds } from '../domain/time.ts';
import type { Keyring } from '../jwt/keyring.ts';
import type { KeyUse } from '../jwt/kinds.ts';
import { freeBytes } from '../telemetry/figures.ts';
import { standardOutput } from '../telemetry/output.ts';
import {
  auditFinding,
  changesFinding,
  clockFinding,
  connectionsFinding,
  createReadiness,
  databaseLogFinding,
  diskFinding,
  engineFinding,
  logFinding,
  type Readiness,
  signingKeysFinding,
  stoppingFinding,
  storeFinding,
  venueFinding,
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
    process: () => stoppingFinding(isStopping),
    ...coreChecks(config, core),
    venue: () => venueFinding(counters.venueFailuresInARow),
    engine: () => engineFinding(verifier.stats().engineAvailable),
    audit: () => auditFinding(core.journal.stats()),
    changes: () => changesFinding(core.changes.stats()),
    connections: () => connectionsFinding(connections.problem),
    database_log: () => databaseLogFinding(schedule.emptyLog.problem()),
    log: () => logFinding(standardOutput().stats()),
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
  store: () => storeFinding(() => store.ping()),
  clock: () => clockFinding(leadSeconds(clock)),
  signing_keys: () => signingKeysFinding(signingProblem(keyring, keyUsesOf(config))),
  disk: async () => diskFinding(await freeBytes(config['data.folder'])),
});

function signingProblem(keyring: Keyring, uses: readonly KeyUse[]): string | undefined {
  try {
    for (const use of uses) keyring.signer(use);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : 'there is no signing key';
  }
}
