// The Paradex table against a frozen copy of operations.json (test/vectors): the expectation never comes from src/.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseRouteTable } from '../../../src/access/parse-route-table.ts';
import { createRouteMatcher } from '../../../src/access/route-matcher.ts';
import { withLeverageForSubkeys } from '../../../src/access/route-table.ts';
import paradex from '../../../src/access/routes/paradex.json' with { type: 'json' };
import { parseTarget } from '../../../src/access/target.ts';
import { permissionsOf } from '../../../src/domain/kinds.ts';
import frozen from '../../vectors/operations.json' with { type: 'json' };

const table = parseRouteTable(paradex);
const match = createRouteMatcher(table);

const onTheWire = (path: string) => (path.startsWith('/v2/') ? path : `/v1${path}`);
/** What only ends or narrows. Their frozen class keys:manage is a wider permission; whom they let in is as frozen. */
const narrowing = [
  'DELETE /v1/account/keys/subkeys/{public_key}',
  'PUT /v1/account/keys/subkeys/{public_key}',
  'PUT /v1/account/keys/subkeys/{public_key}/allowed-cidrs',
  'DELETE /v1/account/tokens/{lookup_id}',
  'PUT /v1/account/tokens/{lookup_id}/allowed-cidrs',
];
const operations = frozen.operations.map(({ method, path, class: access, allow }) => {
  const name = `${method} ${onTheWire(path)}`;
  return { name, method, path: onTheWire(path), access: narrowing.includes(name) ? 'keys:narrow' : access, allow };
});
const extras = frozen.extra_not_in_openapi.map((line) => {
  const [, method = '', path = '', access = ''] = /^(\S+) (\S+) \(([a-z:-]+)/.exec(line) ?? [];
  return { name: `${method} ${onTheWire(path)}`, method, path: onTheWire(path), access };
});
const ours = [
  { name: 'POST /v1/v2/auth', method: 'POST', path: '/v1/v2/auth', access: 'self-signed' },
  { name: 'POST /v1/v2/onboarding', method: 'POST', path: '/v1/v2/onboarding', access: 'self-signed' },
  { name: 'GET /countersign/v1/audit', method: 'GET', path: '/countersign/v1/audit', access: 'audit:read' },
  { name: 'GET /countersign/v1/explain', method: 'GET', path: '/countersign/v1/explain', access: 'audit:read' },
  { name: 'GET /countersign/v1/about', method: 'GET', path: '/countersign/v1/about', access: 'public' },
  { name: 'GET /countersign/v1/self', method: 'GET', path: '/countersign/v1/self', access: 'self:read' },
  ...[
    ['POST', '/countersign/v1/subkeys', 'keys:narrow'],
    ['GET', '/countersign/v1/tokens/{lookup_id}', 'keys:read'],
    ['PUT', '/countersign/v1/tokens/{lookup_id}', 'keys:narrow'],
    ['POST', '/countersign/v1/tokens/{lookup_id}/rotate', 'keys:manage'],
  ].map(([method = '', path = '', access = '']) => ({ name: `${method} ${path}`, method, path, access })),
  {
    name: 'POST /countersign/v1/sign-out-everywhere',
    method: 'POST',
    path: '/countersign/v1/sign-out-everywhere',
    access: 'keys:narrow',
  },
  {
    name: 'POST /countersign/v1/revoke-all',
    method: 'POST',
    path: '/countersign/v1/revoke-all',
    access: 'keys:narrow',
  },
  {
    name: 'POST /countersign/v1/self/revoke',
    method: 'POST',
    path: '/countersign/v1/self/revoke',
    access: 'possession',
  },
  { name: 'POST /countersign/v1/leaked', method: 'POST', path: '/countersign/v1/leaked', access: 'self-signed' },
  ...['', '/{page}', '/{page}/{part}', '/{page}/{part}/{item}', '/assets/{file}'].map((rest) => ({
    name: `GET /console${rest}`,
    method: 'GET',
    path: `/console${rest}`,
    access: 'public',
  })),
  { name: 'GET /openapi.json', method: 'GET', path: '/openapi.json', access: 'public' },
  { name: 'GET /docs', method: 'GET', path: '/docs', access: 'public' },
  { name: 'GET /docs/{page}', method: 'GET', path: '/docs/{page}', access: 'public' },
  { name: 'GET /llms.txt', method: 'GET', path: '/llms.txt', access: 'public' },
  { name: 'GET /llms-full.txt', method: 'GET', path: '/llms-full.txt', access: 'public' },
  ...(
    [
      ['GET', '/countersign/v1/usage', 'audit:read'],
      ['GET', '/countersign/v1/addresses', 'audit:read'],
      ['GET', '/countersign/v1/devices', 'audit:read'],
      ['POST', '/countersign/v1/devices', 'keys:manage'],
      ['DELETE', '/countersign/v1/devices/{id}', 'keys:narrow'],
      ['POST', '/countersign/v1/devices/{id}/session', 'self-signed'],
    ] as const
  ).map(([method, path, access]) => ({ name: `${method} ${path}`, method, path, access })),
  { name: 'GET /', method: 'GET', path: '/', access: 'public' },
  { name: 'GET /healthz', method: 'GET', path: '/healthz', access: 'public' },
  { name: 'GET /readyz', method: 'GET', path: '/readyz', access: 'public' },
];
const panicButtons = [
  'POST /countersign/v1/sign-out-everywhere',
  'POST /countersign/v1/revoke-all',
  'POST /countersign/v1/self/revoke',
];
/** What owners ask for, apart from what bots do. */
const owners = ['POST /countersign/v1/subkeys', 'DELETE /countersign/v1/devices/{id}'];
const listed = [...operations, ...extras, ...ours];
/** A request for the operation: each parameter replaced by a value no literal has. */
const concrete = (path: string) => path.replace(/\{[a-z_]+\}/g, '0x7a-Value_1');

const ask = (method: string, raw: string) => {
  const target = parseTarget(raw);
  return target.kind === 'malformed' ? target : match(method, target.segments);
};
const routeOf = (method: string, raw: string) => {
  const found = ask(method, raw);
  return found.kind === 'route' ? found.route : undefined;
};

describe('the table is the Paradex API and nothing else', () => {
  test('the built-in table is 125 operations of Paradex, four extras, two aliases and the routes of ours', () => {
    expect(operations).toHaveLength(125);
    expect(extras).toHaveLength(4);
    expect(table.routes.map((route) => route.name).sort()).toEqual(listed.map(({ name }) => name).sort());
  });

  test.each(listed)('$name matches itself, with access $access', ({ name, method, path, access }) => {
    for (const raw of [concrete(path), path === '/' ? path : `${concrete(path)}/`, `${concrete(path)}?a=b%2F`]) {
      expect(routeOf(method, raw)).toMatchObject({ name, access });
    }
  });

  test.each(operations)('$name lets in exactly the credentials of the frozen matrix', ({ method, path, allow }) => {
    const access = routeOf(method, concrete(path))?.access;
    const lets = (kind: 'token' | 'subkey' | 'main' | 'evm') => {
      if (access === 'public' || access === 'self-signed') return true;
      if (access === 'possession') return kind === 'token' || kind === 'subkey';
      const held = permissionsOf(kind, { tokensMayReadKeys: false });
      return access !== undefined && held.has(access) && (kind !== 'token' || method === 'GET');
    };
    expect(access === 'public' || access === 'self-signed').toBe(allow.anonymous);
    expect(lets('token')).toBe(allow.readonly_token);
    expect(lets('subkey')).toBe(allow.subkey_session);
    expect(lets('main')).toBe(allow.main_or_evm_session);
    expect(lets('evm')).toBe(allow.main_or_evm_session);
  });

  test("we serve logins, onboarding, keys, tokens and what clients read first; all else is the venue's", () => {
    const servedByUs = table.routes.filter((route) => route.servedBy === 'us').map((route) => route.name);
    expect(servedByUs.sort()).toEqual([
      'DELETE /countersign/v1/devices/{id}',
      'DELETE /v1/account/keys/subkeys/{public_key}',
      'DELETE /v1/account/tokens/{lookup_id}',
      'GET /',
      'GET /console',
      'GET /console/assets/{file}',
      'GET /console/{page}',
      'GET /console/{page}/{part}',
      'GET /console/{page}/{part}/{item}',
      'GET /countersign/v1/about',
      'GET /countersign/v1/addresses',
      'GET /countersign/v1/audit',
      'GET /countersign/v1/devices',
      'GET /countersign/v1/explain',
      'GET /countersign/v1/self',
      'GET /countersign/v1/tokens/{lookup_id}',
      'GET /countersign/v1/usage',
      'GET /docs',
      'GET /docs/{page}',
      'GET /healthz',
      'GET /llms-full.txt',
      'GET /llms.txt',
      'GET /openapi.json',
      'GET /readyz',
      'GET /v1/account/keys/subkeys',
      'GET /v1/account/keys/subkeys/{public_key}',
      'GET /v1/account/tokens',
      'GET /v1/jwks.json',
      'GET /v1/onboarding',
      'GET /v1/system/config',
      'GET /v1/system/time',
      'POST /countersign/v1/devices',
      'POST /countersign/v1/devices/{id}/session',
      'POST /countersign/v1/leaked',
      'POST /countersign/v1/revoke-all',
      'POST /countersign/v1/self/revoke',
      'POST /countersign/v1/sign-out-everywhere',
      'POST /countersign/v1/subkeys',
      'POST /countersign/v1/tokens/{lookup_id}/rotate',
      'POST /v1/account/keys/subkeys',
      'POST /v1/account/keys/subkeys/activate',
      'POST /v1/account/terminal-token',
      'POST /v1/account/tokens',
      'POST /v1/auth',
      'POST /v1/auth/{public_key}',
      'POST /v1/onboarding',
      'POST /v1/v2/auth',
      'POST /v1/v2/onboarding',
      'POST /v2/auth',
      'POST /v2/onboarding',
      'PUT /countersign/v1/tokens/{lookup_id}',
      'PUT /v1/account/keys/subkeys/{public_key}',
      'PUT /v1/account/keys/subkeys/{public_key}/allowed-cidrs',
      'PUT /v1/account/tokens/{lookup_id}/allowed-cidrs',
    ]);
  });

  test('every self-signed route is ours: the venue never sees a login signature', () => {
    expect(table.routes.filter((route) => route.access === 'self-signed' && route.servedBy !== 'us')).toEqual([]);
  });

  test('a bearer is optional on the two vault routes whose answer depends on the owner, and nowhere else', () => {
    const optional = table.routes.filter((route) => route.identity === 'optional').map((route) => route.name);
    expect(optional).toEqual(['GET /v1/vaults/balance', 'GET /v1/vaults/positions']);
  });

  test('each bucket of its own has exactly these routes of the built-in table, the rest have the usual ones', () => {
    const names = (limit: string) => table.routes.filter((route) => route.limit === limit).map((route) => route.name);
    expect(names('orders').sort()).toEqual([
      'DELETE /v1/orders',
      'DELETE /v1/orders/batch',
      'DELETE /v1/orders/by_client_id/{client_id}',
      'DELETE /v1/orders/{order_id}',
      'POST /v1/orders',
      'POST /v1/orders/batch',
      'PUT /v1/orders/{order_id}',
    ]);
    expect(names('login').sort()).toEqual([
      'POST /countersign/v1/devices/{id}/session',
      'POST /v1/auth',
      'POST /v1/auth/{public_key}',
      'POST /v1/v2/auth',
      'POST /v2/auth',
    ]);
    expect(names('onboarding').sort()).toEqual([
      'GET /v1/onboarding',
      'POST /v1/onboarding',
      'POST /v1/v2/onboarding',
      'POST /v2/onboarding',
    ]);
    expect(names('activate').sort()).toEqual(['POST /countersign/v1/leaked', 'POST /v1/account/keys/subkeys/activate']);
    expect(names('keys').sort()).toEqual(
      [...operations, ...ours]
        .filter(
          ({ access, name }) => /^keys:(manage|narrow)$/.test(access) && ![...panicButtons, ...owners].includes(name),
        )
        .map(({ name }) => name)
        .sort(),
    );
    // Whoever holds a stolen session could otherwise use up the count and keep the owner from pressing them.
    expect(names('emergency').sort()).toEqual([...panicButtons].sort());
    const audited = ours.filter(({ access }) => access === 'audit:read').map(({ name }) => name);
    expect(names('owner').sort()).toEqual([...owners, ...audited].sort());
    const privateWrites = table.routes.filter((route) => route.limit === 'private-write');
    expect(privateWrites.every((route) => route.method !== 'GET')).toBe(true);
    expect(names('private-read').every((name) => name.startsWith('GET '))).toBe(true);
  });

  test('the switch for leverage by subkeys makes one route need trade, and changes no other', () => {
    const switched = withLeverageForSubkeys(table);
    const changed = switched.routes.filter((route, index) => route.access !== table.routes[index]?.access);
    expect(changed.map(({ name, access }) => `${name} ${access}`)).toEqual(['POST /v1/account/margin/{market} trade']);
  });
});

describe('what is not listed has no route', () => {
  test.each([
    ['GET', '/v1'],
    ['GET', '/v2/orders'],
    ['POST', '/v3/auth'],
    ['GET', '/orders'],
    ['GET', '/v1/v1/orders'],
    ['GET', '/v1/v2/orders'],
    ['GET', '/v1/account/subkeys'],
    ['POST', '/v1/withdrawals'],
    ['GET', '/v1/orders/1/2'],
    ['GET', '/v1/orders/by_client_id'],
    ['GET', '/v1/rfqs/drafts/1/bbo'],
    ['GET', '/v1/rfqs/markets/bbo'],
    ['PUT', '/v1/account/keys/subkeys/activate/allowed-cidrs'],
    ['GET', '/countersign/v1'],
    ['GET', '/metrics'],
    ['GET', '/V1/orders'],
    ['DELETE', '/v1/orders/BATCH'],
    ['DELETE', '/v1/orders/%20batch'],
    ['DELETE', '/v1/rfqs/Drafts'],
    ['PUT', '/v1/account/keys/subkeys/ACTIVATE'],
  ])('%s %s is not listed, so it has no route', (method, raw) => {
    expect(ask(method, raw)).toEqual({ kind: 'unknown' });
  });

  test.each([
    ['PUT', '/v1/orders/batch', ['DELETE', 'POST']],
    ['GET', '/v1/orders/batch', ['DELETE', 'POST']],
    ['PUT', '/v1/orders', ['DELETE', 'GET', 'POST']],
    ['POST', '/v1/orders/7', ['DELETE', 'GET', 'PUT']],
    ['DELETE', '/v1/rfqs/drafts', ['GET', 'POST']],
    ['DELETE', '/v1/rfqs/markets', ['GET']],
    ['DELETE', '/v1/account/keys/subkeys/activate', ['POST']],
    ['GET', '/v1/auth', ['POST']],
    ['PATCH', '/v1/vaults', ['GET', 'POST']],
    ['OPTIONS', '/v1/orders', ['DELETE', 'GET', 'POST']],
    ['POST', '/countersign/v1/self', ['GET', 'HEAD']],
    ['HEAD', '/v1/orders', ['DELETE', 'GET', 'POST']],
  ])('%s %s is a wrong method, never another route', (method, raw, allow) => {
    expect(ask(method, raw)).toEqual({ kind: 'method_not_allowed', allow });
  });

  test('every method that an operation does not have is refused with exactly the methods it has', () => {
    for (const { path } of listed) {
      const here = table.routes.filter((other) => other.path === path);
      const isOurs = here.some(({ method, servedBy }) => method === 'GET' && servedBy === 'us');
      const has: string[] = [...here.map(({ method }) => method), ...(isOurs ? ['HEAD'] : [])].sort();
      for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].filter(
        (name) => !has.includes(name),
      )) {
        expect(ask(method, concrete(path))).toEqual({ kind: 'method_not_allowed', allow: has });
      }
    }
  });
});

