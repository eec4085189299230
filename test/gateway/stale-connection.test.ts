// A venue that ends a connection which was idle, at the moment at which the next request is written to it: nothing is wrong, and nobody
// need hear of it. A real server on loopback plays it.
import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import {
  ask,
  eventually,
  type GatewayOptions,
  get,
  rawClient,
  startGateway,
  startRawVenue,
} from '../support/forward-harness.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

type Script = (connection: number, request: number, socket: Socket) => void;

/** Calls `script` for each whole head, with the number of its connection and of the request on that, both from 0. */
async function scripted(script: Script) {
  const state = { connections: 0, requests: 0 };
  const url = await startRawVenue((socket) => {
    const connection = state.connections;
    state.connections += 1;
    let requests = 0;
    let text = '';
    socket.setEncoding('latin1').on('data', (more: string) => {
      text += more;
      if (!text.endsWith('\r\n\r\n')) return;
      text = '';
      state.requests += 1;
      script(connection, requests++, socket);
    });
  });
  return { url, state };
}

/** A venue whose first connection answers once and then does `end`, and whose others do `then`. */
const endingFirst = (end: (socket: Socket) => void, then: (socket: Socket) => void = (socket) => socket.write(OK)) =>
  scripted((connection, request, socket) => {
    if (connection > 0) then(socket);
    else if (request === 0) socket.write(OK);
    else end(socket);
  });

const reset = (socket: Socket): void => void socket.resetAndDestroy();
const close = (socket: Socket): void => void socket.end();

async function gatewayTo(url: string, more: Partial<GatewayOptions> = {}) {
  const gateway = await startGateway({ ...more, upstreamUrl: url, upstream: { connections: 1, maxWaiting: 0 } });
  expect(await ask(gateway.port, get('/'))).toMatch(/^HTTP\/1.1 200 /);
  await eventually(() => gateway.upstream.stats().busy === 0);
  return gateway;
}

