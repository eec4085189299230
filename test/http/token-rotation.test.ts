// Rotation of read-only tokens: a successor in one transaction, an overlap in which both work, and never more live tokens than the limit.
import { createServer, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { rawClient } from '../support/forward-harness.ts';
import { command } from '../support/operator.ts';
import { type Answer, call, createToken } from '../support/trader.ts';
import {
  addSubkey,
  changesNothing,
  claimsOf,
  ELSEWHERE,
  expectRefusal,
  expectSuccess,
  mainSession,
  newOwner,
  newWalletOwner,
  type Owner,
  startWorld,
  stateOf,
  subkeySession,
  TOKENS,
  type World,
} from '../support/world.ts';

const MAX_LIVE = 3;
let world: World;
/** Of each test: it leaves tokens behind, and few may live. */
let owner: Owner;
beforeAll(async () => {
  world = await startWorld({ settings: { 'tokens.max_live': String(MAX_LIVE) } });
});
afterAll(() => world.stop());

const EXTENSION = '/countersign/v1/tokens';
const RECEIPT = /^nodes=1; ms=\d+; in_flight=0$/;
const ask = (method: string, path: string, body?: unknown, bearer = owner.session): Promise<Answer> =>
  call(world.url, method, path, { bearer, ...(body === undefined ? {} : { body }) });
const rotate = (lookupId: string, body: unknown = {}, bearer?: string) =>
  ask('POST', `${EXTENSION}/${lookupId}/rotate`, body, bearer);
const read = async (lookupId: string) => (await ask('GET', `${EXTENSION}/${lookupId}`)).json;
const create = async (more: Record<string, unknown> = {}) => createToken(world.url, owner.session, more);
const fresh = async () => {
  owner = await newOwner(world);
};
/** A session lives for five minutes. */
const later = async (seconds: number) => {
  world.clock.advance(seconds);
  owner = { ...owner, session: await mainSession(world, owner) };
};
const DEAD = '401 UNAUTHORIZED_ERROR';
function sql(text: string, ...values: string[]): Record<string, unknown>[] {
  const database = new DatabaseSync(join(world.service.folder, 'data', 'countersign.db'));
  try {
    return database.prepare(text).all(...values);
  } finally {
    database.close();
  }
}

describe('one rotation', () => {
  test('a rotation answers a token with the name, kind, allowlist and length of the old one, and the old one with its end', async () => {
    await fresh();
    const { lookupId, token } = await create({
      name: 'dashboard',
      token_type: 'api_key',
      allowed_cidrs: ['127.0.0.1', '192.0.2.0/24'],
      expiry_duration: 7200,
    });
    await later(100);
    const answer = await rotate(lookupId, { overlap_seconds: 600 });
    expectSuccess(answer, 200, ['countersign-revocation']);
    expect(Object.keys(answer.json)).toEqual(['api_token', 'token', 'replaced']);
    const now = world.clock.seconds();
    const { api_token: made, replaced } = answer.json;
    expect(made).toMatchObject({
      name: 'dashboard',
      kind: 'api_key',
      allowed_cidrs: ['127.0.0.1/32', '192.0.2.0/24'],
      replaces: lookupId,
      replaced_by: null,
    });
    expect(answer.text).toContain(`"expiry_at":${now + 7200}000000000`);
    expect(answer.text).toContain(`"expiry_at":${now + 600}000000000`);
    expect(replaced).toMatchObject({ lookup_id: lookupId, replaced_by: made.lookup_id, replaces: null, revoked_at: 0 });
    expect(claimsOf(answer.json.token)).toMatchObject({ exp: now + 7200, jti: made.lookup_id, cs_id: made.token_id });
    expect(await read(lookupId)).toEqual(replaced);
    expect(await read(made.lookup_id)).toEqual(made);
    expect([await stateOf(world, token), await stateOf(world, answer.json.token)]).toEqual(['alive', 'alive']);
  });

  test('the old token works until the second of its end and not after, though its own JWT would live on', async () => {
    await fresh();
    const { lookupId, token } = await create({ expiry_duration: 86_400 });
    const { json } = await rotate(lookupId, { overlap_seconds: 120 });
    world.clock.advance(118);
    expect(await stateOf(world, token)).toBe('alive');
    const self = await ask('GET', '/countersign/v1/self', undefined, token);
    expect(self.text).toContain(`"expires_at":${(claimsOf(json.token).iat as number) + 120}000000000`);
    world.clock.advance(2);
    expect(claimsOf(token).exp as number).toBeGreaterThan(world.clock.seconds());
    expectRefusal(await ask('GET', '/countersign/v1/self', undefined, token), 401, 'UNAUTHORIZED_ERROR');
    expect(await stateOf(world, json.token)).toBe('alive');
  });

  test('an overlap beyond the end of the old token leaves that end as it is', async () => {
    await fresh();
    const { lookupId } = await create({ expiry_duration: 120 });
    const before = await read(lookupId);
    const { json } = await rotate(lookupId, { overlap_seconds: 604_800 });
    expect(json.replaced.expiry_at).toBe(before.expiry_at);
  });

  test('an overlap of 0 revokes the old token before the answer, with a receipt', async () => {
    await fresh();
    const { lookupId, token } = await create();
    const answer = await rotate(lookupId, { overlap_seconds: 0 });
    expect(answer.headers.get('countersign-revocation')).toMatch(RECEIPT);
    expect(answer.json.replaced.revoked_at).not.toBe(0);
    expect([await stateOf(world, token), await stateOf(world, answer.json.token)]).toEqual([DEAD, 'alive']);
    expectRefusal(await rotate(lookupId), 404, 'NOT_FOUND');
  });

  test('without a body the overlap is a day; expiry_duration gives the new token another length', async () => {
    await fresh();
    const { lookupId } = await create({ expiry_duration: 7 * 86_400 });
    const answer = await rotate(lookupId, { overlap_seconds: null, expiry_duration: 600 });
    const now = world.clock.seconds();
    expect(answer.text).toContain(`"expiry_at":${now + 600}000000000`);
    expect(answer.text).toContain(`"expiry_at":${now + 86_400}000000000`);
  });

  test('a rotated token is rotated into the length that it was made with, not into what a rotation left of it', async () => {
    await fresh();
    const { lookupId } = await create({ expiry_duration: 7200 });
    const { json } = await rotate(lookupId, { overlap_seconds: 600 });
    await ask('DELETE', `${TOKENS}/${json.api_token.lookup_id}`);
    await later(60);
    const answer = await rotate(lookupId, { overlap_seconds: 60 });
    expectSuccess(answer, 200, ['countersign-revocation']);
    expect(answer.text).toContain(`"expiry_at":${world.clock.seconds() + 7200}000000000`);
    expect(answer.json.replaced.replaced_by).toBe(answer.json.api_token.lookup_id);
  });

  test('the audit log says which token was replaced by which, and when the old one ends', async () => {
    await fresh();
    const { lookupId } = await create({ name: 'audited' });
    const { json } = await rotate(lookupId, { overlap_seconds: 60 });
    const rows = sql(
      "select action, actor, detail from audit where account_id = ? and action like 'token.%' order by id desc limit 2",
      owner.account,
    );
    expect(rows.map(({ action, actor }) => [action, actor])).toEqual([
      ['token.rotated', 'main:main'],
      ['token.created', 'main:main'],
    ]);
    expect(JSON.parse(String(rows[0]?.detail))).toMatchObject({
      lookup_id: lookupId,
      replaced_by: json.api_token.lookup_id,
    });
    expect(JSON.parse(String(rows[1]?.detail))).toMatchObject({
      lookup_id: json.api_token.lookup_id,
      replaces: lookupId,
    });
  });
});

describe('what cannot be rotated', () => {
  test('a token that a live one replaces already is not rotated again, nor is a token whose predecessor lives; both refusals say until when', async () => {
    await fresh();
    const { lookupId } = await create({ expiry_duration: 7200 });
    const { json } = await rotate(lookupId, { overlap_seconds: 600 });
    const end = new Date((world.clock.seconds() + 600) * 1000).toISOString();
    await changesNothing(world, owner.session, async () => {
      const replaced = expectRefusal(await rotate(lookupId), 400, 'VALIDATION_ERROR');
      expect(replaced).toContain(json.api_token.lookup_id);
      expect(replaced).toContain(end);
      expect(expectRefusal(await rotate(json.api_token.lookup_id), 400, 'VALIDATION_ERROR')).toContain(end);
    });
    await later(599);
    expectRefusal(await rotate(json.api_token.lookup_id), 400, 'VALIDATION_ERROR');
    await later(1);
    expectSuccess(await rotate(json.api_token.lookup_id), 200, ['countersign-revocation']);
  });

  test.each<[string, unknown]>([
    ['less than none', -1],
    ['more than a week', 604_801],
    ['huge', 1e300],
  ])('an overlap that is %s is 400 VALIDATION_ERROR', async (_what, overlap_seconds) => {
    await fresh();
    const { lookupId } = await create();
    await changesNothing(world, owner.session, async () =>
      expectRefusal(await rotate(lookupId, { overlap_seconds }), 400, 'VALIDATION_ERROR'),
    );
  });

  test.each<[string, unknown]>([
    ['a fraction', 1.5],
    ['a text', '60'],
    ['true', true],
    ['a list', [60]],
    ['an object', {}],
  ])('an overlap that is %s is refused', async (_what, overlap_seconds) => {
    await fresh();
    const { lookupId } = await create();
    await changesNothing(world, owner.session, async () => {
      const answer = await rotate(lookupId, { overlap_seconds });
      expect([answer.status, answer.json.error]).toEqual([400, 'BINDING_ERROR']);
    });
  });

  test.each([59, 31_536_001])('a new life of %i seconds is 400 VALIDATION_ERROR', async (expiry_duration) => {
    await fresh();
    const { lookupId } = await create();
    await changesNothing(world, owner.session, async () =>
      expectRefusal(await rotate(lookupId, { expiry_duration }), 400, 'VALIDATION_ERROR'),
    );
  });

  test('a token that is revoked, expired, unknown or of another account is 404 to a rotation', async () => {
    await fresh();
    const [revoked, short] = [await create(), await create({ expiry_duration: 60 })];
    await ask('DELETE', `${TOKENS}/${revoked.lookupId}`);
    await later(60);
    const ofOther = await newWalletOwner(world);
    const { lookupId } = await create();
    await changesNothing(world, owner.session, async () => {
      expectRefusal(await rotate(revoked.lookupId), 404, 'NOT_FOUND');
      expectRefusal(await rotate(short.lookupId), 404, 'NOT_FOUND');
      expectRefusal(await rotate('00000000-0000-4000-8000-000000000000'), 404, 'NOT_FOUND');
      expectRefusal(await rotate(lookupId, {}, ofOther.session), 404, 'NOT_FOUND');
    });
  });

  test('a subkey and a token may not rotate: 403 INVALID_TOKEN_SCOPE', async () => {
    await fresh();
    const { lookupId, token } = await create();
    const subkey = await subkeySession(world, owner.account, await addSubkey(world, owner));
    for (const bearer of [token, subkey]) {
      expectRefusal(await rotate(lookupId, {}, bearer), 403, 'INVALID_TOKEN_SCOPE');
      expectRefusal(await ask('PUT', `${EXTENSION}/${lookupId}`, { name: 'x' }, bearer), 403, 'INVALID_TOKEN_SCOPE');
    }
    expect((await ask('GET', `${EXTENSION}/${lookupId}`, undefined, subkey)).json.lookup_id).toBe(lookupId);
  });

  test('a token whose signing key is retired is 404 to a rotation', async () => {
    await fresh();
    const { lookupId } = await create();
    const kid = sql('select kid from token where lookup_id = ?', lookupId)[0]?.kid;
    await command(world.service, '/signing-keys/rotate', { use: 'token' });
    await later(120);
    await create();
    await command(world.service, `/signing-keys/${kid}/retire`);
    expectRefusal(await rotate(lookupId), 404, 'NOT_FOUND');
  });

  test('a token with a damaged allowlist is not rotated: its successor could be used from anywhere', async () => {
    await fresh();
    const { lookupId } = await create({ allowed_cidrs: ELSEWHERE });
    sql(`update token set allowlist = '["nowhere"]' where lookup_id = ?`, lookupId);
    expect(expectRefusal(await rotate(lookupId), 400, 'VALIDATION_ERROR')).toContain('damaged');
  });
});

test('a rotation that was allowed, whose body comes only after its owner signed out, makes nothing and ends nothing', async () => {
  await fresh();
  const { lookupId } = await create();
  const head = [
    `POST ${EXTENSION}/${lookupId}/rotate HTTP/1.1`,
    'Host: x',
    `Authorization: Bearer ${owner.session}`,
    'Content-Type: application/json',
    'Content-Length: 21',
    'Expect: 100-continue',
    'Connection: close',
  ];
  const client = rawClient(world.port, `${head.join('\r\n')}\r\n\r\n`);
  await expect.poll(() => client.received).toContain('100 Continue');
  expect((await ask('POST', '/countersign/v1/sign-out-everywhere', {})).status).toBe(200);
  client.write('{"overlap_seconds":0}');
  expect(await client.closed()).toMatch(/HTTP\/1\.1 401 /);
  await later(31);
  expect((await ask('GET', `${TOKENS}?with_invalid=true`)).json.results).toMatchObject([
    { lookup_id: lookupId, revoked_at: 0, replaced_by: null },
  ]);
});

describe('at once', () => {
  test('of 50 rotations of one token at once one makes a successor, and the others are refused', async () => {
    await fresh();
    const { lookupId } = await create();
    const answers = await Promise.all(Array.from({ length: 50 }, () => rotate(lookupId, { overlap_seconds: 600 })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 49 }, () => 400)]);
    const { results } = (await ask('GET', TOKENS)).json;
    expect(results).toHaveLength(2);
  });

  test('50 creations and rotations at once leave at most tokens.max_live tokens that count', async () => {
    await fresh();
    const made = [await create(), await create()];
    await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        index % 2 === 0 ? ask('POST', TOKENS, {}) : rotate(made[index % 4 === 1 ? 0 : 1]?.lookupId ?? '', {}),
      ),
    );
    const { results } = (await ask('GET', TOKENS)).json;
    expect(results).toHaveLength(MAX_LIVE + 2);
    expectRefusal(await ask('POST', TOKENS, {}), 400, 'TOKEN_LIMIT_REACHED');
  });

  test('a replaced token counts again when its successor ends first, so that no row of rotations passes the limit', async () => {
    await fresh();
    for (let made = 0; made < MAX_LIVE; made += 1) await create();
    const { results } = (await ask('GET', TOKENS)).json;
    for (const { lookup_id } of results) {
      const { json } = await rotate(lookup_id, { overlap_seconds: 604_800 });
      expectRefusal(await ask('POST', TOKENS, {}), 400, 'TOKEN_LIMIT_REACHED');
      await ask('DELETE', `${TOKENS}/${json.api_token.lookup_id}`);
      expectRefusal(await ask('POST', TOKENS, {}), 400, 'TOKEN_LIMIT_REACHED');
    }
  });

  test('a rotation, a revocation, a rename and a new allowlist at once end in a state that one order explains', async () => {
    await fresh();
    for (let round = 0; round < 12; round += 1) {
      const { lookupId, token } = await create({ name: 'before', allowed_cidrs: ['127.0.0.0/8'] });
      const [rotated, revoked] = await Promise.all([
        rotate(lookupId, { overlap_seconds: round % 2 }),
        ask('DELETE', `${TOKENS}/${lookupId}`),
        ask('PUT', `${EXTENSION}/${lookupId}`, { name: 'after' }),
        ask('PUT', `${TOKENS}/${lookupId}/allowed-cidrs`, { allowed_cidrs: ['127.0.0.1'] }),
      ]);
      expect(revoked?.status).toBe(200);
      expect(await stateOf(world, token)).toBe(DEAD);
      expect([200, 404]).toContain(rotated?.status);
      if (rotated?.status === 200) {
        const { api_token: made } = rotated.json;
        expect(['before', 'after']).toContain(made.name);
        expect(['127.0.0.0/8', '127.0.0.1/32']).toContain(made.allowed_cidrs[0]);
        expect((await ask('DELETE', `${TOKENS}/${made.lookup_id}`)).status).toBe(200);
      }
    }
  });
});

