// Faults nobody asked for, on the whole service: rows that somebody damaged while it was stopped, and a wall clock that jumps back
// an hour. Each is refused with a reason of its own, and what was revoked stays revoked.
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { StoreFailure } from '../../src/errors.ts';
import { MasterKeyMismatch } from '../../src/jwt/seal.ts';
import { SigningKeyDamaged } from '../../src/jwt/signing-key.ts';
import { addDevice, DEVICES, deviceSession, newDeviceKey, openDeviceSession, postDevice } from '../support/devices.ts';
import { rawClient } from '../support/forward-harness.ts';
import { startService } from '../support/harness.ts';
import { parsePage } from '../support/metrics-page.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { type Answer, type CreatedToken, call, createToken, onboard, starkTrader } from '../support/trader.ts';
import {
  addSubkey,
  createTestClock,
  expectRefusal,
  loginOf,
  mainSession,
  newOwner,
  type Owner,
  postLogin,
  SELF,
  SUBKEYS,
  stateOf,
  subkeySession,
  type TestClock,
  TOKENS,
  type World,
} from '../support/world.ts';

async function start(clock: TestClock, folder?: string): Promise<World> {
  const service = await startService({ time: clock.time, ...(folder === undefined ? {} : { folder }) });
  return { service, url: service.url, port: service.port, clock, stop: () => service.stop() };
}

/** What a bad disk or a bad hand does: no constraint of the tables keeps it from being written. */
function damage(folder: string, ...statements: readonly (readonly [sql: string, ...values: (string | bigint)[]])[]) {
  const database = new DatabaseSync(join(folder, 'data', 'countersign.db'));
  try {
    database.exec('pragma ignore_check_constraints = on; pragma foreign_keys = off');
    for (const [sql, ...values] of statements) expect(database.prepare(sql).run(...values).changes, sql).toBe(1);
  } finally {
    database.close();
  }
}

/** As a database that takes no change, whatever the reason: from the first insert on, its transactions fail. */
function refuseChanges(folder: string, refuse: boolean): void {
  const database = new DatabaseSync(join(folder, 'data', 'countersign.db'));
  const trigger = "create trigger no_change before insert on audit begin select raise(abort, 'no'); end";
  database.exec(refuse ? trigger : 'drop trigger no_change');
  database.close();
}

const ask = (world: World, bearer: string): Promise<Answer> => call(world.url, 'GET', '/v1/balance', { bearer });
const remove = (world: World, bearer: string, path: string) => call(world.url, 'DELETE', path, { bearer });

