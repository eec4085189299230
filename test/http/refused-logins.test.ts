// A login that is refused although its signature is good leaves a row of the audit log and a line of the log, with account and
// credential: nobody but a thief signs rightly from a foreign address. A login that proves nothing leaves no row.
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { emergencyHeaders } from '../../src/client/sign-in.ts';
import { command } from '../support/operator.ts';
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
} from '../support/world.ts';

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

test('a subkey that signs rightly from outside its list is told of in the log, the metrics and the audit log, with its key in the path or not', async () => {
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

test.each(['with its key in the path', 'on plain /v1/auth'])(
  'a revoked subkey that signs rightly, %s, is told of in the log and the audit log',
  async (where) => {
    const subkey = await addSubkey(world, owner);
    await call(world.url, 'DELETE', `${SUBKEYS}/${subkey.publicKey}`, { bearer: owner.session });
    const path = where === 'on plain /v1/auth' ? undefined : subkey.publicKey;
    const answer = await postLogin(world, loginOf(world, subkey, owner.account), path);
    expect(answer.status).toBe(401);
    expect(answer.json.error).toBe('INVALID_SUBKEY');
    expect(lineOf(answer)).toMatchObject({ account: owner.account, credential: 'subkey:1' });
    expect(await rows()).toEqual([rowOf(answer, owner.account, 'subkey:1', 'credential_revoked')]);
  },
);

test('a login with a revoked subkey in its path that is not signed rightly and now learns and leaves nothing', async () => {
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

describe('whatever was proven, and however', () => {
  const ways = ['the main key', 'the main key in the path', 'a subkey', 'a subkey in the path', 'a wallet'] as const;
  interface Signed {
    readonly account: string;
    readonly session: string;
    readonly actor: string;
    readonly send: () => Promise<Answer>;
  }

  async function signedBy(way: (typeof ways)[number]): Promise<Signed> {
    if (way === 'a wallet') {
      const wallet = await newWalletOwner(world);
      const message = siweOf(world, wallet, 'Paradex Auth');
      const { account, session } = wallet;
      return { account, session, actor: 'evm:main', send: () => postWallet(world, '/v2/auth', wallet, message) };
    }
    const key = way.startsWith('a subkey') ? await addSubkey(world, owner) : owner.key;
    const headers = loginOf(world, key, owner.account);
    const path = way.endsWith('in the path') ? key.publicKey : undefined;
    const actor = key === owner.key ? 'main:main' : 'subkey:1';
    const { account, session } = owner;
    return { account, session, actor, send: () => postLogin(world, headers, path) };
  }

  const endings: readonly [string, string, string, (of: Signed) => Promise<unknown>][] = [
    [
      'locked',
      'REQUEST_NOT_ALLOWED',
      'account_locked',
      ({ account }) => command(world.service, `/accounts/${account}/lock`),
    ],
    [
      'signed out',
      'INVALID_TIMESTAMP',
      'signed_out',
      ({ session: bearer }) => call(world.url, 'POST', '/countersign/v1/sign-out-everywhere', { bearer }),
    ],
  ];
  const cases = ways.flatMap((way) => endings.map(([what, ...rest]) => [way, what, ...rest] as const));

  test.each(cases)(
    'a login proven by %s, of an account that is %s, is told of in the log and the audit log',
    async (way, _what, code, reason, end) => {
      const signed = await signedBy(way);
      const { account, actor, send } = signed;
      await end(signed);
      const answer = await send();
      expect(answer.json.error).toBe(code);
      expect(lineOf(answer)).toMatchObject({ account, credential: actor });
      expect(await rows()).toEqual([rowOf(answer, account, actor, reason)]);
    },
  );
});

test('a signed emergency that is sent again is told of in the log and the audit log', async () => {
  const headers = emergencyHeaders(hasher, owner.key, owner.account, windowOf(world), 'sign_out');
  const press = () => call(world.url, 'POST', '/countersign/v1/sign-out-everywhere', { headers });
  expect((await press()).status).toBe(200);
  const again = await press();
  expect(again.json.error).toBe('SIGNATURE_ALREADY_USED');
  expect(lineOf(again)).toMatchObject({ account: owner.account, credential: 'main:main' });
  expect(await rows()).toEqual([rowOf(again, owner.account, 'main:main', 'SIGNATURE_ALREADY_USED')]);
});

test('a login by a key that was not proven writes nothing and tells no account', async () => {
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
