// The audit log as JSON lines, streamed page by page: it is never in memory as a whole.
import { Readable } from 'node:stream';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { nearest } from '../../config/nearest.ts';
import { MAX_CREDENTIAL_TEXT, readCredentialText } from '../../credentials/credential-text.ts';
import type { FindCredentials } from '../../credentials/find-credentials.ts';
import { noSuchAccount, readAccount } from '../../credentials/known-account.ts';
import { parseIp } from '../../domain/allowlist.ts';
import { type AuditAction, auditActions, isAuditAction } from '../../domain/audit-action.ts';
import { type AccountId, type CredentialRef, credentialSubject, NO_ACCOUNT } from '../../domain/credential.ts';
import { type Clock, isoTime, type UnixNanos, unixNanos } from '../../domain/time.ts';
import { ApiError } from '../../errors.ts';
import { readCursor } from '../../http/kit/read.ts';
import type { AuditFilter, AuditRow, Store } from '../../store/store.ts';

const AuditQuery = Type.Object(
  {
    account: Type.Optional(Type.String()),
    credential: Type.Optional(Type.String({ maxLength: MAX_CREDENTIAL_TEXT })),
    action: Type.Optional(Type.String()),
    address: Type.Optional(Type.String()),
    request_id: Type.Optional(Type.String()),
    from: Type.Optional(Type.String()),
    to: Type.Optional(Type.String()),
    cursor: Type.Optional(Type.String({ maxLength: 40 })),
  },
  { additionalProperties: false },
);

const PAGE_ROWS = 500;

export function registerAuditRoute(
  server: FastifyInstance,
  deps: {
    readonly store: Pick<Store, 'account' | 'audit' | 'receipts' | 'lastAuditTime'>;
    readonly credentials: FindCredentials;
    readonly clock: Clock;
  },
): void {
  server
    .withTypeProvider<TypeBoxTypeProvider>()
    .get('/operator/v1/audit', { schema: { querystring: AuditQuery } }, async (request, reply) => {
      const { account, credential, action, address, request_id, from, to } = request.query;
      const cursor = readCursor('audit', request.query.cursor);
      const filter: AuditFilter = {
        account: account === undefined ? undefined : await requireKnown(deps.store, readAccount(account)),
        credential: credential === undefined ? undefined : await readCredential(deps.credentials, credential),
        action: action === undefined ? undefined : readAction(action),
        address: address === undefined ? undefined : readAddress(address),
        requestId: request_id === undefined ? undefined : readRequestId(request_id),
        from: from === undefined ? undefined : readTime('from', from),
        to: to === undefined ? await justAfterAll(deps) : readTime('to', to),
      };
      if (filter.from !== undefined && filter.from >= filter.to) throw emptySpan(filter.to, to !== undefined);
      return reply
        .type('application/x-ndjson; charset=utf-8')
        .send(Readable.from(lines(deps.store, filter, cursor), { objectMode: false }));
    });
}

// A span that can hold no row is refused: an empty answer would read as "nothing happened".
const emptySpan = (to: UnixNanos, isGiven: boolean): ApiError =>
  new ApiError(
    'INVALID_REQUEST_PARAMETER',
    isGiven
      ? 'from must be before to, which is not inside the span: no row lies between them. A whole day is from=2026-11-21, to=2026-11-22'
      : `from lies ahead: it is ${isoTime(to)} here, in UTC, and there are no later rows`,
  );

// Rows written while we read are left out, or the answer might never end. Rows of a wrong clock may lie ahead of now.
async function justAfterAll({
  store,
  clock,
}: Pick<Parameters<typeof registerAuditRoute>[1], 'store' | 'clock'>): Promise<UnixNanos> {
  const [now, last] = [clock.now(), await store.lastAuditTime()];
  return unixNanos((now > last ? now : last) + 1n);
}

async function* lines(store: Pick<Store, 'audit' | 'receipts'>, filter: AuditFilter, from: string | undefined) {
  let cursor = from;
  do {
    const { rows, next } = await store.audit(filter, { limit: PAGE_ROWS, cursor });
    const receiptOf = await receiptsOf(store, rows);
    if (rows.length > 0) yield rows.map((row) => lineOf(row, receiptOf(row))).join('');
    cursor = next;
  } while (cursor !== undefined);
}

