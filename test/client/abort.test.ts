// The caller's signal, at each moment of a call: it ends at once, and says whether what was asked for may have happened.
import { execFile } from 'node:child_process';
import { getEventListeners } from 'node:events';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Auth } from '../../src/client/auth.ts';
import { type ClientOptions, createClient } from '../../src/client/create-client.ts';
import { Aborted } from '../../src/client/errors.ts';
import { starkKeyOfWallet } from '../../src/client/wallet-key.ts';
import { type LyingServer, refuses, says, startLyingServer } from '../support/lying-server.ts';

let server: LyingServer;
beforeAll(async () => {
  server = await startLyingServer();
});
afterAll(() => server.stop());

const PATH = '/v1/account/tokens';
const clientOf = (options: Partial<ClientOptions> = {}) => createClient({ url: server.url, ...options });
const never = new Promise<never>(() => undefined);

async function inMicrotasks(count: number, act: () => void): Promise<void> {
  for (let at = 0; at < count; at += 1) await null;
  act();
}

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

describe('what a call leaves behind', () => {
  test('a signal of 10,000 calls gathers no listeners, however they end', async () => {
    const { signal } = new AbortController();
    let calls = 0;
    const fetch = async () => {
      calls += 1;
      if (calls % 3 === 0) throw new TypeError('fetch failed');
      return Response.json({ error: 'NOT_FOUND', message: 'no' }, { status: calls % 3 === 1 ? 200 : 404 });
    };
    const client = clientOf({
      fetch,
      retries: 0,
      auth: { account: async () => '0x1', signIn: async () => ({ bearer: 'a.b.c' }) },
    });
    let most = 0;
    for (let round = 0; round < 100; round += 1) {
      const all = Array.from({ length: 50 }, () => [
        client.request({ method: 'GET', path: PATH, signal }),
        client.account.session({ signal }),
      ]);
      await Promise.allSettled(all.flat());
      most = Math.max(most, getEventListeners(signal, 'abort').length);
    }
    expect(most).toBe(0);
    expect(calls).toBe(5000);
  });

  test('callers that leave a login one after the other leave no listener, and the last one has its session', async () => {
    let finish: (session: { bearer: string }) => void = () => undefined;
    const auth: Auth = { account: async () => '0x1', signIn: () => new Promise((resolve) => (finish = resolve)) };
    const client = clientOf({ auth });
    const { signal } = new AbortController();
    const last = client.account.session({ signal });
    for (let caller = 0; caller < 200; caller += 1) {
      const controller = new AbortController();
      const left = client.account.session({ signal: controller.signal });
      controller.abort();
      await expect(left).rejects.toBeInstanceOf(Aborted);
      expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    }
    finish({ bearer: 'a.b.c' });
    expect((await last).bearer).toBe('a.b.c');
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  test('a login that fails after everybody has left is nobody’s unhandled rejection', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    try {
      let fail: (error: unknown) => void = () => undefined;
      const auth: Auth = {
        account: () => Promise.reject(new Error('no account')),
        signIn: () => new Promise((_, reject) => (fail = reject)),
      };
      const client = clientOf({ auth });
      const controller = new AbortController();
      const { signal } = controller;
      const left = [
        client.account.session({ signal }),
        client.account.session({ signal }),
        client.account.self({ signal }),
      ];
      controller.abort();
      await Promise.allSettled([...left, client.account.address({ signal })]);
      fail(new Error('too late'));
      for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      expect(unhandled).toEqual([]);
    } finally {
      process.off('unhandledRejection', note);
    }
  });

  test.each([
    ['of a person who does not answer', 'attended: true,'],
    ['of a signer that does not answer', ''],
  ])('a process whose last call was aborted ends by itself, though the login %s goes on', async (_, attended) => {
    const main = JSON.stringify(new URL('../../src/client/main.ts', import.meta.url).href);
    const program = `
      const { createClient } = await import(${main});
      const never = new Promise(() => undefined);
      const client = createClient({ url: 'http://127.0.0.1:1', timeoutMs: 600000, auth: { ${attended} account: () => never, signIn: () => never } });
      const controller = new AbortController();
      const { signal } = controller;
      const calls = [client.account.session({ signal }), client.account.address({ signal }), client.tokens.create({}, { signal })];
      setTimeout(() => controller.abort(), 10);
      const ended = await Promise.allSettled(calls);
      console.log(ended.map(({ reason }) => reason.name).join());`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
      timeout: 20_000,
    });
    expect(stdout.trim()).toBe('Aborted,Aborted,Aborted');
  });
});

