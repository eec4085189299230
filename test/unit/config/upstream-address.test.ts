import { expect, test } from 'vitest';
import { settingOf } from '../../../src/config/schema.ts';
import { parseUpstreamAddress } from '../../../src/config/upstream-address.ts';

test('the empty text of upstream.url is the demo venue', () => {
  expect(parseUpstreamAddress('')).toEqual({ kind: 'demo' });
});

test.each([
  ['http://127.0.0.1:9000', 'http://127.0.0.1:9000', '', true],
  ['http://127.0.0.1:9000/', 'http://127.0.0.1:9000', '', true],
  ['http://localhost', 'http://localhost', '', true],
  ['http://LOCALHOST:80', 'http://localhost', '', true],
  ['http://[::1]:9000', 'http://[::1]:9000', '', true],
  ['http://2130706433', 'http://127.0.0.1', '', true],
  ['https://venue.example/api/v3/', 'https://venue.example', '/api/v3', false],
  ['https://venue.example:443', 'https://venue.example', '', false],
  ['http://127.0.0.1.venue.example', 'http://127.0.0.1.venue.example', '', false],
])('%s is the upstream.url of a TCP port', (text, origin, basePath, loopback) => {
  expect(parseUpstreamAddress(text)).toEqual({ kind: 'http', origin, basePath, loopback });
});

test.each([
  ['unix:/run/venue.sock', '/run/venue.sock', ''],
  ['unix:/run/venue.sock:', '/run/venue.sock', ''],
  ['unix:/run/venue.sock:/', '/run/venue.sock', ''],
  ['unix:/run/venue.sock:/api', '/run/venue.sock', '/api'],
])('%s is the upstream.url of a unix socket', (text, socketPath, basePath) => {
  expect(parseUpstreamAddress(text)).toEqual({ kind: 'unix', socketPath, basePath });
});

test.each([
  'venue.example:80',
  '127.0.0.1:80',
  'ftp://venue.example',
  'HTTP://venue.example',
  'http:venue.example',
  'http://',
  'http:///path',
  'http://user:pass@venue.example',
  'http://user@venue.example',
  'http://127.0.0.1:80@venue.example',
  'http://venue.example?x=1',
  'http://venue.example/?x=1',
  'http://venue.example/#x',
  'http://venue.example/a/../b',
  'http://venue.example/..',
  'http://venue.example/./a',
  'http://venue.example//a',
  'http://venue.example/a//',
  'http://venue.example/%2e%2e',
  'http://venue.example/a b',
  'http://venue.example/a;b',
  'http://venue.example\\a',
  'http://venue.example/\r\nX: y',
  ' http://venue.example',
  'http://venue.example ',
  'http://venue.example:0',
  'http://venue.example:65536',
  'http://[::1',
  'http://[fe80::1%25eth0]',
  'unix:run/venue.sock',
  'unix:',
  'unix:/run/a\0b.sock',
  'unix:/run/venue.sock:api',
  'unix:/run/venue.sock:/../x',
  `unix:/${'x'.repeat(107)}`,
])('%j is no value of upstream.url', (text) => {
  expect(parseUpstreamAddress(text)).toBeUndefined();
});

test('the socket path of upstream.url may have 107 bytes', () => {
  expect(parseUpstreamAddress(`unix:/${'x'.repeat(106)}`)?.kind).toBe('unix');
  expect(parseUpstreamAddress(`unix:/${'é'.repeat(54)}`)).toBeUndefined();
});

test('an upstream.url that is shown reads as the same address', () => {
  const { show } = settingOf['upstream.url'];
  for (const text of ['', 'https://venue.example/api', 'unix:/run/venue.sock', 'unix:/run/venue.sock:/api']) {
    const address = parseUpstreamAddress(text);
    expect(address && show(address)).toBe(text);
  }
});
