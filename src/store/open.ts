// Puts the parts of a store together: database, migrations, epoch, clock floor, reads and transactions.
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { type Kysely, sql } from 'kysely';
import { isCursorOf, type ListName } from '../domain/cursor.ts';
import {
  type Clock,
  createClock,
  type KeptClock,
  nanosOfSeconds,
  systemWall,
  type UnixNanos,
  unixNanos,
} from '../domain/time.ts';
import { StoreFailure, StoreLocked } from '../errors.ts';
import { type FarAhead, recordAcceptedStart, requireNotFarAhead } from './far-ahead.ts';
import { migrate } from './migrate.ts';
import { PURGED_AT_ONCE, purgePendingSubkeys } from './purge.ts';
import { createSearches } from './sql/accounts.ts';
import { auditCursor, countAudit, readAudit, readReceipts } from './sql/audit-pages.ts';
import { createReads, isLiveSubkey, LOG_HEAD } from './sql/facts.ts';
import { createUsedMarks } from './sql/marks.ts';
import { EPOCH, HIGHEST_TIME } from './sql/meta.ts';
import { accountOf, integer, subkeyOf, tokenOf } from './sql/rows.ts';
import { countTokensSignedBy, insertSigningKey, readSigningKeys } from './sql/signing-keys.ts';
import type { Tables } from './sql/tables.ts';
import { dateMark, readDatedUntil, setHighestTime } from './sql/tokens.ts';
import { type Database, openSqlite } from './sqlite/connections.ts';
import { emptyLog } from './sqlite/empty-log.ts';
import { takeSnapshot } from './sqlite/snapshot.ts';
import type { Page, PageRequest, Store } from './store.ts';
import { counters, createTransaction, insertAudit } from './transaction.ts';

/** How long, at most, another writer or a file that was replaced goes unnoticed while nothing is written. */
const LOOK_MS = 1_000;

export interface OpenedStore {
  readonly store: Store;
  /** Never below the highest time this store has seen. */
  readonly clock: KeptClock;
}

