// The README's first key, as a reader would run it: its own code, the real ccxt, then the token it prints.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Service, startService } from '../support/harness.ts';
import { call } from '../support/trader.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');

let service: Service;
beforeAll(async () => {
  service = await startService({ settings: { 'orders.verify': 'require' } });
});
afterAll(async () => {
  await service.stop();
});

test("the README's first key onboards, logs in and prints a token that reads and cannot trade", async () => {
  const [, code = ''] = /```js\n(.*?)```/s.exec(readFileSync(join(root, 'README.md'), 'utf8')) ?? [];
  expect(code).toContain('new ccxt.paradex');
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code], {
    cwd: import.meta.dirname,
    env: { ...process.env, COUNTERSIGN: service.url },
    timeout: 50_000,
  });
  const token = stdout.trim().split('\n').at(-1) ?? '';
  expect((await call(service.url, 'GET', '/v1/balance', { bearer: token })).status).toBe(200);
  const self = await call(service.url, 'GET', '/countersign/v1/self', { bearer: token });
  expect(self.json).toMatchObject({ kind: 'token', permissions: ['account:read'], allowed_cidrs: ['127.0.0.1/32'] });
  const order = await call(service.url, 'DELETE', '/v1/orders', { bearer: token });
  expect(order.json).toMatchObject({ error: 'INVALID_TOKEN_SCOPE' });
});
