// What a client sends again, how often, and what it never does: against a server that is told what to answer.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bearer } from '../../src/client/bearer-auth.ts';
import { type ClientOptions, createClient } from '../../src/client/create-client.ts';
import { CountersignError, NoAnswer } from '../../src/client/errors.ts';
import { randomPrivateKey } from '../../src/client/private-key.ts';
import { starkKey } from '../../src/client/stark-auth.ts';
import { closedPort } from '../support/closed-port.ts';
import { type Answering, hangsUp, type LyingServer, refuses, says, startLyingServer } from '../support/lying-server.ts';

let server: LyingServer;
beforeAll(async () => {
  server = await startLyingServer();
});
afterAll(() => server.stop());

const clientOf = (options: Partial<ClientOptions> = {}) => createClient({ url: server.url, ...options });

const OWN = '/v1/account/tokens/x';
const VENUE = '/v1/orders/1';
const AT_ONCE = { 'Retry-After': '0' };
const fails: Readonly<Record<string, Answering>> = {
  'a lost answer': hangsUp,
  'a 429': refuses(429, 'RATE_LIMITED', AT_ONCE),
  'a 503': refuses(503, 'SERVICE_UNAVAILABLE', AT_ONCE),
};

describe('what is sent again', () => {
  test.each(
    Object.keys(fails).flatMap((what) => (['GET', 'PUT', 'DELETE'] as const).map((method) => [method, what] as const)),
  )('a %s of ours is sent again after %s, twice at most', async (method, what) => {
    const failing = fails[what] ?? hangsUp;
    server.answer(failing, failing, says(200, { done: true }));
    expect((await clientOf().request({ method, path: OWN })).body).toEqual({ done: true });
    expect(server.asked).toHaveLength(3);
    server.answer(failing);
    await expect(clientOf().request({ method, path: OWN })).rejects.toThrow();
    expect(server.asked).toHaveLength(3);
  });

  test.each(Object.keys(fails))(
    'a POST is not sent again after %s, nor is what may be an order of the venue',
    async (what) => {
      for (const [method, path] of [
        ['POST', OWN],
        ['POST', '/v1/orders'],
        ['PUT', VENUE],
        ['DELETE', VENUE],
      ] as const) {
        server.answer(fails[what] ?? hangsUp);
        await expect(clientOf().request({ method, path, body: {} })).rejects.toThrow();
        expect(server.asked, `${method} ${path}`).toHaveLength(1);
      }
    },
  );

  test('a GET of the venue is sent again after a lost answer', async () => {
    server.answer(hangsUp, says(200, []));
    expect((await clientOf().request({ method: 'GET', path: '/v1/orders' })).body).toEqual([]);
  });

  test('what is to be sent once is sent once', async () => {
    server.answer(hangsUp);
    await expect(clientOf().request({ method: 'GET', path: OWN, once: true })).rejects.toBeInstanceOf(NoAnswer);
    expect(server.asked).toHaveLength(1);
  });

  test.each([400, 401, 403, 404, 409, 413, 500])('a %i is not sent again', async (status) => {
    server.answer(refuses(status, 'SOME_CODE'));
    await expect(clientOf().request({ method: 'GET', path: OWN })).rejects.toMatchObject({ status, code: 'SOME_CODE' });
    expect(server.asked).toHaveLength(1);
  });

  test('the number of repeats is the client’s', async () => {
    server.answer(hangsUp);
    await expect(clientOf({ retries: 0 }).request({ method: 'GET', path: OWN })).rejects.toThrow();
    expect(server.asked).toHaveLength(1);
    server.answer(refuses(503, 'SERVICE_UNAVAILABLE', AT_ONCE));
    await expect(clientOf({ retries: 5 }).request({ method: 'GET', path: OWN })).rejects.toThrow();
    expect(server.asked).toHaveLength(6);
  });

  test('a wait that would outlast the caller’s time is not begun: the refusal is told at once', async () => {
    server.answer(refuses(429, 'RATE_LIMITED', { 'Retry-After': '30' }));
    const began = performance.now();
    const asked = clientOf().request({ method: 'GET', path: OWN });
    await expect(asked).rejects.toMatchObject({ status: 429, retryAfterSeconds: 30 });
    expect(performance.now() - began).toBeLessThan(9000);
    expect(server.asked).toHaveLength(1);
  });

  test('a request is never sent after the caller’s time: answers that do not come end it, repeats included', async () => {
    server.answer(() => undefined);
    await expect(clientOf({ timeoutMs: 80 }).request({ method: 'GET', path: OWN })).rejects.toMatchObject({
      name: 'NoAnswer',
      phase: 'unknown',
    });
    expect(server.asked).toHaveLength(1);
  });

  test('Retry-After is waited for, and a little more at random', async () => {
    server.answer(refuses(429, 'RATE_LIMITED', { 'Retry-After': '1' }), says(200, {}));
    const began = performance.now();
    await clientOf().request({ method: 'GET', path: OWN });
    expect(performance.now() - began).toBeGreaterThanOrEqual(999);
  });

  test.each([
    ['1000000000', 1e9],
    ['9'.repeat(12), 999_999_999_999],
    ['Mon, 30 Nov 2026 05:00:00 GMT', 3600],
  ])('a Retry-After of %s is not cut short: nothing is sent again before it', async (value, seconds) => {
    const headers = { 'Retry-After': value, Date: 'Mon, 30 Nov 2026 04:00:00 GMT' };
    server.answer(refuses(503, 'SERVICE_UNAVAILABLE', headers), says(200, {}));
    const asked = clientOf().request({ method: 'GET', path: OWN });
    await expect(asked).rejects.toMatchObject({ retryAfterSeconds: seconds });
    expect(server.asked).toHaveLength(1);
  });

  test.each(['-5', '1.5', '0x10', 'soon', '2026-11-30', '1, 2', ''])(
    'a Retry-After that is none (%j) is as if there were none',
    async (value) => {
      server.answer(refuses(429, 'RATE_LIMITED', { 'Retry-After': value }));
      const asked = clientOf({ retries: 0 }).request({ method: 'GET', path: OWN });
      await expect(asked).rejects.toMatchObject({ status: 429, retryAfterSeconds: undefined });
    },
  );

  test('where a person signs in, too, repeats end with the caller’s time', async () => {
    const auth = { account: async () => '0x1', attended: true, signIn: async () => ({ bearer: 'a.b.c' }) };
    let now = 0;
    server.answer((response, asked) => {
      now += 600;
      hangsUp(response, asked);
    });
    const clock = { now: () => now, monotonic: () => now };
    const client = clientOf({ auth, timeoutMs: 1000, retries: 5, clock });
    await expect(client.request({ method: 'GET', path: OWN })).rejects.toBeInstanceOf(NoAnswer);
    expect(server.asked).toHaveLength(2);
  });

  test('a 429 of the wire, which has no code, is RATE_LIMITED', async () => {
    server.answer(says(429, { message: 'too many' }, { 'Retry-After': '60' }));
    const asked = clientOf().request({ method: 'GET', path: OWN });
    await expect(asked).rejects.toMatchObject({ code: 'RATE_LIMITED', message: 'too many' });
  });

  test('a request that could not leave says so', async () => {
    const client = createClient({ url: `http://127.0.0.1:${await closedPort()}`, retries: 1 });
    await expect(client.request({ method: 'POST', path: OWN, body: {} })).rejects.toMatchObject({
      name: 'NoAnswer',
      phase: 'unsent',
      message: 'no answer (ECONNREFUSED): the request did not leave',
    });
    const signingIn = createClient({
      url: `http://127.0.0.1:${await closedPort()}`,
      auth: starkKey(randomPrivateKey()),
      retries: 0,
    });
    await expect(signingIn.request({ method: 'GET', path: OWN })).rejects.toMatchObject({
      phase: 'unsent',
      message: expect.stringMatching(/^the sign-in has no answer \(ECONNREFUSED\): the request did not leave$/),
    });
  });
});

