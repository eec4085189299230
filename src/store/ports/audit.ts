// The audit log: who did what, when, from where. Rows are appended, never changed.
import type { AuditAction } from '../../domain/audit-action.ts';
import type { AccountId, CredentialRef, Subject } from '../../domain/credential.ts';
import type { UnixNanos } from '../../domain/time.ts';
import type { ChangeEntry } from './changes.ts';
import type { Page, PageRequest } from './page.ts';

export interface AuditEntry {
  readonly account: AccountId;
  readonly action: AuditAction;
  /** The acting credential as `kind:id`, empty when none existed yet. */
  readonly actor: string;
  readonly subject: Subject;
  readonly requestId: string;
  readonly clientIp: string;
  /** JSON-able; bigint members are written as decimal text. Never a secret. */
  readonly detail: Readonly<Record<string, unknown>>;
}

/** One row of the audit log as it is stored. */
export interface AuditRow {
  /** NO_ACCOUNT on rows about the service itself. */
  readonly account: string;
  readonly id: bigint;
  readonly at: UnixNanos;
  readonly action: string;
  readonly actor: string;
  readonly subject: string;
  readonly requestId: string;
  readonly clientIp: string;
  /** JSON text. */
  readonly detail: string;
}

/** All that is given must hold. */
export interface AuditFilter {
  readonly account?: AccountId | undefined;
  /** Rows about it, and rows of what it did. */
  readonly credential?: CredentialRef | undefined;
  readonly action?: AuditAction | undefined;
  /** Canonical text of the client's address. */
  readonly address?: string | undefined;
  readonly requestId?: string | undefined;
  /** Inclusive. */
  readonly from: UnixNanos | undefined;
  /** Exclusive. */
  readonly to: UnixNanos;
  /** The newest first: a page ends with its oldest row. */
  readonly newestFirst?: boolean;
}

export interface AuditLists {
  /** In the order in which they were written, which is that of time except where a clock was set back. */
  audit(filter: AuditFilter, page: PageRequest): Promise<Page<AuditRow>>;
  /** The rows `ending.receipt` of these requests. */
  receipts(requestIds: readonly string[]): Promise<readonly AuditRow[]>;
  /** Rows of the audit log with this action, at or after `from`. */
  countAudit(action: string, from: UnixNanos): Promise<number>;
  /** That of the newest row by time: after a clock that was wrong it may lie in the future. 0 = there is none. */
  lastAuditTime(): Promise<UnixNanos>;
}

export interface AuditWrites {
  appendAudit(entry: AuditEntry): Promise<void>;
  /** The same as appendAudit and appendChange for each, in the order given; for up to a thousand of them. */
  appendAll(audits: readonly AuditEntry[], changes: readonly ChangeEntry[]): Promise<void>;
}
