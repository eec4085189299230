// How an error looks, whichever operation it stands at (docs/wire.md section 11).
import { type ErrorCode, errorStatus } from '../errors.ts';
import { siweProblems } from '../ethereum/siwe.ts';
import type { JsonObject } from '../wire/json.ts';

/** Every member that `data` of an error may have. */
const errorData: JsonObject = {
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

/** For components/schemas. */
export const errorSchemas: JsonObject = {
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
};

/** An error that has one of these codes; a 429 has none in its body. */
export const errorSchema = (status: number, codes: readonly ErrorCode[]): JsonObject =>
  status === 429
    ? { $ref: '#/components/schemas/RateLimited' }
    : { allOf: [{ $ref: '#/components/schemas/Error' }], properties: { error: { enum: codes } } };