const segmentsOf = (path: string): readonly string[] => (path === '/' ? [] : path.slice(1).split('/'));

/** As by a server that decodes, trims and folds the case. */
const decodedByAll = (segment: string): string => decodeURIComponent(segment).trim().toLowerCase();

/**
 * The literal reading of a path, told another way than by a tree: narrow the list of all patterns segment by segment,
 * to those with this literal, else to those with a parameter there.
 */
function literalReading(method: string, segments: readonly string[]): string {
  let left = listed.map(({ name, method: verb, path }) => ({ name, verb, pattern: segmentsOf(path) }));
  segments.forEach((segment, at) => {
    const literals = left
      .map(({ pattern }) => pattern[at])
      .filter((text) => text !== undefined && !text.startsWith('{'));
    const folded = literals.some((text) => text?.toLowerCase() === decodedByAll(segment));
    left = left.filter(({ pattern }) => (folded ? pattern[at] === segment : pattern[at]?.startsWith('{')));
  });
  const ended = left.filter(({ pattern }) => pattern.length === segments.length);
  if (ended.length === 0) return 'unknown';
  return ended.find(({ verb }) => verb === method)?.name ?? 'method_not_allowed';
}

const tricks: readonly ((path: string, at: number) => string)[] = [
  (path, at) => `${path.slice(0, at)}%${path.charCodeAt(at).toString(16).padStart(2, '0')}${path.slice(at + 1)}`,
  (path, at) => `${path.slice(0, at)}%25${path.charCodeAt(at).toString(16)}${path.slice(at + 1)}`,
  (path, at) => path.slice(0, at) + path.charAt(at).toUpperCase() + path.slice(at + 1),
  (path, at) => path.slice(0, at) + path.slice(at).toUpperCase(),
  ...[
    '/',
    '//',
    '/./',
    '/../',
    '/x/../',
    '/.',
    '/..',
    '.',
    '..',
    ';',
    ';x=y',
    '\\',
    '\\..\\',
    '%00',
    '\0',
    '%2f',
    '%2e%2e/',
    '#',
    ' ',
    '\t',
  ].map((text) => (path: string, at: number) => path.slice(0, at) + text + path.slice(at)),
];

