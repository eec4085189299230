// /v1/account/tokens: making, listing, binding and revoking read-only tokens.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, call, createToken } from '../support/trader.ts';
import {
  addSubkey,
  changesNothing,
  claimsOf,
  expectRefusal,
  expectSuccess,
  keysOf,
  newOwner,
  newWalletOwner,
  type Owner,
  startWorld,
  stateOf,
  subkeySession,
  TOKENS,
  type WalletOwner,
  type World,
} from '../support/world.ts';

// An owner of its own for tests that leave tokens behind: twenty may live.
let world: World;
let owner: Owner;
let other: WalletOwner;
beforeAll(async () => {
  world = await startWorld({ settings: { 'tokens.max_live': '10000' } });
  owner = await newOwner(world);
  other = await newWalletOwner(world);
});
afterAll(() => world.stop());

const CIDRS = '/allowed-cidrs';
const one = (lookupId: string, more = ''): string => `${TOKENS}/${lookupId}${more}`;
const ask = (method: string, path: string, body?: unknown, bearer = owner.session): Promise<Answer> =>
  call(world.url, method, path, { bearer, ...(body === undefined ? {} : { body }) });
const create = (body: unknown, bearer = owner.session) => ask('POST', TOKENS, body, bearer);
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const UNKNOWN = '00000000-0000-4000-8000-000000000000';
const RECEIPT = /^nodes=1; ms=\d+; in_flight=0$/;

