import { expect, test } from 'vitest';
import { createPeers } from '../../../../src/http/kit/client-ip.ts';
import { createForwardedProto } from '../../../../src/http/kit/forwarded-proto.ts';

const by = (...trusted: string[]) => createForwardedProto(createPeers({ trusted }).isTrusted);

test.each([
  [['https'], 'https'],
  [['http'], 'http'],
  [['HTTPS'], 'https'],
  [[' \thttps '], 'https'],
  [['http, https'], 'https'],
  [['https,http'], 'http'],
  [['http', 'https'], 'https'],
  [['https, , '], 'https'],
  [[''], undefined],
  [[], undefined],
  [['https, wss'], undefined],
  [['httpss'], undefined],
  [['https;'], undefined],
  [['"https"'], undefined],
  [['https http'], undefined],
])('X-Forwarded-Proto %j of a trusted proxy means %s', (lines, said) => {
  expect(by('192.0.2.0/24')('192.0.2.7', false, lines)).toBe(said);
  expect(by('unix')(undefined, true, lines)).toBe(said);
});

test('X-Forwarded-Proto of anybody but a trusted proxy is not heard', () => {
  for (const [trusted, address, isUnix] of [
    ['192.0.2.0/24', '192.0.3.7', false],
    ['192.0.2.0/24', undefined, false],
    ['192.0.2.0/24', '192.0.2.7', true],
    ['192.0.2.0/24', 'no address', false],
    ['unix', '127.0.0.1', false],
  ] as const) {
    expect(by(trusted)(address, isUnix, ['https']), `${trusted} ${address}`).toBeUndefined();
  }
  expect(by()('127.0.0.1', false, ['https'])).toBeUndefined();
});

test('an IPv4 peer of an IPv6 socket is trusted as the address that it is', () => {
  expect(by('192.0.2.7')('::ffff:192.0.2.7', false, ['https'])).toBe('https');
});
