// A grant that ends while its request is under way: at every point where the gateway waits, and at the last check itself.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ServerResponse } from 'node:http';
import { connect as connectSocket, createServer, Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  ask,
  eventually,
  get,
  rawClient,
  startGateway,
  startRawVenue,
  startVenue,
  type TestGrant,
  testGrant,
} from '../support/forward-harness.ts';

const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
const upload = ['POST /up HTTP/1.1', 'Host: g', 'Connection: close', 'Transfer-Encoding: chunked', '', ''].join('\r\n');
const post11 = ['POST / HTTP/1.1', 'Host: g', 'Content-Length: 2000000', '', ''].join('\r\n');
const large = 'x'.repeat(100_000);

const only = (grants: TestGrant[]): TestGrant => {
  const [grant] = grants;
  if (grant === undefined || grants.length > 1) throw new Error('expected one grant');
  return grant;
};

describe('the last check', () => {
  test.each([
    ['without a body', get('/')],
    ['with a small body', `${upload}${chunk('small')}0\r\n\r\n`],
    ['with a large body', `${upload}${chunk(large)}0\r\n\r\n`],
  ])(
    'a request %s that is no longer allowed as its head is about to leave never reaches the venue',
    async (_what, text) => {
      const received: string[] = [];
      const url = await startRawVenue((socket) =>
        socket.setEncoding('latin1').on('data', (data: string) => received.push(data)),
      );
      const gateway = await startGateway({
        upstreamUrl: url,
        grant: () => Object.assign(testGrant(), { refuseWith: 'credential_revoked' }),
      });
      expect(await ask(gateway.port, text)).toContain('X-Refused: credential_revoked');
      await expect(gateway.outcome(0)).resolves.toMatchObject({ kind: 'refused', refusal: 'credential_revoked' });
      expect(received).toEqual([]);
      expect(only(gateway.grants)).toMatchObject({ heads: 0, releases: 1 });
    },
  );

  test('a refusal by the last check leaves the connection to the venue usable', async () => {
    let connections = 0;
    const venue = await startVenue();
    const front = createServer((socket) => {
      connections += 1;
      const back = connectSocket(Number(new URL(venue.url).port), '127.0.0.1');
      for (const side of [socket, back]) side.on('error', () => undefined);
      socket.pipe(back).pipe(socket);
    });
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      front.close();
    });
    const address = front.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const grants = [testGrant(), Object.assign(testGrant(), { refuseWith: 'view_stale' }), testGrant()];
    const gateway = await startGateway({
      upstreamUrl: `http://127.0.0.1:${address.port}`,
      upstream: { connections: 1 },
      grant: () => grants.shift() ?? testGrant(),
    });
    expect(await ask(gateway.port, get('/'))).toContain('200 OK');
    expect(await ask(gateway.port, get('/'))).toContain('view_stale');
    expect(await ask(gateway.port, get('/'))).toContain('200 OK');
    expect(connections).toBe(1);
  });

  test('a large body is checked again when its first byte leaves, because undici writes the head only then', async () => {
    const received: string[] = [];
    const url = await startRawVenue((socket) =>
      socket.setEncoding('latin1').on('data', (data: string) => received.push(data)),
    );
    const grant = testGrant();
    grant.onAsked = () => {
      if (grant.asked === 2) grant.refuseWith = 'view_stale';
    };
    const gateway = await startGateway({ upstreamUrl: url, grant: () => grant });
    expect(await ask(gateway.port, `${upload}${chunk(large)}0\r\n\r\n`)).toContain('X-Refused: view_stale');
    expect(grant).toMatchObject({ asked: 2, heads: 0, releases: 1 });
    expect(received).toEqual([]);
  });

  test.each([
    ['without a body', get('/'), 1],
    ['with a small body', `${upload}${chunk('small')}0\r\n\r\n`, 1],
    ['with a large body', `${upload}${chunk(large)}0\r\n\r\n`, 2],
  ])('nothing runs between the last check and the write of a request %s', async (_what, text, asks) => {
    let venueSocket: Socket | undefined;
    const onConnected = (message: unknown): void => {
      if (typeof message === 'object' && message !== null && 'socket' in message && message.socket instanceof Socket) {
        venueSocket = message.socket;
      }
    };
    subscribe('undici:client:connected', onConnected);
    onTestFinished(() => {
      unsubscribe('undici:client:connected', onConnected);
    });
    const writtenWhenAsked: number[] = [];
    const writtenRightAfter: number[] = [];
    const grant = testGrant();
    grant.onAsked = () => {
      writtenWhenAsked.push(venueSocket?.bytesWritten ?? -1);
      // The first thing that could run after the turn that asked.
      queueMicrotask(() => writtenRightAfter.push(venueSocket?.bytesWritten ?? -1));
    };
    const venue = await startVenue();
    const gateway = await startGateway({ upstreamUrl: venue.url, grant: () => grant });
    expect(await ask(gateway.port, text)).toContain('200 OK');
    expect(grant).toMatchObject({ asked: asks, heads: 1, releases: 1 });
    expect(writtenWhenAsked).toEqual(Array(asks).fill(0));
    expect(writtenRightAfter.at(-1)).toBeGreaterThan(0);
  });

  test('the head of a request counts as sent at the last check and not before', async () => {
    const venue = await startVenue();
    const grant = testGrant();
    const headsWhenAsked: number[] = [];
    grant.onAsked = () => headsWhenAsked.push(grant.heads);
    const gateway = await startGateway({ upstreamUrl: venue.url, grant: () => grant });
    await ask(gateway.port, `${upload}${chunk(large)}0\r\n\r\n`);
    expect(headsWhenAsked).toEqual([0, 0]);
    expect(grant.heads).toBe(1);
  });
});

