// countersign clock: what is wrong with the clock, and taking the machine's. The data has seen a time two hours ahead; whatever had
// ended by it stays ended, now and when that time comes, and everybody else goes on.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { emergencyHeaders } from '../../src/client/sign-in.ts';
import { startService } from '../support/harness.ts';
import { auditRows, command, isLate, operate, run, signingKeys } from '../support/operator.ts';
import { type Answer, call, createToken, hasher } from '../support/trader.ts';
import {
  addSubkey,
  createTestClock,
  loginOf,
  mainSession,
  newOwner,
  newStarkKey,
  newWalletOwner,
  type Owner,
  postLogin,
  postSubkey,
  postWallet,
  registrationBody,
  sessionIn,
  siweOf,
  startWorld,
  stateOf,
  type TestClock,
  type World,
  windowOf,
} from '../support/world.ts';

const AHEAD = 7_200;
const DAY = 86_400;
const REFUSED = '401 UNAUTHORIZED_ERROR';

async function start(clock: TestClock, folder?: string): Promise<World> {
  const service = await startService({ time: clock.time, ...(folder === undefined ? {} : { folder }) });
  return { service, url: service.url, port: service.port, clock, stop: () => service.stop() };
}

/** The same service, to somebody whose clock is as far ahead as the wrong one. */
const ahead = (world: World): World => {
  const seconds = () => world.clock.seconds() + AHEAD;
  return { ...world, clock: { ...world.clock, seconds, date: () => new Date(seconds() * 1000) } };
};

const inDatabase = (folder: string, sql: string, ...values: bigint[]) => {
  const database = new DatabaseSync(join(folder, 'data', 'countersign.db'));
  try {
    const statement = database.prepare(sql);
    statement.setReadBigInts(true);
    return statement.all(...values);
  } finally {
    database.close();
  }
};

const refusal = ({ status, json }: Answer): string => `${status} ${json?.error}: ${json?.message}`;
const press = (world: World, headers: Record<string, string>) =>
  call(world.url, 'POST', '/countersign/v1/sign-out-everywhere', { headers });
const accept = (world: World) => operate(world.service, 'POST', '/clock/accept');
const show = async (world: World) => (await operate(world.service, 'GET', '/clock')).json;
const loginBy = async (world: World, owner: Owner) =>
  refusal(await postLogin(world, loginOf(world, owner.key, owner.account)));

