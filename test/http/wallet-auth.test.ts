// POST /v2/auth: a wallet's session, and what its EIP-4361 message must say.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call, walletHeaders, walletTrader } from '../support/trader.ts';
import {
  claimsOf,
  expectRefusal,
  expectSuccess,
  loginOf,
  newOwner,
  newStarkKey,
  newWalletOwner,
  postLogin,
  postSubkey,
  postWallet,
  type SiweOptions,
  sessionIn,
  siweOf,
  startWorld,
  type WalletOwner,
  type World,
} from '../support/world.ts';

let world: World;
let owner: WalletOwner;
beforeAll(async () => {
  world = await startWorld();
  owner = await newWalletOwner(world);
});
afterAll(() => world.stop());

const AUTH = '/v2/auth';
const STATEMENT = 'Paradex Auth';
const FAILED = 'EVM_SIGNATURE_VERIFICATION_FAILED';
const login = (options: SiweOptions = {}, path = AUTH) =>
  postWallet(world, path, owner, siweOf(world, owner, STATEMENT, options));
/** The message with one text replaced, signed as it then is. */
const edited = (from: string | RegExp, to: string) => {
  const message = siweOf(world, owner, STATEMENT);
  const text = message.replace(from, to);
  expect(text).not.toBe(message);
  return postWallet(world, AUTH, owner, text);
};

describe('a session', () => {
  test.each([AUTH, '/v1/v2/auth', '/v2/auth/'])(
    'a wallet session of %s has all rights of the account, and the time of Issued At',
    async (path) => {
      const answer = await login({ age: 20, life: 30 }, path);
      expectSuccess(answer, 200);
      expect(Object.keys(answer.json)).toEqual(['jwt_token']);
      const now = world.clock.seconds();
      expect(claimsOf(answer.json.jwt_token)).toMatchObject({
        sub: owner.account,
        cs_kind: 'evm',
        cs_id: 'main',
        cs_key: owner.wallet.address,
        auth_time: now - 20,
        iat: now,
        exp: now + 300,
      });
      expect((await call(world.url, 'GET', '/v1/balance', { bearer: answer.json.jwt_token })).status).toBe(200);
    },
  );

  test('a wallet session has token_usage and the isolated flag exactly when asked', async () => {
    const headers = { 'PARADEX-AUTHORIZE-ISOLATED-MARKETS': 'true' };
    const message = siweOf(world, owner, STATEMENT);
    const answer = await postWallet(world, `${AUTH}?token_usage=interactive`, owner, message, { headers });
    expect(claimsOf(sessionIn(answer))).toMatchObject({ token_usage: 'interactive', iso: true });
    const plain = claimsOf(sessionIn(await login()));
    expect([plain.token_usage, plain.iso]).toEqual([undefined, undefined]);
  });

  test('a wallet login ignores the body, its content type and a stale bearer', async () => {
    const headers = { 'Content-Type': 'application/json', Authorization: 'Bearer stale' };
    for (const body of [undefined, '', '{"']) {
      const message = siweOf(world, owner, STATEMENT);
      expectSuccess(
        await postWallet(world, AUTH, owner, message, body === undefined ? { headers } : { headers, body }),
        200,
      );
    }
  });

  test('a wallet login accepts times with an offset, an EIP-55 address, and our own loopback name over http', async () => {
    expectSuccess(await edited(/Z(?=\n|$)/g, '+00:00'), 200);
    const digits = owner.wallet.address.slice(2);
    expectSuccess(await edited(owner.wallet.address, `0x${digits.toUpperCase()}`), 200);
    const domain = `127.0.0.1:${world.port}`;
    expectSuccess(await login({ domain, uri: `http://${domain}` }), 200);
    expectRefusal(await login({ domain: '127.0.0.1:1', uri: 'http://127.0.0.1:1' }), 401, FAILED);
  });
});

