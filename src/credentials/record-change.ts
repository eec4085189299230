// The two rows every change of an owner leaves behind: who did what, for people, and its number, for every node.
import type { AuditAction } from '../domain/audit-action.ts';
import { actorOf, type Subject } from '../domain/credential.ts';
import type { Change, StoreTransaction } from '../store/store.ts';
import type { Actor } from './caller.ts';

export interface RecordedChange {
  readonly action: AuditAction;
  /** What the audit row is about, and what the change touches unless `subjects` says more. */
  readonly subject: Subject;
  readonly subjects?: readonly Subject[];
  /** Never a secret. */
  readonly detail: Readonly<Record<string, unknown>>;
  /** True when something that was allowed may now be forbidden. */
  readonly narrows: boolean;
}

/** Appends the audit row and the change-log row, in the caller's own transaction and account. */
export async function recordChange(tx: StoreTransaction, actor: Actor, change: RecordedChange): Promise<Change> {
  const { action, subject, subjects = [subject], detail, narrows } = change;
  const { account } = actor.principal.credential;
  await tx.appendAudit({
    account,
    action,
    actor: actorOf(actor.principal.credential),
    subject,
    requestId: actor.requestId,
    clientIp: actor.clientIpText,
    detail,
  });
  return tx.appendChange({ account, action, subjects, narrows });
}