/** Opens the embedded store at `file`. Throws StoreLocked when another process owns it, ClockFarAhead as `farAhead` says. */
export async function openStore(
  file: string,
  time: { wall: () => bigint; monotonic: () => number } = { wall: systemWall, monotonic: () => performance.now() },
  farAhead: FarAhead = 'refuse',
): Promise<OpenedStore> {
  const database = openSqlite(file);
  try {
    // One transaction, so that a start which breaks off or is refused, at whatever moment, leaves what it found.
    const { epoch, head, clock } = await database.writer.transaction().execute(async (tx) => {
      await migrate(tx);
      const epoch = await initialise(tx);
      const head = await requireWholeLog(tx);
      const floor = await highestTime(tx);
      if (farAhead === 'refuse') requireNotFarAhead(time.wall(), floor);
      const clock = createClock({ ...time, floor, acceptStart: farAhead === 'accept' });
      await recordAcceptedStart(tx, floor, clock);
      return { epoch, head, clock };
    });
    database.ours.head.startAt(head);
    database.content.start();
    return { store: createStore(file, database, clock, epoch, await readDatedUntil(database.reader)), clock };
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function initialise(db: Kysely<Tables>): Promise<string> {
  for (const name of counters) {
    await db
      .insertInto('meta')
      .values({ name, value: 0n, text: '' })
      .onConflict((c) => c.doNothing())
      .execute();
  }
  await db
    .insertInto('meta')
    .values({ name: HIGHEST_TIME, value: 0n, text: '' })
    .onConflict((c) => c.doNothing())
    .execute();
  await db
    .insertInto('meta')
    .values({ name: EPOCH, value: 0n, text: randomUUID() })
    .onConflict((c) => c.doNothing())
    .execute();
  const row = await db.selectFrom('meta').select('text').where('name', '=', EPOCH).executeTakeFirstOrThrow();
  return row.text;
}

async function highestTime(db: Kysely<Tables>): Promise<UnixNanos> {
  const row = await db.selectFrom('meta').select('value').where('name', '=', HIGHEST_TIME).executeTakeFirstOrThrow();
  return unixNanos(integer(row.value, 'meta.highest_time'));
}

/** The head of the log, which numbers the next change: behind its log, no change could ever be written again. Throws StoreFailure. */
export async function requireWholeLog(db: Kysely<Tables>): Promise<bigint> {
  const { last } = await db
    .selectFrom('change_log')
    .select((e) => e.fn.max('position').as('last'))
    .executeTakeFirstOrThrow();
  const head = await logHead(db);
  if (head < integer(last ?? 0n, 'change_log.position')) {
    throw new StoreFailure(`the change log ends at ${last ?? 0n}, and its head says ${head}: one of them is damaged`);
  }
  return head;
}

async function logHead(db: Kysely<Tables>): Promise<bigint> {
  const { value } = await db.selectFrom('meta').select('value').where('name', '=', LOG_HEAD).executeTakeFirstOrThrow();
  return integer(value, 'meta.log_head');
}

async function keepHighestTime(db: Kysely<Tables>, clock: Clock): Promise<void> {
  const now = clock.now();
  await db.updateTable('meta').set({ value: now }).where('name', '=', HIGHEST_TIME).where('value', '<', now).execute();
}

function createStore(file: string, database: Database, clock: Clock, epoch: string, dated: UnixNanos): Store {
  const { reader, writer, ours, content } = database;
  let datedUntil = dated;
  const copying = new Set<Promise<void>>();
  const reads = createReads(reader);
  const watching = setInterval(() => void look().catch(() => undefined), LOOK_MS).unref();

  // A change that is acknowledged is in the file that the next start reads, and no other process had a part in it.
  async function write<Result>(work: (tx: Kysely<Tables>) => Promise<Result>): Promise<Result> {
    let told: ((committed: boolean) => void) | undefined;
    try {
      const result = await writer.transaction().execute(async (tx) => {
        ours.head.begin(await logHead(tx));
        const result = await work(tx);
        await keepHighestTime(tx, clock);
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
      database.keepLock();
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
    epoch,
    whenLost: ours.whenLost,
    ...reads,

    async facts(query) {
      const saw = ours.head.watch();
      const read = await reads.facts(query);
      saw(read.position);
      return read;
    },

    async subkeys(account, filter, page) {
      let query = reader.selectFrom('subkey').selectAll().where('account_id', '=', account);
      if (!filter.withRevoked) query = query.where(isLiveSubkey(filter.now));
      const after = cursorOf('subkeys', page);
      if (after !== undefined) {
        // Among the live ones the expression keeps SQLite from walking the primary key, where every dead subkey stands as well.
        const id = filter.withRevoked ? sql.ref<bigint>('id') : sql<bigint>`id + 0`;
        query = query.where(id, '>', BigInt(after));
      }
      const rows = await query
        .orderBy('id')
        .limit(page.limit + 1)
        .execute();
      return paged(rows.map(subkeyOf), page, (subkey) => subkey.id.toString());
    },

    async tokens(account, filter, page) {
      let query = reader.selectFrom('token').selectAll().where('account_id', '=', account);
      if (!filter.withInvalid) query = query.where('revoked_at', '=', sql.lit(0n)).where('expiry_at', '>', filter.now);
      if (filter.kind !== undefined) {
        // Of all tokens those of a kind are looked up; the live ones are few, and looked through.
        const kind = filter.withInvalid ? sql.ref<string>('kind') : sql<string>`kind || ''`;
        query = query.where(kind, '=', filter.kind);
      }
      const after = cursorOf('tokens', page);
      if (after !== undefined) {
        // Among the live ones the expression keeps SQLite from walking the primary key, where every dead token stands as well.
        const tokenId = filter.withInvalid ? sql.ref<string>('token_id') : sql<string>`token_id || ''`;
        query = query.where(tokenId, '>', after);
      }
      const rows = await query
        .orderBy('token_id')
        .limit(page.limit + 1)
        .execute();
      return paged(rows.map(tokenOf), page, (token) => token.tokenId);
    },

    async accounts(page) {
      let query = reader.selectFrom('account').selectAll();
      const after = cursorOf('accounts', page);
      if (after !== undefined) query = query.where('account_id', '>', after);
      const rows = await query
        .orderBy('account_id')
        .limit(page.limit + 1)
        .execute();
      return paged(rows.map(accountOf), page, ({ account }) => account);
    },

    ...createSearches(reader),
    ...createUsedMarks(reader),

    async audit(filter, page) {
      return paged(await readAudit(reader, filter, cursorOf('audit', page), page.limit + 1), page, auditCursor);
    },

    receipts: (requestIds) => readReceipts(reader, requestIds),
    signingKeys: () => readSigningKeys(reader),
    countTokensSignedBy: (kid, now) => countTokensSignedBy(reader, kid, now),
    countAudit: (action, from) => countAudit(reader, action, from),

    insertSigningKey: (record) => write((tx) => insertSigningKey(tx, record)),

    transaction: (work) => write((tx) => work(createTransaction(tx, clock))),

    appendAudit: (entries) => write((tx) => insertAudit(tx, clock, entries)),

    async purgeExpired(now) {
      await write(async (tx) => {
        await tx.deleteFrom('used_signature').where('expires_at', '<', now).execute();
        await tx.deleteFrom('siwe_nonce').where('expires_at', '<', now).execute();
      });
      let isMore = true;
      while (isMore) isMore = (await write((tx) => purgePendingSubkeys(tx, clock, now))) === PURGED_AT_ONCE;
    },

    async setTime() {
      content.timeMayFall(clock.now());
      await write((tx) => setHighestTime(tx, clock.now()));
      datedUntil = await readDatedUntil(reader);
    },

    async isDated(account, signer, seconds) {
      if (nanosOfSeconds(seconds) > datedUntil) return false;
      const row = await reader
        .selectFrom('siwe_nonce')
        .select('nonce')
        .where('account_id', '=', account)
        .where('nonce', '=', dateMark(signer, seconds))
        .executeTakeFirst();
      return row !== undefined;
    },

    async lastAuditTime() {
      const row = await reader.selectFrom('audit').select('at').orderBy('at', 'desc').limit(1).executeTakeFirst();
      return unixNanos(row?.at ?? 0n);
    },

    emptyLog: () =>
      writer.connection().execute(async (connection) => {
        requireOurs();
        const emptied = await emptyLog(connection);
        requireOurs();
        return emptied;
      }),

    async ping() {
      requireOurs();
      await reader.selectFrom('meta').select('value').limit(1).execute();
    },

    snapshot(to) {
      const copy = copied(to).finally(() => copying.delete(copy));
      copying.add(copy);
      return copy;
    },

    position: () => logHead(reader),

    async close() {
      clearInterval(watching);
      await Promise.allSettled(copying);
      await look().catch(() => undefined);
      // SQLite would bring the log to an end that may be somebody else's by now. The end of the process closes all.
      if (ours.isLost()) return;
      // What was seen expired must not live again if the wall clock is set back before the next start.
      await keepHighestTime(writer, clock).catch(() => undefined);
      await database.close();
    },
  };
}

function paged<Row>(rows: readonly Row[], page: PageRequest, cursorOf: (row: Row) => string): Page<Row> {
  const shown = rows.slice(0, page.limit);
  const last = shown.at(-1);
  return { rows: shown, next: rows.length > page.limit && last !== undefined ? cursorOf(last) : undefined };
}

/** Throws for one that is not of this list, which the edge has refused: it is never the end of the list. */
function cursorOf(list: ListName, { cursor }: PageRequest): string | undefined {
  if (cursor !== undefined && !isCursorOf(list, cursor)) throw new Error(`not a cursor of ${list}`);
  return cursor;
}
