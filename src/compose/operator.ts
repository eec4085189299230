// The operator API and its listener: beside the server, or alone for the time of one command.
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import pino from 'pino';
import manifest from '../../package.json' with { type: 'json' };
import { MAX_OWN_BODY_BYTES, maxTargetBytes } from '../config/derived.ts';
import type { LoadedConfig } from '../config/load.ts';
import { shownSettings } from '../config/shown.ts';
import { createAcceptClock } from '../credentials/accept-clock.ts';
import { createFindCredentials } from '../credentials/find-credentials.ts';
import { createLockAccount } from '../credentials/lock-account.ts';
import { createRevokeCredential } from '../credentials/revoke-credential.ts';
import { NoData } from '../errors.ts';
import { requireOwnFolder } from '../files/own-folder.ts';
import type { ListenAt } from '../http/kit/listen.ts';
import { OPERATOR_ADDRESS_FILE, removeOperatorAddress, writeOperatorAddress } from '../operator/address-file.ts';
import { createOperatorApi, type MetricsAccess, type OperatorApi } from '../operator/api.ts';
import { createIsOperator } from '../operator/bearer.ts';
import { listenForOperator } from '../operator/listening.ts';
import { DATABASE_FILE } from '../store/database-file.ts';
import type { Readiness } from '../telemetry/readiness.ts';
import { type Core, composeCore } from './core.ts';
import { composeMonitoring, type Monitoring } from './monitoring.ts';
import { createOpening } from './opening.ts';
import { operatorToken } from './operator-token.ts';
import { composeCoreReadiness } from './readiness.ts';
import type { Slice } from './slice.ts';

export interface OperatorParts extends Pick<Monitoring, 'log' | 'telemetry'> {
  readonly core: Core;
  readonly readiness: Readiness;
  readonly metrics: MetricsAccess;
  readonly places: readonly ListenAt[];
}

/** Rejects with OperatorPlaceTaken, OperatorTokenUnusable or UnsafeFile. */
export async function composeOperator(loaded: LoadedConfig, parts: OperatorParts) {
  const { config } = loaded;
  const { log, places } = parts;
  await using opening = createOpening(log);
  const api = await operatorApi(loaded, operatorToken(config, { mayCreate: true }), parts);
  opening.defer(() => api.close());
  const listener = await listenForOperator(places, config, api.front, {
    withoutSocket: (path, error) => log.warn({ event: 'operator_socket_left_out', path, err: error }),
    onFreePort: (taken, bound) => log.warn({ event: 'operator_port_taken', port: taken, instead: bound }),
  });
  opening.defer(listener.stop);
  const { url } = listener;
  const addressFile = join(config['data.folder'], OPERATOR_ADDRESS_FILE);
  if (url.startsWith('http:')) writeOperatorAddress(addressFile, url);
  opening.defer(() =>
    removeOperatorAddress(addressFile, (error) =>
      log.warn({ event: 'operator_address_left', path: addressFile, err: error }),
    ),
  );
  /** The address as bound. */
  return { url, [Symbol.asyncDispose]: opening.move() };
}

/**
 * The operator API alone, for a command while no server runs: on a free loopback port, with a token of its own that nobody
 * else learns. Throws StoreLocked while a server runs, and NoData where there is no database.
 */
export async function startOperatorAlone(
  loaded: LoadedConfig,
  { anyClock }: { readonly anyClock: boolean },
): Promise<{ readonly url: string; readonly token: string; stop(): Promise<void> }> {
  const { config } = loaded;
  if (!existsSync(join(config['data.folder'], DATABASE_FILE))) {
    throw new NoData(`there is no database in ${config['data.folder']}; name your server's data folder with --data`);
  }
  requireOwnFolder(config['data.folder']);
  const monitoring = composeMonitoring(pino({ level: 'silent' }));
  await using opening = createOpening(monitoring.log);
  const core = opening.use(await composeCore(config, { ...monitoring, ...(anyClock ? { farAhead: 'doubt' } : {}) }));
  const token = randomBytes(32).toString('base64url');
  const readiness = composeCoreReadiness(config, core);
  const api = await operatorApi(loaded, token, { ...monitoring, core, readiness });
  opening.defer(() => api.close());
  const place = { host: config['operator.host'], port: 0 };
  const listener = await listenForOperator([place], config, api.front, {
    withoutSocket: () => undefined,
    onFreePort: () => undefined,
  });
  opening.defer(listener.stop);
  return { url: listener.url, token, stop: opening.move() };
}

/** The use cases of the operator API. */
export function composeOperatorServices(config: Slice<'jwt' | 'login'>, core: Core) {
  const { store, clock, keyring, changes, signingKeys, backups, usage } = core;
  return {
    store,
    clock,
    usage,
    lockAccount: createLockAccount({ changes, clock }),
    credentials: createFindCredentials({ store, usage, keyring, clock, issuer: config['jwt.issuer'] }),
    revokeCredential: createRevokeCredential({ changes, clock }),
    acceptClock: createAcceptClock({
      ...core,
      writeAudit: core.journal.writeLogins,
      settings: { futureToleranceSeconds: config['login.future_tolerance'] },
    }),
    signingKeys,
    backups,
  };
}

function operatorApi(
  loaded: LoadedConfig,
  token: string,
  parts: Pick<OperatorParts, 'core' | 'telemetry' | 'readiness'> & Partial<Pick<OperatorParts, 'metrics'>>,
): Promise<OperatorApi> {
  const { config } = loaded;
  const { core, telemetry, readiness, metrics } = parts;
  return createOperatorApi({
    ...composeOperatorServices(config, core),
    isOperator: createIsOperator(token),
    telemetry,
    readiness,
    metrics,
    version: { version: manifest.version, node: process.versions.node },
    settings: shownSettings(loaded),
    limits: { maxBodyBytes: MAX_OWN_BODY_BYTES, maxTargetBytes: maxTargetBytes(config) },
  });
}
