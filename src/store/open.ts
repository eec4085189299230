// Opens a database as a store: migrations, epoch and clock floor in one transaction, then the ports over sql/.
import type { Kysely } from 'kysely';
import { type Clock, createClock, type KeptClock, nanosOfSeconds, systemWall, type UnixNanos } from '../domain/time.ts';
import type { Database, Dialect } from './dialect.ts';
import { type FarAhead, recordAcceptedStart, requireNotFarAhead } from './far-ahead.ts';
import { migrate } from './migrate.ts';
import { PURGED_AT_ONCE, purgeExplanations, purgePendingSubkeys } from './purge.ts';
import { accountLists } from './sql/accounts.ts';
import { auditLists, insertAudit } from './sql/audit.ts';
import { changeReads, requireWholeLog } from './sql/changes.ts';
import { deviceLists, forgetDeviceUse } from './sql/devices.ts';
import { addExplanations, countOthers, createTrimAll, explanationReads } from './sql/explanations.ts';
import { deleteExpiredMarks, hasDateMark, usedMarks } from './sql/marks.ts';
import { datedUntil, highestTime, initialiseMeta, keepHighestTime, readAny, setHighestTime } from './sql/meta.ts';
import { nameReads } from './sql/names.ts';
import { signingKeyInsert, signingKeyReads } from './sql/signing-keys.ts';
import { subkeyLists } from './sql/subkeys.ts';
import type { Tables } from './sql/tables.ts';
import { tokenLists } from './sql/tokens.ts';
import { anyUsageOutside, createAddUsage, purgeUsage, usageReads } from './sql/usage.ts';
import { usedFromReads } from './sql/used-from.ts';
import type { Store } from './store.ts';
import { createReads, createTransaction } from './transaction.ts';

export interface OpenedStore {
  readonly store: Store;
  /** Never below the highest time this store has seen. */
  readonly clock: KeptClock;
}

/** Throws as `Dialect.open` does, StoreFailure for tables that are not ours, and ClockFarAhead if `farAhead` is `refuse`. */
export async function openStore(
  dialect: Pick<Dialect, 'open'>,
  time: { wall: () => bigint; monotonic: () => number } = { wall: systemWall, monotonic: () => performance.now() },
  farAhead: FarAhead = 'refuse',
): Promise<OpenedStore> {
  const database = await dialect.open();
  try {
    // One transaction: a start that is killed or refused at any moment leaves the database as it found it.
    const { epoch, clock } = await database.start(async (tx) => {
      await migrate(tx, database);
      const epoch = await initialiseMeta(tx);
      const head = await requireWholeLog(tx);
      const floor = await highestTime(tx);
      if (farAhead === 'refuse') requireNotFarAhead(time.wall(), floor);
      const clock = createClock({ ...time, floor, acceptStart: farAhead === 'accept' });
      await recordAcceptedStart(tx, floor, clock);
      return { epoch, head, clock };
    });
    return { store: createStore(database, clock, epoch, await datedUntil(database.reader)), clock };
  } catch (error) {
    await database.close();
    throw error;
  }
}

function createStore(database: Database, clock: Clock, epoch: string, dated: UnixNanos): Store {
  const { reader, planner } = database;
  let lastDated = dated;
  const reads = createReads(reader);

  const addUsage = createAddUsage();
  const trimAll = createTrimAll();
  const write = <Result>(work: (tx: Kysely<Tables>) => Promise<Result>): Promise<Result> =>
    database.transaction(async (tx) => {
      const result = await work(tx);
      await keepHighestTime(tx, clock);
      return result;
    });

  return {
    epoch,
    whenLost: database.whenLost,
    ...reads,

    async facts(query) {
      const saw = database.watchHead();
      const read = await reads.facts(query);
      saw(read.position);
      return read;
    },

    ...accountLists(reader),
    ...subkeyLists(reader, planner),
    ...tokenLists(reader, planner),
    ...deviceLists(reader, planner),
    ...auditLists(reader, planner),
    ...changeReads(reader),
    ...signingKeyReads(reader),
    ...usedMarks(reader),
    ...nameReads(reader),
    ...explanationReads(reader),
    ...usageReads(reader),
    ...usedFromReads(reader),

    async isDated(account, signer, seconds) {
      if (nanosOfSeconds(seconds) > lastDated) return false;
      return hasDateMark(reader, account, signer, seconds);
    },

    transaction: (work) => write((tx) => work(createTransaction(tx, clock, planner))),
    insertSigningKey: (record) => write((tx) => signingKeyInsert(tx).insertSigningKey(record)),
    appendAudit: (entries) => write((tx) => insertAudit(tx, clock, entries)),

    addExplanations: (rows, bounds) => write((tx) => addExplanations(tx, rows, bounds, trimAll)),
    countOthers: (minutes) => write((tx) => countOthers(tx, minutes)),
    purgeExplanations: (kept, inAll) => purgeExplanations(write, kept, inAll, trimAll),

    addUsage: (uses) => write((tx) => addUsage(tx, uses)),

    // Look first: mostly there is nothing to delete, and each write waits for the disk.
    async purgeUsage(kept) {
      if (!(await anyUsageOutside(reader, kept))) return false;
      await write((tx) => purgeUsage(tx, kept));
      return true;
    },

    forgetDeviceUse: (after) => forgetDeviceUse(reader, write, after),

    async purgeExpired(now) {
      await write((tx) => deleteExpiredMarks(tx, now));
      let isMore = true;
      while (isMore) isMore = (await write((tx) => purgePendingSubkeys(tx, clock, now))) === PURGED_AT_ONCE;
    },

    async setTime() {
      database.timeMayFall(clock.now());
      await write((tx) => setHighestTime(tx, clock.now()));
      lastDated = await datedUntil(reader);
    },

    async ping() {
      database.requireOurs();
      await readAny(reader);
    },

    emptyLog: database.emptyLog,
    snapshot: database.snapshot,
    // Keep the time: a credential that was seen expired must not live again if the wall clock is set back before the next start.
    close: () => database.close((tx) => keepHighestTime(tx, clock)),
  };
}
