// GET /countersign/v1/explain: each refusal of a credential that proved itself is told to its owner, with the values of that request.
import { writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import table from '../../src/access/routes/paradex.json' with { type: 'json' };
import { orderBody } from '../../src/client/order.ts';
import type { StarkKey } from '../../src/client/stark-key.ts';
import { type DenyReason, denyReasons } from '../../src/domain/decision.ts';
import { curve } from '../support/curve.ts';
import { addDevice, deviceSession } from '../support/devices.ts';
import { unsignedOrders } from '../support/harness.ts';
import { command, signingKeys } from '../support/operator.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { type Answer, call, createToken, hasher } from '../support/trader.ts';
import {
  addSubkey,
  ELSEWHERE,
  loginOf,
  mainSession,
  newOwner,
  newStarkKey,
  type Owner,
  postLogin,
  postSubkey,
  registrationBody,
  SUBKEYS,
  startWorld,
  subkeySession,
  TOKENS,
  type World,
  windowOf,
} from '../support/world.ts';

const EXPLAIN = '/countersign/v1/explain';
const idOf = ({ headers }: Answer): string => headers.get('Countersign-Request-Id') ?? '';

let world: World;
let owner: Owner;
beforeAll(async () => {
  world = await startWorld({ settings: { 'proxy.trusted': '127.0.0.1/32,10.0.0.0/8' } });
  owner = await newOwner(world);
});
afterAll(() => world.stop());

/** Every reason that a test of this file was told. */
const reasonsTold = new Set<string>();

async function ask(answer: Answer, bearer = owner.session, where = world): Promise<Answer> {
  const said = await call(where.url, 'GET', `${EXPLAIN}?request_id=${idOf(answer)}`, { bearer });
  if (said.status === 200) reasonsTold.add(said.json.reason);
  return said;
}

async function explained(answer: Answer, bearer = owner.session, where = world) {
  const said = await ask(answer, bearer, where);
  expect(said.status, `${answer.status} ${answer.text} ${said.text}`).toBe(200);
  return said.json;
}

/** Every member, null where it does not apply. */
const whole = (answer: Answer, more: Record<string, unknown>) => ({
  request_id: idOf(answer),
  at: expect.any(Number),
  credential: { kind: expect.any(String), id: expect.any(String), name: expect.any(String) },
  route: expect.any(String),
  method: 'GET',
  reason: expect.any(String),
  code: answer.json.error ?? 'RATE_LIMITED',
  status: answer.status,
  message: answer.json.message,
  client_ip: '127.0.0.1',
  hops: [],
  permission_needed: null,
  permissions_held: null,
  allowed_cidrs: null,
  limit: null,
  signed_at: null,
  server_time: null,
  expired_seconds: null,
  order_index: null,
  others_in_minute: 0,
  ...more,
});

const balance = (bearer: string, headers: Record<string, string> = {}, where = world) =>
  call(where.url, 'GET', '/v1/balance?secret=query', { bearer, headers });
const through = (...hops: string[]) => ({ 'X-Forwarded-For': hops.join(', ') });

describe('a refusal by address', () => {
  test('tells the address, the list of that moment, and every hop, believed or not', async () => {
    const { token } = await createToken(world.url, owner.session, { name: 'tax', allowed_cidrs: ELSEWHERE });
    const refused = await balance(token, through('1.2.3.4', 'forged\xe9', '198.51.100.4', '10.0.0.2', '10.0.0.3'));
    expect(refused.status).toBe(403);
    // What is changed later does not change what is told of then.
    expect(await explained(refused)).toEqual(
      whole(refused, {
        credential: { kind: 'token', id: expect.stringMatching(/^tok_/), name: 'tax' },
        route: 'GET /v1/balance',
        reason: 'ip_not_allowed',
        client_ip: '198.51.100.4',
        hops: [
          { address: '127.0.0.1', trusted: true },
          { address: '10.0.0.3', trusted: true },
          { address: '10.0.0.2', trusted: true },
          { address: '', trusted: false },
          { address: '1.2.3.4', trusted: false },
        ],
        allowed_cidrs: ELSEWHERE,
      }),
    );
  });

  test('without any proxy is told by the address of the connection', async () => {
    const { token } = await createToken(world.url, owner.session, { allowed_cidrs: ELSEWHERE });
    const refused = await balance(token);
    expect(await explained(refused)).toMatchObject({ client_ip: '127.0.0.1', hops: [], allowed_cidrs: ELSEWHERE });
  });

  test('names at most eight hops, the nearest, and keeps nothing of what is no address', async () => {
    const { token } = await createToken(world.url, owner.session, { allowed_cidrs: ELSEWHERE });
    const claimed = Array.from({ length: 20 }, (_, i) => `192.0.2.${i}`);
    const refused = await balance(token, through('x'.repeat(200), ...claimed, '198.51.100.4'));
    const { hops } = await explained(refused);
    expect(hops).toHaveLength(8);
    expect(hops[1]).toEqual({ address: '192.0.2.19', trusted: false });
    const long = await balance(token, through('x'.repeat(200), '198.51.100.4'));
    expect((await explained(long)).hops[1]).toEqual({ address: '', trusted: false });
  });

  test('that could not be told says so', async () => {
    const refused = await balance(owner.session, through('garbage'));
    expect(await explained(refused)).toEqual(
      whole(refused, {
        route: 'GET /v1/balance',
        reason: 'client_ip_unknown',
        client_ip: null,
        hops: [
          { address: '127.0.0.1', trusted: true },
          { address: '', trusted: false },
        ],
        allowed_cidrs: [],
      }),
    );
  });
});

describe('a refusal of a bearer', () => {
  test('that has run out tells since when', async () => {
    const old = await mainSession(world, owner);
    world.clock.advance(312);
    owner = { ...owner, session: await mainSession(world, owner) };
    const refused = await balance(old);
    expect(refused.json.message).toContain('expired by 12s');
    expect(await explained(refused)).toEqual(
      whole(refused, { route: 'GET /v1/balance', reason: 'bearer_expired', expired_seconds: 12 }),
    );
  });

  test('that lacks a permission tells which, and what it holds', async () => {
    const { token } = await createToken(world.url, owner.session);
    const refused = await call(world.url, 'POST', '/v1/orders', { bearer: token, body: {} });
    expect(await explained(refused)).toEqual(
      whole(refused, {
        method: 'POST',
        route: 'POST /v1/orders',
        reason: 'permission_missing',
        permission_needed: 'trade',
        permissions_held: ['account:read', 'self:read'],
      }),
    );
  });

  test('that widens a list without the main key tells what it needs', async () => {
    const device = await deviceSession(world, await addDevice(world, owner));
    const { lookupId } = await createToken(world.url, owner.session, { allowed_cidrs: ELSEWHERE });
    const path = `${TOKENS}/${lookupId}/allowed-cidrs`;
    const refused = await call(world.url, 'PUT', path, { bearer: device, body: { allowed_cidrs: [] } });
    expect(refused.status).toBe(403);
    expect(await explained(refused)).toMatchObject({
      credential: { kind: 'device' },
      reason: 'permission_missing',
      permission_needed: 'keys:manage',
    });
  });

  test("that brings a signature that is not the owner's is told, and counts as refused; what was only written wrong is not", async () => {
    const device = await addDevice(world, owner);
    const bearer = await deviceSession(world, device);
    const register = (body: unknown) => call(world.url, 'POST', '/countersign/v1/subkeys', { bearer, body });
    const stranger = { ...owner, key: newStarkKey() };
    const refused = await register(registrationBody(world, stranger, newStarkKey()));
    expect(refused.status).toBe(401);
    expect(await explained(refused)).toMatchObject({
      credential: { kind: 'device', id: device.id },
      code: 'STARKNET_SIGNATURE_VERIFICATION_FAILED',
      reason: 'STARKNET_SIGNATURE_VERIFICATION_FAILED',
    });
    const wrong = await register({ name: '', public_key: newStarkKey().publicKey });
    expect([wrong.status, (await ask(wrong)).status]).toEqual([400, 404]);
    const usage = await call(world.url, 'GET', `/countersign/v1/usage?credential=device:${device.id}`, { bearer });
    expect(usage.json.results).toMatchObject([{ allowed: 2, refused: 1 }]);
  });

  test('whose key was revoked or has expired is told apart', async () => {
    const { token, lookupId } = await createToken(world.url, owner.session);
    await call(world.url, 'DELETE', `${TOKENS}/${lookupId}`, { bearer: owner.session });
    expect(await explained(await balance(token))).toMatchObject({ reason: 'credential_revoked', status: 401 });
    const subkey = await addSubkey(world, owner, { name: 'short', expires_in: 60 });
    const session = await subkeySession(world, owner.account, subkey);
    world.clock.advance(61);
    expect(await explained(await balance(session))).toMatchObject({
      reason: 'credential_expired',
      credential: { kind: 'subkey', name: 'short' },
    });
  });

  test('that was signed out tells when it was signed', async () => {
    const who = await newOwner(world);
    const signedAt = world.clock.seconds();
    await call(world.url, 'POST', '/countersign/v1/sign-out-everywhere', { bearer: who.session });
    const refused = await balance(who.session);
    world.clock.advance(32);
    const after = await mainSession(world, who);
    const said = await ask(refused, after);
    expect(said.json).toMatchObject({ reason: 'signed_out', code: 'UNAUTHORIZED_ERROR' });
    expect(said.text).toContain(`"signed_at":${signedAt}000000000,"server_time":${signedAt}`);
  });

  test('of a locked account is told once it is unlocked', async () => {
    const who = await newOwner(world);
    await command(world.service, `/accounts/${who.account}/lock`);
    const refused = await balance(who.session);
    const login = await postLogin(world, loginOf(world, who.key, who.account));
    expect((await ask(refused, who.session)).status).toBe(403);
    await command(world.service, `/accounts/${who.account}/unlock`);
    expect(await explained(refused, who.session)).toMatchObject({ reason: 'account_locked', status: 403 });
    expect(await explained(login, who.session)).toMatchObject({ reason: 'account_locked', route: 'POST /v1/auth' });
  });
});

describe('a refused login whose signature was good', () => {
  test('is told with the list, also when its subkey is named or revoked', async () => {
    const subkey = await addSubkey(world, owner, { name: 'far', allowed_cidrs: ELSEWHERE });
    const far = await postLogin(world, loginOf(world, subkey, owner.account), subkey.publicKey);
    expect(await explained(far)).toEqual(
      whole(far, {
        method: 'POST',
        route: 'POST /v1/auth/{public_key}',
        credential: { kind: 'subkey', id: expect.any(String), name: 'far' },
        reason: 'ip_not_allowed',
        allowed_cidrs: ELSEWHERE,
      }),
    );
    await call(world.url, 'DELETE', `${SUBKEYS}/${subkey.publicKey}`, { bearer: owner.session });
    const revoked = await postLogin(world, loginOf(world, subkey, owner.account), subkey.publicKey);
    expect(await explained(revoked)).toMatchObject({ reason: 'credential_revoked', code: 'INVALID_SUBKEY' });
  });

  test('is told when its subkey waits to be taken by a phone', async () => {
    const [subkey, ephemeral] = [newStarkKey(), newStarkKey()];
    const waits = { state: 'pending', encrypted_key: 'sealed', eph_public_key: ephemeral.publicKey };
    await postSubkey(world, owner.session, registrationBody(world, owner, subkey, waits));
    const refused = await postLogin(world, loginOf(world, subkey, owner.account), subkey.publicKey);
    expect(await explained(refused)).toMatchObject({ reason: 'credential_pending', code: 'INVALID_SUBKEY' });
  });

  test('from before a sign-out is told with its time', async () => {
    const who = await newOwner(world);
    const before = loginOf(world, who.key, who.account);
    const signedAt = world.clock.seconds();
    await call(world.url, 'POST', '/countersign/v1/sign-out-everywhere', { bearer: who.session });
    const refused = await postLogin(world, before);
    expect(refused.json.error).toBe('INVALID_TIMESTAMP');
    world.clock.advance(32);
    const said = await ask(refused, await mainSession(world, who));
    expect(said.json.reason).toBe('signed_out');
    expect(said.text).toContain(`"signed_at":${signedAt}000000000,`);
  });

  test('that proves nothing is told to nobody', async () => {
    const stranger = await newOwner(world);
    const bad = await postLogin(world, loginOf(world, stranger.key, owner.account));
    expect(bad.status).toBe(401);
    const future = await postLogin(world, loginOf(world, owner.key, owner.account, windowOf(world, { age: -600 })));
    for (const answer of [bad, future, await call(world.url, 'GET', '/v1/balance'), await balance('no.bearer.here')]) {
      expect((await ask(answer)).status).toBe(404);
    }
  });
});

describe('a refused order', () => {
  const order = (key: StarkKey, ms = Number(world.clock.nanos() / 1_000_000n)) => ({
    ...orderBody(
      curve,
      hasher,
      key,
      owner.account,
      { market: 'BTC-USD-PERP', side: 'BUY', type: 'LIMIT', size: '0.5', price: '29500' },
      ms,
    ),
    instruction: 'GTC',
  });
  const post = (path: string, body: unknown, bearer = owner.session) => call(world.url, 'POST', path, { bearer, body });

  test('is told in the words of its check, with its place in a list', async () => {
    const stranger = (await newOwner(world)).key;
    const other = await post('/v1/orders', order(stranger));
    expect(await explained(other)).toEqual(
      whole(other, { method: 'POST', route: 'POST /v1/orders', reason: 'order_refused' }),
    );
    const listed = await post('/v1/orders/batch', [
      order(owner.key),
      order(stranger, Number(world.clock.nanos() / 1_000_000n) - 7),
    ]);
    expect(await explained(listed)).toMatchObject({
      reason: 'order_refused',
      order_index: 1,
      message: expect.stringContaining('not by a key'),
    });
  });

  test('that is too old, from the future, a repeat or unreadable is told apart', async () => {
    const now = Number(world.clock.nanos() / 1_000_000n);
    const old = await ask(await post('/v1/orders', order(owner.key, now - 3_600_000)));
    expect(old.json).toMatchObject({ reason: 'order_refused', code: 'INVALID_ORDER_SIGNATURE' });
    expect(old.text).toContain(`"signed_at":${now - 3_600_000}000000,"server_time":${world.clock.nanos()},`);
    const ahead = await ask(await post('/v1/orders', order(owner.key, now + 3_600_000)));
    expect(ahead.text).toContain(`"signed_at":${now + 3_600_000}000000,`);
    const once = order(owner.key, now - 5);
    expect((await post('/v1/orders', once)).status).toBe(201);
    const again = await post('/v1/orders', once);
    expect(await explained(again)).toMatchObject({
      reason: 'order_refused',
      code: 'ORDER_ALREADY_SENT',
      signed_at: null,
    });
    const unreadable = await post('/v1/orders', '{"a":1,"a":2}');
    expect(await explained(unreadable)).toMatchObject({ reason: 'order_refused', code: 'BINDING_ERROR' });
  });

  test.each([
    ['seconds', (ns: bigint) => `${ns / 1_000_000_000n}`, 1_000_000_000n],
    ['microseconds', (ns: bigint) => `${ns / 1_000n}`, 1_000n],
    ['nanoseconds', (ns: bigint) => `${ns}`, 1n],
  ])('whose time is in %s is told in nanoseconds, to the last digit', async (unit, written, factor) => {
    const now = world.clock.nanos();
    const body = JSON.stringify({ ...order(owner.key), signature_timestamp: 0 });
    const sent = (text: string) =>
      post('/v1/orders', body.replace('"signature_timestamp":0', `"signature_timestamp":${text}`));
    const said = await ask(await sent(written(now)));
    expect(said.json).toMatchObject({ reason: 'order_refused', message: expect.stringContaining(`is in ${unit}`) });
    expect(said.text).toContain(`"signed_at":${(now / factor) * factor},"server_time":${now},`);
    // Read by some as another number, or as none: it is not told what it is.
    for (const text of [`${written(now)}.0`, `${written(now)}e0`]) {
      expect(await explained(await sent(text))).toMatchObject({ reason: 'order_refused', signed_at: null });
    }
  });

  test('of a subkey that may not be used from there is told as an address, with the list of that subkey', async () => {
    const subkey = await addSubkey(world, owner, { allowed_cidrs: ELSEWHERE });
    const refused = await post('/v1/orders', order(subkey));
    expect(await explained(refused)).toMatchObject({
      reason: 'ip_not_allowed',
      credential: { kind: 'main' },
      allowed_cidrs: ELSEWHERE,
    });
  });
});

test('the first 20 alike in a minute are told each, and how many others there were', async () => {
  const who = await newOwner(world);
  const { token } = await createToken(world.url, who.session, { allowed_cidrs: ELSEWHERE });
  const answers: Answer[] = [];
  for (let i = 0; i < 23; i += 1) answers.push(await balance(token));
  const told = await Promise.all(answers.map((answer) => ask(answer, who.session)));
  expect(told.map(({ status }) => status)).toEqual([...Array(20).fill(200), ...Array(3).fill(404)]);
  expect(new Set(told.slice(0, 20).map(({ json }) => json.others_in_minute))).toEqual(new Set([3]));
});

test('a stranger, another account, a subkey and a token are told nothing of a refusal', async () => {
  const { token } = await createToken(world.url, owner.session, { allowed_cidrs: ELSEWHERE });
  const refused = await balance(token);
  const subkey = await subkeySession(world, owner.account, await addSubkey(world, owner));
  const reader = (await createToken(world.url, owner.session)).token;
  const path = `${EXPLAIN}?request_id=${idOf(refused)}`;
  expect((await call(world.url, 'GET', path)).status).toBe(401);
  expect((await ask(refused, (await newOwner(world)).session)).status).toBe(404);
  expect((await ask(refused, subkey)).status).toBe(403);
  expect((await ask(refused, reader)).status).toBe(403);
  const device = await deviceSession(world, await addDevice(world, owner));
  expect((await ask(refused, device)).status).toBe(200);
  for (const id of ['', 'x', `${idOf(refused)}0`]) {
    expect((await call(world.url, 'GET', `${EXPLAIN}?request_id=${id}`, { bearer: owner.session })).status).toBe(400);
  }
});

test('what is kept of a refusal has no query, no body, no header and no bearer, and outlives a restart', async () => {
  const first = await startWorld();
  const who = await newOwner(first);
  const { token } = await createToken(first.url, who.session, { allowed_cidrs: ELSEWHERE });
  const headers = { 'X-Canary': 'canary-in-a-header', 'User-Agent': 'canary-of-an-agent' };
  const refused = await call(first.url, 'GET', '/v1/balance?q=canary-in-a-query', { bearer: token, headers });
  const body = { canary: 'canary-in-a-body' };
  const wrong = await call(first.url, 'POST', '/v1/orders', { bearer: token, headers, body });
  await first.stop();
  const database = new DatabaseSync(join(first.service.folder, 'data', 'countersign.db'), { readOnly: true });
  const rows = JSON.stringify(
    database.prepare('select request_id, credential, reason, route, detail from explanation').all(),
  );
  database.close();
  expect(rows).toContain(idOf(refused));
  expect(rows).toContain(idOf(wrong));
  for (const secret of ['canary', token, ...token.split('.').slice(1)]) expect(rows).not.toContain(secret);
  const second = await startWorld({ folder: first.service.folder });
  const session = await mainSession(second, who);
  expect(await explained(refused, session, second)).toMatchObject({ reason: 'ip_not_allowed' });
  await second.stop();
});

describe('with other settings', () => {
  const worlds: World[] = [];
  const servers: Server[] = [];
  afterAll(async () => {
    for (const one of worlds) await one.stop();
    for (const server of servers) server.closeAllConnections();
    for (const server of servers) server.close();
  });
  async function started(options: Parameters<typeof startWorld>[0] = {}): Promise<{ where: World; who: Owner }> {
    const where = await startWorld(options);
    worlds.push(where);
    return { where, who: await newOwner(where) };
  }

  test('of hops that a client names where no proxy is trusted, eight are kept, and none is believed', async () => {
    const { where, who } = await started();
    const { token } = await createToken(where.url, who.session, { allowed_cidrs: ELSEWHERE });
    const claimed = Array.from({ length: 20 }, (_, i) => `203.0.113.${i}`);
    const { client_ip, hops } = await explained(await balance(token, through(...claimed), where), who.session, where);
    expect([client_ip, hops]).toEqual([
      '127.0.0.1',
      [19, 18, 17, 16, 15, 14, 13, 12].map((i) => ({ address: `203.0.113.${i}`, trusted: false })),
    ]);
  });

  test('a limit that is reached is told with its bucket and figures', async () => {
    const settings = {
      ...unsignedOrders,
      'rate_limit.enabled': 'true',
      'private-read/min': '2',
      'private-read/s': '2',
    };
    const { where, who } = await started({ settings });
    const read = () => balance(who.session, {}, where);
    await read();
    await read();
    const refused = await read();
    expect(refused.status).toBe(429);
    // Asking counts apart from what the bots use up.
    expect(await explained(refused, who.session, where)).toEqual(
      whole(refused, {
        route: 'GET /v1/balance',
        reason: 'rate_limited',
        limit: {
          bucket: 'read',
          limit: 2,
          window_seconds: expect.any(Number),
          retry_after_seconds: expect.any(Number),
        },
      }),
    );
  });

  test('a limit of logins is told to the account whose signature it was', async () => {
    const { where, who } = await started({
      settings: { 'rate_limit.enabled': 'true', 'sessions/min': '2', 'sessions/s': '2', 'sessions%': '100' },
    });
    await mainSession(where, who);
    const refused = await postLogin(where, loginOf(where, who.key, who.account, windowOf(where, { age: 1 })));
    expect(refused.status).toBe(429);
    expect(await explained(refused, who.session, where)).toMatchObject({
      reason: 'rate_limited',
      route: 'POST /v1/auth',
      limit: { bucket: 'account-login', limit: 2 },
    });
  });

  test('a venue that is away or silent is told, and whether it was this server', async () => {
    const { where, who } = await started({ upstream: 'http://127.0.0.1:1' });
    const refused = await balance(who.session, {}, where);
    expect(await explained(refused, who.session, where)).toMatchObject({
      reason: 'upstream_unavailable',
      code: 'SERVICE_UNAVAILABLE',
      status: 503,
      message: refused.json.message,
    });
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    servers.push(silent);
    await new Promise((resolve) => silent.once('listening', resolve));
    const { port } = Object.assign({ port: 0 }, silent.address());
    const slow = await started({ upstream: `http://127.0.0.1:${port}`, settings: { 'upstream.timeout': '1' } });
    const late = await balance(slow.who.session, {}, slow.where);
    expect(await explained(late, slow.who.session, slow.where)).toMatchObject({ reason: 'upstream_timeout' });

    // Ended on its way: by its signing key, which had proven it.
    const waits = await started({ upstream: `http://127.0.0.1:${port}` });
    const arrived = new Promise((resolve) => silent.once('request', resolve));
    const waiting = balance(waits.who.session, {}, waits.where);
    await arrived;
    const key = (await signingKeys(waits.where.service)).find(
      ({ use, state }) => use === 'session' && state === 'active',
    );
    await command(waits.where.service, `/signing-keys/${key?.kid}/retire`);
    const cut = await waiting;
    const fresh = await mainSession(waits.where, waits.who);
    expect(await explained(cut, fresh, waits.where)).toMatchObject({ reason: 'signing_key_retired', status: 401 });
    // A retired key may be in other hands: what it signed proves nothing any more.
    expect((await ask(await balance(waits.who.session, {}, waits.where), fresh, waits.where)).status).toBe(404);
  });

  test('a trade that nobody signed is told where that is refused', async () => {
    const { where, who } = await started({ settings: { 'orders.unsigned_routes': 'refuse' } });
    const refused = await call(where.url, 'POST', '/v1/block-trades', { bearer: who.session, body: {} });
    expect(await explained(refused, who.session, where)).toMatchObject({ reason: 'route_unsigned', status: 403 });
  });

  test('a token that may read a path and does not GET is told so', async () => {
    const routes = structuredClone(table);
    const row = routes.routes.find(({ path, method }) => path === '/v1/account/compliance' && method === 'POST');
    if (row !== undefined) row.access = 'account:read';
    const file = join(temporaryFolder(), 'routes.json');
    writeFileSync(file, JSON.stringify(routes), { mode: 0o600 });
    const { where, who } = await started({ settings: { 'routes.file': file } });
    const { token } = await createToken(where.url, who.session);
    const refused = await call(where.url, 'POST', '/v1/account/compliance', { bearer: token, body: {} });
    expect(await explained(refused, who.session, where)).toMatchObject({
      reason: 'read_only_method',
      method: 'POST',
      permission_needed: 'account:read',
    });
  });

  test('rows that were damaged or lost are told as what they are', async () => {
    const first = await startWorld();
    const who = await newOwner(first);
    const made = [];
    for (let i = 0; i < 3; i += 1) made.push(await createToken(first.url, who.session, { name: `t${i}` }));
    await first.stop();
    const database = new DatabaseSync(join(first.service.folder, 'data', 'countersign.db'));
    const [damaged, lost, unreadable] = made.map(({ lookupId }) => lookupId);
    database.prepare("update token set allowlist = 'x' where lookup_id = ?").run(damaged ?? '');
    database.prepare('delete from token where lookup_id = ?').run(lost ?? '');
    database.prepare("update token set expiry_at = 'x' where lookup_id = ?").run(unreadable ?? '');
    database.close();
    const where = await startWorld({ folder: first.service.folder });
    worlds.push(where);
    const session = await mainSession(where, who);
    const reasons = [];
    for (const { token } of made)
      reasons.push((await explained(await balance(token, {}, where), session, where)).reason);
    expect(reasons).toEqual(['allowlist_damaged', 'credential_unknown', 'store_unavailable']);
  });

  test('a bearer of an account whose row was lost is told once the account is there again', async () => {
    const first = await startWorld();
    const who = await newOwner(first);
    await first.stop();
    const database = new DatabaseSync(join(first.service.folder, 'data', 'countersign.db'));
    database.exec('pragma foreign_keys = off');
    database.prepare('delete from account where account_id = ?').run(who.account);
    database.close();
    const where = await startWorld({ folder: first.service.folder });
    worlds.push(where);
    const refused = await balance(who.session, {}, where);
    expect(refused.status).toBe(401);
    const again = await newOwner(where, who);
    expect(await explained(refused, again.session, where)).toMatchObject({ reason: 'account_unknown', status: 401 });
  });

  test('an order whose subkey changed while it waited for the venue is told as that', async () => {
    const asked: ServerResponse[] = [];
    const venue = createServer((_request, response) => void asked.push(response)).listen(0, '127.0.0.1');
    servers.push(venue);
    await new Promise((resolve) => venue.once('listening', resolve));
    const { port } = Object.assign({ port: 0 }, venue.address());
    const settings = { 'upstream.connections': '1' };
    const { where, who } = await started({ upstream: `http://127.0.0.1:${port}`, settings });
    const subkey = await addSubkey(where, who, { allowed_cidrs: ['127.0.0.0/8'] });
    const first = balance(who.session, {}, where);
    await expect.poll(() => asked.length).toBe(1);
    const terms = { market: 'BTC-USD-PERP', side: 'BUY', type: 'LIMIT', size: '0.5', price: '29500' } as const;
    const at = Number(where.clock.nanos() / 1_000_000n);
    const body = { ...orderBody(curve, hasher, subkey, who.account, terms, at), instruction: 'GTC' };
    const order = call(where.url, 'POST', '/v1/orders', { bearer: who.session, body });
    const waiting = async () => (await fetch(`${where.service.operatorUrl}/metrics`)).text();
    await expect.poll(waiting).toContain('countersign_venue_queue 1\n');
    const path = `${SUBKEYS}/${subkey.publicKey}/allowed-cidrs`;
    const widened = await call(where.url, 'PUT', path, { bearer: who.session, body: { allowed_cidrs: [] } });
    expect(widened.status, widened.text).toBeLessThan(300);
    asked[0]?.end('{}');
    await first;
    const refused = await order;
    expect(refused.status).toBe(503);
    expect(await explained(refused, who.session, where)).toMatchObject({
      reason: 'view_stale',
      route: 'POST /v1/orders',
      credential: { kind: 'main' },
    });
    expect(asked).toHaveLength(1);
  });

  test('thousands of refusals over HTTP stay within the bounds, and hide no refusal of another credential', async () => {
    const where = await startWorld({ settings: { 'explain.rows_per_account': '50' } });
    const who = await newOwner(where);
    const { token: far } = await createToken(where.url, who.session, { allowed_cidrs: ELSEWHERE });
    const own = [];
    for (let i = 0; i < 5; i += 1) own.push(await balance(far, {}, where));
    const { token } = await createToken(where.url, who.session);
    const paths = ['/v1/orders', '/v1/orders/batch', '/v1/block-trades', TOKENS, SUBKEYS, '/v1/algo/orders'];
    await Promise.all(
      Array.from({ length: 25 }, async (_, lane) => {
        for (let i = 0; i < 120; i += 1) {
          const path = paths[(lane + i) % paths.length] ?? '';
          expect((await call(where.url, 'POST', path, { bearer: token, body: {} })).status).toBe(403);
        }
      }),
    );
    for (const refused of own) {
      expect(await explained(refused, who.session, where)).toMatchObject({ reason: 'ip_not_allowed' });
    }
    await where.stop();
    const database = new DatabaseSync(join(where.service.folder, 'data', 'countersign.db'), { readOnly: true });
    const kept = database.prepare('select credential, count(*) as rows from explanation group by 1');
    const rows = kept.all();
    database.close();
    // A fifth of 50 for the one reason of the one token.
    expect(rows.map((row) => row.rows)).toEqual(expect.arrayContaining([5, 10]));
    expect(rows).toHaveLength(2);
  });

  test('explain.keep_days=0 keeps nothing, and says so by 404', async () => {
    const { where, who } = await started({ settings: { 'explain.keep_days': '0' } });
    const { token } = await createToken(where.url, who.session, { allowed_cidrs: ELSEWHERE });
    expect((await ask(await balance(token, {}, where), who.session, where)).status).toBe(404);
  });
});

// Last: it looks at what the tests above were told.
test('every reason of a denied request is explained here, but for those that no proven credential meets', () => {
  const unproven = 'no credential is proven by then';
  const never: Partial<Record<DenyReason, string>> = {
    route_unknown: unproven,
    target_malformed: unproven,
    method_not_allowed: unproven,
    bearer_missing: unproven,
    bearer_malformed: unproven,
    bearer_repeated: unproven,
    bearer_wrong_kind: unproven,
    bearer_unknown_key: unproven,
    bearer_signature: unproven,
    bearer_claims: unproven,
    bearer_and_signature: unproven,
    request_header_refused: 'the parser of requests refuses such a header before: a second net under it',
    store_lost: 'no bearer passes any more, nothing can be written, and the server ends',
  };
  expect(denyReasons.filter((reason) => !reasonsTold.has(reason))).toEqual(
    denyReasons.filter((reason) => reason in never),
  );
});
