// What Fastify refuses by itself, in our words: schemas that a request does not fit and bodies that cannot be read. It never passes on
// a sentence of the framework about anything else.
import type { FastifyError } from 'fastify';
import { ApiError } from '../../errors.ts';

/** Undefined for what is no refusal of a request by the framework. */
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
