// A whole service on real sockets: authority, gateway and a demo venue whose counters the test can read.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type App, startApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config/load.ts';
import { readSettingsText } from '../../src/config/settings-file.ts';
import { startVenue, type Venue } from '../../src/demo-venue/server.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { createLineRedactor, type Redact } from '../../src/telemetry/redact.ts';
import { withRates } from './rates.ts';
import { temporaryFolder } from './temporary-folder.ts';

export interface Service {
  readonly url: string;
  readonly port: number;
  readonly consoleAddress: string | undefined;
  readonly operatorUrl: string;
  /** The bearer of the operator API. */
  readonly operatorToken: string;
  readonly venue: Venue;
  /** The folder that holds `data/` and the master key: pass it to another startService to reopen the same store. */
  readonly folder: string;
  /** Lines of the service's own log, when `log` was asked for. */
  readonly log: string[];
  stop(): Promise<void>;
}

export interface ServiceOptions {
  /** As flags: `{ 'login.max_age': '600' }`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Settings that are no flags: `{ CSIGN_METRICS_TOKEN: '...' }`. */
  readonly env?: Readonly<Record<string, string>>;
  readonly folder?: string;
  /** To start again where one stopped. Default: any free one. */
  readonly port?: number;
  /** Another upstream than the demo venue, as `upstream.url` says it. */
  readonly upstream?: string;
  /** Clocks that the test moves: wall in nanoseconds, monotonic in milliseconds. */
  readonly time?: { wall: () => bigint; monotonic: () => number };
  /** A folder with a built console, in place of that of the project. */
  readonly consoleFolder?: string;
  /** In place of all redaction of the log, by member and by line: `(line) => line` switches it off. */
  readonly redact?: Redact;
}

/** For a test of something else than signatures, whose orders carry none. */
export const unsignedOrders = { 'orders.verify': 'off' } as const;

/**
 * Starts on a free port, as the product is shipped. Only rate limits are off unless the settings turn them on: tests call far more often
 * than clients, and each limit has tests of its own. `stop` keeps the folder; the process's exit removes it.
 */
export async function startService(options: ServiceOptions = {}): Promise<Service> {
  const folder = options.folder ?? temporaryFolder();
  const secret = randomBytes(32).toString('base64url');
  const venue = await startVenue({ secret, listen: { host: '127.0.0.1', port: 0 } });
  const settings = withRates({ 'rate_limit.enabled': 'false', ...options.settings });
  const loaded = loadConfig({
    argv: [
      `--port=${options.port ?? 0}`,
      `--data=${join(folder, 'data')}`,
      `--master_key.file=${join(folder, 'master.key')}`,
      `--upstream=${options.upstream ?? venue.address}`,
      '--upstream.proof=secret',
      ...Object.entries(settings).map(([name, value]) => `--${name}=${value}`),
    ],
    env: { CSIGN_UPSTREAM_SECRET: secret, ...options.env },
    cwd: folder,
    readFile: readSettingsText,
  });
  const log: string[] = [];
  let app: App;
  try {
    app = await startApp(
      loaded,
      createLogger({
        level: 'trace',
        redact: options.redact ?? createLineRedactor(),
        ...(options.redact === undefined ? {} : { paths: [] }),
        destination: { write: (line) => void log.push(line) },
      }),
      options.time,
      options.consoleFolder,
    );
  } catch (error) {
    await venue.close();
    throw error;
  }
  return {
    url: app.url,
    port: Number(new URL(app.url).port),
    consoleAddress: app.consoleAddress,
    operatorUrl: app.operatorUrl,
    operatorToken: readFileSync(join(folder, 'data', 'operator.token'), 'utf8').trim(),
    venue,
    folder,
    log,
    async stop() {
      await app.stop();
      await venue.close();
    },
  };
}
