// Which routes exist, who may call them and who serves them: data from a file, read strictly, then matched segment by segment.
// It never guesses: an unlisted path has no route, a literal segment is never read as a parameter, and nothing backtracks.
import { type OrderForm, orderForms } from '../domain/order-form.ts';
import { type Permission, permissions } from '../domain/permission.ts';
import { parseFigures, type RateFigures } from './figures.ts';
import { loosestReading, parseTarget } from './target.ts';

/** The methods a table may list. TRACE and CONNECT have no routes, HEAD has those of GET that are ours; OPTIONS is the CORS code's. */
export const routeMethods = ['DELETE', 'GET', 'PATCH', 'POST', 'PUT'] as const;
export type RouteMethod = (typeof routeMethods)[number];

/**
 * `public` needs no bearer and ignores a bad one; `self-signed` is proven by a signature in headers or body; `possession` is allowed to
 * the holder of a subkey or token, on that credential alone.
 */
export const routeAccess = ['public', 'self-signed', 'possession', ...permissions] as const;
export type RouteAccess = 'public' | 'self-signed' | 'possession' | Permission;

/** Rate-limit buckets counted per client IP: for routes before any proof (docs/wire.md section 12). */
export const ipLimits = ['public', 'login', 'onboarding', 'activate'] as const;
/**
 * Rate-limit buckets of private routes, all counted per client IP; once the request was authorized, `private-read`, `orders` and
 * `keys` per account, too (docs/wire.md section 12).
 */
export const accountLimits = ['private-read', 'private-write', 'orders', 'keys', 'emergency'] as const;
export type RouteLimit = (typeof ipLimits)[number] | (typeof accountLimits)[number];

const servers = ['us', 'venue'] as const;

export interface Route {
  /** `METHOD /pattern`, unique in its table: handlers, metrics and logs name a route by it. */
  readonly name: string;
  readonly method: RouteMethod;
  /** As in the file: `/v1/orders/{order_id}`. */
  readonly path: string;
  readonly access: RouteAccess;
  readonly servedBy: (typeof servers)[number];
  /** `optional`: a public route whose answer may depend on who asks; a good bearer is used, a bad one ignored. */
  readonly identity: 'optional' | undefined;
  readonly limit: RouteLimit;
  /** Set on routes whose body is signed orders. */
  readonly order: OrderForm | undefined;
  /** `forward`: the headers that hold the signature of a login or an onboarding pass to the venue, which they do nowhere else. */
  readonly signatureHeaders: 'forward' | undefined;
}

export interface RouteTable {
  readonly name: string;
  readonly routes: readonly Route[];
  /** Figures of rate limits; those that a table leaves out are the built-in ones. */
  readonly limits: Partial<RateFigures>;
}

export type RouteMatch =
  | { readonly kind: 'route'; readonly route: Route; readonly params: Readonly<Record<string, string>> }
  /** `allow`: the sorted methods of this path, for the Allow header. */
  | { readonly kind: 'method_not_allowed'; readonly allow: readonly string[] }
  | { readonly kind: 'unknown' };

export type RouteMatcher = (method: string, segments: readonly string[]) => RouteMatch;

/** The operator's file is not a usable route table; the message says which row and why. */
export class RouteTableError extends Error {
  override readonly name = 'RouteTableError';
}

/**
 * Reads a parsed JSON file (docs/route-table.md) and returns a table in which no request can have two routes.
 * Throws RouteTableError at the first row that is incomplete, unknown in any member, or in conflict with an earlier one.
 */
export function parseRouteTable(json: unknown): RouteTable {
  if (!isObject(json)) throw new RouteTableError('a route table must be a JSON object');
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
  if (!isObject(json)) throw new RouteTableError('the route table: limits must be a JSON object');
  const limits: { -readonly [Name in keyof RateFigures]?: RateFigures[Name] } = {};
  for (const [member, list] of Object.entries(json)) {
    const parsed = parseFigures(member, list);
    if (typeof parsed === 'string')
      throw new RouteTableError(`the route table: limits: ${JSON.stringify(member)} ${parsed}`);
    limits[parsed.name] = parsed.figures;
  }
  return limits;
}

/**
 * Returns the pure function every request goes through: `segments` as parseTarget gives them, the method as received.
 * At each segment a literal of the table beats a parameter and is never left again, so `PUT /v1/orders/batch` is a wrong
 * method on the batch route and can never become an order named "batch". A segment that anybody could read as a literal
 * (in other letter case, encoded, with blanks around it) is no parameter either: such a server would serve the other route.
 *
 * HEAD has the route of GET where we serve it: it is decided and answered as a GET is (RFC 9110 section 9.3.2).
 */
