// Rotation of the JWT signing keys: published before it signs, kept until nothing it signed is valid, and no bearer refused.
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { startService } from '../support/harness.ts';
import { auditRows, command, isLate, type ListedKey, operate, signingKeys } from '../support/operator.ts';
import { call, createToken } from '../support/trader.ts';
import {
  expectRefusal,
  loginOf,
  mainSession,
  newOwner,
  type Owner,
  sessionIn,
  startWorld,
  stateOf,
  type World,
} from '../support/world.ts';

async function ownWorld(settings: Record<string, string> = {}): Promise<World> {
  const world = await startWorld({ settings });
  // Time stands still: later keys must be younger than the first.
  world.clock.advance(1);
  onTestFinished(() => world.stop());
  return world;
}

const kidOf = (jwt: string): string => JSON.parse(Buffer.from(jwt.split('.')[0] ?? '', 'base64url').toString()).kid;
const publishedKids = async (world: World): Promise<string[]> =>
  (await call(world.url, 'GET', '/v1/jwks.json')).json.keys.map(({ kid }: { kid: string }) => kid);
const statesOf = async (world: World, use: string): Promise<string[]> =>
  (await signingKeys(world.service)).filter((key) => key.use === use).map(({ state }) => state);
const stateOfKid = async (world: World, kid: string) =>
  (await signingKeys(world.service)).find((key) => key.kid === kid)?.state;
const rotate = async (world: World, use: string): Promise<ListedKey> =>
  (await command(world.service, '/signing-keys/rotate', { use })).json;
const kidFor = async (world: World, owner: Owner): Promise<string> => kidOf(await mainSession(world, owner));

describe('a new session key', () => {
  test('a new session key is published first, signs after the delay, and the old one is kept until its last session is over', async () => {
    const world = await ownWorld();
    const owner = await newOwner(world);
    const old = kidOf(owner.session);
    const fresh = await rotate(world, 'session');
    expect(fresh).toMatchObject({ use: 'session', state: 'published' });
    expect(await publishedKids(world)).toContain(fresh.kid);

    world.clock.advance(59);
    expect(await statesOf(world, 'session')).toEqual(['active', 'published']);
    expect(await kidFor(world, owner)).toBe(old);

    world.clock.advance(1);
    expect(await statesOf(world, 'session')).toEqual(['verifying', 'active']);
    expect(await kidFor(world, owner)).toBe(fresh.kid);
    expect(await stateOf(world, owner.session)).toBe('alive');

    // The last session that the old key signed ends 300 s after it stopped; a minute more is kept for what was being signed.
    world.clock.advance(359);
    expect(await statesOf(world, 'session')).toEqual(['verifying', 'active']);
    expect(await publishedKids(world)).toContain(old);
    world.clock.advance(1);
    expect(await statesOf(world, 'session')).toEqual(['retired', 'active']);
    expect(await publishedKids(world)).not.toContain(old);
    expect(await statesOf(world, 'token')).toEqual(['active']);
  });

  test('a new session key is the one that waits already, when it is asked for again', async () => {
    const world = await ownWorld();
    const [first, second] = [await rotate(world, 'session'), await rotate(world, 'session')];
    expect(second.kid).toBe(first.kid);
    expect(await statesOf(world, 'session')).toEqual(['active', 'published']);
  });

  test('signs at once when the delay is 0', async () => {
    const world = await ownWorld({ 'signing_keys.publish_delay': '0' });
    const owner = await newOwner(world);
    const fresh = await rotate(world, 'session');
    expect(fresh.state).toBe('active');
    expect(await kidFor(world, owner)).toBe(fresh.kid);
    expect(await stateOf(world, owner.session)).toBe('alive');
  });

  test('a new session key that was published before a restart waits for the whole delay again, for nobody may have seen it', async () => {
    const world = await ownWorld();
    const fresh = await rotate(world, 'session');
    world.clock.advance(59);
    const again = await restarted(world);
    again.clock.advance(59);
    expect(await stateOfKid(again, fresh.kid)).toBe('published');
    again.clock.advance(1);
    expect(await stateOfKid(again, fresh.kid)).toBe('active');
  });
});