describe('a damaged allowlist', () => {
  const forms = [
    '',
    '[]',
    'null',
    'Anywhere',
    '["0.0.0.0/0"',
    '["0.0.0.0/0",""]',
    '["0.0.0.0/00"]',
    '["127.0.0.1/8"]',
    '"anywhere"',
  ];
  const tokens = new Map<string, CreatedToken>();
  let world: World;
  let owner: Owner;
  let subkey: Awaited<ReturnType<typeof addSubkey>>;
  let untouched: CreatedToken;
  let oldSession: string;

  beforeAll(async () => {
    const clock = createTestClock();
    world = await start(clock);
    owner = await newOwner(world);
    for (const form of forms) tokens.set(form, await createToken(world.url, owner.session));
    untouched = await createToken(world.url, owner.session);
    subkey = await addSubkey(world, owner);
    oldSession = await subkeySession(world, owner.account, subkey);
    await world.stop();
    const { folder } = world.service;
    for (const [form, { lookupId }] of tokens) {
      damage(folder, ['update token set allowlist = ? where lookup_id = ?', form, lookupId]);
    }
    damage(folder, ['update subkey set allowlist = ? where public_key = ?', '{}', subkey.publicKey]);
    world = await start(clock, folder);
  });
  afterAll(() => world.stop());

  const pathOf = ({ lookupId }: CreatedToken) => `${TOKENS}/${lookupId}`;

  test.each(forms)(
    'an allowlist that reads %j lets nobody in, and nothing of the request reaches the venue',
    async (form) => {
      const { token = '' } = tokens.get(form) ?? {};
      const seen = world.service.venue.total();
      expect(expectRefusal(await ask(world, token), 403, 'IP_NOT_ALLOWED')).toMatch(/allowlist .* is damaged/);
      expectRefusal(await call(world.url, 'GET', SELF, { bearer: token }), 403, 'IP_NOT_ALLOWED');
      expect(world.service.venue.total()).toBe(seen);
      expect(world.service.log.some((line) => JSON.parse(line).reason === 'allowlist_damaged')).toBe(true);
    },
  );

  test('a damaged allowlist of one token says nothing about another', async () => {
    expect((await ask(world, untouched.token)).status).toBe(200);
    expect((await ask(world, owner.session)).status).toBe(200);
  });

  test('a damaged allowlist is listed as damaged, for an empty list would say unrestricted', async () => {
    const { json } = await call(world.url, 'GET', TOKENS, { bearer: owner.session });
    const lists = json.results.map((row: { allowed_cidrs: unknown }) => row.allowed_cidrs);
    expect(lists.filter((list: unknown) => JSON.stringify(list) === '["damaged"]')).toHaveLength(forms.length);
    expect(lists).toHaveLength(forms.length + 1);
  });

  test('a damaged allowlist of a subkey refuses its sessions and its logins', async () => {
    expectRefusal(await ask(world, oldSession), 403, 'IP_NOT_ALLOWED');
    const login = await postLogin(world, loginOf(world, subkey, owner.account), subkey.publicKey);
    expect(expectRefusal(login, 403, 'IP_NOT_ALLOWED')).toMatch(/is damaged/);
  });

  test('a damaged allowlist can be replaced by its owner, and then lets in who is in it', async () => {
    const mended = tokens.get('[]');
    const put = { bearer: owner.session, body: { allowed_cidrs: ['127.0.0.1'] } };
    const answer = await call(world.url, 'PUT', `${TOKENS}/${mended?.lookupId}/allowed-cidrs`, put);
    expect(answer.status, answer.text).toBe(200);
    expect((await ask(world, mended?.token ?? '')).status).toBe(200);
  });

  test('a damaged allowlist keeps nobody from revoking: a token, and a subkey', async () => {
    const token = tokens.get('null');
    if (token === undefined) throw new Error('there is such a token');
    expect((await remove(world, owner.session, pathOf(token))).status).toBe(200);
    expectRefusal(await ask(world, token.token), 401, 'UNAUTHORIZED_ERROR');
    expect((await remove(world, owner.session, `${SUBKEYS}/${subkey.publicKey}`)).status).toBe(200);
    expectRefusal(await ask(world, oldSession), 401, 'UNAUTHORIZED_ERROR');
  });
});

