// GET and POST /v1/onboarding, POST /v2/onboarding: proving a key makes its account known, and nothing else does.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { walletHeaders } from '../../src/client/sign-in.ts';
import { scureCurve } from '../../src/starknet/curve.ts';
import { type Answer, call, hasher, onboardingHeaders, starkTrader, walletTrader } from '../support/trader.ts';
import {
  expectRefusal,
  expectSuccess,
  loginOf,
  mainSession,
  newStarkKey,
  postLogin,
  postWallet,
  siweOf,
  startWorld,
  type World,
} from '../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

const smallFelts = Array.from({ length: 32 }, (_, i) => BigInt(i + 1));
const notOnCurve = `0x${(smallFelts.find((x) => !scureCurve.isPublicKey(x)) ?? 0n).toString(16)}`;
const lookUp = (query: string): Promise<Answer> => call(world.url, 'GET', `/v1/onboarding?${query}`);
const known = async (query: string): Promise<boolean> => (await lookUp(query)).json.exists;

describe('GET /v1/onboarding', () => {
  test('GET /v1/onboarding tells the address of a Stark key and whether its account exists', async () => {
    const trader = starkTrader();
    const query = `account_signer_type=starknet&public_key=${trader.key.publicKey}`;
    const before = await lookUp(query);
    expectSuccess(before, 200);
    expect(before.json).toEqual({
      account_signer_type: 'starknet',
      address: trader.account,
      exists: false,
      derivation_info: {
        class_hash: '0x41cb0280ebadaa75f996d8d92c6f265f6d040bb3ba442e5f86a554f1765244e',
        proxy_class_hash: '0x3530cc4759d78042f1b543bf797f5f3d647cde0388c33734cf91b7f7b9314a9',
      },
    });
    const headers = onboardingHeaders(hasher, trader.key, trader.account);
    await call(world.url, 'POST', '/v1/onboarding', { headers, body: { public_key: trader.key.publicKey } });
    expect((await lookUp(query)).json).toEqual({ ...before.json, exists: true });
  });

  test('GET /v1/onboarding tells the address of a wallet in any letter case, with one class hash', async () => {
    const trader = walletTrader();
    const digits = trader.wallet.address.slice(2);
    for (const text of [digits, digits.toUpperCase()]) {
      const answer = await lookUp(`account_signer_type=eip191&eth_address=0x${text}`);
      expectSuccess(answer, 200);
      expect(answer.json).toEqual({
        account_signer_type: 'eip191',
        address: trader.account,
        exists: false,
        derivation_info: { class_hash: '0x73414441639dcd11d1846f287650a00c60c416b9d3ba45d31c651672125b2c2' },
      });
    }
  });

  test.each([
    ['', 'INVALID_REQUEST_PARAMETER'],
    ['account_signer_type=rsa', 'INVALID_REQUEST_PARAMETER'],
    ['account_signer_type=Starknet&public_key=0x1', 'INVALID_REQUEST_PARAMETER'],
    ['account_signer_type=starknet', 'INVALID_REQUEST_PARAMETER'],
    ['account_signer_type=starknet&public_key=', 'INVALID_REQUEST_PARAMETER'],
    ['account_signer_type=starknet&public_key=12', 'PUBLIC_KEY_INVALID'],
    [`account_signer_type=starknet&public_key=0x${'f'.repeat(64)}`, 'PUBLIC_KEY_INVALID'],
    [`account_signer_type=starknet&public_key=${notOnCurve}`, 'PUBLIC_KEY_INVALID'],
    ['account_signer_type=eip191', 'INVALID_REQUEST_PARAMETER'],
    ['account_signer_type=eip191&eth_address=0x12', 'INVALID_ETHEREUM_ADDRESS'],
    [
      `account_signer_type=eip191&eth_address=0x${'1'.repeat(40)}&vault_operator_index=0`,
      'EVM_VAULT_OPERATORS_DISABLED',
    ],
    ['account_signer_type=starknet&account_signer_type=eip191', 'BINDING_ERROR'],
  ])('GET /v1/onboarding refuses ?%s with %s', async (query, code) => {
    expectRefusal(await lookUp(query), 400, code);
  });
});

