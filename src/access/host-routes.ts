// Which routes a host name has (setting console.own_host): a browser keeps what belongs to one origin from another, and the Host header says
// which origin the answer will be part of.
import { isOfConsole } from './console-routes.ts';
import { createRouteMatcher, type RouteMatcher } from './route-matcher.ts';
import type { Route, RouteTable } from './route-table.ts';

/** `host`: the lines of the Host header. What a host does not have is as unknown there as what does not exist. */
export type MatcherOf = (host: readonly string[]) => RouteMatcher;

/** Every host has every route. */
export function onEveryHost(table: RouteTable): MatcherOf {
  const match = createRouteMatcher(table);
  return () => match;
}

/**
 * `origin`: of the console. Its host has the console and our own API; every other one our own API and the venue. A Host that only resembles
 * it, in its port or by a dot behind it, has our own API alone: some proxy may take it for the same.
 */
export function onOwnHost(table: RouteTable, origin: string): MatcherOf {
  const isOwn = hostOf(origin);
  const { hostname } = new URL(origin);
  const only = (isListed: (route: Route) => boolean) =>
    createRouteMatcher({ ...table, routes: table.routes.filter(isListed) });
  const ofConsole = only(({ servedBy }) => servedBy === 'us');
  const resembling = only((route) => route.servedBy === 'us' && !isOfConsole(route));
  const elsewhere = only((route) => !isOfConsole(route));

  return ([line = '']) => {
    if (isOwn(line)) return ofConsole;
    return nameOf(line) === hostname ? resembling : elsewhere;
  };
}

/** Whether a Host header is that of `origin`, as a browser would send it; also with the port of the scheme, in any letter case. */
export function hostOf(origin: string): (host: string) => boolean {
  const { host, port, protocol } = new URL(origin);
  const written = port === '' ? [host, host + (protocol === 'https:' ? ':443' : ':80')] : [host];
  return (line) => written.includes(line.toLowerCase());
}

/** In lower case, without a port and the dot of the root. The colons of an IPv6 address stand in brackets. */
const nameOf = (host: string): string =>
  host
    .toLowerCase()
    .replace(/^(\[[^\]]*\]|[^:]*).*$/s, '$1')
    .replace(/\.+$/, '')
    .trim();
