// Browsers: only pages of the origins that the operator named may read answers, and nobody may bring cookies.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call } from '../support/trader.ts';
import { expectRefusal, SELF, startWorld, TOKENS, type World } from '../support/world.ts';

const PAGE = 'https://app.example';
let closed: World;
let world: World;
beforeAll(async () => {
  closed = await startWorld();
  world = await startWorld({ settings: { 'cors.origins': PAGE } });
});
afterAll(async () => {
  await closed.stop();
  await world.stop();
});

const preflight = (where: World, path: string, origin?: string) =>
  call(where.url, 'OPTIONS', path, {
    headers: { 'Access-Control-Request-Method': 'POST', ...(origin === undefined ? {} : { Origin: origin }) },
  });
const corsHeaders = (headers: Headers): string[] =>
  [...headers.keys()].filter((name) => name.startsWith('access-control'));

describe('no origin is named, as by default', () => {
  test('with no origin named a preflight is 405 and no answer speaks of origins', async () => {
    expectRefusal(await preflight(closed, TOKENS, PAGE), 405, 'METHOD_NOT_ALLOWED');
    const answer = await call(closed.url, 'GET', '/v1/system/time', { headers: { Origin: PAGE } });
    expect([answer.status, corsHeaders(answer.headers)]).toEqual([200, []]);
  });
});

describe('one origin is named', () => {
  test('a preflight of the named origin is 204 with the methods of the path and the headers of the wire', async () => {
    const answer = await preflight(world, TOKENS, PAGE);
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect(answer.headers.get('Access-Control-Allow-Origin')).toBe(PAGE);
    expect(answer.headers.get('Access-Control-Allow-Methods')).toBe('GET, HEAD, POST');
    expect(answer.headers.get('Access-Control-Allow-Headers')?.split(', ')).toEqual(
      expect.arrayContaining(['authorization', 'content-type', 'paradex-starknet-signature', 'paradex-partner']),
    );
    expect(answer.headers.get('Access-Control-Allow-Credentials')).toBeNull();
    expect(answer.headers.get('Vary')).toBe('Origin');
    expect(answer.headers.get('Cache-Control')).toBe('no-store');
    expect(answer.headers.get('Countersign-Request-Id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('a request of the named origin may read answers of ours, of the venue and refusals', async () => {
    for (const path of ['/v1/system/time', '/v1/markets', SELF, '/v1/unlisted']) {
      const { headers } = await call(world.url, 'GET', path, { headers: { Origin: PAGE } });
      expect(headers.get('Access-Control-Allow-Origin')).toBe(PAGE);
      expect(headers.get('Access-Control-Expose-Headers')).toContain('X-RateLimit-Reset');
      expect(headers.get('Vary')).toBe('Origin');
    }
  });

  test('an answer that varies on a header of its own varies on Origin, too', async () => {
    const { text } = await call(world.url, 'GET', '/docs');
    const [file = ''] = /\/docs\/start[^"]+/.exec(text) ?? [];
    for (const [path, own] of [
      ['/', 'Accept'],
      [file, 'Accept-Encoding'],
    ] as const) {
      const { status, headers } = await call(world.url, 'GET', path, { headers: { Accept: 'text/html' } });
      expect([path, status, headers.get('Vary')]).toEqual([path, 200, `Origin, ${own}`]);
    }
  });

  test.each([
    'https://app.example.evil',
    'http://app.example',
    'https://APP.example',
    'null',
    'https://app.example:8443',
    '*',
  ])('the origin %s is not the named one', async (origin) => {
    expectRefusal(await preflight(world, TOKENS, origin), 405, 'METHOD_NOT_ALLOWED');
    const { headers } = await call(world.url, 'GET', '/v1/system/time', { headers: { Origin: origin } });
    expect(corsHeaders(headers)).toEqual([]);
    expect(headers.get('Vary')).toBe('Origin');
  });

  test('OPTIONS without an origin is 405, on an unlisted path 404 even for the named origin', async () => {
    expectRefusal(await preflight(world, TOKENS), 405, 'METHOD_NOT_ALLOWED');
    expectRefusal(await preflight(world, '/v1/unlisted', PAGE), 404, 'NOT_FOUND');
  });

  test('no answer ever lets a page bring cookies, whatever headers are named', async () => {
    const further = await startWorld({ settings: { 'cors.origins': PAGE, 'cors.headers': 'X-Request-Id,baggage' } });
    try {
      const { headers } = await preflight(further, TOKENS, PAGE);
      const allowed = headers.get('Access-Control-Allow-Headers')?.split(', ') ?? [];
      expect(allowed).toEqual(expect.arrayContaining(['authorization', 'x-request-id', 'baggage']));
      expect(new Set(allowed).size).toBe(allowed.length);
      const answer = await call(further.url, 'GET', '/v1/system/time', { headers: { Origin: PAGE } });
      for (const each of [headers, answer.headers]) expect(each.get('Access-Control-Allow-Credentials')).toBeNull();
    } finally {
      await further.stop();
    }
  });

  test('a preflight never reaches the venue', async () => {
    const before = world.service.venue.total();
    expect((await preflight(world, '/v1/orders', PAGE)).status).toBe(204);
    expect(world.service.venue.total()).toBe(before);
  });
});
