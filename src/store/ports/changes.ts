// The change log: each change has a number, in commit order.
import type { AuditAction } from '../../domain/audit-action.ts';
import type { AccountId, Subject } from '../../domain/credential.ts';
import type { UnixNanos } from '../../domain/time.ts';

/** A numbered row of the change log, as it is applied to the view. */
export interface Change {
  readonly position: bigint;
  readonly action: AuditAction;
  readonly subjects: readonly Subject[];
  /** True when it may forbid what was allowed: requests in flight must be cut. */
  readonly narrows: boolean;
  /** They go on until then. Left out: they are cut at once. */
  readonly narrowsAt?: UnixNanos | undefined;
}

export interface ChangeEntry {
  readonly account: AccountId;
  readonly action: AuditAction;
  readonly subjects: readonly Subject[];
  readonly narrows: boolean;
  readonly narrowsAt?: UnixNanos | undefined;
}

export interface ChangeReads {
  /** The number of the last change. */
  position(): Promise<bigint>;
}

export interface ChangeWrites {
  /** Gives the change the next number, in commit order. For credentials/record.ts, as appendAudit. */
  appendChange(entry: ChangeEntry): Promise<Change>;
}
