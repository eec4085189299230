// What a service says and refuses once its database is lost, until its process ends: nothing that it remembers counts any more.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { startService } from '../support/harness.ts';
import { call, createToken, mainSession, onboard, starkTrader } from '../support/trader.ts';

test('after another program wrote to the database, what the view allowed is refused by a reason of its own, on every way in, and /readyz says why', async () => {
  const service = await startService();
  onTestFinished(() => service.stop());
  const { url, operatorUrl, folder } = service;
  const owner = starkTrader();
  await onboard(url, owner);
  const session = await mainSession(url, owner);
  const { token } = await createToken(url, session);
  const ask = (bearer: string, path = '/v1/balance') => call(url, 'GET', path, { bearer });
  expect([(await ask(session)).status, (await ask(token)).status]).toEqual([200, 200]);
  expect((await call(operatorUrl, 'GET', '/readyz')).json.checks.store).toBe('ok');

  // As a second server would revoke it: this one knows nothing of it.
  const other = new DatabaseSync(join(folder, 'data', 'countersign.db'), { timeout: 10_000 });
  other.exec(`
    begin immediate;
    update token set revoked_at = 1;
    update meta set value = value + 1 where name = 'log_head';
    commit`);
  other.close();
  for (;;) {
    const { status, json } = await call(operatorUrl, 'GET', '/readyz');
    if (status === 200) continue;
    expect(json.checks.store).toMatch(
      /another process writes to the database: its log stands at \d+ and should stand at/,
    );
    break;
  }
  const venueSaw = service.venue.total();
  for (const bearer of [token, session]) {
    for (const path of ['/v1/balance', '/countersign/v1/self', '/v1/account/tokens']) {
      const { status, json } = await ask(bearer, path);
      expect(`${status} ${json.error}`).toBe('503 SERVICE_UNAVAILABLE');
    }
  }
  expect(service.venue.total()).toBe(venueSaw);
  await expect(mainSession(url, owner)).rejects.toThrow('SERVICE_UNAVAILABLE');
  await expect(onboard(url, starkTrader())).rejects.toThrow('503');
  expect((await call(url, 'GET', '/readyz')).status).toBe(503);
  // What depends on nothing that was lost, whoever asks and with whatever bearer.
  for (const path of ['/healthz', '/v1/system/time', '/v1/markets']) {
    expect([path, (await ask(token, path)).status]).toEqual([path, 200]);
  }
  const lines = service.log.map((line) => JSON.parse(line));
  expect(lines.filter(({ event }) => event === 'store_lost')).toHaveLength(1);
  expect(lines.filter(({ event, reason }) => event === 'denied' && reason === 'store_lost').length).toBeGreaterThan(0);
});
