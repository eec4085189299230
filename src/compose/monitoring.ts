// What every part reports to: the log, the counters, and the request ids that the log and the audit rows name.
import type { Logger } from 'pino';
import { createRequestIds } from '../http/kit/request-ids.ts';
import { createCounters } from '../telemetry/counters.ts';
import { createLogger } from '../telemetry/logger.ts';
import { createLineRedactor, createRedactor } from '../telemetry/redact.ts';
import { createTelemetry } from '../telemetry/telemetry.ts';
import type { Prepared } from './prepare.ts';
import type { Slice } from './slice.ts';

type Settings = Slice<'log' | 'metrics' | 'operator' | 'upstream'>;

export type Monitoring = ReturnType<typeof composeMonitoring>;

export function composeMonitoring(log: Logger, prepared?: Pick<Prepared, 'routes' | 'connections'>) {
  const { leftOut = [] } = prepared?.routes ?? {};
  // All routes in one line: repeated lines of one event are counted, not printed.
  if (leftOut.length > 0) log.warn({ event: 'emergency_routes_left_out', routes: leftOut });
  const problem = prepared?.connections.problem;
  if (problem !== undefined) log.warn({ event: 'connections_lowered', reason: problem });
  const counters = createCounters();
  return { log, counters, telemetry: createTelemetry(log, counters), requestIds: createRequestIds() };
}

/** The log as shipped. No line of it holds a secret of the settings. */
export const loggerOf = (config: Settings): Logger =>
  createLogger({ level: config['log.level'], redact: createLineRedactor(createRedactor(secretsOf(config))) });

const secretsOf = (config: Settings): string[] =>
  [config['operator.token'], config['metrics.token'], config['upstream.secret']].flatMap(
    (secret) => secret?.reveal() ?? [],
  );
