// What one operation may answer, by status: its successes as the handlers declare them, and every refusal that may stand in its place.
import type { Route } from '../access/route-table.ts';
import { type ErrorCode, errorStatus } from '../errors.ts';
import { errorSchema, headersOf, orVenues, sharedAnswers } from './openapi-parts.ts';
import { isObject, type Json, type JsonObject, shown } from './openapi-schemas.ts';
import type { OperationNote } from './operation-notes.ts';

/** What the handlers of one route declare to Fastify, as plain JSON Schema. */
export interface Declared {
  readonly query: JsonObject | undefined;
  readonly body: JsonObject | undefined;
  /** By status. */
  readonly answers: JsonObject;
}

/** By status. `note` is what no schema says. */
export function ownAnswers(route: Route, declared: Declared | undefined, note: OperationNote | undefined): JsonObject {
  const { query, body, answers = {} } = declared ?? {};
  const refusals = codesOf(route, note?.errors ?? []);
  // What Fastify finds wrong in either (framework-errors.ts).
  if (query !== undefined || body !== undefined) {
    for (const code of ['BINDING_ERROR', 'VALIDATION_ERROR'] as const) addTo(refusals, code);
  }
  if (note?.headers !== undefined) addTo(refusals, 'INVALID_REQUEST_PARAMETER');
  const bySuccess = Object.entries(answers).filter(([status]) => status.startsWith('2'));
  const successes: readonly (readonly [string, Json])[] =
    bySuccess.length === 0 ? [['200', { type: 'object' }]] : bySuccess;
  return {
    ...Object.fromEntries(successes.map(([status, schema]) => [status, success(status, schema, note)])),
    ...Object.fromEntries(
      [...refusals].map(([status, codes]) => [status, refusal(status, [...codes].sort(), answers[status])]),
    ),
  };
}

/** The same answers to HEAD. */
export function withoutBodies(answers: Json | undefined): JsonObject {
  return Object.fromEntries(
    Object.entries(isObject(answers) ? answers : {}).map(([status, answer]) => {
      const { content, $ref, ...rest } = isObject(answer) ? answer : {};
      return [status, typeof $ref === 'string' ? response(`Bare${$ref.split('/').at(-1)}`) : rest];
    }),
  );
}

/** Of a forwarded route: whatever the venue answers, or an error of ours. */
export function venueAnswers(route: Route): JsonObject {
  const refusals = codesOf(route, route.order === undefined ? [] : orderCodes);
  return {
    204: response('VenueDone'),
    '2XX': response('Venue'),
    ...Object.fromEntries([...refusals].map(([status, codes]) => [status, venueRefusal(status, [...codes].sort())])),
    default: response('VenueOther'),
  };
}

// --- which codes ---

type Codes = Map<number, Set<ErrorCode>>;

function addTo(codes: Codes, code: ErrorCode, status: number = errorStatus[code]): void {
  codes.set(status, (codes.get(status) ?? new Set()).add(code));
}

/** Before its operation is known, or by whatever it depends on. */
const anywhere: readonly ErrorCode[] = [
  'INVALID_REQUEST_PARAMETER',
  'REQUEST_TIMEOUT',
  'URI_TOO_LONG',
  'RATE_LIMITED',
  'HEADERS_TOO_LARGE',
  'INTERNAL_ERROR',
  'SERVICE_UNAVAILABLE',
];
const withParameters: readonly ErrorCode[] = ['NOT_FOUND', 'METHOD_NOT_ALLOWED'];
const withBearer: readonly ErrorCode[] = [
  'UNAUTHORIZED_ERROR',
  'INVALID_TOKEN_SCOPE',
  'IP_NOT_ALLOWED',
  'REQUEST_NOT_ALLOWED',
];
/** Any request but GET may have a body, read or not. */
const withAnyBody: readonly ErrorCode[] = ['PAYLOAD_TOO_LARGE', 'BINDING_ERROR'];
const orderCodes: readonly ErrorCode[] = [
  'INVALID_ORDER_SIGNATURE',
  'ORDER_ALREADY_SENT',
  'ISOLATED_MARKET_ACCOUNT_MISMATCH',
];

export const isPrivate = ({ access }: Route): boolean => access !== 'public' && access !== 'self-signed';

function codesOf(route: Route, own: readonly (ErrorCode | readonly [ErrorCode, number])[]): Codes {
  const codes: Codes = new Map();
  const groups = [
    anywhere,
    route.path.includes('{') ? withParameters : [],
    isPrivate(route) ? withBearer : [],
    route.method === 'GET' ? [] : withAnyBody,
  ];
  for (const code of groups.flat()) addTo(codes, code);
  for (const error of own) {
    if (typeof error === 'string') addTo(codes, error);
    else addTo(codes, ...error);
  }
  return new Map([...codes].sort(([a], [b]) => a - b));
}

// --- how they look ---

const response = (name: string): JsonObject => ({ $ref: `#/components/responses/${name}` });
const json = (schema: Json): JsonObject => ({ 'application/json': { schema } });

function success(status: string, schema: Json, note: OperationNote | undefined): JsonObject {
  return {
    description: status === '201' ? 'Created.' : 'Done.',
    headers: headersOf(Number(status), note?.receipt === true ? ['Countersign-Revocation'] : []),
    content: note?.mediaType === undefined ? json(shown(schema)) : { [note.mediaType]: { schema: { type: 'string' } } },
  };
}

/** `declared`: the same status may also be another answer than an error. */
function refusal(status: number, codes: readonly ErrorCode[], declared: Json | undefined): JsonObject {
  const known = sharedAnswers.get(`${status} ${codes.join()}`);
  if (known !== undefined && declared === undefined) return response(known);
  const error = errorSchema(status, codes);
  return {
    description: codes.join(', '),
    headers: headersOf(status, status === 503 ? ['Retry-After'] : []),
    content: json(declared === undefined ? error : { anyOf: [shown(declared), error] }),
  };
}

function venueRefusal(status: number, codes: readonly ErrorCode[]): JsonObject {
  const ours = refusal(status, codes, undefined);
  const { $ref } = ours;
  if (typeof $ref === 'string') return response(`Venue${$ref.split('/').at(-1)}`);
  return {
    ...ours,
    description: `${codes.join(', ')}; or the venue's own.`,
    content: orVenues(errorSchema(status, codes)),
  };
}
