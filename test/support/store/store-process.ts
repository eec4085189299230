// A process that opens the store in argv[2] and then does what argv[3] says, for tests that kill it.

import { StoreFailure } from '../../../src/errors.ts';
import { openStore } from '../../../src/store/open.ts';
import { sqlite } from '../../../src/store/sqlite/dialect.ts';
import { alice, auditOf, changeOf, insertAccounts, starkAccount, tokenOf } from './rows.ts';

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
  default:
    throw new Error(`nothing to do for ${what}`);
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