describe('a clock that was two hours ahead, accepted', () => {
  let clock: TestClock;
  let world: World;
  let later: World;
  let scene: Awaited<ReturnType<typeof setTheScene>>;
  let answer: Answer;

  async function setTheScene() {
    const before = await start(clock);
    const owner = await newOwner(before);
    const untouched = await newOwner(before);
    const wallet = await newWalletOwner(before);
    const presser = await newOwner(before);
    const long = await createToken(before.url, owner.session);
    const short = await createToken(before.url, owner.session, { expiry_duration: 3_600 });
    const bot = await addSubkey(before, owner);
    const shortBot = await addSubkey(before, owner, { expires_in: 3_600 });
    const registration = registrationBody(before, owner, newStarkKey());
    expect((await postSubkey(before, owner.session, registration)).status).toBe(201);
    await before.stop();

    clock.setWallAhead(AHEAD);
    world = await start(clock, before.service.folder);
    later = ahead(world);
    expect(await loginBy(world, owner)).toMatch(/^400 INVALID_BLOCK_EXPIRATION/);
    const loginThen = loginOf(later, owner.key, owner.account);
    const sessionThen = sessionIn(await postLogin(later, loginThen));
    const then: Owner = { ...owner, session: sessionThen };
    const walletThen = siweOf(later, wallet, 'Paradex Auth');
    expect((await postWallet(world, '/v2/auth', wallet, walletThen)).status).toBe(200);
    const tokenThen = await createToken(world.url, sessionThen);
    const botThen = await addSubkey(later, then);
    const shortBotThen = await addSubkey(later, then, { expires_in: 3_600 });
    const registeredThen = registrationBody(later, then, newStarkKey());
    expect((await postSubkey(world, sessionThen, registeredThen)).status).toBe(201);
    await command(world.service, '/signing-keys/rotate', { use: 'token' });
    const other = await mainSession(later, untouched);
    expect((await call(world.url, 'POST', '/countersign/v1/sign-out-everywhere', { bearer: other })).status).toBe(200);

    const pressedThen = emergencyHeaders(hasher, presser.key, presser.account, windowOf(later), 'sign_out');
    expect((await press(world, pressedThen)).status).toBe(200);

    clock.setWallAhead(0);
    const lead = await show(world);
    const unready = await call(world.url, 'GET', '/readyz');
    const refused = await loginBy(world, owner);
    return {
      owner,
      untouched,
      wallet,
      long,
      short,
      tokenThen,
      bots: { bot, botThen },
      dead: { shortBot, shortBotThen },
      sessionThen,
      loginThen,
      walletThen,
      pressedThen,
      registeredThen,
      lead,
      unready: [unready.status, unready.json.checks.clock],
      refused,
    };
  }

  beforeAll(async () => {
    clock = createTestClock();
    scene = await setTheScene();
    answer = await accept(world);
    clock.advance(31);
  });
  afterAll(() => world.stop());

  const loginByBot = async (bot: Owner['key']) =>
    (await postLogin(world, loginOf(world, bot, scene.owner.account), bot.publicKey)).status;

  async function expectTheDeadDead() {
    const bearers = [scene.owner.session, scene.sessionThen, scene.short.token, scene.tokenThen.token];
    for (const bearer of bearers) expect(await stateOf(world, bearer)).toBe(REFUSED);
    for (const bot of Object.values(scene.dead)) expect(await loginByBot(bot)).toBe(401);
  }

  test('a clock that was two hours ahead and accepted was named with its size before, and is right after', async () => {
    expect(scene.lead).toMatchObject({
      lead_seconds: AHEAD,
      state: expect.stringMatching(/^failing: .* is 7200 s ahead/),
    });
    expect(scene.unready).toEqual([503, 'failing']);
    expect(scene.refused).toMatch(/^400 INVALID_BLOCK_EXPIRATION/);
    expect(answer.json).toMatchObject({
      accepted: true,
      lead_seconds: 0,
      state: 'ok',
      revoked_subkeys: 2,
      revoked_tokens: 2,
      ended_devices: 0,
    });
    expect(answer.headers.get('Countersign-Revocation')).toMatch(/nodes=1/);
    expect((await call(world.url, 'GET', '/readyz')).status).toBe(200);
    expect(await show(world)).toMatchObject({ lead_seconds: 0, state: 'ok' });
    const [row] = inDatabase(world.service.folder, "select value from meta where name = 'highest_time'");
    expect(row?.value).toBeLessThanOrEqual(clock.nanos());
  });

  test('everybody logs in again, who signed out in that time, too; what was to live, lives', async () => {
    for (const owner of [scene.owner, scene.untouched]) {
      expect(await stateOf(world, await mainSession(world, owner))).toBe('alive');
    }
    const message = siweOf(world, scene.wallet, 'Paradex Auth');
    expect((await postWallet(world, '/v2/auth', scene.wallet, message)).status).toBe(200);
    expect(await stateOf(world, scene.long.token)).toBe('alive');
    for (const bot of Object.values(scene.bots)) expect(await loginByBot(bot)).toBe(200);
  });

  test('what had ended by it, and what was made in it and would end too late, is dead', expectTheDeadDead);

  test('keys are no older and no younger than now, and sessions are signed by a new one', async () => {
    const rows = inDatabase(
      world.service.folder,
      "select use, state, created_at from signing_key where state <> 'retired'",
    );
    const states = rows.map(({ use, state }) => `${use} ${state}`).sort();
    expect(states).toEqual(['session active', 'token active', 'token published']);
    for (const { created_at } of rows) expect(created_at).toBeLessThanOrEqual(clock.nanos());
    // The one that was published then signs when it was known for as long as any other.
    const { json } = await operate(world.service, 'GET', '/signing-keys');
    const published = json.results.find(({ state }: { state: string }) => state === 'published');
    expect(BigInt(published.signs_from)).toBeLessThanOrEqual(clock.nanos() + 60_000_000_000n);
    expect(
      (await signingKeys(world.service)).filter(({ use, state }) => use === 'session' && state === 'retired'),
    ).toHaveLength(1);
  });

  test('the audit log has all of it, the rows that lie ahead, too', async () => {
    const rows = await auditRows(world.service);
    const accepted = rows.filter(({ action }) => action === 'clock.accepted');
    expect(accepted).toMatchObject([
      { actor: 'operator', account: '0x0', detail: { revoked_subkeys: 2, revoked_tokens: 2 } },
    ]);
    const { detail }: { detail?: Record<string, string> } = { ...accepted[0] };
    expect(BigInt(detail?.from ?? 0) - BigInt(detail?.to ?? 0)).toBe(BigInt(AHEAD) * 1_000_000_000n);
    expect(rows.filter(({ action }) => action === 'account.revoked_by_clock')).toMatchObject([
      { account: scene.owner.account, detail: { subkeys: expect.any(Array), tokens: expect.any(Array) } },
    ]);
    expect(
      rows.some(
        ({ action, account }) => action === 'account.signed_out_everywhere' && account === scene.untouched.account,
      ),
    ).toBe(true);
  });

  test('an export that goes on from a row that lies ahead has all that was written after it', async () => {
    await createToken(world.url, await mainSession(world, scene.owner));
    const accepted = (await auditRows(world.service)).find(({ action }) => action === 'clock.accepted');
    const since = await auditRows(world.service, `?cursor=${accepted?.cursor}`);
    // Logins are written in groups, up to a second later.
    expect(since.filter((row) => !isLate(row))).toMatchObject([
      { action: 'token.created', account: scene.owner.account },
    ]);
    expect(String(since[0]?.time) < String(accepted?.time)).toBe(true);
  });

  test('a second time there is nothing to accept', async () => {
    const session = await mainSession(world, scene.owner);
    expect((await accept(world)).json).toMatchObject({ accepted: false, from: 0, revoked_tokens: 0 });
    expect(await stateOf(world, session)).toBe('alive');
  });

  test('when that time comes, nothing that was signed in it is taken again, and a new signature is', async () => {
    clock.advance(AHEAD - 31);
    expect(refusal(await postLogin(world, scene.loginThen))).toMatch(
      /^400 INVALID_TIMESTAMP: the clock of this service was set after a signature of that second: sign again$/,
    );
    expect(refusal(await postWallet(world, '/v2/auth', scene.wallet, scene.walletThen))).toMatch(
      /^400 INVALID_TIMESTAMP/,
    );
    expect(refusal(await press(world, scene.pressedThen))).toMatch(
      /^400 INVALID_TIMESTAMP: the clock of this service was set after a signature of that second: sign again/,
    );
    clock.advance(1);
    const owner = await mainSession(world, scene.owner);
    expect(refusal(await postSubkey(world, owner, scene.registeredThen))).toMatch(/^400 INVALID_TIMESTAMP/);
    expect(await stateOf(world, owner)).toBe('alive');
    await expectTheDeadDead();
  });

  // Signed rightly, and no fault of the owner's: the rows say whose signatures came again, and from where.
  test('logins refused since a clock was two hours ahead leave a row each in the audit log, as any proven login that is refused', async () => {
    const rows = async () =>
      (await auditRows(world.service, '?action=login.refused'))
        .filter(({ detail }) => JSON.stringify(detail).includes('signature_dated'))
        .map(({ actor }) => actor);
    await expect.poll(rows, { timeout: 10_000 }).toEqual(['main:main', 'evm:main', 'main:main']);
  });

  test('what a clock two hours ahead ended does not live after a restart either', async () => {
    const { folder } = world.service;
    await world.stop();
    world = await start(clock, folder);
    expect(await show(world)).toMatchObject({ lead_seconds: 0, state: 'ok' });
    expect((await postLogin(world, scene.loginThen)).status).toBe(400);
    await expectTheDeadDead();
  });
});