describe('a damaged row', () => {
  const UNREADABLE = '503 SERVICE_UNAVAILABLE';
  const DEAD = '401 UNAUTHORIZED_ERROR';
  type Holder = 'main' | 'subkey' | 'token';
  // A text or a fraction in a column of integers compares with no time: read as one, it would be "never" somewhere.
  const damages: readonly (readonly [name: string, holder: Holder, table: string, set: string, state: string])[] = [
    ['expiry of a token that is text', 'token', 'token', "expiry_at = 'never'", UNREADABLE],
    ['expiry of a token that is a fraction', 'token', 'token', 'expiry_at = 1e19', UNREADABLE],
    ['expiry of a token that is negative', 'token', 'token', 'expiry_at = -1', UNREADABLE],
    ['time of revocation that is text', 'token', 'token', "revoked_at = 'no'", DEAD],
    ['time of revocation that is negative', 'token', 'token', 'revoked_at = -1', DEAD],
    ['state of a subkey', 'subkey', 'subkey', "state = 'Revoked'", UNREADABLE],
    ['expiry of a subkey', 'subkey', 'subkey', "expires_at = 'never'", UNREADABLE],
    ['sign-out time of a subkey', 'subkey', 'subkey', "valid_after = 'never'", UNREADABLE],
    ['account of a subkey', 'subkey', 'subkey', "account_id = '0x1'", DEAD],
    ['sign-out time of an account, for its subkey', 'subkey', 'account', "valid_after = 'x'", UNREADABLE],
    ['sign-out time of an account, for its main key', 'main', 'account', "valid_after = 'x'", UNREADABLE],
    ['sign-out time of a main key', 'main', 'account', "main_valid_after = 'x'", UNREADABLE],
    ['time of a lock', 'main', 'account', "locked_at = 'not locked'", UNREADABLE],
    ['kind of an account', 'main', 'account', "signer_type = 'none'", DEAD],
    ['id of an account', 'main', 'account', "account_id = account_id || '0'", DEAD],
  ];
  const bearers = new Map<string, { owner: Owner; bearer: string }>();
  let world: World;

  beforeAll(async () => {
    const clock = createTestClock();
    world = await start(clock);
    const { folder } = world.service;
    for (const [name, holder] of damages) {
      const owner = await newOwner(world);
      const bearer =
        holder === 'main'
          ? owner.session
          : holder === 'token'
            ? (await createToken(world.url, owner.session)).token
            : await subkeySession(world, owner.account, await addSubkey(world, owner));
      expect((await ask(world, bearer)).status, name).toBe(200);
      bearers.set(name, { owner, bearer });
    }
    await world.stop();
    damage(
      folder,
      ...damages.map(([name, , table, set]): [string, string] => [
        `update ${table} set ${set} where account_id = ?`,
        bearers.get(name)?.owner.account ?? '',
      ]),
    );
    world = await start(clock, folder);
  });
  afterAll(() => world.stop());

  test.each(damages)('a row with a damaged %s refuses the %s behind it', async (name, _holder, _table, _set, state) => {
    const { bearer = '' } = bearers.get(name) ?? {};
    const seen = world.service.venue.total();
    const answer = await ask(world, bearer);
    expect(`${answer.status} ${answer.json?.error}`).toBe(state);
    expect(answer.headers.get('Retry-After')).toBe(state === UNREADABLE ? '1' : null);
    expect(world.service.venue.total()).toBe(seen);
    if (state !== UNREADABLE) return;
    // The log says what nobody else is told.
    const line = world.service.log.find((text) => text.includes(answer.headers.get('Countersign-Request-Id') ?? ''));
    expect(JSON.parse(line ?? '{}')).toMatchObject({
      reason: 'store_unavailable',
      err: { message: expect.stringMatching(/^a stored row is damaged: \w/) },
    });
  });

  // The first is read before the proof, the second after it.
  test.each(['time of a lock', 'sign-out time of a main key'])(
    'a row with a damaged %s refuses the login of its account',
    async (name) => {
      const { owner } = bearers.get(name) ?? {};
      if (owner === undefined) throw new Error('there is such an owner');
      const answer = await postLogin(world, loginOf(world, owner.key, owner.account));
      expectRefusal(answer, 503, 'SERVICE_UNAVAILABLE');
      expect(answer.headers.get('Retry-After')).toBe('1');
      expect((await newOwner(world)).session).toBeTruthy();
      // A failure of ours says nothing against who signed.
      const { text } = await call(world.service.operatorUrl, 'GET', '/metrics');
      expect(text).toContain('countersign_proven_logins_refused_total{code="IP_NOT_ALLOWED"} ');
      expect(text).not.toContain('countersign_proven_logins_refused_total{code="SERVICE_UNAVAILABLE"}');
    },
  );
});

