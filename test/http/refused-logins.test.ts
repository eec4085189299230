// A login that is refused although its signature is good leaves a row of the audit log and a line of the log, with account and
// credential: nobody but a thief signs rightly from a foreign address. A login that proves nothing leaves no row.
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { emergencyHeaders } from '../../src/client/sign-in.ts';
import { command } from '../operator/operator.ts';
import { type Answer, call, hasher } from '../support/trader.ts';
import {
  addSubkey,
  ELSEWHERE,
  loginOf,
  newOwner,
  newStarkKey,
  newWalletOwner,
  type Owner,
  postLogin,
  postWallet,
  SUBKEYS,
  siweOf,
  startWorld,
  type World,
  windowOf,
} from './world.ts';

let world: World;
let owner: Owner;
beforeEach(async () => {
  world = await startWorld({ settings: { 'login.plain_subkey': 'true' } });
  owner = await newOwner(world);
});
afterEach(() => world.stop());

/** What the log says of one request. */
const lineOf = (answer: Answer) => {
  const lines = world.service.log.map((line) => JSON.parse(line));
  const { event, reason, account, credential } =
    lines.find(({ requestId }) => requestId === answer.headers.get('Countersign-Request-Id')) ?? {};
  return { event, reason, account, credential };
};

/** Rows about refused logins, once the service has written what waited. */
async function rows(): Promise<readonly Record<string, unknown>[]> {
  await world.stop();
  const database = new DatabaseSync(join(world.service.folder, 'data', 'countersign.db'), { readOnly: true });
  const found = database
    .prepare(
      "select account_id, actor, subject, request_id, client_ip, detail from audit where action = 'login.refused' order by id",
    )
    .all();
  database.close();
  return found.map(({ account_id, actor, subject, request_id, client_ip, detail }) => ({
    account: account_id,
    actor,
    subject,
    request_id,
    client_ip,
    detail: JSON.parse(String(detail)),
  }));
}

async function refusedInMetrics(code: string): Promise<string | undefined> {
  const { text } = await call(world.service.operatorUrl, 'GET', '/metrics');
  return new RegExp(`^countersign_proven_logins_refused_total\\{code="${code}"\\} (\\d+)$`, 'm').exec(text)?.[1];
}

const rowOf = (answer: Answer, account: string, actor: string, reason: string) => ({
  account,
  actor,
  subject: `credential/${account}/${actor.replace(':', '/')}`,
  request_id: answer.headers.get('Countersign-Request-Id'),
  client_ip: '127.0.0.1',
  detail: expect.objectContaining({ reason, count: 1 }),
});

test('a subkey that signs rightly from outside its list, with its key in the path or not', async () => {
  const subkey = await addSubkey(world, owner, { allowed_cidrs: ELSEWHERE });
  const named = await postLogin(world, loginOf(world, subkey, owner.account), subkey.publicKey);
  expect(named.json.error).toBe('IP_NOT_ALLOWED');
  const told = { event: 'refused', reason: 'IP_NOT_ALLOWED', account: owner.account, credential: 'subkey:1' };
  expect(lineOf(named)).toEqual(told);
  const plain = await postLogin(world, loginOf(world, subkey, owner.account, windowOf(world, { age: 1 })));
  expect(plain.json.error).toBe('IP_NOT_ALLOWED');
  expect(await refusedInMetrics('IP_NOT_ALLOWED')).toBe('2');
  expect(await rows()).toEqual([
    rowOf(named, owner.account, 'subkey:1', 'ip_not_allowed'),
    // The second of that minute is counted, and has the place of the first.
    { ...rowOf(named, owner.account, 'subkey:1', 'ip_not_allowed') },
  ]);
});

test('a main key after its owner signed out, and of a locked account', async () => {
  const captured = loginOf(world, owner.key, owner.account);
  await call(world.url, 'POST', '/countersign/v1/sign-out-everywhere', { bearer: owner.session });
  const signedOut = await postLogin(world, captured);
  expect(signedOut.json.error).toBe('INVALID_TIMESTAMP');
  expect(lineOf(signedOut)).toMatchObject({ account: owner.account, credential: 'main:main' });
  world.clock.advance(60);
  await command(world.service, `/accounts/${owner.account}/lock`);
  const locked = await postLogin(world, loginOf(world, owner.key, owner.account));
  expect(locked.json.error).toBe('REQUEST_NOT_ALLOWED');
  expect(await rows()).toEqual([
    rowOf(signedOut, owner.account, 'main:main', 'signed_out'),
    rowOf(locked, owner.account, 'main:main', 'account_locked'),
  ]);
});

