// Another API behind the gateway: the documented example table, as an operator would name it.

import { chmodSync, copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startService } from '../support/harness.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { call, createToken, mainSession, onboard, starkTrader } from '../support/trader.ts';

// A copy, as the mode in a checkout depends on who made it.
const example = join(temporaryFolder(), 'example.json');
copyFileSync(join(import.meta.dirname, '../../src/access/routes/example.json'), example);
chmodSync(example, 0o644);

test('the example route table serves its API, holds its permissions, and knows no Paradex route', async () => {
  const service = await startService({ settings: { 'routes.file': example } });
  try {
    const alice = starkTrader();
    await onboard(service.url, alice);
    const main = await mainSession(service.url, alice);
    const { token } = await createToken(service.url, main);
    const reach = async (method: string, path: string, bearer?: string) => {
      const before = service.venue.total();
      const { status } = await call(service.url, method, path, bearer === undefined ? {} : { bearer });
      return [status, service.venue.total() - before];
    };
    expect(await reach('GET', '/api/tickers')).toEqual([200, 1]);
    expect(await reach('GET', '/api/wallet')).toEqual([401, 0]);
    expect(await reach('GET', '/api/wallet', token)).toEqual([200, 1]);
    expect(await reach('DELETE', '/api/orders/7', token)).toEqual([403, 0]);
    expect(await reach('DELETE', '/api/orders/7', main)).toEqual([200, 1]);
    expect(await reach('GET', '/v1/balance', main)).toEqual([404, 0]);
  } finally {
    await service.stop();
  }
});

test('a route table that cannot be read, or names a route of ours without a handler, stops the start', async () => {
  const broken = join(temporaryFolder(), 'broken.json');
  writeFileSync(broken, '{');
  await expect(startService({ settings: { 'routes.file': broken } })).rejects.toThrow(/cannot be read/);
  const unserved = { method: 'GET', path: '/v1/nothing', access: 'public', served_by: 'us' };
  writeFileSync(broken, JSON.stringify({ name: 'x', routes: [unserved] }));
  await expect(startService({ settings: { 'routes.file': broken } })).rejects.toThrow(/has no handler/);
});

test.skipIf(process.platform === 'win32')('a route table that others may write stops the start', async () => {
  const file = join(temporaryFolder(), 'routes.json');
  copyFileSync(example, file);
  chmodSync(file, 0o664);
  await expect(startService({ settings: { 'routes.file': file } })).rejects.toThrow(
    `the route table ${file} has mode 0664, so others may change it; run: chmod go-w ${file}`,
  );
});
