// What it costs to write the use of credentials: 10,000 active ones, in transactions of 100; the longest turn of the event loop, and bytes
// per row. It prints and asserts nothing.
// Usage: node bench/usage.ts [--rounds=5] [--credentials=10000]
import { statSync } from 'node:fs';
import { join } from 'node:path';
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
const usage = createUsage({
  store: {
    ...store,
    async addUsage(uses: readonly AddedUse[]) {
      const before = performance.now();
      await store.addUsage(uses);
      turns.push(performance.now() - before);
    },
  },
  time: clock.recent,
  keepDays: 90,
  room: 10 * credentials,
  onFailure(error) {
    throw error;
  },
});
await store.emptyLog();
const empty = statSync(file).size;
const rows = [];
for (let round = 0; round < rounds; round += 1) {
  clock.now();
  for (let i = 0; i < credentials; i += 1) {
    const account = feltOf(2n ** 250n + BigInt(i >> 2) * 7n ** 80n);
    usage.count({ credential: { account, kind: 'subkey', id: String(i) } }, 'allowed', `192.0.2.${i % 250}`);
  }
  turns.length = 0;
  const before = performance.now();
  await usage.write();
  const total = performance.now() - before;
  const what = round === 0 ? 'new rows' : 'rows that are there';
  rows.push([what, rounded(total), rounded(median(turns)), rounded(Math.max(...turns))]);
}
await store.emptyLog();
const bytes = (statSync(file).size - empty) / credentials;
heading('bench:usage');
table(
  `writing the use of ${credentials} credentials`,
  ['round', 'total ms', 'a piece of 100: median ms', 'longest ms (goal: 10)'],
  rows,
);
say(`${rounded(bytes)} bytes per credential: a row of the day, of its last use and of one address with its index`);
await usage.close();
await store.close();
