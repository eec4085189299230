// Bytes on a socket, for what no HTTP client would send.
import { connect } from 'node:net';
import { expect } from 'vitest';
import { untilClosed } from './raw-http.ts';

export interface RawAnswer {
  readonly status: number;
  /** Names in lower case; a repeated one keeps its last value. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Sends exactly these bytes and reads until the server closes; so the request should say `Connection: close`. */
export async function sendRaw(port: number, bytes: string | Uint8Array): Promise<RawAnswer> {
  const socket = connect({ host: '127.0.0.1', port });
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  socket.write(bytes);
  // A server that refuses while we still write may reset the connection; what it answered before that counts.
  await untilClosed(socket);
  return parsed(text);
}

/** Sends all requests in one go over one connection, and resolves with the head and body of each answer. */
export function pipelined(port: number, requests: readonly string[]): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    let text = '';
    socket.setEncoding('latin1').on('error', reject);
    socket.on('data', (chunk: string) => {
      text += chunk;
      const answers = text.split(/(?=HTTP\/1\.1 \d{3} )/);
      if (answers.length < requests.length || !answers.at(-1)?.endsWith('}')) return;
      socket.destroy();
      resolve(answers);
    });
    socket.write(requests.join(''));
  });
}

function parsed(text: string): RawAnswer {
  const end = text.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = text.slice(0, end === -1 ? undefined : end).split('\r\n');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return { status: Number(statusLine.split(' ')[1]), headers, body: end === -1 ? '' : text.slice(end + 4) };
}

const REQUEST_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** The error form of docs/wire.md section 11 by its bytes: nothing before, between or after. */
export function expectRawRefusal(answer: RawAnswer, status: number, code: string): void {
  expect(`${answer.status} ${answer.body}`).toContain(`${status} {"error":"${code}","message":"`);
  expect(Object.keys(JSON.parse(answer.body))).toEqual(['error', 'message', 'data']);
  expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(answer.headers.get('countersign-request-id')).toMatch(REQUEST_ID);
  expect(answer.headers.get('content-length')).toBe(String(Buffer.byteLength(answer.body)));
}
