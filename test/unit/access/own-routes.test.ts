// Which routes are ours, in whatever table.
import { describe, expect, test } from 'vitest';
import { builtInTable, emergencyRoutesLeftOut, requireOwnRoutes } from '../../../src/access/own-routes.ts';
import { parseRouteTable } from '../../../src/access/parse-route-table.ts';
import example from '../../../src/access/routes/example.json' with { type: 'json' };
import { describeApi } from '../../../src/http/write-openapi.ts';

const ours = builtInTable.routes.filter(({ servedBy }) => servedBy === 'us');
const tableOf = (...routes: readonly object[]) => parseRouteTable({ name: 'x', routes });
const withOwn = (row: object) => requireOwnRoutes(tableOf({ served_by: 'us', method: 'POST', ...row }));

test('the example table has every route of ours, as the built-in one has it', () => {
  const inExample = parseRouteTable(example).routes.filter(({ servedBy }) => servedBy === 'us');
  const byName = (routes: typeof ours) => new Map(routes.map((route) => [route.name, route]));
  expect(byName(inExample)).toEqual(byName(ours));
});

// HEAD is answered where GET is, by no row of its own.
test('every route that has a handler is in the built-in table', async () => {
  const names = new Set(ours.map(({ name }) => name));
  const { handlers } = await describeApi(builtInTable);
  expect(handlers.size).toBe(names.size);
  expect([...handlers].filter((name) => !names.has(name))).toEqual([]);
});

describe('a route of ours in another table', () => {
  test('a table in which a route without a handler is served by us is refused', () => {
    expect(() => withOwn({ path: '/v1/nothing', access: 'public' })).toThrow(
      'POST /v1/nothing is served by us, but has no handler',
    );
  });

  test('a table that gives a route of ours another access is refused: nobody may open what is ours', () => {
    const path = '/countersign/v1/revoke-all';
    expect(() => withOwn({ path, access: 'trade' })).toThrow(
      `POST ${path} is ours: its access is keys:narrow, not trade`,
    );
    expect(() => withOwn({ path, access: 'keys:narrow' })).not.toThrow();
  });

  test('a table that names the access that routes of ours had before is refused with each row and the new word', () => {
    const before = [
      { method: 'GET', path: '/countersign/v1/self', access: 'account:read', served_by: 'us' },
      { method: 'POST', path: '/countersign/v1/revoke-all', access: 'keys:manage', served_by: 'us' },
      { method: 'DELETE', path: '/v1/account/tokens/{lookup_id}', access: 'keys:manage', served_by: 'us' },
    ];
    expect(() => requireOwnRoutes(tableOf(...before))).toThrow(
      'GET /countersign/v1/self is ours: its access is self:read, not account:read; ' +
        'POST /countersign/v1/revoke-all is ours: its access is keys:narrow, not keys:manage; ' +
        'DELETE /v1/account/tokens/{lookup_id} is ours: its access is keys:narrow, not keys:manage',
    );
  });

  test('a table may give a route of ours another rate limit, and a path of ours to the venue', () => {
    expect(() => withOwn({ path: '/v1/onboarding', access: 'self-signed', limit: 'login' })).not.toThrow();
    expect(() => withOwn({ path: '/v1/onboarding', access: 'public', served_by: 'venue' })).not.toThrow();
  });
});

describe('emergency routes', () => {
  test('the built-in table and the example have every emergency route', () => {
    expect([builtInTable, parseRouteTable(example)].flatMap(emergencyRoutesLeftOut)).toEqual([]);
  });

  test('each emergency route that a table leaves out is named', () => {
    const auth = { method: 'POST', path: '/v1/auth', access: 'self-signed', served_by: 'us' };
    expect([...emergencyRoutesLeftOut(tableOf(auth))].sort()).toEqual([
      'POST /countersign/v1/leaked',
      'POST /countersign/v1/revoke-all',
      'POST /countersign/v1/self/revoke',
      'POST /countersign/v1/sign-out-everywhere',
    ]);
    const one = { method: 'POST', path: '/countersign/v1/leaked', access: 'self-signed', served_by: 'us' };
    expect(emergencyRoutesLeftOut(tableOf(auth, one))).not.toContain('POST /countersign/v1/leaked');
  });
});
