// What lives after a restore: nothing that a backup cannot know to be alive, unless the operator keeps it; and nothing that was
// signed, sent or used before it can be sent again. One service is backed up, goes on, and is restored both ways.
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { onboardingHeaders } from '../../src/client/sign-in.ts';
import { unixSeconds } from '../../src/domain/time.ts';
import { activationHash } from '../../src/starknet/message.ts';
import { type RestoredWorld, restoreWorld, takeBackup } from '../support/backups.ts';
import { curve } from '../support/curve.ts';
import { auditRows, isLate, signingKeys } from '../support/operator.ts';
import { type Answer, call, createToken, hasher, starkTrader } from '../support/trader.ts';
import {
  addSubkey,
  expectRefusal,
  expectSuccess,
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
  SUBKEYS,
  siweOf,
  startWorld,
  stateOf,
  subkeySession,
  TOKENS,
  type World,
  windowOf,
} from '../support/world.ts';

const TOLERANCE = 30;

const kids = async (where: World): Promise<string[]> =>
  (await call(where.url, 'GET', '/v1/jwks.json')).json.keys.map(({ kid }: { kid: string }) => kid);
const kidOf = (jwt: string): string => JSON.parse(Buffer.from(jwt.split('.')[0] ?? '', 'base64url').toString()).kid;

/** What existed when the backup was taken, and what was done between it and the end of that service. */
async function story(world: World) {
  const owner = await newOwner(world);
  const wallet = await newWalletOwner(world);
  const bystander = await newOwner(world);
  const subkey = await addSubkey(world, owner);
  const token = await createToken(world.url, owner.session);
  const leakedToken = await createToken(world.url, owner.session);
  const deadToken = await createToken(world.url, owner.session);
  await end(world, owner, `${TOKENS}/${deadToken.lookupId}`);
  const pending = await addPending(world, owner);
  const oldKids = (await signingKeys(world.service)).map(({ kid }) => kid);

  const backup = await takeBackup(world);

  await end(world, owner, `${TOKENS}/${leakedToken.lookupId}`);
  const laterToken = await createToken(world.url, owner.session);
  expectSuccess(await call(world.url, 'POST', `${SUBKEYS}/activate`, { body: pending.activation }), 200);
  await end(world, owner, `${SUBKEYS}/${pending.subkey.publicKey}`);
  const registrations = [await usedRegistration(world, owner), await usedWalletRegistration(world, wallet)];
  const walletLogin = siweOf(world, wallet, 'Paradex Auth', { life: 600 });
  expect((await postWallet(world, '/v2/auth', wallet, walletLogin)).status).toBe(200);
  return {
    owner,
    wallet,
    bystander,
    subkey,
    sessions: [owner.session, wallet.session, await subkeySession(world, owner.account, subkey)],
    token,
    leakedToken,
    deadToken,
    laterToken,
    activation: pending.activation,
    oldKids,
    backup,
    registrations,
    walletLogin,
    logins: [loginOf(world, owner.key, owner.account), futureLogin(world, owner)],
    newcomer: await signedOutNewcomer(world),
  };
}

async function end(world: World, { session }: { session: string }, path: string): Promise<void> {
  expect((await call(world.url, 'DELETE', path, { bearer: session })).status).toBe(200);
}

const futureLogin = (world: World, owner: Owner) =>
  loginOf(world, owner.key, owner.account, windowOf(world, { age: -TOLERANCE }));

async function addPending(world: World, owner: Owner) {
  const [subkey, ephemeral] = [newStarkKey(), newStarkKey()];
  const waiting = { state: 'pending', encrypted_key: 'ciphertext', eph_public_key: ephemeral.publicKey };
  const answer = await postSubkey(world, owner.session, registrationBody(world, owner, subkey, waiting));
  expect(answer.status, answer.text).toBe(201);
  const timestamp = world.clock.seconds();
  const hash = activationHash(curve, unixSeconds(timestamp), ephemeral.publicKey) ?? 0n;
  const activation = {
    account_id: owner.account,
    public_key: subkey.publicKey,
    timestamp,
    signature: ephemeral.sign(hash),
  };
  return { subkey, activation };
}

/** A subkey that was blessed, registered and revoked: what was sent for it, and who sends it again. */
async function usedRegistration(world: World, owner: Owner) {
  const subkey = newStarkKey();
  const body = registrationBody(world, owner, subkey);
  expect((await postSubkey(world, owner.session, body)).status).toBe(201);
  await end(world, owner, `${SUBKEYS}/${subkey.publicKey}`);
  const logIn = (where: World) => mainSession(where, owner);
  return { body, logIn, afresh: (where: World) => registrationBody(where, owner, subkey) };
}

