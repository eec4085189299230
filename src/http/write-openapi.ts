// Prints docs/openapi.json: what a server with the built-in route table and no setting answers on GET /openapi.json.
// After a change of a route or a schema: npx node src/http/write-openapi.ts > docs/openapi.json && npm run format
import Fastify from 'fastify';
import { builtInTable } from '../access/own-routes.ts';
import type { RouteTable } from '../access/route-table.ts';
import { loadConfig } from '../config/load.ts';
import type { JsonObject } from '../wire/json.ts';
import { plainObject } from '../wire/json.ts';
import { type RouteDeps, registerRoutes } from './handlers.ts';
import { validation } from './kit/fastify.ts';

const unused = (): never => {
  throw new Error('a handler that only declares itself was called');
};
const clock = { now: unused, latest: unused, monotonic: unused };
const { config } = loadConfig({ argv: [], env: {}, cwd: '/', readFile: noFile });

/** The routes are registered, and nothing stands behind them. */
const nothing: Omit<RouteDeps, 'table'> = {
  login: { stark: unused, wallet: unused },
  onboard: { stark: unused, wallet: unused, lookUpStark: unused, lookUpWallet: unused },
  hashes: {
    accountHash: config['wire.paraclear_account_hash'],
    proxyHash: config['wire.paraclear_account_proxy_hash'],
    evmAccountHash: config['wire.paraclear_evm_account_hash'],
  },
  subkeys: {
    store: { subkey: unused, subkeys: unused },
    register: unused,
    activate: unused,
    manage: { rename: unused, revoke: unused, replaceAllowlist: unused },
    clock,
  },
  tokens: {
    store: { token: unused, tokens: unused },
    manage: { create: unused, rename: unused, revoke: unused, replaceAllowlist: unused },
    rotate: unused,
    clock,
    issueTerminalToken: unused,
  },
  devices: {
    store: { devices: unused },
    manage: { add: unused, end: unused },
    openSession: unused,
    clock,
  },
  system: { config, clock, keyring: { jwks: unused } },
  self: { view: { ask: unused }, clock },
  activity: { store: { activity: unused, namesOf: unused } },
  explain: { explainer: { explanation: unused }, store: { namesOf: unused } },
  about: {
    config,
    console: {
      ...{ console: false, console_url: null, api_url: null },
      ...{ hand_off: { on: false, why_not: '' }, wallet_derivation: false },
    },
    version: '',
    siweDomains: [],
  },
  console: undefined,
  usage: { usage: unused, addresses: unused, usedFrom: unused, lastUses: unused, lastUse: unused },
  emergency: {
    signOut: { everywhere: unused, revokeAll: unused },
    proveOwner: unused,
    endSelf: unused,
    reportLeaked: unused,
    limiter: { chargeCredential: unused },
    clock,
  },
  readiness: unused,
};

export interface DescribedApi {
  readonly document: JsonObject;
  /** `METHOD /path` of each route that has a handler, whether the table lists it or not. */
  readonly handlers: ReadonlySet<string>;
}

/** What a server with this table says of itself, without one. */
export async function describeApi(table: RouteTable): Promise<DescribedApi> {
  const app = Fastify({ ajv: validation, exposeHeadRoutes: false });
  const handlers = new Set<string>();
  app.addHook('onRoute', ({ method, url }) => {
    handlers.add(`${String(method)} ${url.replaceAll(/:([a-z_]+)/g, '{$1}')}`);
  });
  await registerRoutes(app, { ...nothing, table });
  await app.ready();
  return { document: plainObject(app.swagger()), handlers };
}

function noFile(): never {
  throw Object.assign(new Error('no settings file'), { code: 'ENOENT' });
}

/** The whole text of docs/openapi.json. */
export async function openapiText(): Promise<string> {
  const { document } = await describeApi(builtInTable);
  return `${JSON.stringify(document, null, 2)}\n`;
}

if (import.meta.main) process.stdout.write(await openapiText());
