// Requests as bytes, for what no HTTP client would send; and answers as bytes, read by their own framing.
import { connect, type Socket } from 'node:net';

export interface RawAnswer {
  /** NaN when nothing came. */
  readonly status: number;
  readonly head: string;
  /** Names in lower case; a repeated one keeps its last value. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/**
 * Sends exactly these bytes and reads until the server closes; so the request should say `Connection: close`. All that came after the
 * first head is the body.
 */
export async function sendRaw(port: number, bytes: string | Uint8Array): Promise<RawAnswer> {
  const socket = connect({ host: '127.0.0.1', port });
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk) => {
    text += chunk;
  });
  socket.write(bytes);
  // A server that refuses while we still write may reset the connection; what it answered before that counts.
  await untilClosed(socket);
  const end = text.indexOf('\r\n\r\n');
  return end === -1 ? answerOf(text, '') : answerOf(text.slice(0, end), text.slice(end + 4));
}

/** Sends all requests in one go over one connection, and resolves with the head and body of each answer. All bodies must be JSON objects. */
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

/** Sends `bytes` on a fresh connection and reads one answer. */
export async function exchange(port: number, bytes: string | Buffer): Promise<RawAnswer> {
  const socket = connect(port, '127.0.0.1');
  try {
    socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
    return await readAnswer(socket);
  } finally {
    socket.destroy();
  }
}

/** Reads one answer: to the end of its Content-Length, its last chunk, or the connection. Rejects when nothing came at all. */
export async function readAnswer(socket: Socket): Promise<RawAnswer> {
  let received = Buffer.alloc(0);
  const { promise: complete, resolve } = Promise.withResolvers<RawAnswer>();
  const onData = (chunk: Buffer): void => {
    received = Buffer.concat([received, chunk]);
    const answer = parse(received, false);
    if (answer !== undefined) resolve(answer);
  };
  socket.on('data', onData);
  try {
    const answer = (await Promise.race([complete, untilClosed(socket)])) ?? parse(received, true);
    if (answer === undefined) throw new Error(`the connection closed after ${received.length} bytes`);
    return answer;
  } finally {
    socket.off('data', onData);
  }
}

/** Resolves when the connection is over, also when it was reset: events.once would reject, though what came before that counts. */
export function untilClosed(socket: Socket): Promise<undefined> {
  socket.on('error', () => undefined);
  return new Promise((resolve) => {
    if (socket.closed) resolve(undefined);
    else socket.once('close', () => resolve(undefined));
  });
}

/** Both as latin1 text: a head is bytes, and a body's length is counted in them. */
function answerOf(head: string, body: string): RawAnswer {
  const [statusLine = '', ...lines] = head.split('\r\n');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1]);
  return { status, head, headers, body: Buffer.from(body, 'latin1').toString('utf8') };
}

function parse(received: Buffer, closed: boolean): RawAnswer | undefined {
  const text = received.toString('latin1');
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const head = text.slice(0, end);
  const body = text.slice(end + 4);
  const { status } = answerOf(head, '');
  // An interim answer (RFC 9110 section 15.2) is not the answer.
  if (status >= 100 && status < 200) return parse(received.subarray(end + 4), closed);
  const length = /^content-length: *(\d+)$/im.exec(head)?.[1];
  if (length !== undefined)
    return body.length >= Number(length) ? answerOf(head, body.slice(0, Number(length))) : undefined;
  if (/^transfer-encoding: *chunked$/im.test(head))
    return body.endsWith('0\r\n\r\n') ? answerOf(head, body) : undefined;
  if (status === 204 || status === 304) return answerOf(head, '');
  return closed ? answerOf(head, body) : undefined;
}
