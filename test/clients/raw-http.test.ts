// What clients that cannot run here are known to send, byte by byte where it matters: each habit must keep working, and what looks
// like leniency must not let anybody in.
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createStarkKey, randomStarkPrivateKey, type StarkKey } from '../../src/client/stark-key.ts';
import { settingOf } from '../../src/config/schema.ts';
import type { AccountId } from '../../src/domain/credential.ts';
import { systemWall, unixSeconds } from '../../src/domain/time.ts';
import { curve } from '../support/curve.ts';
import { type Service, startService, unsignedOrders } from '../support/harness.ts';
import { exchange } from '../support/raw-http.ts';
import {
  createToken,
  hasher,
  loginHeaders,
  mainSession,
  newWindow,
  onboard,
  onboardingHeaders,
  onboardWallet,
  registerSubkey,
  registrationProof,
  type StarkTrader,
  siweFor,
  starkTrader,
  subkeySession,
  type WalletTrader,
  walletHeaders,
  walletSession,
  walletTrader,
} from '../support/trader.ts';

let service: Service;
beforeAll(async () => {
  service = await startService({ settings: unsignedOrders });
});
afterAll(() => service.stop());

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests read members of answers whose shape is what they assert.
  readonly json: any;
}

interface Sent {
  readonly bearer?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is when it is a string, else as JSON. No content type but for one in `headers`. */
  readonly body?: unknown;
  readonly port?: number;
}

/** One request whose target and headers are sent as they are given; redirects are not followed. */
function send(
  method: string,
  path: string,
  { bearer, headers, body, port = service.port }: Sent = {},
): Promise<Answer> {
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const all = {
    ...(bearer === undefined ? {} : { Authorization: `Bearer ${bearer}` }),
    ...(text === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(text)) }),
    ...headers,
  };
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ host: '127.0.0.1', port, method, path, headers: all, agent: false }, (response) => {
      let received = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        received += chunk;
      });
      response.on('error', reject);
      response.on('end', () => {
        const json: unknown = /^[[{]/.test(received) ? JSON.parse(received) : undefined;
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text: received, json });
      });
    });
    sent.on('error', reject);
    sent.end(text);
  });
}

const JSON_TYPE = { 'Content-Type': 'application/json' };
const reached = (operation: string): number => service.venue.counts().get(operation) ?? 0;
const seen = () => service.venue.requests().at(-1);

function expectError(answer: Answer, status: number, code: string): void {
  expect([answer.status, answer.json?.error]).toEqual([status, code]);
  // paradex-py reads errors with a closed schema: one member more, and its own fallbacks fail.
  expect(Object.keys(answer.json)).toEqual(['error', 'message', 'data']);
}

/** The session of a login that must have succeeded, after a request with it has. */
async function workingSession(login: Answer, account: AccountId): Promise<string> {
  expect(login.status).toBe(200);
  expect(Object.keys(login.json)).toEqual(['jwt_token']);
  const bearer = String(login.json.jwt_token);
  expect((await send('GET', '/v1/account', { bearer })).json.account).toBe(account);
  return bearer;
}

async function newOwner(): Promise<StarkTrader & { session: string }> {
  const trader = starkTrader();
  await onboard(service.url, trader);
  return { ...trader, session: await mainSession(service.url, trader) };
}

const newSubkey = (): StarkKey => createStarkKey(randomStarkPrivateKey());
const LIMIT_ORDER = { market: 'BTC-USD-PERP', side: 'BUY', type: 'LIMIT', size: '0.01', price: '100' };

/** The session of a subkey that was just registered. */
async function newBot(owner: StarkTrader & { session: string }): Promise<string> {
  const subkey = await registerSubkey(service.url, owner, owner.session);
  return subkeySession(service.url, owner.account, subkey);
}

describe('the body of a login', () => {
  test.each([
    ['absent, with a JSON content type (paradex-py)', JSON_TYPE, undefined],
    ['absent, without a content type (ccxt)', {}, undefined],
    ['an empty JSON string (paradex-rs)', JSON_TYPE, '""'],
    ['an empty JSON object (TypeScript sample)', JSON_TYPE, '{}'],
    ['an empty object that calls itself text', { 'Content-Type': 'text/plain' }, '{}'],
    ['no JSON at all', JSON_TYPE, '{"half":'],
  ])('may be %s', async (_what, headers, body) => {
    const { key, account } = await newOwner();
    for (const path of ['/v1/auth', `/v1/auth/${key.publicKey}`]) {
      const signed = { ...loginHeaders(hasher, key, account, newWindow()), ...headers };
      await workingSession(await send('POST', path, { headers: signed, body }), account);
    }
  });

  test.each([
    ['of no stated length', '', ''],
    ['chunked and empty', 'Transfer-Encoding: chunked\r\n', '0\r\n\r\n'],
  ])('may be %s', async (_what, framing, body) => {
    const { key, account } = await newOwner();
    const signed = Object.entries(loginHeaders(hasher, key, account, newWindow()));
    const lines = ['POST /v1/auth HTTP/1.1', 'Host: 127.0.0.1', 'Content-Type: application/json'];
    const head = [...lines, ...signed.map(([name, value]) => `${name}: ${value}`)].join('\r\n');
    const answer = await exchange(service.port, `${head}\r\n${framing}\r\n${body}`);
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toEqual({ jwt_token: expect.any(String) });
  });

  test('the body of a login may be any, or none, on the wallet login too', async () => {
    const trader = walletTrader();
    await onboardWallet(service.url, trader);
    for (const body of [undefined, '', '""', '{}', '{"half":']) {
      const headers = {
        ...JSON_TYPE,
        ...walletHeaders(trader.wallet, trader.account, siweFor(trader, 'Paradex Auth')),
      };
      await workingSession(await send('POST', '/v2/auth', { headers, body }), trader.account);
    }
  });
});