/** The same data, served from now on by another process. */
async function restarted(world: World): Promise<World> {
  await world.service.stop();
  const service = await startService({ folder: world.service.folder, time: world.clock.time });
  onTestFinished(() => service.stop());
  return { service, url: service.url, port: service.port, clock: world.clock, stop: () => service.stop() };
}

describe('an old token key', () => {
  test('an old token key is kept until the last token it signed has expired, and retires then', async () => {
    const world = await ownWorld();
    const owner = await newOwner(world);
    const { token } = await createToken(world.url, owner.session, { expiry_duration: 86_400 });
    const doomed = await createToken(world.url, owner.session, { expiry_duration: 30 * 86_400 });
    await call(world.url, 'DELETE', `/v1/account/tokens/${doomed.lookupId}`, { bearer: owner.session });
    await rotate(world, 'token');
    world.clock.advance(60);
    expect(await statesOf(world, 'token')).toEqual(['verifying', 'active']);
    expect(await stateOf(world, token)).toBe('alive');

    world.clock.advance(86_400 - 60 - 1);
    expect(await stateOf(world, token)).toBe('alive');
    expect(await publishedKids(world)).toContain(kidOf(token));
    world.clock.advance(61);
    expect(await statesOf(world, 'token')).toEqual(['retired', 'active']);
    expect(await publishedKids(world)).not.toContain(kidOf(token));
  });
});

test('sessions and tokens live through rotations of both keys under load, without one refusal', async () => {
  const world = await ownWorld({ 'tokens.max_live': '10000', 'signing_keys.max_age': '0' });
  const owners = [await newOwner(world), await newOwner(world)];
  const bearers: string[] = [];
  for (const owner of owners) bearers.push(owner.session, (await createToken(world.url, owner.session)).token);
  const asked = { requests: 0, logins: 0, tokens: 0 };
  const refused: string[] = [];
  const kids = new Set<string>();
  let running = true;

  const note = (what: keyof typeof asked, status: number, text: string): void => {
    asked[what] += 1;
    if (status !== 200) refused.push(`${what}: ${status} ${text}`);
  };
  const asking = bearers.map(async (_first, at) => {
    while (running) {
      for (const path of ['/v1/balance', '/countersign/v1/self']) {
        const bearer = bearers[(at + asked.requests) % bearers.length] ?? '';
        const answer = await call(world.url, 'GET', path, { bearer });
        note('requests', answer.status, answer.text);
      }
    }
  });
  const making = owners.map(async (owner) => {
    while (running) {
      const session = await mainSession(world, owner);
      note('logins', 200, '');
      const created = await call(world.url, 'POST', '/v1/account/tokens', { bearer: session, body: {} });
      note('tokens', created.status, created.text);
      for (const jwt of [session, String(created.json.token)]) {
        kids.add(kidOf(jwt));
        const answer = await call(world.url, 'GET', '/v1/balance', { bearer: jwt });
        note('requests', answer.status, answer.text);
        bearers.push(jwt);
      }
    }
  });
  const passed = async (count: number) => {
    const until = asked.tokens + count;
    while (asked.tokens < until && refused.length === 0) await call(world.url, 'GET', '/v1/jwks.json');
  };

  // Within the life of the first sessions: they must see all of it.
  for (let turn = 0; turn < 3; turn += 1) {
    await passed(2);
    await Promise.all([rotate(world, 'session'), rotate(world, 'token')]);
    await passed(2);
    world.clock.advance(60);
    await signingKeys(world.service);
    // Three of two owners: one of them has logged in since.
    await passed(3);
  }
  running = false;
  await Promise.all([...asking, ...making]);
  expect(refused).toEqual([]);
  expect(kids.size).toBe(8);
  expect(asked.requests).toBeGreaterThan(50);
  for (const bearer of bearers.slice(0, 4)) expect(await stateOf(world, bearer)).toBe('alive');
  expect(await statesOf(world, 'session')).toEqual(['verifying', 'verifying', 'verifying', 'active']);
});

