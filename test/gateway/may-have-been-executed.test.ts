// What a client is told of a request whose answer never came: whether it left for the venue. Whoever sends an order again that was
// taken has two.
import type { Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { denyReasons } from '../../src/domain/decision.ts';
import { ApiError, type ErrorCode, errorStatus } from '../../src/errors.ts';
import { renderError, renderRefusal, toldFate } from '../../src/http/kit/render.ts';
import {
  ask,
  eventually,
  type GatewayOptions,
  get,
  rawClient,
  startGateway,
  startRawVenue,
  startVenue,
} from '../support/forward-harness.ts';
import { newOwner, startWorld } from '../support/world.ts';

const WORDS = 'it had left for the venue and may have been executed: look it up before you send it again';

const post = (body: string, ...headers: string[]): string =>
  ['POST / HTTP/1.1', 'Host: g', 'Connection: close', `Content-Length: ${body.length}`, ...headers, '', body].join(
    '\r\n',
  );

function read(answer: string): { status: number; retryAfter: string | undefined; message: string; data: unknown } {
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  const { message, data } = JSON.parse(body);
  const retryAfter = /\r\nRetry-After: (.*)/i.exec(head)?.[1];
  return { status: Number(head.split(' ')[1]), retryAfter, message, data };
}

const gatewayTo = (upstreamUrl: string, more: Partial<GatewayOptions> = {}) =>
  startGateway({ ...more, upstreamUrl, exchange: { renderRefusal, ...more.exchange } });

/** A venue that does this once it has read the head and the body of a request. */
const onRequest = (then: (socket: Socket) => void): Promise<string> =>
  startRawVenue((socket) => {
    let received = '';
    socket.setEncoding('latin1').on('data', (text: string) => {
      received += text;
      if (/^GET .*\r\n\r\n$|^POST .*\r\n\r\nbody$/s.test(received)) then(socket);
    });
  });

describe('once the head has left', () => {
  const silent = (): void => undefined;
  type Gateway = Awaited<ReturnType<typeof startGateway>>;
  const ways: readonly [string, number, (socket: Socket) => void, ((gateway: Gateway) => void)?][] = [
    ['the venue resets the connection', 503, (socket) => socket.resetAndDestroy()],
    ['the venue closes the connection', 503, (socket) => socket.end()],
    ['the venue breaks off in the middle of a head', 503, (socket) => socket.end('HTTP/1.1 200 OK\r\nConte')],
    ['the venue answers something else than HTTP', 503, (socket) => socket.write('220 smtp\r\n')],
    ['the venue answers a malformed header', 503, (socket) => socket.write('HTTP/1.1 200 OK\r\nA: \x01\r\n\r\n')],
    ['the venue does not answer in time', 503, silent],
    ['the credential is revoked', 401, silent, ({ grants }) => grants[0]?.cut('credential_revoked')],
    ['the view falls behind', 503, silent, ({ grants }) => grants[0]?.cut('view_stale')],
    ['the account is locked', 403, silent, ({ grants }) => grants[0]?.cut('account_locked')],
    ['the gateway stops', 503, silent, ({ upstream }) => void upstream.destroy()],
  ];

  test.each(ways)(
    'a request whose head has left, and then %s, is answered that it may have been executed',
    async (_what, status, then, cut) => {
      for (const [request, isRead] of [
        [post('body'), false],
        [get('/'), true],
      ] as const) {
        let arrived = false;
        const url = await onRequest((socket) => {
          arrived = true;
          then(socket);
        });
        const gateway = await gatewayTo(url, {
          forward: { deadlineMs: then === silent && cut === undefined ? 1000 : 30_000 },
        });
        const client = rawClient(gateway.port, request);
        await eventually(() => arrived);
        cut?.(gateway);
        const answer = read(await client.closed());
        expect(answer).toMatchObject({ status, data: { sent: true } });
        expect(answer.retryAfter).toBe(status === 503 && isRead ? '1' : undefined);
        expect(answer.message.endsWith(`; ${WORDS}`)).toBe(!isRead);
      }
    },
  );

  const streaming = { exchange: { maxBodyBytes: 300_000 } };
  const half = ['POST / HTTP/1.1', 'Host: g', 'Transfer-Encoding: chunked', '', '30000', 'x'.repeat(0x30000), ''].join(
    '\r\n',
  );

  test('a streamed body counts as left with its first byte, whatever refuses it then', async () => {
    const venue = await startVenue((request) => request.resume());
    const gateway = await gatewayTo(venue.url, streaming);
    const client = rawClient(gateway.port, half);
    await eventually(() => venue.heads === 1);
    client.write(`30000\r\n${'x'.repeat(0x30000)}\r\n`);
    const answer = read(await client.until((text) => text.endsWith('}}')));
    expect(answer).toMatchObject({ status: 413, data: { sent: true }, message: expect.stringMatching(WORDS) });
  });

  test('a streamed body that never got a connection to the venue has not left', async () => {
    const venue = await startVenue(() => undefined);
    const gateway = await gatewayTo(venue.url, { ...streaming, upstream: { connections: 1 } });
    rawClient(gateway.port, get('/'));
    await eventually(() => venue.heads === 1);
    const client = rawClient(gateway.port, half);
    await eventually(() => gateway.upstream.stats().waiting === 1);
    gateway.grants[1]?.cut('view_stale');
    const answer = read(await client.until((text) => text.endsWith('}}')));
    expect(answer).toMatchObject({ status: 503, retryAfter: '1', data: { sent: false } });
  });
});

describe('what never left', () => {
  const cases: readonly [string, (url: string) => Promise<string>][] = [
    ['the venue cannot be reached', async () => ask((await gatewayTo('http://127.0.0.1:1')).port, post('body'))],
    [
      'it is refused by the last check',
      async (url) => {
        const gateway = await gatewayTo(url);
        const client = rawClient(
          gateway.port,
          'POST / HTTP/1.1\r\nHost: g\r\nConnection: close\r\nContent-Length: 4\r\n\r\n',
        );
        await eventually(() => gateway.grants.length === 1);
        const [grant] = gateway.grants;
        if (grant !== undefined) grant.refuseWith = 'store_unavailable';
        client.write('body');
        return client.closed();
      },
    ],
    [
      'its body does not come in time',
      async (url) => {
        const gateway = await gatewayTo(url, { forward: { deadlineMs: 100 } });
        return ask(gateway.port, 'POST / HTTP/1.1\r\nHost: g\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbo');
      },
    ],
  ];

  test.each(cases)(
    'a request that never left, because %s, is told so, and when to come again',
    async (_what, refused) => {
      const venue = await startVenue();
      const answer = read(await refused(venue.url));
      expect(answer.data).toEqual({ sent: false });
      expect(answer.message).not.toMatch(/executed/);
      expect(answer.retryAfter).toBe(answer.status === 503 ? '1' : undefined);
      expect(venue.heads).toBe(0);
    },
  );
});

describe('whatever the code', () => {
  const codes = Object.keys(errorStatus).filter((name): name is ErrorCode => Object.hasOwn(errorStatus, name));
  const all = [
    ...codes.map((code) => new ApiError(code, 'a sentence', { data: { index: 3 }, headers: { 'Retry-After': '9' } })),
    ...denyReasons,
  ];

  test.each(['POST', 'PUT', 'DELETE', 'PATCH'])(
    'a refused %s that had left is never told to come again, whatever the code',
    (method) => {
      for (const refusal of all) {
        const { status, headers, body } = renderRefusal(refusal, { method, sent: true, clientIp: '' });
        const { message, data } = JSON.parse(body);
        expect(headers['Retry-After'], body).toBeUndefined();
        expect(message).toMatch(WORDS);
        if (status !== 429) expect(data).toMatchObject({ sent: true });
      }
    },
  );

  test.each(['GET', 'HEAD'])(
    'a refused %s that had left is told when to come again, as it changes nothing, whatever the code',
    (method) => {
      for (const refusal of all) {
        const { headers, body } = renderRefusal(refusal, { method, sent: true, clientIp: '' });
        if (refusal instanceof ApiError) expect(headers['Retry-After'], body).toBe('9');
        expect(body).not.toMatch('executed');
      }
    },
  );

  test('data and Retry-After of a refusal stay beside what it says of having left', () => {
    const error = new ApiError('SERVICE_UNAVAILABLE', 'a sentence', { data: { index: 3 } });
    expect(toldFate(error, { method: 'POST', sent: true }).data).toEqual({ index: 3, sent: true });
    expect(renderError(toldFate(error, { method: 'POST', sent: false }), '').headers['Retry-After']).toBe('1');
  });
});

test('a body that becomes unreadable after its first byte has left is answered below the router that it may have been executed', async () => {
  let heads = 0;
  const upstream = await startRawVenue((socket) => {
    socket.once('data', () => {
      heads += 1;
    });
    socket.resume();
  });
  const world = await startWorld({ upstream, settings: { 'upstream.memory': String(2 ** 21) } });
  onTestFinished(world.stop);
  const { session } = await newOwner(world);
  const head = `POST /v1/rfqs HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer ${session}\r\nTransfer-Encoding: chunked\r\n\r\n`;
  const client = rawClient(world.port, `${head}50000\r\n${'x'.repeat(0x50000)}\r\n`);
  await eventually(() => heads === 1);
  client.write('no chunk\r\n');
  const text = await client.closed();
  expect(read(text)).toMatchObject({ status: 400, data: { sent: true }, message: expect.stringMatching(WORDS) });
  expect(text).toMatch(/Countersign-Request-Id: /);
});
