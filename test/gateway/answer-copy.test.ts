// Answers that their readers do not take as fast as the venue gives them: they are copied off the connection to the venue within
// bounds, and are whole, in order and cut all the same.
import { createHash, randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createShares } from '../../src/domain/shares.ts';
import {
  eventually,
  type Gateway,
  type GatewayOptions,
  get,
  rawClient,
  settled,
  startGateway,
  startVenue,
} from '../support/forward-harness.ts';

const MIB = 1024 * 1024;
/** More than the buffers of both ends of a connection hold. */
const SIZE = 24 * MIB;

/** A gateway whose venue answers with these bytes, or begins to, and a client that has asked and reads nothing. */
async function unread(body: Buffer, forward: GatewayOptions['forward'], answer?: (response: ServerResponse) => void) {
  const answers = createShares(4 * 64 * MIB);
  const venue = await startVenue((_request, response) => {
    response.writeHead(200, { 'Content-Length': String(SIZE) });
    if (answer === undefined) response.end(body);
    else answer(response);
  });
  const gateway: Gateway = await startGateway({
    upstreamUrl: venue.url,
    forward: { answers, maxAnswerCopyBytes: 64 * MIB, ...forward },
  });
  const { socket } = rawClient(gateway.port, get('/'));
  socket.removeAllListeners('data');
  socket.pause();
  return { gateway, answers, socket };
}

/** Everything that is still to come, as bytes. */
async function rest(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(Buffer.from(String(chunk), 'latin1')));
  socket.resume();
  await new Promise((resolve) => socket.on('close', resolve));
  return Buffer.concat(chunks);
}

const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

test('the connection to the venue is free as soon as the answer is whole, and the client gets every byte of it, in order', async () => {
  const body = randomBytes(SIZE);
  const { gateway, answers, socket } = await unread(body, {});
  await eventually(() => gateway.grants[0]?.heads === 1 && gateway.upstream.stats().busy === 0);
  expect(answers.held).toBeGreaterThan(MIB);
  expect(gateway.grants[0]?.releases).toBe(0);
  const received = await rest(socket);
  expect(digest(received.subarray(received.indexOf('\r\n\r\n') + 4))).toBe(digest(body));
  await expect(gateway.outcome(0)).resolves.toEqual({ kind: 'answered', status: 200 });
  expect(answers.held).toBe(0);
});

test.each([
  ['of one answer', { maxAnswerCopyBytes: 256 * 1024 }],
  ['of all', { answers: createShares(4 * 256 * 1024) }],
])('beyond the most that is copied %s the venue waits for the client, and nothing is lost', async (_what, bound) => {
  const body = randomBytes(SIZE);
  const { gateway, answers, socket } = await unread(body, bound);
  const counted = 'answers' in bound ? bound.answers : answers;
  await eventually(() => counted.held > 0);
  expect(await settled(() => counted.held)).toBeLessThanOrEqual(256 * 1024 + 128 * 1024);
  expect(gateway.upstream.stats().busy).toBe(1);
  const received = await rest(socket);
  expect(digest(received.subarray(received.indexOf('\r\n\r\n') + 4))).toBe(digest(body));
  await expect(gateway.outcome(0)).resolves.toEqual({ kind: 'answered', status: 200 });
  expect(counted.held).toBe(0);
});

test('a revocation cuts an answer that the venue has given whole and the client has not read to its end', async () => {
  const { gateway, answers, socket } = await unread(randomBytes(SIZE), {});
  await eventually(() => gateway.grants[0]?.heads === 1 && gateway.upstream.stats().busy === 0);
  gateway.grants[0]?.cut('credential_revoked');
  await expect(gateway.outcome(0)).resolves.toEqual({ kind: 'cut', reason: 'credential_revoked' });
  expect(answers.held).toBe(0);
  expect((await rest(socket)).length).toBeLessThan(SIZE);
});

