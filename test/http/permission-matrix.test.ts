// The permission matrix over real sockets: every operation of the Paradex API with every kind of caller. What is expected comes
// from the frozen columns of test/vectors/operations.json, and from nothing in src/.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import table from '../../src/access/routes/paradex.json' with { type: 'json' };
import { addDevice, deviceProof, deviceSession, sessionPath, type TestDevice } from '../support/devices.ts';
import { unsignedOrders } from '../support/harness.ts';
import {
  type Allow,
  type Bearers,
  type Cast,
  type CastName,
  castNames,
  casts,
  gather,
  refusalOf,
  withDevices,
} from '../support/matrix-cast.ts';
import { call, createToken } from '../support/trader.ts';
import {
  addSubkey,
  newOwner,
  newStarkKey,
  newWalletOwner,
  startWorld,
  stateOf,
  subkeySession,
  type World,
} from '../support/world.ts';
import frozen from '../vectors/operations.json' with { type: 'json' };

interface Operation {
  readonly method: string;
  /** Below /v1, but for what begins with /v2 or is listed here with its whole path. */
  readonly path: string;
  readonly allow: Allow;
}

const DEVICE_SESSION = '/countersign/v1/devices/{id}/session';

const allOf = (value: boolean): Allow => ({
  anonymous: value,
  readonly_token: value,
  subkey_session: value,
  main_or_evm_session: value,
});
const reading: Allow = { ...allOf(true), anonymous: false };
const ofItself: Allow = { ...allOf(false), readonly_token: true, subkey_session: true };
const mainOnly: Allow = { ...allOf(false), main_or_evm_session: true };

// `extra_not_in_openapi` of the same file, whose classes it states in words.
const extras: readonly Operation[] = [
  { method: 'POST', path: '/auth/{public_key}', allow: allOf(true) },
  { method: 'GET', path: '/rfqs/markets', allow: reading },
  { method: 'GET', path: '/referrals/config', allow: allOf(true) },
  { method: 'POST', path: '/transfers', allow: mainOnly },
];

// Not of the Paradex API: the aliases under /v1/v2, our extensions, and health.
const additions: readonly Operation[] = [
  { method: 'POST', path: '/v1/v2/auth', allow: allOf(true) },
  { method: 'POST', path: '/v1/v2/onboarding', allow: allOf(true) },
  { method: 'GET', path: '/countersign/v1/about', allow: allOf(true) },
  { method: 'GET', path: '/countersign/v1/self', allow: reading },
  { method: 'GET', path: '/countersign/v1/audit', allow: mainOnly },
  { method: 'GET', path: '/countersign/v1/explain', allow: mainOnly },
  { method: 'GET', path: '/countersign/v1/usage', allow: mainOnly },
  { method: 'GET', path: '/countersign/v1/addresses', allow: mainOnly },
  { method: 'GET', path: '/countersign/v1/devices', allow: mainOnly },
  { method: 'POST', path: '/countersign/v1/devices', allow: mainOnly },
  { method: 'DELETE', path: '/countersign/v1/devices/{id}', allow: mainOnly },
  { method: 'POST', path: DEVICE_SESSION, allow: allOf(true) },
  { method: 'POST', path: '/countersign/v1/subkeys', allow: mainOnly },
  { method: 'GET', path: '/countersign/v1/tokens/{lookup_id}', allow: { ...reading, readonly_token: false } },
  { method: 'PUT', path: '/countersign/v1/tokens/{lookup_id}', allow: mainOnly },
  { method: 'POST', path: '/countersign/v1/tokens/{lookup_id}/rotate', allow: mainOnly },
  { method: 'POST', path: '/countersign/v1/sign-out-everywhere', allow: mainOnly },
  { method: 'POST', path: '/countersign/v1/revoke-all', allow: mainOnly },
  { method: 'POST', path: '/countersign/v1/self/revoke', allow: ofItself },
  { method: 'POST', path: '/countersign/v1/leaked', allow: allOf(true) },
  ...['', '/{page}', '/{page}/{part}', '/{page}/{part}/{item}', '/assets/{file}'].map((rest) => ({
    method: 'GET',
    path: `/console${rest}`,
    allow: allOf(true),
  })),
  { method: 'GET', path: '/openapi.json', allow: allOf(true) },
  { method: 'GET', path: '/docs', allow: allOf(true) },
  { method: 'GET', path: '/docs/{page}', allow: allOf(true) },
  { method: 'GET', path: '/llms.txt', allow: allOf(true) },
  { method: 'GET', path: '/llms-full.txt', allow: allOf(true) },
  { method: 'GET', path: '/', allow: allOf(true) },
  { method: 'GET', path: '/healthz', allow: allOf(true) },
  { method: 'GET', path: '/readyz', allow: allOf(true) },
];