describe('making a token', () => {
  test('making a token with {} works: a dated name, one day, read-only, from anywhere', async () => {
    const answer = await create({});
    expectSuccess(answer, 200);
    expect(Object.keys(answer.json)).toEqual(['api_token', 'token']);
    const { token_id, lookup_id } = answer.json.api_token;
    expect(token_id).toMatch(/^tok_[0-9a-z]+$/);
    expect(lookup_id).toMatch(UUID);
    const now = world.clock.nanos();
    const day = world.clock.date().toISOString().slice(0, 10);
    // Compared as text: a JSON number of nanoseconds has lost digits.
    expect(answer.text).toBe(
      `{"api_token":{"token_id":"${token_id}","lookup_id":"${lookup_id}","name":"token ${day}","kind":"readonly",` +
        `"created_at":${now},"expiry_at":${world.clock.seconds() + 86_400}000000000,"last_updated_at":${now},"revoked_at":0,` +
        `"allowed_cidrs":[],"replaced_by":null,"replaces":null,"last_used_at":0,"last_used_ip":""},"token":"${answer.json.token}"}`,
    );
    expect(String(now)).toMatch(/123456789$/);
  });

  test('making a token gives a JWT whose claims name the token and never what may change', async () => {
    const { json } = await create({ name: 'dashboard', expiry_duration: 60, allowed_cidrs: ['127.0.0.1'] });
    const now = world.clock.seconds();
    expect(claimsOf(json.token)).toEqual({
      typ: 'at+JWT',
      iss: 'countersign',
      aud: 'countersign:read-only-token',
      sub: owner.account,
      iat: now,
      exp: now + 60,
      jti: json.api_token.lookup_id,
      auth_time: now,
      cs_kind: 'token',
      cs_id: json.api_token.token_id,
      lookup_id: json.api_token.lookup_id,
    });
  });

  test('making a token shows the JWT once: no list, no change and no error has it again', async () => {
    const { json } = await create({ name: 'secret' });
    const id = json.api_token.lookup_id;
    const [, , signature] = String(json.token).split('.');
    const later = [
      await ask('GET', TOKENS),
      await ask('PUT', one(id, CIDRS), { allowed_cidrs: [] }),
      await ask('GET', '/v1/balance', undefined, json.token),
      await ask('POST', '/v1/orders', {}, json.token),
      await ask('DELETE', one(id)),
    ];
    for (const { text } of later) expect(text).not.toContain(signature);
    expect(world.service.log.join('\n')).not.toContain(signature);
  });

  test.each([
    ['readonly', 'readonly'],
    ['read_only', 'readonly'],
    ['jwt', 'jwt'],
    ['api_key', 'api_key'],
  ])('a token of token_type %s is of kind %s, and reads but does not write', async (token_type, kind) => {
    const { json } = await create({ token_type });
    expect(json.api_token.kind).toBe(kind);
    expect((await ask('GET', '/v1/balance', undefined, json.token)).status).toBe(200);
    expectRefusal(await ask('POST', '/v1/orders', {}, json.token), 403, 'INVALID_TOKEN_SCOPE');
  });

  test.each([60, 31_536_000])('a token with an expiry_duration of %i s is accepted', async (expiry_duration) => {
    const { json, text } = await create({ expiry_duration });
    expect(text).toContain(`"expiry_at":${world.clock.seconds() + expiry_duration}000000000,`);
    expect(claimsOf(json.token).exp).toBe(world.clock.seconds() + expiry_duration);
  });

  test.each<[string, string, unknown]>([
    ['59 s', 'VALIDATION_ERROR', { expiry_duration: 59 }],
    ['0 s', 'VALIDATION_ERROR', { expiry_duration: 0 }],
    ['less than no time', 'VALIDATION_ERROR', { expiry_duration: -60 }],
    ['a year and a second', 'VALIDATION_ERROR', { expiry_duration: 31_536_001 }],
    ['a time of another type', 'BINDING_ERROR', { expiry_duration: '3600' }],
    ['a fraction', 'BINDING_ERROR', { expiry_duration: 60.5 }],
    ['an empty name', 'VALIDATION_ERROR', { name: '' }],
    ['65 characters', 'VALIDATION_ERROR', { name: 'x'.repeat(65) }],
    ['a name that turns the text around', 'VALIDATION_ERROR', { name: '\u2067x' }],
    ['a name of another type', 'BINDING_ERROR', { name: {} }],
    ['an unknown token_type', 'INVALID_REQUEST_PARAMETER', { token_type: 'trading' }],
    ['a token_type of every object', 'INVALID_REQUEST_PARAMETER', { token_type: 'constructor' }],
    ['an empty token_type', 'INVALID_REQUEST_PARAMETER', { token_type: '' }],
    ['a token_type of another type', 'BINDING_ERROR', { token_type: 1 }],
    ['a bad CIDR', 'VALIDATION_ERROR', { allowed_cidrs: ['1.2.3'] }],
    ['51 CIDRs', 'VALIDATION_ERROR', { allowed_cidrs: Array.from({ length: 51 }, (_, i) => `10.0.0.${i}`) }],
    ['CIDRs of another type', 'BINDING_ERROR', { allowed_cidrs: {} }],
    ['a body of null', 'BINDING_ERROR', 'null'],
    ['a list', 'BINDING_ERROR', []],
  ])('making a token with %s is 400 %s and makes none', async (_name, code, body) => {
    expectRefusal(await changesNothing(world, owner.session, () => create(body)), 400, code);
  });

  test('making a token needs a main session: a subkey, a token and nobody make none', async () => {
    const session = await subkeySession(world, owner.account, await addSubkey(world, owner));
    const { token } = await createToken(world.url, owner.session);
    await changesNothing(world, owner.session, async () => {
      expectRefusal(await create({}, session), 403, 'INVALID_TOKEN_SCOPE');
      expectRefusal(await create({}, token), 403, 'INVALID_TOKEN_SCOPE');
      expectRefusal(await call(world.url, 'POST', TOKENS, { body: {} }), 401, 'UNAUTHORIZED_ERROR');
    });
  });

  test("making a token works for a wallet's session", async () => {
    const { json } = await create({}, other.session);
    expect(claimsOf(json.token)).toMatchObject({ sub: other.account, cs_kind: 'token' });
    expect(await stateOf(world, json.token)).toBe('alive');
  });
});

test('twenty tokens may live, however many are asked for at once; a revoked and an expired one make room', async () => {
  const own = await startWorld();
  try {
    const wallet = await newWalletOwner(own);
    const post = (body: unknown, bearer = wallet.session) => call(own.url, 'POST', TOKENS, { bearer, body });
    const answers = await Promise.all(
      Array.from({ length: 22 }, (_, i) => post({ expiry_duration: i === 0 ? 60 : 600 })),
    );
    const made = answers.filter(({ status }) => status === 200);
    expect(made).toHaveLength(20);
    for (const answer of answers.filter(({ status }) => status !== 200))
      expectRefusal(answer, 400, 'TOKEN_LIMIT_REACHED');
    const lookupId = made[1]?.json.api_token.lookup_id;
    expect((await call(own.url, 'DELETE', one(lookupId), { bearer: wallet.session })).status).toBe(200);
    expectSuccess(await post({}), 200);
    expectRefusal(await post({}), 400, 'TOKEN_LIMIT_REACHED');
    own.clock.advance(60);
    expectSuccess(await post({}), 200);
    expectRefusal(await post({}), 400, 'TOKEN_LIMIT_REACHED');
  } finally {
    await own.stop();
  }
});

