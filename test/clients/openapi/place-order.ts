// What a user writes with openapi-fetch and the types that openapi-typescript makes of our openapi.json: onboards, logs in, places an
// order, and prints what it has seen as JSON. test/clients/openapi.test.ts makes the types, has tsc check every line here, and runs it.
import createClient from 'openapi-fetch';
import { orderTermsHash } from '../../../src/client/order.ts';
import { createStarkKey, randomStarkPrivateKey } from '../../../src/client/stark-key.ts';
import { parseFelt } from '../../../src/domain/felt.ts';
import { unixSeconds } from '../../../src/domain/time.ts';
import { starknetAccountAddress } from '../../../src/starknet/address.ts';
import { scureCurve as curve } from '../../../src/starknet/curve.ts';
import { createMessageHasher } from '../../../src/starknet/message.ts';
import type { components, paths } from './made/countersign.ts';

const client = createClient<paths>({ baseUrl: process.env.COUNTERSIGN ?? 'http://127.0.0.1:8080' });

function must<Data>(answer: { readonly data?: Data; readonly error?: unknown; readonly response: Response }): Data {
  if (answer.data === undefined) throw new Error(`${answer.response.status} ${JSON.stringify(answer.error)}`);
  return answer.data;
}

const config = must(await client.GET('/v1/system/config'));
const hasher = createMessageHasher(curve, { domainName: 'Paradex', chainId: config.starknet_chain_id });
const accountHash = parseFelt(config.paraclear_account_hash);
const proxyHash = parseFelt(config.paraclear_account_proxy_hash);
if (accountHash === undefined || proxyHash === undefined) throw new Error('no class hashes');

const key = createStarkKey(randomStarkPrivateKey());
const account = starknetAccountAddress(curve, key.publicKey, { accountHash, proxyHash });
const signed = (hash: bigint): string => JSON.stringify(key.sign(hash));

must(
  await client.POST('/v1/onboarding', {
    params: {
      header: {
        'PARADEX-ETHEREUM-ACCOUNT': '0x0',
        'PARADEX-STARKNET-ACCOUNT': account,
        'PARADEX-STARKNET-SIGNATURE': signed(hasher.onboardingHash(account)),
      },
    },
    body: { public_key: key.publicKey },
  }),
);

const timestamp = Math.floor(Date.now() / 1000);
const window = { timestamp: unixSeconds(timestamp), expiration: unixSeconds(timestamp + 300) };
const { jwt_token } = must(
  await client.POST('/v1/auth', {
    params: {
      header: {
        'PARADEX-STARKNET-ACCOUNT': account,
        'PARADEX-STARKNET-SIGNATURE': signed(hasher.loginHash({ account, ...window })),
        'PARADEX-TIMESTAMP': String(window.timestamp),
        'PARADEX-SIGNATURE-EXPIRATION': String(window.expiration),
      },
    },
  }),
);
client.use({
  onRequest({ request }) {
    request.headers.set('Authorization', `Bearer ${jwt_token}`);
  },
});

const self = must(await client.GET('/countersign/v1/self'));
const kind: 'main' | 'evm' | 'subkey' | 'token' | 'device' = self.kind;
const expiresAt: number = self.expires_at;

const terms = { market: 'BTC-USD-PERP', side: 'BUY', type: 'LIMIT', size: '0.001', price: '29500.1' } as const;
const nowMs = Date.now();
const order: components['schemas']['NewOrder'] = {
  ...terms,
  signature: signed(orderTermsHash(curve, hasher, account, terms, nowMs)),
  signature_timestamp: nowMs,
  instruction: 'GTC',
  client_id: null,
};
const placed = must(await client.POST('/v1/orders', { body: order }));

// What the document forbids does not compile, so that these types are worth something.
async function neverCompiles(): Promise<void> {
  // @ts-expect-error: a size is a text.
  await client.POST('/v1/orders', { body: { ...order, size: 0.001 } });
  // @ts-expect-error: an order has a signature.
  await client.POST('/v1/orders', { body: { ...terms, signature_timestamp: nowMs } });
  // @ts-expect-error: a login has headers.
  await client.POST('/v1/auth');
  // @ts-expect-error: nobody may ask for a revoked subkey.
  await client.POST('/v1/account/keys/subkeys', { body: { name: 'bot', public_key: '0x1', state: 'revoked' } });
  // @ts-expect-error: there is no such path.
  await client.GET('/v1/account/token');
}

const again = await client.POST('/v1/orders', { body: order });
const code = again.error !== undefined && 'error' in again.error ? again.error.error : undefined;

process.stdout.write(
  JSON.stringify({ kind, account: self.account, expiresAt, placed, again: [again.response.status, code] }),
);
void neverCompiles;