describe('by age', () => {
  test('each key is replaced once it is older than the setting, in the same way', async () => {
    const world = await ownWorld({ 'signing_keys.max_age': '3600' });
    world.clock.advance(3598);
    for (const use of ['session', 'token']) expect(await statesOf(world, use)).toEqual(['active']);
    world.clock.advance(1);
    for (const use of ['session', 'token']) expect(await statesOf(world, use)).toEqual(['active', 'published']);
    world.clock.advance(60);
    for (const use of ['session', 'token']) expect(await statesOf(world, use)).toEqual(['verifying', 'active']);
    const rows = (await auditRows(world.service)).filter((row) => !isLate(row));
    expect(rows.filter(({ actor }) => actor === 'schedule')).toHaveLength(4);
  });

  test('no key is replaced when the setting is 0', async () => {
    const world = await ownWorld({ 'signing_keys.max_age': '0' });
    world.clock.advance(3650 * 86_400);
    for (const use of ['session', 'token']) expect(await statesOf(world, use)).toEqual(['active']);
  });
});

describe('the key of terminal tokens', () => {
  const on = { 'terminal_token.enabled': 'true' };
  /** Of an interactive session made now: none is ever refused. */
  async function attested(world: World, { key, account }: Owner): Promise<string> {
    const headers = loginOf(world, key, account);
    const session = sessionIn(await call(world.url, 'POST', '/v1/auth?token_usage=interactive', { headers }));
    const answer = await call(world.url, 'POST', '/v1/account/terminal-token', { bearer: session });
    expect(answer.status, answer.text).toBe(200);
    expect(await publishedKids(world)).toContain(kidOf(answer.json.jwt_token));
    return kidOf(answer.json.jwt_token);
  }

  test('rotates by command as the others do, and the old one is kept until its last token is over', async () => {
    const world = await ownWorld(on);
    const owner = await newOwner(world);
    const old = await attested(world, owner);
    const fresh = await rotate(world, 'terminal');
    expect(fresh).toMatchObject({ use: 'terminal', state: 'published' });
    world.clock.advance(59);
    expect(await statesOf(world, 'terminal')).toEqual(['active', 'published']);
    expect(await attested(world, owner)).toBe(old);
    world.clock.advance(1);
    expect(await statesOf(world, 'terminal')).toEqual(['verifying', 'active']);
    expect(await attested(world, owner)).toBe(fresh.kid);
    world.clock.advance(359);
    expect(await statesOf(world, 'terminal')).toEqual(['verifying', 'active']);
    expect(await publishedKids(world)).toContain(old);
    world.clock.advance(1);
    expect(await statesOf(world, 'terminal')).toEqual(['retired', 'active']);
    expect(await publishedKids(world)).not.toContain(old);
    for (const use of ['session', 'token']) expect(await statesOf(world, use)).toEqual(['active']);
  });

  test('the key of terminal tokens rotates by age', async () => {
    const world = await ownWorld({ ...on, 'signing_keys.max_age': '3600' });
    world.clock.advance(3598);
    expect(await statesOf(world, 'terminal')).toEqual(['active']);
    world.clock.advance(1);
    expect(await statesOf(world, 'terminal')).toEqual(['active', 'published']);
    world.clock.advance(60);
    expect(await statesOf(world, 'terminal')).toEqual(['verifying', 'active']);
  });

  test('retired, is replaced at once, and no bearer ends with it', async () => {
    const world = await ownWorld(on);
    const owner = await newOwner(world);
    const { token } = await createToken(world.url, owner.session);
    const doomed = await attested(world, owner);
    await command(world.service, `/signing-keys/${doomed}/retire`);
    expect(await publishedKids(world)).not.toContain(doomed);
    expect(await attested(world, owner)).not.toBe(doomed);
    for (const bearer of [owner.session, token]) expect(await stateOf(world, bearer)).toBe('alive');
  });

  test('the key of terminal tokens is not made, rotated or replaced while terminal tokens are off', async () => {
    const world = await ownWorld({ 'signing_keys.max_age': '3600' });
    expectRefusal(
      await operate(world.service, 'POST', '/signing-keys/rotate', { use: 'terminal' }),
      403,
      'REQUEST_NOT_ALLOWED',
    );
    world.clock.advance(4000);
    expect(await statesOf(world, 'terminal')).toEqual([]);
  });
});

