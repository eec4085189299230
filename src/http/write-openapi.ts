// Prints docs/openapi.json: what a server with the built-in route table and no setting answers on GET /openapi.json.
// After a change of a route or a schema: npx node src/http/write-openapi.ts > docs/openapi.json && npm run format
import Fastify from 'fastify';
import { parseRouteTable } from '../access/route-table.ts';
import paradexRoutes from '../access/routes/paradex.json' with { type: 'json' };
import { loadConfig } from '../config/load.ts';
import { validation } from './kit/fastify.ts';
import { collectDeclared, type DeclaredRoutes, describeApi } from './openapi.ts';
import { registerAuthRoutes } from './routes/auth.ts';
import { registerEmergencyRoutes } from './routes/emergency.ts';
import { registerHealthRoutes } from './routes/health.ts';
import { registerOnboardingRoutes } from './routes/onboarding.ts';
import { registerSelfRoute } from './routes/self.ts';
import { registerSubkeyRoutes } from './routes/subkeys.ts';
import { registerSystemRoutes } from './routes/system.ts';
import { registerTokenRoutes } from './routes/tokens.ts';

const unused = (): never => {
  throw new Error('a handler that only declares itself was called');
};

/** What our handlers declare, without a server behind them. */
export async function declaredRoutes(): Promise<DeclaredRoutes> {
  const app = Fastify({ ajv: validation });
  const declared = collectDeclared(app);
  const clock = { now: unused, latest: unused, monotonic: unused };
  const { config } = loadConfig({ argv: [], env: {}, cwd: '/', readFile: noFile });
  registerAuthRoutes(app, { stark: unused, wallet: unused });
  registerOnboardingRoutes(
    app,
    { stark: unused, wallet: unused, lookUpStark: unused, lookUpWallet: unused },
    {
      accountHash: config.paraclear_account_hash,
      proxyHash: config.paraclear_account_proxy_hash,
      evmAccountHash: config.paraclear_evm_account_hash,
    },
  );
  registerSubkeyRoutes(app, {
    store: { subkey: unused, subkeys: unused },
    register: unused,
    activate: unused,
    manage: { rename: unused, revoke: unused, replaceAllowlist: unused },
    clock,
  });
  registerTokenRoutes(app, {
    store: { tokens: unused },
    manage: { create: unused, revoke: unused, replaceAllowlist: unused },
    clock,
    issueTerminalToken: unused,
  });
  registerSystemRoutes(app, { config, clock, keyring: { jwks: unused } });
  registerSelfRoute(app, { view: { ask: unused }, clock });
  registerEmergencyRoutes(app, {
    signOut: { everywhere: unused, revokeAll: unused },
    proveOwner: unused,
    endSelf: unused,
    reportLeaked: unused,
    limiter: { chargeCredential: unused },
    clock,
  });
  registerHealthRoutes(app, unused, () => 'names');
  await app.ready();
  return declared;
}

function noFile(): never {
  throw Object.assign(new Error('no settings file'), { code: 'ENOENT' });
}

/** The whole text of docs/openapi.json. */
export async function openapiText(): Promise<string> {
  const document = describeApi(parseRouteTable(paradexRoutes), await declaredRoutes());
  return `${JSON.stringify(document, null, 2)}\n`;
}

if (import.meta.main) process.stdout.write(await openapiText());