describe('POST /v1/onboarding', () => {
  const post = (headers: Record<string, string>, body?: unknown): Promise<Answer> =>
    call(world.url, 'POST', '/v1/onboarding', { headers, ...(body === undefined ? {} : { body }) });

  test('POST /v1/onboarding answers {} and makes the account known; a repeat is the same', async () => {
    const trader = starkTrader();
    const headers = onboardingHeaders(hasher, trader.key, trader.account);
    expectRefusal(await postLogin(world, loginOf(world, trader.key, trader.account)), 400, 'NOT_ONBOARDED');
    for (const _repeat of [1, 2]) {
      const answer = await post(headers, { public_key: trader.key.publicKey });
      expectSuccess(answer, 200);
      expect(answer.text).toBe('{}');
    }
    expect(await mainSession(world, trader)).toMatch(/^ey/);
  });

  test.each([
    ['{}', {}],
    ['an empty body', ''],
    ['an empty public_key', { public_key: '' }],
    [
      'members that we do not know',
      { referral_code: 'x', utm: { source: 'y' }, portfolio_margin: true, key_type: 'z' },
    ],
  ])('POST /v1/onboarding recovers the key from the signature when the body is %s', async (_name, body) => {
    const trader = starkTrader();
    expectSuccess(await post(onboardingHeaders(hasher, trader.key, trader.account), body), 200);
    expect(await known(`account_signer_type=starknet&public_key=${trader.key.publicKey}`)).toBe(true);
  });

  test('POST /v1/onboarding reads addresses and keys as numbers, signatures as hex too, and ignores headers that it does not know', async () => {
    const trader = starkTrader();
    const wide = (felt: string): string => `0x${felt.slice(2).toUpperCase().padStart(64, '0')}`;
    const headers = onboardingHeaders(hasher, trader.key, trader.account);
    const [r = '', s = ''] = trader.key.sign(hasher.onboardingHash(trader.account));
    const answer = await post(
      {
        ...headers,
        'PARADEX-STARKNET-ACCOUNT': wide(trader.account),
        'PARADEX-STARKNET-SIGNATURE': JSON.stringify([`0x${BigInt(r).toString(16)}`, `0x${BigInt(s).toString(16)}`]),
        'PARADEX-TIMESTAMP': 'whenever',
        'PARADEX-PARTNER': 'CCXT',
        'PARADEX-STARKNET-MESSAGE-HASH': '0x1',
        Authorization: 'Bearer stale',
      },
      { public_key: wide(trader.key.publicKey) },
    );
    expectSuccess(answer, 200);
    expect(await known(`account_signer_type=starknet&public_key=${trader.key.publicKey}`)).toBe(true);
  });

  const other = starkTrader();
  const evm = walletTrader();
  type Change = { headers?: Record<string, string | undefined>; body?: unknown };
  const refusals: readonly (readonly [string, number, string, Change])[] = [
    ['no account', 400, 'INVALID_REQUEST_PARAMETER', { headers: { 'PARADEX-STARKNET-ACCOUNT': undefined } }],
    ['no signature', 400, 'INVALID_REQUEST_PARAMETER', { headers: { 'PARADEX-STARKNET-SIGNATURE': undefined } }],
    ['no Ethereum account', 400, 'INVALID_REQUEST_PARAMETER', { headers: { 'PARADEX-ETHEREUM-ACCOUNT': undefined } }],
    ['an account that is no felt', 400, 'INVALID_STARKNET_ADDRESS', { headers: { 'PARADEX-STARKNET-ACCOUNT': '12' } }],
    ['the account 0', 400, 'INVALID_STARKNET_ADDRESS', { headers: { 'PARADEX-STARKNET-ACCOUNT': '0x0' } }],
    [
      'an account of p or more',
      400,
      'INVALID_STARKNET_ADDRESS',
      { headers: { 'PARADEX-STARKNET-ACCOUNT': `0x${'f'.repeat(64)}` } },
    ],
    [
      'the account of another key',
      400,
      'INVALID_STARKNET_ADDRESS',
      { headers: { 'PARADEX-STARKNET-ACCOUNT': other.account } },
    ],
    [
      'the account of a wallet',
      400,
      'INVALID_STARKNET_ADDRESS',
      { headers: { 'PARADEX-STARKNET-ACCOUNT': evm.account } },
    ],
    [
      'a signature of numbers',
      400,
      'INVALID_STARKNET_SIGNATURE',
      { headers: { 'PARADEX-STARKNET-SIGNATURE': '[1,2]' } },
    ],
    [
      'a signature of one part',
      400,
      'INVALID_STARKNET_SIGNATURE',
      { headers: { 'PARADEX-STARKNET-SIGNATURE': '["1"]' } },
    ],
    [
      'a signature that is no JSON',
      400,
      'INVALID_STARKNET_SIGNATURE',
      { headers: { 'PARADEX-STARKNET-SIGNATURE': '0x1' } },
    ],
    [
      'the signature of another key',
      401,
      'STARKNET_SIGNATURE_VERIFICATION_FAILED',
      { headers: { 'PARADEX-STARKNET-SIGNATURE': '["1","2"]' } },
    ],
    [
      'that, with the key left out',
      401,
      'STARKNET_SIGNATURE_VERIFICATION_FAILED',
      { headers: { 'PARADEX-STARKNET-SIGNATURE': '["1","2"]' }, body: {} },
    ],
    ['a key that is no felt', 400, 'PUBLIC_KEY_INVALID', { body: { public_key: 'x' } }],
    ['a key that is no point', 400, 'PUBLIC_KEY_INVALID', { body: { public_key: notOnCurve } }],
    ['another key', 400, 'INVALID_STARKNET_ADDRESS', { body: { public_key: other.key.publicKey } }],
    ['a key of another type', 400, 'BINDING_ERROR', { body: { public_key: 1 } }],
    ['a body of another type', 400, 'BINDING_ERROR', { body: [] }],
    ['a parent account', 400, 'INVALID_PARENT_ACCOUNT', { headers: { 'PARADEX-PARENT-ACCOUNT': 'prdx:0x1' } }],
    [
      'a derivation path',
      400,
      'INVALID_PARENT_ACCOUNT',
      { headers: { 'PARADEX-STARKNET-ACCOUNT-DERIVATION-PATH': "m/44'/9004'/0'/0/1" } },
    ],
  ];

  describe('refused, and none of the accounts it names becomes known', () => {
    const trader = starkTrader();
    const sound = onboardingHeaders(hasher, trader.key, trader.account);

    test.each(refusals)(
      'POST /v1/onboarding with %s is %i %s, and the account it names does not become known',
      async (_name, status, code, change) => {
        const headers = Object.entries({ ...sound, ...change.headers });
        const sent = headers.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
        const answer = await post(Object.fromEntries(sent), change.body ?? { public_key: trader.key.publicKey });
        expectRefusal(answer, status, code);
        expect(await known(`account_signer_type=starknet&public_key=${trader.key.publicKey}`)).toBe(false);
      },
    );

    test('no other account became known by a refused POST /v1/onboarding, and the headers that were spoiled are sound', async () => {
      expect(await known(`account_signer_type=starknet&public_key=${other.key.publicKey}`)).toBe(false);
      expect(await known(`account_signer_type=eip191&eth_address=${evm.wallet.address}`)).toBe(false);
      expectSuccess(await post(sound, { public_key: trader.key.publicKey }), 200);
    });
  });

  test('a login signature does not onboard', async () => {
    const trader = starkTrader();
    const headers = {
      ...onboardingHeaders(hasher, trader.key, trader.account),
      'PARADEX-STARKNET-SIGNATURE': loginOf(world, trader.key, trader.account)['PARADEX-STARKNET-SIGNATURE'] ?? '',
    };
    const answer = await post(headers, { public_key: trader.key.publicKey });
    expectRefusal(answer, 401, 'STARKNET_SIGNATURE_VERIFICATION_FAILED');
  });
});