describe('a retired key', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.stop());

  test.each(['session', 'token'] as const)(
    'a retired key of use %s ends everything it signed at once, and nothing else',
    async (use) => {
      const owner = await newOwner(world);
      const { token } = await createToken(world.url, owner.session);
      const [doomed, kept] = use === 'session' ? [owner.session, token] : [token, owner.session];
      for (const bearer of [doomed, kept]) expect(await stateOf(world, bearer)).toBe('alive');
      const answer = await command(world.service, `/signing-keys/${kidOf(doomed)}/retire`);
      expect(answer.json).toMatchObject({ kid: kidOf(doomed), state: 'retired' });
      expect(answer.headers.get('Countersign-Revocation')).toMatch(/^nodes=1; /);
      expect(await stateOf(world, doomed)).toBe('401 UNAUTHORIZED_ERROR');
      expect(await stateOf(world, kept)).toBe('alive');
      expect(await publishedKids(world)).not.toContain(kidOf(doomed));

      // There was no other of its use, so that a new one was made, which signs at once.
      const session = await mainSession(world, owner);
      const next = use === 'session' ? session : (await createToken(world.url, session)).token;
      expect(kidOf(next)).not.toBe(kidOf(doomed));
      expect(await stateOf(world, next)).toBe('alive');
      // Twice is as once, and it stays dead.
      expect((await command(world.service, `/signing-keys/${kidOf(doomed)}/retire`)).json.state).toBe('retired');
      expect(await stateOf(world, doomed)).toBe('401 UNAUTHORIZED_ERROR');
    },
  );

  describe('of tokens', () => {
    const TOKENS = '/v1/account/tokens';
    const listed = async (mine: World, owner: Owner, query = '') =>
      (await call(mine.url, 'GET', `${TOKENS}${query}`, { bearer: await mainSession(mine, owner) })).json.results;

    test('lists what it signed as ended, says how many they were, and leaves the tokens of other keys alone', async () => {
      const mine = await ownWorld({ 'signing_keys.publish_delay': '0' });
      const [owner, other] = [await newOwner(mine), await newOwner(mine)];
      const doomed = [await createToken(mine.url, owner.session), await createToken(mine.url, other.session)];
      const expired = await createToken(mine.url, owner.session, { expiry_duration: 60 });
      const revokedBefore = await createToken(mine.url, owner.session);
      await call(mine.url, 'DELETE', `${TOKENS}/${revokedBefore.lookupId}`, { bearer: owner.session });
      await rotate(mine, 'token');
      mine.clock.advance(120);
      const kept = await createToken(mine.url, await mainSession(mine, owner));
      const kid = kidOf(doomed[0]?.token ?? '');
      expect(kidOf(kept.token)).not.toBe(kid);

      const { json: before } = await operate(mine.service, 'GET', `/signing-keys/${kid}`);
      expect(before).toMatchObject({ kid, use: 'token', state: 'verifying', tokens: 2 });
      expect((await command(mine.service, `/signing-keys/${kid}/retire`)).json).toMatchObject({ revoked_tokens: 2 });
      expect((await command(mine.service, `/signing-keys/${kid}/retire`)).json).toMatchObject({ revoked_tokens: 0 });
      expect((await operate(mine.service, 'GET', `/signing-keys/${kid}`)).json).toMatchObject({ tokens: 0 });

      expect((await listed(mine, owner)).map((row: { lookup_id: string }) => row.lookup_id)).toEqual([kept.lookupId]);
      expect(await listed(mine, other)).toEqual([]);
      const { tokens } = (await operate(mine.service, 'GET', `/accounts/${owner.account}`)).json;
      const states = new Map(
        tokens.map(({ lookup_id, state }: { lookup_id: string; state: string }) => [lookup_id, state]),
      );
      expect(states).toEqual(
        new Map([
          [doomed[0]?.lookupId, 'revoked'],
          [expired.lookupId, 'expired'],
          [revokedBefore.lookupId, 'revoked'],
          [kept.lookupId, 'issued'],
        ]),
      );
      for (const { token } of doomed) expect(await stateOf(mine, token)).toBe('401 UNAUTHORIZED_ERROR');
      expect(await stateOf(mine, kept.token)).toBe('alive');
      const row = (await auditRows(mine.service, '?account=0x0')).find(
        ({ action }) => action === 'signing_key.retired',
      );
      expect(row?.detail).toMatchObject({ revoked_tokens: 2 });
    });

    test('a retired key makes room: what it signed counts towards no limit', async () => {
      const mine = await ownWorld({ 'tokens.max_live': '2' });
      const owner = await newOwner(mine);
      const { token } = await createToken(mine.url, owner.session);
      await createToken(mine.url, owner.session);
      const create = async () => call(mine.url, 'POST', TOKENS, { bearer: await mainSession(mine, owner), body: {} });
      expectRefusal(await create(), 400, 'TOKEN_LIMIT_REACHED');
      await command(mine.service, `/signing-keys/${kidOf(token)}/retire`);
      expect([(await create()).status, (await create()).status]).toEqual([200, 200]);
      expectRefusal(await create(), 400, 'TOKEN_LIMIT_REACHED');
    });
  });

  test('a retired key says beforehand how many have logged in, and nothing of what is over', async () => {
    const mine = await ownWorld();
    const owner = await newOwner(mine);
    // Logins are written once a second.
    const logins = async () => (await auditRows(mine.service)).filter(({ action }) => action === 'login').length;
    await expect.poll(logins, { timeout: 5_000 }).toBe(1);
    mine.clock.advance(400);
    await mainSession(mine, owner);
    const kid = await kidFor(mine, owner);
    await expect
      .poll(async () => (await operate(mine.service, 'GET', `/signing-keys/${kid}`)).json.sessions, { timeout: 5_000 })
      .toBe(2);
    await command(mine.service, `/signing-keys/${kid}/retire`);
    expect((await operate(mine.service, 'GET', `/signing-keys/${kid}`)).json).toMatchObject({
      state: 'retired',
      sessions: 0,
    });
    expectRefusal(await operate(mine.service, 'GET', `/signing-keys/${'x'.repeat(43)}`), 404, 'NOT_FOUND');
  });

  test('a retired key that waited to sign never does, and the signer stays', async () => {
    const owner = await newOwner(world);
    const signer = await kidFor(world, owner);
    const { kid } = await rotate(world, 'session');
    await command(world.service, `/signing-keys/${kid}/retire`);
    world.clock.advance(60);
    expect(await stateOfKid(world, kid)).toBe('retired');
    expect(await stateOfKid(world, signer)).toBe('active');
    expect(await kidFor(world, owner)).toBe(signer);
  });

  test('a retired key is refused by what the store says, too: no memory of it is needed', async () => {
    const owner = await newOwner(world);
    const kid = kidOf(owner.session);
    await command(world.service, `/signing-keys/${kid}/retire`);
    const again = await restarted(world);
    expectRefusal(
      await call(again.url, 'GET', '/countersign/v1/self', { bearer: owner.session }),
      401,
      'UNAUTHORIZED_ERROR',
    );
    world = again;
  });

  test('every step of the life of a signing key is one audit row, without any key in it', async () => {
    const mine = await ownWorld({ 'signing_keys.publish_delay': '0' });
    const { kid } = await rotate(mine, 'session');
    await command(mine.service, `/signing-keys/${kid}/retire`);
    const rows = (await auditRows(mine.service, '?account=0x0')).filter((row) => !isLate(row));
    expect(rows.map(({ action, subject }) => `${action} ${subject === `kid/${kid}`}`)).toEqual([
      'signing_key.published true',
      'signing_key.activated true',
      'signing_key.published false',
      'signing_key.activated false',
      'signing_key.retired true',
    ]);
    const { text } = await operate(mine.service, 'GET', '/signing-keys');
    expect(text + JSON.stringify(rows)).not.toMatch(/"d"|sealed|private/i);
  });
});