describe('a message is good once', () => {
  test('a wallet message is refused the second time', async () => {
    const message = siweOf(world, owner, STATEMENT);
    expectSuccess(await postWallet(world, AUTH, owner, message), 200);
    const usedAt = world.clock.nanos();
    world.clock.advance(2);
    for (const path of [AUTH, '/v1/v2/auth']) {
      const answer = await postWallet(world, path, owner, message);
      expectRefusal(answer, 401, 'SIGNATURE_ALREADY_USED');
      expect(answer.text).toContain(`"data":{"used_at":${usedAt}}`);
      expect(answer.json.message).not.toMatch(/verif|not by/);
    }
  });

  test('a wallet message with a nonce that was used is refused, until a minute after the first message expired', async () => {
    expectSuccess(await login({ nonce: 'reusednonce1', life: 300 }), 200);
    expectRefusal(await login({ nonce: 'reusednonce1', life: 200 }), 401, 'SIGNATURE_ALREADY_USED');
  });

  test('two equal wallet messages at the same time open one session', async () => {
    const message = siweOf(world, owner, STATEMENT);
    const answers = await Promise.all([1, 2, 3].map(() => postWallet(world, AUTH, owner, message)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401]);
  });

  test('a nonce belongs to its account: another owner may use the same', async () => {
    const other = await newWalletOwner(world);
    expectSuccess(await login({ nonce: 'samenonce123' }), 200);
    expectSuccess(
      await postWallet(world, AUTH, other, siweOf(world, other, STATEMENT, { nonce: 'samenonce123' })),
      200,
    );
  });

  test('a refused wallet message uses up no nonce', async () => {
    const nonce = 'survivingnonce';
    expectRefusal(await login({ nonce, chainId: 1 }), 401, FAILED);
    const message = siweOf(world, owner, STATEMENT, { nonce });
    const thief = walletTrader();
    const headers = walletHeaders(thief.wallet, owner.account, message);
    const said = expectRefusal(await call(world.url, 'POST', AUTH, { headers }), 401, 'ETHEREUM_SIGNER_MISMATCH');
    expect(said).toContain(`by ${thief.wallet.address}, and not by ${owner.wallet.address}`);
    expectSuccess(await postWallet(world, AUTH, owner, message), 200);
  });
});

describe('what the message must say', () => {
  test.each<[string, SiweOptions, number, string]>([
    ['another domain', { domain: 'evil.example' }, 401, FAILED],
    ['a URI of another host', { uri: 'https://evil.example' }, 401, FAILED],
    ['http where there is a network', { uri: 'http://app.testnet.paradex.trade' }, 401, FAILED],
    ['another chain', { chainId: 1 }, 401, FAILED],
    ['no Expiration Time', { life: 0 }, 400, 'INVALID_BLOCK_EXPIRATION'],
    ['a window of 601 s', { life: 601 }, 400, 'INVALID_BLOCK_EXPIRATION'],
    ['an expiration that has come', { age: 60, life: 60 }, 400, 'INVALID_BLOCK_EXPIRATION'],
    ['an expiration before it is issued', { age: -20, life: -5 }, 400, 'INVALID_BLOCK_EXPIRATION'],
    ['31 s ahead', { age: -31 }, 400, 'INVALID_TIMESTAMP'],
    ['a nonce of 7', { nonce: 'short12' }, 400, 'INVALID_EVM_SIGNATURE'],
  ])('a wallet message is refused: %s', async (_name, options, status, code) => {
    expectRefusal(await login(options), status, code);
  });

  test.each<[string, SiweOptions]>([
    ['a window of 600 s', { life: 600 }],
    ['30 s ahead', { age: -30 }],
    ['a second before it expires', { age: 59, life: 60 }],
  ])('a wallet message is accepted: %s', async (_name, options) => {
    expectSuccess(await login(options), 200);
  });

  test.each<[string, string | RegExp, string, number, string]>([
    ['the statement of onboarding', STATEMENT, 'Paradex Onboarding', 401, FAILED],
    ['the statement of a registration', STATEMENT, 'Paradex Subkey Registration: 0x1', 401, FAILED],
    ['a longer statement', STATEMENT, 'Paradex Auth please', 401, FAILED],
    ['no Issued At', /\nIssued At: .*/, '', 400, 'INVALID_TIMESTAMP'],
    ['version 2', 'Version: 1', 'Version: 2', 400, 'INVALID_EVM_SIGNATURE'],
    ['a trailing newline', /$/, '\n', 400, 'INVALID_EVM_SIGNATURE'],
    ['resources', /$/, '\nResources:\n- https://evil.example', 400, 'INVALID_EVM_SIGNATURE'],
    ['CRLF', /\n/g, '\r\n', 400, 'INVALID_EVM_SIGNATURE'],
  ])('a wallet message of another text is refused: %s', async (_name, from, to, status, code) => {
    expectRefusal(await edited(from, to), status, code);
  });

  test.each<[string, string | RegExp, string, string]>([
    ['Not Before', /$/, '\nNot Before: 2026-01-01T00:00:00Z', 'not_before'],
    ['Request ID', /$/, '\nRequest ID: 1', 'request_id'],
    ['Resources', /$/, '\nResources:\n- https://evil.example', 'resources'],
    ['a scheme', /^/, 'https://', 'scheme'],
    ['Version', 'Version: 1', 'Version: 2', 'version'],
    ['Nonce', /Nonce: .*/, 'Nonce: a-b-c-d-e', 'nonce'],
    ['CR', /\n/g, '\r\n', 'line_ends'],
    ['behind the last field', /$/, '\n', 'trailing'],
    ['Issued At', /Issued At: .*/, 'Issued At: 1767323045', 'issued_at'],
  ])('a part of EIP-4361 that we do not take is refused by its name: %s', async (name, from, to, field) => {
    const answer = await edited(from, to);
    expect(expectRefusal(answer, 400, 'INVALID_EVM_SIGNATURE')).toContain(name);
    expect(answer.json.data).toEqual({ field });
  });
});

