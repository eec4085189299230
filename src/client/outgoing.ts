// A request as it is sent: its address on the server, its headers, its body. TypeError for what must not be sent; it repeats no value.
import type { ApiRequest } from './call.ts';
import type { Outgoing } from './exchange.ts';
import { writeWide } from './json.ts';

/** `https://keys.venue.example` of the same with or without a slash. TypeError for anything more, and for another scheme. */
export function originOf(address: string, name = 'url'): string {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const isOrigin = url !== undefined && [url.username, url.password, url.search, url.hash].every((part) => part === '');
  if (!isOrigin || !/^https?:$/.test(url.protocol) || url.pathname !== '/') {
    throw new TypeError(`${name} is the address of a server and no more: https://keys.venue.example`);
  }
  return url.origin;
}

/** Without dot segments, as it will be sent. */
export const pathnameOf = (origin: string, request: Pick<ApiRequest, 'path' | 'query'>): string =>
  urlOf(origin, request).pathname;

function urlOf(origin: string, { path, query }: Pick<ApiRequest, 'path' | 'query'>): URL {
  if (!/^\/(?!\/)[!-~]*$/.test(path) || /[\\#]/.test(path)) {
    throw new TypeError('path begins with one / and names nothing but a path on the server, percent-encoded');
  }
  const url = new URL(`${origin}${path}`);
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined) url.searchParams.append(name, String(value));
  }
  if (url.origin !== origin || url.pathname.startsWith('//')) throw new TypeError('path leaves the server');
  return url;
}

/** They are this library's own, or would be sent for the page. */
const notTheCallers = /^(?:authorization|cookie|host|content-length|transfer-encoding|connection|origin|referer)$/i;

export function outgoing(origin: string, request: ApiRequest, bearer: string | undefined): Outgoing {
  const { method, body } = request;
  const given = Object.entries(request.headers ?? {});
  for (const [name, value] of given) {
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) throw new TypeError('a header has a name that is none');
    // fetch would repeat the value in its error.
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value))
      throw new TypeError(`the header ${name} has a value that cannot be sent`);
    if (notTheCallers.test(name)) throw new TypeError(`the header ${name} is not the caller's to set`);
  }
  const text = body === undefined || typeof body === 'string' ? body : jsonOf(body);
  // Two of one name, in capitals or not, would be sent as one with both values.
  const isGiven = (name: string): boolean => given.some(([one]) => one.toLowerCase() === name);
  return {
    method,
    url: urlOf(origin, request).href,
    headers: {
      ...(isGiven('accept') ? {} : { Accept: 'application/json' }),
      ...(text === undefined || isGiven('content-type') ? {} : { 'Content-Type': 'application/json' }),
      ...Object.fromEntries(given),
      ...(bearer === undefined ? {} : { Authorization: `Bearer ${bearer}` }),
    },
    body: text,
  };
}

/** A stream, a form or bytes would be written as `{}`, and sent. */
function jsonOf(body: unknown): string {
  const kind = Object.prototype.toString.call(body).slice(8, -1);
  const isWritten = typeof body === 'object' && body !== null && 'toJSON' in body && !ArrayBuffer.isView(body);
  if (!isWritten && !/^(?:Object|Array|String|Number|Boolean|Null|BigInt)$/.test(kind))
    throw new TypeError('body is what JSON can say, or text');
  return writeWide(body);
}
