// GET /countersign/v1/audit: what was done with the credentials of the caller's account, and by whom.
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance, FastifySchema } from 'fastify';
import { shownDetail } from '../../audit/shown-detail.ts';
import { nearest } from '../../config/nearest.ts';
import { type AuditAction, actionsOf, auditActions, auditOutcomes, isAuditAction } from '../../domain/audit-action.ts';
import { type AccountId, actorOf } from '../../domain/credential.ts';
import { isCredentialKind, kindTable } from '../../domain/kinds.ts';
import { ApiError } from '../../errors.ts';
import type { ActivityFilter, AuditRow, NamedRef, RefWithin, Store } from '../../store/store.ts';
import { ActivityQuery, type ActivityRowWire, ActivityWire } from '../../wire/activity.ts';
import { callerOf } from '../context.ts';
import { readCredentialOf, readNanos, readPage } from '../kit/read.ts';

const schema = {
  tags: ['Activity'],
  summary: "What the account's keys did, and what was refused to them, newest first",
  description:
    'Rows of the audit log about this account. A page looks at no more than 10,000 rows: with a filter it may come short, even empty, and still have a next one.',
  querystring: ActivityQuery,
  response: { 200: ActivityWire },
  errors: ['INVALID_REQUEST_PARAMETER'],
  'x-extension': true,
} as const satisfies FastifySchema;

export interface ActivityRouteDeps {
  readonly store: Pick<Store, 'activity' | 'namesOf'>;
}

export function registerActivityRoute(server: FastifyInstance, { store }: ActivityRouteDeps): void {
  const app = server.withTypeProvider<TypeBoxTypeProvider>();
  app.get('/countersign/v1/audit', { schema }, async (request) => {
    const { account } = callerOf(request).principal.credential;
    const page = await store.activity(account, filterOf(account, request.query), readPage('activity', request.query));
    const refs = page.rows.flatMap((row) => [refOfActor(row.actor), refOfSubject(row.subject)]);
    const names = await store.namesOf(
      account,
      refs.filter((ref) => ref !== undefined),
    );
    const byText = new Map(names.map((named) => [actorOf(named), named]));
    return { results: page.rows.map((row) => rowToWire(account, row, byText)), next: page.next ?? null };
  });
}

function filterOf(account: AccountId, { credential, action, outcome, from, to }: ActivityQuery): ActivityFilter {
  const filter = {
    credential: credential === undefined ? undefined : readCredentialOf(account, credential),
    actions: actionsIn(action, outcome),
    from: from === undefined ? undefined : readNanos('from', from),
    to: to === undefined ? undefined : readNanos('to', to),
  };
  // A span that can hold no row: an empty answer would read as "nothing happened".
  if (filter.from !== undefined && filter.to !== undefined && filter.from >= filter.to) {
    throw new ApiError('INVALID_REQUEST_PARAMETER', 'from must be before to, which is not inside the span');
  }
  return filter;
}

/** Undefined = every action. */
function actionsIn(action: string | undefined, outcome: string | undefined): readonly AuditAction[] | undefined {
  const named = action === undefined ? undefined : [...new Set(action.split(',').map(readAction))];
  if (outcome === undefined) return named;
  const known = auditOutcomes.find((one) => one === outcome);
  if (known === undefined) {
    throw new ApiError('INVALID_REQUEST_PARAMETER', `outcome must be one of ${auditOutcomes.join(', ')}`);
  }
  const ofOutcome = actionsOf(known);
  return named === undefined ? ofOutcome : ofOutcome.filter((one) => named.includes(one));
}

function readAction(text: string): AuditAction {
  if (isAuditAction(text)) return text;
  const near = nearest(text, Object.keys(auditActions));
  throw new ApiError('INVALID_REQUEST_PARAMETER', `no such action; did you mean ${near}?`);
}

function refOfActor(actor: string): RefWithin | undefined {
  const [, kind, id = ''] = /^([a-z]+):(.+)$/.exec(actor) ?? [];
  return isCredentialKind(kind) && kindTable[kind].id.test(id) ? { kind, id } : undefined;
}

function refOfSubject(subject: string): RefWithin | undefined {
  const [, kind, id] = /^credential\/[^/]+\/([^/]+)\/(.+)$/.exec(subject) ?? [];
  return refOfActor(`${kind}:${id}`);
}

/** Those who act without a credential. */
const others: Readonly<Record<string, string>> = { operator: 'operator', schedule: 'system', '': 'nobody' };

function rowToWire(account: AccountId, row: AuditRow, names: ReadonlyMap<string, NamedRef>): ActivityRowWire {
  const { id, at, action, actor, subject, requestId, clientIp, detail } = row;
  const by = refOfActor(actor);
  const about = refOfSubject(subject);
  const nameOf = ({ kind, id }: RefWithin) => ({ kind, id, name: names.get(actorOf({ kind, id }))?.name ?? '' });
  const other = others[actor];
  return {
    id,
    at,
    action,
    actor: by === undefined ? { kind: other ?? actor, id: '', name: '' } : nameOf(by),
    // Sign-outs, locks and restores are about the account.
    subject:
      about === undefined ? { kind: 'account', id: account, name: '' } : { ...nameOf(about), ...labelOf(about, names) },
    request_id: requestId,
    // The operator's own address is not the owner's business.
    client_ip: other === undefined || other === 'nobody' ? clientIp : '',
    detail: shownDetail(action, detail),
  };
}

function labelOf(ref: RefWithin, names: ReadonlyMap<string, NamedRef>) {
  const label = names.get(actorOf(ref))?.label;
  const member = kindTable[ref.kind].label;
  if (label === undefined || (member !== 'public_key' && member !== 'lookup_id')) return {};
  return { [member]: label };
}
