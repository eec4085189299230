// Which routes carry signed orders is data: the Paradex table's own, what a table may say, and what the documentation lists.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseRouteTable } from '../../../src/access/parse-route-table.ts';
import { orderIdParameter, RouteTableError } from '../../../src/access/route-table.ts';
import paradex from '../../../src/access/routes/paradex.json' with { type: 'json' };

const { routes } = parseRouteTable(paradex);
const row = { method: 'POST', path: '/o', access: 'trade', served_by: 'venue', order: 'new' };
const parse = (change: object) => () => parseRouteTable({ name: 'test', routes: [{ ...row, ...change }] }).routes[0];

test('the Paradex table checks the four order routes', () => {
  expect(routes.flatMap(({ name, order }) => (order === undefined ? [] : [`${name} ${order}`])).sort()).toEqual([
    'POST /v1/algo/orders algo',
    'POST /v1/orders new',
    'POST /v1/orders/batch batch',
    'PUT /v1/orders/{order_id} modify',
  ]);
});

test('docs/orders.md lists exactly the order routes and the trade routes without signatures', () => {
  const text = readFileSync(join(import.meta.dirname, '../../../docs/orders.md'), 'utf8');
  const listed = [...text.matchAll(/^- `((?:GET|POST|PUT|PATCH|DELETE) [^`]+)`$/gm)].map(([, name]) => name);
  const trade = routes.filter(({ access, servedBy }) => access === 'trade' && servedBy === 'venue');
  expect(listed.sort()).toEqual(trade.map(({ name }) => name).sort());
});

test.each(['new', 'batch', 'algo'])('order %s is accepted on a trade route with a body', (order) => {
  for (const method of ['POST', 'PUT', 'PATCH']) expect(parse({ order, method })()).toMatchObject({ order });
});

test('order modify names the parameter at the end of its path', () => {
  expect(parse({ order: 'modify', path: '/o/{id}' })()).toMatchObject({ order: 'modify' });
  expect(orderIdParameter('/o/{account}/{id}')).toBe('id');
  for (const path of ['/o', '/o/{id}/x', '/']) expect(parse({ order: 'modify', path })).toThrow(/\{parameter\}/);
});

test.each([
  { order: 'x' },
  { order: null },
  { order: true },
  { order: '' },
  { method: 'GET' },
  { method: 'DELETE' },
  { access: 'account:manage' },
  { access: 'public' },
  { served_by: 'us' },
])('a row that could not be checked stops the start: %j', (change) => {
  expect(parse(change)).toThrow(RouteTableError);
  expect(parse(change)).toThrow(/order/);
});
