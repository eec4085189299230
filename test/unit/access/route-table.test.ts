import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseRouteTable } from '../../../src/access/parse-route-table.ts';
import { createRouteMatcher } from '../../../src/access/route-matcher.ts';
import { type Route, RouteTableError, withLeverageForSubkeys } from '../../../src/access/route-table.ts';
import example from '../../../src/access/routes/example.json' with { type: 'json' };
import { anyCharacter } from '../../support/any-character.ts';

const row = { method: 'GET', path: '/a', access: 'public', served_by: 'venue' };
const tableOf = (...rows: unknown[]) => ({ name: 'test', routes: rows });
const matcherOf = (...lines: string[]) =>
  createRouteMatcher(
    parseRouteTable(
      tableOf(
        ...lines.map((line) => {
          const [method, path] = line.split(' ');
          return { method, path, access: 'trade', served_by: 'venue' };
        }),
      ),
    ),
  );
/** The name of the route, or what else the matcher said. */
const answer = (match: ReturnType<typeof createRouteMatcher>, method: string, path: string) => {
  const found = match(method, path === '/' ? [] : path.slice(1).split('/'));
  if (found.kind === 'route') return found.route.name;
  return found.kind === 'unknown' ? 'unknown' : `405 ${found.allow.join(', ')}`;
};

