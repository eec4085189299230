// What clients read before they log in: each member with the type that real clients demand (docs/wire.md sections 1 and 10).
import { createPublicKey } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call, createToken } from '../support/trader.ts';
import { expectSuccess, newOwner, startWorld, type World } from '../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

const get = (path: string, options: Parameters<typeof call>[3] = {}) => call(world.url, 'GET', path, options);

describe('GET /v1/system/config', () => {
  test('/v1/system/config has exactly the members and types that clients build their records from', async () => {
    const answer = await get('/v1/system/config');
    expectSuccess(answer, 200);
    expect(answer.json).toEqual({
      starknet_chain_id: 'PRIVATE_SN_POTC_MOCK_SEPOLIA',
      l1_chain_id: '11155111',
      paraclear_account_hash: '0x41cb0280ebadaa75f996d8d92c6f265f6d040bb3ba442e5f86a554f1765244e',
      paraclear_account_proxy_hash: '0x3530cc4759d78042f1b543bf797f5f3d647cde0388c33734cf91b7f7b9314a9',
      paraclear_evm_account_hash: '0x73414441639dcd11d1846f287650a00c60c416b9d3ba45d31c651672125b2c2',
      starknet_fullnode_rpc_url: 'https://rpc.invalid/rpc/v0_10',
      starknet_fullnode_rpc_base_url: 'https://rpc.invalid',
      starknet_gateway_url: '',
      paraclear_address: '0x286003f7c7bfc3f94e8f0af48b48302e7aee2fb13c23b141479ba00832ef2c6',
      paraclear_decimals: 8,
      bridged_tokens: [
        {
          name: 'USD Coin',
          symbol: 'USDC',
          decimals: 6,
          l1_token_address: '0x0',
          l1_bridge_address: '0x0',
          l2_token_address: '0x0',
          l2_bridge_address: '0x0',
        },
      ],
      block_explorer_url: '',
      oracle_address: '0x0',
      l1_core_contract_address: '0x0',
      l1_operator_address: '0x0',
      liquidation_fee: '0',
      environment: 'testnet',
    });
  });
});

describe('GET /v1/system/time', () => {
  test('/v1/system/time is the clock that decides, in milliseconds, as a string', async () => {
    const answer = await get('/v1/system/time');
    expectSuccess(answer, 200);
    expect(answer.text).toBe(`{"server_time":"${world.clock.nanos() / 1_000_000n}"}`);
  });

  test('/v1/system/time never goes back when the machine does', async () => {
    world.clock.setWallBack(3600);
    world.clock.advance(1);
    const { json } = await get('/v1/system/time');
    world.clock.setWallBack(0);
    expect(json.server_time).toBe(String(world.clock.nanos() / 1_000_000n));
  });
});

describe('GET /v1/jwks.json', () => {
  test('/v1/jwks.json publishes one key for sessions and one for tokens, all members strings and none of them private', async () => {
    const answer = await get('/v1/jwks.json');
    expectSuccess(answer, 200);
    expect(Object.keys(answer.json)).toEqual(['keys']);
    expect(answer.json.keys).toHaveLength(2);
    for (const jwk of answer.json.keys) {
      expect(Object.keys(jwk).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
      expect(jwk).toMatchObject({ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig' });
      expect(Object.values(jwk).every((value) => typeof value === 'string')).toBe(true);
      expect(jwk.kid).toBe(await calculateJwkThumbprint(jwk));
      expect(createPublicKey({ key: jwk, format: 'jwk' }).type).toBe('public');
    }
  });

  test('/v1/jwks.json names the key of every JWT we make, another one for tokens than for sessions', async () => {
    const { session } = await newOwner(world);
    const { token } = await createToken(world.url, session);
    const { json } = await get('/v1/jwks.json');
    const headers = [session, token].map((jwt) =>
      JSON.parse(Buffer.from(jwt.split('.')[0] ?? '', 'base64url').toString()),
    );
    expect(headers.map(({ alg, typ }) => [alg, typ])).toEqual([
      ['ES256', 'JWT'],
      ['ES256', 'readonly+JWT'],
    ]);
    expect(headers.map(({ kid }) => kid).sort()).toEqual(json.keys.map(({ kid }: { kid: string }) => kid).sort());
  });
});

describe('public routes', () => {
  test.each(['/v1/system/config', '/v1/system/time', '/v1/jwks.json', '/v1/system/state', '/v1/markets', '/healthz'])(
    'GET %s answers whatever the Authorization header says',
    async (path) => {
      for (const authorization of ['Bearer stale', 'Basic eDp5', 'Bearer', '\u00e9']) {
        expect((await get(path, { headers: { Authorization: authorization } })).status).toBe(200);
      }
    },
  );

  test("/v1/system/state is the venue's own answer, so that its maintenance reaches clients", async () => {
    const before = world.service.venue.total();
    const answer = await get('/v1/system/state');
    expect([answer.status, answer.json]).toEqual([200, { status: 'ok' }]);
    expect(world.service.venue.total()).toBe(before + 1);
  });
});
