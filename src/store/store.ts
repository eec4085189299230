// The store as everything else sees it: one interface per noun (ports/), put together here. Only the composition knows which database
// stands behind them.
import type { UnixNanos } from '../domain/time.ts';
import type { StoreLost } from '../errors.ts';
import type { AccountLists, AccountReads, AccountWrites } from './ports/accounts.ts';
import type { AuditEntry, AuditLists, AuditWrites } from './ports/audit.ts';
import type { ChangeReads, ChangeWrites } from './ports/changes.ts';
import type { CredentialReads, CredentialWrites } from './ports/credentials.ts';
import type { FactsReads } from './ports/facts.ts';
import type { MarkReads, MarkWrites } from './ports/marks.ts';
import type { SigningKeyInsert, SigningKeyReads, SigningKeyWrites } from './ports/signing-keys.ts';
import type { SubkeyLists, SubkeyReads, SubkeyWrites } from './ports/subkeys.ts';
import type { TokenLists, TokenReads, TokenWrites } from './ports/tokens.ts';

export type { Account } from './ports/accounts.ts';
export type { AuditEntry, AuditFilter, AuditRow } from './ports/audit.ts';
export type { Change, ChangeEntry } from './ports/changes.ts';
export type { EndedByRestore, RevokedCredentials } from './ports/credentials.ts';
export type { Facts, FactsQuery, FactsRead } from './ports/facts.ts';
export type { EarlierUse, SignaturePurpose, SignedMessage } from './ports/marks.ts';
export type { Page, PageRequest } from './ports/page.ts';
export type { NewSubkey, RevokedSubkey } from './ports/subkeys.ts';
export type { NewToken, RevokedToken } from './ports/tokens.ts';

/** Reads that may run anywhere: outside a transaction they see only what is committed. */
export interface StoreReads extends FactsReads, AccountReads, SubkeyReads, TokenReads, CredentialReads {}

export interface StoreTransaction
  extends StoreReads,
    AccountWrites,
    SubkeyWrites,
    TokenWrites,
    CredentialWrites,
    SigningKeyReads,
    SigningKeyWrites,
    MarkWrites,
    AuditWrites,
    ChangeWrites {
  /** A new epoch, and ids that the lost rows of the old one cannot have had. Returns it; `Store.epoch` says it after reopening. */
  renewEpoch(): Promise<string>;
}

export interface Store
  extends StoreReads,
    AccountLists,
    SubkeyLists,
    TokenLists,
    SigningKeyReads,
    SigningKeyInsert,
    MarkReads,
    AuditLists,
    ChangeReads {
  /**
   * Renewed when a database is restored or promoted: positions of two epochs never compare. Read once, at the opening: right as long
   * as one process has the database for itself. Where several share one, another may renew it under us, and it must come with each read.
   */
  readonly epoch: string;
  /**
   * Resolves, with why, when the database is no longer the one that was opened or another process writes to it: within a second, and
   * before anything more is acknowledged. From then on every call throws it, and nothing that was read before counts. Never rejects.
   */
  readonly whenLost: Promise<StoreLost>;
  /** All or nothing, one at a time, durable when it resolves. Nothing slow may be awaited inside. */
  transaction<T>(work: (tx: StoreTransaction) => Promise<T>): Promise<T>;
  /** Audit rows that belong to no change: grouped logins, aggregated refusals. One durable write for all. */
  appendAudit(entries: readonly AuditEntry[]): Promise<void>;
  /** Deletes signature marks, nonces and pending subkeys whose time is over; the audit and the change log keep the last. */
  purgeExpired(now: UnixNanos): Promise<void>;
  /** What the clock says becomes the highest time seen, also when that was higher, and marks of markDated begin to count. */
  setTime(): Promise<void>;
  /**
   * Empties the write-ahead log, where everything stands that was written lately: what was overwritten or deleted since is then gone
   * from the disk. False when somebody still reads an earlier state, a copy under way for one; nothing waits for that.
   */
  emptyLog(): Promise<boolean>;
  /** Throws when the database cannot be read. */
  ping(): Promise<void>;
  /**
   * Copies everything that is committed now to a new file of mode 0600, while reads and writes go on. Rejects with
   * StoreFailure, and then leaves no file.
   */
  snapshot(to: string): Promise<void>;
  /** Waits for a copy under way. */
  close(): Promise<void>;
}
