// The rows of a route table that are the console.
import type { Route, RouteTable } from './route-table.ts';

export const isOfConsole = ({ servedBy, path }: Pick<Route, 'servedBy' | 'path'>): boolean =>
  servedBy === 'us' && (path === '/console' || path.startsWith('/console/'));

/** Its document and its files: with fewer it does not work. */
const needed = ['/console', '/console/{page}', '/console/assets/{file}'];

/** Whether a table has what the console needs to be opened. */
export const listsConsole = ({ routes }: RouteTable): boolean => {
  const listed = new Set(routes.filter(isOfConsole).map(({ path }) => path));
  return needed.every((path) => listed.has(path));
};
