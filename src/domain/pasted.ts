// What an operator copied from a log, a shell or a page, without what came along.
import { type IpAddress, parseIp } from './allowlist.ts';

/** Strips quotes, `Authorization: Bearer` and punctuation around the text, and line breaks inside a JWT. */
export function unwrapped(given: string): string {
  const bare = given.replace(/^[\s"'`<]+/, '').replace(/[\s"'`>,;]+$/, '');
  const text = bare
    .replace(/^Authorization\s*:/i, '')
    .trim()
    .replace(/^Bearer +/i, '');
  return text.startsWith('eyJ') ? text.replace(/\s+/g, '') : text;
}

/** Cuts the port from `192.0.2.7:51234` and `[2001:db8::7]:51234`, as proxies log client addresses. */
const withoutPort = (text: string): string =>
  text.replace(/^([0-9.]+):[0-9]{1,5}$/, '$1').replace(/^\[([^\]]+)\](:[0-9]{1,5})?$/, '$1');

/** Undefined when the text is no address of a client. */
export const readClientAddress = (given: string): IpAddress | undefined => parseIp(withoutPort(unwrapped(given)));
