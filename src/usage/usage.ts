// What credentials were used for: counted in memory beside the decision, written every half minute and at the end, in transactions of
// 100 credentials with a turn of the event loop between two. What cannot be written is kept and tried again. Answers add what waits to
// what is stored, so that they are true when they are shown.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AccountId } from '../domain/credential.ts';
import type { UnixNanos } from '../domain/time.ts';
import type { AddedUse, Store } from '../store/store.ts';
import { createCounts, type Taken, type Use, type UseCounter } from './counts.ts';
import { createUsageReads, type UsageReads } from './reads.ts';

export interface UsageStats {
  /** Credentials and days, and further addresses, that wait to be written. */
  readonly waiting: number;
  /** The most that may. */
  readonly room: number;
  /** Attempts to write that failed. */
  readonly failures: number;
  /** Requests that were not counted for want of room. */
  readonly dropped: number;
  /** Whether the last attempt failed. */
  readonly failing: boolean;
}

export interface Usage extends UseCounter, UsageReads {
  /** Writes what was counted until now. Never rejects. */
  write(): Promise<void>;
  /** Deletes, a piece at a time, what is older than usage.keep_days, or of days that the clock has not reached. */
  purge(): Promise<void>;
  stats(): UsageStats;
  /** Writes all that waits. Call it after the last request. */
  close(): Promise<void>;
}

const WRITE_MS = 30_000;
/** Credentials written by one transaction: fewer when they have more addresses than that. */
const AT_ONCE = 100;
/** By the first transaction of a write: of the first write of all it prepares the statements, too. */
const AT_FIRST = 20;
/** Of an account's text, `0x` and two digits: accounts that are sorted together. */
const PREFIX = 4;

export function createUsage(deps: {
  readonly store: Pick<
    Store,
    'addUsage' | 'purgeUsage' | 'forgetDeviceUse' | 'usage' | 'usedAddresses' | 'usedFrom' | 'lastUses'
  >;
  /** Now, as it was last read. */
  readonly time: () => UnixNanos;
  /** Setting usage.keep_days; 0 = nothing is counted or kept. */
  readonly keepDays: number;
  /** The most that may wait to be written. */
  readonly room: number;
  readonly onFailure: (error: unknown, waiting: number) => void;
}): Usage {
  const { store, time, keepDays, room } = deps;
  const counts = createCounts({ time, room, onHalf: writeSoon });
  let taken: Taken | undefined;
  let writing: Promise<void> | undefined;
  /** The transaction under way, and how many have begun or ended. */
  let transaction: Promise<void> | undefined;
  let version = 0;
  let failures = 0;
  let failing = false;
  /** What an earlier start had kept is deleted, and nothing is written since. */
  let nothingKept = false;
  const timer = setInterval(() => void write(), WRITE_MS).unref();

  const reads = createUsageReads({
    store,
    time,
    keepDays,
    *waiting(account: AccountId): Iterable<AddedUse> {
      for (const use of counts.waiting(account)) yield use;
      for (let use = taken?.ofAccount.get(account); use !== undefined; use = use.next) if (!use.isWritten) yield use;
    },
    *waitingFrom(address: string): Iterable<AddedUse> {
      for (const use of counts.all()) if (isFrom(use, address)) yield use;
      for (const use of taken?.uses.values() ?? []) if (!use.isWritten && isFrom(use, address)) yield use;
    },
    get transaction() {
      return transaction;
    },
    get version() {
      return version;
    },
  });

  return {
    ...reads,
    count: keepDays === 0 ? () => undefined : counts.count,
    write,
    purge,
    stats: () => ({ waiting: counts.size, room, failures, dropped: counts.dropped, failing }),

    async close() {
      clearInterval(timer);
      // What is counted while a write is under way needs one more.
      await writing;
      await write();
    },
  };

  // While nothing can be written, only the timer tries.
  function writeSoon(): void {
    if (writing === undefined && !failing) void write();
  }

  function write(): Promise<void> {
    writing ??= writeAll().finally(() => {
      writing = undefined;
    });
    return writing;
  }

  async function writeAll(): Promise<void> {
    // Called from within a request: let that end first.
    await nextTurn();
    taken = counts.take();
    const { uses } = taken;
    try {
      for (const piece of piecesOf(inStoredOrder(uses.values()))) {
        await nextTurn();
        await writeSome(piece);
        failing = false;
      }
    } catch (error) {
      failures += 1;
      failing = true;
      deps.onFailure(error, counts.size);
    }
    for (const use of uses.values()) use.next = undefined;
    taken = undefined;
    for (const use of uses.values()) if (!use.isWritten) counts.putBack(use);
  }

  async function writeSome(uses: readonly Use[]): Promise<void> {
    version += 1;
    transaction = store.addUsage(uses).then(() => {
      for (const use of uses) counts.written(use);
    });
    try {
      await transaction;
    } finally {
      version += 1;
      transaction = undefined;
    }
  }

  async function purge(): Promise<void> {
    if (nothingKept) return;
    const kept = reads.keptDays();
    while (await store.purgeUsage(kept)) await nextTurn();
    if (kept !== undefined) return;
    for (let after = await store.forgetDeviceUse(''); after !== undefined; after = await store.forgetDeviceUse(after)) {
      await nextTurn();
    }
    nothingKept = true;
  }
}

const isFrom = ({ addresses }: Use, address: string): boolean => addresses.some((one) => one.address === address);

/**
 * As the store's tables are sorted: each page of theirs is then written by one transaction, and not by all of them. Sorted a part at a
 * time, as it is asked for.
 */
function* inStoredOrder(uses: Iterable<Use>): Generator<Use> {
  const groups = Map.groupBy(uses, ({ account }) => account.slice(0, PREFIX));
  for (const prefix of [...groups.keys()].sort()) {
    yield* groups.get(prefix)?.sort((one, other) => (one.subject < other.subject ? -1 : 1)) ?? [];
  }
}

function* piecesOf(uses: Iterable<Use>): Generator<readonly Use[]> {
  let piece: Use[] = [];
  let addresses = 0;
  let most = AT_FIRST;
  for (const use of uses) {
    piece.push(use);
    addresses += use.addresses.length;
    if (piece.length < most && addresses < most) continue;
    yield piece;
    piece = [];
    addresses = 0;
    most = AT_ONCE;
  }
  if (piece.length > 0) yield piece;
}
