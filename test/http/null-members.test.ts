// Serialisers of many languages write null for what was not set: null is absent wherever absent is allowed, and nowhere else.
import Fastify from 'fastify';
import Type from 'typebox';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import document from '../../docs/openapi.json' with { type: 'json' };
import { readBodiesAsJson } from '../../src/http/kit/bodies.ts';
import { validation } from '../../src/http/kit/fastify.ts';
import { sendRaw } from '../support/raw-http.ts';
import { call, createToken, hasher, onboardingHeaders, starkTrader } from '../support/trader.ts';
import {
  addSubkey,
  expectRefusal,
  loginOf,
  newOwner,
  newStarkKey,
  type Owner,
  postLogin,
  postSubkey,
  registrationBody,
  SUBKEYS,
  startWorld,
  type World,
} from '../support/world.ts';

const TOKENS = '/v1/account/tokens';
let world: World;
let owner: Owner;
beforeAll(async () => {
  world = await startWorld();
  owner = await newOwner(world);
});
afterAll(() => world.stop());

interface BodySchema {
  readonly required?: readonly string[];
  readonly properties: Readonly<Record<string, { readonly type?: unknown; readonly enum?: readonly unknown[] }>>;
}
interface Operation {
  readonly 'x-served-by': string;
  readonly requestBody?: {
    readonly required: boolean;
    readonly content: { 'application/json': { schema: BodySchema } };
  };
}

/** Every route of ours that reads a body. */
const bodies = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods as Readonly<Record<string, Operation>>).flatMap(([method, operation]) => {
    const schema = operation.requestBody?.content['application/json'].schema;
    if (operation['x-served-by'] !== 'us' || schema === undefined) return [];
    const where = path.replaceAll(/\{[^}]+\}/g, '0x1');
    return [{ name: `${method.toUpperCase()} ${path}`, method: method.toUpperCase(), where, operation, schema }];
  }),
);

test('openapi.json says of each member of a body whether it may be null, and of each body whether it may be left out', () => {
  expect(bodies.length).toBeGreaterThan(8);
  for (const { name, operation, schema } of bodies) {
    const { required = [], properties } = schema;
    expect([name, operation.requestBody?.required]).toEqual([name, required.length > 0]);
    for (const [member, { type, enum: values }] of Object.entries(properties)) {
      const isNullable = Array.isArray(type) && type.includes('null');
      expect([name, member, isNullable]).toEqual([name, member, !required.includes(member)]);
      if (values !== undefined) expect([name, member, values.includes(null)]).toEqual([name, member, isNullable]);
    }
  }
});

describe('whatever the route', () => {
  const send = async (method: string, where: string, body: string) => {
    const answer = await call(world.url, method, where, { bearer: owner.session, body });
    return `${answer.status} ${answer.json?.error} ${answer.json?.message}`;
  };

  test.each(bodies)('the body null is refused, also where no body is needed: $name', async ({ method, where }) => {
    expect(await send(method, where, 'null')).toBe('400 BINDING_ERROR body must be object');
  });

  test.each(bodies.filter(({ schema }) => schema.required?.length))(
    'a member that must be there is refused by its type when it is null, and by its absence when nothing is there: $name',
    async ({ method, where, schema }) => {
      const [first = ''] = schema.required ?? [];
      const others = Object.fromEntries((schema.required ?? []).map((name) => [name, null]));
      expect(await send(method, where, JSON.stringify(others))).toMatch(`400 BINDING_ERROR body.${first} must be `);
      expect(await send(method, where, '{}')).toMatch(
        `400 INVALID_REQUEST_PARAMETER body must have required property '${first}'`,
      );
      expect(await send(method, where, '')).toBe(await send(method, where, '{}'));
    },
  );

  test('a route cannot declare a body that is no object, of which nobody could leave anything out', () => {
    const app = Fastify({ ajv: validation });
    readBodiesAsJson(app);
    const schema = { body: Type.Union([Type.Object({}), Type.Null()]) };
    expect(() => app.post('/x', { schema }, async () => ({}))).toThrow('the body of /x is declared to be no object');
  });

  test('members inside of members may be null no more than others, and unknown members are let alone', async () => {
    const app = Fastify({ ajv: validation });
    readBodiesAsJson(app);
    const inner = Type.Object({ must: Type.String(), may: Type.Optional(Type.String()) });
    const schema = { body: Type.Object({ list: Type.Array(inner), one: Type.Optional(inner) }) };
    app.post('/x', { schema }, async ({ body }) => body);
    const ask = async (payload: unknown) => {
      const answer = await app.inject({ method: 'POST', url: '/x', payload: JSON.stringify(payload) });
      return answer.statusCode === 200 ? answer.json() : answer.statusCode;
    };
    const given = { list: [{ must: 'a', may: null }], one: { must: 'b', may: null }, other: null };
    expect(await ask(given)).toEqual({ list: [{ must: 'a' }], one: { must: 'b' }, other: null });
    expect(await ask({ list: [], one: null })).toEqual({ list: [] });
    for (const wrong of [
      { list: [null] },
      { list: null },
      { list: [{ must: null }] },
      { list: [], one: { must: null } },
    ]) {
      expect(await ask(wrong)).toBe(400);
    }
    await app.close();
  });
});

