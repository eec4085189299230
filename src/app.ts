// The composition root: a Config becomes wired services that start and stop. The only file that knows every module.
import { type KeyObject, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import pino, { type Logger } from 'pino';
import manifest from '../package.json' with { type: 'json' };
import { createAuthorize } from './access/authorize.ts';
import { createRouteMatcher } from './access/route-table.ts';
import { createSignerRefusal } from './access/signer.ts';
import { createAuditJournal } from './audit/journal.ts';
import { type Backups, createBackups } from './backup/take.ts';
import { type Closing, createClosing } from './closing.ts';
import type { LoadedConfig } from './config/load.ts';
import type { Config } from './config/schema.ts';
import { shownSettings } from './config/shown.ts';
import type { UpstreamAddress, VenueAddress } from './config/upstream-address.ts';
import { createAcceptClock } from './credentials/accept-clock.ts';
import { createActivateSubkey } from './credentials/activate-subkey.ts';
import { createEndSelf } from './credentials/end-self.ts';
import { createFindCredentials } from './credentials/find-credentials.ts';
import { createIssueTerminalToken } from './credentials/issue-terminal-token.ts';
import { createLockAccount } from './credentials/lock-account.ts';
import { createLogin } from './credentials/login.ts';
import { createManageSubkeys } from './credentials/manage-subkeys.ts';
import { createManageTokens } from './credentials/manage-tokens.ts';
import { createOnboard } from './credentials/onboard.ts';
import { createProveOwner } from './credentials/owner-proof.ts';
import { createRegisterSubkey } from './credentials/register-subkey.ts';
import { createReportLeaked } from './credentials/report-leaked.ts';
import { createRevokeCredential } from './credentials/revoke-credential.ts';
import { createSignOut } from './credentials/sign-out.ts';
import { createSigningKeys, type SigningKeys } from './credentials/signing-keys.ts';
import { createWalletProofs } from './credentials/wallet-proof.ts';
import { startVenue } from './demo-venue/server.ts';
import { passedHeaders } from './domain/request-headers.ts';
import { createShares } from './domain/shares.ts';
import { type Clock, type KeptClock, leadSeconds, millisOf } from './domain/time.ts';
import { NoData, type StoreLost } from './errors.ts';
import { openWalletRecovery, type WalletRecovery } from './ethereum/wallet-recovery.ts';
import { removeLeftDrafts } from './files/durable-file.ts';
import { makeOwnFolder, requireOwnFolder } from './files/own-folder.ts';
import { createForward } from './gateway/forward.ts';
import { createUpstream } from './gateway/upstream.ts';
import { createFront } from './http/front.ts';
import { createHandlers } from './http/handlers.ts';
import { createClientIp, createConnectionKeys, createTrustedPeer } from './http/kit/client-ip.ts';
import { createCors } from './http/kit/cors.ts';
import { createForwardedProto } from './http/kit/forwarded-proto.ts';
import { createRequestIds, type RequestIds } from './http/kit/request-ids.ts';
import { createHttpServer } from './http/kit/server.ts';
import { createIssuer } from './jwt/issue.ts';
import { createKeyring, type Keyring } from './jwt/keyring.ts';
import { openMasterKey } from './jwt/master-key.ts';
import { createSigningKey, type KeyUse, toRecord } from './jwt/signing-key.ts';
import { createVerifyBearer, type VerifyBearer } from './jwt/verify.ts';
import { OPERATOR_ADDRESS_FILE, removeOperatorAddress, writeOperatorAddress } from './operator/address-file.ts';
import { createOperatorApi, type MetricsAccess } from './operator/api.ts';
import { createIsOperator } from './operator/bearer.ts';
import { listenForOperator, type OperatorListener } from './operator/listening.ts';
import { OPERATOR_TOKEN_FILE, openOperatorToken } from './operator/token-file.ts';
import { createOrderCheck, type OrderCheck } from './orders/check.ts';
import { createOrderMarks, guaranteedMarks, type OrderMarks } from './orders/marks.ts';
import { prepare } from './prepare.ts';
import { createHandshakeLimit } from './ratelimit/handshakes.ts';
import { type AccountCounter, createRateLimiter, type RateLimits, shareOf, sharesOf } from './ratelimit/limiter.ts';
import { createChanges } from './revocation/commit.ts';
import { createCurrentStore } from './revocation/current-store.ts';
import { createDenials } from './revocation/denials.ts';
import { createLiveRegistry } from './revocation/live.ts';
import { createView } from './revocation/view.ts';
import type { FarAhead } from './store/far-ahead.ts';
import { keepLogEmpty } from './store/keep-log-empty.ts';
import { openStore } from './store/open.ts';
import type { Store } from './store/store.ts';
import { type Counters, createCounters } from './telemetry/counters.ts';
import { createMetricsPage } from './telemetry/exposition.ts';
import { freeBytes, signingKeyFigures, storageFigures } from './telemetry/figures.ts';
import { createLogger } from './telemetry/logger.ts';
import { countChanges, countLimited, countLogins } from './telemetry/observe.ts';
import { standardOutput } from './telemetry/output.ts';
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
} from './telemetry/readiness.ts';
import { createLineRedactor, createRedactor } from './telemetry/redact.ts';
import { createTelemetry, type Telemetry } from './telemetry/telemetry.ts';
import { openAnswers } from './verification/open-answers.ts';
import { createThreads } from './verification/threads.ts';
import { createVerifier, type Verifier } from './verification/verifier.ts';