async function usedWalletRegistration(world: World, wallet: Awaited<ReturnType<typeof newWalletOwner>>) {
  const subkey = newStarkKey();
  const bodyAt = (where: World) => {
    const message = siweOf(where, wallet, `Paradex Subkey Registration: ${subkey.publicKey}`, { life: 600 });
    return {
      name: 'bot',
      public_key: subkey.publicKey,
      siwe_message: message,
      evm_signature: wallet.wallet.personalSign(message),
    };
  };
  const body = bodyAt(world);
  const answer = await postSubkey(world, wallet.session, body);
  expect(answer.status, answer.text).toBe(201);
  await end(world, wallet, `${SUBKEYS}/${subkey.publicKey}`);
  const logIn = async (where: World) =>
    (await postWallet(where, '/v2/auth', wallet, siweOf(where, wallet, 'Paradex Auth'))).json.jwt_token;
  return { body, logIn, afresh: bodyAt };
}

/** An account of after the backup whose owner has signed out everywhere. */
async function signedOutNewcomer(world: World) {
  const trader = starkTrader();
  const headers = onboardingHeaders(hasher, trader.key, trader.account);
  const onboard = (where: World): Promise<Answer> =>
    call(where.url, 'POST', '/v1/onboarding', { headers, body: { public_key: trader.key.publicKey } });
  expect((await onboard(world)).status).toBe(200);
  const login = loginOf(world, trader.key, trader.account, windowOf(world, { life: 7 * 86_400 }));
  const { jwt_token: session } = (await postLogin(world, login)).json;
  expect((await call(world.url, 'POST', '/countersign/v1/sign-out-everywhere', { bearer: session })).status).toBe(200);
  return { trader, onboard, login };
}

let world: World;
let told: Awaited<ReturnType<typeof story>>;
beforeAll(async () => {
  world = await startWorld();
  told = await story(world);
});
afterAll(() => world.stop());

/** Everything but tokens and subkeys is the same whether these are kept or not. */
function alwaysHolds(after: () => RestoredWorld): void {
  test('every session of before is dead, and every login signature, captured or dated into the future', async () => {
    for (const session of told.sessions) expect(await stateOf(after(), session)).toBe('401 UNAUTHORIZED_ERROR');
    for (const headers of told.logins) {
      const said = expectRefusal(await postLogin(after(), headers), 400, 'INVALID_TIMESTAMP');
      expect(said).toMatch(`sign again in ${TOLERANCE + 1} s`);
    }
    world.clock.advance(TOLERANCE);
    const { owner } = told;
    const tooSoon = await postLogin(after(), loginOf(after(), owner.key, owner.account));
    expect(expectRefusal(tooSoon, 400, 'INVALID_TIMESTAMP')).toMatch('sign again in 1 s');
    world.clock.advance(1);
    expect(await stateOf(after(), await mainSession(after(), owner))).toBe('alive');
    for (const headers of told.logins) {
      expectRefusal(await postLogin(after(), headers), 400, 'INVALID_TIMESTAMP');
    }
  });

  test('a wallet login whose nonce was used after the backup is dead', async () => {
    expectRefusal(await postWallet(after(), '/v2/auth', told.wallet, told.walletLogin), 400, 'INVALID_TIMESTAMP');
  });

  test.each([0, 1])(
    'a registration that was used after the backup does not bring its revoked subkey back',
    async (at) => {
      const registration = told.registrations[at];
      const session = await registration?.logIn(after());
      const again = await postSubkey(after(), session, registration?.body);
      expect(expectRefusal(again, 400, 'INVALID_TIMESTAMP')).toMatch('sign again');
      expect((await postSubkey(after(), session, registration?.afresh(after()))).status).toBe(201);
    },
  );

  test('an activation that was used after the backup is not accepted again', async () => {
    const again = await call(after().url, 'POST', `${SUBKEYS}/activate`, { body: told.activation });
    expectRefusal(again, 400, 'SUBKEY_NOT_ACTIVATABLE');
  });

  test('an account that came after the backup, and comes again, does not bring its old logins to life', async () => {
    const { trader, onboard, login } = told.newcomer;
    expectRefusal(await postLogin(after(), login), 400, 'NOT_ONBOARDED');
    expect((await onboard(after())).status).toBe(200);
    expectRefusal(await postLogin(after(), login), 400, 'INVALID_TIMESTAMP');
    expect(await stateOf(after(), await mainSession(after(), trader))).toBe('alive');
  });

  test('tokens that are not in the backup, or were dead in it, are dead', async () => {
    for (const { token } of [told.deadToken, told.laterToken]) {
      expect(await stateOf(after(), token)).toBe('401 UNAUTHORIZED_ERROR');
    }
  });

  test('session signing keys of before verify nothing', async () => {
    const now = await kids(after());
    expect(now).toHaveLength(2);
    for (const session of told.sessions) expect(now).not.toContain(kidOf(session));
    const sessionKeys = (await signingKeys(after().service)).filter(({ use }) => use === 'session');
    expect(sessionKeys.map(({ state }) => state)).toEqual(['retired', 'active']);
  });
}

