// Whether the system lets this process have as many descriptors open as the settings may need. A start that cannot have them takes
// fewer connections, or says which setting asks for too many; it never finds out under load.
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { ConfigError, type LoadedConfig } from './load.ts';
import type { Config } from './schema.ts';

/** Each of the operator's two listeners: far more than an operator and a scraper need. */
export const OPERATOR_CONNECTIONS = 64;
/** And one more that each lets in before another goes. */
const OPERATOR = 2 * (OPERATOR_CONNECTIONS + 1);
/** Database, log, event loop, listeners, files that are read or written in between: about 40 were counted. */
const RESERVE = 100;
/** Five were counted. */
const PER_THREAD = 8;
/** With fewer nobody could be served. */
const FEWEST_CONNECTIONS = 16;

/** What is needed beside the connections of clients. */
function descriptorsBeside(config: Config): number {
  const workers = config['engine.workers'] === 'auto' ? availableParallelism() - 1 : config['engine.workers'];
  // The built-in venue is in this process, and so are both ends of its connections.
  const ends = config['upstream.url'].kind === 'demo' ? 2 : 1;
  return config['upstream.connections'] * ends + OPERATOR + workers * PER_THREAD + RESERVE;
}

/** Of everything that the settings let be open at once. */
export const descriptorsNeeded = (config: Config): number => config['http.max_connections'] + descriptorsBeside(config);

/**
 * How many this process may have: RLIMIT_NOFILE, as Linux says it; Node.js has raised it to the hard limit. Undefined where the system
 * does not say.
 */
export function descriptorsAllowed(): number | undefined {
  try {
    const [, soft = ''] = /^Max open files +(\S+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? [];
    if (soft === 'unlimited') return Number.POSITIVE_INFINITY;
    return /^\d+$/.test(soft) ? Number(soft) : undefined;
  } catch {
    return undefined;
  }
}

export interface Connections {
  /** http.max_connections, or as many as there are descriptors for. */
  readonly most: number;
  /** Why they are fewer than that. */
  readonly problem: string | undefined;
}

/**
 * Throws ConfigError when too many were asked for by name, or there would be hardly any: only the default gives way to what the system
 * allows.
 */
export function connectionsWithin({ config, sources }: LoadedConfig, allowed: number | undefined): Connections {
  const asked = config['http.max_connections'];
  const needed = descriptorsNeeded(config);
  if (allowed === undefined || allowed >= needed) return { most: asked, problem: undefined };
  const most = allowed - descriptorsBeside(config);
  const why = `this process may have ${allowed} descriptors open (ulimit -n, LimitNOFILE), and ${asked} connections need ${needed}`;
  if (most < FEWEST_CONNECTIONS || sources['http.max_connections'].kind !== 'default') {
    const instead = most < FEWEST_CONNECTIONS ? '' : `, or ask for ${most} at most`;
    throw new ConfigError([`http.max_connections: ${why}; allow more${instead}`]);
  }
  return { most, problem: `${why}: ${most} connections are taken at most` };
}
