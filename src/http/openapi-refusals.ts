// The refusals of each operation in openapi.json, and the answers that many operations share.
import type { Route } from '../access/route-table.ts';
import { type ErrorCode, errorStatus } from '../errors.ts';
import { isObject, type Json, type JsonObject } from '../wire/json.ts';
import { errorSchema } from './openapi-errors.ts';

/** A code of one operation; with its status there, where that differs from the usual one. */
export type OwnError = ErrorCode | readonly [ErrorCode, number];

// --- which codes ---

type Codes = Map<number, Set<ErrorCode>>;

export function addTo(codes: Codes, code: ErrorCode, status: number = errorStatus[code]): void {
  codes.set(status, (codes.get(status) ?? new Set()).add(code));
}

/** Of every operation: given before the operation is known, or when a part of the service fails. */
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

/** By status, in order; `own` are those of the operation itself. */
export function codesOf(route: Route, own: readonly OwnError[]): Codes {
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

interface SharedAnswer {
  readonly codes: readonly ErrorCode[];
  readonly description: string;
  readonly headers?: readonly string[];
}

/** The refusals that many operations share, by name. */
const shared: Readonly<Record<string, SharedAnswer>> = {
  Unreadable: {
    codes: ['INVALID_REQUEST_PARAMETER'],
    description: 'INVALID_REQUEST_PARAMETER: it is not HTTP/1.1, has not exactly one Host, or a GET has a body.',
  },
  UnreadableBody: {
    codes: ['BINDING_ERROR', 'INVALID_REQUEST_PARAMETER'],
    description: 'BINDING_ERROR: the body cannot be read. INVALID_REQUEST_PARAMETER: the request cannot.',
  },
  Unauthorized: {
    codes: ['UNAUTHORIZED_ERROR'],
    description: 'UNAUTHORIZED_ERROR: no bearer, or one that is dead; the message says why.',
    headers: ['WWW-Authenticate'],
  },
  Forbidden: {
    codes: ['INVALID_TOKEN_SCOPE', 'IP_NOT_ALLOWED', 'REQUEST_NOT_ALLOWED'],
    description:
      'INVALID_TOKEN_SCOPE: the credential may not do this. IP_NOT_ALLOWED: not from this address, which data.client_ip names (null when it could not be told). REQUEST_NOT_ALLOWED: the account is locked, or the operation is off.',
  },
  NotFound: { codes: ['NOT_FOUND'], description: 'NOT_FOUND: nothing is there.' },
  MethodNotAllowed: {
    codes: ['METHOD_NOT_ALLOWED'],
    description: 'METHOD_NOT_ALLOWED: with this parameter it is another path, which does not answer that method.',
    headers: ['Allow'],
  },
  RequestTimeout: { codes: ['REQUEST_TIMEOUT'], description: 'REQUEST_TIMEOUT: it did not arrive in time.' },
  PayloadTooLarge: { codes: ['PAYLOAD_TOO_LARGE'], description: 'PAYLOAD_TOO_LARGE: the body is too large.' },
  UriTooLong: { codes: ['URI_TOO_LONG'], description: 'URI_TOO_LONG: the path, or a part of it, is too long.' },
  HeadersTooLarge: { codes: ['HEADERS_TOO_LARGE'], description: 'HEADERS_TOO_LARGE: the headers are too large.' },
  RateLimited: {
    codes: ['RATE_LIMITED'],
    description: 'RATE_LIMITED: too many requests. Without a code in the body.',
    headers: ['Retry-After'],
  },
  OnboardingRateLimited: {
    codes: ['ONBOARDING_RATE_LIMITED', 'RATE_LIMITED'],
    description: 'ONBOARDING_RATE_LIMITED, RATE_LIMITED: too many requests. Without a code in the body.',
    headers: ['Retry-After'],
  },
  InternalError: {
    codes: ['INTERNAL_ERROR'],
    description: 'INTERNAL_ERROR: a defect of ours; the message names the request in the logs of the operator.',
  },
  Unavailable: {
    codes: ['SERVICE_UNAVAILABLE'],
    description: 'SERVICE_UNAVAILABLE: the store or the venue cannot be reached now, or did not answer in time.',
    headers: ['Retry-After'],
  },
};

const statusOf = ({ codes: [code = 'INTERNAL_ERROR'] }: SharedAnswer): number => errorStatus[code];

/** The name of a shared answer, by its status and codes: `404 NOT_FOUND`. */
const sharedAnswers: ReadonlyMap<string, string> = new Map(
  Object.entries(shared).map(([name, answer]) => [`${statusOf(answer)} ${answer.codes.join()}`, name]),
);

const venuesOwn = { type: 'object', description: "The venue's own." } as const;
/** Of an error of ours that the venue, too, may give in its own way. */
const orVenues = (error: JsonObject): JsonObject => ({
  'application/json': { schema: { anyOf: [error, venuesOwn] } },
});

/** Refused before it was counted. */
const uncounted: readonly number[] = [
  errorStatus.REQUEST_TIMEOUT,
  errorStatus.URI_TOO_LONG,
  errorStatus.HEADERS_TOO_LARGE,
];
const counts = ['X-RateLimit-Limit', 'X-RateLimit-Remaining', 'X-RateLimit-Reset', 'X-Ratelimit-Window'];

/** Those of every answer with this status, and `more`. */
export function headersOf(status: number, more: readonly string[]): JsonObject {
  const names = ['Countersign-Request-Id', ...more, ...(uncounted.includes(status) ? [] : counts)];
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

/** Each shared answer thrice: as we give it, to HEAD, and where the venue may have given it. */
function thrice(): JsonObject {
  return Object.fromEntries(
    Object.entries(shared).flatMap(([name, answer]) => {
      const schema = errorSchema(statusOf(answer), answer.codes);
      const { description } = answer;
      const headers = headersOf(statusOf(answer), answer.headers ?? []);
      return [
        [name, { description, headers, content: { 'application/json': { schema } } }],
        [`Bare${name}`, { description, headers }],
        [`Venue${name}`, { description: `${description} Or the venue's own.`, headers, content: orVenues(schema) }],
      ];
    }),
  );
}

const integerHeader = (description: string) => ({ description, schema: { type: 'integer' } });
const textHeader = (description: string) => ({ description, schema: { type: 'string' } });

/** For components/headers. */
export const answerHeaders: JsonObject = {
  Allow: textHeader('The methods that the path answers.'),
  'Countersign-Request-Id': {
    ...textHeader('Names the request in the logs of the operator. On every answer.'),
    required: true,
    schema: { type: 'string', format: 'uuid' },
  },
  'Countersign-Revocation': textHeader(
    'nodes=1; ms=3; in_flight=0: the nodes that have applied the change, how long that took, and how many requests of the credential had already left for the venue.',
  ),
  'Retry-After': integerHeader('Seconds. On 429 and 503 only.'),
  'WWW-Authenticate': textHeader('Bearer'),
  'X-RateLimit-Limit': integerHeader(
    'Requests per window of the tightest limit. While rate limits are on, on every answer but to what was refused before it could be read: 400 for what is not HTTP/1.1 or has not exactly one Host, 408, 414, 431.',
  ),
  'X-RateLimit-Remaining': integerHeader('Requests left now.'),
  'X-RateLimit-Reset': integerHeader('When the limit is full again, in unix seconds.'),
  'X-Ratelimit-Window': integerHeader('Seconds of the window.'),
};

/** For components/responses. */
export const sharedResponses: JsonObject = {
  ...thrice(),
  VenueDone: { description: "The venue's own answer, without a body." },
  Venue: {
    description: "The venue's own answer, as it came.",
    headers: headersOf(200, []),
    content: { 'application/json': { schema: {} } },
  },
  VenueOther: { description: 'Whatever else the venue answers.' },
};

const response = (name: string): JsonObject => ({ $ref: `#/components/responses/${name}` });

/** `declared`: with the same status the operation may also give another answer than an error. */
export function refusal(status: number, codes: readonly ErrorCode[], declared: Json | undefined): JsonObject {
  const known = sharedAnswers.get(`${status} ${codes.join()}`);
  if (known !== undefined && declared === undefined) return response(known);
  const error = errorSchema(status, codes);
  return {
    description: codes.join(', '),
    headers: headersOf(status, status === 503 ? ['Retry-After'] : []),
    content: { 'application/json': { schema: declared === undefined ? error : { anyOf: [declared, error] } } },
  };
}

/** Of a forwarded route: an open success, and the errors that we give. */
export function venueAnswers(route: Route): JsonObject {
  const refusals = codesOf(route, route.order === undefined ? [] : orderCodes);
  return {
    204: response('VenueDone'),
    '2XX': response('Venue'),
    ...Object.fromEntries([...refusals].map(([status, codes]) => [status, venueRefusal(status, [...codes].sort())])),
    default: response('VenueOther'),
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

/** The same answers to HEAD. */
export function withoutBodies(answers: Json | undefined): JsonObject {
  return Object.fromEntries(
    Object.entries(isObject(answers) ? answers : {}).map(([status, answer]) => {
      const { content, $ref, ...rest } = isObject(answer) ? answer : {};
      return [status, typeof $ref === 'string' ? response(`Bare${$ref.split('/').at(-1)}`) : rest];
    }),
  );
}
