// Notices when another process writes over the content of the database file. SQLite's cache hides that, so every check reads the file
// anew. Never changes it.
import { type BigIntStats, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import type { UnixNanos } from '../../domain/time.ts';
import { isSystemError, StoreFailure } from '../../errors.ts';
import { EPOCH, HIGHEST_TIME, LOG_HEAD, NEXT_AUDIT_ID, NEXT_SUBKEY_ID } from '../sql/meta.ts';
import { attempt, BUSY_MS } from './connection.ts';
import type { Ours } from './ours.ts';

export interface Content {
  /** From now on only our own commits may reach the file. Throws as `examine` does. */
  start(): void;
  /** Before and after a commit: examines the file if it was written or touched since the last examination. */
  require(): void;
  /** Reads the file, whatever its times are. Throws StoreLost for other content, StoreFailure if it cannot be read now. */
  examine(): void;
  /** The highest time is about to be set to `to` or later, which may be lower than before. */
  timeMayFall(to: UnixNanos): void;
}

/** Numbers that only grow while we run, and two texts that stay. `undefined` while all of them are still in the log only. */
type Facts = ReadonlyMap<string, bigint | string>;

const GROWING = [LOG_HEAD, NEXT_AUDIT_ID, NEXT_SUBKEY_ID, HIGHEST_TIME];
const STAYING = [EPOCH, 'schema'];

// Result codes of SQLite about the content: SQLITE_ERROR (no such table), SQLITE_CORRUPT, SQLITE_NOTADB.
const OF_CONTENT = new Set([1, 11, 26]);

/** `file` is the real file, and exists. Tells `ours` what it found. */
export function watchContent(file: string, ours: Ours): Content {
  const url = pathToFileURL(file);
  // Reads the file without its log. Through SQLite: closing a plain file descriptor would drop our locks on the file.
  url.searchParams.set('immutable', '1');
  let mark = '';
  let known: Facts | undefined;
  /** Read with the log. What the start wrote, such as a migration, reaches the file only when the log is emptied. */
  let atStart: Facts | undefined;
  let lowestSet: UnixNanos | undefined;

  const lose: (why: string) => never = (why) => ours.lose(`${file} was written over while it was in use: ${why}`);

  function factsOf(connection: DatabaseSync): Facts | undefined {
    const schema = String(connection.prepare('pragma schema_version').get()?.schema_version);
    if (schema === '0') return undefined;
    const facts = new Map<string, bigint | string>([['schema', schema]]);
    const rows = connection.prepare('select name, value, text from meta');
    rows.setReadBigInts(true);
    for (const { name, value, text } of rows.all()) {
      if (name === EPOCH && typeof text === 'string') facts.set(EPOCH, text);
      else if (typeof name === 'string' && typeof value === 'bigint') facts.set(name, value);
    }
    return facts;
  }

  function requireLater(now: Facts): void {
    if (known === undefined) return;
    for (const name of STAYING) {
      const is = now.get(name);
      if (is !== known.get(name) && is !== atStart?.get(name)) lose(`its ${name} is another one`);
    }
    for (const name of GROWING) {
      const [was, is] = [known.get(name), now.get(name)];
      if (typeof was !== 'bigint') continue;
      if (typeof is !== 'bigint') lose(`its ${name} is missing`);
      const least = name === HIGHEST_TIME && lowestSet !== undefined && lowestSet < was ? lowestSet : was;
      if (is < least) lose(`its ${name} went back from ${was} to ${is}`);
    }
  }

  // A checkpoint that a reader held up leaves pages of two states in the file. Each number in them has still only grown. Whether the
  // pages fit together is known again when the log is empty.
  function requireLaterInFile(): void {
    let now: Facts | undefined;
    try {
      now = reading(url, factsOf);
    } catch (error) {
      if (!isOfContent(error)) throw error;
      if (statSync(`${file}-wal`, { throwIfNoEntry: false })?.size === 0) lose(error.message);
      return;
    }
    if (now === undefined && known !== undefined) lose('its tables are gone');
    if (now !== undefined) requireLater(now);
    known = now;
  }

  // With the log, on a new connection: nothing of it is cached.
  function requireOurHead(): void {
    const saw = ours.head.watch();
    let head: bigint | string | undefined;
    try {
      head = reading(pathToFileURL(file), factsOf)?.get(LOG_HEAD);
    } catch (error) {
      if (isOfContent(error)) lose(error.message);
      throw error;
    }
    if (typeof head !== 'bigint') lose('its log_head is missing');
    saw(head);
  }

  function examine(): void {
    // Take the mark before reading: a write in between is then examined again.
    const seen = markOf(file);
    requireLaterInFile();
    requireOurHead();
    mark = seen;
  }

  return {
    start() {
      atStart = reading(pathToFileURL(file), factsOf);
      examine();
    },
    require() {
      if (markOf(file) !== mark) examine();
    },
    examine,
    timeMayFall(to) {
      if (lowestSet === undefined || to < lowestSet) lowestSet = to;
    },
  };
}

// A new connection has no cache.
function reading<Result>(url: URL, read: (connection: DatabaseSync) => Result): Result {
  return attempt(() => {
    const connection = new DatabaseSync(url.href, { readOnly: true, timeout: BUSY_MS });
    try {
      return read(connection);
    } finally {
      connection.close();
    }
  });
}

function isOfContent(error: unknown): error is StoreFailure {
  if (!(error instanceof StoreFailure) || !(error.cause instanceof Error)) return false;
  const { cause } = error;
  return 'errcode' in cause && typeof cause.errcode === 'number' && OF_CONTENT.has(cause.errcode & 0xff);
}

function markOf(file: string): string {
  let found: BigIntStats;
  try {
    found = statSync(file, { bigint: true });
  } catch (error) {
    throw new StoreFailure(`${file} cannot be looked at (${isSystemError(error) ? error.code : error})`, {
      cause: error,
    });
  }
  return `${found.size} ${found.mtimeNs} ${found.ctimeNs}`;
}