describe('the headers of a login', () => {
  test('a trailing slash is answered, not redirected (Java sample)', async () => {
    const { key, account } = await newOwner();
    for (const path of ['/v1/auth/', `/v1/auth/${key.publicKey}/`, '/v1/auth/?token_usage=interactive']) {
      const headers = loginHeaders(hasher, key, account, newWindow());
      await workingSession(await send('POST', path, { headers }), account);
    }
  });

  test('r and s may be hex, padded, or one of each (blackcube); never JSON numbers', async () => {
    const { key, account } = await newOwner();
    const headers = loginHeaders(hasher, key, account, newWindow());
    const [r = '', s = '']: string[] = JSON.parse(headers['PARADEX-STARKNET-SIGNATURE'] ?? '');
    const hex = (decimal: string) => `0x${BigInt(decimal).toString(16)}`;
    const padded = (decimal: string) => `0x${BigInt(decimal).toString(16).toUpperCase().padStart(64, '0')}`;
    const signed = (signature: string) =>
      send('POST', '/v1/auth', { headers: { ...headers, 'PARADEX-STARKNET-SIGNATURE': signature } });
    for (const pair of [
      [hex(r), hex(s)],
      [padded(r), padded(s)],
      [r, hex(s)],
    ]) {
      await workingSession(await signed(JSON.stringify(pair)), account);
      await workingSession(await signed(`[ "${pair[0]}" , "${pair[1]}" ]`), account);
    }
    expectError(await signed(`[${r},${s}]`), 400, 'INVALID_STARKNET_SIGNATURE');
    expectError(await signed(JSON.stringify([hex(r), hex(r)])), 401, 'STARKNET_SIGNATURE_VERIFICATION_FAILED');
  });

  test('a message hash that the client sends is never used, neither against nor for it (Java sample)', async () => {
    const { key, account } = await newOwner();
    const stranger = newSubkey();
    const headers = loginHeaders(hasher, key, account, newWindow());
    const wrong = { ...headers, 'PARADEX-STARKNET-MESSAGE-HASH': '0x1' };
    await workingSession(await send('POST', '/v1/auth', { headers: wrong }), account);
    // The owner's real signature of something else, presented with the hash that it is good for.
    const other = hasher.onboardingHash(account);
    const replayed = {
      ...headers,
      'PARADEX-STARKNET-SIGNATURE': JSON.stringify(key.sign(other)),
      'PARADEX-STARKNET-MESSAGE-HASH': `0x${other.toString(16)}`,
    };
    const failed = 'STARKNET_SIGNATURE_VERIFICATION_FAILED';
    expectError(await send('POST', '/v1/auth', { headers: replayed }), 401, failed);
    const foreign = { ...replayed, 'PARADEX-STARKNET-SIGNATURE': JSON.stringify(stranger.sign(other)) };
    expectError(await send('POST', '/v1/auth', { headers: foreign }), 401, failed);
  });

  test('header names may be in any case, and headers we do not know are ignored', async () => {
    const { key, account } = await newOwner();
    const signed = Object.entries(loginHeaders(hasher, key, account, newWindow()));
    const headers = {
      ...Object.fromEntries(signed.map(([name, value]) => [name.toLowerCase(), value])),
      'paradex-partner': 'CCXT',
      'x-anything': 'else',
    };
    await workingSession(await send('POST', '/v1/auth', { headers }), account);
  });

  test('the account and the key may be padded and in upper case; everybody then sees one account', async () => {
    const { key, account } = await newOwner();
    const digits = (felt: string) => felt.slice(2);
    for (const spelled of [
      (felt: string) => `0x${digits(felt).toUpperCase()}`,
      (felt: string) => `0x${digits(felt).padStart(64, '0')}`,
      (felt: string) => `0X${digits(felt).toUpperCase().padStart(64, '0')}`,
    ]) {
      const signed = loginHeaders(hasher, key, account, newWindow());
      const headers = { ...signed, 'PARADEX-STARKNET-ACCOUNT': spelled(account) };
      const login = await send('POST', `/v1/auth/${spelled(key.publicKey)}`, { headers });
      const session = await workingSession(login, account);
      expect(decodeJwt(session).sub).toBe(account);
      expect(seen()?.headers['countersign-account']).toBe(account);
    }
  });

  test.each([
    ['30 s (go-paradex)', 30],
    ['180 s (ccxt)', 180],
    ['24 h (paradex-py)', 86_400],
    ['exactly 7 days (TypeScript sample)', 604_800],
  ])('a signature may be good for %s, and the session lasts 300 s all the same', async (_what, seconds) => {
    const { key, account } = await newOwner();
    const headers = loginHeaders(hasher, key, account, newWindow(seconds));
    const session = await workingSession(await send('POST', '/v1/auth', { headers }), account);
    const { iat = 0, exp = 0 } = decodeJwt(session);
    expect(exp - iat).toBe(300);
  });

  test('a signature may not be good for a second more than 7 days', async () => {
    const { key, account } = await newOwner();
    const headers = loginHeaders(hasher, key, account, newWindow(604_801));
    expectError(await send('POST', '/v1/auth', { headers }), 400, 'INVALID_BLOCK_EXPIRATION');
  });

  test('the expiration may be missing: signed as 30 minutes, or left out of what is signed', async () => {
    const { key, account } = await newOwner();
    const { timestamp } = newWindow();
    const { 'PARADEX-SIGNATURE-EXPIRATION': _none, ...headers } = loginHeaders(hasher, key, account, newWindow(1800));
    const signed = (hash: bigint) => ({
      ...headers,
      'PARADEX-TIMESTAMP': String(timestamp),
      'PARADEX-STARKNET-SIGNATURE': JSON.stringify(key.sign(hash)),
    });
    const at = unixSeconds(timestamp);
    const asDefault = hasher.loginHash({ account, timestamp: at, expiration: unixSeconds(timestamp + 1800) });
    const leftOut = hasher.loginHashWithoutExpiration({ account, timestamp: at });
    for (const hash of [asDefault, leftOut]) {
      await workingSession(await send('POST', '/v1/auth', { headers: signed(hash) }), account);
    }
    const longer = hasher.loginHash({ account, timestamp: at, expiration: unixSeconds(timestamp + 604_800) });
    const refused = await send('POST', '/v1/auth', { headers: signed(longer) });
    expectError(refused, 401, 'STARKNET_SIGNATURE_VERIFICATION_FAILED');
  });

  test('two processes with one key may send the same bytes: each gets its own session', async () => {
    const { key, account } = await newOwner();
    const headers = loginHeaders(hasher, key, account, newWindow());
    const logins = await Promise.all([send('POST', '/v1/auth', { headers }), send('POST', '/v1/auth', { headers })]);
    const sessions = await Promise.all(logins.map((login) => workingSession(login, account)));
    expect(new Set(sessions).size).toBe(2);
  });

  test('token_usage=interactive is marked in the session, whichever path was used; other values are ignored', async () => {
    const { key, account } = await newOwner();
    const trader = walletTrader();
    await onboardWallet(service.url, trader);
    const usageOf = async (path: string, headers: Record<string, string>) => {
      const login = await send('POST', path, { headers });
      expect(login.status).toBe(200);
      return decodeJwt(String(login.json.jwt_token)).token_usage;
    };
    const signed = () => loginHeaders(hasher, key, account, newWindow());
    const siwe = () => walletHeaders(trader.wallet, trader.account, siweFor(trader, 'Paradex Auth'));
    expect(await usageOf('/v1/auth?token_usage=interactive', signed())).toBe('interactive');
    expect(await usageOf(`/v1/auth/${key.publicKey}?token_usage=interactive`, signed())).toBe('interactive');
    expect(await usageOf('/v2/auth?token_usage=interactive', siwe())).toBe('interactive');
    expect(await usageOf('/v1/auth?token_usage=profile', signed())).toBeUndefined();
    expect(await usageOf('/v1/auth', signed())).toBeUndefined();
  });
});

