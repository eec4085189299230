// What it costs to keep what owners ask for: writing the use of 10,000 active credentials in transactions of 100, and deleting a million
// rows that are too old, with the longest turn of the event loop and bytes per row; then what bench/audit-pages.ts measures. It prints and
// asserts nothing.
// Usage: node bench/usage.ts [--rounds=5] [--credentials=10000] [--old-rows=1000000]
import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { feltOf } from '../src/domain/felt.ts';
import { openStore } from '../src/store/open.ts';
import { sqlite } from '../src/store/sqlite/dialect.ts';
import type { AddedUse } from '../src/store/store.ts';
import { createUsage } from '../src/usage/usage.ts';
import { median, rounded } from './support/measure.ts';
import { temporaryFolder } from './support/processes.ts';
import { count, heading, onlyFlags, say, table } from './support/report.ts';

onlyFlags('rounds', 'credentials', 'old-rows');
const rounds = count('rounds', 5, 1000);
const credentials = count('credentials', 10_000);
const oldRows = count('old-rows', 1_000_000, 10_000_000);

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as (of: { readonly type: 'minor' }) => void;

const file = join(temporaryFolder(), 'countersign.db');
const { store, clock } = await openStore(sqlite(file));

interface Measured {
  readonly pieces: number[];
  readonly processor: number[];
  /** Pieces in which SQLite moved the log into the file. */
  readonly withLog: number[];
}
const { pieces, processor, withLog }: Measured = { pieces: [], processor: [], withLog: [] };

async function piece<Result>(work: () => Promise<Result>): Promise<Result> {
  const [before, worked, moved] = [performance.now(), process.threadCpuUsage(), movedAt()];
  const result = await work();
  const took = performance.now() - before;
  const { user, system } = process.threadCpuUsage(worked);
  pieces.push(took);
  processor.push((user + system) / 1000);
  if (movedAt() !== moved) withLog.push(took);
  return result;
}

/** Changes when the log is moved into the file, and at no other time. */
function movedAt(): string {
  const { mtimeNs, size } = statSync(file, { bigint: true });
  return `${mtimeNs} ${size}`;
}

/** What one row of the table says of `work`: milliseconds. */
async function measured(what: string, work: () => Promise<void>): Promise<readonly string[]> {
  for (const list of [pieces, processor, withLog]) list.length = 0;
  const turns: number[] = [];
  let last = performance.now();
  let looking = setImmediate(function look() {
    const now = performance.now();
    turns.push(now - last);
    last = now;
    looking = setImmediate(look);
  });
  const before = performance.now();
  await work();
  const total = performance.now() - before;
  clearImmediate(looking);
  const most = (values: readonly number[]): string => (values.length === 0 ? 'none' : rounded(Math.max(...values)));
  return [
    what,
    rounded(total),
    rounded(median(pieces)),
    most(turns),
    withLog.length === 0 ? 'none' : `${rounded(median(withLog))}, ${most(withLog)}`,
    rounded(median(processor)),
    most(processor),
  ];
}

const usage = createUsage({
  store: {
    ...store,
    addUsage: (uses: readonly AddedUse[]) => piece(() => store.addUsage(uses)),
    purgeUsage: (kept) => piece(() => store.purgeUsage(kept)),
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
  // Half a minute of requests leaves no count among the young objects; here all are as young as can be.
  for (let i = 0; i < 2; i += 1) collect({ type: 'minor' });
  rows.push(await measured(round === 0 ? 'new rows' : 'rows that are there', usage.write));
}
await store.emptyLog();
heading('bench:usage');
const columns = [
  'total',
  'a piece',
  'longest turn (goal: 10)',
  'a piece that moves the log: median, longest',
  'processor time of a piece',
  'longest',
];
table(
  `Writing the use of ${credentials} credentials, in pieces of at most 100, each in a turn of the event loop of its own: milliseconds.`,
  ['round', ...columns],
  rows,
);
const bytes = bytesOf('usage_day') / credentials;
const others = (bytesOf('last_use') + bytesOf('used_address') + bytesOf('used_address_by_day')) / credentials;
say(`${rounded(bytes)} bytes per usage row; ${rounded(others)} more for the last use and one address`);

const oldAddresses = Math.ceil(oldRows / 2);
addOldRows();
await store.emptyLog();
const purged = await measured(`${oldRows} counts, ${oldAddresses} addresses`, usage.purge);
table('Deleting what is older than usage.keep_days, in pieces: milliseconds.', ['rows', ...columns], [purged]);
await usage.close();
await store.close();
await import('./audit-pages.ts');

/** Counts of up to a hundred days and fifty addresses of each credential, all too old. */
function addOldRows(): void {
  const connection = new DatabaseSync(file);
  try {
    connection.exec('pragma synchronous = off; begin');
    const counts = connection.prepare(
      'insert into usage_day (day, account_id, credential, allowed, refused, limited, failed) values (?, ?, ?, 1, 0, 0, 0)',
    );
    const addresses = connection.prepare(
      'insert into used_address (account_id, credential, address, first_at, last_at, last_day, allowed, refused) values (?, ?, ?, 1, 1, ?, 1, 0)',
    );
    const of = (i: number): [string, string] => [
      accounts[(i % credentials) >> 2] ?? '0x1',
      `subkey:${i % credentials}`,
    ];
    for (let i = 0; i < oldRows; i += 1) counts.run(100 + Math.floor(i / credentials), ...of(i));
    for (let i = 0; i < oldAddresses; i += 1) {
      const round = Math.floor(i / credentials);
      addresses.run(...of(i), `198.51.${round}.${i % 250}`, 100 + round);
    }
    connection.exec('commit');
  } finally {
    connection.close();
  }
}

/** Of the pages of a table or an index. */
function bytesOf(name: string): number {
  const connection = new DatabaseSync(file, { readOnly: true });
  try {
    return Number(connection.prepare('select sum(pgsize) as bytes from dbstat where name = ?').get(name)?.bytes);
  } finally {
    connection.close();
  }
}
