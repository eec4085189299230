// Verifying signatures under load, over real sockets: what costs nothing is asked first, and a flood hurts only those who send it.
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { AccountId } from '../../src/domain/credential.ts';
import { createMessageHasher } from '../../src/starknet/message.ts';
import { STARK_CURVE_ORDER, STARK_HASH_BOUND } from '../../src/starknet/pedersen.ts';
import { curve } from '../support/curve.ts';
import { pipelined } from '../support/raw-http.ts';
import {
  type Answer,
  call,
  onboardingHeaders,
  starkTrader,
  type WalletTrader,
  walletHeaders,
  walletTrader,
} from '../support/trader.ts';
import {
  addSubkey,
  expectRefusal,
  loginOf,
  newOwner,
  newStarkKey,
  newWalletOwner,
  type Owner,
  postLogin,
  postSubkey,
  postWallet,
  proofFor,
  registrationBody,
  SUBKEYS,
  siweOf,
  startWorld,
  type World,
  windowOf,
} from '../support/world.ts';

const SIGNATURE = 'PARADEX-STARKNET-SIGNATURE';
const FAILED = 'STARKNET_SIGNATURE_VERIFICATION_FAILED';
/** Shaped like signatures, but nothing that any key could have made. */
const impossible = [
  ['0', '1'],
  [String(STARK_HASH_BOUND), '1'],
  ['1', '0'],
  ['1', String(STARK_CURVE_ORDER)],
] as const;

