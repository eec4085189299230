// /healthz and /readyz: what a supervisor asks.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { call } from '../support/trader.ts';
import { expectSuccess, startWorld, type World } from '../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

test('/healthz says that the process answers, and asks neither the store nor the venue', async () => {
  const before = world.service.venue.total();
  const answer = await call(world.url, 'GET', '/healthz');
  expectSuccess(answer, 200);
  expect(answer.text).toBe('{"status":"ok"}');
  expect(world.service.venue.total()).toBe(before);
});

test('/readyz names what it needs and that it has it (what fails: test/operator/readyz.test.ts)', async () => {
  const answer = await call(world.url, 'GET', '/readyz');
  expectSuccess(answer, 200);
  const names = [
    'process',
    'store',
    'clock',
    'signing_keys',
    'disk',
    'venue',
    'engine',
    'audit',
    'changes',
    'log',
    'connections',
    'database_log',
  ];
  const checks = Object.fromEntries(names.map((name) => [name, 'ok']));
  expect(answer.json).toEqual({ status: 'ready', checks });
});

test('/healthz and /readyz are 405 to POST', async () => {
  for (const path of ['/healthz', '/readyz']) {
    expect((await call(world.url, 'POST', path, { body: {} })).status).toBe(405);
  }
});
