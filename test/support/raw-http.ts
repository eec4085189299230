// Requests as bytes, for what no HTTP client would send; and answers as bytes, read by their own framing.
import { connect, type Socket } from 'node:net';

export interface FramedAnswer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** Sends `bytes` on a fresh connection and resolves with everything the server sent until it closed or `until` was satisfied. */
export async function exchange(port: number, bytes: string | Buffer): Promise<FramedAnswer> {
  const socket = connect(port, '127.0.0.1');
  try {
    socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
    return await readAnswer(socket);
  } finally {
    socket.destroy();
  }
}

/** Reads one answer: to the end of its Content-Length, its last chunk, or the connection. Rejects when nothing came at all. */
export async function readAnswer(socket: Socket): Promise<FramedAnswer> {
  let received = Buffer.alloc(0);
  const { promise: complete, resolve } = Promise.withResolvers<FramedAnswer>();
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

function parse(received: Buffer, closed: boolean): FramedAnswer | undefined {
  const text = received.toString('latin1');
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const head = text.slice(0, end);
  const body = text.slice(end + 4);
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? '0');
  // An interim answer (RFC 9110 section 15.2) is not the answer.
  if (status >= 100 && status < 200) return parse(received.subarray(Buffer.byteLength(head, 'latin1') + 4), closed);
  const length = /^content-length: *(\d+)$/im.exec(head)?.[1];
  if (length !== undefined)
    return body.length >= Number(length) ? { status, head, body: body.slice(0, Number(length)) } : undefined;
  if (/^transfer-encoding: *chunked$/im.test(head))
    return body.endsWith('0\r\n\r\n') ? { status, head, body } : undefined;
  if (status === 204 || status === 304) return { status, head, body: '' };
  return closed ? { status, head, body } : undefined;
}
