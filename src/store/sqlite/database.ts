// The database while it is open. Nothing is acknowledged that is not in the file which the next start reads, or that another process
// had a part in.
import { rmSync } from 'node:fs';
import type { Kysely } from 'kysely';
import { StoreLocked } from '../../errors.ts';
import type { Database } from '../dialect.ts';
import { logHead } from '../sql/changes.ts';
import type { Tables } from '../sql/tables.ts';
import { openConnections } from './connections.ts';
import { emptyLog } from './empty-log.ts';
import { planner } from './planner.ts';
import { takeSnapshot } from './snapshot.ts';
import { appliedMigrations, clearUnfinished } from './unfinished.ts';

/** How long, at most, another writer or a file that was replaced goes unnoticed while nothing is written. */
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
        // The commit may bring the log to the file, after which nothing shows that the file was another one.
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

  /** Rejects with StoreLost, which `whenLost` has told by then; with another StoreFailure when it cannot be looked at now. */
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

  // By its name, under which our file must have stood from first to last.
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
      // SQLite would bring the log to an end that may be somebody else's by now. The end of the process closes all.
      if (ours.isLost()) return;
      await last(writer).catch(() => undefined);
      await close();
    },
  };
}