describe('a bearer that is no longer good', () => {
  /** By what is wrong with it: the value of Authorization. */
  async function badBearers(): Promise<[string, string][]> {
    const owner = await newOwner();
    const revoked = await createToken(service.url, owner.session);
    await send('DELETE', `/v1/account/tokens/${revoked.lookupId}`, { bearer: owner.session });
    const elsewhere = await createToken(service.url, owner.session, { allowed_cidrs: ['203.0.113.0/24'] });
    return [
      ['revoked', `Bearer ${revoked.token}`],
      ['of another address', `Bearer ${elsewhere.token}`],
      ['garbage', 'Bearer garbage'],
      ['empty', 'Bearer '],
      ['another scheme', 'Basic dXNlcjpwYXNz'],
    ];
  }

  test('a bearer that is no longer good is ignored on every public route: the venue answers, and is told of nobody', async () => {
    const targets = [
      '/v1/system/state',
      '/v1/markets?market=BTC-USD-PERP',
      '/v1/markets/summary?market=ALL',
      '/v1/orderbook/BTC-USD-PERP',
      '/v1/bbo/BTC-USD-PERP',
      '/v1/trades?market=BTC-USD-PERP',
      // Their answers depend on who asks.
      '/v1/vaults/balance',
      '/v1/vaults/positions',
    ];
    for (const [what, authorization] of await badBearers()) {
      for (const target of targets) {
        const answer = await send('GET', target, { headers: { Authorization: authorization } });
        expect([what, target, answer.status]).toEqual([what, target, 200]);
        expect(seen()).toMatchObject({ target, headers: { 'countersign-account': '', 'countersign-permissions': '' } });
        expect(seen()?.headers.authorization).toBeUndefined();
      }
      for (const target of ['/v1/system/config', '/v1/system/time', '/v1/jwks.json']) {
        const answer = await send('GET', target, { headers: { Authorization: authorization } });
        expect([what, target, answer.status]).toEqual([what, target, 200]);
      }
    }
  });

  test('a bearer that is no longer good is ignored by onboarding and login, which are signed in themselves', async () => {
    for (const [what, authorization] of await badBearers()) {
      const stale = { Authorization: authorization };
      const trader = starkTrader();
      const { key, account } = trader;
      const wallet = walletTrader();
      const siwe = (purpose: string, seconds?: number) =>
        walletHeaders(
          wallet.wallet,
          wallet.account,
          siweFor(wallet, purpose, seconds === undefined ? {} : { seconds }),
        );
      const lookUp = `/v1/onboarding?account_signer_type=starknet&public_key=${key.publicKey}`;
      const requests: [string, string, Sent][] = [
        ['GET', lookUp, {}],
        [
          'POST',
          '/v1/onboarding',
          { headers: onboardingHeaders(hasher, key, account), body: { public_key: key.publicKey } },
        ],
        ['POST', '/v1/auth', { headers: loginHeaders(hasher, key, account, newWindow()) }],
        ['POST', `/v1/auth/${key.publicKey}`, { headers: loginHeaders(hasher, key, account, newWindow()) }],
        [
          'POST',
          '/v2/onboarding',
          { headers: siwe('Paradex Onboarding', 0), body: { public_key: wallet.wallet.publicKey } },
        ],
        ['POST', '/v2/auth', { headers: siwe('Paradex Auth') }],
      ];
      for (const [method, path, sent] of requests) {
        const answer = await send(method, path, { ...sent, headers: { ...sent.headers, ...stale } });
        expect([what, path, answer.status]).toEqual([what, path, 200]);
      }
      const activation = '/v1/account/keys/subkeys/activate';
      const activate = await send('POST', activation, { headers: { ...JSON_TYPE, ...stale }, body: {} });
      const anonymous = await send('POST', activation, { headers: JSON_TYPE, body: {} });
      expect(activate.status).not.toBe(401);
      expect([activate.status, activate.json]).toEqual([anonymous.status, anonymous.json]);
    }
  });

  test('a bearer that is no longer good is refused on a private route, which the venue then never sees', async () => {
    const before = reached('GET /v1/balance');
    for (const [what, authorization] of await badBearers()) {
      const answer = await send('GET', '/v1/balance', { headers: { Authorization: authorization } });
      if (what === 'of another address') expectError(answer, 403, 'IP_NOT_ALLOWED');
      else {
        expectError(answer, 401, 'UNAUTHORIZED_ERROR');
        expect(answer.json.message).toContain('missing or malformed jwt');
      }
    }
    expect(reached('GET /v1/balance')).toBe(before);
  });
});

