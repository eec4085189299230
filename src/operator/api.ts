// The operator API, on a listener of its own. Every path demands the operator's bearer before it says whether it exists; exceptions are
// /healthz, /readyz, and /metrics unless metrics.token is set. The public listener never leads here.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { readBearer } from '../access/bearer.ts';
import { parseTarget } from '../access/target.ts';
import type { Backups } from '../backup/take.ts';
import type { ShownSetting } from '../config/shown.ts';
import type { AcceptClock } from '../credentials/accept-clock.ts';
import type { FindCredentials } from '../credentials/find-credentials.ts';
import type { LockAccount } from '../credentials/lock-account.ts';
import type { RevokeCredential } from '../credentials/revoke-credential.ts';
import type { SigningKeys } from '../credentials/signing-keys.ts';
import { parseIp } from '../domain/allowlist.ts';
import type { KeptClock } from '../domain/time.ts';
import { ApiError } from '../errors.ts';
import { answerError } from '../http/kit/answer-error.ts';
import { createApi } from '../http/kit/fastify.ts';
import {
  type HeaderLines,
  headerLines,
  refusalOfGetBody,
  requireOneHost,
  requirePlainBody,
} from '../http/kit/lines.ts';
import { toApiError } from '../http/kit/render.ts';
import { REQUEST_ID_HEADER } from '../http/kit/request-ids.ts';
import { registerHealthRoutes } from '../http/routes/health.ts';
import type { Store } from '../store/store.ts';
import type { MetricsPage } from '../telemetry/exposition.ts';
import type { Readiness } from '../telemetry/readiness.ts';
import type { AboutRequest, Telemetry } from '../telemetry/telemetry.ts';
import type { UsageReads } from '../usage/reads.ts';
import { attachAct } from './act.ts';
import type { IsOperator } from './bearer.ts';
import { registerAccountRoutes } from './routes/accounts.ts';
import { registerAuditRoute } from './routes/audit.ts';
import { registerBackupRoute } from './routes/backup.ts';
import { registerClockRoutes } from './routes/clock.ts';
import { registerCredentialRoutes } from './routes/credentials.ts';
import { METRICS_PATH, registerMetricsRoute } from './routes/metrics.ts';
import { registerSettingsRoute } from './routes/settings.ts';
import { registerSigningKeyRoutes } from './routes/signing-keys.ts';
import { registerVersionRoute, type Version } from './routes/version.ts';

export interface OperatorApiDeps {
  readonly isOperator: IsOperator;
  readonly metrics?: MetricsAccess | undefined;
  readonly store: Pick<
    Store,
    'account' | 'accounts' | 'subkeys' | 'tokens' | 'devices' | 'audit' | 'receipts' | 'lastAuditTime'
  >;
  readonly clock: KeptClock;
  readonly acceptClock: AcceptClock;
  readonly lockAccount: LockAccount;
  readonly credentials: FindCredentials;
  readonly revokeCredential: RevokeCredential;
  readonly usage: UsageReads;
  readonly signingKeys: SigningKeys;
  readonly backups: Backups;
  readonly readiness: Readiness;
  readonly telemetry: Telemetry;
  readonly version: Version;
  readonly settings: readonly ShownSetting[];
  readonly limits: { readonly maxBodyBytes: number; readonly maxTargetBytes: number };
}

export interface MetricsAccess {
  readonly page: MetricsPage;
  /** Whether a request carries metrics.token; undefined when none is set: then no bearer is needed. */
  readonly isScraper: IsOperator | undefined;
}

export interface OperatorApi {
  readonly front: RequestListener;
  close(): Promise<void>;
}

/** Paths without a bearer, and what they tell under a Host that is a name: as much as the public listener does, or nothing. */
const withoutBearer: ReadonlyMap<string, 'as strangers' | 'nothing'> = new Map([
  ['/healthz', 'as strangers'],
  ['/readyz', 'as strangers'],
  [METRICS_PATH, 'nothing'],
]);
// Kept on the request: V8 holds the entries of a WeakMap until it collects old objects.
const attached = Symbol('request id');
const stranger = Symbol('told as much as strangers');

interface Known {
  [attached]?: string;
  [stranger]?: true;
}

/** Longest path parameter. */
const MAX_PARAM_LENGTH = 128;

const clientIpOf = ({ socket }: IncomingMessage): string => parseIp(socket.remoteAddress ?? '')?.text ?? '';
const aboutOf = (request: IncomingMessage & Known): AboutRequest => ({
  requestId: request[attached] ?? 'unknown',
  route: 'operator',
  principal: undefined,
  clientIp: clientIpOf(request),
});
const isStranger = (request: IncomingMessage & Known): boolean => request[stranger] === true;