describe('a cut', () => {
  test('a cut before anything was done is a refusal, and the venue is never asked', async () => {
    const venue = await startVenue();
    const grant = testGrant();
    grant.cut('credential_revoked');
    const grants = [grant, testGrant()];
    grants[1]?.cut('credential_revoked');
    const gateway = await startGateway({ upstreamUrl: venue.url, grant: () => grants.shift() ?? testGrant() });
    expect(await ask(gateway.port, get('/'))).toContain('X-Refused: credential_revoked');
    const tooLarge = ['POST / HTTP/1.1', 'Host: g', 'Content-Length: 2000000', '', ''].join('\r\n');
    await rawClient(gateway.port, tooLarge).until((text) => text.endsWith('\r\n\r\ncredential_revoked'));
    expect(venue.heads).toBe(0);
    expect(grant).toMatchObject({ asked: 0, heads: 0, releases: 1 });
  });

  test('a cut while a body is being collected is a refusal at once, and the venue is never asked', async () => {
    const venue = await startVenue();
    const gateway = await startGateway({ upstreamUrl: venue.url });
    const client = rawClient(gateway.port, `${upload}${chunk('slow')}`);
    await eventually(() => gateway.grants.length === 1);
    only(gateway.grants).cut('credential_revoked');
    await client.until((text) => text.endsWith('\r\n\r\ncredential_revoked'));
    client.write('0\r\n\r\n');
    expect(await client.closed()).toMatch(/connection: close/i);
    expect(venue.heads).toBe(0);
    expect(only(gateway.grants)).toMatchObject({ heads: 0, releases: 1 });
  });

  test('a cut while the connection to the venue is being made is a refusal, and the venue gets nothing', async () => {
    const venue = await startVenue();
    const gateway = await startGateway({
      upstreamUrl: venue.url,
      onExchange: (_request, _response, grant) => grant.cut('credential_revoked'),
    });
    expect(await ask(gateway.port, get('/'))).toContain('X-Refused: credential_revoked');
    await expect(gateway.outcome(0)).resolves.toMatchObject({ kind: 'refused' });
    expect(gateway.upstream.stats().busy).toBe(0);
    expect(venue.heads).toBe(0);
    expect(only(gateway.grants)).toMatchObject({ asked: 0, heads: 0, releases: 1 });
  });

  test('a cut while a request waits for a connection is a refusal at once, leaves the queue, and touches nobody else', async () => {
    const answers: ServerResponse[] = [];
    const venue = await startVenue((_request, response) => answers.push(response));
    const gateway = await startGateway({ upstreamUrl: venue.url, upstream: { connections: 1 } });
    const first = rawClient(gateway.port, get('/first'));
    await eventually(() => answers.length === 1);
    const second = rawClient(gateway.port, get('/second'));
    await eventually(() => gateway.upstream.stats().waiting === 1);
    const third = rawClient(gateway.port, get('/third'));
    await eventually(() => gateway.upstream.stats().waiting === 2);
    gateway.grants[1]?.cut('credential_revoked');
    expect(gateway.upstream.stats().waiting).toBe(1);
    expect(await second.closed()).toContain('X-Refused: credential_revoked');
    answers[0]?.end('one');
    expect(await first.closed()).toContain('one');
    await eventually(() => answers.length === 2);
    answers[1]?.end('three');
    expect(await third.closed()).toContain('three');
    expect(answers.map((response) => response.req.url)).toEqual(['/first', '/third']);
    expect(gateway.grants.map((grant) => grant.heads)).toEqual([1, 0, 1]);
    expect(gateway.grants.map((grant) => grant.releases)).toEqual([1, 1, 1]);
  });

  test('a cut while a body larger than the gateway collects waits for a connection leaves the client a usable connection', async () => {
    const venue = await startVenue(() => undefined);
    const gateway = await startGateway({ upstreamUrl: venue.url, upstream: { connections: 1 } });
    rawClient(gateway.port, get('/first'));
    await eventually(() => venue.heads === 1);
    const body = 'x'.repeat(66_000);
    const client = rawClient(
      gateway.port,
      ['POST / HTTP/1.1', 'Host: g', `Content-Length: ${body.length}`, '', body].join('\r\n'),
    );
    await eventually(() => gateway.upstream.stats().waiting === 1);
    gateway.grants[1]?.cut('credential_revoked');
    await client.until((text) => text.endsWith('\r\n\r\ncredential_revoked'));
    client.write(post11);
    await client.until((text) => text.split('PAYLOAD_TOO_LARGE').length > 1);
  });

  test('a cut while a large body is on its way breaks the request at the venue and refuses the client', async () => {
    const started = Promise.withResolvers<void>();
    const broken = Promise.withResolvers<void>();
    let whole = false;
    const venue = await startVenue((request) => {
      request
        .once('data', () => started.resolve())
        .on('end', () => {
          whole = true;
        });
      request.on('error', () => broken.resolve());
    });
    const gateway = await startGateway({ upstreamUrl: venue.url });
    const client = rawClient(gateway.port, `${upload}${chunk(large)}`);
    await started.promise;
    only(gateway.grants).cut('credential_revoked');
    await client.until((text) => text.includes('X-Refused: credential_revoked'));
    await broken.promise;
    client.write('0\r\n\r\n');
    await client.closed();
    expect(whole).toBe(false);
    expect(only(gateway.grants)).toMatchObject({ heads: 1, releases: 1 });
  });

  test('a cut while the venue has not answered yet refuses the client and ends the connection to the venue', async () => {
    const asked = Promise.withResolvers<void>();
    const gone = Promise.withResolvers<void>();
    const venue = await startVenue((request) => {
      request.socket.on('close', gone.resolve);
      asked.resolve();
    });
    const gateway = await startGateway({ upstreamUrl: venue.url });
    const client = rawClient(gateway.port, get('/'));
    await asked.promise;
    only(gateway.grants).cut('credential_expired');
    expect(await client.closed()).toContain('X-Refused: credential_expired');
    await gone.promise;
    expect(only(gateway.grants)).toMatchObject({ heads: 1, releases: 1 });
  });

  test('a cut between the head of the answer and its body breaks both connections', async () => {
    const gone = Promise.withResolvers<void>();
    const venue = await startVenue((request, response) => {
      request.socket.on('close', gone.resolve);
      response.flushHeaders();
    });
    const gateway = await startGateway({ upstreamUrl: venue.url });
    const client = rawClient(gateway.port, get('/'));
    await client.until((text) => text.includes('\r\n\r\n'));
    only(gateway.grants).cut('credential_revoked');
    expect(await client.closed()).not.toMatch(/\r\n0\r\n/);
    await gone.promise;
    await expect(gateway.outcome(0)).resolves.toEqual({ kind: 'cut', reason: 'credential_revoked' });
    expect(only(gateway.grants)).toMatchObject({ heads: 1, releases: 1 });
  });

  test('a cut ends an endless answer on both sides, even for a client that does not read', async () => {
    const gone = Promise.withResolvers<void>();
    const venue = await startVenue((request, response) => {
      request.socket.on('close', gone.resolve);
      const pump = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536, 'x')));
      };
      response.on('drain', pump);
      pump();
    });
    let needDrain = (): boolean => false;
    const gateway = await startGateway({
      upstreamUrl: venue.url,
      onExchange: (_request, response) => {
        needDrain = () => response.writableNeedDrain;
      },
    });
    const client = rawClient(gateway.port, get('/'));
    client.socket.pause();
    await eventually(() => needDrain());
    only(gateway.grants).cut('credential_revoked');
    await gone.promise;
    await expect(gateway.outcome(0)).resolves.toEqual({ kind: 'cut', reason: 'credential_revoked' });
    client.socket.resume();
    await client.closed();
    expect(only(gateway.grants).releases).toBe(1);
  });

  test('a cut after the end of the exchange changes nothing', async () => {
    const venue = await startVenue();
    const gateway = await startGateway({ upstreamUrl: venue.url });
    const client = rawClient(gateway.port, get('/').replace('Connection: close\r\n', ''));
    await client.until((text) => text.endsWith('ok'));
    await gateway.outcome(0);
    only(gateway.grants).cut('credential_revoked');
    client.write(get('/'));
    expect((await client.closed()).split('200 OK')).toHaveLength(3);
    expect(gateway.grants.map((grant) => grant.releases)).toEqual([1, 1]);
  });

  test('a cut of a request that waits behind another answer on the same connection does not break that answer', async () => {
    const answers: ServerResponse[] = [];
    const venue = await startVenue((_request, response) => answers.push(response));
    const gateway = await startGateway({ upstreamUrl: venue.url });
    const client = rawClient(gateway.port, get('/first').replace('Connection: close\r\n', '') + get('/second'));
    await eventually(() => answers.length === 2);
    gateway.grants[1]?.cut('credential_revoked');
    answers.find((response) => response.req.url === '/first')?.end('one');
    const text = await client.closed();
    expect(text).toContain('one');
    expect(text.indexOf('credential_revoked')).toBeGreaterThan(text.indexOf('one'));
    await expect(gateway.outcome(0)).resolves.toEqual({ kind: 'answered', status: 200 });
    await expect(gateway.outcome(1)).resolves.toMatchObject({ kind: 'refused' });
  });
});
