// The wire form of the audit log as owners read it, and of why a request was refused (docs/wire.md section 20).
import Type, { type Static } from 'typebox';
import { auditOutcomes } from '../domain/audit-action.ts';
import { BigInteger, closed, described, NextCursor, pageMembers, SHOWN, UnixNanosWire } from './common.ts';

const named = {
  kind: Type.String({
    description: 'A kind of credential; account, operator, system, or nobody where no credential acted.',
  }),
  id: Type.String({ description: 'Its row id; empty for operator, system and nobody.' }),
  name: Type.String({ description: 'Its name as it is now; empty where it has none.' }),
};
const requestId = Type.String({ description: 'As in Countersign-Request-Id; empty where no request was made.' });
const clientIp = Type.String({ description: 'Empty when it could not be told, and for the operator.' });

const ActivityRowWire = Type.Object(
  {
    id: described(BigInteger, 'Its place: rows are in the order of writing.'),
    at: described(BigInteger, 'When it was written, in unix nanoseconds.'),
    action: Type.String({ description: 'As docs/operator.md lists them.' }),
    actor: Type.Object(named, closed),
    subject: Type.Object(
      { ...named, public_key: Type.Optional(Type.String()), lookup_id: Type.Optional(Type.String()) },
      closed,
    ),
    request_id: requestId,
    client_ip: clientIp,
    detail: Type.Unsafe<Readonly<Record<string, unknown>>>({
      type: 'object',
      additionalProperties: true,
      description: 'By action; times are unix nanoseconds. Without signatures and wallet messages.',
    }),
  },
  closed,
);
export type ActivityRowWire = Static<typeof ActivityRowWire>;

export const ActivityWire = Type.Object({ results: Type.Array(ActivityRowWire), next: NextCursor }, closed);

const nanosText = (description: string) =>
  Type.Optional(Type.String({ [SHOWN]: { pattern: '^[0-9]{1,19}$' }, maxLength: 64, description }));

export const ActivityQuery = Type.Object(
  {
    ...pageMembers,
    credential: Type.Optional(
      Type.String({ maxLength: 64, description: 'kind:id. Rows about this credential, and rows of its own acts.' }),
    ),
    action: Type.Optional(Type.String({ maxLength: 1024, description: 'One action, or several with commas between.' })),
    outcome: Type.Optional(Type.String({ maxLength: 64, [SHOWN]: { enum: [...auditOutcomes] } })),
    from: nanosText('Unix nanoseconds, inclusive.'),
    to: nanosText('Unix nanoseconds, exclusive.'),
  },
  closed,
);
export type ActivityQuery = Static<typeof ActivityQuery>;

export const ExplainQuery = Type.Object(
  { request_id: Type.String({ maxLength: 64, description: 'Of Countersign-Request-Id.' }) },
  closed,
);

/** No union of types: the serializer knows of no type that a bigint has. */
const orNull = <T>(schema: { readonly type: string } & Readonly<Record<string, unknown>>) =>
  Type.Unsafe<T | null>({ ...schema, nullable: true, [SHOWN]: { type: [schema.type, 'null'] } });
const textOrNull = (description: string) => orNull<string>({ type: 'string', description });
const countOrNull = (description: string) => orNull<number>({ type: 'integer', format: 'int64', description });
const Count = Type.Integer({ format: 'int64' });
const nanosOrNull = (description: string) => orNull<bigint>({ type: 'integer', format: 'int64', description });
const textsOrNull = (description: string) =>
  orNull<string[]>({ type: 'array', items: { type: 'string' }, description });

const Limit = Type.Object(
  { bucket: Type.String(), limit: Count, window_seconds: Count, retry_after_seconds: Count },
  closed,
);
const Hop = Type.Object({ address: Type.String(), trusted: Type.Boolean() }, closed);

export const ExplanationWire = Type.Object(
  {
    request_id: requestId,
    at: UnixNanosWire,
    credential: Type.Object(named, closed),
    route: Type.String({ description: 'METHOD /pattern.' }),
    method: Type.String({ description: 'As it was sent.' }),
    reason: Type.String({
      description: "A reason of docs/errors.md; for other errors their code, or the audit log's word for it.",
    }),
    code: Type.String(),
    status: Count,
    message: Type.String({ description: 'As it was answered.' }),
    client_ip: textOrNull('As this server saw it; null when it could not be told.'),
    hops: Type.Array(Hop, {
      description:
        'The other addresses that the request named, the nearest first: trusted are the proxies between us and the client; the others anybody can write.',
    }),
    permission_needed: textOrNull('For permission_missing and read_only_method.'),
    permissions_held: textsOrNull('Likewise.'),
    allowed_cidrs: textsOrNull('For refusals by address: the allowlist at that moment, its first 50 entries.'),
    limit: orNull<Static<typeof Limit>>({ ...Limit, description: 'For rate_limited.' }),
    signed_at: nanosOrNull('For refusals of a time: the one that was signed, in unix nanoseconds.'),
    server_time: nanosOrNull('Likewise: the time here, in unix nanoseconds.'),
    expired_seconds: countOrNull('For bearer_expired: how long ago the bearer had ended.'),
    order_index: countOrNull('For an order of a list: which, from 0.'),
    others_in_minute: Type.Integer({
      format: 'int64',
      description: 'Refusals of the same credential, reason and route in that minute that are only counted.',
    }),
  },
  closed,
);
export type ExplanationWire = Static<typeof ExplanationWire>;
