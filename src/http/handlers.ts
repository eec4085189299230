// Our own API: Fastify validates, serialises and dispatches requests that the front has admitted. Nothing else may reach it.
import type { RequestListener } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { refusalErrorOf } from '../access/refusal.ts';
import type { RouteTable } from '../access/route-table.ts';
import type { AuditJournal } from '../audit/journal.ts';
import type { Login } from '../credentials/login.ts';
import type { Onboard } from '../credentials/onboard.ts';
import { ProvenRefusal } from '../credentials/proven-refusal.ts';
import type { Readiness } from '../telemetry/readiness.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { UsageReads } from '../usage/reads.ts';
import type { ConsoleFiles } from './console-files.ts';
import { contextOf } from './context.ts';
import { type ExplainRefusal, isRefusal, journaledReason } from './explain-refusal.ts';
import { ignoreBodies } from './kit/bodies.ts';
import { createApi } from './kit/fastify.ts';
import { knownOf } from './kit/known.ts';
import { describeRoutes } from './openapi.ts';
import { readPages } from './pages.ts';
import { type AboutDeps, registerAboutRoute } from './routes/about.ts';
import { type ActivityRouteDeps, registerActivityRoute } from './routes/activity.ts';
import { registerAuthRoutes } from './routes/auth.ts';
import { registerConsoleRoutes } from './routes/console.ts';
import { type DeviceRouteDeps, registerDeviceRoutes, registerDeviceSessionRoute } from './routes/devices.ts';
import { type ConsolePlace, registerDocumentRoutes } from './routes/documents.ts';
import { type EmergencyRouteDeps, registerEmergencyRoutes } from './routes/emergency.ts';
import { type ExplainRouteDeps, registerExplainRoute } from './routes/explain.ts';
import { registerHealthRoutes } from './routes/health.ts';
import { type DerivationHashes, registerOnboardingRoutes } from './routes/onboarding.ts';
import { registerSelfRoute } from './routes/self.ts';
import { registerSubkeyRoutes, type SubkeyRouteDeps } from './routes/subkeys.ts';
import { registerSystemRoutes } from './routes/system.ts';
import { registerTokenRoutes, type TokenRouteDeps } from './routes/tokens.ts';
import { registerUsageRoutes } from './routes/usage.ts';

/** What the routes of ours need. */
export interface RouteDeps {
  readonly login: Login;
  readonly onboard: Onboard;
  readonly hashes: DerivationHashes;
  readonly subkeys: SubkeyRouteDeps;
  readonly tokens: TokenRouteDeps;
  readonly devices: DeviceRouteDeps;
  readonly system: Parameters<typeof registerSystemRoutes>[1];
  readonly self: Parameters<typeof registerSelfRoute>[1];
  readonly activity: ActivityRouteDeps;
  readonly explain: ExplainRouteDeps;
  readonly about: AboutDeps;
  /** Undefined where the console is not served. */
  readonly console: { readonly files: ConsoleFiles; readonly place: ConsolePlace } | undefined;
  readonly usage: UsageReads;
  readonly emergency: EmergencyRouteDeps;
  readonly readiness: Readiness;
  /** The table in force, for openapi.json. */
  readonly table: RouteTable;
}

export interface HandlerDeps extends RouteDeps {
  readonly telemetry: Telemetry;
  readonly explainRefusal: ExplainRefusal;
  readonly journal: Pick<AuditJournal, 'refused'>;
  readonly maxBodyBytes: number;
}

export interface Handlers {
  readonly serve: RequestListener;
  close(): Promise<void>;
}

/** Longest path parameter: a zero-padded felt is 66 characters. */
const MAX_PARAM_LENGTH = 256;

export async function createHandlers(deps: HandlerDeps): Promise<Handlers> {
  const app = createApi({
    maxBodyBytes: deps.maxBodyBytes,
    maxParamLength: MAX_PARAM_LENGTH,
    telemetry: deps.telemetry,
    about(request, error) {
      const { requestId, route, clientIpText, grant } = contextOf(request);
      const principal = error instanceof ProvenRefusal ? error : grant.principal;
      return { requestId, route: route.name, clientIp: clientIpText, principal };
    },
    refused(reply, error, apiError) {
      const known = knownOf(reply.raw);
      if (known === undefined) return;
      const { principal } = contextOf(reply.request).grant;
      if (error instanceof ProvenRefusal) deps.explainRefusal(known, error.credential, error);
      else if (principal !== undefined && isRefusal(apiError)) {
        const { requestId, clientIp, routeName } = known;
        deps.explainRefusal(known, principal.credential, apiError);
        const reason = journaledReason(apiError);
        if (reason === undefined) return;
        deps.journal.refused(principal.credential, { requestId, clientIpText: clientIp }, reason, routeName);
      }
    },
    // The table has a path that no handler serves: a defect of ours. Tell the client only that the path is unknown.
    notFound: () => refusalErrorOf('route_unknown'),
  });
  // A read may have waited while its credential was revoked, so ask again before the answer leaves. Writes ask inside their transaction.
  app.addHook('onSend', async (request, reply, payload) => {
    if (request.method !== 'GET' || reply.statusCode >= 400) return payload;
    const refusal = contextOf(request).grant.refusal();
    if (refusal !== undefined) throw refusalErrorOf(refusal);
    return payload;
  });

  await registerRoutes(app, deps);
  await app.ready();

  return {
    serve(request, response) {
      // Fastify refuses a content type it cannot parse, even where we ignore the body.
      delete request.headers['content-type'];
      app.routing(request, response);
    },
    close: () => app.close(),
  };
}

/** Each route with its schemas and its words for openapi.json, whose document is whole once `app` is ready. */
export async function registerRoutes(app: FastifyInstance, deps: RouteDeps): Promise<void> {
  await describeRoutes(app, deps.table);
  await app.register((login, _options, done) => {
    ignoreBodies(login);
    registerAuthRoutes(login, deps.login);
    registerDeviceSessionRoute(login, deps.devices.openSession);
    done();
  });
  registerOnboardingRoutes(app, deps.onboard, deps.hashes);
  registerSubkeyRoutes(app, deps.subkeys, deps.usage);
  registerTokenRoutes(app, deps.tokens, deps.usage);
  registerDeviceRoutes(app, deps.devices, deps.usage);
  registerSystemRoutes(app, deps.system);
  registerSelfRoute(app, deps.self);
  registerActivityRoute(app, deps.activity);
  registerExplainRoute(app, deps.explain);
  registerAboutRoute(app, deps.about);
  registerUsageRoutes(app, deps.usage);
  registerEmergencyRoutes(app, deps.emergency);
  registerHealthRoutes(app, deps.readiness, () => 'names');
  registerDocumentRoutes(app, readPages(), deps.console?.place);
  registerConsoleRoutes(app, deps.console?.files);
}
