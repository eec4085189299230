// A process that opens the store in argv[2] and then does what argv[3] says, for tests that kill it.

import { StoreFailure } from '../../../src/errors.ts';
import { openStore } from '../../../src/store/open.ts';
import { sqlite } from '../../../src/store/sqlite/dialect.ts';
import { createUsage } from '../../../src/usage/usage.ts';
import { alice, auditOf, changeOf, insertAccounts, starkAccount, T0, tokenOf } from './rows.ts';

const [file = '', what] = process.argv.slice(2);
const { store } = await openStore(sqlite(file));

switch (what) {
  case 'start':
    await store.close();
    process.stdout.write('started\n');
    break;
  case 'hold':
    setInterval(() => undefined, 60_000);
    process.stdout.write('holding\n');
    break;
  case 'die-inside':
    await store.transaction(async (tx) => {
      await tx.insertAccount(starkAccount(alice), '');
      await tx.appendAudit(auditOf(alice));
      await tx.appendChange(changeOf(alice));
      process.kill(process.pid, 'SIGKILL');
    });
    break;
  case 'die-after':
    await store.transaction(async (tx) => {
      await tx.insertAccount(starkAccount(alice), '');
      await tx.appendAudit(auditOf(alice));
      await tx.appendChange(changeOf(alice));
    });
    process.kill(process.pid, 'SIGKILL');
    break;
  case 'fill':
    await insertAccounts(store, alice);
    await fillTheDisk();
    break;
  case 'use':
    await useForEver();
    break;
  default:
    throw new Error(`nothing to do for ${what}`);
}

/** Says the number of each round, then writes one request more of each of 2,000 credentials. */
async function useForEver(): Promise<void> {
  const usage = createUsage({
    store,
    time: () => T0,
    keepDays: 90,
    room: 10_000,
    onFailure(error) {
      throw error;
    },
  });
  for (let round = 1; ; round += 1) {
    for (let id = 0; id < 2_000; id += 1) {
      usage.count(
        { credential: { account: alice, kind: 'subkey', id: String(id) } },
        'allowed',
        `192.0.2.${round % 8}`,
      );
    }
    process.stdout.write(`${round}\n`);
    await usage.write();
  }
}

// Started under a limit on file sizes, which stands for the end of a disk.
async function fillTheDisk(): Promise<void> {
  let acknowledged = 0;
  try {
    for (;;) {
      await store.transaction(async (tx) => {
        await tx.insertToken(tokenOf(alice, String(acknowledged + 1)));
        await tx.appendAudit(auditOf(alice));
        await tx.appendChange(changeOf(alice));
      });
      acknowledged += 1;
    }
  } catch (error) {
    if (!(error instanceof StoreFailure)) throw error;
    process.stdout.write(`${error.message}\n`);
  }
  const last = await store.token(alice, `lookup-${acknowledged}`);
  const tooMuch = await store.token(alice, `lookup-${acknowledged + 1}`);
  if (last === undefined || tooMuch !== undefined) throw new Error('reads do not see exactly what was acknowledged');
  process.stdout.write(`acknowledged ${acknowledged}\n`);
}
