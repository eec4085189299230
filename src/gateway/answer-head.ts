// Writes the head of the venue's answer to the client. The client can tell a complete answer from a broken one exactly where we can.
import { type ServerResponse, STATUS_CODES } from 'node:http';

export interface VenueHead {
  readonly status: number;
  readonly statusText: string;
  readonly rawHeaders: readonly string[];
}

/** RFC 9112 6.3: we cannot tell whether such a body is complete, so chunked encoding must not tell the client that it is. */
const endsWithConnection = (status: number, rawHeaders: readonly string[]): boolean =>
  status !== 204 &&
  status !== 304 &&
  !rawHeaders.some((name, i) => i % 2 === 0 && /^(content-length|transfer-encoding)$/i.test(name));

const reasonPhrase = (text: string, status: number): string =>
  /^[\t\x20-\x7e]*$/.test(text) ? text : (STATUS_CODES[status] ?? '');

/** Without a length and without chunks the end of the connection is the end of the answer. */
const endsAtClose = (response: ServerResponse, headers: readonly string[]): boolean =>
  !response.chunkedEncoding && !headers.some((name, i) => i % 2 === 0 && /^content-length$/i.test(name));

/** `headers`: as `responseHeaders` made them. True when the answer ends with the connection: one that broke off must not look whole. */
export function writeAnswerHead(
  response: ServerResponse,
  { status, statusText, rawHeaders }: VenueHead,
  headers: string[],
): boolean {
  if (endsWithConnection(status, rawHeaders)) response.useChunkedEncodingByDefault = false;
  response.writeHead(status, reasonPhrase(statusText, status), headers);
  return endsAtClose(response, headers);
}