describe('a route table is read strictly', () => {
  test('a row of a route table becomes a route with its usual limit', () => {
    expect(parseRouteTable(tableOf({ ...row, note: 'free text' }))).toEqual({
      name: 'test',
      limits: {},
      routes: [
        {
          name: 'GET /a',
          method: 'GET',
          path: '/a',
          access: 'public',
          servedBy: 'venue',
          identity: undefined,
          limit: 'public',
          order: undefined,
          signatureHeaders: undefined,
        },
      ],
    });
  });

  test.each([
    ['GET', 'public', 'public'],
    ['POST', 'public', 'public'],
    ['POST', 'self-signed', 'login'],
    ['GET', 'account:read', 'private-read'],
    ['GET', 'keys:read', 'private-read'],
    ['POST', 'account:read', 'private-write'],
    ['POST', 'trade', 'private-write'],
    ['PATCH', 'account:manage', 'private-write'],
    ['PUT', 'funds:transfer', 'private-write'],
    ['DELETE', 'keys:manage', 'keys'],
    ['DELETE', 'keys:narrow', 'keys'],
    ['GET', 'self:read', 'private-read'],
    ['GET', 'audit:read', 'owner'],
  ])('%s with access %s is limited as %s when the row does not say', (method, access, limit) => {
    expect(parseRouteTable(tableOf({ ...row, method, access, served_by: 'us' })).routes[0]?.limit).toBe(limit);
  });

  test.each([
    ['no object', [], 'a route table must be a JSON object'],
    ['null', null, 'a route table must be a JSON object'],
    ['no name', { routes: [row] }, 'name must be a text'],
    ['an empty name', { name: '', routes: [row] }, 'name must be a text'],
    ['a note that is no text', { name: 'x', note: 1, routes: [row] }, 'note must be a text'],
    ['no routes', { name: 'x' }, 'routes must be a list of at least one route'],
    ['an empty list', tableOf(), 'routes must be a list of at least one route'],
    ['a member it does not know', { ...tableOf(row), default: 'public' }, 'the route table: unknown member "default"'],
    ['a row that is no object', tableOf(row, 'GET /b'), 'route 2: must be a JSON object'],
    ['a misspelled member', tableOf({ ...row, acess: 'trade' }), 'route 1 (GET /a): unknown member "acess"'],
    ['a row without method', tableOf({ ...row, method: undefined }), 'method must be one of'],
    ['a method in lower case', tableOf({ ...row, method: 'get' }), 'it is "get"'],
    ['HEAD', tableOf({ ...row, method: 'HEAD' }), 'method must be one of'],
    ['OPTIONS', tableOf({ ...row, method: 'OPTIONS' }), 'method must be one of'],
    ['a row without access', tableOf({ ...row, access: undefined }), 'access must be one of'],
    ['an unknown permission', tableOf({ ...row, access: 'admin' }), 'it is "admin"'],
    ['access as a list', tableOf({ ...row, access: ['public'] }), 'it is ["public"]'],
    ['a row that says nobody serves it', tableOf({ ...row, served_by: undefined }), 'served_by must be one of'],
    ['an unknown server', tableOf({ ...row, served_by: 'upstream' }), 'us, venue; it is "upstream"'],
    ['an unknown identity', tableOf({ ...row, identity: 'none' }), 'identity must be one of optional'],
    [
      'optional identity on a private route',
      tableOf({ ...row, access: 'trade', identity: 'optional' }),
      'only for public',
    ],
    ['signature headers that are dropped by name', tableOf({ ...row, signature_headers: 'drop' }), 'one of forward'],
    ['signature headers for ourselves', tableOf({ ...row, served_by: 'us', signature_headers: 'forward' }), 'venue'],
    ['an unknown limit', tableOf({ ...row, limit: 'none' }), 'limit must be one of public, login'],
    ['an account limit on a public route', tableOf({ ...row, limit: 'orders' }), 'limit must be one of public, login'],
    ['an IP limit on a private route', tableOf({ ...row, access: 'trade', limit: 'public' }), 'one of private-read'],
    ['a note in a row that is no text', tableOf({ ...row, note: {} }), 'note must be a text'],
    ['a hostile method object', tableOf({ ...row, method: { toString: 1, valueOf: 1 } }), 'route 1 (? /a): method'],
    ['a path that is no text', tableOf({ ...row, path: 7 }), 'path must be a text'],
    ['the same route twice', tableOf(row, row), 'GET /a is listed twice'],
    [
      'the same route under another parameter name',
      tableOf({ ...row, path: '/a/{id}' }, { ...row, path: '/a/{order_id}' }),
      '{order_id} stands where another route has {id}',
    ],
    [
      'another parameter name for another method',
      tableOf({ ...row, path: '/a/{id}' }, { ...row, method: 'PUT', path: '/a/{order_id}' }),
      '{order_id} stands where another route has {id}',
    ],
    [
      'literals that differ only in letter case',
      tableOf({ ...row, path: '/a/b' }, { ...row, path: '/A/c' }),
      '"A" differs only in letter case from "a"',
    ],
    ['a venue route under our prefix', tableOf({ ...row, path: '/countersign/v1/x' }), 'under /countersign are ours'],
    ['a venue route on our prefix', tableOf({ ...row, path: '/Countersign' }), 'under /countersign are ours'],
    ...['possession', 'self:read', 'audit:read', 'keys:narrow'].map((access): [string, object, string] => [
      `the venue's route with the access ${access}`,
      tableOf({ ...row, access }),
      `access "${access}" is only for routes of ours`,
    ]),
    ['a parameter name used twice', tableOf({ ...row, path: '/{a}/{a}' }), 'a parameter name is used twice'],
  ])('a route table with %s is refused', (_name, json, message) => {
    expect(() => parseRouteTable(json)).toThrow(RouteTableError);
    expect(() => parseRouteTable(json)).toThrow(message);
  });

  test.each([
    '',
    'a',
    'a/b',
    '/a/',
    '//',
    '/a//b',
    '/a/../b',
    '/a/.',
    '/a?b',
    '/a?',
    '/a#b',
    '/a%20b',
    '/a b',
    '/*',
    '/a/*',
    '/a/:id;x',
    '/{}',
    '/{A}',
    '/{a-b}',
    '/{1a}',
    '/x{a}',
    '/{a}x',
    '/{a}{b}',
    '/{a',
    '/a}',
    '/{__proto__}',
    'http://x/a',
    '/é',
  ])('a route whose path is %j is refused', (path) => {
    expect(() => parseRouteTable(tableOf({ ...row, path }))).toThrow('path must begin with "/"');
  });

  test.each(['/', '/a', '/a/{b}', '/{a}', '/{a}/{b}', '/a.b/@c/d:e,f', '/v1/orders/{order_id}'])(
    'a route whose path is %s is accepted',
    (path) => {
      expect(parseRouteTable(tableOf({ ...row, path })).routes[0]?.path).toBe(path);
    },
  );

  test('whatever a route table holds, the only exception of its reader is a RouteTableError', () => {
    const anything = fc.oneof(
      fc.jsonValue(),
      fc.record({
        name: fc.constant('x'),
        routes: fc.array(fc.oneof(fc.jsonValue(), fc.record({ ...mapValues(row) }))),
      }),
    );
    fc.assert(
      fc.property(anything, (json) => {
        try {
          expect(parseRouteTable(json).routes.length).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(RouteTableError);
        }
      }),
    );
  });
});