describe('what is malformed or not proven', () => {
  test.each([
    ['PARADEX-STARKNET-ACCOUNT', '', 'INVALID_REQUEST_PARAMETER'],
    ['PARADEX-EVM-SIGNATURE', '', 'INVALID_REQUEST_PARAMETER'],
    ['PARADEX-SIWE-MESSAGE', '', 'INVALID_REQUEST_PARAMETER'],
    ['PARADEX-STARKNET-ACCOUNT', '12', 'INVALID_STARKNET_ADDRESS'],
    ['PARADEX-EVM-SIGNATURE', '0x12', 'INVALID_EVM_SIGNATURE'],
    ['PARADEX-SIWE-MESSAGE', 'YQ=', 'INVALID_EVM_SIGNATURE'],
    ['PARADEX-AUTHORIZE-ISOLATED-MARKETS', 'yes', 'INVALID_REQUEST_PARAMETER'],
  ])('a wallet login with %s = "%s" is 400 %s', async (name, value, code) => {
    const message = siweOf(world, owner, STATEMENT);
    expectRefusal(await postWallet(world, AUTH, owner, message, { headers: { [name]: value } }), 400, code);
  });

  test("the high-s twin of a wallet's signature is malformed", async () => {
    const n = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
    const message = siweOf(world, owner, STATEMENT);
    const signature = owner.wallet.personalSign(message);
    const s = (n - BigInt(`0x${signature.slice(66, 130)}`)).toString(16).padStart(64, '0');
    const v = signature.endsWith('1b') ? '1c' : '1b';
    const headers = { 'PARADEX-EVM-SIGNATURE': signature.slice(0, 66) + s + v };
    expectRefusal(await postWallet(world, AUTH, owner, message, { headers }), 400, 'INVALID_EVM_SIGNATURE');
  });

  test('a wallet login of an unknown account is NOT_ONBOARDED, before anything is said about the message', async () => {
    const stranger = walletTrader();
    const expired = siweOf(world, stranger, 'nonsense', { age: 100, life: 10 });
    for (const message of [siweOf(world, stranger, STATEMENT), expired]) {
      expectRefusal(await postWallet(world, AUTH, stranger, message), 400, 'NOT_ONBOARDED');
    }
  });

  test('a wallet opens its own account only', async () => {
    const other = await newWalletOwner(world);
    const stark = await newOwner(world);
    for (const { account } of [other, stark]) {
      const headers = walletHeaders(owner.wallet, account, siweOf(world, owner, STATEMENT));
      expectRefusal(await call(world.url, 'POST', AUTH, { headers }), 401, 'ETHEREUM_SIGNER_MISMATCH');
    }
  });

  test('a wallet message that was changed after it was signed is refused', async () => {
    const message = siweOf(world, owner, STATEMENT);
    const headers = {
      ...walletHeaders(owner.wallet, owner.account, message),
      'PARADEX-SIWE-MESSAGE': Buffer.from(message.replace('Nonce: ', 'Nonce: x')).toString('base64'),
    };
    expectRefusal(await call(world.url, 'POST', AUTH, { headers }), 401, 'ETHEREUM_SIGNER_MISMATCH');
  });
});

describe('a wallet\u2019s account on /v1/auth', () => {
  test("a wallet's account has no main Stark key on /v1/auth, but its subkeys log in on both paths", async () => {
    const subkey = newStarkKey();
    const stranger = newStarkKey();
    const message = siweOf(world, owner, `Paradex Subkey Registration: ${subkey.publicKey}`);
    const registered = await postSubkey(world, owner.session, {
      name: 'bot',
      public_key: subkey.publicKey,
      siwe_message: message,
      evm_signature: owner.wallet.personalSign(message),
    });
    expect(registered.status, registered.text).toBe(201);
    for (const path of [undefined, subkey.publicKey]) {
      const answer = await postLogin(world, loginOf(world, subkey, owner.account), path);
      expect(claimsOf(sessionIn(answer))).toMatchObject({ cs_kind: 'subkey', sub: owner.account });
    }
    const answer = await postLogin(world, loginOf(world, stranger, owner.account));
    expectRefusal(answer, 401, 'STARKNET_SIGNATURE_VERIFICATION_FAILED');
  });
});
