// GET /openapi.json and GET /docs over real sockets.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { call } from '../support/trader.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld({ settings: { 'subkeys.may_set_leverage': 'true' } });
});
afterAll(() => world.stop());

test('/openapi.json is the committed document, but for what a setting changes', async () => {
  const committed = JSON.parse(readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8'));
  const margin = committed.paths['/v1/account/margin/{market}'].post;
  expect(margin['x-access']).toBe('account:manage');
  margin['x-access'] = 'trade';
  const answer = await call(world.url, 'GET', '/openapi.json');
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(answer.json).toEqual(committed);
});

test('/docs is a page that a browser lets do nothing but show itself, and needs no bearer', async () => {
  const answer = await call(world.url, 'GET', '/docs', { bearer: 'nonsense' });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(answer.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-/);
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(answer.text).toContain('<code>POST /v1/auth</code>');
});

test('neither reaches the venue', async () => {
  const before = world.service.venue.total();
  await call(world.url, 'GET', '/docs/');
  await call(world.url, 'GET', '/openapi.json?x=1');
  expect(world.service.venue.total()).toBe(before);
});
