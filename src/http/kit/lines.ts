// Header lines for the decision, and the framing rules that a request must meet before it.
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { ApiError } from '../../errors.ts';

export interface HeaderLines {
  readonly host: string[];
  readonly authorization: string[];
  readonly forwardedFor: string[];
  readonly forwardedProto: string[];
  readonly origin: string[];
}

/** From the raw headers: the parsed ones hide repeated lines. */
export function headerLines(raw: readonly string[]): HeaderLines {
  const lines: HeaderLines = { host: [], authorization: [], forwardedFor: [], forwardedProto: [], origin: [] };
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const value = raw[i + 1] ?? '';
    switch (raw[i]?.toLowerCase()) {
      case 'host':
        lines.host.push(value);
        break;
      case 'authorization':
        lines.authorization.push(value);
        break;
      case 'x-forwarded-for':
        lines.forwardedFor.push(value);
        break;
      case 'x-forwarded-proto':
        lines.forwardedProto.push(value);
        break;
      case 'origin':
        lines.origin.push(value);
        break;
      default:
    }
  }
  return lines;
}

/** RFC 9112 section 3.2: no Host in HTTP/1.1, or more than one, is answered 400. */
export function requireOneHost(request: IncomingMessage, host: readonly string[]): void {
  if (host.length > 1 || (host.length === 0 && request.httpVersion !== '1.0')) {
    throw new ApiError('INVALID_REQUEST_PARAMETER', 'exactly one Host header is required');
  }
}

// RFC 9112 section 6.1. The venue would get another coding as a plain body, and Node's parser objects only after the request was handed out.
// A proxy that speaks HTTP/1.0 does not know chunks, and would see the end of the body elsewhere.
export function requirePlainBody(request: IncomingMessage): void {
  const coding = request.headers['transfer-encoding'];
  if (coding === undefined) return;
  if (coding.toLowerCase() !== 'chunked' || request.httpVersion !== '1.1') {
    throw new ApiError('INVALID_REQUEST_PARAMETER', 'the only transfer coding that is read is chunked, in HTTP/1.1');
  }
}

/**
 * RFC 9110 section 9.3.1: content in a GET has no meaning and may be an attempt at request smuggling. No known client sends any.
 * `Content-Length: 0` announces none.
 */
export function refusalOfGetBody(method: string, headers: IncomingHttpHeaders): ApiError | undefined {
  const length = headers['content-length'];
  if (method !== 'GET' || (headers['transfer-encoding'] === undefined && (length === undefined || /^0+$/.test(length))))
    return undefined;
  return new ApiError('INVALID_REQUEST_PARAMETER', 'a GET request has no body');
}