const wholePath = (path: string): string =>
  /^\/(v1\/v2|v2|countersign|console|healthz|readyz|openapi\.json|docs|llms\.txt|llms-full\.txt)?(\/|$)/.test(path)
    ? path
    : `/v1${path}`;

const operations = [...frozen.operations, ...extras, ...additions].map(({ method, path, allow }: Operation) => ({
  method,
  template: wholePath(path),
  allow: withDevices(method, wholePath(path), allow),
}));

// What this service answers itself (issue: "The wire"); everything else belongs to the venue.
const ours =
  /^\/(v1\/auth|v2|v1\/v2|v1\/onboarding|v1\/jwks\.json|v1\/system\/(config|time)|v1\/account\/(keys|tokens|terminal-token)|countersign|console|healthz|readyz|openapi\.json|docs|llms\.txt|llms-full\.txt)?(\/|$)/;

/** Values that exist nowhere, so that an allowed call of ours destroys nothing that the other cells need. */
const parameters: Readonly<Record<string, string>> = {
  public_key: newStarkKey().publicKey,
  lookup_id: '00000000-0000-4000-8000-000000000000',
  market: 'BTC-USD-PERP',
};
/** Likewise a body: revoking no kind is refused, behind the gate. */
const bodies: Readonly<Record<string, unknown>> = { '/countersign/v1/revoke-all': { kinds: [] } };
const concrete = (template: string): string =>
  template.replaceAll(/\{([a-z_]+)\}/g, (_whole, name: string) => parameters[name] ?? 'x-1');

/** The cell as the frozen table wants it. */
const expected = ({ template, allow }: (typeof operations)[number], cast: Cast): string =>
  refusalOf(allow, cast) ?? (ours.test(template) ? 'past the gate, served by us' : 'reached the venue');

let world: World;
let bearers: Bearers;
/** Nothing can be said to these that spares the caller: they get accounts and credentials of their own to end. */
let expendable: Readonly<Record<string, Partial<Record<CastName, string>>>>;
/** Its proof is what this operation asks for, whoever sends it. */
let proving: TestDevice;
let cells = 0;

beforeAll(async () => {
  world = await startWorld({ settings: { ...unsignedOrders, 'terminal_token.enabled': 'true' } });
  ({ bearers } = await gather(world));
  const owner = await newOwner(world);
  proving = await addDevice(world, owner);
  expendable = {
    '/countersign/v1/self/revoke': {
      'subkey session': await subkeySession(world, owner.account, await addSubkey(world, owner)),
      'read-only token': (await createToken(world.url, owner.session)).token,
      'device session': await deviceSession(world, await addDevice(world, owner)),
    },
    '/countersign/v1/sign-out-everywhere': {
      'main session': (await newOwner(world)).session,
      'EVM main session': (await newWalletOwner(world)).session,
      'device session': await deviceSession(world, await addDevice(world, await newOwner(world))),
    },
  };
});

afterAll(async () => {
  process.stdout.write(
    `permission matrix: ${cells} cells (${operations.length} operations x ${castNames.length} callers)\n`,
  );
  await world.stop();
});

const count = (name: string): number => world.service.venue.counts().get(name) ?? 0;

