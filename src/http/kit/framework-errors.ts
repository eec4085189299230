// Turns Fastify's own refusals (schema, body, path parameter) into documented errors. Texts of the framework about anything else never reach a
// client.
import type { FastifyError } from 'fastify';
import { ApiError } from '../../errors.ts';

/** Undefined when `error` is not one of Fastify's refusals. */
export function fromFastify(error: unknown): ApiError | undefined {
  if (!isFastifyError(error)) return undefined;
  const [problem] = error.validation ?? [];
  if (problem !== undefined) {
    const where = `${error.validationContext ?? 'request'}${problem.instancePath.replaceAll('/', '.')}`;
    const message = `${where} ${problem.message ?? 'is invalid'}`;
    if (problem.keyword === 'required') return new ApiError('INVALID_REQUEST_PARAMETER', message);
    if (problem.keyword === 'type' || problem.keyword === 'anyOf') return new ApiError('BINDING_ERROR', message);
    return new ApiError('VALIDATION_ERROR', message);
  }
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new ApiError('PAYLOAD_TOO_LARGE', 'the request body is too large');
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new ApiError('URI_TOO_LONG', 'a part of the path is too long');
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
      return new ApiError('BINDING_ERROR', 'the request body cannot be read');
    default:
      return undefined;
  }
}

const isFastifyError = (error: unknown): error is FastifyError => error instanceof Error && 'code' in error;