/** A row that belongs to no change, as nearly all do, has no receipt. */
const withoutReceipt: ReadonlySet<string> = new Set<AuditAction>([
  'login',
  'login.refused',
  'request.refused',
  'terminal_token.issued',
  'ending.receipt',
]);

// A receipt is known only after its ending's row was written, and stands in a row of its own: joined here.
async function receiptsOf(
  store: Pick<Store, 'receipts'>,
  rows: readonly AuditRow[],
): Promise<(row: AuditRow) => string | undefined> {
  const asked = rows.filter(({ action }) => !withoutReceipt.has(action)).map(({ requestId }) => requestId);
  const found = new Map<string, string>();
  for (const { requestId, subject, detail } of await store.receipts([...new Set(asked)])) {
    const { action, nodes, ms, in_flight } = objectIn(detail);
    found.set([requestId, subject, action].join(' '), JSON.stringify({ nodes, ms, in_flight }));
  }
  return ({ requestId, subject, action }) => found.get([requestId, subject, action].join(' '));
}

/** Empty for a damaged row. */
function objectIn(stored: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(stored);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

// Integers above 2^53 keep all digits; `cursor` resumes after this row.
const lineOf = (row: AuditRow, receipt: string | undefined): string =>
  `{"id":${row.id},"at":${row.at},"time":"${isoTime(row.at)}",${[
    ['account', row.account],
    ['action', row.action],
    ['actor', row.actor],
    ['subject', row.subject],
    ['request_id', row.requestId],
    ['client_ip', row.clientIp],
    ['cursor', `${row.at}.${row.id}`],
  ]
    .map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`)
    .join(',')},"detail":${detailOf(row.detail)}${receipt === undefined ? '' : `,"receipt":${receipt}`}}\n`;

// A damaged row is shown as its text, and never breaks the line.
function detailOf(stored: string): string {
  try {
    return JSON.stringify(JSON.parse(stored));
  } catch {
    return JSON.stringify(stored);
  }
}

/** An existing account: a mistyped address, or a public key in its place, must not be answered by "no rows". */
async function requireKnown(store: Pick<Store, 'account'>, account: AccountId): Promise<AccountId> {
  if (account !== NO_ACCOUNT && (await store.account(account)) === undefined) throw noSuchAccount(account);
  return account;
}

/** The credential that a text names. Rows of a deleted one are still found by `credential/<account>/<kind>/<id>`. */
async function readCredential(credentials: FindCredentials, text: string): Promise<CredentialRef> {
  const read = readCredentialText(text);
  if (read?.kind === 'row' && read.account !== undefined) return { account: read.account, kind: read.of, id: read.id };
  const found = await credentials.find(text);
  const refs = found.by === 'client' || found.bearer?.verified === false ? [] : found.results.map(({ ref }) => ref);
  const [ref, ...others] = refs;
  if (ref === undefined) throw new ApiError('NOT_FOUND', 'no credential has that name');
  if (others.length === 0) return ref;
  const names = refs.map(credentialSubject);
  throw new ApiError('NOT_UNIQUE', `${refs.length} credentials have that name; say which: ${names.join(', ')}`, {
    data: { credentials: names },
  });
}

function readAction(text: string): AuditAction {
  if (isAuditAction(text)) return text;
  const near = nearest(text, Object.keys(auditActions));
  throw new ApiError('INVALID_REQUEST_PARAMETER', `no such action; did you mean ${near}?`);
}

function readAddress(text: string): string {
  const ip = parseIp(text);
  if (ip === undefined) throw new ApiError('INVALID_REQUEST_PARAMETER', 'address must be one IPv4 or IPv6 address');
  return ip.text;
}

function readRequestId(text: string): string {
  if (/^[0-9a-f-]{36}$/i.test(text)) return text.toLowerCase();
  throw new ApiError('INVALID_REQUEST_PARAMETER', 'request_id must be one of ours, as Countersign-Request-Id has it');
}

const TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d{1,3})?Z)?$/;

function readTime(name: string, text: string): UnixNanos {
  const millis = TIME.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(millis)) {
    throw new ApiError(
      'INVALID_REQUEST_PARAMETER',
      `${name} must be a time in UTC: 2026-11-21 or 2026-11-21T08:30:00Z`,
    );
  }
  return unixNanos(BigInt(millis) * 1_000_000n);
}
