// Runs the service until it is told to stop, and says in plain words where everything is.
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type App, startApp } from '../../app.ts';
import { ConfigError, type LoadedConfig } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import {
  ClockFarAhead,
  isSystemError,
  NotClosed,
  OperatorPlaceTaken,
  StoreFailure,
  StoreLocked,
  StoreLost,
  UnsafeFile,
} from '../../errors.ts';
import { MasterKeyUnusable } from '../../jwt/master-key.ts';
import { MasterKeyMismatch } from '../../jwt/seal.ts';
import { SigningKeyDamaged } from '../../jwt/signing-key.ts';
import { OPERATOR_TOKEN_FILE, OperatorTokenUnusable } from '../../operator/token-file.ts';
import { type Output, standardError, standardOutput } from '../../telemetry/output.ts';
import { createRedactor } from '../../telemetry/redact.ts';
import { endAtTheLatestIn } from '../hard-end.ts';
import { abandonPrinting } from '../printing.ts';
import type { Typed } from '../program.ts';
import { readSettings } from '../reporting.ts';
import { demoCommand } from '../usage.ts';

/** When the database is lost: time for the refusals that are being written. */
const LOST_STOP_MS = 1_000;

/** The text of a defect may hold what a client sent. */
const redact = createRedactor();

/** A stop may take this long beyond http.drain_timeout, to write and close journal and database. */
const STOP_MS = 10_000;
/** After a stop that was given up, or a crash: time for the last lines, then the process is killed. */
const LAST_MS = 5_000;

export async function serve({ settings }: Typed): Promise<number> {
  let app: App;
  let loaded: LoadedConfig;
  abandonPrinting();
  writeThrough(process.stdout, standardOutput());
  writeThrough(process.stderr, standardError());
  sayWarnings();
  // Listen before anything is opened: a signal during the start must not leave a half-started server behind.
  const stopping = stopSignal();
  outliveHangup();
  const crash = firstCrash();
  try {
    loaded = readSettings(settings);
    const started = await Promise.race([startApp(loaded), crash]);
    if (started === 'crashed') return 1;
    app = started;
  } catch (error) {
    return failed(error);
  }
  standardOutput().write(welcome(app, loaded));
  const signal = await Promise.race([stopping, crash, app.lost]);
  if (signal instanceof StoreLost) return withoutDatabase(signal, app);
  if (signal === 'crashed') return 1;
  const stopMs = loaded.config['http.drain_timeout'] * 1000 + STOP_MS;
  endAtTheLatestIn(stopMs + LAST_MS);
  standardOutput().write(`${signal}: finishing what is under way\n`);
  const meanwhile = await Promise.race([stopOf(app), crash, app.lost, pause(stopMs, 'hangs' as const)]);
  if (meanwhile instanceof StoreLost) return withoutDatabase(meanwhile, app);
  if (meanwhile === 'hangs') {
    standardError().write(`countersign: the stop did not end within ${stopMs / 1000} s and was given up\n`);
    return 1;
  }
  if (meanwhile === 'crashed') return 1;
  if (meanwhile instanceof NotClosed) {
    standardError().write(`countersign: ${redact(meanwhile.message)}\n`);
    return 1;
  }
  standardOutput().write('stopped\n');
  return 0;
}

// A terminal sends its signal to the whole process group, so it can arrive twice: only the first counts.
function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, resolve);
  });
}

// SIGHUP ends a process that does not listen, and tools send it to make a server read its settings again.
function outliveHangup(): void {
  process.on('SIGHUP', () =>
    standardOutput().write('SIGHUP: nothing is read again; a restart takes what was changed\n'),
  );
}

/** Never rejects: a stop that fails is said, and the process ends. */
const stopOf = (app: App): Promise<NotClosed | undefined> =>
  app.stop().then(
    () => undefined,
    (error: unknown) => (error instanceof NotClosed ? error : new NotClosed([error])),
  );