export async function createOperatorApi(deps: OperatorApiDeps): Promise<OperatorApi> {
  const { telemetry } = deps;
  const app = createApi({
    maxBodyBytes: deps.limits.maxBodyBytes,
    maxParamLength: MAX_PARAM_LENGTH,
    telemetry,
    about: ({ raw }) => aboutOf(raw),
    notFound: () => new ApiError('NOT_FOUND', 'no such path'),
  });
  const refuseOtherMethods = watchMethods(app);
  registerHealthRoutes(app, deps.readiness, ({ raw }) => (isStranger(raw) ? 'names' : 'sentences'));
  if (deps.metrics !== undefined) registerMetricsRoute(app, deps.metrics.page);
  registerAccountRoutes(app, deps);
  registerCredentialRoutes(app, deps);
  registerSigningKeyRoutes(app, deps.signingKeys);
  registerAuditRoute(app, deps);
  registerBackupRoute(app, deps.backups);
  registerClockRoutes(app, deps);
  registerVersionRoute(app, deps.version);
  registerSettingsRoute(app, deps.settings);
  refuseOtherMethods();
  await app.ready();

  function front(request: IncomingMessage & Known, response: ServerResponse): void {
    const requestId = randomUUID();
    request[attached] = requestId;
    response.setHeader(REQUEST_ID_HEADER, requestId);
    response.setHeader('Cache-Control', 'no-store');
    try {
      enter(request, requestId);
    } catch (error) {
      // The body is not read, so the connection cannot be reused.
      if (!request.complete) response.shouldKeepAlive = false;
      answerError(response, toApiError(error, requestId), '');
      return;
    }
    // As on the public listener: only the body counts, not its content type.
    delete request.headers['content-type'];
    app.routing(request, response);
  }

  function enter(request: IncomingMessage, requestId: string): void {
    const lines = headerLines(request.rawHeaders);
    requireOneHost(request, lines.host);
    requirePlainBody(request);
    if (Buffer.byteLength(request.url ?? '') > deps.limits.maxTargetBytes) {
      throw new ApiError('URI_TOO_LONG', 'the request target is too long');
    }
    const target = parseTarget(request.url ?? '');
    const path = target.kind === 'target' ? `/${target.segments.join('/')}` : '';
    if (!mayComeWithoutBearer(path, lines, request)) {
      if (!deps.isOperator(lines.authorization)) {
        const isMissing = lines.authorization.length === 0;
        telemetry.operatorDenied(aboutOf(request), isMissing ? 'bearer_missing' : 'operator_token_wrong');
        const offered = readBearer(lines.authorization);
        const problem = typeof offered === 'string' ? undefined : offered.problem;
        const wrong = 'the operator token is missing or wrong';
        throw new ApiError('UNAUTHORIZED_ERROR', problem === undefined ? wrong : `${wrong}: ${problem}`);
      }
      attachAct(request, { actor: 'operator', requestId, clientIp: clientIpOf(request) });
    }
    if (target.kind !== 'target') throw new ApiError('NOT_FOUND', 'no such path: the request target is malformed');
    // Fastify takes QUERY without a Content-Type for an error of ours.
    if (request.method === 'QUERY') throw new ApiError('NOT_FOUND', 'no such path');
    // HEAD is served as GET; Node leaves the body out.
    if (request.method === 'HEAD') request.method = 'GET';
    const bodyOfGet = refusalOfGetBody(request.method ?? '', request.headers);
    if (bodyOfGet !== undefined) throw bodyOfGet;
    request.url = target.canonical;
  }

  function mayComeWithoutBearer(
    path: string,
    { authorization, host }: HeaderLines,
    request: IncomingMessage & Known,
  ): boolean {
    const underName = withoutBearer.get(path);
    if (underName === undefined) return false;
    if (path === METRICS_PATH) {
      if (deps.metrics === undefined) return false;
      const { isScraper } = deps.metrics;
      if (isScraper !== undefined) return isScraper(authorization);
    }
    if (isAddress(host[0])) return true;
    if (underName === 'as strangers') {
      if (!deps.isOperator(authorization)) request[stranger] = true;
      return true;
    }
    if (authorization.length > 0) return false;
    throw new ApiError(
      'REQUEST_NOT_ALLOWED',
      'without a bearer this is told to an IP address or localhost as its Host, not to another name',
    );
  }

  return { front, close: () => app.close() };
}

/**
 * Whether Host is an IP address or localhost. By DNS rebinding a web page can make its own name mean this machine and read what needs no
 * bearer; its Host is then that name.
 */
function isAddress(host: string | undefined): boolean {
  const name = (host ?? '').replace(/:\d{1,5}$/, '');
  // A zone id is free text, so it could carry a host name: refuse it.
  return name.toLowerCase() === 'localhost' || (!name.includes('%') && isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0);
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

/** Call before the routes are registered, and the returned function after: known paths then answer other methods with 405. */
function watchMethods(app: FastifyInstance): () => void {
  const known = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    const methods = known.get(url) ?? new Set();
    for (const one of [method].flat()) methods.add(one);
    known.set(url, methods);
  });
  return () => {
    for (const [url, methods] of [...known]) {
      const allow = [...methods, ...(methods.has('GET') ? ['HEAD'] : [])].join(', ');
      app.route({
        url,
        method: METHODS.filter((method) => !methods.has(method)),
        handler: () => {
          throw new ApiError('METHOD_NOT_ALLOWED', 'this path does not answer that method', {
            headers: { Allow: allow },
          });
        },
      });
    }
  };
}