describe('paradex-py', () => {
  test('onboards because its login says NOT_ONBOARDED, in exactly three members, and then logs in', async () => {
    const { key, account } = starkTrader();
    const login = (bearer?: string) =>
      send('POST', `/v1/auth/${key.publicKey}`, {
        headers: { ...JSON_TYPE, ...loginHeaders(hasher, key, account, newWindow(86_400)) },
        ...(bearer === undefined ? {} : { bearer }),
      });
    const refused = await login();
    expectError(refused, 400, 'NOT_ONBOARDED');
    expect(refused.json).toEqual({ error: 'NOT_ONBOARDED', message: expect.any(String), data: null });
    const onboarding = await send('POST', '/v1/onboarding', {
      headers: {
        ...JSON_TYPE,
        ...onboardingHeaders(hasher, key, account, '0xd2c7314539dcE7752c8120af4eC2AA750Cf2035e'),
      },
      body: { public_key: key.publicKey, referral_code: 'abc', utm: { source: 'x', campaign: 'y', type: 'z' } },
    });
    expect([onboarding.status, onboarding.text]).toEqual([200, '{}']);
    const session = await workingSession(await login(), account);
    // It refreshes with its old bearer still in place.
    expect(await workingSession(await login(session), account)).not.toBe(session);
  });

  test('learns by GET whether an account exists, and how its address is derived', async () => {
    const [{ key, account }, wallet] = [await newOwner(), walletTrader()];
    const stark = await send('GET', `/v1/onboarding?account_signer_type=starknet&public_key=${key.publicKey}`);
    expect(stark.json).toEqual({
      account_signer_type: 'starknet',
      address: account,
      exists: true,
      derivation_info: {
        class_hash: settingOf['wire.paraclear_account_hash'].default,
        proxy_class_hash: settingOf['wire.paraclear_account_proxy_hash'].default,
      },
    });
    const evm = await send('GET', `/v1/onboarding?account_signer_type=eip191&eth_address=${wallet.wallet.address}`);
    expect(evm.json).toEqual({
      account_signer_type: 'eip191',
      address: wallet.account,
      exists: false,
      derivation_info: { class_hash: settingOf['wire.paraclear_evm_account_hash'].default },
    });
  });

  const text = expect.any(String);
  const hex = expect.stringMatching(/^0x[0-9a-f]+$/);
  const url = expect.stringMatching(/^https?:\/\//);
  // Its record of system/config: a member that is missing or of another type, and it does not start.
  test.each<[string, unknown]>([
    [
      'starknet_chain_id',
      expect.stringMatching(/^PRIVATE_SN_(PARACLEAR_MAINNET|POTC_MOCK_SEPOLIA|POTC_SEPOLIA|PARACLEAR_TESTNET)$/),
    ],
    ['l1_chain_id', expect.stringMatching(/^[1-9][0-9]*$/)],
    ['paraclear_account_hash', hex],
    ['paraclear_account_proxy_hash', hex],
    ['paraclear_evm_account_hash', hex],
    ['starknet_fullnode_rpc_url', url],
    ['starknet_fullnode_rpc_base_url', url],
    ['starknet_gateway_url', text],
    ['paraclear_address', hex],
    ['paraclear_decimals', 8],
    ['block_explorer_url', text],
    ['oracle_address', hex],
    ['l1_core_contract_address', hex],
    ['l1_operator_address', hex],
    ['liquidation_fee', expect.stringMatching(/^[0-9]+(\.[0-9]+)?$/)],
    ['environment', text],
    ['bridged_tokens', expect.any(Array)],
  ])('finds %s in system/config, with the type of its record', async (member, expected) => {
    const { json } = await send('GET', '/v1/system/config');
    expect(json[member]).toEqual(expected);
  });

  test('a client of plain HTTP finds exactly the seven members it knows in each bridged token', async () => {
    const { json } = await send('GET', '/v1/system/config');
    expect(json.bridged_tokens.length).toBeGreaterThan(0);
    for (const token of json.bridged_tokens) {
      expect(token).toEqual({
        name: text,
        symbol: text,
        decimals: 6,
        l1_token_address: hex,
        l1_bridge_address: hex,
        l2_token_address: hex,
        l2_bridge_address: hex,
      });
    }
  });

  test('a client of plain HTTP finds the eleven members of its account record', async () => {
    const { session, account } = await newOwner();
    const { json } = await send('GET', '/v1/account', { bearer: session });
    const number = expect.stringMatching(/^-?[0-9]+(\.[0-9]+)?$/);
    expect(json).toMatchObject({
      account,
      account_value: number,
      free_collateral: number,
      initial_margin_requirement: number,
      maintenance_margin_requirement: number,
      margin_cushion: number,
      settlement_asset: 'USDC',
      status: text,
      total_collateral: number,
    });
    for (const member of ['seq_no', 'updated_at']) expect(Number.isSafeInteger(json[member])).toBe(true);
  });

  test('a client of plain HTTP waits until X-RateLimit-Reset after a 429, whose body has no error member', async () => {
    const limited = await startService({
      settings: { 'rate_limit.enabled': 'true', 'public/min': '1' },
      time: { wall: systemWall, monotonic: () => 0 },
    });
    try {
      const { port } = limited;
      const headersOf = ({ headers }: Answer) =>
        ['x-ratelimit-limit', 'x-ratelimit-remaining', 'x-ratelimit-window'].map((name) => headers[name]);
      const asked = Math.floor(Date.now() / 1000);
      expect(headersOf(await send('GET', '/v1/system/time', { port }))).toEqual(['1', '0', '60']);
      const refused = await send('GET', '/v1/system/time', { port });
      expect(refused.status).toBe(429);
      expect(refused.json).toEqual({ message: expect.any(String) });
      expect(headersOf(refused)).toEqual(['1', '0', '60']);
      expect(Number(refused.headers['x-ratelimit-reset'])).toBeGreaterThan(asked);
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    } finally {
      await limited.stop();
    }
  });

  test('registers subkeys without a signature: refused, unless the operator has relaxed it', async () => {
    const register = async ({ url, port }: Service) => {
      const trader = starkTrader();
      await onboard(url, trader);
      const bearer = await mainSession(url, trader);
      const body = { name: 'py', public_key: newSubkey().publicKey, state: 'active' };
      return send('POST', '/v1/account/keys/subkeys', { bearer, headers: JSON_TYPE, body, port });
    };
    expectError(await register(service), 400, 'INVALID_REQUEST_PARAMETER');
    const relaxed = await startService({ settings: { 'subkeys.require_signature': 'false' } });
    try {
      const answer = await register(relaxed);
      expect([answer.status, answer.text]).toEqual([201, '{}']);
    } finally {
      await relaxed.stop();
    }
  });

  test('reads every refusal: each has exactly error, message and data', async () => {
    const { session } = await newOwner();
    const refusals: [string, string, Sent, number, string][] = [
      ['GET', '/v1/balance', {}, 401, 'UNAUTHORIZED_ERROR'],
      ['GET', '/v1/nothing-here', {}, 404, 'NOT_FOUND'],
      ['GET', '/v1//markets', {}, 404, 'NOT_FOUND'],
      ['DELETE', '/v1/markets', {}, 405, 'METHOD_NOT_ALLOWED'],
      ['POST', '/v1/auth', {}, 400, 'INVALID_REQUEST_PARAMETER'],
      ['POST', '/v1/account/tokens', { bearer: session, body: '{"half":' }, 400, 'BINDING_ERROR'],
      ['POST', '/v1/account/tokens', { bearer: session, body: { expiry_duration: '60' } }, 400, 'BINDING_ERROR'],
      ['POST', '/v1/account/tokens', { bearer: session, body: { expiry_duration: 1 } }, 400, 'VALIDATION_ERROR'],
      ['GET', '/v1/account/keys/subkeys/0x1', { bearer: session }, 404, 'NOT_FOUND'],
      ['POST', '/v1/account/terminal-token', { bearer: session }, 403, 'REQUEST_NOT_ALLOWED'],
    ];
    for (const [method, path, sent, status, code] of refusals)
      expectError(await send(method, path, sent), status, code);
  });
});

describe('paradex-cli', () => {
  const hexPair = (pair: readonly string[]) => pair.map((decimal) => `0x${BigInt(decimal).toString(16)}`);

  test('onboards with the Ethereum account 0x0', async () => {
    const { key, account } = starkTrader();
    const headers = { ...JSON_TYPE, ...onboardingHeaders(hasher, key, account, '0x0') };
    const answer = await send('POST', '/v1/onboarding', { headers, body: { public_key: key.publicKey } });
    expect([answer.status, answer.text]).toEqual([200, '{}']);
  });

  test('registers a subkey with a hex signature and a member that is no longer in the specification', async () => {
    const owner = await newOwner();
    const subkey = newSubkey();
    const proof = registrationProof(curve, owner.key, owner.account, subkey.publicKey, newWindow(300));
    const answer = await send('POST', '/v1/account/keys/subkeys', {
      bearer: owner.session,
      headers: JSON_TYPE,
      body: {
        name: 'cli',
        public_key: `0x${subkey.publicKey.slice(2).padStart(64, '0')}`,
        state: 'active',
        key_type: 'starknet',
        ...proof,
        signature: hexPair(proof.signature),
      },
    });
    expect([answer.status, answer.text]).toEqual([201, '{}']);
    const one = await send('GET', `/v1/account/keys/subkeys/${subkey.publicKey}`, { bearer: owner.session });
    expect(one.json).toMatchObject({ public_key: subkey.publicKey, name: 'cli', state: 'active', allowed_cidrs: [] });
    await subkeySession(service.url, owner.account, subkey);
  });

  test('a client of plain HTTP writes SIWE times with +00:00, with and without a fraction', async () => {
    const trader = walletTrader();
    await onboardWallet(service.url, trader);
    for (const zone of [
      (time: string) => time.replace('Z', '+00:00'),
      (time: string) => time.replace(/\.\d+Z/, '+00:00'),
    ]) {
      const message = siweFor(trader, 'Paradex Auth', { seconds: 30 }).replaceAll(/\S+Z$/gm, zone);
      expect(message.match(/\+00:00$/gm)).toHaveLength(2);
      const headers = walletHeaders(trader.wallet, trader.account, message);
      await workingSession(await send('POST', '/v2/auth', { headers }), trader.account);
    }
  });

  test('asks for revoked subkeys with true or 1, under either name; anything else leaves them out', async () => {
    const owner = await newOwner();
    const [kept, revoked] = [
      await registerSubkey(service.url, owner, owner.session),
      await registerSubkey(service.url, owner, owner.session),
    ];
    const path = '/v1/account/keys/subkeys';
    const gone = await send('DELETE', `${path}/${revoked.publicKey}`, { bearer: owner.session });
    expect([gone.status, gone.json]).toEqual([200, { public_key: revoked.publicKey }]);
    const listed = async (query: string) => {
      const { json } = await send('GET', `${path}${query}`, { bearer: owner.session });
      return new Set(json.results.map((row: { public_key: string }) => row.public_key));
    };
    const all = new Set([kept.publicKey, revoked.publicKey]);
    for (const query of ['?with_revoked=true', '?with_revoked=1', '?with_revoked=True', '?include_revoked=true']) {
      expect(await listed(query)).toEqual(all);
    }
    for (const query of ['', '?', '?with_revoked=false', '?with_revoked=0', '?with_revoked=']) {
      expect(await listed(query)).toEqual(new Set([kept.publicKey]));
    }
  });

  test('a client of plain HTTP asks for dead tokens with true or 1', async () => {
    const { session } = await newOwner();
    const { lookupId } = await createToken(service.url, session);
    await send('DELETE', `/v1/account/tokens/${lookupId}`, { bearer: session });
    const listed = async (query: string) =>
      (await send('GET', `/v1/account/tokens${query}`, { bearer: session })).json.results.length;
    expect(await Promise.all(['?with_invalid=true', '?with_invalid=1', '', '?with_invalid=false'].map(listed))).toEqual(
      [1, 1, 0, 0],
    );
  });

  test('a client of plain HTTP reads nanoseconds as bare integers, every digit of them', async () => {
    const owner = await newOwner();
    await registerSubkey(service.url, owner, owner.session);
    await createToken(service.url, owner.session);
    const subkeys = await send('GET', '/v1/account/keys/subkeys', { bearer: owner.session });
    expect(subkeys.text).toMatch(/"created_at":\d{19},"updated_at":\d{19},"revoked_at":0[,}]/);
    const tokens = await send('GET', '/v1/account/tokens', { bearer: owner.session });
    expect(tokens.text).toMatch(/"created_at":\d{19},"expiry_at":\d{19},"last_updated_at":\d{19},"revoked_at":0[,}]/);
  });
});