describe('a restore', () => {
  let after: RestoredWorld;
  beforeAll(async () => {
    after = await restoreWorld(world, told.backup);
  });
  afterAll(() => after.stop());

  alwaysHolds(() => after);

  test('revokes tokens and subkeys, and lists them as revoked', async () => {
    const { owner, subkey, token, leakedToken } = told;
    expect(after.restored.revoked).toEqual({ subkeys: 2, tokens: 2, devices: 0 });
    for (const { token: bearer } of [token, leakedToken]) {
      expect(await stateOf(after, bearer)).toBe('401 UNAUTHORIZED_ERROR');
    }
    expectRefusal(
      await postLogin(after, loginOf(after, subkey, owner.account), subkey.publicKey),
      401,
      'INVALID_SUBKEY',
    );

    const session = await mainSession(after, owner);
    const tokens = await call(after.url, 'GET', `${TOKENS}?with_invalid=true`, { bearer: session });
    expect(tokens.json.results).toHaveLength(3);
    for (const listed of tokens.json.results) expect(listed.revoked_at).toBeGreaterThan(0);
    const subkeys = await call(after.url, 'GET', `${SUBKEYS}?with_revoked=true`, { bearer: session });
    const states = new Map(subkeys.json.results.map((one: Record<string, unknown>) => [one.public_key, one.state]));
    expect(states.get(subkey.publicKey)).toBe('revoked');
    expectRefusal(await postSubkey(after, session, registrationBody(after, owner, subkey)), 400, 'INVALID_SUBKEY');
  });

  test('lets owners make new ones', async () => {
    const session = await mainSession(after, told.owner);
    const subkey = await addSubkey(after, { ...told.owner, session });
    const { token } = await createToken(after.url, session);
    for (const bearer of [await subkeySession(after, told.owner.account, subkey), token]) {
      expect(await stateOf(after, bearer)).toBe('alive');
    }
  });

  test('a restore replaces every signing key', async () => {
    const now = await kids(after);
    expect(told.oldKids.filter((kid) => now.includes(kid))).toEqual([]);
  });

  test('begins an epoch, and every step of it is in the audit log and in the change log', async () => {
    const { epoch, backup, validAfter } = after.restored;
    expect(epoch).not.toBe(backup.epoch);
    // A login is written up to a second later, at whatever place that is.
    const all = (await auditRows(after.service)).filter((row) => !isLate(row));
    const from = all.findIndex(({ action }) => action === 'backup.taken') + 1;
    const rows = all.slice(from, from + 6);
    expect(rows.map(({ action, actor, account }) => `${action} ${actor} ${account}`)).toEqual([
      'signing_key.retired operator 0x0',
      'signing_key.retired operator 0x0',
      'signing_key.activated operator 0x0',
      'signing_key.activated operator 0x0',
      `account.revoked_by_restore operator ${told.owner.account}`,
      'store.restored operator 0x0',
    ]);
    expect(rows.at(-2)?.detail).toEqual({
      subkeys: [told.subkey.publicKey, told.activation.public_key],
      tokens: [told.token.lookupId, told.leakedToken.lookupId],
      devices: [],
    });
    expect(rows.at(-1)?.detail).toEqual({
      previous_epoch: backup.epoch,
      epoch,
      valid_after: validAfter.toString(),
      kept_credentials: false,
      retired_signing_keys: 2,
      kept_signing_keys: 0,
      revoked_subkeys: 2,
      revoked_tokens: 2,
      ended_devices: 0,
    });

    const database = new DatabaseSync(join(after.service.folder, 'data', 'countersign.db'), { readOnly: true });
    onTestFinished(() => database.close());
    const changes = database.prepare(
      'select action, subjects, narrows from change_log where position > ? order by position',
    );
    const [first, second] = changes.all(backup.position);
    expect([first?.action, first?.narrows]).toEqual(['account.revoked_by_restore', 1]);
    expect(JSON.parse(String(first?.subjects))).toHaveLength(4);
    expect([second?.action, second?.narrows]).toEqual(['store.restored', 1]);
  });
});

describe('a restore that keeps credentials', () => {
  let after: RestoredWorld;
  beforeAll(async () => {
    after = await restoreWorld(world, told.backup, { keepCredentials: true });
  });
  afterAll(() => after.stop());

  alwaysHolds(() => after);

  test('a restore leaves tokens and subkeys as the backup has them, also what was revoked since', async () => {
    // The subkey that waited for its activation is the one that is not kept.
    expect(after.restored.revoked).toEqual({ subkeys: 1, tokens: 0, devices: 0 });
    for (const { token } of [told.token, told.leakedToken]) expect(await stateOf(after, token)).toBe('alive');
    expect(await stateOf(after, await subkeySession(after, told.owner.account, told.subkey))).toBe('alive');
    expect(await kids(after)).toContain(kidOf(told.token.token));
  });
});