describe('revoking a damaged row', () => {
  let clock: TestClock;
  let world: World;
  let owner: Owner;
  let damaged: CreatedToken;
  let whole: CreatedToken;

  // The kind is no part of a decision: such a token still works, and its owner must be able to end it.
  beforeEach(async () => {
    clock = createTestClock();
    world = await start(clock);
    owner = await newOwner(world);
    [damaged, whole] = [await createToken(world.url, owner.session), await createToken(world.url, owner.session)];
    await world.stop();
    damage(world.service.folder, ['update token set kind = ? where lookup_id = ?', 'readonlx', damaged.lookupId]);
    world = await start(clock, world.service.folder);
    onTestFinished(() => world.stop());
    expect((await ask(world, damaged.token)).status).toBe(200);
  });

  test('revoking a damaged row answers 503 and ends it on this node, and nothing else of the account', async () => {
    const answer = await remove(world, owner.session, `${TOKENS}/${damaged.lookupId}`);
    expectRefusal(answer, 503, 'SERVICE_UNAVAILABLE');
    expect(await stateOf(world, damaged.token)).toBe('401 UNAUTHORIZED_ERROR');
    expect([await stateOf(world, whole.token), await stateOf(world, owner.session)]).toEqual(['alive', 'alive']);
  });

  test('revoking all ends a damaged row for good, together with all others', async () => {
    const answer = await call(world.url, 'POST', '/countersign/v1/revoke-all', { bearer: owner.session });
    expect(answer.status, answer.text).toBe(200);
    expect(answer.json.tokens).toHaveLength(2);
    await world.stop();
    world = await start(clock, world.service.folder);
    for (const { token } of [damaged, whole]) expect(await stateOf(world, token)).toBe('401 UNAUTHORIZED_ERROR');
  });
});