describe('POST /v2/onboarding', () => {
  const path = '/v2/onboarding';
  const statement = 'Paradex Onboarding';

  test.each([path, '/v1/v2/onboarding'])(
    'POST %s answers {} and makes the account known; a replay is the same',
    async (path) => {
      const trader = walletTrader();
      const message = siweOf(world, trader, statement, { life: 0 });
      for (const _repeat of [1, 2]) {
        const answer = await postWallet(world, path, trader, message, {
          body: { public_key: trader.wallet.publicKey },
        });
        expectSuccess(answer, 200);
        expect(answer.text).toBe('{}');
      }
      expect(await known(`account_signer_type=eip191&eth_address=${trader.wallet.address}`)).toBe(true);
    },
  );

  test('POST /v2/onboarding accepts a message without Issued At, URL-safe base64 without padding, and v of 0 and 1', async () => {
    const trader = walletTrader();
    const message = siweOf(world, trader, statement, { life: 0 }).replace(/\nIssued At: .*$/, '');
    const signature = trader.wallet.personalSign(message);
    const v = Number.parseInt(signature.slice(-2), 16) - 27;
    const answer = await postWallet(world, path, trader, message, {
      headers: {
        'PARADEX-SIWE-MESSAGE': Buffer.from(message).toString('base64url'),
        'PARADEX-EVM-SIGNATURE': `${signature.slice(0, -2)}0${v}`,
      },
      body: { public_key: trader.wallet.publicKey, referral_code: 'x' },
    });
    expectSuccess(answer, 200);
  });

  const other = walletTrader();
  const compressed = `0x02${'1'.repeat(64)}`;
  interface Change {
    readonly headers?: Record<string, string>;
    readonly body?: unknown;
    readonly siwe?: Parameters<typeof siweOf>[3];
    readonly statement?: string;
  }
  const content = 'EVM_SIGNATURE_VERIFICATION_FAILED';
  const refusals: readonly (readonly [string, number, string, Change])[] = [
    ['no account', 400, 'INVALID_REQUEST_PARAMETER', { headers: { 'PARADEX-STARKNET-ACCOUNT': '' } }],
    ['no signature', 400, 'INVALID_REQUEST_PARAMETER', { headers: { 'PARADEX-EVM-SIGNATURE': '' } }],
    ['no message', 400, 'INVALID_REQUEST_PARAMETER', { headers: { 'PARADEX-SIWE-MESSAGE': '' } }],
    ['no public_key', 400, 'INVALID_REQUEST_PARAMETER', { body: {} }],
    ['no body', 400, 'INVALID_REQUEST_PARAMETER', { body: '' }],
    ['a public_key of another type', 400, 'BINDING_ERROR', { body: { public_key: 4 } }],
    ['a compressed public_key', 400, 'PUBLIC_KEY_INVALID', { body: { public_key: compressed } }],
    ['a public_key that is no point', 400, 'PUBLIC_KEY_INVALID', { body: { public_key: `0x04${'1'.repeat(128)}` } }],
    [
      'the public_key of another wallet',
      401,
      'ETHEREUM_SIGNER_MISMATCH',
      { body: { public_key: other.wallet.publicKey } },
    ],
    [
      'the account of another wallet',
      400,
      'INVALID_STARKNET_ADDRESS',
      { headers: { 'PARADEX-STARKNET-ACCOUNT': other.account } },
    ],
    ['an account that is no felt', 400, 'INVALID_STARKNET_ADDRESS', { headers: { 'PARADEX-STARKNET-ACCOUNT': 'x' } }],
    ['a message that is no base64', 400, 'INVALID_EVM_SIGNATURE', { headers: { 'PARADEX-SIWE-MESSAGE': '***' } }],
    ['a message that is no SIWE', 400, 'INVALID_EVM_SIGNATURE', { headers: { 'PARADEX-SIWE-MESSAGE': 'aGVsbG8=' } }],
    ['a signature that is no hex', 400, 'INVALID_EVM_SIGNATURE', { headers: { 'PARADEX-EVM-SIGNATURE': '0xzz' } }],
    ['a login message', 401, content, { statement: 'Paradex Auth' }],
    ['another domain', 401, content, { siwe: { life: 0, domain: 'evil.example' } }],
    ['another chain', 401, content, { siwe: { life: 0, chainId: 1 } }],
    ['another URI', 401, content, { siwe: { life: 0, uri: 'https://evil.example' } }],
    ['a message from the future', 400, 'INVALID_TIMESTAMP', { siwe: { life: 0, age: -31 } }],
    ['an expired message', 400, 'INVALID_BLOCK_EXPIRATION', { siwe: { life: 60, age: 61 } }],
    ['a parent account', 400, 'INVALID_PARENT_ACCOUNT', { headers: { 'PARADEX-PARENT-ACCOUNT': 'prdx:0x1' } }],
  ];

  describe('refused, and none of the accounts it names becomes known', () => {
    const trader = walletTrader();

    test.each(refusals)(
      'POST /v2/onboarding with %s is %i %s, and the account it names does not become known',
      async (_name, status, code, change) => {
        const message = siweOf(world, trader, change.statement ?? statement, change.siwe ?? { life: 0 });
        const answer = await postWallet(world, path, trader, message, {
          ...(change.headers === undefined ? {} : { headers: change.headers }),
          body: change.body ?? { public_key: trader.wallet.publicKey },
        });
        expectRefusal(answer, status, code);
        expect(await known(`account_signer_type=eip191&eth_address=${trader.wallet.address}`)).toBe(false);
      },
    );

    test('no other account became known by a refused POST /v2/onboarding', async () => {
      expect(await known(`account_signer_type=eip191&eth_address=${other.wallet.address}`)).toBe(false);
    });
  });

  test('an onboarding message that names one wallet and is signed by another is refused', async () => {
    const trader = walletTrader();
    const message = siweOf(world, trader, statement, { life: 0 });
    const headers = walletHeaders(other.wallet, trader.account, message);
    for (const { wallet } of [trader, other]) {
      const answer = await call(world.url, 'POST', path, { headers, body: { public_key: wallet.publicKey } });
      expectRefusal(answer, 401, 'ETHEREUM_SIGNER_MISMATCH');
    }
  });

  test('a Stark key cannot onboard the account of a wallet, nor the reverse', async () => {
    const trader = walletTrader();
    const key = newStarkKey();
    const headers = onboardingHeaders(hasher, key, trader.account);
    const answer = await call(world.url, 'POST', '/v1/onboarding', { headers, body: { public_key: key.publicKey } });
    expectRefusal(answer, 400, 'INVALID_STARKNET_ADDRESS');
    const stark = starkTrader();
    const message = siweOf(world, trader, statement, { life: 0 });
    const reverse = await postWallet(world, path, trader, message, {
      headers: { 'PARADEX-STARKNET-ACCOUNT': stark.account },
      body: { public_key: trader.wallet.publicKey },
    });
    expectRefusal(reverse, 400, 'INVALID_STARKNET_ADDRESS');
  });
});
