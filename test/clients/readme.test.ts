// The README's first key and its subkey, as a reader would run them: its own code, the real ccxt, then what it prints.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createClient, subkey } from '../../src/client/main.ts';
import { type Service, startService } from '../support/harness.ts';
import { call } from '../support/trader.ts';
import { blocksOf, ownersFolder, run } from '../support/typed-commands.ts';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(async () => {
  await service.stop();
});

async function printedByFirstKey(): Promise<string> {
  const [{ code } = { code: '' }] = blocksOf('README.md', 'A first key in five minutes');
  expect(code).toContain('new ccxt.paradex');
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code], {
    cwd: import.meta.dirname,
    env: { ...process.env, COUNTERSIGN: service.url },
    timeout: 50_000,
  });
  return stdout;
}

test("the README's first key onboards, logs in and prints a token that reads and cannot trade", async () => {
  const stdout = await printedByFirstKey();
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

test("the README's commands sign an owner in and make a subkey that trades, from its address alone, and cannot withdraw", async () => {
  const [commands] = blocksOf('README.md', 'A subkey for a bot');
  const { typed, variablesIn } = ownersFolder();
  const printed = await typed((commands?.code ?? '').replaceAll('http://127.0.0.1:8080', service.url));
  const bot = variablesIn('bot.env');
  expect(printed).toContain(bot.COUNTERSIGN_ACCOUNT);
  const client = createClient({
    url: service.url,
    auth: subkey(bot.COUNTERSIGN_SUBKEY_PRIVATE_KEY ?? '', bot.COUNTERSIGN_ACCOUNT ?? ''),
  });
  const self = await client.account.self();
  expect(self).toMatchObject({ kind: 'subkey', allowed_cidrs: ['127.0.0.1/32'] });
  expect(self.permissions).toContain('trade');
  expect(self.permissions).not.toContain('funds:transfer');
});