describe('orders and withdrawals', () => {
  test('POST /transfers with kind WITHDRAWAL passes for the main key and for nobody else (blackcube)', async () => {
    const owner = await newOwner();
    const bot = await newBot(owner);
    const { token } = await createToken(service.url, owner.session);
    const withdrawal = { kind: 'WITHDRAWAL', amount: '1', token: 'USDC', recipient: owner.account };
    const before = reached('POST /v1/transfers');
    for (const bearer of [bot, token]) {
      const refused = await send('POST', '/v1/transfers', { bearer, headers: JSON_TYPE, body: withdrawal });
      expectError(refused, 403, 'INVALID_TOKEN_SCOPE');
    }
    expect(reached('POST /v1/transfers')).toBe(before);
    const passed = await send('POST', '/v1/transfers', { bearer: owner.session, headers: JSON_TYPE, body: withdrawal });
    expect([passed.status, passed.json]).toEqual([201, { id: expect.any(String) }]);
    expect(reached('POST /v1/transfers')).toBe(before + 1);
  });

  test('DELETE /orders/?market= reaches the venue without the slash (paradex-rs)', async () => {
    const owner = await newOwner();
    const bearer = await newBot(owner);
    const placed = await send('POST', '/v1/orders', { bearer, headers: JSON_TYPE, body: LIMIT_ORDER });
    expect(placed.status).toBe(201);
    const answer = await send('DELETE', '/v1/orders/?market=BTC-USD-PERP', { bearer });
    expect(answer.json.results).toMatchObject([{ id: placed.json.id, status: 'QUEUED_FOR_CANCELLATION' }]);
    expect(seen()).toMatchObject({ method: 'DELETE', target: '/v1/orders?market=BTC-USD-PERP' });
    expect((await send('GET', '/v1/orders/', { bearer })).json).toEqual({ results: [] });
  });

  test('DELETE /orders/batch carries its JSON body through', async () => {
    const { session: bearer } = await newOwner();
    const ids: string[] = [];
    for (const price of ['100', '101', '102']) {
      const { json } = await send('POST', '/v1/orders', {
        bearer,
        headers: JSON_TYPE,
        body: { ...LIMIT_ORDER, price },
      });
      ids.push(json.id);
    }
    const body = { order_ids: ids.slice(0, 2) };
    const answer = await send('DELETE', '/v1/orders/batch', { bearer, headers: JSON_TYPE, body });
    expect(answer.json.results.map((row: { id: string }) => row.id)).toEqual(ids.slice(0, 2));
    const open = await send('GET', '/v1/orders', { bearer });
    expect(open.json.results.map((row: { id: string }) => row.id)).toEqual(ids.slice(2));
  });

  test('a 204 of the venue stays empty, and its 404 stays its own', async () => {
    const { session: bearer } = await newOwner();
    const { json } = await send('POST', '/v1/orders', { bearer, headers: JSON_TYPE, body: LIMIT_ORDER });
    const gone = await send('DELETE', `/v1/orders/${json.id}`, { bearer });
    expect([gone.status, gone.text]).toEqual([204, '']);
    const unknown = await send('GET', '/v1/orders/no-such-order', { bearer });
    expect([unknown.status, unknown.json.error]).toEqual([404, 'ORDER_ID_NOT_FOUND']);
  });

  test('PARADEX-PARTNER reaches the venue, the bearer never does', async () => {
    const { session: bearer, account } = await newOwner();
    await send('GET', '/v1/positions', { bearer, headers: { 'PARADEX-PARTNER': 'CCXT' } });
    expect(seen()?.headers).toMatchObject({ 'paradex-partner': 'CCXT', 'countersign-account': account });
    expect(seen()?.headers.authorization).toBeUndefined();
  });
});