describe('whether it arrived', () => {
  const cause = (code: string, syscall: string) => Object.assign(new Error('x'), { code, syscall });
  const both = Object.assign(new AggregateError([cause('ECONNREFUSED', 'connect'), cause('ENETUNREACH', 'connect')]), {
    code: 'ECONNREFUSED',
  });
  test.each([
    ['a connection that was refused', cause('ECONNREFUSED', 'connect'), 'unsent'],
    ['a name that is not known', cause('ENOTFOUND', 'getaddrinfo'), 'unsent'],
    ['no way to the host', cause('EHOSTUNREACH', 'connect'), 'unsent'],
    ['two addresses that both refuse', both, 'unsent'],
    ['a certificate that is none', { code: 'CERT_HAS_EXPIRED' }, 'unsent'],
    ['a connection that stood, to a host that went away', cause('EHOSTUNREACH', 'read'), 'unknown'],
    ['a connection that stood, over a network that went away', cause('ENETDOWN', 'write'), 'unknown'],
    [
      'two failures, one of them of a connection that stood',
      new AggregateError([both, cause('EPIPE', 'write')]),
      'unknown',
    ],
    ['a socket that closed', { code: 'UND_ERR_SOCKET' }, 'unknown'],
    ['an error of a browser, which does not say', undefined, 'unknown'],
  ] as const)('a create never passes for unsent when it may have arrived: %s', async (_, why, phase) => {
    const fetch = (): Promise<Response> => Promise.reject(new TypeError('fetch failed', { cause: why }));
    const asked = clientOf({ fetch }).request({ method: 'POST', path: OWN, body: {} });
    await expect(asked).rejects.toMatchObject({ name: 'NoAnswer', phase });
  });

  test.each([429, 502, 503])('a %i that is cut off does not pass for an act of the server', async (status) => {
    server.answer((response) => {
      response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': '100' });
      response.write('{', () => response.destroy());
    });
    const asked = clientOf().request({ method: 'POST', path: OWN, body: {} });
    await expect(asked).rejects.toMatchObject({ name: 'NoAnswer', phase: 'unknown' });
  });
});

