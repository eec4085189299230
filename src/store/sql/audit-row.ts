// A row of the audit log as it is read.
import { unixNanos } from '../../domain/time.ts';
import type { AuditRow } from '../ports/audit.ts';
import type { AuditTable } from './tables.ts';

export const auditColumns = [
  'account_id',
  'id',
  'at',
  'action',
  'actor',
  'subject',
  'request_id',
  'client_ip',
  'detail',
] as const;

export type ReadAuditRow = Pick<AuditTable, (typeof auditColumns)[number]>;

/** Unchecked: a row that no release has written is shown all the same, since it may be the evidence. */
export function auditRowOf(row: ReadAuditRow): AuditRow {
  return {
    account: row.account_id,
    id: row.id,
    at: unixNanos(row.at),
    action: row.action,
    actor: row.actor,
    subject: row.subject,
    requestId: row.request_id,
    clientIp: row.client_ip,
    detail: row.detail,
  };
}
