// The account lock: everything of the account stops at once, requests under way too; nothing is lost; unlocking brings it back.
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { unixSeconds } from '../../src/domain/time.ts';
import { activationHash } from '../../src/starknet/message.ts';
import { curve } from '../support/curve.ts';
import { auditRows, command, isLate, operate } from '../support/operator.ts';
import { call, createToken } from '../support/trader.ts';
import {
  addSubkey,
  changesNothing,
  expectRefusal,
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
  siweOf,
  startWorld,
  stateOf,
  subkeySession,
  type World,
  windowOf,
} from '../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

const LOCKED = '403 REQUEST_NOT_ALLOWED';
const lock = (account: string) => command(world.service, `/accounts/${account}/lock`);
const unlock = (account: string) => command(world.service, `/accounts/${account}/unlock`);

test('a login that the lock or its list refuses uses up neither its signature nor its nonce', async () => {
  const own = await startWorld({ settings: { 'login.single_use': 'true' } });
  onTestFinished(() => own.stop());
  const put = (account: string, state: string) => command(own.service, `/accounts/${account}/${state}`);

  const owner = await newOwner(own);
  // Other times than those of the login that newOwner made: marks go by the message, which names no key.
  const headers = loginOf(own, owner.key, owner.account, windowOf(own, { age: 7 }));
  const wallet = await newWalletOwner(own);
  const message = siweOf(own, wallet, 'Paradex Auth', { nonce: 'keptnonce123' });
  const logins = { main: () => postLogin(own, headers), wallet: () => postWallet(own, '/v2/auth', wallet, message) };
  for (const { account } of [owner, wallet]) await put(account, 'lock');
  for (const login of Object.values(logins)) expectRefusal(await login(), 403, 'REQUEST_NOT_ALLOWED');
  for (const { account } of [owner, wallet]) await put(account, 'unlock');
  for (const login of Object.values(logins)) {
    expect((await login()).status).toBe(200);
    expect((await login()).status).toBe(401);
  }

  const subkey = await addSubkey(own, owner, { allowed_cidrs: ['203.0.113.0/24'] });
  const bySubkey = loginOf(own, subkey, owner.account, windowOf(own, { age: 3 }));
  expectRefusal(await postLogin(own, bySubkey, subkey.publicKey), 403, 'IP_NOT_ALLOWED');
  const list = `/v1/account/keys/subkeys/${subkey.publicKey}/allowed-cidrs`;
  await call(own.url, 'PUT', list, { bearer: owner.session, body: { allowed_cidrs: [] } });
  expect((await postLogin(own, bySubkey, subkey.publicKey)).status).toBe(200);
  expect((await postLogin(own, bySubkey, subkey.publicKey)).status).toBe(401);
});

test('every credential of a locked account is refused at its very next request, and lives again when it is unlocked', async () => {
  const owner = await newOwner(world);
  const subkey = await addSubkey(world, owner);
  const { token } = await createToken(world.url, owner.session);
  const bearers = [owner.session, await subkeySession(world, owner.account, subkey), token];
  const bystander = await newOwner(world);
  const wallet = await newWalletOwner(world);
  const states = async () => [...(await Promise.all(bearers.map((bearer) => stateOf(world, bearer))))];
  expect(await states()).toEqual(['alive', 'alive', 'alive']);

  await changesNothing(world, bystander.session, async () => {
    const answer = await lock(owner.account);
    expect(answer.headers.get('Countersign-Revocation')).toMatch(/^nodes=1; ms=\d+; in_flight=0$/);
    expect(answer.json).toMatchObject({ account: owner.account, locked: true, receipt: { nodes: 1, in_flight: 0 } });
  });
  const before = world.service.venue.total();
  expect(await states()).toEqual([LOCKED, LOCKED, LOCKED]);
  for (const bearer of bearers) expect((await call(world.url, 'GET', '/v1/balance', { bearer })).status).toBe(403);
  expect(world.service.venue.total()).toBe(before);
  expect([await stateOf(world, bystander.session), await stateOf(world, wallet.session)]).toEqual(['alive', 'alive']);

  expect((await unlock(owner.account)).json).toMatchObject({ locked: false });
  expect(await states()).toEqual(['alive', 'alive', 'alive']);
});

test('nobody logs in to a locked account, by whatever key; the same signatures log in once it is unlocked', async () => {
  const owner = await newOwner(world);
  const subkey = await addSubkey(world, owner);
  const wallet = await newWalletOwner(world);
  await lock(owner.account);
  await lock(wallet.account);
  const [byMain, bySubkey] = [loginOf(world, owner.key, owner.account), loginOf(world, subkey, owner.account)];
  expectRefusal(await postLogin(world, byMain), 403, 'REQUEST_NOT_ALLOWED');
  expectRefusal(await postLogin(world, bySubkey), 403, 'REQUEST_NOT_ALLOWED');
  expectRefusal(await postLogin(world, bySubkey, subkey.publicKey), 403, 'REQUEST_NOT_ALLOWED');
  const signIn = () => postWallet(world, '/v2/auth', wallet, siweOf(world, wallet, 'Paradex Auth'));
  expectRefusal(await signIn(), 403, 'REQUEST_NOT_ALLOWED');
  await unlock(owner.account);
  await unlock(wallet.account);
  expect((await postLogin(world, byMain)).status).toBe(200);
  expect((await postLogin(world, bySubkey, subkey.publicKey)).status).toBe(200);
  expect((await signIn()).status).toBe(200);
});