export function createRouteMatcher(table: RouteTable): RouteMatcher {
  const root = buildTree(table.routes);
  return (method, segments) => {
    if (method === 'TRACE' || method === 'CONNECT') return unknown;
    const params: Record<string, string> = {};
    let node = root;
    for (const segment of segments) {
      const literal = node.literals.get(loosestReading(segment));
      if (literal !== undefined) {
        if (literal.text !== segment) return unknown;
        node = literal.node;
      } else if (node.parameter !== undefined) {
        params[node.parameter.name] = segment;
        node = node.parameter.node;
      } else {
        return unknown;
      }
    }
    const answersHead = node.routes.get('GET')?.servedBy === 'us';
    const route = node.routes.get(method === 'HEAD' && answersHead ? 'GET' : method);
    if (route !== undefined) return { kind: 'route', route, params };
    if (node.routes.size === 0) return unknown;
    return { kind: 'method_not_allowed', allow: [...node.routes.keys(), ...(answersHead ? ['HEAD'] : [])].sort() };
  };
}

/**
 * The table with leverage and margin mode opened to subkeys (setting `subkeys.may_set_leverage`, docs/decisions.md "leverage").
 * Throws RouteTableError when the table has no such route: a switch that does nothing must not look switched on.
 */
export function withLeverageForSubkeys(table: RouteTable): RouteTable {
  const name = 'POST /v1/account/margin/{market}';
  if (!table.routes.some((route) => route.name === name)) {
    throw new RouteTableError(`subkeys.may_set_leverage is on, but the route table "${table.name}" has no ${name}`);
  }
  const routes = table.routes.map((route) => (route.name === name ? { ...route, access: 'trade' as const } : route));
  return { ...table, routes };
}

// --- one row of the file ---

const rowMembers = ['method', 'path', 'access', 'served_by', 'identity', 'limit', 'order', 'signature_headers', 'note'];

function parseRoute(row: unknown, index: number): Route {
  if (!isObject(row)) throw new RouteTableError(`route ${index + 1}: must be a JSON object`);
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
  if (access === 'possession' && servedBy !== 'us') {
    throw new RouteTableError(
      `${where}: access "possession" is only for routes of ours: the venue has no credential to end`,
    );
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

/** The parameter at the end of a pattern: on a `modify` route, the id of the order. */
export function orderIdParameter(path: string): string | undefined {
  return parameterName(patternSegments(path).at(-1) ?? '');
}

function usualLimit(method: RouteMethod, access: RouteAccess): RouteLimit {
  switch (access) {
    case 'public':
      return 'public';
    case 'self-signed':
      return 'login';
    case 'keys:manage':
      return 'keys';
    case 'possession':
    case 'account:read':
    case 'keys:read':
    case 'trade':
    case 'account:manage':
    case 'funds:transfer':
      return method === 'GET' ? 'private-read' : 'private-write';
    default:
      return access satisfies never;
  }
}

const parameterName = (segment: string): string | undefined => /^\{([a-z][a-z0-9_]*)\}$/.exec(segment)?.[1];
const patternSegments = (path: string): readonly string[] => (path === '/' ? [] : path.slice(1).split('/'));

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

// --- the tree that requests are matched in ---

interface TreeNode {
  /** By lower-cased text, so that a segment in another case is recognised and refused. */
  readonly literals: Map<string, { readonly text: string; readonly node: TreeNode }>;
  parameter: { readonly name: string; readonly node: TreeNode } | undefined;
  readonly routes: Map<string, Route>;
}

const unknown: RouteMatch = { kind: 'unknown' };
const emptyNode = (): TreeNode => ({ literals: new Map(), parameter: undefined, routes: new Map() });

function buildTree(routes: readonly Route[]): TreeNode {
  const root = emptyNode();
  for (const route of routes) {
    let node = root;
    for (const segment of patternSegments(route.path)) node = descend(node, segment, route);
    if (node.routes.has(route.method)) throw new RouteTableError(`${route.name} is listed twice`);
    node.routes.set(route.method, route);
  }
  return root;
}

/** The child of `node` for one segment of a pattern, made if it is new. */
function descend(node: TreeNode, segment: string, route: Route): TreeNode {
  const name = parameterName(segment);
  if (name === undefined) {
    const child = node.literals.get(segment.toLowerCase()) ?? { text: segment, node: emptyNode() };
    if (child.text !== segment) {
      throw new RouteTableError(
        `${route.name}: "${segment}" differs only in letter case from "${child.text}" elsewhere`,
      );
    }
    node.literals.set(segment.toLowerCase(), child);
    return child.node;
  }
  node.parameter ??= { name, node: emptyNode() };
  if (node.parameter.name !== name) {
    throw new RouteTableError(
      `${route.name}: {${name}} stands where another route has {${node.parameter.name}}; name one place one way`,
    );
  }
  return node.parameter.node;
}

// --- reading unknown JSON ---

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

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
