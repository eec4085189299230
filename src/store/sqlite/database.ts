// The open database. A change is acknowledged only if it is in the file that the next start reads, and no other process wrote.
import { rmSync } from 'node:fs';
import type { Kysely } from 'kysely';
import { StoreLocked } from '../../errors.ts';
import type { Database } from '../dialect.ts';
import { logHead } from '../sql/changes.ts';
import type { Tables } from '../sql/tables.ts';
import { emptyLog } from './empty-log.ts';
import { openConnections } from './open-file.ts';
import { planner } from './planner.ts';
import { takeSnapshot } from './snapshot.ts';
import { appliedMigrations, clearUnfinished } from './unfinished.ts';

/** While nothing is written, another writer or a replaced file is noticed after this time at the latest. */
const LOOK_MS = 1_000;

/** Throws as openConnections does. */
export function openDatabase(file: string): Database {
  const { reader, writer, ours, content, keepLock, close } = openConnections(file);
  const copying = new Set<Promise<void>>();
  let watching: NodeJS.Timeout | undefined;

  async function transaction<Result>(work: (tx: Kysely<Tables>) => Promise<Result>): Promise<Result> {
    let told: ((committed: boolean) => void) | undefined;
    try {
      const result = await writer.transaction().execute(async (tx) => {
        ours.head.begin(await logHead(tx));
        const result = await work(tx);
        told = ours.head.commit(await logHead(tx));
        // Look before the commit: it may move the log into the file, and then nothing shows that the file was replaced.
        requireOurs();
        return result;
      });
      told?.(true);
      requireOurs();
      return result;
    } catch (error) {
      told?.(false);
      throw error;
    }
  }

  function requireOurs(): void {
    ours.require();
    content.require();
  }

  /** Rejects with StoreLost, after `whenLost` has resolved; with another StoreFailure if the files cannot be read now. */
  async function look(): Promise<void> {
    ours.require();
    try {
      keepLock();
    } catch (error) {
      if (error instanceof StoreLocked) ours.lose('its lock file was removed, and another process holds the new one');
      throw error;
    }
    content.examine();
  }

  // SQLite copies the file by name: check before and after that the name is still our file's.
  async function copied(to: string): Promise<void> {
    requireOurs();
    await takeSnapshot(file, to);
    try {
      requireOurs();
    } catch (error) {
      rmSync(to, { force: true });
      throw error;
    }
  }

  return {
    reader,
    planner,
    whenLost: ours.whenLost,
    requireOurs,

    async start(work) {
      const result = await writer.transaction().execute(work);
      ours.head.startAt(result.head);
      content.start();
      watching = setInterval(() => void look().catch(() => undefined), LOOK_MS).unref();
      return result;
    },

    clearUnfinished,
    appliedMigrations,
    transaction,
    watchHead: ours.head.watch,
    timeMayFall: content.timeMayFall,

    emptyLog: () =>
      writer.connection().execute(async (connection) => {
        requireOurs();
        const emptied = await emptyLog(connection);
        requireOurs();
        return emptied;
      }),

    snapshot(to) {
      const copy = copied(to).finally(() => copying.delete(copy));
      copying.add(copy);
      return copy;
    },

    async close(last) {
      clearInterval(watching);
      if (last === undefined) return close();
      await Promise.allSettled(copying);
      await look().catch(() => undefined);
      // Leave it open: closing would write our log into a file that is no longer ours. The end of the process closes it.
      if (ours.isLost()) return;
      await last(writer).catch(() => undefined);
      await close();
    },
  };
}