describe('tokens', () => {
  const facts = ({ json }: Awaited<ReturnType<typeof call>>) => {
    const { kind, allowed_cidrs, created_at, expiry_at } = json.api_token;
    return { kind, allowed_cidrs, life: expiry_at - created_at };
  };
  const post = (body: string, headers: Record<string, string> = {}) =>
    call(world.url, 'POST', TOKENS, { bearer: owner.session, body, headers });

  test('a token with null members is the one that was asked for without any', async () => {
    const bare = facts(await post('{}'));
    expect(bare).toMatchObject({ kind: 'readonly', allowed_cidrs: [] });
    const nulls = '{"name":null,"expiry_duration":null,"token_type":null,"allowed_cidrs":null,"unknown":null}';
    const { life, ...rest } = facts(await post(nulls));
    expect(rest).toEqual({ kind: bare.kind, allowed_cidrs: [] });
    expect(Math.abs(life - 86_400e9)).toBeLessThan(2e9);
  });

  test('a token asked for without a body is one without any member, whatever the headers say of the body', async () => {
    const head = `POST ${TOKENS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${owner.session}\r\nConnection: close\r\n`;
    for (const rest of [
      '',
      'Content-Length: 0\r\n',
      'Content-Type: application/json\r\n',
      'Content-Type: application/json\r\nContent-Length: 0\r\n',
      'Content-Type: text/plain\r\nContent-Length: 0\r\n',
      'Transfer-Encoding: chunked\r\n',
    ]) {
      const end = rest.startsWith('Transfer') ? '\r\n0\r\n\r\n' : '\r\n';
      const answer = await sendRaw(world.port, `${head}${rest}${end}`);
      expect([rest, answer.status]).toEqual([rest, 200]);
      expect(JSON.parse(answer.body).api_token).toMatchObject({ kind: 'readonly', allowed_cidrs: [] });
    }
    for (const body of [' ', '\r\n\t ']) expect((await post(body)).status).toBe(200);
  });

  test('a list with null in it is refused', async () => {
    expectRefusal(await post('{"allowed_cidrs":[null]}'), 400, 'BINDING_ERROR');
  });
});