/** Each member of a good row, sometimes replaced by anything. */
function mapValues(good: Readonly<Record<string, string>>) {
  return Object.fromEntries(
    Object.entries(good).map(([member, value]) => [member, fc.oneof(fc.constant(value), fc.jsonValue())]),
  );
}

describe('matching', () => {
  const match = matcherOf(
    'GET /',
    'GET /orders',
    'POST /orders',
    'POST /orders/batch',
    'GET /orders/{order_id}',
    'PUT /orders/{order_id}',
    'DELETE /orders/{order_id}',
    'GET /orders/{order_id}/fills',
    'GET /orders/by_client_id/{client_id}',
    'GET /{tenant}/status',
  );

  test.each([
    ['GET', '/', 'GET /'],
    ['GET', '/orders', 'GET /orders'],
    ['GET', '/orders/7', 'GET /orders/{order_id}'],
    ['GET', '/orders/7/fills', 'GET /orders/{order_id}/fills'],
    ['GET', '/orders/by_client_id/7', 'GET /orders/by_client_id/{client_id}'],
    ['GET', '/acme/status', 'GET /{tenant}/status'],
    ['POST', '/orders/batch', 'POST /orders/batch'],
  ])('%s %s finds its route in a small table', (method, path, name) => {
    expect(answer(match, method, path)).toBe(name);
  });

  test.each([
    ['an unlisted path', 'GET', '/fills', 'unknown'],
    ['a path that goes on after a route', 'GET', '/orders/7/fills/8', 'unknown'],
    ['a path that stops before a route', 'GET', '/acme', 'unknown'],
    ['a literal for another method is not a parameter', 'PUT', '/orders/batch', '405 POST'],
    ['a literal for another method is not a parameter to read either', 'GET', '/orders/batch', '405 POST'],
    ['a literal without the continuation of the parameter', 'GET', '/orders/batch/fills', 'unknown'],
    ['a literal that no route ends at', 'GET', '/orders/by_client_id', 'unknown'],
    ['a first literal without the continuation of the parameter', 'GET', '/orders/status', 'GET /orders/{order_id}'],
    ['a literal in another case is neither literal nor parameter', 'DELETE', '/orders/BATCH', 'unknown'],
    ['a first literal in another case', 'GET', '/Orders/status', 'unknown'],
    ['a literal in another case on the way', 'GET', '/orders/By_Client_Id/7', 'unknown'],
    ['a name of Object.prototype', 'GET', '/constructor', 'unknown'],
    ['a name of Object.prototype as method', 'constructor', '/orders', '405 GET, POST'],
  ])('a literal segment wins over a parameter, and nothing unlisted matches: %s', (_name, method, path, expected) => {
    expect(answer(match, method, path)).toBe(expected);
  });

  test('an empty or strange segment makes the matcher throw nothing', () => {
    const strange = fc.oneof(
      fc.string({ unit: anyCharacter }).filter((text) => !text.includes('%')),
      fc.string({ unit: 'grapheme' }).map(encodeURIComponent),
    );
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter }), fc.array(strange), (method, segments) => {
        expect(['route', 'method_not_allowed', 'unknown']).toContain(match(method, segments).kind);
      }),
    );
  });

  test.each([
    ['a literal in encoded letters of its own', 'GET', '/x/a%3Ab', 'unknown'],
    ['a literal that the last part spells encoded', 'GET', '/x/b%2Cc%40d', 'unknown'],
    ['a literal with an encoded blank around it', 'GET', '/x/%20all', 'unknown'],
    ['a literal with a plus sign behind it', 'GET', '/x/all+', 'unknown'],
    ['a literal in other case with a blank', 'GET', '/x/ALL%20', 'unknown'],
    ['a literal with a letter that looks alike', 'GET', '/x/a%EF%BD%8Cl', 'unknown'],
    ['a literal with the Kelvin sign', 'GET', '/x/%E2%84%AAeys', 'unknown'],
    ['a literal with a long s', 'GET', '/x/key%C5%BF', 'unknown'],
    ['an encoded reserved character', 'GET', '/x/grid%2B1', 'GET /x/{id}'],
    ['the same as it is', 'GET', '/x/grid+1', 'GET /x/{id}'],
    ['an encoded query', 'GET', '/x/all%3Fa', 'GET /x/{id}'],
    ['a literal itself', 'GET', '/x/a:b', '405 DELETE'],
    ['an encoded character where only literals stand', 'DELETE', '/x%3F/all', 'unknown'],
  ])('what anybody could read as a literal is no parameter: %s', (_name, method, path, expected) => {
    const names = ['GET /x/{id}', 'DELETE /x/a:b', 'DELETE /x/b,c@d', 'DELETE /x/all', 'DELETE /x/keys'];
    expect(answer(matcherOf(...names), method, path)).toBe(expected);
  });

  test('HEAD has the route of GET where we serve it, and nowhere else', () => {
    const ours = createRouteMatcher(
      parseRouteTable(
        tableOf(
          { ...row, path: '/ours', served_by: 'us' },
          { ...row, path: '/ours', method: 'POST', served_by: 'us' },
          { ...row, path: '/theirs' },
          { ...row, path: '/written', method: 'POST', served_by: 'us' },
        ),
      ),
    );
    expect(answer(ours, 'HEAD', '/ours')).toBe('GET /ours');
    expect(answer(ours, 'PUT', '/ours')).toBe('405 GET, HEAD, POST');
    expect(answer(ours, 'HEAD', '/theirs')).toBe('405 GET');
    expect(answer(ours, 'HEAD', '/written')).toBe('405 POST');
    expect(answer(ours, 'HEAD', '/nothing')).toBe('unknown');
  });

  test.each(['TRACE', 'CONNECT'])('%s has no route anywhere, also where GET has one', (method) => {
    expect(answer(match, method, '/orders')).toBe('unknown');
    expect(answer(match, method, '/orders/7')).toBe('unknown');
  });

  test('OPTIONS and methods in other spellings are wrong methods, with the allowed ones sorted', () => {
    for (const method of ['OPTIONS', 'get', 'PROPFIND', '']) {
      expect(answer(match, method, '/orders/7')).toBe('405 DELETE, GET, PUT');
    }
  });

  test('parameters of a matched route are as they stood in the path', () => {
    const found = matcherOf('GET /a/{one}/b/{two}')('GET', ['a', 'X-1', 'b', 'y,2']);
    expect(found).toMatchObject({ kind: 'route', params: { one: 'X-1', two: 'y,2' } });
  });

  test('a matched request leaves nothing behind for the next', () => {
    const once = matcherOf('GET /a/{one}');
    const first = once('GET', ['a', '1']);
    const second = once('GET', ['a', '2']);
    expect(first).toMatchObject({ params: { one: '1' } });
    expect(second).toMatchObject({ params: { one: '2' } });
  });
});

test('the switch for leverage by subkeys changes that one route and refuses a table without it', () => {
  const leverage = { ...row, method: 'POST', path: '/v1/account/margin/{market}', access: 'account:manage' };
  const table = parseRouteTable(tableOf(row, leverage));
  const switched = withLeverageForSubkeys(table);
  const access = (routes: readonly Route[]) => routes.map((route) => route.access);
  expect(access(switched.routes)).toEqual(['public', 'trade']);
  expect(access(table.routes)).toEqual(['public', 'account:manage']);
  expect(() => withLeverageForSubkeys(parseRouteTable(tableOf(row)))).toThrow(
    'subkeys.may_set_leverage is on, but the route table "test" has no POST /v1/account/margin/{market}',
  );
});

test('the example of docs/route-table.md is a valid table in which "all" is no order', () => {
  const match = createRouteMatcher(parseRouteTable(example));
  expect(answer(match, 'DELETE', '/api/orders/all')).toBe('DELETE /api/orders/all');
  expect(answer(match, 'PATCH', '/api/orders/all')).toBe('405 DELETE');
  expect(answer(match, 'PATCH', '/api/orders/7')).toBe('PATCH /api/orders/{order_id}');
});