test('under load the old token is never refused before its end and never allowed after it, here and at the venue', async () => {
  await fresh();
  const { lookupId, token } = await create();
  const seen = { before: [] as number[], after: [] as number[] };
  let [isOver, isDone] = [false, false];
  async function bot(path: string): Promise<void> {
    while (!isDone) {
      const startedAfter = isOver;
      const { status } = await ask('GET', path, undefined, token);
      if (startedAfter) seen.after.push(status);
      else if (!isOver) seen.before.push(status);
      if (seen.after.length >= 100) isDone = true;
    }
  }
  const bots = ['/countersign/v1/self', '/v1/balance'].flatMap((path) => [bot(path), bot(path), bot(path), bot(path)]);
  const { json } = await rotate(lookupId, { overlap_seconds: 60 });
  world.clock.advance(58);
  const atRotation = seen.before.length;
  while (seen.before.length < atRotation + 50) await ask('GET', '/countersign/v1/self', undefined, json.token);
  world.clock.advance(2);
  isOver = true;
  await Promise.all(bots);
  expect(new Set(seen.before)).toEqual(new Set([200]));
  expect(new Set(seen.after)).toEqual(new Set([401]));
  expect(await stateOf(world, json.token)).toBe('alive');
});

describe('a rotation without an overlap, while requests of the old token are under way,', () => {
  /** A venue that keeps every request until it is let go, and what each was. */
  async function slowVenue() {
    const asked: { readonly path: string; readonly response: ServerResponse }[] = [];
    const server = createServer(({ url = '' }, response) => void asked.push({ path: url, response }));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = Object.assign({ port: 0 }, server.address());
    return { asked, upstream: `http://127.0.0.1:${port}` };
  }

  test('cuts those that the venue has, counts them in its receipt, and lets no more of their answers out', async () => {
    const { asked, upstream } = await slowVenue();
    const held = await startWorld({ upstream });
    onTestFinished(() => held.stop());
    const own = await newOwner(held);
    const get = (path: string, bearer: string) => call(held.url, 'GET', path, { bearer });
    const { token, lookupId } = await createToken(held.url, own.session);
    const other = await createToken(held.url, own.session);
    const waiting = Array.from({ length: 5 }, (_, i) => get(`/v1/balance?old=${i}`, token));
    const kept = get('/v1/balance?other', other.token);
    await expect.poll(() => asked.length).toBe(6);
    // One answer has begun: its rest must not come.
    const begun = fetch(`${held.url}/v1/balance?begun`, { headers: { Authorization: `Bearer ${token}` } });
    await expect.poll(() => asked.length).toBe(7);
    const last = asked.find(({ path }) => path.endsWith('begun'))?.response;
    last?.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '100' });
    last?.write('{"begun":');
    const { status, body } = await begun;
    expect(status).toBe(200);
    const rotated = await call(held.url, 'POST', `${EXTENSION}/${lookupId}/rotate`, {
      bearer: own.session,
      body: { overlap_seconds: 0 },
    });
    expect(rotated.status, rotated.text).toBe(200);
    expect(rotated.headers.get('countersign-revocation')).toMatch(/^nodes=1; ms=\d+; in_flight=6$/);
    for (const answer of await Promise.all(waiting)) expectRefusal(answer, 401, 'UNAUTHORIZED_ERROR');
    await expect(new Response(body).text()).rejects.toThrow();
    // What the venue says after that goes to nobody, but to the one whose token lives.
    for (const { response } of asked) if (!response.writableEnded) response.end('{}');
    expect((await kept).status).toBe(200);
    expect(await stateOf(held, token)).toBe(DEAD);
    const successor = get('/v1/balance?new', rotated.json.token);
    await expect.poll(() => asked.length).toBe(8);
    asked.at(-1)?.response.end('{}');
    expect((await successor).status).toBe(200);
  });

  test('lets none reach the venue that were not sent yet, however many wait for a connection or come meanwhile', async () => {
    const { asked, upstream } = await slowVenue();
    const held = await startWorld({ upstream, settings: { 'upstream.connections': '1' } });
    onTestFinished(() => held.stop());
    const own = await newOwner(held);
    const get = (path: string, bearer: string) => call(held.url, 'GET', path, { bearer });
    for (let round = 0; round < 5; round += 1) {
      const { token, lookupId } = await createToken(held.url, own.session);
      const other = await createToken(held.url, own.session);
      // The one connection is taken by another token; all of the old one wait for it.
      const first = get('/v1/balance?other', other.token);
      const before = asked.length;
      await expect.poll(() => asked.length).toBe(before + 1);
      const waiting = Array.from({ length: 10 }, () => get('/v1/balance?old', token));
      let isRotated = false;
      const rotating = call(held.url, 'POST', `${EXTENSION}/${lookupId}/rotate`, {
        bearer: own.session,
        body: { overlap_seconds: 0 },
      }).then((answer) => {
        isRotated = true;
        return answer;
      });
      while (!isRotated) {
        if (waiting.length < 50) waiting.push(get('/v1/balance?old', token));
        await nextTurn();
      }
      waiting.push(get('/v1/balance?old', token));
      expect((await rotating).headers.get('countersign-revocation')).toMatch(RECEIPT);
      asked.at(-1)?.response.end('{}');
      expect((await first).status).toBe(200);
      for (const answer of await Promise.all(waiting)) expectRefusal(answer, 401, 'UNAUTHORIZED_ERROR');
      expect(asked.filter(({ path }) => path.endsWith('old'))).toEqual([]);
    }
  });
});

