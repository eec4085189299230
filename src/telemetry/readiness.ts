// Readiness: can this process do its work, and if not, why. A degraded part makes the work slower or poorer and is told to the
// operator; a failing part takes the process out of the load balancer.
import type { AuditJournalStats } from '../audit/journal.ts';
import { FAR_AHEAD_SECONDS, HELD_SECONDS, LEAD_SECONDS } from '../domain/time.ts';
import { StoreLost } from '../errors.ts';
import type { ChangesStats } from '../revocation/commit.ts';
import type { OutputStats } from './output.ts';

export type Check =
  | { readonly state: 'ok' }
  /** The service goes on. `problem` is a sentence for the operator. */
  | { readonly state: 'degraded'; readonly problem: string }
  /** Not ready. */
  | { readonly state: 'failing'; readonly problem: string };

/** One check for each part that requests need, by name. Never rejects: a check that throws is failing. */
export type Readiness = () => Promise<Readonly<Record<string, Check>>>;

/** One failed request may be an accident of its own. */
const VENUE_FAILURES = 3;
/** Bytes that must be free where the data is: room for some hours of changes and audit rows. A full disk stops every change. */
export const LEAST_FREE_BYTES = 256 * 1_048_576;

/** The clock keeps smaller steps at once. */
const AHEAD_SECONDS = 5;

const ok: Check = { state: 'ok' };
const degraded = (problem: string): Check => ({ state: 'degraded', problem });
const failing = (problem: string): Check => ({ state: 'failing', problem });

/** Makes every check anew each time it is asked. One that throws counts as failing. */
export function createReadiness(parts: Readonly<Record<string, () => Check | Promise<Check>>>): Readiness {
  return async () => {
    const checks = Object.entries(parts).map(async ([name, look]): Promise<[string, Check]> => {
      try {
        return [name, await look()];
      } catch {
        return [name, failing('this cannot be told')];
      }
    });
    return Object.fromEntries(await Promise.all(checks));
  };
}

export const isReady = (checks: Readonly<Record<string, Check>>): boolean =>
  Object.values(checks).every(({ state }) => state !== 'failing');

/** As the metric countersign_problem says it. */
export function problemLevel({ state }: Check): number {
  if (state === 'ok') return 0;
  return state === 'degraded' ? 1 : 2;
}

export const stoppingCheck = (stopping: boolean): Check =>
  stopping ? failing('the server is stopping: it finishes what is under way') : ok;

/** `ping` rejects when the store cannot be read, with StoreLost when it never can again. */
export const storeCheck = (ping: () => Promise<void>): Promise<Check> =>
  ping().then(
    () => ok,
    (error: unknown) => failing(error instanceof StoreLost ? error.message : 'the database cannot be read'),
  );

/** `problem`: undefined when there is a signing key for every use. */
export const signingKeysCheck = (problem: string | undefined): Check => (problem === undefined ? ok : failing(problem));

export const engineCheck = (available: boolean): Check =>
  available
    ? ok
    : degraded('the Stark-curve engine is not in use: signatures are verified in plain JavaScript, many times slower');

/**
 * `failures`: forwarded requests refused because of the venue since it last answered one. Never failing: every node has the same
 * venue behind it, and taking them all out would take logins and revocations away, too.
 */
export const venueCheck = (failures: number): Check =>
  failures < VENUE_FAILURES ? ok : degraded(`the last ${failures} forwarded requests failed at the venue`);

export const auditCheck = ({ failing: isFailing, lost }: AuditJournalStats): Check =>
  isFailing ? degraded(`audit rows about logins and refusals cannot be written; ${lost} are lost since the start`) : ok;

export const changesCheck = ({ unwritten }: ChangesStats): Check =>
  unwritten === 0
    ? ok
    : degraded(
        `${unwritten} credentials or accounts are denied by this process alone, because the change could not be written: repeat it before a restart`,
      );

/** `leadSeconds`: how far the kept time is ahead of the machine's clock; below 0 the machine's is ahead. */
export function clockCheck(leadSeconds: number): Check {
  if (leadSeconds > LEAD_SECONDS) {
    return failing(
      `the time that is kept is ${Math.floor(leadSeconds)} s ahead of this machine's clock, so that what is signed now is refused: set the clock, or, if it is right, run countersign clock accept`,
    );
  }
  if (leadSeconds < -FAR_AHEAD_SECONDS) {
    return failing(
      `this machine's clock is ${Math.floor(-leadSeconds)} s ahead of all that the data has seen, and nobody believes that: set the clock, or, if it is right, run countersign clock accept`,
    );
  }
  if (leadSeconds >= -AHEAD_SECONDS) return ok;
  return degraded(
    `this machine's clock jumped ahead by ${Math.floor(-leadSeconds)} s: what it is past is refused, and it is believed once it has stood by that for ${HELD_SECONDS} s`,
  );
}

export const logCheck = ({ problem, lost }: OutputStats): Check =>
  problem === undefined ? ok : degraded(`log lines are not written: ${problem}; ${lost} are lost since the start`);

/** `problem`: why fewer connections are taken than the settings say. */
export const connectionsCheck = (problem: string | undefined): Check =>
  problem === undefined ? ok : degraded(problem);

/** `problem`: why deleted rows may still stand in the database's own log. */
export const databaseLogCheck = (problem: string | undefined): Check =>
  problem === undefined ? ok : degraded(problem);

/** Degraded below LEAST_FREE_BYTES. */
export const diskCheck = (freeBytes: number): Check =>
  freeBytes >= LEAST_FREE_BYTES
    ? ok
    : degraded(`${Math.floor(freeBytes / 1_048_576)} MiB are left where the data folder is`);
