// The parts of openapi.json that belong to no single operation: how to authenticate, how an error looks, what headers mean.

import { type ErrorCode, errorStatus } from '../errors.ts';
import { siweProblems } from '../ethereum/siwe.ts';
import type { JsonObject } from './openapi-schemas.ts';

export const introduction = `The credential service of a trading venue, wire-compatible with Paradex's API.

Operations with x-served-by "us" are answered by Countersign and described here. Those with "venue" are forwarded to the venue behind it once the bearer, its permission and its allowlist have been checked; their bodies and answers are the venue's. What is not listed does not exist: 404 NOT_FOUND, or 405 METHOD_NOT_ALLOWED with Allow. HEAD answers wherever GET is served by us, with its headers and no body. Any request may also be refused before its operation is known: 400 INVALID_REQUEST_PARAMETER, 408 REQUEST_TIMEOUT, 413 PAYLOAD_TOO_LARGE, 414 URI_TOO_LONG, 431 HEADERS_TOO_LARGE.

x-access says who may call: "public" (a bearer is not looked at), "self-signed" (proves itself by a signature in headers or body), "possession" (a subkey or token, about itself), or the permission that the bearer's credential must hold. Main keys and wallets hold every permission; subkeys account:read, keys:read and trade; read-only tokens account:read, and only GET. x-rate-limit names the bucket that a request is charged to. x-extension marks what Paradex does not have.

Integers of nanoseconds and ids may exceed 2^53: read them as 64-bit integers. Members that are not described are ignored in bodies of ours; one that may be left out may be null, which is the same. Every answer of ours has Cache-Control: no-store.`;

/** An error that has one of these codes; a 429 has none in its body. */
export const errorSchema = (status: number, codes: readonly ErrorCode[]) =>
  status === 429
    ? { $ref: '#/components/schemas/RateLimited' }
    : { allOf: [{ $ref: '#/components/schemas/Error' }], properties: { error: { enum: codes } } };
const integerHeader = (description: string) => ({ description, schema: { type: 'integer' } });
const textHeader = (description: string) => ({ description, schema: { type: 'string' } });

/** What `data` of an error may hold, whichever it is. */
const errorData = {
  index: { type: 'integer', description: 'Which order of a list it is about, from 0.' },
  first_index: { type: 'integer', description: 'Which order of the list it is the same as.' },
  first_sent_at: { type: 'integer', format: 'int64', description: 'When it left for the venue, in unix nanoseconds.' },
  first_request_id: { type: 'string', format: 'uuid', description: 'Of the request by which it left.' },
  sent: {
    type: 'boolean',
    description: 'Whether the head of the request had left for the venue, which may then have acted on it.',
  },
  client_ip: { type: ['string', 'null'], description: 'The address that was seen; null when it could not be told.' },
  server_time: { type: 'integer', format: 'int64', description: 'Unix seconds.' },
  skew_seconds: {
    type: 'integer',
    format: 'int64',
    description: 'By how much the signed time is ahead; below zero, behind.',
  },
  wait_seconds: {
    type: 'integer',
    format: 'int64',
    description: 'After a sign-out: seconds until a new signature will do.',
  },
  field: { type: 'string', enum: siweProblems, description: 'What of an EIP-4361 message is not taken.' },
  used_at: { type: 'integer', format: 'int64', description: 'When the signature was used, in unix nanoseconds.' },
  activated_at: { type: 'integer', format: 'int64', description: 'Unix nanoseconds.' },
};

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
export const sharedAnswers: ReadonlyMap<string, string> = new Map(
  Object.entries(shared).map(([name, answer]) => [`${statusOf(answer)} ${answer.codes.join()}`, name]),
);

const venuesOwn = { type: 'object', description: "The venue's own." } as const;
/** Of an error of ours that the venue, too, may give in its own way. */
export const orVenues = (error: JsonObject): JsonObject => ({
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
function sharedResponses(): JsonObject {
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

export const sharedParts = {
  securitySchemes: {
    bearer: {
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description:
        'A session (300 seconds, from a login) or a read-only token. Exactly one Authorization header, at most 4 KiB.',
    },
    starkSignature: {
      type: 'apiKey',
      in: 'header',
      name: 'PARADEX-STARKNET-SIGNATURE',
      description: 'A signature of the Stark key over this one request, beside the headers that it covers.',
    },
    walletSignature: {
      type: 'apiKey',
      in: 'header',
      name: 'PARADEX-EVM-SIGNATURE',
      description: "A wallet's signature over PARADEX-SIWE-MESSAGE.",
    },
  },
  headers: {
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
  },
  responses: {
    ...sharedResponses(),
    VenueDone: { description: "The venue's own answer, without a body." },
    Venue: {
      description: "The venue's own answer, as it came.",
      headers: headersOf(200, []),
      content: { 'application/json': { schema: {} } },
    },
    VenueOther: { description: 'Whatever else the venue answers.' },
  },
  schemas: {
    Error: {
      type: 'object',
      description: 'Exactly these three members.',
      required: ['error', 'message', 'data'],
      properties: {
        error: { type: 'string', enum: Object.keys(errorStatus), description: 'A code of docs/errors.md.' },
        message: { type: 'string', description: 'For people; may change.' },
        data: {
          type: ['object', 'null'],
          description: 'What a program may read; null when there is nothing.',
          properties: errorData,
          additionalProperties: false,
        },
      },
    },
    RateLimited: {
      type: 'object',
      description: 'A 429 has no error member: ccxt knows it by that.',
      required: ['message'],
      properties: { message: { type: 'string' } },
      additionalProperties: false,
    },
  },
};
