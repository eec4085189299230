// A client whose types are made of our own openapi.json, as its users make one: openapi-typescript, a strict tsc, openapi-fetch.
import { execFile } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Service, startService } from '../support/harness.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const program = join(import.meta.dirname, 'openapi');
const made = join(program, 'made');

let service: Service;
beforeAll(async () => {
  service = await startService();
  mkdirSync(made, { recursive: true });
});
afterAll(async () => {
  await service.stop();
  rmSync(made, { recursive: true, force: true });
});

const tsc = join(root, 'node_modules/typescript/bin/tsc');
// It needs a TypeScript of its own, of an older release than ours: that one lies beside it.
const openapiTypescript = join(import.meta.dirname, 'node_modules/openapi-typescript/bin/cli.js');

async function output(args: readonly string[]): Promise<string> {
  const ended = run(process.execPath, [...args], {
    cwd: import.meta.dirname,
    env: { ...process.env, COUNTERSIGN: service.url },
  });
  try {
    return (await ended).stdout;
  } catch (error) {
    throw new Error(`${args[0]}: ${JSON.stringify(error)}`);
  }
}

test('an openapi-typescript client made of openapi.json compiles strictly, onboards, logs in and places an order', async () => {
  await output([openapiTypescript, `${service.url}/openapi.json`, '--output', join(made, 'countersign.ts')]);
  await output([tsc, '--project', program]);
  const told = JSON.parse(await output([join(program, 'place-order.ts')]));
  expect(told).toMatchObject({
    kind: 'main',
    placed: { market: 'BTC-USD-PERP', side: 'BUY', type: 'LIMIT', account: told.account },
    again: [400, 'ORDER_ALREADY_SENT'],
  });
  expect(service.venue.counts().get('POST /v1/orders')).toBe(1);
});