describe('a database that takes no change', () => {
  test('a database that takes no change keeps the panic button: tokens, subkeys and sessions are dead until it is pressed again and written', async () => {
    const clock = createTestClock();
    let world = await start(clock);
    const { folder } = world.service;
    const bob = await newOwner(world);
    const owner = await newOwner(world);
    const press = (bearer: string) => call(world.url, 'POST', '/countersign/v1/revoke-all', { bearer });
    const { token } = await createToken(world.url, owner.session);
    const subkey = await addSubkey(world, owner);
    const ofSubkey = await subkeySession(world, owner.account, subkey);
    const dead = async (...bearers: string[]) => {
      for (const bearer of bearers) expect(await stateOf(world, bearer)).toBe('401 UNAUTHORIZED_ERROR');
    };

    refuseChanges(folder, true);
    expectRefusal(await press(owner.session), 503, 'SERVICE_UNAVAILABLE');
    await dead(owner.session, token, ofSubkey);
    clock.advance(31);
    // The subkey is no key of the account any more: it logs in no longer either.
    const refused = async () =>
      expectRefusal(
        await postLogin(world, loginOf(world, subkey, owner.account), subkey.publicKey),
        401,
        'INVALID_SUBKEY',
      );
    await refused();
    expect(await stateOf(world, bob.session)).toBe('alive');

    refuseChanges(folder, false);
    await dead(token);
    await refused();
    const pressed = await press(await mainSession(world, owner));
    expect(pressed.json).toMatchObject({ tokens: [{}], subkeys: [{ public_key: subkey.publicKey }] });
    clock.advance(31);
    const session = await mainSession(world, owner);
    const { token: made } = await createToken(world.url, session);
    const madeSubkey = await subkeySession(world, owner.account, await addSubkey(world, { ...owner, session }));
    for (const bearer of [made, madeSubkey, session]) expect(await stateOf(world, bearer)).toBe('alive');

    await world.stop();
    world = await start(clock, folder);
    onTestFinished(() => world.stop());
    await dead(owner.session, token, ofSubkey);
    expect(await stateOf(world, made)).toBe('alive');
  });

  test('a body that comes after a denied sign-out makes nothing, though the store takes changes again', async () => {
    const world = await start(createTestClock());
    onTestFinished(() => world.stop());
    const owner = await newOwner(world);
    world.clock.advance(1);
    const body = '{"name":"late"}';
    const thief = rawClient(
      world.port,
      `POST ${TOKENS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${owner.session}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 5)}`,
    );
    const session = await mainSession(world, owner);
    refuseChanges(world.service.folder, true);
    const answer = await call(world.url, 'POST', '/countersign/v1/sign-out-everywhere', { bearer: session });
    expectRefusal(answer, 503, 'SERVICE_UNAVAILABLE');
    refuseChanges(world.service.folder, false);
    thief.write(body.slice(5));
    expect(await thief.closed()).toMatch(/^HTTP\/1\.1 401 /);
    world.clock.advance(31);
    const listed = await call(world.url, 'GET', TOKENS, { bearer: await mainSession(world, owner) });
    expect(listed.json.results).toEqual([]);
  });

  test('a database that takes no change ends one kind alone where one kind was asked for', async () => {
    const world = await start(createTestClock());
    onTestFinished(() => world.stop());
    const owner = await newOwner(world);
    const { token } = await createToken(world.url, owner.session);
    const subkey = await addSubkey(world, owner);
    refuseChanges(world.service.folder, true);
    const body = { kinds: ['subkey'] };
    const answer = await call(world.url, 'POST', '/countersign/v1/revoke-all', { bearer: owner.session, body });
    expectRefusal(answer, 503, 'SERVICE_UNAVAILABLE');
    world.clock.advance(31);
    expect(await stateOf(world, token)).toBe('alive');
    expectRefusal(await postLogin(world, loginOf(world, subkey, owner.account)), 401, 'INVALID_SUBKEY');
    expect(await stateOf(world, await mainSession(world, owner))).toBe('alive');
  });

  test.each<[string, (bearers: { owner: string; device: string }, path: string) => [string, string, string, unknown?]]>(
    [
      ['DELETE by its owner', ({ owner }, path) => ['DELETE', path, owner]],
      ['DELETE by itself', ({ device }, path) => ['DELETE', path, device]],
      ['its own revocation of itself', ({ device }) => ['POST', '/countersign/v1/self/revoke', device]],
      ['a leak report of its session', ({ device }) => ['POST', '/countersign/v1/leaked', '', { token: device }]],
    ],
  )(
    'a database that takes no change says of the end of a device, by %s, that it is not written, and the device is dead until it is',
    async (_what, request) => {
      const world = await start(createTestClock());
      onTestFinished(() => world.stop());
      const { folder } = world.service;
      const owner = await newOwner(world);
      const [device, other] = [await addDevice(world, owner), await addDevice(world, owner)];
      const [bearer, ofOther] = [await deviceSession(world, device), await deviceSession(world, other)];
      const path = `${DEVICES}/${device.id}`;
      const end = () => {
        const [method, target, by, body] = request({ owner: owner.session, device: bearer }, path);
        return call(world.url, method, target, { bearer: by, ...(body === undefined ? {} : { body }) });
      };
      const states = async (query = '') => {
        const { json } = await call(world.url, 'GET', `${DEVICES}${query}`, { bearer: owner.session });
        return json.results.map(({ id, state }: Record<string, string>) => `${id === device.id} ${state}`).sort();
      };
      const dead = async () => {
        expect(await stateOf(world, bearer)).toBe('401 UNAUTHORIZED_ERROR');
        expect((await openDeviceSession(world, device)).status).not.toBe(200);
        expect(await stateOf(world, ofOther)).toBe('alive');
      };

      const unwritten = async () => {
        const page = parsePage(await (await fetch(`${world.service.operatorUrl}/metrics`)).text());
        return page.value('countersign_unwritten_denials');
      };

      refuseChanges(folder, true);
      expect(expectRefusal(await end(), 503, 'SERVICE_UNAVAILABLE')).toContain('could not be written');
      expect(await unwritten()).toBe(1);
      await dead();
      refuseChanges(folder, false);
      await dead();
      expect((await openDeviceSession(world, other)).status).toBe(200);

      const repeated = await call(world.url, 'DELETE', path, { bearer: owner.session });
      expect([repeated.status, repeated.json]).toEqual([200, { id: device.id }]);
      expect(repeated.headers.get('Countersign-Revocation')).toMatch(/^nodes=1; /);
      expect(await states('?with_ended=true')).toEqual(['false active', 'true ended']);
      expect(await unwritten()).toBe(0);
      await dead();
    },
  );

  test('a database that takes no change ends every device with the sessions of its owner, and makes none', async () => {
    const world = await start(createTestClock());
    onTestFinished(() => world.stop());
    const { folder } = world.service;
    const owner = await newOwner(world);
    const device = await addDevice(world, owner);
    const bearer = await deviceSession(world, device);
    refuseChanges(folder, true);
    expectRefusal(await postDevice(world, owner.session, newDeviceKey()), 503, 'SERVICE_UNAVAILABLE');
    const signOut = () => call(world.url, 'POST', '/countersign/v1/sign-out-everywhere', { bearer: owner.session });
    expectRefusal(await signOut(), 503, 'SERVICE_UNAVAILABLE');
    expect(await stateOf(world, bearer)).toBe('401 UNAUTHORIZED_ERROR');
    expect((await openDeviceSession(world, device)).status).not.toBe(200);
    refuseChanges(folder, false);
    expect((await openDeviceSession(world, device)).status).toBe(401);
    world.clock.advance(31);
    const again = { ...owner, session: await mainSession(world, owner) };
    const listed = await call(world.url, 'GET', `${DEVICES}?with_ended=true`, { bearer: again.session });
    expect(listed.json.results).toHaveLength(1);
    expect((await openDeviceSession(world, await addDevice(world, again))).status).toBe(200);
  });

  test('a database that takes no change ends a session that was reported as leaked, and no later one, and brings no dead subkey back by it', async () => {
    const world = await start(createTestClock());
    onTestFinished(() => world.stop());
    const owner = await newOwner(world);
    const subkey = await addSubkey(world, owner);
    const captured = await subkeySession(world, owner.account, subkey);
    const report = (token: string) => call(world.url, 'POST', '/countersign/v1/leaked', { body: { token } });
    refuseChanges(world.service.folder, true);
    expectRefusal(await report(captured), 503, 'SERVICE_UNAVAILABLE');
    expect(await stateOf(world, captured)).toBe('401 UNAUTHORIZED_ERROR');
    world.clock.advance(1);
    const later = await subkeySession(world, owner.account, subkey);
    expect(await stateOf(world, later)).toBe('alive');

    expectRefusal(await remove(world, owner.session, `${SUBKEYS}/${subkey.publicKey}`), 503, 'SERVICE_UNAVAILABLE');
    expectRefusal(await report(captured), 503, 'SERVICE_UNAVAILABLE');
    expect(await stateOf(world, later)).toBe('401 UNAUTHORIZED_ERROR');
  });
});