describe('an account of an Ethereum wallet', () => {
  const onboarding = (trader: WalletTrader, path: string, message: string) =>
    send('POST', path, {
      headers: { ...JSON_TYPE, ...walletHeaders(trader.wallet, trader.account, message) },
      body: { public_key: trader.wallet.publicKey },
    });

  test.each([
    ['/v2', 'at the root, as all clients'],
    ['/v1/v2', 'under /v1, as the specification'],
  ])('onboards, logs in, registers a subkey and trades with it: %s, %s', async (prefix) => {
    const trader = walletTrader();
    const { wallet, account } = trader;
    const auth = () => {
      const headers = walletHeaders(wallet, account, siweFor(trader, 'Paradex Auth'));
      return send('POST', `${prefix}/auth`, { headers });
    };
    expectError(await auth(), 400, 'NOT_ONBOARDED');
    const onboarded = await onboarding(
      trader,
      `${prefix}/onboarding`,
      siweFor(trader, 'Paradex Onboarding', { seconds: 0 }),
    );
    expect([onboarded.status, onboarded.text]).toEqual([200, '{}']);
    const session = await workingSession(await auth(), account);
    expect(seen()?.headers['countersign-credential-kind']).toBe('evm');

    const subkey = newSubkey();
    const message = siweFor(trader, `Paradex Subkey Registration: ${subkey.publicKey}`);
    const registered = await send('POST', '/v1/account/keys/subkeys', {
      bearer: session,
      headers: JSON_TYPE,
      body: {
        name: 'bot',
        public_key: subkey.publicKey,
        siwe_message: message,
        evm_signature: wallet.personalSign(message),
      },
    });
    expect(registered.status).toBe(201);

    const bot = await subkeySession(service.url, account, subkey);
    const placed = await send('POST', '/v1/orders', { bearer: bot, headers: JSON_TYPE, body: LIMIT_ORDER });
    expect(placed.json).toMatchObject({ id: expect.any(String), account });
    expect(seen()?.headers).toMatchObject({ 'countersign-account': account, 'countersign-credential-kind': 'subkey' });
    expect((await send('GET', '/v1/orders', { bearer: session })).json.results).toHaveLength(1);
  });

  test('registers no subkey without its wallet, however good its session', async () => {
    const trader = walletTrader();
    await onboardWallet(service.url, trader);
    const bearer = await walletSession(service.url, trader);
    const subkey = newSubkey();
    const register = (more: object) =>
      send('POST', '/v1/account/keys/subkeys', {
        bearer,
        headers: JSON_TYPE,
        body: { name: 'bot', public_key: subkey.publicKey, ...more },
      });
    const without = await register({});
    expectError(without, 400, 'INVALID_REQUEST_PARAMETER');
    expect(without.json.message).toBe('evm_signature is required for EIP-191 accounts');
    // The wallet blessed another key, and a stranger's wallet this one.
    const other = siweFor(trader, `Paradex Subkey Registration: ${newSubkey().publicKey}`);
    const forOther = await register({ siwe_message: other, evm_signature: trader.wallet.personalSign(other) });
    expectError(forOther, 401, 'EVM_SIGNATURE_VERIFICATION_FAILED');
    const stranger = walletTrader();
    const message = siweFor(stranger, `Paradex Subkey Registration: ${subkey.publicKey}`);
    const byStranger = await register({ siwe_message: message, evm_signature: stranger.wallet.personalSign(message) });
    expectError(byStranger, 401, 'ETHEREUM_SIGNER_MISMATCH');
    expect((await send('GET', '/v1/account/keys/subkeys', { bearer })).json.results).toEqual([]);
  });

  test('an account of an Ethereum wallet may leave Issued At out of its onboarding, as the published example does, and not out of its login', async () => {
    const trader = walletTrader();
    const withoutIssuedAt = (message: string) => message.replace(/\nIssued At: .*/, '');
    const message = withoutIssuedAt(siweFor(trader, 'Paradex Onboarding', { seconds: 0 }));
    expect((await onboarding(trader, '/v2/onboarding', message)).status).toBe(200);
    const login = withoutIssuedAt(siweFor(trader, 'Paradex Auth'));
    const answer = await send('POST', '/v2/auth', { headers: walletHeaders(trader.wallet, trader.account, login) });
    expectError(answer, 400, 'INVALID_TIMESTAMP');
  });

  test('an account of an Ethereum wallet may write its message header without padding and in the URL-safe alphabet', async () => {
    const trader = walletTrader();
    await onboardWallet(service.url, trader);
    for (const encoded of [
      (message: string) => Buffer.from(message).toString('base64').replaceAll('=', ''),
      (message: string) => Buffer.from(message).toString('base64url'),
    ]) {
      const message = siweFor(trader, 'Paradex Auth');
      const headers = walletHeaders(trader.wallet, trader.account, message);
      const login = await send('POST', '/v2/auth', {
        headers: { ...headers, 'PARADEX-SIWE-MESSAGE': encoded(message) },
      });
      await workingSession(login, trader.account);
    }
  });
});
