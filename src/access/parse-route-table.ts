// Reads a route table out of parsed JSON, strictly: what it does not know it refuses.
import { isJsonObject } from '../domain/json-text.ts';
import { type OrderForm, orderForms } from '../domain/order-form.ts';
import { parseFigures, type RateFigures } from './figures.ts';
import { buildTree } from './route-matcher.ts';
import {
  accountLimits,
  ipLimits,
  orderIdParameter,
  parameterName,
  patternSegments,
  type Route,
  type RouteAccess,
  type RouteLimit,
  type RouteMethod,
  type RouteTable,
  RouteTableError,
  routeAccess,
  routeMethods,
  servers,
} from './route-table.ts';
import { parseTarget } from './target.ts';

/**
 * Reads a parsed JSON file (docs/route-table.md) and returns a table in which no request can have two routes.
 * Throws RouteTableError at the first row that is incomplete, unknown in any member, or in conflict with an earlier one.
 */
export function parseRouteTable(json: unknown): RouteTable {
  if (!isJsonObject(json)) throw new RouteTableError('a route table must be a JSON object');
  refuseOtherMembers(json, ['name', 'note', 'limits', 'routes'], 'the route table');
  const { name, routes: rows, limits = {} } = json;
  if (typeof name !== 'string' || name === '') throw new RouteTableError('the route table: name must be a text');
  requireText(json, 'note', 'the route table');
  if (!Array.isArray(rows) || rows.length === 0) {
    throw new RouteTableError('the route table: routes must be a list of at least one route');
  }
  const table = { name, routes: rows.map(parseRoute), limits: parseLimits(limits) };
  buildTree(table.routes);
  return table;
}

function parseLimits(json: unknown): Partial<RateFigures> {
  if (!isJsonObject(json)) throw new RouteTableError('the route table: limits must be a JSON object');
  const limits: { -readonly [Name in keyof RateFigures]?: RateFigures[Name] } = {};
  for (const [member, list] of Object.entries(json)) {
    const parsed = parseFigures(member, list);
    if (typeof parsed === 'string')
      throw new RouteTableError(`the route table: limits: ${JSON.stringify(member)} ${parsed}`);
    limits[parsed.name] = parsed.figures;
  }
  return limits;
}

const rowMembers = ['method', 'path', 'access', 'served_by', 'identity', 'limit', 'order', 'signature_headers', 'note'];

function parseRoute(row: unknown, index: number): Route {
  if (!isJsonObject(row)) throw new RouteTableError(`route ${index + 1}: must be a JSON object`);
  const [verb, place] = [row.method, row.path].map((part) => (typeof part === 'string' ? part : '?'));
  const where = `route ${index + 1} (${verb} ${place})`;
  refuseOtherMembers(row, rowMembers, where);
  requireText(row, 'note', where);
  const method = requireOneOf(row, 'method', routeMethods, where);
  const access = requireOneOf(row, 'access', routeAccess, where);
  const servedBy = requireOneOf(row, 'served_by', servers, where);
  const { path } = row;
  if (typeof path !== 'string') throw new RouteTableError(`${where}: path must be a text`);
  checkPattern(path, where);
  if (servedBy === 'venue' && /^\/countersign(\/|$)/i.test(path)) {
    throw new RouteTableError(`${where}: paths under /countersign are ours, the venue cannot serve them`);
  }
  if (isOnlyOurs(access) && servedBy !== 'us') {
    throw new RouteTableError(`${where}: access "${access}" is only for routes of ours: the venue has no credentials`);
  }
  const identity = row.identity === undefined ? undefined : requireOneOf(row, 'identity', ['optional'], where);
  if (identity !== undefined && access !== 'public') {
    throw new RouteTableError(`${where}: identity "optional" is only for public routes, this one is ${access}`);
  }
  // An account bucket on a route without an account would never be charged.
  const limits = access === 'public' || access === 'self-signed' ? ipLimits : accountLimits;
  const limit: RouteLimit =
    row.limit === undefined ? usualLimit(method, access) : requireOneOf<RouteLimit>(row, 'limit', limits, where);
  const order = row.order === undefined ? undefined : readOrderForm(row, { path, method, access, servedBy }, where);
  const signatureHeaders =
    row.signature_headers === undefined ? undefined : requireOneOf(row, 'signature_headers', ['forward'], where);
  if (signatureHeaders !== undefined && servedBy !== 'venue') {
    throw new RouteTableError(`${where}: signature_headers is only for routes that the venue serves`);
  }
  return { name: `${method} ${path}`, method, path, access, servedBy, identity, limit, order, signatureHeaders };
}