test('a stranger without a key of the account does not learn that it is locked', async () => {
  const owner = await newOwner(world);
  await lock(owner.account);
  const answer = await postLogin(world, loginOf(world, newStarkKey(), owner.account));
  expectRefusal(answer, 401, 'STARKNET_SIGNATURE_VERIFICATION_FAILED');
});

test('a pending subkey is not activated while its account is locked, and is after', async () => {
  const owner = await newOwner(world);
  const [subkey, ephemeral] = [newStarkKey(), newStarkKey()];
  const registered = await postSubkey(
    world,
    owner.session,
    registrationBody(world, owner, subkey, {
      state: 'pending',
      encrypted_key: 'sealed',
      eph_public_key: ephemeral.publicKey,
    }),
  );
  expect(registered.status, registered.text).toBe(201);
  const timestamp = world.clock.seconds();
  const hash = activationHash(curve, unixSeconds(timestamp), ephemeral.publicKey);
  if (hash === undefined) throw new Error('no hash');
  const signature = ephemeral.sign(hash);
  const activate = () =>
    call(world.url, 'POST', '/v1/account/keys/subkeys/activate', {
      body: {
        account_id: owner.account,
        public_key: subkey.publicKey,
        timestamp,
        signature,
      },
    });
  await lock(owner.account);
  expectRefusal(await activate(), 403, 'REQUEST_NOT_ALLOWED');
  await unlock(owner.account);
  expect((await activate()).json).toEqual({ encrypted_key: 'sealed' });
});

test('locking and unlocking are idempotent, and each that changed something is one audit row', async () => {
  const owner = await newOwner(world);
  for (const path of ['lock', 'lock', 'unlock', 'unlock', 'lock', 'unlock']) {
    await command(world.service, `/accounts/${owner.account}/${path}`);
  }
  const rows = (await auditRows(world.service, `?account=${owner.account}`)).filter(
    (row) => row.actor === 'operator' && !isLate(row),
  );
  expect(rows.map(({ action }) => action)).toEqual([
    'account.locked',
    'account.unlocked',
    'account.locked',
    'account.unlocked',
  ]);
  for (const row of rows) {
    expect(row).toMatchObject({ subject: `account/${owner.account}`, client_ip: '127.0.0.1' });
    expect(row.request_id).toMatch(/^[0-9a-f-]{36}$/);
  }
});

describe('an account as the operator sees it', () => {
  test('an account as the operator sees it has its credentials and floor, however its id is spelled', async () => {
    const owner = await newOwner(world);
    const subkey = await addSubkey(world, owner);
    const { lookupId } = await createToken(world.url, owner.session, { name: 'reader' });
    const spelled = `0x${owner.account.slice(2).toUpperCase().padStart(64, '0')}`;
    const { json } = await operate(world.service, 'GET', `/accounts/${spelled}`);
    expect(json).toMatchObject({
      account: owner.account,
      signer_type: 'starknet',
      signer: owner.key.publicKey,
      locked: false,
      locked_at: 0,
      valid_after: 0,
      subkeys: [{ public_key: subkey.publicKey, state: 'active' }],
      tokens: [{ lookup_id: lookupId, name: 'reader' }],
      more: false,
    });
  });

  test('all accounts are listed to the operator page by page, each once', async () => {
    const world = await startWorld();
    onTestFinished(() => world.stop());
    const owners = [];
    for (let n = 0; n < 3; n += 1) owners.push((await newOwner(world)).account);
    const seen: string[] = [];
    let cursor = '';
    for (let page = 0; page < 3; page += 1) {
      const { json } = await operate(world.service, 'GET', `/accounts?limit=1${cursor}`);
      expect(json.results).toHaveLength(1);
      seen.push(json.results[0].account);
      cursor = `&cursor=${json.next}`;
      expect(json.next === null).toBe(page === 2);
    }
    expect(seen).toEqual([...owners].sort());
  });
});

test.each([
  ['lock of its account', (owner: Owner) => `/accounts/${owner.account}/lock`, 403, 'REQUEST_NOT_ALLOWED'],
  [
    'end of its signing key',
    (owner: Owner) => `/signing-keys/${kidOf(owner.session)}/retire`,
    401,
    'UNAUTHORIZED_ERROR',
  ],
] as const)(
  'a request that the venue works on is cut by the %s, and counted in the receipt',
  async (_, path, status, code) => {
    const arrived = Promise.withResolvers<IncomingMessage>();
    const venue = createServer((request) => arrived.resolve(request)).listen(0, '127.0.0.1');
    await once(venue, 'listening');
    onTestFinished(() => {
      venue.closeAllConnections();
      venue.close();
    });
    const { port } = venue.address() as AddressInfo;
    const held = await startWorld({ upstream: `http://127.0.0.1:${port}` });
    onTestFinished(() => held.stop());
    const owner = await newOwner(held);
    const unused = await mainSession(held, owner);

    const waiting = call(held.url, 'GET', '/v1/balance', { bearer: owner.session });
    const atTheVenue = await arrived.promise;
    const gone = once(atTheVenue.socket, 'close');
    const answer = await command(held.service, path(owner));
    expect(answer.headers.get('Countersign-Revocation')).toMatch(/^nodes=1; ms=\d+; in_flight=1$/);
    expectRefusal(await waiting, status, code);
    await gone;
    for (const bearer of [owner.session, unused]) expect(await stateOf(held, bearer)).toBe(`${status} ${code}`);
  },
);

const kidOf = (jwt: string): string => JSON.parse(Buffer.from(jwt.split('.')[0] ?? '', 'base64url').toString()).kid;
