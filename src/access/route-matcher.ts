// Finds the route of a request, segment by segment. It never guesses: an unlisted path has no route, a literal segment is never read as
// a parameter, and nothing backtracks.
import { parameterName, patternSegments, type Route, type RouteTable, RouteTableError } from './route-table.ts';
import { loosestReading } from './target.ts';

export type RouteMatch =
  | { readonly kind: 'route'; readonly route: Route; readonly params: Readonly<Record<string, string>> }
  /** `allow`: the sorted methods of this path, for the Allow header. */
  | { readonly kind: 'method_not_allowed'; readonly allow: readonly string[] }
  | { readonly kind: 'unknown' };

export type RouteMatcher = (method: string, segments: readonly string[]) => RouteMatch;

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

interface TreeNode {
  /** By lower-cased text, so that a segment in another case is recognised and refused. */
  readonly literals: Map<string, { readonly text: string; readonly node: TreeNode }>;
  parameter: { readonly name: string; readonly node: TreeNode } | undefined;
  readonly routes: Map<string, Route>;
}

const unknown: RouteMatch = { kind: 'unknown' };
const emptyNode = (): TreeNode => ({ literals: new Map(), parameter: undefined, routes: new Map() });

/** The tree that requests are matched in. Throws RouteTableError when two routes could match one request. */
export function buildTree(routes: readonly Route[]): TreeNode {
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