describe('lists', () => {
  test('the lists of tokens show live tokens, all when asked, and one kind when asked', async () => {
    const own = await startWorld();
    try {
      const { session } = await newWalletOwner(own);
      const make = async (name: string, more: object = {}) => {
        own.clock.advance(1);
        return (await createToken(own.url, session, { name, ...more })).lookupId;
      };
      await make('expired', { expiry_duration: 60 });
      const revoked = await make('revoked');
      await make('key', { token_type: 'api_key' });
      await make('plain', { token_type: 'read_only' });
      expect((await call(own.url, 'DELETE', one(revoked), { bearer: session })).status).toBe(200);
      own.clock.advance(60);
      const names = async (query: string) => {
        const answer = await call(own.url, 'GET', TOKENS + query, { bearer: session });
        expectSuccess(answer, 200);
        expect(Object.keys(answer.json)).toEqual(['results', 'next']);
        return answer.json.results.map(({ name }: { name: string }) => name);
      };
      expect(await names('')).toEqual(['key', 'plain']);
      expect(await names('?with_invalid=true')).toEqual(['expired', 'revoked', 'key', 'plain']);
      expect(await names('?kind=api_key')).toEqual(['key']);
      expect(await names('?kind=readonly&with_invalid=1')).toEqual(['expired', 'revoked', 'plain']);
      expect(await names('?kind=other')).toEqual([]);
      expect(await names('?limit=3&with_invalid=true')).toEqual(['expired', 'revoked', 'key']);
      const first = await call(own.url, 'GET', `${TOKENS}?limit=1`, { bearer: session });
      expect(await names(`?limit=1&cursor=${first.json.next}`)).toEqual(['plain']);
    } finally {
      await own.stop();
    }
  });

  test.each(['zzz', '1', 'tok_A', 'tok_'])(
    'a cursor that is none of the list of tokens, %s, is 400',
    async (cursor) => {
      const answer = await ask('GET', `${TOKENS}?cursor=${cursor}`);
      expect(expectRefusal(answer, 400, 'INVALID_REQUEST_PARAMETER')).toContain('cursor');
    },
  );

  test('a cursor beyond the last token is an empty page', async () => {
    const answer = await ask('GET', `${TOKENS}?cursor=tok_z`);
    expect([answer.status, answer.json]).toEqual([200, { results: [], next: null }]);
  });

  test('an empty kind of the list of tokens is 400, for it would list nothing', async () => {
    expectRefusal(await ask('GET', `${TOKENS}?kind=`), 400, 'INVALID_REQUEST_PARAMETER');
  });

  test.each(['0', '501', 'x'])('a limit of %s of the list of tokens is 400', async (limit) => {
    expectRefusal(await ask('GET', `${TOKENS}?limit=${limit}`), 400, 'INVALID_REQUEST_PARAMETER');
  });
});

describe('allowed-cidrs', () => {
  test('the allowlist of a token is replaced as a whole, with the time of change and a receipt', async () => {
    const { json } = await create({ allowed_cidrs: ['192.0.2.1'] });
    const id = json.api_token.lookup_id;
    const answer = await ask('PUT', one(id, CIDRS), {
      allowed_cidrs: ['10.9.8.7/8', '10.0.0.0/8', '::1'],
      name: 'ignored',
    });
    expectSuccess(answer, 200, ['countersign-revocation']);
    expect(answer.headers.get('Countersign-Revocation')).toMatch(RECEIPT);
    expect(answer.json).toEqual({ ...json.api_token, allowed_cidrs: ['10.0.0.0/8', '::1/128'] });
    expect((await ask('PUT', one(id, CIDRS), { allowed_cidrs: [] })).json.allowed_cidrs).toEqual([]);
  });

  test.each<[string, string, unknown]>([
    ['an absent member', 'INVALID_REQUEST_PARAMETER', {}],
    ['no body', 'INVALID_REQUEST_PARAMETER', undefined],
    ['an empty body', 'INVALID_REQUEST_PARAMETER', ''],
    ['a body of null', 'BINDING_ERROR', 'null'],
    ['null', 'BINDING_ERROR', { allowed_cidrs: null }],
    ['51 entries', 'VALIDATION_ERROR', { allowed_cidrs: Array.from({ length: 51 }, (_, i) => `10.0.0.${i}`) }],
    ['a bad entry', 'VALIDATION_ERROR', { allowed_cidrs: ['10.0.0.1/-1'] }],
  ])('an allowlist of a token with %s is 400 %s and changes nothing', async (_name, code, body) => {
    const { lookupId } = await createToken(world.url, owner.session, { allowed_cidrs: ['192.0.2.0/24'] });
    expectRefusal(await changesNothing(world, owner.session, () => ask('PUT', one(lookupId, CIDRS), body)), 400, code);
  });

  test('the allowlist of a token cannot be changed by the token itself or by a subkey', async () => {
    const { token, lookupId } = await createToken(world.url, owner.session);
    const session = await subkeySession(world, owner.account, await addSubkey(world, owner));
    await changesNothing(world, owner.session, async () => {
      for (const bearer of [token, session]) {
        const answer = await ask('PUT', one(lookupId, CIDRS), { allowed_cidrs: ['10.0.0.0/8'] }, bearer);
        expectRefusal(answer, 403, 'INVALID_TOKEN_SCOPE');
      }
    });
  });
});

