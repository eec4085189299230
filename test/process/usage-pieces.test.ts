// kill -9 in the midst of writing use: each transaction is there whole or not at all, and none counts more than was asked.
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { endEverythingStarted, start } from '../support/start-project.ts';
import { removeFolders, temporaryFolder } from '../support/temporary-folder.ts';

afterAll(endEverythingStarted);
afterAll(removeFolders);

const storeProcess = join(import.meta.dirname, '../support/store/store-process.ts');

test('a kill -9 while use is written leaves of each credential the last round or the one before, in counts, last use and addresses alike', async () => {
  let halves = 0;
  for (let kill = 0; kill < 8; kill += 1) {
    const file = join(temporaryFolder('usage-pieces'), 'countersign.db');
    const running = start(process.execPath, [storeProcess, file, 'use'], { cwd: dirname(file) });
    await running.printed(/^2$/m);
    await delay(Math.random() * 150);
    running.signal('SIGKILL');
    await running.ended;
    const round = Number(running.stdout().trim().split('\n').at(-1));
    const database = new DatabaseSync(file);
    const rows = database
      .prepare(
        `select d.allowed, sum(a.allowed) as here, count(l.last_at) as last from usage_day d
        left join used_address a on a.account_id = d.account_id and a.credential = d.credential
        left join last_use l on l.account_id = d.account_id and l.credential = d.credential
        group by d.day, d.account_id, d.credential`,
      )
      .all();
    database.close();
    expect(rows).toHaveLength(2_000);
    for (const { allowed, here, last } of rows) {
      expect([round - 1, round]).toContain(allowed);
      expect(here).toBe(allowed);
      expect(last).toBeGreaterThan(0);
    }
    if (new Set(rows.map(({ allowed }) => allowed)).size === 2) halves += 1;
  }
  // Else the kills came at other moments, and nothing was shown.
  expect(halves).toBeGreaterThan(0);
});
