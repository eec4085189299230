// GET /countersign/v1/explain: why one request of the caller's account was refused, by its request id.
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance, FastifySchema } from 'fastify';
import { isCredentialKind } from '../../domain/kinds.ts';
import { ApiError } from '../../errors.ts';
import { readDetail } from '../../explain/detail.ts';
import type { Explainer } from '../../explain/explainer.ts';
import type { Explanation, Store } from '../../store/store.ts';
import { ExplainQuery, type ExplanationWire, ExplanationWire as Wire } from '../../wire/activity.ts';
import { callerOf } from '../context.ts';

const schema = {
  tags: ['Activity'],
  summary: 'Why one request was refused, with the values of that moment',
  description:
    'By the id of the refused request, which its answer had in Countersign-Request-Id. Only of requests whose credential was proven, and only to the owner of its account. Members that do not apply are null.',
  querystring: ExplainQuery,
  response: { 200: Wire },
  errors: ['INVALID_REQUEST_PARAMETER', 'NOT_FOUND'],
  'x-extension': true,
} as const satisfies FastifySchema;

export interface ExplainRouteDeps {
  readonly explainer: Pick<Explainer, 'explanation'>;
  readonly store: Pick<Store, 'namesOf'>;
}

export function registerExplainRoute(server: FastifyInstance, { explainer, store }: ExplainRouteDeps): void {
  const app = server.withTypeProvider<TypeBoxTypeProvider>();
  app.get('/countersign/v1/explain', { schema }, async (request) => {
    const { account } = callerOf(request).principal.credential;
    const explanation = await explainer.explanation(account, readRequestId(request.query.request_id));
    if (explanation === undefined) {
      throw new ApiError(
        'NOT_FOUND',
        'no refusal of this account with that request id; those before any proof are only counted',
      );
    }
    const [kind = '', id = ''] = explanation.credential.split(':');
    const [named] = isCredentialKind(kind) ? await store.namesOf(account, [{ kind, id }]) : [];
    return explanationToWire(explanation, { kind, id, name: named?.name ?? '' });
  });
}

function readRequestId(text: string): string {
  if (/^[0-9a-f-]{36}$/i.test(text)) return text.toLowerCase();
  throw new ApiError('INVALID_REQUEST_PARAMETER', 'request_id must be one of ours, as Countersign-Request-Id has it');
}

function explanationToWire(
  { requestId, at, route, reason, others, detail }: Explanation,
  credential: ExplanationWire['credential'],
): ExplanationWire {
  const kept = readDetail(detail);
  const { limit } = kept;
  const signedAt = kept.signedAt === undefined ? null : BigInt(kept.signedAt);
  return {
    request_id: requestId,
    at,
    credential,
    route,
    method: kept.method ?? '',
    reason,
    code: kept.code ?? '',
    status: kept.status ?? 0,
    message: kept.message ?? '',
    client_ip: kept.clientIp || null,
    hops: kept.hops?.map(({ address, trusted }) => ({ address, trusted })) ?? [],
    permission_needed: kept.permissionNeeded ?? null,
    permissions_held: kept.permissionsHeld === undefined ? null : [...kept.permissionsHeld],
    allowed_cidrs: kept.allowedCidrs === undefined ? null : [...kept.allowedCidrs],
    limit:
      limit === undefined
        ? null
        : {
            bucket: limit.bucket,
            limit: limit.limit,
            window_seconds: limit.windowSeconds,
            retry_after_seconds: limit.retryAfterSeconds,
          },
    signed_at: signedAt,
    server_time: signedAt === null ? null : at,
    expired_seconds: kept.expiredSeconds ?? null,
    order_index: kept.orderIndex ?? null,
    others_in_minute: others,
  };
}
