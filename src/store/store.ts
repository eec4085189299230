// The ports of the store: one interface per noun in ports/, put together here. Import from this file; only compose/ knows the database.
import type { UnixNanos } from '../domain/time.ts';
import type { StoreLost } from '../errors.ts';
import type { AccountLists, AccountReads, AccountWrites } from './ports/accounts.ts';
import type { AuditEntry, AuditLists, AuditWrites } from './ports/audit.ts';
import type { ChangeReads, ChangeWrites } from './ports/changes.ts';
import type { CredentialReads, CredentialWrites } from './ports/credentials.ts';
import type { DeviceLists, DeviceReads, DeviceWrites } from './ports/devices.ts';
import type { Explanations } from './ports/explanations.ts';
import type { FactsReads } from './ports/facts.ts';
import type { MarkReads, MarkWrites } from './ports/marks.ts';
import type { NameReads } from './ports/names.ts';
import type { SigningKeyInsert, SigningKeyReads, SigningKeyWrites } from './ports/signing-keys.ts';
import type { SubkeyLists, SubkeyReads, SubkeyWrites } from './ports/subkeys.ts';
import type { TokenLists, TokenReads, TokenWrites } from './ports/tokens.ts';
import type { UsageReads, UsageWrites } from './ports/usage.ts';

export type { Account } from './ports/accounts.ts';
export type { ActivityFilter, AuditEntry, AuditFilter, AuditRow } from './ports/audit.ts';
export type { Change, ChangeEntry } from './ports/changes.ts';
export type { EndedByRestore, RevokedCredentials } from './ports/credentials.ts';
export type { EndedDevice } from './ports/devices.ts';
export type { Explanation, ExplanationBounds, OthersInMinute } from './ports/explanations.ts';
export type { Facts, FactsQuery, FactsRead } from './ports/facts.ts';
export type { EarlierUse, SignaturePurpose, SignedMessage } from './ports/marks.ts';
export type { NamedRef, RefWithin } from './ports/names.ts';
export type { Page, PageRequest } from './ports/page.ts';
export type { NewSubkey, RevokedSubkey } from './ports/subkeys.ts';
export type { NewToken, RevokedToken } from './ports/tokens.ts';
export type { AddedUse, CredentialName, DayUse, UsageSpan } from './ports/usage.ts';

/** Reads for inside and outside a transaction. Outside they see committed rows only. */
export interface StoreReads extends FactsReads, AccountReads, SubkeyReads, TokenReads, DeviceReads, CredentialReads {}

export interface StoreTransaction
  extends StoreReads,
    AccountWrites,
    SubkeyWrites,
    TokenWrites,
    DeviceWrites,
    CredentialWrites,
    SigningKeyReads,
    SigningKeyWrites,
    MarkWrites,
    AuditWrites,
    ChangeWrites {
  /** Sets and returns a new epoch, and skips the ids that rows lost with the old one may have had. `Store.epoch` shows it after reopening. */
  renewEpoch(): Promise<string>;
}

export interface Store
  extends StoreReads,
    AccountLists,
    SubkeyLists,
    TokenLists,
    DeviceLists,
    SigningKeyReads,
    SigningKeyInsert,
    MarkReads,
    AuditLists,
    NameReads,
    Explanations,
    ChangeReads,
    UsageReads,
    UsageWrites {
  /**
   * Renewed by a restore or a promotion: positions of two epochs must never be compared. This constant is read once, at opening, and
   * so assumes one process per database. If several share one, another may renew it: then the epoch must come with each read.
   */
  readonly epoch: string;
  /**
   * Resolves with the reason when the database is no longer the one we opened, or another process writes to it: within a second, and
   * before another change is acknowledged. Every later call throws that reason, and earlier reads must not be used. Never rejects.
   */
  readonly whenLost: Promise<StoreLost>;
  /** All or nothing, one at a time, durable when it resolves. Never await anything slow inside: every other change waits. */
  transaction<T>(work: (tx: StoreTransaction) => Promise<T>): Promise<T>;
  /** Audit rows without a change: grouped logins, aggregated refusals. One durable write for all. */
  appendAudit(entries: readonly AuditEntry[]): Promise<void>;
  /** Deletes expired signature marks, nonces and pending subkeys. The audit log and the change log record the deleted subkeys. */
  purgeExpired(now: UnixNanos): Promise<void>;
  /** Sets the highest time seen to the clock's time, even if it was higher. From then on `isDated` sees the marks of `markDated`. */
  setTime(): Promise<void>;
  /**
   * Empties the write-ahead log, so that overwritten and deleted values leave the disk. False while a reader, such as a running copy,
   * still uses it; never waits for one.
   */
  emptyLog(): Promise<boolean>;
  /** Throws when the database cannot be read. */
  ping(): Promise<void>;
  /**
   * Copies the committed state to a new file of mode 0600, while reads and writes go on. Rejects with StoreFailure, and then leaves no
   * file.
   */
  snapshot(to: string): Promise<void>;
  /** Waits for a running copy. */
  close(): Promise<void>;
}
