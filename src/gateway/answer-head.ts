// Writes the head of the venue's answer to the client, so that the client can tell a whole answer from one that broke off exactly where
// we can.
import { type ServerResponse, STATUS_CODES } from 'node:http';

export interface VenueHead {
  readonly status: number;
  readonly statusText: string;
  readonly rawHeaders: readonly string[];
}

/** RFC 9112 6.3: nobody can tell whether such a body is whole, so its end must not look like a proper one to the client either. */
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
