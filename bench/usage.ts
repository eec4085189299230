// What it costs to keep what owners ask for: writing the use of 10,000 active credentials in transactions of 100, with the longest turn
// of the event loop and bytes per row; then what bench/audit-pages.ts measures. It prints and asserts nothing.
// Usage: node bench/usage.ts [--rounds=5] [--credentials=10000]
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { feltOf } from '../src/domain/felt.ts';
import { openStore } from '../src/store/open.ts';
import { sqlite } from '../src/store/sqlite/dialect.ts';
import type { AddedUse } from '../src/store/store.ts';
import { createUsage } from '../src/usage/usage.ts';
import { median, rounded } from './support/measure.ts';
import { temporaryFolder } from './support/processes.ts';
import { count, heading, onlyFlags, say, table } from './support/report.ts';

onlyFlags('rounds', 'credentials');
const rounds = count('rounds', 5, 1000);
const credentials = count('credentials', 10_000);

const file = join(temporaryFolder(), 'countersign.db');
const { store, clock } = await openStore(sqlite(file));
const turns: number[] = [];
const processor: number[] = [];
const usage = createUsage({
  store: {
    ...store,
    async addUsage(uses: readonly AddedUse[]) {
      const [before, worked] = [performance.now(), process.threadCpuUsage()];
      await store.addUsage(uses);
      turns.push(performance.now() - before);
      const { user, system } = process.threadCpuUsage(worked);
      processor.push((user + system) / 1000);
    },
  },
  time: clock.recent,
  keepDays: 90,
  room: 10 * credentials,
  onFailure(error) {
    throw error;
  },
});
// Accounts are hashes: in no order, as their requests come in none.
const accounts = Array.from({ length: Math.ceil(credentials / 4) }, () =>
  feltOf(BigInt(`0x${randomBytes(31).toString('hex')}`)),
);
const rows = [];
for (let round = 0; round < rounds; round += 1) {
  clock.now();
  for (let i = 0; i < credentials; i += 1) {
    const account = accounts[i >> 2] ?? feltOf(1n);
    usage.count({ credential: { account, kind: 'subkey', id: String(i) } }, 'allowed', `192.0.2.${i % 250}`);
  }
  turns.length = 0;
  processor.length = 0;
  const before = performance.now();
  await usage.write();
  const total = performance.now() - before;
  const what = round === 0 ? 'new rows' : 'rows that are there';
  rows.push([
    what,
    rounded(total),
    rounded(median(turns)),
    rounded(Math.max(...turns)),
    rounded(median(processor)),
    rounded(Math.max(...processor)),
  ]);
}
await store.emptyLog();
heading('bench:usage');
table(
  `Writing the use of ${credentials} credentials, in pieces of 100: milliseconds; a piece is one turn of the event loop.`,
  ['round', 'total', 'a piece', 'longest (goal: 10)', 'processor time of a piece', 'longest'],
  rows,
);
const bytes = bytesOf('usage_day') / credentials;
const others = (bytesOf('last_use') + bytesOf('used_address') + bytesOf('used_address_by_day')) / credentials;
say(`${rounded(bytes)} bytes per usage row; ${rounded(others)} more for the last use and one address`);
await usage.close();
await store.close();
await import('./audit-pages.ts');

/** Of the pages of a table or an index. */
function bytesOf(name: string): number {
  const connection = new DatabaseSync(file, { readOnly: true });
  try {
    return Number(connection.prepare('select sum(pgsize) as bytes from dbstat where name = ?').get(name)?.bytes);
  } finally {
    connection.close();
  }
}
