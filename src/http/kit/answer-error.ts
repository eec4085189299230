// Answers a request with an error before any handler has begun.
import type { ServerResponse } from 'node:http';
import type { ApiError } from '../../errors.ts';
import { closeWhenDeaf } from './deaf-clients.ts';
import { renderError } from './render.ts';

/** A refused body up to this size is read and dropped, so that the connection can be reused. */
const DRAINED_BODY_BYTES = 65_536;

/** `clientIp`: as for renderError. `headers` are added to those of the error. If an answer has begun, the connection is cut instead. */
export function answerError(
  response: ServerResponse,
  error: ApiError,
  clientIp: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const { req: request } = response;
  const { body, ...rendered } = renderError(error, clientIp);
  const length = Number(request.headers['content-length'] ?? '0');
  const chunked = request.headers['transfer-encoding'] !== undefined;
  if (!request.complete && (chunked || length > DRAINED_BODY_BYTES)) response.shouldKeepAlive = false;
  closeWhenDeaf(response, rendered.status);
  response.writeHead(rendered.status, {
    ...rendered.headers,
    ...headers,
    'Content-Length': Buffer.byteLength(body),
  });
  response.end(body);
}
