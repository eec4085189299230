// What was matched is what the venue received, over raw sockets: no spelling of a target may be one thing to us and another to it.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Service, startService } from '../support/harness.ts';
import { exchange } from '../support/raw-http.ts';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(async () => {
  await service.stop();
});

const get = (target: string) =>
  exchange(service.port, `GET ${target} HTTP/1.1\r\nHost: venue.test\r\nConnection: close\r\n\r\n`);

/** The one change that is allowed: a single trailing slash of the path goes. */
const withoutTrailingSlash = (target: string): string => target.replace(/^([^?]*[^/?])\/(\?.*)?$/, '$1$2');

const pieces = [
  '/',
  '//',
  '/v1',
  '/markets',
  '/bbo',
  '/BTC-USD-PERP',
  '/orderbook',
  '/trades',
  '/vaults',
  '/system',
  '/state',
];
const tricks = [
  '%2e',
  '%2F',
  '%00',
  '..',
  '.',
  ';',
  '\\',
  '%6darkets',
  ':',
  '@',
  ',',
  '~',
  '%',
  '?',
  '?a=b',
  '&',
  '=',
  '%20',
  '+',
  '#',
  '/../',
  '/./',
  'é',
  '|',
  '[',
  '"',
  "'",
  '*',
];
const publicTargets = [
  '/v1/markets',
  '/v1/bbo/BTC-USD-PERP',
  '/v1/orderbook/ETH-USD-PERP',
  '/v1/system/state',
  '/v1/trades',
];

const anyTarget = fc.oneof(
  fc.constantFrom(...publicTargets),
  fc
    .tuple(
      fc.constantFrom(...publicTargets),
      fc.constantFrom(...tricks, '/'),
      fc.constantFrom('', '?market=ALL', '?a=%2F'),
    )
    .map((parts) => parts.join('')),
  fc
    .array(fc.constantFrom(...pieces, ...tricks), { minLength: 1, maxLength: 8 })
    .map((parts) => `/${parts.join('')}`.replace(/ /g, '')),
);

test('the venue receives exactly the target that was matched, or nothing', async () => {
  let forwarded = 0;
  await fc.assert(
    fc.asyncProperty(anyTarget, async (target) => {
      const before = service.venue.total();
      const answer = await get(target);
      const reached = service.venue.total() - before;
      if (reached === 0) {
        expect(answer.status).toBeGreaterThanOrEqual(200);
        return;
      }
      forwarded += 1;
      expect(reached).toBe(1);
      const seen = service.venue.requests().at(-1);
      expect(seen?.target).toBe(withoutTrailingSlash(target));
      expect(seen?.target.split('?')[0]).toMatch(/^(\/(?:[A-Za-z0-9\-._~:@,!$&'()*+=]|%[0-9A-Fa-f]{2})+)+$/);
    }),
    { numRuns: 400 },
  );
  expect(forwarded).toBeGreaterThan(50);
});

describe('a target with a second reading is refused and the venue sees nothing', () => {
  test.each([
    ['an encoded slash', '/v1%2Fmarkets'],
    ['an encoded unreserved character', '/v1/%6darkets'],
    ['an encoded dot segment', '/v1/%2e%2e/v1/markets'],
    ['a dot segment', '/v1/x/../markets'],
    ['a single dot segment', '/v1/./markets'],
    ['a double slash', '/v1//markets'],
    ['two trailing slashes', '/v1/markets//'],
    ['a path parameter', '/v1/markets;a=b'],
    ['a backslash', '/v1\\markets'],
    ['an encoded NUL', '/v1/markets%00'],
    ['a fragment', '/v1/markets#x'],
    ['absolute form', 'http://venue.test/v1/markets'],
    ['absolute form with another scheme', 'https://venue.test/v1/markets'],
    ['no leading slash', 'v1/markets'],
    ['asterisk form', '*'],
    ['a raw UTF-8 letter', '/v1/m\u00e4rkets'],
    ['a broken percent triplet in the query', '/v1/markets?a=%zz'],
    ['another letter case', '/v1/Markets'],
  ])('a target with a second reading (%s) is refused, and the venue sees nothing', async (_name, target) => {
    const before = service.venue.total();
    const answer = await get(target);
    expect([400, 404]).toContain(answer.status);
    expect(Object.keys(JSON.parse(answer.body))).toEqual(['error', 'message', 'data']);
    expect(service.venue.total()).toBe(before);
  });
});
