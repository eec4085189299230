// Fastify as both listeners use it: strict validation, JSON bodies, and every error in our own form. The caller registers the routes; only the
// listener's front may hand requests over.
import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
} from 'fastify';
import { ApiError } from '../../errors.ts';
import type { AboutRequest, Telemetry } from '../../telemetry/telemetry.ts';
import { SHOWN } from '../../wire/common.ts';
import { readBodiesAsJson } from './bodies.ts';
import { closeWhenDeaf } from './deaf-clients.ts';
import { fromFastify } from './framework-errors.ts';
import { renderError, toApiError } from './render.ts';

/** No coercion, and no unknown member is dropped: a misspelt filter would select everything. */
export const validation = {
  customOptions: {
    coerceTypes: false,
    removeAdditional: false,
    useDefaults: false,
    allErrors: false,
    keywords: [SHOWN],
  },
} as const satisfies FastifyServerOptions['ajv'];

export interface ApiOptions {
  readonly maxBodyBytes: number;
  /** Longest path parameter. */
  readonly maxParamLength: number;
  readonly telemetry: Pick<Telemetry, 'erred'>;
  /** The request that failed with `error`, for the log. */
  about(request: FastifyRequest, error: unknown): AboutRequest;
  /** `answered` goes to the caller; `error` was thrown. */
  refused?(reply: FastifyReply, error: unknown, answered: ApiError): void;
  /** The answer to a path without a route. */
  notFound(): ApiError;
}

export function createApi({
  maxBodyBytes,
  maxParamLength,
  telemetry,
  about,
  refused,
  notFound,
}: ApiOptions): FastifyInstance {
  const answer = (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const told = about(request, error);
    const apiError = fromFastify(error) ?? fromLeaver(error, request) ?? toApiError(error, told.requestId);
    telemetry.erred(told, apiError, error);
    refused?.(reply, error, apiError);
    const { status, headers, body } = renderError(apiError, told.clientIp);
    closeWhenDeaf(reply.raw, status);
    reply.code(status).headers(headers).send(body);
  };
  const app = Fastify({
    logger: false,
    bodyLimit: maxBodyBytes,
    exposeHeadRoutes: false,
    forceCloseConnections: false,
    requestIdHeader: false,
    routerOptions: { caseSensitive: true, ignoreTrailingSlash: false, maxParamLength },
    ajv: validation,
    // Without this, errors before routing would go out in Fastify's form.
    frameworkErrors: answer,
  });
  readBodiesAsJson(app);
  app.setErrorHandler(answer);
  app.setNotFoundHandler(() => {
    throw notFound();
  });
  return app;
}

// A client that disconnects while it sends its body is not our failure: otherwise any stranger could fill the error log.
function fromLeaver(error: unknown, request: FastifyRequest): ApiError | undefined {
  const left = request.raw.readableAborted && error instanceof Error && 'code' in error && error.code === 'ECONNRESET';
  return left ? new ApiError('BINDING_ERROR', 'the request body did not arrive') : undefined;
}
