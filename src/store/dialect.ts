// The differences between databases. All else in store/ is written once, for every database. A database is a folder: store/sqlite/ today.
// A second one implements these interfaces in files of the same names, and must pass test/contract/:
//   dialect.ts      `Dialect`: the database by its address
//   database.ts     `Database`: opened, with its transactions
//   connection.ts   Kysely over one connection: values, kept statements, errors as StoreFailure
//   lock.ts         one owner at a time
//   ours.ts         notices when the database is no longer ours (for SQLite, written-over.ts looks into the file)
//   planner.ts      the expressions of `Planner`
//   snapshot.ts     a copy of one state
//   examine.ts      tells what a database is and holds, for a backup, a restore and the doctor
//   unfinished.ts   undoes what a start that broke off has left, before the migrations
//   empty-log.ts    removes deleted values from the disk
// Migrations and the statements of sql/ are shared. They need text ordered by its bytes and integers of 64 bits: a database where these
// are options (a collation, the type of a literal) must set them so. `isOwned`, `own`, `watchHead` and `requireOurs` assume one process
// per database.
import type { Kysely } from 'kysely';
import type { UnixNanos } from '../domain/time.ts';
import type { StoreLost } from '../errors.ts';
import type { SigningKeyRecord } from '../jwt/signing-key.ts';
import type { Planner } from './sql/planner.ts';
import type { Tables } from './sql/tables.ts';

/** A database by its address, whether it is there or not. */
export interface Dialect {
  readonly name: 'sqlite';
  /**
   * Opens or creates it, and owns it until `close` or the end of the process, however that ends. Throws StoreLocked when another process
   * owns it, StoreFailure when it cannot be used, UnsafeFile when others may write where it lies.
   */
  open(): Promise<Database>;
  /** Whether a process owns it now. Takes nothing and leaves nothing behind. */
  isOwned(): boolean;
  /** Owns it without opening it, for a restore that will put one there. Throws as `open` does. */
  own(): Ownership;
  /** Reads all of it and changes nothing. Any fault of it is an answer, never an error. */
  examine(): Promise<Examination>;
  /** Whether a start would succeed. Nobody may have it open. Changes nothing. Throws StoreFailure when nothing can be read. */
  tryStart(): Promise<Look>;
}

export interface Ownership {
  /** Idempotent. */
  release(): void;
}

/** A database that is open and owned. */
export interface Database {
  /** Sees what is committed, and nothing else. */
  readonly reader: Kysely<Tables>;
  readonly planner: Planner;
  /** `Store.whenLost`. */
  readonly whenLost: Promise<StoreLost>;
  /** Throws StoreLost when the database is no longer ours. Takes microseconds. */
  requireOurs(): void;
  /**
   * The first transaction, before any other call: migrations, and checks before anything is served. All or nothing. `head` is the end
   * of the change log.
   */
  start<Result extends { readonly head: bigint }>(work: (tx: Kysely<Tables>) => Promise<Result>): Promise<Result>;
  /** In `start`, before the migrations: undoes what a start that broke off has left. Throws StoreFailure if rows would be lost. */
  clearUnfinished(tx: Kysely<Tables>): Promise<void>;
  /** The names of the applied migrations, oldest first. */
  appliedMigrations(tx: Kysely<Tables>): Promise<readonly string[]>;
  /** One at a time, all or nothing, durable when it resolves. Rejects with StoreLost when another process has written or owns it. */
  transaction<Result>(work: (tx: Kysely<Tables>) => Promise<Result>): Promise<Result>;
  /** Call before reading the end of the log. Give the returned function what was read: it throws StoreLost if our commits did not make it. */
  watchHead(): (position: bigint) => void;
  /** The highest time in meta is about to be set to `to` or later, which may be lower than before. */
  timeMayFall(to: UnixNanos): void;
  /** `Store.emptyLog`. */
  emptyLog(): Promise<boolean>;
  /** `Store.snapshot`. */
  snapshot(to: string): Promise<void>;
  /**
   * Waits for running copies, then calls `last`, whose failure is ignored, if the database is still ours. Without `last`, after a failed
   * opening, closes at once.
   */
  close(last?: (tx: Kysely<Tables>) => Promise<void>): Promise<void>;
}

export interface DatabaseFacts {
  readonly epoch: string;
  /** The end of the change log. */
  readonly position: bigint;
  /** The highest time its clock has seen. For a backup: when it was taken. */
  readonly highestTime: UnixNanos;
  readonly accounts: bigint;
  /** Not revoked, and not expired at `highestTime`. */
  readonly subkeys: bigint;
  readonly tokens: bigint;
  readonly signingKeys: readonly SigningKeyRecord[];
  /** The name of its newest migration. */
  readonly schema: string;
  /** True if it waits for migrations of this release. */
  readonly older: boolean;
}

export type Examination =
  | { readonly kind: 'usable'; readonly facts: DatabaseFacts }
  /** `problem` is in the database's own words. */
  | { readonly kind: 'damaged'; readonly problem: string }
  | { readonly kind: 'not_ours' }
  /** A first start broke off. The next one makes it again; nothing is lost. */
  | { readonly kind: 'unfinished' }
  /** Written by a newer release; `schema` is its newest migration. */
  | { readonly kind: 'newer'; readonly schema: string };

export type Trial =
  | { readonly kind: 'starts' }
  /** `problem` is what the start would say. */
  | { readonly kind: 'fails'; readonly problem: string }
  | { readonly kind: 'untried'; readonly why: string };

export interface Look {
  /** `undefined` where there is none. */
  readonly database: Examination | undefined;
  readonly start: Trial;
}