/** The value of a metric, summed over its labels. */
async function metric({ service }: World, name: string): Promise<number> {
  const { text } = await call(service.operatorUrl, 'GET', '/metrics', { bearer: service.operatorToken });
  const values = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  expect(values, `there is no ${name}`).not.toEqual([]);
  return values.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

/** Questions that were ever asked: answered, waiting or dropped. */
async function asked(world: World): Promise<number> {
  const names = [
    'countersign_verifications_total',
    'countersign_verification_queue',
    'countersign_verification_shed_total',
  ];
  const counts = await Promise.all(names.map((name) => metric(world, name)));
  return counts.reduce((sum, count) => sum + count, 0);
}

describe('no signature is looked at', () => {
  let world: World;
  let owner: Owner;
  beforeAll(async () => {
    world = await startWorld();
    owner = await newOwner(world);
  });
  afterAll(() => world.stop());

  async function expectCheapRefusal(request: () => Promise<Answer>, status: number, code: string): Promise<void> {
    const before = await asked(world);
    expect(before).toBeGreaterThan(0);
    expectRefusal(await request(), status, code);
    expect(await asked(world)).toBe(before);
  }

  const login = (changes: Record<string, string | undefined> = {}, window = windowOf(world), publicKey?: string) => {
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries({ ...loginOf(world, owner.key, owner.account, window), ...changes })) {
      if (value !== undefined) headers[name] = value;
    }
    return postLogin(world, headers, publicKey);
  };

  test.each<[string, number, string, () => Promise<Answer>]>([
    ['without a signature', 400, 'INVALID_REQUEST_PARAMETER', () => login({ [SIGNATURE]: undefined })],
    ['with something else', 400, 'INVALID_STARKNET_SIGNATURE', () => login({ [SIGNATURE]: '["x","y"]' })],
    ['for an unknown account', 400, 'NOT_ONBOARDED', () => login({ 'PARADEX-STARKNET-ACCOUNT': '0x123' })],
    ['with an unknown key', 401, 'INVALID_SUBKEY', () => login({}, windowOf(world), newStarkKey().publicKey)],
    ['from the future', 400, 'INVALID_TIMESTAMP', () => login({}, windowOf(world, { age: -40 }))],
    ['that is expired', 400, 'INVALID_BLOCK_EXPIRATION', () => login({}, windowOf(world, { age: 50, life: 49 }))],
    ['valid for too long', 400, 'INVALID_BLOCK_EXPIRATION', () => login({}, windowOf(world, { life: 604_801 }))],
    ...impossible.map((pair): [string, number, string, () => Promise<Answer>] => [
      `with the impossible signature ${pair}`,
      401,
      FAILED,
      () => login({ [SIGNATURE]: JSON.stringify(pair) }),
    ]),
  ])('a login %s is refused before any signature is verified', (_what, status, code, request) =>
    expectCheapRefusal(request, status, code),
  );

  // One that is in order is looked at, as that it is good is worth a row of the audit log.
  test('a login with a revoked subkey, from the future, is refused before any signature is verified', async () => {
    const subkey = await addSubkey(world, owner);
    await call(world.url, 'DELETE', `${SUBKEYS}/${subkey.publicKey}`, { bearer: owner.session });
    const headers = loginOf(world, subkey, owner.account, windowOf(world, { age: -40 }));
    await expectCheapRefusal(() => postLogin(world, headers, subkey.publicKey), 401, 'INVALID_SUBKEY');
  });

  const subkey = newStarkKey();
  const register = (changes: object) =>
    postSubkey(world, owner.session, { ...registrationBody(world, owner, subkey), ...changes });

  test.each<[string, number, string, () => Promise<Answer>]>([
    ['without a session', 401, 'UNAUTHORIZED_ERROR', () => postSubkey(world, 'x', {})],
    ['of the main key', 400, 'INVALID_SUBKEY', () => register({ public_key: owner.key.publicKey })],
    ['without a signature', 400, 'INVALID_REQUEST_PARAMETER', () => register({ signature: undefined })],
    [
      'that is expired',
      400,
      'INVALID_TIMESTAMP',
      () => register(proofFor(world, owner, subkey.publicKey, windowOf(world, { age: 50, life: 49 }))),
    ],
    ...impossible.map((signature): [string, number, string, () => Promise<Answer>] => [
      `with the impossible signature ${signature}`,
      401,
      FAILED,
      () => register({ signature }),
    ]),
  ])('a registration %s is refused before any signature is verified', (_what, status, code, request) =>
    expectCheapRefusal(request, status, code),
  );

  const activation = (changes: Record<string, unknown> = {}) =>
    call(world.url, 'POST', `${SUBKEYS}/activate`, {
      body: {
        account_id: owner.account,
        public_key: subkey.publicKey,
        timestamp: world.clock.seconds(),
        signature: ['1', '1'],
        ...changes,
      },
    });

  test('an activation that cannot succeed is refused before any signature is verified', async () => {
    await expectCheapRefusal(activation, 404, 'NOT_FOUND');
    const active = await addSubkey(world, owner);
    await expectCheapRefusal(() => activation({ public_key: active.publicKey }), 400, 'SUBKEY_NOT_ACTIVATABLE');
    const pending = { state: 'pending', encrypted_key: 'x', eph_public_key: newStarkKey().publicKey };
    expect((await register(pending)).status).toBe(201);
    const late = world.clock.seconds() - 301;
    await expectCheapRefusal(() => activation({ timestamp: late }), 400, 'INVALID_TIMESTAMP');
    for (const signature of impossible) await expectCheapRefusal(() => activation({ signature }), 403, FAILED);
  });

  const stranger = starkTrader();
  const hasher = createMessageHasher(curve, { domainName: 'Paradex', chainId: 'PRIVATE_SN_POTC_MOCK_SEPOLIA' });
  const onboarding = onboardingHeaders(hasher, stranger.key, stranger.account);

  test.each(impossible)(
    'an onboarding with the impossible signature %s,%s is refused before any signature is verified',
    async (r, s) => {
      const request = () =>
        call(world.url, 'POST', '/v1/onboarding', {
          headers: { ...onboarding, [SIGNATURE]: JSON.stringify([r, s]) },
          body: { public_key: stranger.key.publicKey },
        });
      await expectCheapRefusal(request, 401, FAILED);
    },
  );

  test('a wallet that is not the one of the account, or not the one of the key, is refused before any signature is verified', async () => {
    const wallet = await newWalletOwner(world);
    const other = walletTrader();
    const mismatch = [401, 'ETHEREUM_SIGNER_MISMATCH'] as const;
    const signIn = (trader: WalletTrader, account: AccountId) =>
      call(world.url, 'POST', '/v2/auth', {
        headers: walletHeaders(trader.wallet, account, siweOf(world, trader, 'Paradex Auth')),
      });
    const before = await asked(world);
    expect((await signIn(wallet, wallet.account)).status).toBe(200);
    expect(await asked(world), 'its proof waits its turn like any other').toBe(before + 1);
    await expectCheapRefusal(() => signIn(other, wallet.account), ...mismatch);
    await expectCheapRefusal(() => signIn(wallet, owner.account), ...mismatch);

    const onboard = () =>
      postWallet(world, '/v2/onboarding', other, siweOf(world, other, 'Paradex Onboarding', { life: 0 }), {
        body: { public_key: wallet.wallet.publicKey },
      });
    await expectCheapRefusal(onboard, ...mismatch);
    const message = siweOf(world, other, `Paradex Subkey Registration: ${subkey.publicKey}`);
    const proof = { siwe_message: message, evm_signature: other.wallet.personalSign(message) };
    const registerBy = () => postSubkey(world, wallet.session, { name: 'bot', public_key: subkey.publicKey, ...proof });
    await expectCheapRefusal(registerBy, ...mismatch);
  });

  test('no address is derived for what cannot be a key', async () => {
    const lookUp = (query: string) => () => call(world.url, 'GET', `/v1/onboarding?account_signer_type=${query}`);
    await expectCheapRefusal(lookUp('starknet&public_key=12'), 400, 'PUBLIC_KEY_INVALID');
    await expectCheapRefusal(lookUp('eip191&eth_address=0x1'), 400, 'INVALID_ETHEREUM_ADDRESS');
  });
});