describe('subkeys', () => {
  test('a subkey with null members is the one that was registered without any', async () => {
    const subkey = newStarkKey();
    const nulls = { state: null, encrypted_key: null, eph_public_key: null, allowed_cidrs: null, expires_in: null };
    const wallet = { siwe_message: null, evm_signature: null };
    const body = registrationBody(world, owner, subkey, { ...nulls, ...wallet });
    expect((await postSubkey(world, owner.session, body)).status).toBe(201);
    const { json } = await call(world.url, 'GET', `${SUBKEYS}/${subkey.publicKey}`, { bearer: owner.session });
    expect(json).toMatchObject({ state: 'active', allowed_cidrs: [], expires_at: 0 });
  });

  test('a member of a registration that may not be left out is refused in the same words when it is null', async () => {
    const unsigned = registrationBody(world, owner, newStarkKey(), { signature: null });
    const left = { ...unsigned, signature: undefined };
    const refusal = async (body: unknown) => {
      const { status, json } = await postSubkey(world, owner.session, body);
      return [status, json.error, json.message];
    };
    expect(await refusal(unsigned)).toEqual(await refusal(left));
    expect((await refusal(unsigned))[0]).toBeGreaterThanOrEqual(400);
    for (const more of [
      { signature_timestamp: null },
      { signature_expiry: null },
      { siwe_message: 'x', evm_signature: null },
      { state: 'pending', encrypted_key: null, eph_public_key: newStarkKey().publicKey },
      { state: 'pending', encrypted_key: 'x', eph_public_key: null },
    ]) {
      expect([more, (await refusal(registrationBody(world, owner, newStarkKey(), more)))[1]]).toEqual([
        more,
        'INVALID_REQUEST_PARAMETER',
      ]);
    }
  });
});

test('an allowlist is not opened by null: the list stays as it was', async () => {
  const cidrs = ['127.0.0.0/8'];
  const { lookupId } = await createToken(world.url, owner.session, { allowed_cidrs: cidrs });
  const { publicKey } = await addSubkey(world, owner, { allowed_cidrs: cidrs });
  for (const one of [`${TOKENS}/${lookupId}`, `${SUBKEYS}/${publicKey}`]) {
    for (const body of ['{"allowed_cidrs":null}', '{"allowed_cidrs":[null]}', '{}', 'null', '']) {
      const answer = await call(world.url, 'PUT', `${one}/allowed-cidrs`, { bearer: owner.session, body });
      expect([body, answer.status]).toEqual([body, 400]);
    }
  }
  const subkeys = await call(world.url, 'GET', `${SUBKEYS}/${publicKey}`, { bearer: owner.session });
  expect(subkeys.json.allowed_cidrs).toEqual(cidrs);
  const tokens = await call(world.url, 'GET', TOKENS, { bearer: owner.session });
  const found = tokens.json.results.find((token: { lookup_id: string }) => token.lookup_id === lookupId);
  expect(found.allowed_cidrs).toEqual(cidrs);
});

test('onboarding with a null key is as without one: the signature tells it', async () => {
  const trader = starkTrader();
  const headers = onboardingHeaders(hasher, trader.key, trader.account);
  const answer = await call(world.url, 'POST', '/v1/onboarding', { headers, body: { public_key: null } });
  expect([answer.status, answer.text]).toEqual([200, '{}']);
});

test('revoke-all of null kinds is revoke-all of everything, and so is one without a body', async () => {
  for (const body of ['{"kinds":null}', '{}', '']) {
    const alone = await newOwner(world);
    await createToken(world.url, alone.session, {});
    await addSubkey(world, alone);
    const { status, json } = await call(world.url, 'POST', '/countersign/v1/revoke-all', {
      bearer: alone.session,
      body,
    });
    expect([status, json.subkeys.length, json.tokens.length]).toEqual([200, 1, 1]);
  }
});

test('an empty header is absent where it may be left out, and the word null is refused by the name of the header', async () => {
  const login = (headers: Record<string, string>) =>
    postLogin(world, { ...loginOf(world, owner.key, owner.account), ...headers });
  expect((await login({ 'PARADEX-AUTHORIZE-ISOLATED-MARKETS': '' })).status).toBe(200);
  for (const [name, code] of [
    ['PARADEX-AUTHORIZE-ISOLATED-MARKETS', 'INVALID_REQUEST_PARAMETER'],
    ['PARADEX-SIGNATURE-EXPIRATION', 'INVALID_BLOCK_EXPIRATION'],
    ['PARADEX-TIMESTAMP', 'INVALID_TIMESTAMP'],
  ] as const) {
    expect(expectRefusal(await login({ [name]: 'null' }), 400, code)).toContain(name);
  }
});
