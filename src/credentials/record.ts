// The only writer of an audit row together with its change row: the audit row tells people who did what, the change row tells every
// node what to read again. Both stand in one transaction, or neither does.
import type { AuditAction } from '../domain/audit-action.ts';
import { type AccountId, actorOf, type Subject } from '../domain/credential.ts';
import type { RequestOrigin } from '../domain/request-origin.ts';
import type { UnixNanos } from '../domain/time.ts';
import type { AuditEntry, Change, ChangeEntry, StoreTransaction } from '../store/store.ts';
import type { Actor } from './caller.ts';
import type { OperatorAct } from './operator-act.ts';

/** A request without a credential of ours and not by the operator, such as an onboarding: the row names no actor. */
export interface Nobody extends RequestOrigin {
  readonly actor: '';
}

export const nobody = ({ requestId, clientIpText }: RequestOrigin): Nobody => ({ actor: '', requestId, clientIpText });

type By =
  /** The account is that of the credential. */
  | { readonly by: Actor; readonly account?: undefined }
  | { readonly by: OperatorAct | Nobody; readonly account: AccountId };

export type Audited = By & {
  readonly action: AuditAction;
  /** What the audit row is about. */
  readonly subject: Subject;
  /** Never a secret. */
  readonly detail: Readonly<Record<string, unknown>>;
};

export type Recorded = Audited & {
  /** What the change touches; by default the subject alone. */
  readonly subjects?: readonly Subject[];
  /** True when something that was allowed may now be forbidden. */
  readonly narrows: boolean;
  /** When it is forbidden; left out: at once. */
  readonly narrowsAt?: UnixNanos | undefined;
};

/** Appends the audit row and the change row in the caller's own transaction. */
export async function record(
  tx: Pick<StoreTransaction, 'appendAudit' | 'appendChange'>,
  entry: Recorded,
): Promise<Change> {
  await tx.appendAudit(auditOf(entry));
  return tx.appendChange(changeOf(entry));
}

/** As record for each, in this order; at most 500 at once. */
export const recordAll = (tx: Pick<StoreTransaction, 'appendAll'>, entries: readonly Recorded[]): Promise<void> =>
  tx.appendAll(entries.map(auditOf), entries.map(changeOf));

/** An audit row alone: no decision depends on it, or the change row of the whole speaks for it. */
export const auditOnly = (tx: Pick<StoreTransaction, 'appendAudit'>, entry: Audited): Promise<void> =>
  tx.appendAudit(auditOf(entry));

const auditOf = (entry: Audited): AuditEntry => ({
  account: accountOf(entry),
  action: entry.action,
  subject: entry.subject,
  ...originOf(entry.by),
  detail: entry.detail,
});

const changeOf = (entry: Recorded): ChangeEntry => ({
  account: accountOf(entry),
  action: entry.action,
  subjects: entry.subjects ?? [entry.subject],
  narrows: entry.narrows,
  narrowsAt: entry.narrowsAt,
});

const accountOf = ({ by, account }: By): AccountId => account ?? by.principal.credential.account;

const originOf = (by: By['by']): Pick<AuditEntry, 'actor' | 'requestId' | 'clientIp'> =>
  'clientIpText' in by
    ? {
        actor: 'principal' in by ? actorOf(by.principal.credential) : by.actor,
        requestId: by.requestId,
        clientIp: by.clientIpText,
      }
    : { actor: by.actor, requestId: by.requestId, clientIp: by.clientIp };
