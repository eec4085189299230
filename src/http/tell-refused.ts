// Counts, logs, journals and explains a refusal, in the same way for every door.
import type { AuditJournal } from '../audit/journal.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { UseCounter } from '../usage/counts.ts';
import type { Refused } from './admission.ts';
import { countRefused } from './count-use.ts';
import type { ExplainRefusal } from './explain-refusal.ts';
import type { Known } from './kit/known.ts';

export interface TellRefusedDeps {
  readonly telemetry: Pick<Telemetry, 'denied' | 'erred' | 'rateLimited'>;
  readonly journal: Pick<AuditJournal, 'refused'>;
  readonly usage: UseCounter;
  readonly explainRefusal: ExplainRefusal;
}

export function tellRefused(
  { telemetry, journal, usage, explainRefusal }: TellRefusedDeps,
  request: Known,
  refused: Refused,
): void {
  countRefused(usage, refused);
  const { requestId } = request;
  const { routeName, client, charged, deny, error } = refused;
  const clientIp = client.text;
  const about = { requestId, route: routeName, clientIp, principal: deny?.principal };
  if (deny === undefined) {
    telemetry.erred(about, error, error);
    return;
  }
  if (deny.reason === 'rate_limited') {
    const verdict = charged.caller ?? charged.address;
    if (verdict?.allowed === false) telemetry.rateLimited(verdict);
  }
  telemetry.denied(about, deny.reason, deny.cause);
  if (deny.principal === undefined) return;
  explainRefusal(request, deny.principal.credential, error);
  // The audit log stays for ever, and a bearer that has run out goes on being one.
  if (deny.reason === 'bearer_expired') return;
  journal.refused(deny.principal.credential, { requestId, clientIpText: clientIp }, deny.reason, routeName);
}