test('an acceptance that cannot be written changes nothing', async () => {
  const clock = createTestClock();
  clock.setWallAhead(AHEAD);
  const world = await start(clock);
  onTestFinished(() => world.stop());
  const owner = await newOwner(ahead(world));
  clock.setWallAhead(0);
  inDatabase(
    world.service.folder,
    "create trigger full before insert on change_log begin select raise(abort, 'disk full'); end",
  );
  expect((await accept(world)).status).toBe(503);
  expect((await show(world)).lead_seconds).toBe(AHEAD);
  expect(await stateOf(world, owner.session)).toBe('alive');
  inDatabase(world.service.folder, 'drop trigger full');
  expect((await accept(world)).json.accepted).toBe(true);
  expect(await stateOf(world, owner.session)).toBe(REFUSED);
});

test('a clock that is set once more, or goes on, while an acceptance is written: what it settled is taken', async () => {
  const clock = createTestClock();
  const before = await start(clock);
  const owner = await newOwner(before);
  const ended = await createToken(before.url, owner.session, { expiry_duration: 600 });
  const ending = await createToken(before.url, owner.session, { expiry_duration: AHEAD + 1_201 });
  await before.stop();
  clock.advance(1_200);
  clock.setWallAhead(AHEAD);
  let isAsked = false;
  const wall = () => {
    const sql = "select 1 from audit where action = 'clock.accepted'";
    if (isAsked && inDatabase(before.service.folder, sql).length > 0) {
      isAsked = false;
      clock.setWallBack(3_600);
      clock.advance(2);
    }
    return clock.time.wall();
  };
  const world = await start({ ...clock, time: { ...clock.time, wall } }, before.service.folder);
  onTestFinished(() => world.stop());
  clock.setWallAhead(0);
  expect([await stateOf(world, ended.token), await stateOf(world, ending.token)]).toEqual([REFUSED, 'alive']);
  isAsked = true;
  expect((await accept(world)).json).toMatchObject({ accepted: true, lead_seconds: 3_600, revoked_tokens: 1 });
  expect(isAsked).toBe(false);
  expect([await stateOf(world, ended.token), await stateOf(world, ending.token)]).toEqual([REFUSED, REFUSED]);
});

