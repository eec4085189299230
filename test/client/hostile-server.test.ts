// A server that lies, or another one that answers in its place: nothing is followed, nothing hangs, and nothing secret is said.
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bearer } from '../../src/client/bearer-auth.ts';
import { type ClientOptions, createClient } from '../../src/client/create-client.ts';
import { device } from '../../src/client/device-auth.ts';
import { exportedDeviceKey, newDeviceKey } from '../../src/client/device-key.ts';
import { MAX_ANSWER_BYTES } from '../../src/client/exchange.ts';
import { starkKey, subkey } from '../../src/client/stark-auth.ts';
import { createStarkKey, randomStarkPrivateKey } from '../../src/client/stark-key.ts';
import { createWallet } from '../../src/client/wallet.ts';
import { wallet } from '../../src/client/wallet-auth.ts';
import { type Answering, type LyingServer, says, startLyingServer, thenAll } from '../support/lying-server.ts';

let server: LyingServer;
beforeAll(async () => {
  server = await startLyingServer();
});
afterAll(() => server.stop());

const OWN = '/v1/account/tokens/x';
const clientOf = (options: Partial<ClientOptions> = {}) => createClient({ url: server.url, retries: 0, ...options });

describe('no other place', () => {
  test.each([301, 302, 303, 307, 308])('a redirect (%i) is an error, and is not followed', async (status) => {
    const elsewhere = await startLyingServer();
    try {
      elsewhere.answer(says(200, {}));
      for (const Location of [`${elsewhere.url}/`, '/v1/system/time']) {
        server.answer(says(status, '', { Location }));
        for (const method of ['GET', 'POST'] as const) {
          const asked = clientOf({ auth: bearer('a.b.c') }).request({ method, path: OWN });
          await expect(asked).rejects.toMatchObject({ name: 'CountersignError', code: 'REDIRECTED' });
        }
        expect(server.asked).toHaveLength(2);
      }
      expect(elsewhere.asked).toEqual([]);
    } finally {
      await elsewhere.stop();
    }
  });

  test.each([
    'http://evil.example/v1/orders',
    '//evil.example/v1/orders',
    '/.//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    'v1/orders',
    '',
    '/v1/a b',
    '/v1/orders\n',
    '/v1/orders#x',
    '@evil.example',
  ])('a path that is none, or names another place, is not sent: %j', async (path) => {
    server.answer(says(200, {}));
    await expect(clientOf({ auth: bearer('a.b.c') }).request({ method: 'GET', path })).rejects.toThrow(TypeError);
    expect(server.asked).toEqual([]);
  });

  test.each([
    'ftp://keys.venue.example',
    'https://user:secret@keys.venue.example',
    'https://keys.venue.example/v1',
    'https://keys.venue.example?x',
    'keys.venue.example',
  ])('an address that is more or less than a server’s is refused: %s', (url) => {
    expect(() => createClient({ url })).toThrow('url is the address of a server and no more');
  });

  test.each(['https://keys.venue.example/console', 'keys.venue.example', 'javascript:alert(1)', ''])(
    'a hand-off for an address that is more or less than a page’s makes nothing: %j',
    async (console_url) => {
      server.answer(says(200, {}));
      const made = clientOf({ auth: starkKey('0x5') }).subkeys.handOff({ name: 'phone', console_url });
      await expect(made).rejects.toThrow('console_url is the address of a server and no more');
      expect(server.asked).toEqual([]);
    },
  );

  test.each(['Authorization', 'cookie', 'Host', 'Content-Length'])(
    'the header %s is not the caller’s to set',
    async (name) => {
      const asked = clientOf().request({ method: 'GET', path: OWN, headers: { [name]: 'x' } });
      await expect(asked).rejects.toThrow(`the header ${name} is not the caller's to set`);
    },
  );

  test('a header of the caller stands in place of the client’s, however it is written', async () => {
    server.answer(says(200, {}));
    const headers = { 'content-type': 'application/json; charset=utf-8', ACCEPT: 'text/csv' };
    await clientOf().request({ method: 'POST', path: OWN, body: {}, headers });
    expect(server.asked[0]?.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      accept: 'text/csv',
    });
  });

  test.each([
    new ReadableStream(),
    new Blob(['x']),
    new URLSearchParams('a=b'),
    new Uint8Array(2),
    Buffer.from('x'),
    new Map([['a', 1]]),
    () => undefined,
    Symbol('x'),
  ])('a body that JSON cannot say is not sent as an empty one: %o', async (body) => {
    server.answer(says(200, {}));
    await expect(clientOf().request({ method: 'POST', path: OWN, body })).rejects.toThrow('body is what JSON can say');
    expect(server.asked).toEqual([]);
  });

  test.each(['', '.', '..'])('an id that would name another route is not sent: %j', async (id) => {
    server.answer(says(200, {}));
    const { tokens, subkeys, devices } = clientOf({ auth: bearer('a.b.c') });
    for (const call of [
      () => tokens.get(id),
      () => tokens.rotate(id),
      () => tokens.rename(id, 'x'),
      () => tokens.restrict(id, []),
      () => tokens.revoke(id),
      () => subkeys.get(id),
      () => subkeys.rename(id, 'x'),
      () => subkeys.restrict(id, []),
      () => subkeys.revoke(id),
      () => devices.end(id),
    ])
      await expect(call()).rejects.toThrow(TypeError);
    expect(server.asked).toEqual([]);
  });

  test('nothing of a page goes along: no cookie, no referrer, no cache', async () => {
    const seen: RequestInit[] = [];
    const client = clientOf({
      fetch: async (_url, init) => {
        seen.push(init ?? {});
        return new Response('{}');
      },
    });
    await client.request({ method: 'GET', path: OWN });
    expect(seen[0]).toMatchObject({
      redirect: 'manual',
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      cache: 'no-store',
    });
  });
});