describe('a GET over a connection that the venue has ended', () => {
  test.each([
    ['reset', reset],
    ['closed', close],
  ])(
    'a GET over a connection that the venue has ended (%s) is sent once more over a new one, and its client sees the answer alone',
    async (_how, end) => {
      const { url, state } = await endingFirst(end);
      const gateway = await gatewayTo(url);
      const answer = await ask(gateway.port, get('/'));
      expect(answer).toMatch(/^HTTP\/1.1 200 OK\r\n.*\r\n\r\nok$/s);
      expect(state).toEqual({ connections: 2, requests: 3 });
      expect(await gateway.outcome(1)).toEqual({ kind: 'answered', status: 200 });
      expect(gateway.grants[1]).toMatchObject({ heads: 1, releases: 1 });
      // Its place was one and the same: the next finds it free.
      await eventually(() => gateway.upstream.stats().busy === 0);
      expect(await ask(gateway.port, get('/'))).toMatch(/^HTTP\/1.1 200 /);
      expect(state).toEqual({ connections: 2, requests: 4 });
    },
  );

  test('a GET that would be sent again is asked about again: what ended meanwhile is refused and not sent', async () => {
    let cut = (): void => undefined;
    const { url, state } = await endingFirst((socket) => {
      cut();
      reset(socket);
    });
    const gateway = await gatewayTo(url);
    cut = () => {
      const [, grant] = gateway.grants;
      if (grant !== undefined) grant.refuseWith = 'credential_revoked';
    };
    expect(await ask(gateway.port, get('/'))).toContain('X-Refused: credential_revoked');
    expect(state.requests).toBe(2);
    expect(gateway.grants[1]?.asked).toBe((gateway.grants[0]?.asked ?? 0) + 1);
    await eventually(() => gateway.upstream.stats().busy === 0);
  });

  test('a GET over a connection that the venue has ended is not sent a third time', async () => {
    const { url, state } = await endingFirst(reset, reset);
    const gateway = await gatewayTo(url);
    expect(await ask(gateway.port, get('/'))).toContain('X-Refused: upstream_unavailable');
    expect(state).toEqual({ connections: 2, requests: 3 });
    await eventually(() => gateway.upstream.stats().busy === 0);
  });

  test('a GET that is sent again has its time from the beginning: it is over before that of one that began before it was sent again', async () => {
    const time = { forward: { deadlineMs: 1000 } };
    const held = Promise.withResolvers<Socket>();
    const { url, state } = await endingFirst(held.resolve, () => undefined);
    const gateway = await gatewayTo(url, time);
    const answer = ask(gateway.port, get('/'));
    const socket = await held.promise;
    const begun = Promise.withResolvers<void>();
    const other = await startGateway({ ...time, upstreamUrl: (await scripted(() => begun.resolve())).url });
    const later = ask(other.port, get('/'));
    await begun.promise;
    reset(socket);

    const over: string[] = [];
    void gateway.outcome(1).then(() => over.push('sent again'));
    void other.outcome(0).then(() => over.push('began later'));
    for (const refused of [answer, later]) expect(await refused).toContain('X-Refused: upstream_timeout');
    expect(over).toEqual(['sent again', 'began later']);
    expect(state.requests).toBe(3);
    await eventually(() => gateway.upstream.stats().busy === 0);
  });

  test('a GET over a connection that the venue has ended is not sent again when its client has left', async () => {
    const arrived = Promise.withResolvers<Socket>();
    const { url, state } = await endingFirst(arrived.resolve);
    const gateway = await gatewayTo(url);
    const client = rawClient(gateway.port, get('/'));
    const socket = await arrived.promise;
    client.socket.destroy();
    await gateway.outcome(1);
    reset(socket);
    await eventually(() => gateway.upstream.stats().busy === 0);
    expect(await ask(gateway.port, get('/'))).toMatch(/^HTTP\/1.1 200 /);
    expect(state.requests).toBe(3);
  });

  test('a GET is not sent again when it is the gateway that ends its connection', async () => {
    const arrived = Promise.withResolvers<Socket>();
    const { url, state } = await endingFirst(arrived.resolve);
    const gateway = await gatewayTo(url);
    const answer = ask(gateway.port, get('/'));
    await arrived.promise;
    await gateway.upstream.destroy();
    expect(await answer).toContain('X-Refused: upstream_unavailable');
    expect(state).toEqual({ connections: 1, requests: 2 });
  });

  test('a GET finds a connection that works also where all idle ones are stale', async () => {
    let restarted = false;
    const sockets: Socket[] = [];
    const { url, state } = await scripted((connection, _request, socket) => {
      if (restarted && connection < 3) reset(socket);
      else if (restarted) socket.write(OK);
      else sockets.push(socket);
    });
    const gateway = await startGateway({ upstreamUrl: url, upstream: { connections: 3 } });
    const first = [0, 1, 2].map(() => ask(gateway.port, get('/')));
    await eventually(() => sockets.length === 3);
    for (const socket of sockets) socket.write(OK);
    await Promise.all(first);
    await eventually(() => gateway.upstream.stats().busy === 0);
    restarted = true;
    for (let i = 0; i < 3; i += 1) expect(await ask(gateway.port, get('/'))).toMatch(/^HTTP\/1.1 200 /);
    expect(state.connections).toBeGreaterThanOrEqual(4);
  });
});

describe('nothing is sent again', () => {
  const request = (method: string): string =>
    [
      `${method} / HTTP/1.1`,
      'Host: g',
      'Connection: close',
      ...(method === 'HEAD' ? [] : ['Content-Length: 0']),
      '',
      '',
    ].join('\r\n');

  test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'HEAD'])(
    'a %s is not sent again, whatever became of its connection',
    async (method) => {
      for (const end of [reset, close]) {
        const { url, state } = await endingFirst(end);
        const gateway = await gatewayTo(url);
        expect(await ask(gateway.port, request(method))).toContain('X-Refused: upstream_unavailable');
        expect(state).toEqual({ connections: 1, requests: 2 });
      }
    },
  );

  test.each(['H', 'HTTP/1.1 200 OK\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n'])(
    'a GET is not sent again once a byte of an answer has come: %j',
    async (begun) => {
      const { url, state } = await endingFirst((socket) => socket.end(begun));
      const gateway = await gatewayTo(url);
      expect(await ask(gateway.port, get('/'))).toContain('X-Refused: upstream_unavailable');
      expect(state).toEqual({ connections: 1, requests: 2 });
    },
  );

  test('a GET over a connection that was new is not sent again', async () => {
    const { url, state } = await scripted((_connection, _request, socket) => reset(socket));
    const gateway = await startGateway({ upstreamUrl: url });
    expect(await ask(gateway.port, get('/'))).toContain('X-Refused: upstream_unavailable');
    expect(state).toEqual({ connections: 1, requests: 1 });
  });
});
