// What differs from one database to another; all else in store/ is written once, for every database. A database is a folder beside this
// file: store/sqlite/ today. Another one implements these interfaces in files of the same names, and passes test/contract/:
//   dialect.ts      `Dialect`: the database by its address
//   database.ts     `Database`: opened, with its transactions
//   connection.ts   Kysely over one connection: values, kept statements, errors as StoreFailure
//   lock.ts         one owner at a time, or how several share it
//   ours.ts         how it is noticed that the database is no longer ours (written-over.ts looks into an SQLite file)
//   planner.ts      the expressions of `Planner`
//   snapshot.ts     a copy of one state
//   examine.ts      what a database is and holds, for a backup, a restore and the doctor
//   unfinished.ts   what a start that broke off has left, before the migrations
//   empty-log.ts    how what was deleted leaves the disk
// Migrations and the statements of sql/ are shared. They order text by its bytes and count in 64-bit integers: a database where that is
// a choice (a collation, the type of a literal) makes it so.
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
  /** Owns it without opening it, where one is about to be put in place. Throws as `open` does. */
  own(): Ownership;
  /** Reads all of it and changes nothing. What is wrong with it is the answer, never an error. */
  examine(): Promise<Examination>;
  /** Whether a start would succeed, for a database that nobody has open. Changes nothing. Throws StoreFailure where nothing can be read. */
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
  /** Throws what `whenLost` resolves with when the database is no longer ours. Takes microseconds. */
  requireOurs(): void;
  /**
   * The first transaction, before any other call: migrations and what must be right before anything is served. All or nothing. Its
   * answer has the end of the change log, as it is then.
   */
  start<Result extends { readonly head: bigint }>(work: (tx: Kysely<Tables>) => Promise<Result>): Promise<Result>;
  /** In `start`, before the migrations: undoes what a start that broke off has left. Throws StoreFailure where that is not certain. */
  clearUnfinished(tx: Kysely<Tables>): Promise<void>;
  /** Names of the migrations that it has had, oldest first. */
  appliedMigrations(tx: Kysely<Tables>): Promise<readonly string[]>;
  /** One at a time, all or nothing, durable when it resolves. Rejects with StoreLost when somebody else has written or owns it. */
  transaction<Result>(work: (tx: Kysely<Tables>) => Promise<Result>): Promise<Result>;
  /** Called before a read of the end of the change log, and the answer with what was read: throws StoreLost for what is not of ours. */
  watchHead(): (position: bigint) => void;
  /** The highest time in meta is about to be set to this or later, which may be lower than it was. */
  timeMayFall(to: UnixNanos): void;
  /** `Store.emptyLog`. */
  emptyLog(): Promise<boolean>;
  /** `Store.snapshot`. */
  snapshot(to: string): Promise<void>;
  /**
   * Waits for copies under way. `last` is written before the end if the database is still ours; whether that succeeds is not told.
   * Without it, where an opening failed, all is closed at once.
   */
  close(last?: (tx: Kysely<Tables>) => Promise<void>): Promise<void>;
}

export interface DatabaseFacts {
  readonly epoch: string;
  /** Head of the change log. */
  readonly position: bigint;
  /** The highest time its clock has seen: of a backup, when it was taken. */
  readonly highestTime: UnixNanos;
  readonly accounts: bigint;
  /** Not revoked, and not expired at `highestTime`. */
  readonly subkeys: bigint;
  readonly tokens: bigint;
  readonly signingKeys: readonly SigningKeyRecord[];
  /** The name of its newest migration. */
  readonly schema: string;
  /** True when the next start will bring it to this release's tables. */
  readonly older: boolean;
}

export type Examination =
  | { readonly kind: 'usable'; readonly facts: DatabaseFacts }
  /** `problem` is the database's own word on what is wrong. */
  | { readonly kind: 'damaged'; readonly problem: string }
  | { readonly kind: 'not_ours' }
  /** A first start broke off before it was ready; the next one makes it, and nothing is lost. */
  | { readonly kind: 'unfinished' }
  /** A newer release wrote it; `schema` is the newest migration of its own. */
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