test('an answer that the venue breaks off while it is copied is not completed', async () => {
  const { gateway, answers, socket } = await unread(Buffer.alloc(0), {}, (response) => {
    response.write(randomBytes(SIZE - 1), () => response.destroy());
  });
  await expect(gateway.outcome(0)).resolves.toMatchObject({ kind: 'truncated' });
  expect(answers.held).toBe(0);
  expect((await rest(socket)).length).toBeLessThan(SIZE);
});

test.each([
  ['whole', {}],
  ['held back', { maxAnswerCopyBytes: 1 }],
])(
  'a client that reads more slowly than it must is cut and counted as slow, its answer %s or not',
  async (_how, bound) => {
    const pace = { minBytesPerSecond: 2 ** 40, windowMs: 300 };
    const { gateway, answers } = await unread(randomBytes(SIZE), { pace, ...bound });
    await expect(gateway.outcome(0)).resolves.toEqual({ kind: 'slow_client' });
    expect(answers.held).toBe(0);
    await eventually(() => gateway.upstream.stats().busy === 0);
  },
);

test('an answer that waits behind another on its connection does not count as read too slowly', async () => {
  const first = Promise.withResolvers<ServerResponse>();
  const venue = await startVenue((request, response) => {
    if (request.url === '/1') first.resolve(response);
    else {
      response.write(Buffer.alloc(MIB, 'x'));
      response.end();
    }
  });
  const gateway = await startGateway({
    upstreamUrl: venue.url,
    forward: {
      answers: createShares(16 * MIB),
      maxAnswerCopyBytes: 4 * MIB,
      pace: { minBytesPerSecond: 2 ** 40, windowMs: 50 },
    },
  });
  const keep = (path: string): string => get(path).replace('Connection: close\r\n', '');
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const client = rawClient(gateway.port, keep('/1') + keep('/2'));
  const response = await first.promise;
  await eventually(() => gateway.grants.length === 2 && gateway.upstream.stats().busy === 1);
  vi.advanceTimersByTime(5_000);
  await settled(() => 0);
  response.end('one');
  await client.until((text) => text.length > MIB && text.endsWith('\r\n0\r\n\r\n'));
  await expect(gateway.outcome(1)).resolves.toEqual({ kind: 'answered', status: 200 });
});

test('only so many answers that find no room to be copied wait for their readers: the longest waiting is cut', async () => {
  const { gateway, socket } = await unread(randomBytes(SIZE), { maxAnswerCopyBytes: 256 * 1024, maxPausedAnswers: 1 });
  const closed = new Promise((resolve) => socket.on('error', () => undefined).on('close', resolve));
  await eventually(() => gateway.grants[0]?.heads === 1);
  await settled(() => gateway.upstream.stats().busy);
  const { socket: other } = rawClient(gateway.port, get('/'));
  other.removeAllListeners('data');
  other.pause();
  await expect(gateway.outcome(0)).resolves.toEqual({ kind: 'slow_client' });
  socket.resume();
  await closed;
  expect(await settled(() => gateway.upstream.stats().busy)).toBe(1);
  expect((await rest(other)).length).toBeGreaterThan(SIZE);
  await expect(gateway.outcome(1)).resolves.toEqual({ kind: 'answered', status: 200 });
});

test('a broken answer that ends with its connection ends with a reset: nobody takes it for a whole one', async () => {
  const venue = await startVenue((_request, response) => {
    response.write('hello');
    setImmediate(() => response.destroy());
  });
  const gateway = await startGateway({ upstreamUrl: venue.url });
  const { socket } = rawClient(gateway.port, 'GET / HTTP/1.0\r\nHost: g\r\n\r\n');
  const failed = new Promise((resolve) => socket.on('error', resolve));
  await expect(failed).resolves.toMatchObject({ code: 'ECONNRESET' });
  await expect(gateway.outcome(0)).resolves.toMatchObject({ kind: 'truncated' });
});
