// The parts of openapi.json that belong to no single operation: how to authenticate, how an error looks, what headers mean.

import { refusalErrorOf } from '../access/refusal.ts';
import { denyReasons } from '../domain/decision.ts';
import { type ErrorCode, errorStatus } from '../errors.ts';

export const introduction = `The credential service of a trading venue, wire-compatible with Paradex's API.

Operations with x-served-by "us" are answered by Countersign and described here. Those with "venue" are forwarded to the venue behind it once the bearer, its permission and its allowlist have been checked; their bodies and answers are the venue's. What is not listed does not exist: 404 NOT_FOUND, or 405 METHOD_NOT_ALLOWED with Allow. Any request may also be refused before its operation is known: 400 INVALID_REQUEST_PARAMETER, 408 REQUEST_TIMEOUT, 413 PAYLOAD_TOO_LARGE, 414 URI_TOO_LONG, 431 HEADERS_TOO_LARGE.

x-access says who may call: "public" (a bearer is not looked at), "self-signed" (proves itself by a signature in headers or body), or the permission that the bearer's credential must hold. Main keys and wallets hold every permission; subkeys account:read, keys:read and trade; read-only tokens account:read, and only GET. x-rate-limit names the bucket that a request is charged to. x-extension marks what Paradex does not have.

Integers of nanoseconds and ids may exceed 2^53: read them as 64-bit integers. Members that are not described are ignored in bodies. Every answer of ours has Cache-Control: no-store.`;

export const errorContent = (...codes: readonly ErrorCode[]) => ({
  'application/json': {
    schema: { allOf: [{ $ref: '#/components/schemas/Error' }], properties: { error: { enum: codes } } },
  },
});
const integerHeader = (description: string) => ({ description, schema: { type: 'integer' } });
const textHeader = (description: string) => ({ description, schema: { type: 'string' } });
const header = (name: string) => ({ $ref: `#/components/headers/${name}` });

/** Codes that the decision about a private route can give, with this status. */
const decisionCodes = (status: number): readonly ErrorCode[] =>
  [...new Set(denyReasons.map((reason) => refusalErrorOf(reason).code))].filter((code) => errorStatus[code] === status);

export const sharedParts = {
  securitySchemes: {
    bearer: {
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description:
        'A session (300 seconds, from a login) or a read-only token. Exactly one Authorization header, at most 4 KiB.',
    },
  },
  headers: {
    'Countersign-Request-Id': textHeader('Names the request in the logs of the operator. On every answer.'),
    'Countersign-Revocation': textHeader(
      'nodes=1; ms=3; in_flight=0: the nodes that have applied the change, how long that took, and how many requests of the credential had already left for the venue.',
    ),
    'Retry-After': integerHeader('Seconds. On 429 and 503 only.'),
    'X-RateLimit-Limit': integerHeader(
      'Requests per window of the tightest limit. While rate limits are on, on every answer but to what was refused before it could be read: 400 for what is not HTTP/1.1 or has not exactly one Host, 408, 414, 431.',
    ),
    'X-RateLimit-Remaining': integerHeader('Requests left now.'),
    'X-RateLimit-Reset': integerHeader('When the limit is full again, in unix seconds.'),
    'X-Ratelimit-Window': integerHeader('Seconds of the window.'),
  },
  responses: {
    Unauthorized: {
      description: 'UNAUTHORIZED_ERROR: no bearer, or one that is dead; the message says why.',
      headers: { 'WWW-Authenticate': textHeader('Bearer') },
      content: errorContent(...decisionCodes(401)),
    },
    Forbidden: {
      description:
        'INVALID_TOKEN_SCOPE: the credential may not do this. IP_NOT_ALLOWED: not from this address. REQUEST_NOT_ALLOWED: the account is locked, or the operation is off.',
      content: errorContent(...decisionCodes(403)),
    },
    RateLimited: {
      description: 'Too many requests: RATE_LIMITED, without a code in the body.',
      headers: {
        'Retry-After': header('Retry-After'),
        'X-RateLimit-Limit': header('X-RateLimit-Limit'),
        'X-RateLimit-Remaining': header('X-RateLimit-Remaining'),
        'X-RateLimit-Reset': header('X-RateLimit-Reset'),
        'X-Ratelimit-Window': header('X-Ratelimit-Window'),
      },
      content: { 'application/json': { schema: { $ref: '#/components/schemas/RateLimited' } } },
    },
    InternalError: {
      description: 'INTERNAL_ERROR: a defect of ours; the message names the request in the logs of the operator.',
      content: errorContent('INTERNAL_ERROR'),
    },
    Unavailable: {
      description: 'SERVICE_UNAVAILABLE: the store or the venue cannot be reached now, or did not answer in time.',
      headers: { 'Retry-After': header('Retry-After') },
      content: errorContent(...decisionCodes(503)),
    },
    Venue: { description: "The venue's own answer, as it came." },
  },
  schemas: {
    Error: {
      type: 'object',
      description: 'Exactly these three members.',
      required: ['error', 'message', 'data'],
      properties: {
        error: { type: 'string', description: 'A code of docs/errors.md.' },
        message: { type: 'string', description: 'For people; may change.' },
        data: { type: ['object', 'null'], description: 'What a program may read; null when there is nothing.' },
      },
    },
    RateLimited: {
      type: 'object',
      description: 'A 429 has no error member: ccxt knows it by that.',
      required: ['message'],
      properties: { message: { type: 'string' } },
    },
  },
} as const;