export interface App {
  /** `http://host:port`, or `https://` with tls.cert, as bound. */
  readonly url: string;
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

export const DATABASE_FILE = 'countersign.db';
const PURGE_MS = 60_000;
/** Several times a minute, for a copy of the database may be in the way of one: SECURITY.md. */
const EMPTY_LOG_MS = 15_000;
/** Often enough for the clock to tell a machine that stands by its time from one that jumps. */
const CLOCK_MS = 1_000;
const KEYS_DUE_MS = 5_000;
/** A pause of a few seconds is no slow client. */
const PACE_WINDOW_MS = 10_000;

/**
 * Starts everything or nothing: what was opened is closed again when a later part cannot start. `time` (nanoseconds and
 * milliseconds) stands in for the machine's own clocks, for tests.
 */
export async function startApp(
  loaded: LoadedConfig,
  log: Logger = createLogger({
    level: loaded.config['log.level'],
    redact: createLineRedactor(createRedactor(secretsOf(loaded.config))),
  }),
  time?: { wall: () => bigint; monotonic: () => number },
): Promise<App> {
  const { config } = loaded;
  const closing = createClosing((error) => log.error({ event: 'not_closed', err: error }));
  try {
    return await wire(loaded, log, time, closing, config);
  } catch (error) {
    // What could not be closed stands in the log: the start failed for something else.
    await closing.closeAll().catch(() => undefined);
    throw error;
  }
}

async function wire(
  loaded: LoadedConfig,
  log: Logger,
  time: { wall: () => bigint; monotonic: () => number } | undefined,
  closing: Closing,
  config: Config,
): Promise<App> {
  closing.push(() => log.flush());
  const { tls, routes, operatorPlaces, connections } = prepare(loaded);
  const { table } = routes;
  // All in one line: lines of the same event are counted.
  if (routes.leftOut.length > 0) log.warn({ event: 'emergency_routes_left_out', routes: routes.leftOut });
  const counters = createCounters();
  const telemetry = createTelemetry(log, counters);
  const walletRecovery = await openWalletRecovery();
  sayWalletRecovery(walletRecovery, log);
  const verifier = openVerifier(config, log, telemetry, walletRecovery);
  closing.push(() => verifier.close());
  const scheme = tls === undefined ? 'http' : 'https';
  if (connections.problem !== undefined) log.warn({ event: 'connections_lowered', reason: connections.problem });

  makeOwnFolder(config['data.folder']);
  const core = await openCore(config, log, time, closing, counters);
  const { store, clock, keyring, firstStart, live, view, journal, changes, signingKeys } = core;
  const purge = setInterval(() => {
    store.purgeExpired(clock.now()).catch((error: unknown) => log.error({ event: 'purge_failed', err: error }));
  }, PURGE_MS).unref();
  closing.push(() => clearInterval(purge));
  const emptyLog = keepLogEmpty({
    emptyLog: () => store.emptyLog(),
    monotonic: time?.monotonic ?? (() => performance.now()),
    onFailure: (why) => log.error({ event: 'log_not_emptied', ...why }),
  });
  const emptying = setInterval(() => void emptyLog.attempt(), EMPTY_LOG_MS).unref();
  closing.push(() => clearInterval(emptying));
  closing.push(watchClock(clock));
  await signingKeys.retireUnused();
  await signingKeys.advance();
  const keysDue = setInterval(() => {
    signingKeys.advance().catch((error: unknown) => log.error({ event: 'signing_keys_failed', err: error }));
  }, KEYS_DUE_MS).unref();
  closing.push(() => clearInterval(keysDue));

  const verifyBearer = createVerifyBearer({
    keyring,
    issuer: config['jwt.issuer'],
    cacheCapacity: config['bearer_cache.capacity'],
  });
  const authorize = createAuthorize({
    verifyBearer,
    view,
    live,
    clock,
    policy: { tokensMayReadKeys: config['tokens.may_read_keys'] },
  });

  const { address, secret, closeVenue } = await openVenue(config);
  closing.push(closeVenue);
  const upstream = createUpstream({
    address,
    connections: config['upstream.connections'],
    maxWaiting: config['upstream.queue'],
    connectTimeoutMs: config['upstream.connect_timeout'] * 1000,
  });
  closing.push(() => upstream.destroy());
  const bodies = createShares(config['upstream.body_memory']);
  const answers = createShares(config['upstream.answer_memory']);

  const limiter = createRateLimiter({
    enabled: config['rate_limit.enabled'],
    limits: limitsOf(config),
    maxKeys: config['rate_limit.max_keys'],
    clock,
  });
  const handshakes =
    tls === undefined || !config['rate_limit.enabled']
      ? undefined
      : createHandshakeLimit(handshakeLimitOf(config, clock));
  let stopping = false;
  const readiness = createReadiness({
    process: () => stoppingFinding(stopping),
    ...coreChecks(core, config),
    venue: () => venueFinding(counters.venueFailuresInARow),
    engine: () => engineFinding(verifier.stats().engineAvailable),
    audit: () => auditFinding(journal.stats()),
    changes: () => changesFinding(changes.stats()),
    connections: () => connectionsFinding(connections.problem),
    database_log: () => databaseLogFinding(emptyLog.problem()),
    log: () => logFinding(standardOutput().stats()),
  });

  // The loopback names of our own port are known only once it is bound.
  const siweDomains = [...config['siwe.domains']];
  const services = credentialServices({
    config,
    store,
    clock,
    verifier,
    keyring,
    view,
    changes,
    journal,
    verifyBearer,
    siweDomains,
    limiter: countLimited(limiter, counters),
  });
  const handlers = await createHandlers({
    ...services,
    login: countLogins(services.login, counters),
    system: { config, clock, keyring },
    self: { view, clock },
    readiness,
    telemetry,
    maxBodyBytes: config['http.max_body_bytes'],
    table,
  });
  closing.push(() => handlers.close());
  const marks =
    config['orders.verify'] === 'require'
      ? createOrderMarks({
          maxMarks: config['orders.max_marks'],
          maxPerAccount: config['orders.max_marks_per_account'],
          subkeyPercent: config['rate_limit.credential_orders_percent'],
          guaranteed: guaranteedMarks({
            maxMarks: config['orders.max_marks'],
            ordersPerMinute: config['rate_limit.orders_per_minute'],
            maxAgeSeconds: config['orders.max_age'],
            futureToleranceSeconds: config['login.future_tolerance'],
            marksPerOrder: config['orders.repeats'] === 'refuse' ? 1 : 2,
          }),
        })
      : undefined;
  const requestIds = createRequestIds();
  const front = createFront(
    {
      requestIds,
      match: createRouteMatcher(table),
      authorize,
      clientIp: createClientIp({ trusted: config['proxy.trusted'] }),
      forwardedProto: createForwardedProto(createTrustedPeer({ trusted: config['proxy.trusted'] })),
      limiter,
      cors: createCors(config['cors.origins'], config['cors.headers']),
      clock,
      journal,
      telemetry,
      forward: createForward({
        upstream,
        upstreamSecret: secret,
        passed: passedHeaders(config['upstream.request_headers']),
        protocol: scheme,
        checkOrders: marks && orderCheck({ config, store, clock, verifier, view, marks, requestIds }),
        deadlineMs: config['upstream.timeout'] * 1000,
        idleMs: config['upstream.timeout'] * 1000,
        bodies,
        answers,
        maxAnswerCopyBytes: config['upstream.max_answer_copy'],
        maxPausedAnswers: Math.ceil(config['upstream.connections'] / 4),
        pace: { minBytesPerSecond: config['http.min_bytes_per_second'], windowMs: PACE_WINDOW_MS },
      }),
      refuseUnsignedRoutes: config['orders.unsigned_routes'] === 'refuse',
      limits: {
        maxTargetBytes: config['http.max_target_bytes'],
        maxForwardBodyBytes: config['http.max_forward_body_bytes'],
      },
    },
    handlers.serve,
  );
  // Before the public one: who cannot be operated is not served.
  const token = operatorToken(config, { mayCreate: true });
  const page = createMetricsPage({
    counters,
    build: { version: manifest.version, node: process.versions.node },
    readiness,
    log: standardOutput().stats,
    rateLimitKeys: () => limiter.size() + (handshakes?.size() ?? 0),
    liveRequests: () => live.size,
    view: view.stats,
    bearerCache: verifyBearer.stats,
    upstream: upstream.stats,
    gatewayMemory: () => ({ bodies, answers }),
    orderMarks: marks && (() => marks.stats(millisOf(clock.now()))),
    audit: journal.stats,
    changes: changes.stats,
    changeLog: async () => ({ epoch: store.epoch, position: await store.position() }),
    clockLeadSeconds: () => leadSeconds(clock),
    signingKeys: async () => signingKeyFigures(await store.signingKeys(), clock.now(), config['signing_keys.max_age']),
    storage: () => storageFigures(config['data.folder'], join(config['data.folder'], DATABASE_FILE)),
    engine: () => {
      const { engine, engineAvailable, fallbacks } = verifier.stats();
      return { ...engine, available: engineAvailable, fallbacks };
    },
    verification: verifier.stats,
  });
  const scraper = config['metrics.token']?.reveal();
  const operatorUrl = await startOperatorApi(
    core,
    loaded,
    (front) =>
      listenForOperator(operatorPlaces, config, front, (path, error) =>
        log.warn({ event: 'operator_socket_left_out', path, err: error }),
      ),
    token,
    {
      telemetry,
      readiness,
      metrics: { page, isScraper: scraper === undefined ? undefined : createIsOperator(scraper) },
    },
    closing,
  );
  const addressFile = join(config['data.folder'], OPERATOR_ADDRESS_FILE);
  if (operatorUrl.startsWith('http:')) writeOperatorAddress(addressFile, operatorUrl);
  closing.push(() =>
    removeOperatorAddress(addressFile, (error) =>
      log.warn({ event: 'operator_address_left', path: addressFile, err: error }),
    ),
  );

  const server = createHttpServer(
    {
      at: { host: config['server.host'], port: config['server.port'] },
      maxHeaderBytes: config['http.max_header_bytes'],
      maxConnections: connections.most,
      perAddress: {
        maxConnections: config['http.max_connections_per_address'],
        keysOf: createConnectionKeys({ trusted: config['proxy.trusted'] }),
        mayShakeHands: (keys) => handshakes?.charge(keys) ?? true,
      },
      told: {
        unreadable: ({ code }) => counters.errors.add(code),
        closedUnheard: (why) => counters.closedUnheard.add(why),
      },
      requestTimeoutMs: config['http.request_timeout'] * 1000,
      keepAliveTimeoutMs: config['http.keep_alive_timeout'] * 1000,
      // Longer than the venue may be silent, so that it is the exchange that ends in time, with an answer.
      silenceTimeoutMs: (config['upstream.timeout'] + config['http.request_timeout']) * 1000,
      tls,
    },
    front,
  );
  const port = await server.listen();
  // Whoever still waits for the venue then is told whether the request had left, instead of nothing.
  closing.push(() => server.drain(config['http.drain_timeout'] * 1000, upstream.destroy));
  closing.push(() => {
    stopping = true;
  });
  if (loaded.sources['siwe.domains'].kind === 'default') siweDomains.push(`localhost:${port}`, `127.0.0.1:${port}`);

  const host = config['server.host'].includes(':') ? `[${config['server.host']}]` : config['server.host'];
  return {
    url: `${scheme}://${host}:${port}`,
    operatorUrl,
    upstream: describeUpstream(config['upstream.url']),
    siweDomains,
    firstStart,
    lost: store.whenLost,
    stop: closing.closeAll,
  };
}

/** Looks at the clock also while nobody asks anything. Returns what ends that. */
function watchClock(clock: Clock): () => void {
  const watch = setInterval(() => {
    try {
      clock.now();
    } catch {
      // Whoever needs it asks again, and is told.
    }
  }, CLOCK_MS).unref();
  return () => clearInterval(watch);
}

/** What any command that reads or changes the store needs. */
interface Core {
  readonly store: Store;
  readonly clock: KeptClock;
  readonly keyring: Keyring;
  readonly masterKey: KeyObject;
  /** True when signing keys had to be created. */
  readonly firstStart: boolean;
  readonly live: ReturnType<typeof createLiveRegistry>;
  readonly view: ReturnType<typeof createView>;
  readonly journal: ReturnType<typeof createAuditJournal>;
  readonly changes: ReturnType<typeof createChanges>;
  readonly signingKeys: SigningKeys;
  readonly backups: Backups;
}

async function openCore(
  config: Config,
  log: Logger,
  time: { wall: () => bigint; monotonic: () => number } | undefined,
  closing: Closing,
  counters: Counters,
  farAhead: FarAhead = config['clock.accept'] ? 'accept' : 'refuse',
): Promise<Core> {
  const { store: stored, clock } = await openStore(join(config['data.folder'], DATABASE_FILE), time, farAhead);
  closing.push(() => stored.close());
  const denials = createDenials({ clock });
  const store = createCurrentStore(stored, denials);
  const { keyring, masterKey, created: firstStart } = await openKeyring(store, clock, config['master_key.file']);
  const live = createLiveRegistry({ clock });
  const view = createView({ read: stored.facts, denials, capacity: config['view.capacity'] });
  void stored.whenLost.then((why) => {
    view.refuseAll(why);
    log.fatal({ event: 'store_lost', err: why });
    live.cutEverybody('store_lost');
  });
  const journal = createAuditJournal({
    store,
    clock,
    onFailure: (error, rows) => log.error({ event: 'audit_not_written', rows, err: error }),
  });
  closing.push(() => journal.close());
  const changes = countChanges(
    createChanges({
      store: stored,
      denials,
      view,
      live,
      clock,
      onStoreFailure(error, deniedWhole) {
        log.error({ event: 'change_not_written', err: error });
        for (const account of deniedWhole) log.error({ event: 'account_denied_whole', account });
      },
      onEnded: journal.ended,
    }),
    counters,
  );
  const signingKeys = createSigningKeys({
    store,
    changes,
    clock,
    keyring,
    masterKey,
    settings: {
      maxAgeSeconds: config['signing_keys.max_age'],
      publishDelaySeconds: config['signing_keys.publish_delay'],
      uses: keyUsesOf(config),
    },
  });
  const backups = createBackups({ store, masterKey, copy: join(config['data.folder'], `${DATABASE_FILE}.copy`) });
  return { store, clock, keyring, masterKey, firstStart, live, view, journal, changes, signingKeys, backups };
}

/** Resolves with the address as bound. Rejects with OperatorPlaceTaken or UnsafeFile. */
async function startOperatorApi(
  core: Core,
  loaded: LoadedConfig,
  listen: (front: RequestListener) => Promise<OperatorListener>,
  token: string,
  told: {
    readonly telemetry: Telemetry;
    readonly readiness: Readiness;
    readonly metrics?: MetricsAccess;
  },
  closing: Closing,
): Promise<string> {
  const { config } = loaded;
  const { store, clock, keyring, changes, signingKeys, backups } = core;
  const api = await createOperatorApi({
    isOperator: createIsOperator(token),
    store,
    clock,
    lockAccount: createLockAccount({ changes, clock }),
    credentials: createFindCredentials({ store, keyring, clock, issuer: config['jwt.issuer'] }),
    revokeCredential: createRevokeCredential({ changes, clock }),
    acceptClock: createAcceptClock({
      ...core,
      writeAudit: core.journal.writeLogins,
      settings: { futureToleranceSeconds: config['login.future_tolerance'] },
    }),
    signingKeys,
    backups,
    ...told,
    version: { version: manifest.version, node: process.versions.node },
    settings: shownSettings(loaded),
    limits: { maxBodyBytes: config['http.max_body_bytes'], maxTargetBytes: config['http.max_target_bytes'] },
  });
  closing.push(() => api.close());
  const listener = await listen(api.front);
  closing.push(listener.stop);
  return listener.url;
}

/**
 * The operator API alone, for a command while no server runs: on a free loopback port, with a token of its own that nobody
 * else learns. Throws StoreLocked while a server runs, and NoData where there is nothing to work on.
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
  const closing = createClosing(() => undefined);
  try {
    const log = pino({ level: 'silent' });
    const counters = createCounters();
    const core = await openCore(config, log, undefined, closing, counters, anyClock ? 'doubt' : undefined);
    const token = randomBytes(32).toString('base64url');
    const told = { telemetry: createTelemetry(log, counters), readiness: createReadiness(coreChecks(core, config)) };
    const listen = (front: RequestListener) =>
      listenForOperator([{ host: config['operator.host'], port: 0 }], config, front, () => undefined);
    return { url: await startOperatorApi(core, loaded, listen, token, told, closing), token, stop: closing.closeAll };
  } catch (error) {
    await closing.closeAll().catch(() => undefined);
    throw error;
  }
}

/** The token in force. Throws OperatorTokenUnusable. */
export function operatorToken(config: Config, options: { readonly mayCreate: boolean }): string {
  return (
    config['operator.token']?.reveal() ?? openOperatorToken(join(config['data.folder'], OPERATOR_TOKEN_FILE), options)
  );
}

/** What a bearer needs, and what is switched on. */
export function keyUsesOf(config: Config): readonly KeyUse[] {
  return config['terminal_token.enabled'] ? ['session', 'token', 'terminal'] : ['session', 'token'];
}

async function openKeyring(
  store: Store,
  clock: Clock,
  file: string,
): Promise<{ keyring: Keyring; masterKey: KeyObject; created: boolean }> {
  const records = await store.signingKeys();
  const masterKey = openMasterKey(file, { mayCreate: records.length === 0 });
  removeLeftDrafts(file);
  const uses: readonly KeyUse[] = ['session', 'token'];
  const missing = uses.filter((use) => !records.some((record) => record.use === use && record.state === 'active'));
  if (missing.length > 0) {
    const createdAt = clock.now();
    const made = missing.map((use) => toRecord(masterKey, createSigningKey(use), { state: 'active', createdAt }));
    await store.transaction(async (tx) => {
      for (const key of made) await tx.insertSigningKey(key);
    });
  }
  const keyring = createKeyring({ records: await store.signingKeys(), masterKey });
  return { keyring, masterKey, created: missing.length > 0 };
}

const MIB = 1_048_576;

function openVerifier(
  config: Config,
  log: Logger,
  telemetry: Telemetry,
  { recoverPublicKey }: WalletRecovery,
): Verifier {
  const settings = {
    domain: { domainName: config.domain_name, chainId: config.starknet_chain_id },
    classes: derivationHashes(config),
  };
  const workers = config['engine.workers'];
  const count = workers === 'auto' ? availableParallelism() - 1 : workers;
  // The main thread answers most of the time, so that its tables matter most.
  const tableBytes = config['engine.table_mib'] * MIB;
  const [own, each] = count === 0 ? [tableBytes, 0] : [tableBytes / 2, tableBytes / 2 / count];
  const answers = openAnswers(settings, { tableBytes: Math.floor(own), recoverPublicKey });
  const { unavailable } = answers;
  if (unavailable !== undefined) {
    log.warn({ event: 'engine_unavailable', reason: unavailable }, 'Stark signatures are verified in plain JavaScript');
  }
  const openThreads = (onChange: () => void) =>
    createThreads({
      count,
      data: { settings, tableBytes: Math.floor(each), needsEngine: unavailable === undefined },
      onChange,
      onLost: (reason, retryMs) => log.error({ event: 'verification_thread_lost', reason, retryMs }),
    });
  return createVerifier({
    answers,
    openThreads: count === 0 ? undefined : openThreads,
    maxWaiting: config['engine.queue'],
    maxWaitMs: config['engine.max_wait'] * 1000,
    onAnswered: telemetry.verified,
    onShedding: (dropped) => log.warn({ event: 'verification_overloaded', dropped }),
  });
}

const derivationHashes = (config: Config) => ({
  accountHash: config.paraclear_account_hash,
  proxyHash: config.paraclear_account_proxy_hash,
  evmAccountHash: config.paraclear_evm_account_hash,
});

function sayWalletRecovery(recovery: WalletRecovery, log: Logger): void {
  const { kind } = recovery;
  if (kind === 'native') log.info({ event: 'wallet_recovery', walletRecovery: kind });
  else log.warn({ event: 'wallet_recovery', walletRecovery: kind, reason: recovery.reason });
}

function credentialServices(deps: {
  config: Config;
  store: Store;
  clock: Clock;
  verifier: Verifier;
  keyring: Keyring;
  view: ReturnType<typeof createView>;
  changes: ReturnType<typeof createChanges>;
  journal: ReturnType<typeof createAuditJournal>;
  verifyBearer: VerifyBearer;
  siweDomains: readonly string[];
  limiter: ReturnType<typeof countLimited>;
}) {
  const { config, store, clock, verifier, keyring } = deps;
  const { view, changes, journal, verifyBearer, siweDomains, limiter } = deps;
  const futureToleranceSeconds = config['login.future_tolerance'];
  const wallets = createWalletProofs({
    clock,
    verifier,
    settings: {
      domains: siweDomains,
      chainId: config.l1_chain_id,
      futureToleranceSeconds,
      maxLoginAgeSeconds: config['login.max_age'],
    },
  });
  const issuer = createIssuer({ keyring, issuer: config['jwt.issuer'] });
  return {
    hashes: derivationHashes(config),
    login: createLogin({
      store,
      view,
      clock,
      verifier,
      wallets,
      issuer,
      keyring,
      journal,
      limiter,
      settings: {
        maxAgeSeconds: config['login.max_age'],
        defaultAgeSeconds: config['login.default_age'],
        futureToleranceSeconds,
        plainSubkey: config['login.plain_subkey'],
        singleUse: config['login.single_use'],
      },
    }),
    onboard: createOnboard({
      store,
      changes,
      clock,
      verifier,
      wallets,
      settings: {
        open: config['onboarding.open'],
        allowlist: new Set(config['onboarding.allowlist']),
        issuedAtRequired: config['onboarding.siwe_issued_at_required'],
      },
    }),
    subkeys: {
      store,
      clock,
      register: createRegisterSubkey({
        store,
        changes,
        clock,
        verifier,
        wallets,
        settings: {
          signatureRequired: config['subkeys.require_signature'],
          maxLive: config['subkeys.max_live'],
          maxPending: config['subkeys.max_pending'],
          pendingLifeSeconds: config['subkeys.pending_life'],
          reregisterRevoked: config['subkeys.reregister_revoked'],
          futureToleranceSeconds,
        },
      }),
      activate: createActivateSubkey({ store, changes, clock, verifier, settings: { futureToleranceSeconds } }),
      manage: createManageSubkeys({ store, changes, clock }),
    },
    emergency: {
      signOut: createSignOut({ changes, clock, settings: { futureToleranceSeconds } }),
      proveOwner: createProveOwner({
        store,
        clock,
        verifier,
        wallets,
        journal,
        limiter,
        settings: { maxAgeSeconds: config['login.max_age'], futureToleranceSeconds },
      }),
      endSelf: createEndSelf({ changes, clock }),
      reportLeaked: createReportLeaked({ verifyBearer, changes, clock }),
      limiter,
      clock,
    },
    tokens: {
      store,
      clock,
      manage: createManageTokens({ store, changes, clock, issuer, settings: { maxLive: config['tokens.max_live'] } }),
      issueTerminalToken: createIssueTerminalToken({
        issuer,
        journal,
        clock,
        settings: { enabled: config['terminal_token.enabled'] },
      }),
    },
  };
}

function orderCheck(deps: {
  config: Config;
  store: Store;
  clock: Clock;
  verifier: Verifier;
  view: ReturnType<typeof createView>;
  marks: OrderMarks;
  requestIds: RequestIds;
}): OrderCheck {
  const { config, store, clock, verifier, view, marks, requestIds } = deps;
  return createOrderCheck({
    verifier,
    store,
    marks,
    signerRefusal: createSignerRefusal({ view, clock }),
    clock,
    settings: {
      maxAgeSeconds: config['orders.max_age'],
      futureToleranceSeconds: config['login.future_tolerance'],
      repeats: config['orders.repeats'],
    },
    requestIdOf: requestIds.idOf,
  });
}

function limitsOf(config: Config): RateLimits {
  const per = (windowSeconds: number) => (count: number) => ({ count, windowSeconds, burst: count });
  const [perSecond, perMinute, perHour, perDay] = [per(1), per(60), per(3600), per(86_400)];
  const perAccount = {
    orders: [perSecond(config['rate_limit.orders_per_second']), perMinute(config['rate_limit.orders_per_minute'])],
    read: [
      perSecond(config['rate_limit.private_get_per_second']),
      perMinute(config['rate_limit.private_get_per_minute']),
    ],
    keys: [perMinute(config['rate_limit.key_management_per_minute'])],
    'account-login': [
      perSecond(config['rate_limit.account_logins_per_second']),
      perMinute(config['rate_limit.account_logins_per_minute']),
    ],
    emergency: [perMinute(config['rate_limit.emergency_per_minute'])],
    'signed-emergency': [perMinute(config['rate_limit.emergency_per_minute'])],
    interactiveOrders: [
      perSecond(config['rate_limit.interactive_orders_per_second']),
      perMinute(config['rate_limit.interactive_orders_per_minute']),
      perHour(config['rate_limit.interactive_orders_per_hour']),
      perDay(config['rate_limit.interactive_orders_per_day']),
    ],
  };
  const percents: Partial<Record<AccountCounter, number>> = {
    orders: config['rate_limit.credential_orders_percent'],
    interactiveOrders: config['rate_limit.credential_orders_percent'],
    'account-login': config['rate_limit.credential_logins_percent'],
  };
  return {
    public: [perMinute(config['rate_limit.public_per_minute'])],
    login: [perMinute(config['rate_limit.auth_per_minute'])],
    onboarding: [perMinute(config['rate_limit.onboarding_per_minute'])],
    private: [perMinute(config['rate_limit.private_per_minute'])],
    activate: [perMinute(config['rate_limit.activate_per_minute'])],
    ...perAccount,
    perCredential: sharesOf(perAccount, (counter) => percents[counter] ?? config['rate_limit.credential_get_percent']),
    perLogin: shareOf(perAccount['account-login'], config['rate_limit.credential_logins_percent']),
  };
}

const handshakeLimitOf = (config: Config, clock: Clock) => ({
  perMinute: config['rate_limit.handshakes_per_minute'],
  burst: config['http.max_connections_per_address'],
  maxKeys: config['rate_limit.max_keys'],
  clock,
});

interface OpenedVenue {
  readonly address: VenueAddress;
  readonly secret: string | undefined;
  readonly closeVenue: () => Promise<void> | void;
}

// Linux's limit for the path of a socket is 107 bytes; other systems allow fewer.
const MAX_SOCKET_PATH = 100;

// The demo venue answers on a socket in a folder that only this user can enter, and demands a secret made for this start.
async function openVenue(config: Config): Promise<OpenedVenue> {
  const address = config['upstream.url'];
  if (address.kind !== 'demo') {
    const secret = config['upstream.proof'] === 'secret' ? config['upstream.secret']?.reveal() : undefined;
    return { address, secret, closeVenue: () => undefined };
  }
  const secret = randomBytes(32).toString('base64url');
  const inData = join(config['data.folder'], 'venue.sock');
  const temporary =
    Buffer.byteLength(inData) > MAX_SOCKET_PATH ? mkdtempSync(join(tmpdir(), 'countersign-')) : undefined;
  const socketPath = temporary === undefined ? inData : join(temporary, 'venue.sock');
  // A killed server leaves its socket behind. The data folder is ours alone by now, so nobody answers on it.
  rmSync(socketPath, { force: true });
  const venue = await startVenue({ secret, listen: { path: socketPath } });
  return {
    address: { kind: 'unix', socketPath, basePath: '' },
    secret,
    closeVenue: async () => {
      await venue.close();
      if (temporary !== undefined) rmSync(temporary, { recursive: true, force: true });
    },
  };
}

function describeUpstream(address: UpstreamAddress): string {
  switch (address.kind) {
    case 'demo':
      return 'the built-in demo venue';
    case 'http':
      return `${address.origin}${address.basePath}`;
    case 'unix':
      return `unix:${address.socketPath}`;
    default:
      return address satisfies never;
  }
}

/** What every command needs, too. */
function coreChecks({ store, clock, keyring }: Core, config: Config) {
  return {
    store: () => storeFinding(() => store.ping()),
    clock: () => clockFinding(leadSeconds(clock)),
    signing_keys: () => signingKeysFinding(signingProblem(keyring, keyUsesOf(config))),
    disk: async () => diskFinding(await freeBytes(config['data.folder'])),
  };
}

/** For the log's redactor. */
const secretsOf = (config: Config): string[] =>
  [config['operator.token'], config['metrics.token'], config['upstream.secret']].flatMap(
    (secret) => secret?.reveal() ?? [],
  );

function signingProblem(keyring: Keyring, uses: readonly KeyUse[]): string | undefined {
  try {
    for (const use of uses) keyring.signer(use);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : 'there is no signing key';
  }
}
