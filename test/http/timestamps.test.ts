// A signed time that is refused, whoever signed it and for what. Where the clock of a client that is off may be why, the answer says
// the server's time and the difference in seconds, and where it is not, nothing of the kind.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { unixSeconds } from '../../src/domain/time.ts';
import { activationHash } from '../../src/starknet/message.ts';
import { curve } from '../support/curve.ts';
import { type Answer, call, walletTrader } from '../support/trader.ts';
import {
  expectRefusal,
  loginOf,
  mainSession,
  newOwner,
  newStarkKey,
  newWalletOwner,
  postLogin,
  postSubkey,
  postWallet,
  proofFor,
  registrationBody,
  SUBKEYS,
  sessionIn,
  siweOf,
  startWorld,
  type WalletOwner,
  type World,
  windowOf,
} from '../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

const signOut = (bearer: string) => call(world.url, 'POST', '/countersign/v1/sign-out-everywhere', { bearer });

async function starkRegistration(window: { age?: number; life?: number }): Promise<Answer> {
  const owner = await newOwner(world);
  const subkey = newStarkKey();
  const proof = proofFor(world, owner, subkey.publicKey, windowOf(world, window));
  return postSubkey(world, owner.session, { name: 'bot', public_key: subkey.publicKey, ...proof });
}

function walletBody(owner: WalletOwner, window: { age?: number; life?: number } = {}) {
  const { publicKey } = newStarkKey();
  const message = siweOf(world, owner, `Paradex Subkey Registration: ${publicKey}`, window);
  const proof = { siwe_message: message, evm_signature: owner.wallet.personalSign(message) };
  return { name: 'bot', public_key: publicKey, ...proof };
}

async function walletRegistration(window: { age?: number; life?: number }): Promise<Answer> {
  const owner = await newWalletOwner(world);
  return postSubkey(world, owner.session, walletBody(owner, window));
}

async function activation(age: number, unit = 1): Promise<Answer> {
  const owner = await newOwner(world);
  const [subkey, ephemeral] = [newStarkKey(), newStarkKey()];
  const pending = { state: 'pending', encrypted_key: 'x', eph_public_key: ephemeral.publicKey };
  expect((await postSubkey(world, owner.session, registrationBody(world, owner, subkey, pending))).status).toBe(201);
  const timestamp = (world.clock.seconds() - age) * unit;
  const signature = ephemeral.sign(activationHash(curve, unixSeconds(timestamp), ephemeral.publicKey) ?? 0n);
  const body = { account_id: owner.account, public_key: subkey.publicKey, timestamp, signature };
  return call(world.url, 'POST', `${SUBKEYS}/activate`, { body });
}

test.each<[string, number, () => Promise<Answer>]>([
  [
    'a Stark login ahead',
    31,
    async () => {
      const { key, account } = await newOwner(world);
      return postLogin(world, loginOf(world, key, account, windowOf(world, { age: -31 })));
    },
  ],
  [
    'a wallet login ahead',
    31,
    async () => {
      const owner = await newWalletOwner(world);
      return postWallet(world, '/v2/auth', owner, siweOf(world, owner, 'Paradex Auth', { age: -31 }));
    },
  ],
  [
    'a wallet onboarding ahead',
    31,
    () => {
      const trader = walletTrader();
      const message = siweOf(world, trader, 'Paradex Onboarding', { age: -31, life: 0 });
      return postWallet(world, '/v2/onboarding', trader, message, { body: { public_key: trader.wallet.publicKey } });
    },
  ],
  ['a Stark registration ahead', 31, () => starkRegistration({ age: -31 })],
  ['a Stark registration that is expired', -60, () => starkRegistration({ age: 60, life: 60 })],
  ['a wallet registration that is expired', -60, () => walletRegistration({ age: 60, life: 60 })],
  ['a wallet registration ahead', 31, () => walletRegistration({ age: -31 })],
  ['an activation ahead', 31, () => activation(-31)],
  ['an activation that is too old', -301, () => activation(301)],
])("%s of the server's time is told by how much, and the server's time", async (_name, skew, send) => {
  const answer = await send();
  const now = world.clock.seconds();
  const off = `the timestamp is ${Math.abs(skew)} s ${skew < 0 ? 'behind' : 'ahead of'} the server, whose time is ${now}`;
  expect(expectRefusal(answer, 400, 'INVALID_TIMESTAMP')).toContain(off);
  expect(answer.json.data).toEqual({ server_time: now, skew_seconds: skew });
});

