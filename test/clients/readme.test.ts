// The README's first key and its subkey, as a reader would run them: its own code, the real ccxt, then what it prints.
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
  service = await startService();
});
afterAll(async () => {
  await service.stop();
});

const blocks = [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/^```js\n(.*?)^```/gms)];

async function printedBy(index: number): Promise<string> {
  const [, code = ''] = blocks[index] ?? [];
  expect(code).toContain('new ccxt.paradex');
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code], {
    cwd: import.meta.dirname,
    env: { ...process.env, COUNTERSIGN: service.url },
    timeout: 50_000,
  });
  return stdout;
}

test("the README's first key onboards, logs in and prints a token that reads and cannot trade", async () => {
  const stdout = await printedBy(0);
  const token = stdout.trim().split('\n').at(-1) ?? '';
  expect((await call(service.url, 'GET', '/v1/balance', { bearer: token })).status).toBe(200);
  const self = await call(service.url, 'GET', '/countersign/v1/self', { bearer: token });
  expect(self.json).toMatchObject({
    kind: 'token',
    permissions: ['account:read', 'self:read'],
    allowed_cidrs: ['127.0.0.1/32'],
  });
  const order = await call(service.url, 'DELETE', '/v1/orders', { bearer: token });
  expect(order.json).toMatchObject({ error: 'INVALID_TOKEN_SCOPE' });
});

test("the README's bot gets a subkey that trades, from its address alone, and cannot withdraw", async () => {
  expect(blocks).toHaveLength(2);
  const [publicKey = '', ...placed] = (await printedBy(1)).trim().split(' ');
  expect(placed.join(' ')).toMatch(/^placed and cancelled [0-9]+$/);
  const owner = service.venue.requests().at(-1)?.headers;
  expect(owner).toMatchObject({ 'countersign-credential': publicKey, 'countersign-credential-kind': 'subkey' });
  expect(owner?.['countersign-permissions']).not.toContain('funds:transfer');
});