/** Plays one cell and says in words what happened, down to the venue's counters. */
async function play(method: string, template: string, name: CastName): Promise<string> {
  const { venue } = world.service;
  const isProved = template === DEVICE_SESSION;
  const path = isProved ? sessionPath(proving) : concrete(template);
  const names = [...new Set([`${method} ${template}`, `${method} ${path}`])];
  const countOfRoute = () => names.reduce((sum, name) => sum + count(name), 0);
  const before = { total: venue.total(), route: countOfRoute() };
  const bearer = expendable[template]?.[name] ?? bearers[name];
  const answer = await call(world.url, method, path, {
    ...(bearer === undefined ? {} : { bearer }),
    ...(isProved ? { headers: { DPoP: deviceProof(world, proving) } } : {}),
    ...(method === 'GET' || method === 'DELETE' ? {} : { body: bodies[template] ?? {} }),
  });
  const rose = { total: venue.total() - before.total, route: countOfRoute() - before.route };
  cells += 1;
  const refused = [401, 403].includes(answer.status) && answer.json?.error !== 'REQUEST_NOT_ALLOWED';
  if (refused)
    return rose.total === 0 ? `${answer.status} ${answer.json?.error}` : `refused, but ${JSON.stringify(rose)}`;
  if (rose.total === 0) return answer.status < 500 ? 'past the gate, served by us' : `${answer.status} ${answer.text}`;
  if (rose.total !== 1 || rose.route !== 1) return `wrong counters ${JSON.stringify(rose)}`;
  return ours.test(template) ? 'reached the venue, but is ours' : 'reached the venue';
}

/** Whom the venue was told of, on a private route that it was reached on. */
const kindSeen = (): unknown => world.service.venue.requests().at(-1)?.headers['countersign-credential-kind'];

describe('every operation does for every caller exactly what its class allows', () => {
  test.each(operations.map((operation) => [`${operation.method} ${operation.template}`, operation] as const))(
    'the operation %s does for every caller exactly what its class allows',
    async (_name, operation) => {
      const wanted: Record<string, string> = {};
      const seen: Record<string, string> = {};
      for (const name of castNames) {
        const cast: Cast = casts[name];
        wanted[name] = expected(operation, cast);
        seen[name] = await play(operation.method, operation.template, name);
        if (seen[name] === 'reached the venue' && !operation.allow.anonymous) {
          wanted[name] += ` as ${cast.kind}`;
          seen[name] += ` as ${kindSeen()}`;
        }
      }
      expect(seen).toEqual(wanted);
    },
  );
});

test('the sound credentials of the matrix are still alive after it, and the others still are not', async () => {
  const states: Record<string, string> = {};
  for (const name of castNames) states[name] = await stateOf(world, bearers[name] ?? 'none');
  expect(states).toEqual({
    anonymous: '401 UNAUTHORIZED_ERROR',
    'garbage bearer': '401 UNAUTHORIZED_ERROR',
    'expired main session': '401 UNAUTHORIZED_ERROR',
    'expired token': '401 UNAUTHORIZED_ERROR',
    'session of a revoked subkey': '401 UNAUTHORIZED_ERROR',
    'revoked token': '401 UNAUTHORIZED_ERROR',
    'terminal token': '401 UNAUTHORIZED_ERROR',
    'read-only token': 'alive',
    'subkey session': 'alive',
    'main session': 'alive',
    'EVM main session': 'alive',
    'device session': 'alive',
    'token from a wrong IP': '403 IP_NOT_ALLOWED',
    'subkey session from a wrong IP': '403 IP_NOT_ALLOWED',
  });
});

test('the matrix has every route that the service has, and each operation once', () => {
  const rows = operations.map(({ method, template }) => `${method} ${template}`).sort();
  expect(frozen.operations).toHaveLength(125);
  expect(extras).toHaveLength(frozen.extra_not_in_openapi.length);
  expect(rows).toEqual(table.routes.map(({ method, path }) => `${method} ${path}`).sort());
});
