// The audit log: who did what, when, from where. Rows are appended, never changed.
import type { AuditAction } from '../../domain/audit-action.ts';
import type { AccountId, CredentialRef, Subject } from '../../domain/credential.ts';
import type { UnixNanos } from '../../domain/time.ts';
import type { ChangeEntry } from './changes.ts';
import type { Page, PageRequest } from './page.ts';

export interface AuditEntry {
  readonly account: AccountId;
  readonly action: AuditAction;
  /** The acting credential as `kind:id`; empty before any existed. */
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

/** A row must meet every given condition. */
export interface AuditFilter {
  readonly account?: AccountId | undefined;
  /** Rows about this credential, and rows of its own acts. */
  readonly credential?: CredentialRef | undefined;
  readonly action?: AuditAction | undefined;
  /** Canonical text of the client's address. */
  readonly address?: string | undefined;
  readonly requestId?: string | undefined;
  /** Inclusive. */
  readonly from: UnixNanos | undefined;
  /** Exclusive. */
  readonly to: UnixNanos;
  /** Newest first; a page then ends with its oldest row. */
  readonly newestFirst?: boolean;
}

/** Of the rows of one account. A row must meet every given condition. */
export interface ActivityFilter extends Pick<AuditFilter, 'from'> {
  readonly credential?: CredentialRef | undefined;
  readonly actions?: readonly string[] | undefined;
  /** Exclusive. */
  readonly to: UnixNanos | undefined;
}

export interface AuditLists {
  /**
   * The rows of an account, newest first, in the order of writing. Looks at no more than 10,000 rows: a page may come short and still
   * have a next one.
   */
  activity(account: AccountId, filter: ActivityFilter, page: PageRequest): Promise<Page<AuditRow>>;
  /** In the order of writing. That is the order of time, except where a clock was set back. */
  audit(filter: AuditFilter, page: PageRequest): Promise<Page<AuditRow>>;
  /** The rows `ending.receipt` of these requests. */
  receipts(requestIds: readonly string[]): Promise<readonly AuditRow[]>;
  /** Rows of the audit log with this action, at or after `from`. */
  countAudit(action: string, from: UnixNanos): Promise<number>;
  /** The highest time of any row; in the future if the clock was wrong once. 0 = no rows. */
  lastAuditTime(): Promise<UnixNanos>;
}

export interface AuditWrites {
  /** For credentials/record.ts, which alone writes a change and its audit row; a test holds that. */
  appendAudit(entry: AuditEntry): Promise<void>;
  /** As appendAudit and appendChange for each, in this order; for at most a thousand. */
  appendAll(audits: readonly AuditEntry[], changes: readonly ChangeEntry[]): Promise<void>;
}
