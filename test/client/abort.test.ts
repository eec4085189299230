// The caller's signal, at each moment of a call: it ends at once, and says whether what was asked for may have happened.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Auth } from '../../src/client/auth.ts';
import { type ClientOptions, createClient } from '../../src/client/create-client.ts';
import { Aborted } from '../../src/client/errors.ts';
import { type LyingServer, refuses, says, startLyingServer } from '../support/lying-server.ts';

let server: LyingServer;
beforeAll(async () => {
  server = await startLyingServer();
});
afterAll(() => server.stop());

const PATH = '/v1/account/tokens';
const clientOf = (options: Partial<ClientOptions> = {}) => createClient({ url: server.url, ...options });
const never = new Promise<never>(() => undefined);

/** Aborts once `reached` has been called, and resolves with what the call says. */
async function aborted(call: (signal: AbortSignal, reached: () => void) => Promise<unknown>): Promise<Aborted> {
  const controller = new AbortController();
  const error = await call(controller.signal, () => void setImmediate(() => controller.abort())).catch((e) => e);
  if (error instanceof Aborted) return error;
  throw new Error(`not aborted: ${String(error)}`);
}

test('a call that is aborted before it begins is not sent', async () => {
  server.answer(says(200, {}));
  const error = await clientOf()
    .request({ method: 'GET', path: PATH, signal: AbortSignal.abort() })
    .catch((e) => e);
  expect(error).toBeInstanceOf(Aborted);
  expect(error.phase).toBe('unsent');
  expect(server.asked).toEqual([]);
});

test('a call that is aborted while it signs in is not sent, and leaves the sign-in to the others who wait', async () => {
  let finish: (session: { bearer: string }) => void = () => undefined;
  const auth: Auth = {
    account: async () => '0x1',
    signIn: () =>
      new Promise((resolve) => {
        finish = resolve;
      }),
  };
  server.answer(says(200, {}));
  const client = clientOf({ auth });
  const other = client.request({ method: 'GET', path: PATH });
  const error = await aborted((signal, reached) => {
    reached();
    return client.request({ method: 'POST', path: PATH, body: {}, signal });
  });
  expect(error.phase).toBe('unsent');
  finish({ bearer: 'a.b.c' });
  expect((await other).status).toBe(200);
  expect(server.asked.map(({ method }) => method)).toEqual(['GET']);
});

test('a call that is aborted before its answer began may have arrived; a create says what to look for', async () => {
  let reach: () => void = () => undefined;
  server.answer(says(200, { server_time: '1800000000000' }), () => reach());
  const error = await aborted((signal, reached) => {
    reach = reached;
    return clientOf().tokens.create({ name: 'bot' }, { signal });
  });
  expect(error).toMatchObject({ phase: 'unknown', maybeMade: { kind: 'token', name: 'bot' } });
});

test('a call that is aborted within its answer was carried out', async () => {
  let reach: () => void = () => undefined;
  const error = await aborted((signal, reached) => {
    reach = reached;
    server.answer((response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.flushHeaders();
      response.write('{');
    });
    // The answer has begun when fetch says so.
    const fetch: typeof globalThis.fetch = async (...request) => {
      const response = await globalThis.fetch(...request);
      reach();
      return response;
    };
    return clientOf({ fetch }).request({ method: 'GET', path: PATH, signal });
  });
  expect(error.phase).toBe('sent');
});

test('a call that is aborted while it waits to be sent again is not sent again', async () => {
  let reach: () => void = () => undefined;
  server.answer((response, asked) => {
    refuses(503, 'SERVICE_UNAVAILABLE', { 'Retry-After': '5' })(response, asked);
    response.on('finish', () => setTimeout(() => reach(), 50));
  });
  await aborted((signal, reached) => {
    reach = reached;
    return clientOf().request({ method: 'GET', path: PATH, signal });
  });
  expect(server.asked).toHaveLength(1);
});

test('a sign-in that does not end holds a call no longer than its time', async () => {
  const auth: Auth = { account: async () => '0x1', signIn: () => never };
  await expect(clientOf({ auth, timeoutMs: 50 }).request({ method: 'GET', path: PATH })).rejects.toMatchObject({
    name: 'NoAnswer',
    phase: 'unsent',
  });
});

test('a person at a wallet takes the time that they take, and the caller’s signal ends that too', async () => {
  let finish: (session: { bearer: string }) => void = () => undefined;
  const auth: Auth = {
    account: async () => '0x1',
    attended: true,
    signIn: () =>
      new Promise((resolve) => {
        finish = resolve;
      }),
  };
  server.answer(says(200, {}));
  const client = clientOf({ auth, timeoutMs: 500 });
  const asked = client.request({ method: 'GET', path: PATH });
  const error = await aborted((signal, reached) => {
    setTimeout(reached, 600);
    return client.request({ method: 'GET', path: PATH, signal });
  });
  expect(error.phase).toBe('unsent');
  finish({ bearer: 'a.b.c' });
  expect((await asked).status).toBe(200);
});