describe('a start is refused', () => {
  const clock = createTestClock();
  let whole: string;
  beforeAll(async () => {
    const world = await start(clock);
    await onboard(world.url, starkTrader());
    await world.stop();
    whole = world.service.folder;
  });

  type Refusal = new (...args: never[]) => Error;
  test.each<[string, string, Refusal, RegExp]>([
    [
      'state of a signing key',
      "signing_key set state = 'gone' where use = 'token'",
      StoreFailure,
      /signing_key\.state/,
    ],
    ['use of a signing key', "signing_key set use = 'token' where use = 'session'", MasterKeyMismatch, /does not open/],
    [
      'public half of a signing key',
      "signing_key set public_jwk = '{}' where use = 'token'",
      SigningKeyDamaged,
      /does not match/,
    ],
    [
      'private half of a signing key',
      "signing_key set sealed_private_key = substr(sealed_private_key, 2) where use = 'token'",
      MasterKeyMismatch,
      /does not open/,
    ],
    ['head of the change log', "meta set value = 'x' where name = 'log_head'", StoreFailure, /meta\.log_head/],
    [
      'head of the change log, set back',
      "meta set value = 0 where name = 'log_head'",
      StoreFailure,
      /ends at 1.* says 0/,
    ],
    ['highest time', "meta set value = 'x' where name = 'highest_time'", StoreFailure, /meta\.highest_time/],
  ])('a start with a damaged %s is refused, in one sentence', async (_, set, kind, sentence) => {
    const folder = temporaryFolder();
    cpSync(whole, folder, { recursive: true });
    damage(folder, [`update ${set}`]);
    const refused = await start(clock, folder).then(
      async (started) => {
        await started.stop();
        return undefined;
      },
      (error: unknown) => error,
    );
    expect(refused).toBeInstanceOf(kind);
    expect(String(refused)).toMatch(sentence);
  });
});