describe('revoking', () => {
  test('revoking a token tells the lookup_id and a receipt, and again the same when repeated; then PUT is 404', async () => {
    const { lookupId } = await createToken(world.url, owner.session);
    const answers = [await ask('DELETE', one(lookupId)), await ask('DELETE', one(lookupId))];
    for (const answer of answers) {
      expectSuccess(answer, 200, ['countersign-revocation']);
      expect(answer.text).toBe(`{"lookup_id":"${lookupId}"}`);
      expect(answer.headers.get('Countersign-Revocation')).toMatch(RECEIPT);
    }
    const put = () => ask('PUT', one(lookupId, CIDRS), { allowed_cidrs: [] });
    expectRefusal(await changesNothing(world, owner.session, put), 404, 'NOT_FOUND');
    const listed = await ask('GET', `${TOKENS}?with_invalid=true&limit=500`);
    expect(listed.text).toMatch(new RegExp(`"lookup_id":"${lookupId}"[^}]*"revoked_at":${world.clock.nanos()},`));
  });

  test.each([UNKNOWN, 'x', `tok_${'a'.repeat(60)}`, '1,2'])('revoking the unknown token %s is 404', async (id) => {
    await changesNothing(world, owner.session, async () => {
      expectRefusal(await ask('DELETE', one(id)), 404, 'NOT_FOUND');
      expectRefusal(await ask('PUT', one(id, CIDRS), { allowed_cidrs: [] }), 404, 'NOT_FOUND');
    });
  });

  test('a token is not named by its token_id', async () => {
    const { json } = await create({});
    expectRefusal(await ask('DELETE', one(json.api_token.token_id)), 404, 'NOT_FOUND');
    expect(await stateOf(world, json.token)).toBe('alive');
  });

  test('revoking a token by DELETE is not for the token itself or a subkey', async () => {
    const { token, lookupId } = await createToken(world.url, owner.session);
    const session = await subkeySession(world, owner.account, await addSubkey(world, owner));
    for (const bearer of [token, session]) {
      expectRefusal(await ask('DELETE', one(lookupId), undefined, bearer), 403, 'INVALID_TOKEN_SCOPE');
    }
    expect(await stateOf(world, token)).toBe('alive');
  });
});

test('an expired token can be revoked, but no longer be bound', async () => {
  const own = await startWorld();
  try {
    const early = await newWalletOwner(own);
    const { token, lookupId } = await createToken(own.url, early.session, { expiry_duration: 60 });
    own.clock.advance(59);
    expect(await stateOf(own, token)).toBe('alive');
    own.clock.advance(1);
    expect(await stateOf(own, token)).toBe('401 UNAUTHORIZED_ERROR');
    const put = await call(own.url, 'PUT', one(lookupId, CIDRS), {
      bearer: early.session,
      body: { allowed_cidrs: [] },
    });
    expectRefusal(put, 404, 'NOT_FOUND');
    expect((await call(own.url, 'DELETE', one(lookupId), { bearer: early.session })).status).toBe(200);
  } finally {
    await own.stop();
  }
});

test('a token of another owner is 404 to everything, and stays as it is', async () => {
  const { token, lookupId } = await createToken(world.url, owner.session);
  await changesNothing(world, owner.session, async () => {
    expectRefusal(await ask('DELETE', one(lookupId), undefined, other.session), 404, 'NOT_FOUND');
    expectRefusal(await ask('PUT', one(lookupId, CIDRS), { allowed_cidrs: [] }, other.session), 404, 'NOT_FOUND');
    expect(await keysOf(world, other.session)).not.toContain(lookupId);
  });
  expect(await stateOf(world, token)).toBe('alive');
});