function readOrderForm(
  row: Readonly<Record<string, unknown>>,
  { path, method, access, servedBy }: Pick<Route, 'path' | 'method' | 'access' | 'servedBy'>,
  where: string,
): OrderForm {
  const form = requireOneOf(row, 'order', orderForms, where);
  if (access !== 'trade' || servedBy !== 'venue' || method === 'GET' || method === 'DELETE') {
    throw new RouteTableError(`${where}: order is only for trade routes with a body that the venue serves`);
  }
  if (form === 'modify' && orderIdParameter(path) === undefined) {
    throw new RouteTableError(`${where}: order "modify" needs a path that ends with the {parameter} of the order's id`);
  }
  return form;
}

function usualLimit(method: RouteMethod, access: RouteAccess): RouteLimit {
  switch (access) {
    case 'public':
      return 'public';
    case 'self-signed':
      return 'login';
    case 'keys:manage':
    case 'keys:narrow':
      return 'keys';
    case 'audit:read':
      return 'owner';
    case 'possession':
    case 'account:read':
    case 'keys:read':
    case 'self:read':
    case 'trade':
    case 'account:manage':
    case 'funds:transfer':
      return method === 'GET' ? 'private-read' : 'private-write';
    default:
      return access satisfies never;
  }
}

/** Accesses to what is ours alone. */
const isOnlyOurs = (access: RouteAccess): boolean => onlyOurs.some((one) => one === access);
const onlyOurs = ['possession', 'self:read', 'audit:read', 'keys:narrow'] as const satisfies readonly RouteAccess[];

// Which characters no server reads in another way. Where `:`, `@` or `,` comes encoded, loosestReading finds the literal all the same.
const literal = /^[A-Za-z0-9\-._~:@,]+$/;

/** A pattern is a path that parseTarget would accept unchanged, of literals and whole `{parameters}`. */
function checkPattern(path: string, where: string): void {
  const segments = patternSegments(path);
  const sample = segments.map((segment) => (parameterName(segment) === undefined ? segment : 'x'));
  const target = parseTarget(`/${sample.join('/')}`);
  const isPlain =
    target.kind === 'target' && target.path === `/${sample.join('/')}` && sample.every((part) => literal.test(part));
  if (!path.startsWith('/') || !isPlain) {
    throw new RouteTableError(
      `${where}: path must begin with "/", must not end with one, and each segment must be a literal ` +
        '(letters, digits and - . _ ~ : @ ,) or a whole {parameter} in lower case',
    );
  }
  const names = segments.map(parameterName).filter((name) => name !== undefined);
  if (new Set(names).size !== names.length) throw new RouteTableError(`${where}: a parameter name is used twice`);
}

function refuseOtherMembers(object: Readonly<Record<string, unknown>>, known: readonly string[], where: string): void {
  const other = Object.keys(object).find((member) => !known.includes(member));
  if (other !== undefined) {
    throw new RouteTableError(`${where}: unknown member "${other}"; known are ${known.join(', ')}`);
  }
}

function requireText(object: Readonly<Record<string, unknown>>, member: string, where: string): void {
  if (object[member] !== undefined && typeof object[member] !== 'string') {
    throw new RouteTableError(`${where}: ${member} must be a text`);
  }
}

function requireOneOf<T extends string>(
  object: Readonly<Record<string, unknown>>,
  member: string,
  values: readonly T[],
  where: string,
): T {
  const found = values.find((value) => value === object[member]);
  if (found === undefined) {
    const given = object[member] === undefined ? 'missing' : JSON.stringify(object[member]);
    throw new RouteTableError(`${where}: ${member} must be one of ${values.join(', ')}; it is ${given}`);
  }
  return found;
}