describe('answers that are none', () => {
  test('an answer without end is cut off at a bound', async () => {
    server.answer((response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      const more = () => {
        while (response.write('x'.repeat(65_536)));
        response.once('drain', more);
      };
      more();
    });
    const asked = clientOf({ timeoutMs: 30_000 }).request({ method: 'GET', path: OWN });
    await expect(asked).rejects.toThrow(`the answer is longer than ${MAX_ANSWER_BYTES} bytes`);
  });

  test('an answer that comes a byte at a time ends with the caller’s time', async () => {
    server.answer((response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      const timer = setInterval(() => response.write(' '), 10);
      response.on('close', () => clearInterval(timer));
    });
    await expect(clientOf({ timeoutMs: 1000 }).request({ method: 'GET', path: OWN })).rejects.toMatchObject({
      name: 'NoAnswer',
      phase: 'sent',
    });
  });

  test('a fetch that does not listen to its signal hangs no call', async () => {
    const client = clientOf({ timeoutMs: 50, fetch: () => new Promise(() => undefined) });
    await expect(client.request({ method: 'GET', path: OWN })).rejects.toMatchObject({ name: 'NoAnswer' });
  });

  test.each(['', '<html>', '{"a":', '[1'])(
    'an answer of a route of ours that is no JSON is a lost one: %j',
    async (text) => {
      server.answer(says(200, text));
      const asked = clientOf().request({ method: 'GET', path: OWN });
      if (text === '') await expect(asked).resolves.toMatchObject({ body: undefined });
      else await expect(asked).rejects.toMatchObject({ name: 'NoAnswer', phase: 'sent' });
    },
  );

  test.each([{}, null, [[]], { error: 'NOT_ONBOARDED', message: 'x' }, { jwt_token: 7 }, { jwt_token: 'a b' }])(
    'a login that is answered without a bearer is no login: %j',
    async (body) => {
      server.answer(thenAll(says(200, body)));
      const client = clientOf({ auth: starkKey('0x5', { account: '0x1' }) });
      await expect(client.request({ method: 'GET', path: OWN })).rejects.toMatchObject({ code: 'NOT_COUNTERSIGN' });
      expect(server.asked.filter(({ path }) => path === OWN)).toEqual([]);
    },
  );

  test.each([
    {},
    null,
    [[]],
    { error: 'VALIDATION_ERROR', message: 'x', data: null },
    { token: 'a.b.c' },
    { token: 'a\nb', api_token: { lookup_id: 'x' } },
    { token: '', api_token: { lookup_id: 'x' } },
    { token: 'a.b.c', api_token: [] },
  ])('a create that is answered in another form may have made something, and says so: %j', async (body) => {
    server.answer(thenAll(says(200, body)));
    const client = clientOf({ auth: bearer('a.b.c') });
    const lost = { name: 'NoAnswer', phase: 'sent', maybeMade: { kind: 'token' } };
    await expect(client.tokens.create({ name: 'x' })).rejects.toMatchObject(lost);
    await expect(client.tokens.rotate('x')).rejects.toMatchObject(lost);
    const { public_key } = await newDeviceKey();
    await expect(client.devices.add({ name: 'x', public_key })).rejects.toMatchObject({
      phase: 'sent',
      maybeMade: { kind: 'device' },
    });
    const owner = starkKey('0x5', { account: '0x1' });
    await expect(client.subkeys.create({ name: 'x' }, { owner })).rejects.toMatchObject({
      phase: 'sent',
      maybeMade: { kind: 'subkey' },
    });
  });

  test.each([null, [[]], { results: {}, next: null }, { results: [] }, { results: [], next: 7 }])(
    'a page of a list that is none is told as that: %j',
    async (body) => {
      server.answer(says(200, body));
      const read = async () => {
        for await (const _ of clientOf({ auth: bearer('a.b.c') }).tokens.list());
      };
      await expect(read()).rejects.toMatchObject({ code: 'NOT_COUNTERSIGN' });
      expect(server.asked).toHaveLength(1);
    },
  );

  test('JSON that is nested a million deep is no answer, and no crash', async () => {
    server.answer(says(200, `${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`));
    await expect(clientOf().request({ method: 'GET', path: OWN })).rejects.toMatchObject({ name: 'NoAnswer' });
  });

  test('an error that is no JSON has its status for a code', async () => {
    server.answer(says(413, '<html>', { 'Content-Type': 'text/html' }));
    await expect(clientOf().request({ method: 'GET', path: OWN })).rejects.toMatchObject({
      code: 'HTTP_413',
      status: 413,
    });
  });

  test('another server than a Countersign is told as that', async () => {
    server.answer(says(200, { hello: 'world' }));
    const client = clientOf({ auth: starkKey(randomStarkPrivateKey(), { account: '0x1' }) });
    await expect(client.request({ method: 'GET', path: OWN })).rejects.toMatchObject({ code: 'NOT_COUNTERSIGN' });
  });

  test('a message has no control characters, and at most 500', async () => {
    server.answer(says(400, { error: 'X', message: `\u001b[31mred\u202e\u0007${'x'.repeat(9999)}`, data: null }));
    const error = await clientOf()
      .request({ method: 'GET', path: OWN })
      .catch((thrown) => thrown);
    expect(error.message).toMatch(/^ \[31mred {2}x+$/);
    expect(error.message).toHaveLength(500);
  });

  test('an answer of the venue is as JSON.parse reads it, with its text beside; what is no JSON is text', async () => {
    const text = '{"id":1,"created_at":1800000000123456789}';
    server.answer(says(200, text), says(200, 'a,b', { 'Content-Type': 'text/csv' }));
    const client = clientOf();
    const markets = await client.request({ method: 'GET', path: '/v1/markets' });
    expect(markets).toMatchObject({ body: { id: 1, created_at: 1800000000123456800 }, text });
    expect((await client.request({ method: 'GET', path: '/v1/trades' })).body).toBe('a,b');
  });
});

describe('no error says a secret', () => {
  /** Everything that can be read off an error: members, stack, causes, hidden ones. */
  const textOf = (error: unknown): string =>
    `${inspect(error, { depth: 10, showHidden: true })} ${String(error)} ${error instanceof Error ? `${error.stack} ${inspect(error.cause)}` : ''}`;

  async function failureOf(work: () => unknown): Promise<string> {
    try {
      await work();
    } catch (error) {
      return textOf(error);
    }
    throw new Error('it did not fail');
  }

  /** Whatever the server was sent, in every member of its refusal. */
  const echoes: Answering = (response, asked) => {
    const text = JSON.stringify(asked);
    const body = { error: 'VALIDATION_ERROR', message: text, data: { text, asked } };
    response.writeHead(400, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
  };

  test('a bearer is in no error, even when the server sends it back', async () => {
    const secret = `${'c4nary'.repeat(6)}.${'c4nary'.repeat(6)}.x-y_z`;
    server.answer(echoes);
    const failure = await failureOf(() => clientOf({ auth: bearer(secret) }).request({ method: 'GET', path: OWN }));
    expect(failure).toContain('[redacted]');
    expect(failure).not.toContain('c4nary');
    const escaped = [...secret].map((one) => `\\u00${one.charCodeAt(0).toString(16)}`).join('');
    server.answer(says(400, `{"error":"X","message":"${escaped}","data":{"${escaped}":["${escaped}"]}}`));
    const unread = await failureOf(() => clientOf({ auth: bearer(secret) }).request({ method: 'GET', path: OWN }));
    expect(unread).toContain('[redacted]');
    expect(unread).not.toContain('c4nary');
    expect(await failureOf(() => bearer(`${secret}\n`))).not.toContain('c4nary');
    expect(
      await failureOf(() => clientOf().request({ method: 'GET', path: OWN, headers: { 'X-Key': `c4nary\n` } })),
    ).not.toContain('c4nary');
  });

  test('a private key is in no error, nor is a signature of it', async () => {
    const canary = 'c0ffee'.repeat(10);
    for (const key of [canary, `0x${canary}ffffff`, `0x0${canary}zz`, `0x${'f'.repeat(4)}${canary}`]) {
      expect(await failureOf(() => starkKey(key))).not.toContain('c0ffee');
      expect(await failureOf(() => subkey(key, '0x1'))).not.toContain('c0ffee');
    }
    const privateKey = `0x1${canary}`;
    const signed: string[] = [];
    const key = createStarkKey(privateKey);
    server.answer(
      thenAll((response, asked) => {
        signed.push(...(String(asked.headers['paradex-starknet-signature']).match(/\d{20,}/g) ?? []));
        echoes(response, asked);
      }),
    );
    const failure = await failureOf(() =>
      clientOf({ auth: starkKey(privateKey, { account: '0x1' }) }).request({ method: 'GET', path: OWN }),
    );
    expect(signed).toHaveLength(2);
    for (const secret of ['c0ffee', ...signed]) expect(failure).not.toContain(secret);
    expect(inspect(starkKey(privateKey), { depth: 10, showHidden: true })).not.toContain('c0ffee');
    expect(key.publicKey).toMatch(/^0x/);
  });

  test('a device key is in no error', async () => {
    const key = await exportedDeviceKey(await newDeviceKey({ extractable: true }));
    for (const bad of [
      { ...key, d: `${key.d}AAAA` },
      { ...key, d: key.d.slice(1) },
      { ...key, x: key.y },
    ]) {
      server.answer(thenAll(echoes));
      const failure = await failureOf(() =>
        clientOf({ auth: device({ id: 'dev_1', key: bad }) }).request({ method: 'GET', path: OWN }),
      );
      expect(failure).not.toContain(bad.d);
    }
  });

  test('a signature of a wallet, and what a wallet says in its errors, is in no error', async () => {
    const signer = createWallet(`0x${'11'.repeat(32)}`);
    const signatures: string[] = [];
    const provider = {
      async request({ method, params = [] }: { method: string; params?: readonly unknown[] }) {
        if (method === 'eth_requestAccounts') return [signer.address];
        if (method === 'eth_chainId') return '0x1';
        const signature = signer.personalSign(Buffer.from(String(params[0]).slice(2), 'hex').toString());
        signatures.push(signature);
        if (signatures.length > 1) throw Object.assign(new Error(`failed after ${signature}`), { data: signature });
        return signature;
      },
    };
    server.answer(thenAll(echoes));
    for (const _ of ['the server', 'the wallet']) {
      const failure = await failureOf(() => clientOf({ auth: wallet(provider) }).request({ method: 'GET', path: OWN }));
      for (const signature of signatures) expect(failure).not.toContain(signature.slice(2, 40));
    }
    expect(signatures).toHaveLength(2);
  });
});
