// console.own_host: which routes a Host has.
import { describe, expect, test } from 'vitest';
import { onEveryHost, onOwnHost } from '../../../src/access/host-routes.ts';
import { builtInTable } from '../../../src/access/own-routes.ts';

const CONSOLE = ['console', 'keys', 'subkeys'];
const VENUE = ['v1', 'markets'];
const OURS = ['countersign', 'v1', 'about'];
const ASSET = ['console', 'assets', 'index-AbCd1234.js'];

const has = (matcherOf: ReturnType<typeof onEveryHost>, host: readonly string[]) => {
  const found = (segments: readonly string[]) => matcherOf(host)('GET', segments).kind === 'route';
  return { console: found(CONSOLE) && found(ASSET), ours: found(OURS), venue: found(VENUE) };
};
const own = onOwnHost(builtInTable, 'https://keys.example.com');

test.each(['keys.example.com', 'KEYS.Example.COM', 'keys.example.com:443'])(
  'the host of console.url, written %s, has the console and our own API, and nothing of the venue',
  (host) => {
    expect(has(own, [host])).toEqual({ console: true, ours: true, venue: false });
  },
);

test.each([
  'api.example.com',
  'localhost:8080',
  '127.0.0.1',
  '[::1]:8080',
  'evil.example',
  'keys.example.com.evil.example',
  'xkeys.example.com',
  'keys.example.co',
  'evil.example:443',
  'keys.example.com@evil.example',
  'evil.example/keys.example.com',
  'keys-example.com',
  '',
])('the host %j has our own API and the venue, and no console', (host) => {
  expect(has(own, [host])).toEqual({ console: false, ours: true, venue: true });
});

test.each([
  'keys.example.com.',
  'keys.example.com..',
  'keys.example.com.:443',
  'keys.example.com:8443',
  'keys.example.com:80',
  'keys.example.com:',
  'keys.example.com:443:443',
  'keys.example.com:443@evil.example',
  'keys.example.com\t',
])('the host %j, which resembles that of console.url, has neither the console nor anything of the venue', (host) => {
  expect(has(own, [host])).toEqual({ console: false, ours: true, venue: false });
});

test('a request of HTTP/1.0 without a Host has no console', () => {
  expect(has(own, [])).toEqual({ console: false, ours: true, venue: true });
});

describe('a console with a port', () => {
  const atPort = onOwnHost(builtInTable, 'http://localhost:8080');
  test('the port belongs to the host of console.url: without it, and with another, there is neither console nor venue', () => {
    expect(has(atPort, ['localhost:8080'])).toEqual({ console: true, ours: true, venue: false });
    for (const host of ['localhost', 'localhost:8081', 'localhost:80', 'localhost:8080:80'])
      expect([host, has(atPort, [host])]).toEqual([host, { console: false, ours: true, venue: false }]);
    expect(has(atPort, ['127.0.0.1:8080'])).toEqual({ console: false, ours: true, venue: true });
  });
});

test('a console at an IPv6 address: another port of it resembles its host, another address is another host', () => {
  const atAddress = onOwnHost(builtInTable, 'http://[::1]:8080');
  expect(has(atAddress, ['[::1]:8080'])).toEqual({ console: true, ours: true, venue: false });
  for (const host of ['[::1]', '[::1].', '[::1]:8081', '[::1]:8080:80'])
    expect([host, has(atAddress, [host])]).toEqual([host, { console: false, ours: true, venue: false }]);
  for (const host of ['[::2]:8080', '[::1', '::1', '['])
    expect([host, has(atAddress, [host])]).toEqual([host, { console: false, ours: true, venue: true }]);
});

test('a method that only the venue has under a path is not named on the host of the console', () => {
  const orders = ['v1', 'orders'];
  expect(own(['api.example.com'])('PUT', orders).kind).toBe('method_not_allowed');
  expect(own(['keys.example.com'])('PUT', orders).kind).toBe('unknown');
});

test('without console.own_host every host has every route', () => {
  const every = onEveryHost(builtInTable);
  for (const host of [['keys.example.com'], ['evil.example'], []])
    expect(has(every, host)).toEqual({ console: true, ours: true, venue: true });
});