describe('a request that is sent again', () => {
  /** Each attempt ends so; after the last, the signal is aborted. */
  const attempts = (...each: readonly ('lost' | 'refused' | 429 | 503)[]) => {
    const controller = new AbortController();
    const left = [...each];
    const fetch = async () => {
      const how = left.shift();
      // By then the call waits to be sent again.
      if (left.length === 0) void inMicrotasks(100, () => controller.abort());
      if (typeof how === 'number') return Response.json({ error: 'NO', message: 'no' }, { status: how });
      const code = how === 'refused' ? { code: 'ECONNREFUSED', syscall: 'connect' } : { code: 'ECONNRESET' };
      throw Object.assign(new TypeError('fetch failed'), { cause: code });
    };
    return { controller, client: clientOf({ fetch, retries: each.length }) };
  };

  test.each([
    ['unsent', ['refused']],
    ['unknown', ['lost']],
    ['unknown', ['lost', 'refused']],
    ['unknown', [503]],
    ['unknown', [503, 'refused']],
    ['unknown', ['lost', 429]],
    ['unsent', [429]],
  ] as const)(
    'aborted afterwards, it says %s of %j: a later attempt that did not leave says nothing of an earlier one',
    async (phase, each) => {
      const { controller, client } = attempts(...each);
      const error = await client.tokens.revoke('x', { signal: controller.signal }).catch((thrown) => thrown);
      expect(error).toBeInstanceOf(Aborted);
      expect(error.phase).toBe(phase);
    },
  );

  test('failing in the end without having left, it says what the attempts before may have done', async () => {
    const left = ['lost', 'refused', 'refused'];
    const fetch = async () => {
      const code = left.shift() === 'lost' ? { code: 'ECONNRESET' } : { code: 'ECONNREFUSED', syscall: 'connect' };
      throw Object.assign(new TypeError('fetch failed'), { cause: code });
    };
    const error = await clientOf({ fetch })
      .tokens.revoke('x')
      .catch((thrown) => thrown);
    expect(error).toMatchObject({ name: 'NoAnswer', phase: 'unknown' });
    expect(error.message).toContain('whether the request arrived is not known');
  });
});

test('what begins within a call that is aborted meanwhile is not waited for', async () => {
  const controller = new AbortController();
  const auth: Auth = {
    account: async () => '0x1',
    signIn() {
      controller.abort();
      return never;
    },
  };
  await expect(clientOf({ auth }).account.session({ signal: controller.signal })).rejects.toBeInstanceOf(Aborted);
});

test('when the person has answered, the client’s own time goes on: a server that is silent then ends the call', async () => {
  server.answer(() => undefined);
  const auth: Auth = { account: async () => '0x1', attended: true, signIn: async () => ({ bearer: 'a.b.c' }) };
  const asked = clientOf({ auth, timeoutMs: 100 }).request({ method: 'GET', path: PATH });
  await expect(asked).rejects.toMatchObject({ name: 'NoAnswer', phase: 'unknown' });
});

test('a person at a wallet is waited for five minutes where no time was set', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  try {
    const auth: Auth = { account: async () => '0x1', attended: true, signIn: () => never };
    const accounts = { config: async () => ({ l1_chain_id: '1' }), of: () => never };
    const asked = [clientOf({ auth }).account.session(), starkKeyOfWallet({ request: () => never }, accounts)];
    const errors: unknown[] = [];
    for (const one of asked) one.catch((error: unknown) => errors.push(error));
    await vi.advanceTimersByTimeAsync(299_000);
    expect(errors).toEqual([]);
    await vi.advanceTimersByTimeAsync(2000);
    expect(errors).toMatchObject(Array.from(asked, () => ({ name: 'NoAnswer', phase: 'unsent' })));
  } finally {
    vi.useRealTimers();
  }
});

test.each(Array.from({ length: 60 }, (_, at) => [at]))(
  'a change that is acknowledged is told, or what it may have made, though its caller gives up %i steps later',
  async (steps) => {
    const controller = new AbortController();
    const token = { token: 'a.b.c', api_token: { lookup_id: 'x' } };
    const text = JSON.stringify(token);
    const fetch: typeof globalThis.fetch = async (url) => {
      if (String(url).endsWith('/time')) return Response.json({ server_time: '1800000000000' });
      const body = new ReadableStream({
        pull(stream) {
          stream.enqueue(new TextEncoder().encode(text));
          stream.close();
          void inMicrotasks(steps, () => controller.abort());
        },
      });
      return new Response(body, { status: 201, headers: { 'Content-Type': 'application/json' } });
    };
    const told = await clientOf({ fetch })
      .tokens.create({ name: 'bot' }, { signal: controller.signal })
      .then(
        ({ value }) => value.token,
        (error) => error.maybeMade?.name,
      );
    expect(['a.b.c', 'bot']).toContain(told);
  },
);