/** One POST /v1/auth as bytes, from the address that a proxy names. */
function loginBytes(headers: Record<string, string>, address: string): string {
  const lines = Object.entries({ Host: 'localhost', 'X-Forwarded-For': address, 'Content-Length': '0', ...headers });
  return `POST /v1/auth HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}

const statusOf = (answer: string): number => Number(answer.slice(9, 12));

describe('when more logins come at once than may wait', () => {
  let world: World;
  let owner: Owner;
  beforeAll(async () => {
    world = await startWorld({
      settings: { 'engine.queue': '1', 'engine.workers': '0', 'proxy.trusted': '127.0.0.1' },
    });
    owner = await newOwner(world);
  });
  afterAll(() => world.stop());

  test('logins that come when as many wait as may are answered 503 with Retry-After at once, and may come again on the same connection', async () => {
    const headers = loginOf(world, owner.key, owner.account);
    const requests = Array.from({ length: 100 }, () => loginBytes(headers, '192.0.2.1'));
    const answers = await pipelined(world.port, requests);
    expect(answers).toHaveLength(100);
    const shed = answers.filter((answer) => statusOf(answer) === 503);
    expect(shed.length).toBeGreaterThan(0);
    expect(answers.filter((answer) => statusOf(answer) === 200).length).toBe(100 - shed.length);
    for (const answer of shed) {
      expect(answer).toMatch(/\r\nRetry-After: 1\r\n/i);
      expect(answer).toMatch(/"error":"SERVICE_UNAVAILABLE","message":"[^"]+","data":null}$/);
    }
    expect(await metric(world, 'countersign_verification_shed_total')).toBe(shed.length);
    expect((await postLogin(world, headers)).status).toBe(200);
  });
});

test('a site with ever new IPv6 addresses fills the queue with its own logins only: another client still gets in', async () => {
  const world = await startWorld({
    settings: { 'engine.queue': '8', 'engine.workers': '0', 'proxy.trusted': '127.0.0.1' },
  });
  onTestFinished(() => world.stop());
  const owner = await newOwner(world);
  const headers = loginOf(world, owner.key, owner.account);
  const flood = Array.from({ length: 100 }, (_, i) => loginBytes(headers, `2001:db8:7:${i.toString(16)}::1`));
  const answers = await pipelined(world.port, [...flood, loginBytes(headers, '203.0.113.7')]);
  expect(answers.map(statusOf)).toContain(503);
  expect(answers.at(-1)?.slice(0, 12)).toBe('HTTP/1.1 200');
});

describe.each(['0', '1'])('while a hundred addresses send garbage logins in her name (%s workers)', (workers) => {
  let world: World;
  let alice: Owner;
  beforeAll(async () => {
    const settings = { 'engine.queue': '128', 'engine.workers': workers, 'proxy.trusted': '127.0.0.1' };
    world = await startWorld({ settings });
    alice = await newOwner(world);
  });
  afterAll(() => world.stop());

  test('Alice logs in every time while a hundred addresses send garbage logins in her name, and none of them does', async () => {
    const headers = loginOf(world, alice.key, alice.account);
    const statuses = new Map<number, number>();
    let over = false;
    const flood = Array.from({ length: 10 }, async (_, part) => {
      for (let round = 0; !over; round += 1) {
        const garbage = Array.from({ length: 30 }, (_, i) => {
          const signature = JSON.stringify([
            String(2n ** 250n + BigInt(round * 100 + i)),
            String(2n ** 249n - BigInt(i)),
          ]);
          return loginBytes({ ...headers, [SIGNATURE]: signature }, `198.51.100.${part * 10 + (i % 10)}`);
        });
        for (const answer of await pipelined(world.port, garbage)) {
          statuses.set(statusOf(answer), (statuses.get(statusOf(answer)) ?? 0) + 1);
        }
      }
    });
    const own: number[] = [];
    for (let n = 0; n < 6; n += 1) {
      own.push((await postLogin(world, { ...headers, 'X-Forwarded-For': '203.0.113.7' })).status);
    }
    over = true;
    await Promise.all(flood);
    expect(own).toEqual(own.map(() => 200));
    // How many are shed depends on the machine, and a fast one may shed none; that some are is the test above.
    expect(statuses.get(401)).toBeGreaterThan(0);
    expect([...statuses.keys()].filter((status) => status !== 401 && status !== 503)).toEqual([]);
  });
});