describe('a bearer that is refused', () => {
  /** Signs in anew each time. */
  const renewing = () => {
    let made = 0;
    return {
      account: async () => '0x1',
      signIn: async () => {
        made += 1;
        return { bearer: `session-${made}` };
      },
    };
  };
  const refused = refuses(401, 'UNAUTHORIZED_ERROR');

  test('a POST of ours is sent once more with a new session, and no third time', async () => {
    server.answer(refused, says(200, {}));
    const client = clientOf({ auth: renewing() });
    await client.request({ method: 'POST', path: OWN, body: {} });
    expect(server.asked.map(({ headers }) => headers.authorization)).toEqual(['Bearer session-1', 'Bearer session-2']);
    server.answer(refused);
    await expect(client.request({ method: 'POST', path: OWN, body: {} })).rejects.toMatchObject({ status: 401 });
    expect(server.asked).toHaveLength(2);
  });

  test.each(['POST', 'PUT', 'DELETE'] as const)(
    'a %s of the venue is not sent again: its 401 may be the venue’s',
    async (method) => {
      server.answer(refused, says(200, {}));
      const client = clientOf({ auth: renewing() });
      await expect(client.request({ method, path: '/v1/orders', body: {} })).rejects.toMatchObject({ status: 401 });
      expect(server.asked).toHaveLength(1);
    },
  );

  test('another 401 than UNAUTHORIZED_ERROR is not sent again', async () => {
    server.answer(refuses(401, 'INVALID_SUBKEY'));
    await expect(clientOf({ auth: renewing() }).request({ method: 'GET', path: OWN })).rejects.toMatchObject({
      code: 'INVALID_SUBKEY',
    });
    expect(server.asked).toHaveLength(1);
  });

  test('a bearer that cannot be renewed is not sent again', async () => {
    server.answer(refused);
    await expect(clientOf({ auth: bearer('a.b.c') }).request({ method: 'GET', path: OWN })).rejects.toThrow();
    expect(server.asked).toHaveLength(1);
  });
});

describe('creates', () => {
  const create = () => clientOf({ timeoutMs: 2000 }).tokens.create({ name: 'bot' });
  const time = says(200, { server_time: '1800000000000' });
  const since = 1_800_000_000_000_000_000n - 3_000_000_000n;

  test.each([
    ['hangs up', hangsUp],
    ['fails inside', refuses(500, 'INTERNAL_ERROR')],
    ['is replaced by a proxy in front of it', says(502, '<html>', { 'Content-Type': 'text/html' })],
    ['answers no JSON', says(200, '<html>')],
  ] as const)('a create says what to look for when the server %s', async (_, failing) => {
    server.answer(time, failing);
    const error = await create().catch((thrown) => thrown);
    expect(error).toMatchObject({ maybeMade: { kind: 'token', name: 'bot' } });
    expect(error.maybeMade.since).toBeGreaterThan(since);
    expect(server.asked).toHaveLength(2);
  });

  test('a create that was refused, or never left, made nothing and says nothing of the kind', async () => {
    server.answer(time, refuses(400, 'TOKEN_LIMIT_REACHED'));
    await expect(create()).rejects.toMatchObject({ maybeMade: undefined, code: 'TOKEN_LIMIT_REACHED' });
    server.answer(hangsUp);
    // The server's clock could not be asked: what it is a create of was not sent.
    await expect(create()).rejects.toMatchObject({ name: 'NoAnswer', phase: 'unsent', maybeMade: undefined });
    expect(server.asked.some(({ method }) => method === 'POST')).toBe(false);
  });
});

test('errors of the server are CountersignErrors, with what it said', async () => {
  const data = { client_ip: '198.51.100.4' };
  const headers = { 'Countersign-Request-Id': 'abc' };
  server.answer(says(403, { error: 'IP_NOT_ALLOWED', message: 'not from there', data }, headers));
  const error = await clientOf()
    .request({ method: 'GET', path: OWN })
    .catch((thrown) => thrown);
  expect(error).toBeInstanceOf(CountersignError);
  expect({ ...error }).toMatchObject({ status: 403, code: 'IP_NOT_ALLOWED', data, requestId: 'abc' });
});
