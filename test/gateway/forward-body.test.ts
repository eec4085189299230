import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import type { Readable } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { createPace } from '../../src/gateway/pace.ts';
import { type BodyEvents, takeBody } from '../../src/gateway/request-body.ts';

/** A request whose body has arrived completely before anybody reads it, as it does while a decision waits for the store. */
async function arrived(body: string): Promise<IncomingMessage> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const client = connect(address.port, '127.0.0.1');
  onTestFinished(() => {
    client.destroy();
    server.close();
  });
  client.write(`POST / HTTP/1.1\r\nHost: g\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  const [request]: IncomingMessage[] = await once(server, 'request');
  if (request === undefined) throw new Error('no request');
  while (!request.complete) await new Promise((resolve) => setImmediate(resolve));
  return request;
}

const events = (over: Partial<BodyEvents>): BodyEvents => ({
  whole: () => undefined,
  stream: () => undefined,
  mayHandOn: () => true,
  tooLarge: () => undefined,
  progress: () => undefined,
  ...over,
});

const none = { take: () => false, give: () => undefined };
const patient = createPace({ minBytesPerSecond: 1, windowMs: 60_000 }, { inAll: false }, () => expect.unreachable());

const streamOf = (request: IncomingMessage, over: Partial<BodyEvents>): Promise<Readable> =>
  new Promise((resolve) =>
    takeBody(request, { maxBytes: 10_000, room: none }, patient, events({ ...over, stream: resolve })),
  );

test('a body that had arrived before it was read is streamed to its end', async () => {
  const stream = await streamOf(await arrived('x'.repeat(1000)), {});
  // Longer than it takes the request to report its own end.
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(stream, 'end');
  expect(Buffer.concat(chunks).toString()).toBe('x'.repeat(1000));
});

test('not a byte of a streamed body is handed on when the last check says no', async () => {
  const stream = await streamOf(await arrived('x'.repeat(1000)), { mayHandOn: () => false });
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(stream, 'close');
  expect(chunks).toEqual([]);
});

test('the last check of a streamed body is asked only when the stream is read', async () => {
  let asked = 0;
  const stream = await streamOf(await arrived('x'.repeat(1000)), {
    mayHandOn: () => {
      asked += 1;
      return true;
    },
  });
  stream.read(0);
  expect(asked).toBe(0);
  stream.resume();
  await once(stream, 'end');
  expect(asked).toBe(1);
});