describe('one token', () => {
  test('GET answers a token live and ended, and 404 for another account', async () => {
    await fresh();
    const { lookupId } = await create({ name: 'one' });
    expect(await read(lookupId)).toMatchObject({ lookup_id: lookupId, name: 'one', revoked_at: 0 });
    await ask('DELETE', `${TOKENS}/${lookupId}`);
    expect((await read(lookupId)).revoked_at).not.toBe(0);
    const ofOther = await newWalletOwner(world);
    expectRefusal(await ask('GET', `${EXTENSION}/${lookupId}`, undefined, ofOther.session), 404, 'NOT_FOUND');
  });

  test('PUT renames a live token, and nothing of it changes for its bearer', async () => {
    await fresh();
    const { lookupId, token } = await create({ name: 'before' });
    const answer = await ask('PUT', `${EXTENSION}/${lookupId}`, { name: ' after ' });
    expectSuccess(answer, 200);
    expect(answer.json).toEqual(await read(lookupId));
    expect(answer.json.name.trim()).toBe('after');
    expect(await stateOf(world, token)).toBe('alive');
    await ask('DELETE', `${TOKENS}/${lookupId}`);
    expectRefusal(await ask('PUT', `${EXTENSION}/${lookupId}`, { name: 'x' }), 404, 'NOT_FOUND');
  });

  test.each(['', ' ', 'a\u202eb', 'a\u0000b', 'x'.repeat(65), '\u200b'])(
    'PUT refuses the name %j, and changes nothing',
    async (name) => {
      await fresh();
      const { lookupId } = await create();
      await changesNothing(world, owner.session, async () =>
        expectRefusal(await ask('PUT', `${EXTENSION}/${lookupId}`, { name }), 400, 'VALIDATION_ERROR'),
      );
    },
  );
});