test.each<[string, number, () => Promise<Answer>]>([
  [
    'a Stark login of before a sign-out',
    31,
    async () => {
      const owner = await newOwner(world);
      const headers = loginOf(world, owner.key, owner.account);
      world.clock.advance(5);
      expect((await signOut(owner.session)).status).toBe(200);
      return postLogin(world, headers);
    },
  ],
  [
    'a wallet login of before a sign-out',
    31,
    async () => {
      const owner = await newWalletOwner(world);
      const message = siweOf(world, owner, 'Paradex Auth');
      world.clock.advance(5);
      expect((await signOut(owner.session)).status).toBe(200);
      return postWallet(world, '/v2/auth', owner, message);
    },
  ],
  [
    'a Stark registration of before a sign-out',
    0,
    async () => {
      const owner = await newOwner(world);
      const body = registrationBody(world, owner, newStarkKey());
      expect((await signOut(owner.session)).status).toBe(200);
      world.clock.advance(31);
      return postSubkey(world, await mainSession(world, owner), body);
    },
  ],
  [
    'a wallet registration of before a sign-out',
    0,
    async () => {
      const owner = await newWalletOwner(world);
      const body = walletBody(owner);
      expect((await signOut(owner.session)).status).toBe(200);
      world.clock.advance(31);
      const login = await postWallet(world, '/v2/auth', owner, siweOf(world, owner, 'Paradex Auth'));
      return postSubkey(world, sessionIn(login), body);
    },
  ],
])('%s is told when to sign again, and not how old it is: no clock would help', async (_name, wait, send) => {
  const answer = await send();
  const when = wait === 0 ? 'sign again' : `sign again in ${wait} s`;
  const said = `the account signed out everywhere after this signature: ${when}`;
  expect(expectRefusal(answer, 400, 'INVALID_TIMESTAMP')).toBe(said);
  expect(answer.json.data).toEqual({ server_time: world.clock.seconds(), wait_seconds: wait });
});

const starkLogin = async (window: { age?: number; life?: number }): Promise<Answer> => {
  const { key, account } = await newOwner(world);
  return postLogin(world, loginOf(world, key, account, windowOf(world, window)));
};

test.each<[string, string, RegExp, () => Promise<Answer>]>([
  [
    'a Stark login that ends before it begins',
    'BLOCK_EXPIRATION',
    /not after the timestamp$/,
    () => starkLogin({ life: -1 }),
  ],
  [
    'a Stark login of eight days',
    'BLOCK_EXPIRATION',
    /^the signature is valid for 691200 s, more/,
    () => starkLogin({ life: 691_200 }),
  ],
  [
    'a Stark registration of 601 s',
    'TIMESTAMP',
    /^the signature is valid for 601 s, more/,
    () => starkRegistration({ life: 601 }),
  ],
  [
    'a wallet registration of 601 s',
    'TIMESTAMP',
    /longer than this service accepts$/,
    () => walletRegistration({ life: 601 }),
  ],
  [
    'a wallet registration that ends before it begins',
    'TIMESTAMP',
    /before it is issued$/,
    () => walletRegistration({ age: -20, life: -5 }),
  ],
  ['a wallet registration without an end', 'TIMESTAMP', /no Expiration Time$/, () => walletRegistration({ life: 0 })],
])('%s is refused by any clock, and nothing is said of the clock', async (_name, code, message, send) => {
  const answer = await send();
  expect(expectRefusal(answer, 400, `INVALID_${code}`)).toMatch(message);
  expect(answer.json.message).not.toMatch(/server|ahead|behind/);
  expect(answer.json.data).toBeNull();
});

const inMillis = (of: object, name: string): object => ({ ...of, [name]: Number(Reflect.get(of, name)) * 1000 });
const asHeaders = (of: object): Record<string, string> =>
  Object.fromEntries(Object.entries(of).map(([name, value]) => [name, String(value)]));

test.each<[string, string, string, () => Promise<Answer>]>([
  ['the timestamp of a login', 'PARADEX-TIMESTAMP', 'INVALID_TIMESTAMP', () => loginIn('PARADEX-TIMESTAMP')],
  [
    'the expiration of a login',
    'PARADEX-SIGNATURE-EXPIRATION',
    'INVALID_BLOCK_EXPIRATION',
    () => loginIn('PARADEX-SIGNATURE-EXPIRATION'),
  ],
  [
    'the timestamp of a registration',
    'the timestamp',
    'INVALID_TIMESTAMP',
    () => registrationIn('signature_timestamp'),
  ],
  ['the expiration of a registration', 'the expiration', 'INVALID_TIMESTAMP', () => registrationIn('signature_expiry')],
  ['the timestamp of an activation', 'the timestamp', 'INVALID_TIMESTAMP', () => activation(0, 1000)],
])(
  '%s in milliseconds is told its unit, and not how many thousand years it is ahead',
  async (_what, name, code, send) => {
    expect(expectRefusal(await send(), 400, code)).toBe(`${name} is in milliseconds, and must be in seconds`);
  },
);

async function loginIn(name: string): Promise<Answer> {
  const owner = await newOwner(world);
  return postLogin(world, asHeaders(inMillis(loginOf(world, owner.key, owner.account), name)));
}

async function registrationIn(name: string): Promise<Answer> {
  const owner = await newOwner(world);
  return postSubkey(world, owner.session, inMillis(registrationBody(world, owner, newStarkKey()), name));
}
