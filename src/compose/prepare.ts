// Everything a start reads before it opens anything: the route table, the certificate, the master key if there is one, the places
// of the operator API, and the number of connections the system allows. `config check` and the doctor read the same, so that
// neither accepts what a start refuses.
import { overridden, type RateFigures } from '../access/figures.ts';
import { builtInFigures, builtInTable, emergencyRoutesLeftOut, requireOwnRoutes } from '../access/own-routes.ts';
import { parseRouteTable } from '../access/parse-route-table.ts';
import { type RouteTable, RouteTableError, withLeverageForSubkeys } from '../access/route-table.ts';
import { type Connections, connectionsWithin, descriptorsAllowed } from '../config/descriptors.ts';
import { ConfigError, type LoadedConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { UnsafeFile } from '../errors.ts';
import { readGuarded } from '../files/guarded-file.ts';
import type { ListenAt } from '../http/kit/listen.ts';
import { openTls, type TlsOptions } from '../http/kit/tls.ts';
import { MasterKeyUnusable, readMasterKey } from '../jwt/master-key.ts';
import { operatorPlaces } from '../operator/listening.ts';

export interface PreparedRoutes {
  readonly table: RouteTable;
  /** Those of the table, as rate_limit.override has them. */
  readonly figures: RateFigures;
  /** Names of emergency routes that the table does not have. The server starts all the same, and warns. */
  readonly leftOut: readonly string[];
}

/** The result of one part: its value, or sentences that each name a setting or its file. */
export type Attempt<Value> = { readonly value: Value } | { readonly problems: readonly string[] };

export interface Outcomes {
  readonly routes: Attempt<PreparedRoutes>;
  readonly tls: Attempt<TlsOptions | undefined>;
  /** True when a usable one is there. A missing one is made at the first start. */
  readonly masterKey: Attempt<boolean>;
  readonly operatorPlaces: Attempt<readonly ListenAt[]>;
  readonly connections: Attempt<Connections>;
}

export type Prepared = { readonly [Part in keyof Outcomes]: Extract<Outcomes[Part], { value: unknown }>['value'] };

/** Each part by itself, so that all problems are found at once. */
export const tryPreparing = ({ config, sources }: LoadedConfig): Outcomes => ({
  routes: attempt(() => openRoutes(config)),
  tls: attempt(() => (config['tls.cert'] === '' ? undefined : openTls(config['tls.cert'], config['tls.key']))),
  masterKey: attempt(() => readMasterKey(config['master_key.file']) !== undefined),
  operatorPlaces: attempt(() => operatorPlaces(config)),
  connections: attempt(() => connectionsWithin({ config, sources }, descriptorsAllowed())),
});

/** All parts. Throws ConfigError with the problems of all of them. */
export function prepare(loaded: LoadedConfig): Prepared {
  const { routes, tls, masterKey, operatorPlaces, connections } = tryPreparing(loaded);
  if (
    'value' in routes &&
    'value' in tls &&
    'value' in masterKey &&
    'value' in operatorPlaces &&
    'value' in connections
  ) {
    return {
      routes: routes.value,
      tls: tls.value,
      masterKey: masterKey.value,
      operatorPlaces: operatorPlaces.value,
      connections: connections.value,
    };
  }
  const all = [routes, tls, masterKey, operatorPlaces, connections];
  throw new ConfigError(all.flatMap((part) => ('value' in part ? [] : part.problems)));
}

/** The warning about a table without these routes. */
export const leftOutSentence = (leftOut: readonly string[]): string =>
  `the route table leaves out ${leftOut.join(', ')}: in an emergency nobody can call what is not there; src/access/routes/example.json has the rows`;

function attempt<Value>(open: () => Value): Attempt<Value> {
  try {
    return { value: open() };
  } catch (error) {
    if (error instanceof ConfigError) return { problems: error.problems };
    if (error instanceof MasterKeyUnusable) return { problems: [error.message] };
    if (error instanceof RouteTableError) return { problems: [`routes.file: ${error.message}`] };
    throw error;
  }
}

function openRoutes(config: Config): PreparedRoutes {
  const file = config['routes.file'];
  const listed = file === '' ? builtInTable : parseRouteTable(readRouteFile(file));
  requireOwnRoutes(listed);
  const table = config['subkeys.may_set_leverage'] ? withLeverageForSubkeys(listed) : listed;
  const rates = overridden({ ...builtInFigures, ...table.limits }, config['rate_limit.override']);
  if ('problems' in rates) throw new ConfigError(rates.problems.map((problem) => `rate_limit.override: ${problem}`));
  return { table, figures: rates.figures, leftOut: emergencyRoutesLeftOut(table) };
}

const MAX_ROUTE_FILE_BYTES = 4 * 1024 * 1024;

function readRouteFile(file: string): unknown {
  try {
    // Its writer decides which routes need no proof.
    const text = readGuarded(file, 'trusted', MAX_ROUTE_FILE_BYTES);
    if (text === 'too_large') throw new Error(`it is larger than ${MAX_ROUTE_FILE_BYTES} bytes`);
    return JSON.parse(text.toString('utf8'));
  } catch (error) {
    if (error instanceof UnsafeFile) throw new RouteTableError(`the route table ${file} ${error.because}`);
    const why = error instanceof Error ? error.message : String(error);
    throw new RouteTableError(`the route table ${file} cannot be read: ${why}`);
  }
}