test.each(['with its key in the path', 'on plain /v1/auth'])(
  'a revoked subkey that signs rightly, %s',
  async (where) => {
    const subkey = await addSubkey(world, owner);
    await call(world.url, 'DELETE', `${SUBKEYS}/${subkey.publicKey}`, { bearer: owner.session });
    const path = where === 'on plain /v1/auth' ? undefined : subkey.publicKey;
    const answer = await postLogin(world, loginOf(world, subkey, owner.account), path);
    expect(answer.status).toBe(401);
    expect(answer.json.error).toBe('INVALID_SUBKEY');
    expect(lineOf(answer)).toMatchObject({ account: owner.account, credential: 'subkey:1' });
    expect(await rows()).toEqual([rowOf(answer, owner.account, 'subkey:1', 'INVALID_SUBKEY')]);
  },
);

test('of a revoked subkey in the path, who does not sign rightly and now learns and leaves nothing', async () => {
  const subkey = await addSubkey(world, owner);
  const old = loginOf(world, subkey, owner.account);
  world.clock.advance(3600);
  owner = await newOwner(world, owner);
  await call(world.url, 'DELETE', `${SUBKEYS}/${subkey.publicKey}`, { bearer: owner.session });
  const refused = [
    await postLogin(world, old, subkey.publicKey),
    await postLogin(world, loginOf(world, newStarkKey(), owner.account), subkey.publicKey),
    await postLogin(world, loginOf(world, subkey, owner.account), newStarkKey().publicKey),
  ];
  for (const { status, json } of refused) expect({ status, ...json }).toEqual({ status: 401, ...refused[2]?.json });
  expect(await rows()).toEqual([]);
});

test('a wallet whose account is locked', async () => {
  const wallet = await newWalletOwner(world);
  await command(world.service, `/accounts/${wallet.account}/lock`);
  const answer = await postWallet(world, '/v2/auth', wallet, siweOf(world, wallet, 'Paradex Auth'));
  expect(answer.json.error).toBe('REQUEST_NOT_ALLOWED');
  expect(lineOf(answer)).toMatchObject({ account: wallet.account, credential: 'evm:main' });
  expect(await rows()).toEqual([rowOf(answer, wallet.account, 'evm:main', 'account_locked')]);
});

test('an emergency that was signed, and is sent again', async () => {
  const headers = emergencyHeaders(hasher, owner.key, owner.account, windowOf(world), 'sign_out');
  const press = () => call(world.url, 'POST', '/countersign/v1/sign-out-everywhere', { headers });
  expect((await press()).status).toBe(200);
  const again = await press();
  expect(again.json.error).toBe('SIGNATURE_ALREADY_USED');
  expect(lineOf(again)).toMatchObject({ account: owner.account, credential: 'main:main' });
  expect(await rows()).toEqual([rowOf(again, owner.account, 'main:main', 'SIGNATURE_ALREADY_USED')]);
});

test('nothing is written, and no account told, for a key that was not proven', async () => {
  const subkey = await addSubkey(world, owner, { allowed_cidrs: ELSEWHERE });
  await command(world.service, `/accounts/${owner.account}/lock`);
  const forged = { ...loginOf(world, newStarkKey(), owner.account) };
  const wallet = await newWalletOwner(world);
  const other = await newWalletOwner(world);
  const refused = [
    await postLogin(world, forged),
    await postLogin(world, forged, subkey.publicKey),
    await postLogin(world, forged, newStarkKey().publicKey),
    await postWallet(world, '/v2/auth', { ...other, account: wallet.account }, siweOf(world, other, 'Paradex Auth')),
  ];
  for (const answer of refused) {
    expect(answer.status).toBe(401);
    expect(lineOf(answer)).toMatchObject({ account: undefined, credential: undefined });
  }
  for (const code of ['IP_NOT_ALLOWED', 'REQUEST_NOT_ALLOWED']) expect(await refusedInMetrics(code)).toBe('0');
  expect(await rows()).toEqual([]);
});
