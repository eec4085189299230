// The routes that we serve: those of the built-in table, with the access that they have there. An operator's table may leave some out;
// it can neither add one nor change who may call it.
import { figureNames, type RateFigures } from './figures.ts';
import { parseRouteTable } from './parse-route-table.ts';
import { type Route, type RouteTable, RouteTableError } from './route-table.ts';
import paradexRoutes from './routes/paradex.json' with { type: 'json' };

/** The table of the Paradex API. */
export const builtInTable: RouteTable = parseRouteTable(paradexRoutes);

/** The figures of every rate limit there is. */
export const builtInFigures: RateFigures = complete(builtInTable.limits);

function complete(limits: Partial<RateFigures>): RateFigures {
  const missing = figureNames.filter((name) => limits[name] === undefined);
  if (!isComplete(limits)) throw new RouteTableError(`the built-in table has no figures for ${missing.join(', ')}`);
  return limits;
}

function isComplete(limits: Partial<RateFigures>): limits is RateFigures {
  return figureNames.every((name) => limits[name] !== undefined);
}

const ownRoutes: ReadonlyMap<string, Route> = new Map(
  builtInTable.routes.flatMap((route) => (route.servedBy === 'us' ? [[route.name, route] as const] : [])),
);

/** Throws RouteTableError, with every such row, for routes served by us that have no handler, or not this access. */
export function requireOwnRoutes(table: RouteTable): void {
  const problems: string[] = [];
  for (const { name, servedBy, access } of table.routes) {
    if (servedBy !== 'us') continue;
    const own = ownRoutes.get(name);
    if (own === undefined) problems.push(`${name} is served by us, but has no handler`);
    else if (own.access !== access) problems.push(`${name} is ours: its access is ${own.access}, not ${access}`);
  }
  if (problems.length > 0) throw new RouteTableError(problems.join('; '));
}

/** Routes that also take the owner's signature in place of a bearer, in every table that lists them. */
const signedByOwner: ReadonlySet<string> = new Set([
  'POST /countersign/v1/revoke-all',
  'POST /countersign/v1/sign-out-everywhere',
]);

export const takesOwnerSignature = ({ name }: Pick<Route, 'name'>): boolean => signedByOwner.has(name);

/** Routes of our own extension by which the holder or the finder of a credential ends it. */
const emergencyRoutes: readonly string[] = [
  'POST /countersign/v1/self/revoke',
  ...signedByOwner,
  'POST /countersign/v1/leaked',
];

/** The names of emergency routes that the table leaves out: with it nobody can use them. */
export function emergencyRoutesLeftOut(table: RouteTable): readonly string[] {
  const listed = new Set(table.routes.map(({ name }) => name));
  return emergencyRoutes.filter((name) => !listed.has(name));
}