describe('a change log that lost rows in its middle', () => {
  test('a change log that lost rows in its middle takes nothing back, and the next change has the next number', async () => {
    const clock = createTestClock();
    let world = await start(clock);
    const owner = await newOwner(world);
    const token = await createToken(world.url, owner.session);
    expect((await remove(world, owner.session, `${TOKENS}/${token.lookupId}`)).status).toBe(200);
    const other = await createToken(world.url, owner.session);
    await world.stop();
    damage(world.service.folder, ["delete from change_log where action = 'token.revoked'"]);
    world = await start(clock, world.service.folder);
    onTestFinished(() => world.stop());
    expect(await stateOf(world, token.token)).toBe('401 UNAUTHORIZED_ERROR');
    expect((await remove(world, owner.session, `${TOKENS}/${other.lookupId}`)).status).toBe(200);
    expect(await stateOf(world, other.token)).toBe('401 UNAUTHORIZED_ERROR');
  });
});

describe('a wall clock that jumps back an hour', () => {
  const HOUR = 3_600;

  /** One bearer of every way to end, all of them ended; and what is alive. The last to end does so after the last write. */
  async function setTheScene(world: World) {
    const { clock, url } = world;
    const owner = await newOwner(world);
    const { token: short } = await createToken(url, owner.session, { expiry_duration: 60 });
    const expiring = await subkeySession(world, owner.account, await addSubkey(world, owner, { expires_in: 60 }));
    const revoked = await createToken(url, owner.session);
    expect((await remove(world, owner.session, `${TOKENS}/${revoked.lookupId}`)).status).toBe(200);
    const { token } = await createToken(url, owner.session);
    const signedOut = await mainSession(world, owner);
    const signOut = await call(url, 'POST', '/countersign/v1/sign-out-everywhere', { bearer: signedOut });
    expect(signOut.status).toBe(200);
    clock.advance(31);
    const ending = await mainSession(world, owner);
    clock.advance(250);
    const session = await mainSession(world, owner);
    const time = await call(url, 'GET', '/v1/system/time');
    clock.advance(50);
    const dead = { short, expiring, revoked: revoked.token, signedOut, ending };
    return { owner, dead, session, token, time: BigInt(time.json.server_time) };
  }

  async function expectTheSame(
    world: World,
    { owner, dead, session, token, time }: Awaited<ReturnType<typeof setTheScene>>,
  ) {
    for (const [name, bearer] of Object.entries(dead)) {
      expect(`${name}: ${await stateOf(world, bearer)}`).toBe(`${name}: 401 UNAUTHORIZED_ERROR`);
    }
    expect([await stateOf(world, session), await stateOf(world, token)]).toEqual(['alive', 'alive']);
    const { json } = await call(world.url, 'GET', '/v1/system/time');
    expect(BigInt(json.server_time)).toBeGreaterThanOrEqual(time + 50_000n);
    // A client whose own clock is right still logs in, and its session ends in its time.
    const fresh = await mainSession(world, owner);
    expect(await stateOf(world, fresh)).toBe('alive');
    world.clock.advance(301);
    expect(await stateOf(world, fresh)).toBe('401 UNAUTHORIZED_ERROR');
    // Revoking goes on, and so does everything that must be newer than the past.
    const again = await mainSession(world, owner);
    const made = await createToken(world.url, again);
    expect((await remove(world, again, `${TOKENS}/${made.lookupId}`)).status).toBe(200);
    expect(await stateOf(world, made.token)).toBe('401 UNAUTHORIZED_ERROR');
  }

  test('a wall clock that jumps back an hour while the service runs brings nothing back, and time goes on', async () => {
    const world = await start(createTestClock());
    onTestFinished(() => world.stop());
    const scene = await setTheScene(world);
    world.clock.setWallBack(HOUR);
    await expectTheSame(world, scene);
  });

  test('a wall clock that jumps back an hour before the next start brings nothing back, and time goes on from where it was', async () => {
    const clock = createTestClock();
    const before = await start(clock);
    const scene = await setTheScene(before);
    await before.stop();
    clock.setWallBack(HOUR);
    const world = await start(clock, before.service.folder);
    onTestFinished(() => world.stop());
    await expectTheSame(world, scene);
  });
});
