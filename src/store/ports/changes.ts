// The change log: every change by its number, in commit order.
import type { AuditAction } from '../../domain/audit-action.ts';
import type { AccountId, Subject } from '../../domain/credential.ts';

/** One numbered row of the change log, as it is applied to the view. */
export interface Change {
  readonly position: bigint;
  readonly action: AuditAction;
  readonly subjects: readonly Subject[];
  /** True when something that was allowed may now be forbidden: what is in flight must be cut. */
  readonly narrows: boolean;
}

export interface ChangeEntry {
  readonly account: AccountId;
  readonly action: AuditAction;
  readonly subjects: readonly Subject[];
  readonly narrows: boolean;
}

export interface ChangeReads {
  /** Number of the last change in the log. */
  position(): Promise<bigint>;
}

export interface ChangeWrites {
  /** Numbers the change in commit order. */
  appendChange(entry: ChangeEntry): Promise<Change>;
}