// After a crash nothing can be relied on, not even a stop; what was acknowledged is on disk. Later ones are printed, too: none may be lost
// in silence.
function firstCrash(): Promise<'crashed'> {
  process.on('uncaughtException', (error: unknown) =>
    standardError().write(`countersign: ended by a defect: ${redact(textOf(error))}\n`),
  );
  return new Promise((resolve) => {
    process.once('uncaughtException', () => {
      endAtTheLatestIn(LAST_MS);
      // In case the event loop runs empty before the exit.
      process.exitCode = 1;
      resolve('crashed');
    });
  });
}

// A library that prints must not wait for the reader either.
function writeThrough(stream: NodeJS.WriteStream, output: Output): void {
  Object.assign(stream, {
    write(chunk: string | Uint8Array, ...rest: readonly unknown[]): true {
      output.write(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString());
      const written = rest.at(-1);
      if (typeof written === 'function') written();
      return true;
    },
  });
}

// Node would print warnings itself, and wait for the reader.
function sayWarnings(): void {
  if (process.listenerCount('warning') === 0) return;
  process.removeAllListeners('warning');
  process.on('warning', (warning) => standardError().write(`countersign: ${redact(textOf(warning))}\n`));
}

// Every bearer is refused by now. Wait only for the refusals that are being written.
async function withoutDatabase(why: StoreLost, app: App): Promise<number> {
  endAtTheLatestIn(LOST_STOP_MS + LAST_MS);
  standardError().write(`countersign: ended, for its database is lost: ${redact(why.message)}\n`);
  await Promise.race([stopOf(app), pause(LOST_STOP_MS)]);
  return 1;
}

function welcome(app: App, { config }: LoadedConfig): string {
  return `${app.firstStart ? `signing keys created, sealed with ${config['master_key.file']}: keep that file apart from the data\n` : ''}data        ${config['data.folder']}
operator    ${app.operatorUrl}, for this machine only; ${config['operator.token'] === undefined ? `bearer in ${join(config['data.folder'], OPERATOR_TOKEN_FILE)}` : 'bearer as set'}
venue       ${app.upstream}
chain       ${config['wire.starknet_chain_id']}, L1 chain ${config['wire.l1_chain_id']}; ${app.siweDomains.join(', ')}
            a login signed for this chain id and domain is valid on every service that uses the same ones
listening on ${app.url}
${consoleLine(app, config)}
try         ${demoCommand} --url ${app.url}
            curl ${app.url}/v1/system/config
`;
}

function consoleLine({ consoleAddress }: App, { 'console.own_host': own }: Config): string {
  if (consoleAddress === undefined) return '';
  return `console     ${consoleAddress}${own ? ', under this host name alone' : ''}\n`;
}

function failed(error: unknown): number {
  if (error instanceof ConfigError) {
    for (const problem of error.problems) standardError().write(`countersign: ${problem}\n`);
    return 2;
  }
  standardError().write(`countersign: ${sentence(error)}\n`);
  return 1;
}

function sentence(error: unknown): string {
  if (error instanceof StoreLocked)
    return 'another server is already running on this data folder; stop it, or use another --data';
  if (error instanceof MasterKeyUnusable || error instanceof MasterKeyMismatch) return error.message;
  if (error instanceof SigningKeyDamaged || error instanceof UnsafeFile) return error.message;
  if (error instanceof OperatorTokenUnusable || error instanceof OperatorPlaceTaken) return error.message;
  if (error instanceof ClockFarAhead) return error.message;
  if (error instanceof StoreFailure) return `the database cannot be used: ${error.message}`;
  if (isAddressInUse(error)) return 'the port is in use by another program; choose another with --port';
  if (isSystemError(error)) return `the start failed: ${error.message}`;
  return redact(textOf(error));
}

const textOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));

const isAddressInUse = (error: unknown): boolean => isSystemError(error) && error.code === 'EADDRINUSE';