test('an acceptance that is broken off once the time is set is finished when it is asked for again', async () => {
  const clock = createTestClock();
  clock.setWallAhead(AHEAD);
  const world = await start(clock);
  const then = ahead(world);
  const owner = await newOwner(then);
  const loginThen = loginOf(then, owner.key, owner.account);
  expect((await postLogin(then, loginThen)).status).toBe(200);
  clock.setWallAhead(0);
  // The highest time is the last that is written.
  inDatabase(
    world.service.folder,
    "create trigger full before update on meta when new.name = 'highest_time' and new.value < old.value begin select raise(abort, 'disk full'); end",
  );
  const broken = await accept(world);
  expect([broken.status, broken.json.message]).toEqual([
    503,
    'the time is set until the next start, and could not be written: ask again',
  ]);
  expect(await stateOf(world, owner.session)).toBe(REFUSED);
  inDatabase(world.service.folder, 'drop trigger full');
  expect((await accept(world)).json.accepted).toBe(false);
  await world.stop();
  const again = await start(clock, world.service.folder);
  onTestFinished(() => again.stop());
  expect(await show(again)).toMatchObject({ lead_seconds: 0, state: 'ok' });
  clock.advance(AHEAD);
  expect((await postLogin(again, loginThen)).status).toBe(400);
});

test('a jump ahead that nobody believes by itself is accepted, too, and is dated by it from then on', async () => {
  const world = await startWorld();
  onTestFinished(() => world.stop());
  const owner = await newOwner(world);
  const { token } = await createToken(world.url, owner.session, { expiry_duration: 60 * DAY });
  world.clock.setWallAhead(31 * DAY);
  expect((await call(world.url, 'GET', '/readyz')).status).toBe(503);
  expect((await accept(world)).json).toMatchObject({ accepted: true, lead_seconds: 0, revoked_tokens: 0 });
  expect((await call(world.url, 'GET', '/readyz')).status).toBe(200);
  expect([await stateOf(world, owner.session), await stateOf(world, token)]).toEqual([REFUSED, 'alive']);
});

describe('as a command, while no server runs', () => {
  /** A folder whose data has seen a time so many seconds ahead of this machine's. */
  async function seen(seconds: number): Promise<string> {
    const service = await startService();
    await service.stop();
    const time = BigInt(Date.now() + seconds * 1000) * 1_000_000n;
    inDatabase(service.folder, "update meta set value = ? where name = 'highest_time'", time);
    return service.folder;
  }
  const highest = (folder: string) =>
    BigInt(String(inDatabase(folder, "select value from meta where name = 'highest_time'")[0]?.value)) / 1_000_000n;

  test('show names a lead, and accept ends it', async () => {
    const folder = await seen(3_600);
    const shown = await run('clock', folder, 'show');
    expect(shown).toMatchObject({ code: 0, err: '' });
    expect(shown.out).toMatch(
      /^kept +20.*Z\nthis machine +20.*Z\nstate +failing: the time that is kept is (3599|3600) s ahead/,
    );
    const accepted = await run('clock', folder, 'accept');
    expect(accepted).toMatchObject({ code: 0, err: '' });
    expect(accepted.out).toMatch(
      /state +ok\nwas +20.*Z\nsessions +all ended; .*\nrevoked +0 subkeys, 0 tokens, 0 devices\n/,
    );
    expect(highest(folder)).toBeLessThanOrEqual(BigInt(Date.now()));
    const again = await run('clock', folder, 'accept', '--json');
    expect(JSON.parse(again.out)).toMatchObject({ accepted: false, state: 'ok' });
  });

  test('a machine far ahead of the data is refused by other commands, shown, and accepted', async () => {
    const folder = await seen(-40 * DAY);
    const refused = await run('accounts', folder, 'list');
    expect([refused.code, refused.out]).toEqual([1, '']);
    expect(refused.err).toMatch(
      /^countersign accounts: the clock of this machine says 20.*Z, and this data has seen nothing after 20.*Z: set the clock, or, if it is right, /,
    );
    const before = highest(folder);
    expect((await run('clock', folder, 'show')).out).toMatch(
      /state +failing: this machine's clock is 34560\d\d s ahead of all/,
    );
    // To look is not to accept.
    expect(highest(folder) - before).toBeLessThan(60_000n);
    expect((await run('clock', folder, 'accept')).out).toMatch(/state +ok\n/);
    expect((await run('accounts', folder, 'list')).code).toBe(0);
  });

  test('used wrongly: exit code 2', async () => {
    const folder = await seen(0);
    for (const argv of [[], ['set'], ['show', 'now']]) {
      expect((await run('clock', folder, ...argv)).code).toBe(2);
    }
  });
});
