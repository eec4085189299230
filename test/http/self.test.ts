// GET /countersign/v1/self: what a credential is, for whoever holds it; and which address a request is taken to come from.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call, createToken } from '../support/trader.ts';
import {
  addSubkey,
  expectRefusal,
  expectSuccess,
  loginOf,
  newOwner,
  newWalletOwner,
  type Owner,
  postLogin,
  SELF,
  sessionIn,
  startWorld,
  subkeySession,
  TOKENS,
  type World,
} from '../support/world.ts';

const ALL = [
  'account:manage',
  'account:read',
  'audit:read',
  'funds:transfer',
  'keys:manage',
  'keys:narrow',
  'keys:read',
  'self:read',
  'trade',
];

let world: World;
let owner: Owner;
beforeAll(async () => {
  world = await startWorld();
  owner = await newOwner(world);
});
afterAll(() => world.stop());

const self = (bearer: string, headers: Record<string, string> = {}, where = world) =>
  call(where.url, 'GET', SELF, { bearer, headers });

describe('says what each kind of credential is and may', () => {
  const expected = (more: object) => ({
    account: owner.account,
    allowed_cidrs: [],
    isolated_markets: false,
    client_ip: '127.0.0.1',
    expires_at: expect.anything(),
    server_time: expect.anything(),
    ...more,
  });

  test('GET /countersign/v1/self says of a main session what it is and may', async () => {
    const answer = await self(owner.session);
    expectSuccess(answer, 200);
    expect(answer.json).toEqual(expected({ kind: 'main', id: 'main', credential: owner.account, permissions: ALL }));
    // Compared as text: a JSON number of nanoseconds has lost digits.
    expect(answer.text).toContain(`"expires_at":${world.clock.seconds() + 300}000000000,`);
    expect(answer.text).toContain(`"server_time":${world.clock.nanos()}}`);
  });

  test("GET /countersign/v1/self says of a wallet's session what it is and may", async () => {
    const wallet = await newWalletOwner(world);
    const { json } = await self(wallet.session);
    expect(json).toMatchObject({
      account: wallet.account,
      kind: 'evm',
      id: 'main',
      credential: wallet.account,
      permissions: ALL,
    });
  });

  test('GET /countersign/v1/self says of a subkey session what it is and may, with its allowlist', async () => {
    const subkey = await addSubkey(world, owner, { allowed_cidrs: ['127.0.0.9/8', '::1'] });
    const { json } = await self(await subkeySession(world, owner.account, subkey));
    const permissions = ['account:read', 'keys:read', 'self:read', 'trade'];
    const allowed_cidrs = ['127.0.0.0/8', '::1/128'];
    expect(json).toEqual(
      expected({
        kind: 'subkey',
        id: expect.stringMatching(/^\d+$/),
        credential: subkey.publicKey,
        permissions,
        allowed_cidrs,
      }),
    );
  });

  test('GET /countersign/v1/self says of a token what it is and may, with its own end', async () => {
    const made = await call(world.url, 'POST', TOKENS, { bearer: owner.session, body: { expiry_duration: 3600 } });
    const { token, api_token } = made.json;
    const { json, text } = await self(token);
    expect(json).toEqual(
      expected({
        kind: 'token',
        id: api_token.token_id,
        credential: api_token.lookup_id,
        permissions: ['account:read', 'self:read'],
      }),
    );
    expect(text).toContain(`"expires_at":${world.clock.seconds() + 3600}000000000,`);
  });

  test('GET /countersign/v1/self says of a session whether it has the isolated flag', async () => {
    const headers = { ...loginOf(world, owner.key, owner.account), 'PARADEX-AUTHORIZE-ISOLATED-MARKETS': 'true' };
    const { json } = await self(sessionIn(await postLogin(world, headers)));
    expect(json.isolated_markets).toBe(true);
  });

  test('GET /countersign/v1/self is refused to a caller without a bearer', async () => {
    expectRefusal(await call(world.url, 'GET', SELF), 401, 'UNAUTHORIZED_ERROR');
  });
});

describe('the address of a client', () => {
  const forged = {
    'X-Forwarded-For': '203.0.113.7',
    'X-Real-IP': '203.0.113.7',
    Forwarded: 'for=203.0.113.7',
    'Countersign-Client-Ip': '203.0.113.7',
  };
  const ipOf = async (bearer: string, headers: Record<string, string>, where = world): Promise<string> =>
    (await self(bearer, headers, where)).json.client_ip;

  test("the address of a client is the socket's when no proxy is trusted, whatever the headers say", async () => {
    expect(await ipOf(owner.session, forged)).toBe('127.0.0.1');
    const { token } = await createToken(world.url, owner.session, { allowed_cidrs: ['203.0.113.0/24'] });
    for (const path of ['/countersign/v1/self', '/v1/balance']) {
      const refused = await call(world.url, 'GET', path, { bearer: token, headers: forged });
      expectRefusal(refused, 403, 'IP_NOT_ALLOWED');
      expect(refused.json.data, path).toEqual({ client_ip: '127.0.0.1' });
    }
  });

  test('the address of a client behind trusted proxies is the rightmost that is none of them, and decides', async () => {
    const proxied = await startWorld({ settings: { 'proxy.trusted': '127.0.0.1/32,10.0.0.0/8' } });
    try {
      const { session } = await newOwner(proxied);
      const through = (...hops: string[]) => ({ 'X-Forwarded-For': hops.join(', ') });
      expect(await ipOf(session, {}, proxied)).toBe('127.0.0.1');
      expect(await ipOf(session, through('203.0.113.7'), proxied)).toBe('203.0.113.7');
      expect(await ipOf(session, through('1.1.1.1', '203.0.113.7', '10.1.2.3'), proxied)).toBe('203.0.113.7');
      expect(await ipOf(session, through('::ffff:203.0.113.7'), proxied)).toBe('203.0.113.7');
      expect(await ipOf(session, { ...forged, 'X-Forwarded-For': '2001:DB8::1' }, proxied)).toBe('2001:db8::1');

      const { token } = await createToken(proxied.url, session, { allowed_cidrs: ['203.0.113.0/24'] });
      const balance = async (...hops: string[]) => {
        const { status, json } = await call(proxied.url, 'GET', '/v1/balance', {
          bearer: token,
          headers: through(...hops),
        });
        return status === 200 ? 200 : `${status} ${json.error} ${json.data.client_ip}`;
      };
      expect(await balance('203.0.113.7')).toBe(200);
      expect(await balance('203.0.113.7', '198.51.100.1')).toBe('403 IP_NOT_ALLOWED 198.51.100.1');
      expect(await balance('203.0.113.7', '[2001:DB8::1]')).toBe('403 IP_NOT_ALLOWED 2001:db8::1');
      // What cannot be read is nobody\u2019s address: refused, even for a credential that may be used from anywhere.
      expect(await balance('203.0.113.7', 'unknown')).toBe('403 IP_NOT_ALLOWED null');
      const unknown = await self(session, through('garbage'), proxied);
      expectRefusal(unknown, 403, 'IP_NOT_ALLOWED');
      expect(unknown.json.data).toEqual({ client_ip: null });
    } finally {
      await proxied.stop();
    }
  });
});