test('no trick of encoding, case, dots or slashes reaches another route than the literal reading of what is forwarded', () => {
  const anyListed = fc.constantFrom(...listed);
  const anyTrick = fc.constantFrom(...tricks);
  const seen = { malformed: 0, unknown: 0, method_not_allowed: 0, route: 0 };
  fc.assert(
    fc.property(
      anyListed,
      fc.array(fc.tuple(anyTrick, fc.nat()), { minLength: 1, maxLength: 3 }),
      (operation, steps) => {
        const raw = steps.reduce((path, [trick, at]) => trick(path, at % (path.length + 1)), concrete(operation.path));
        const found = ask(operation.method, raw);
        seen[found.kind] += 1;
        if (found.kind === 'malformed') return;
        const sent = segmentsOf(raw.length > 1 ? raw.replace(/\/$/, '') : raw);
        const name = found.kind === 'route' ? found.route.name : found.kind;
        expect(name).toBe(literalReading(operation.method, sent));
      },
    ),
    { numRuns: 3000 },
  );
  // The property is about every outcome: a generator that only ever made malformed targets would prove nothing.
  expect(Math.min(seen.malformed, seen.unknown, seen.route)).toBeGreaterThan(0);
});

// Segments of the table itself, shuffled, so that literals meet parameters at every depth.
const anySegment = fc.oneof(
  fc.constantFrom(...new Set(listed.flatMap(({ path }) => segmentsOf(concrete(path))))),
  fc.constantFrom('7', 'BATCH', 'Drafts', 'constructor', '__proto__'),
);
const anyMethod = fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE');
const anyRequest = fc.oneof(
  fc.tuple(anyMethod, fc.array(anySegment, { maxLength: 6 })),
  fc
    .tuple(anyMethod, fc.constantFrom(...listed.filter(({ path }) => path !== '/')), anySegment, fc.nat())
    .map(([method, { path }, segment, at]) => {
      const segments = segmentsOf(concrete(path));
      return [method, segments.with(at % segments.length, segment)] as const;
    }),
);

test('shuffled segments of listed paths match as the flat reading of the list says', () => {
  fc.assert(
    fc.property(anyRequest, ([method, segments]) => {
      const found = match(method, segments);
      expect(found.kind === 'route' ? found.route.name : found.kind).toBe(literalReading(method, segments));
    }),
    { numRuns: 3000 },
  );
});

test('the route that matches depends neither on the order of the file nor on the names of parameters', () => {
  const renamed = {
    ...paradex,
    routes: paradex.routes.map((row) => ({ ...row, path: row.path.replace(/\{([a-z_]+)\}/g, '{z_$1}') })).reverse(),
  };
  const matchRenamed = createRouteMatcher(parseRouteTable(renamed));
  const plain = (found: ReturnType<typeof match>) =>
    found.kind === 'route'
      ? { name: found.route.name.replaceAll('{z_', '{'), values: Object.values(found.params) }
      : found;
  fc.assert(
    fc.property(anyRequest, ([method, segments]) => {
      expect(plain(matchRenamed(method, segments))).toEqual(plain(match(method, segments)));
    }),
    { numRuns: 1000 },
  );
});
