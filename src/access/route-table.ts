// What a route table says: which routes exist, who may call them and who serves them. parse-route-table.ts reads one from a file, and
// route-matcher.ts finds the route of a request.
import type { OrderForm } from '../domain/order-form.ts';
import { type Permission, permissions } from '../domain/permission.ts';
import type { RateFigures } from './figures.ts';

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
 * Rate-limit buckets of private routes, all counted per client IP; once the request was authorized, `private-read`, `orders`,
 * `keys` and `owner` per account, too (docs/wire.md section 12).
 */
export const accountLimits = ['private-read', 'private-write', 'orders', 'keys', 'emergency', 'owner'] as const;
export type RouteLimit = (typeof ipLimits)[number] | (typeof accountLimits)[number];

export const servers = ['us', 'venue'] as const;

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

/** The operator's file is not a usable route table; the message says which row and why. */
export class RouteTableError extends Error {
  override readonly name = 'RouteTableError';
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

/** The parameter at the end of a pattern: on a `modify` route, the id of the order. */
export function orderIdParameter(path: string): string | undefined {
  return parameterName(patternSegments(path).at(-1) ?? '');
}

/** The name in a `{parameter}`; undefined for a literal. */
export const parameterName = (segment: string): string | undefined => /^\{([a-z][a-z0-9_]*)\}$/.exec(segment)?.[1];
export const patternSegments = (path: string): readonly string[] => (path === '/' ? [] : path.slice(1).split('/'));
