// Unmodified @paradex/sdk: it reads GET /v1/system/config and nothing else of this API, then signs JSON-RPC calls to the Starknet
// node that the answer names. What it concludes from our answer must be what we mean.
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { createRequire } from 'node:module';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { settingOf } from '../../src/config/schema.ts';
import { feltOf, parseFelt } from '../../src/domain/felt.ts';
import { scureCurve } from '../../src/starknet/curve.ts';
import { feltFromText } from '../../src/starknet/felt.ts';
import { createMessageHasher, hashStruct, type StructType } from '../../src/starknet/message.ts';
import { parseSignatureText } from '../../src/starknet/signature.ts';
import { snKeccak } from '../../src/starknet/sn-keccak.ts';
import { connect, newWalletConfig, traderOf } from '../support/ccxt-client.ts';
import { type Service, startService } from '../support/harness.ts';
import { call } from '../support/trader.ts';

interface SdkConfig {
  readonly paradexFullNodeRpcUrl: string;
  readonly paradexChainId: string;
  readonly ethereumChainId: string;
  readonly paraclearAccountHash: string;
  readonly paraclearAccountProxyHash: string;
  readonly paraclearAddress: string;
  readonly paraclearDecimals: number;
  readonly bridgedTokens: Readonly<Record<string, unknown>>;
}

interface EthersSigner {
  signTypedData(domain: object, types: object, message: object): Promise<string>;
}

interface SdkClient {
  getAddress(): string;
  getTokenBalance(token: string): Promise<{ size: string }>;
  getMaxWithdraw(token: string): Promise<{ amount: string }>;
}

/** The few functions of the SDK used here. Declared, so that types can be checked before test/clients is installed. */
interface Sdk {
  Config: { fetch(environment: 'testnet' | 'prod'): Promise<SdkConfig> };
  Signer: { fromEthers(signer: EthersSigner): object };
  Client: { fromEthSigner(options: { config: SdkConfig; signer: object }): Promise<SdkClient> };
}

interface Starknet {
  byteArray: {
    byteArrayFromString(text: string): { data: readonly string[]; pending_word: string; pending_word_len: number };
  };
  hash: {
    computePoseidonHashOnElements(elements: readonly bigint[]): string;
    getSelectorFromName(name: string): string;
  };
}

const require = createRequire(import.meta.url);
const { Config, Signer, Client }: Sdk = require('@paradex/sdk');
const { byteArray, hash }: Starknet = require('starknet');

interface RpcCall {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const calls: RpcCall[] = [];
/** Answers every call with 12.5 tokens of 8 decimals. */
const node: Server = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8').on('data', (chunk: string) => {
    body += chunk;
  });
  request.on('end', () => {
    calls.push({ headers: request.headers, body });
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify({ jsonrpc: '2.0', id: JSON.parse(body).id, result: ['0x4a817c80'] }));
  });
});

let rpcUrl: string;
let service: Service;
beforeAll(async () => {
  node.listen(0, '127.0.0.1');
  await once(node, 'listening');
  const bound = node.address();
  if (bound === null || typeof bound === 'string') throw new Error('the node has no port');
  rpcUrl = `http://127.0.0.1:${bound.port}/rpc/v0_10`;
  service = await startService({
    settings: { 'wire.published': JSON.stringify({ starknet_fullnode_rpc_url: rpcUrl }) },
  });
});
afterAll(async () => {
  await service.stop();
  node.closeAllConnections();
  node.close();
});
afterEach(() => vi.unstubAllGlobals());

/** The SDK's host is fixed: its name is made to mean our service, as a DNS entry would. Everything else of a request is its own. */
function resolveToUs(): string[] {
  const asked: string[] = [];
  const real = globalThis.fetch;
  vi.stubGlobal('fetch', (input: string, init?: RequestInit) => {
    const url = new URL(input);
    if (url.host !== 'api.testnet.paradex.trade') return real(input, init);
    asked.push(`${init?.method ?? 'GET'} ${url.pathname}${url.search}`);
    return real(`${service.url}${url.pathname}${url.search}`, init);
  });
  return asked;
}

/** One wallet in both clients: ccxt's own EIP-712 signs for the SDK. */
function newWallet() {
  const config = newWalletConfig();
  const client = connect(service.url, config);
  const ethers: EthersSigner = {
    signTypedData: async (domain, types, message) =>
      client.signMessage(client.ethEncodeStructuredData(domain, types, message), config.privateKey),
  };
  return { ccxt: client, signer: Signer.fromEthers(ethers) };
}

describe('@paradex/sdk 0.8.1', () => {
  test('the @paradex/sdk under test is the pinned release', () => {
    expect(require('@paradex/sdk/package.json').version).toBe('0.8.1');
  });

  test('builds its whole configuration from one GET of system/config', async () => {
    const asked = resolveToUs();
    expect(await Config.fetch('testnet')).toEqual({
      paradexFullNodeRpcUrl: rpcUrl,
      paradexChainId: settingOf['wire.starknet_chain_id'].default,
      ethereumChainId: '11155111',
      starknetChainId: expect.any(String),
      paraclearAccountHash: settingOf['wire.paraclear_account_hash'].default,
      paraclearAccountProxyHash: settingOf['wire.paraclear_account_proxy_hash'].default,
      paraclearAddress: settingOf['wire.published'].default.paraclear_address,
      paraclearDecimals: 8,
      bridgedTokens: {
        USDC: {
          name: 'USD Coin',
          symbol: 'USDC',
          decimals: 6,
          l1TokenAddress: '0x0',
          l1BridgeAddress: '0x0',
          l2TokenAddress: '0x0',
          l2BridgeAddress: '0x0',
        },
      },
    });
    expect(asked).toEqual(['GET /v1/system/config']);
  });

  test('derives the address that ccxt derives and that this service derives', async () => {
    resolveToUs();
    const { ccxt, signer } = newWallet();
    const client = await Client.fromEthSigner({ config: await Config.fetch('testnet'), signer });
    const { key, account } = await traderOf(ccxt);
    expect(parseFelt(client.getAddress())).toBe(account);
    const query = `account_signer_type=starknet&public_key=${key.publicKey}`;
    const lookUp = await call(service.url, 'GET', `/v1/onboarding?${query}`);
    expect(lookUp.json).toMatchObject({ address: account, exists: false });
    await ccxt.onboarding();
    expect((await ccxt.fetchBalance()).total).toEqual({ USDC: 100_000 });
  });

  test('calls the node of starknet_fullnode_rpc_url with headers that our own hasher verifies', async () => {
    resolveToUs();
    const { ccxt, signer } = newWallet();
    const client = await Client.fromEthSigner({ config: await Config.fetch('testnet'), signer });
    calls.length = 0;
    expect(await client.getTokenBalance('USDC')).toEqual({ size: '12.5' });
    expect(await client.getMaxWithdraw('USDC')).toMatchObject({ amount: '12.5' });

    const { key, account } = await traderOf(ccxt);
    const bodies = calls.map(({ body }) => JSON.parse(body));
    const address = settingOf['wire.published'].default.paraclear_address;
    expect(bodies).toMatchObject(
      ['getTokenAssetBalance', 'max_withdraw'].map((entrypoint) => ({
        method: 'starknet_call',
        params: { request: { contract_address: address, entry_point_selector: hash.getSelectorFromName(entrypoint) } },
      })),
    );
    for (const { headers, body } of calls) {
      expect(parseFelt(String(headers['paradex-starknet-account']))).toBe(account);
      expect(headers['paradex-starknet-signature-version']).toBe('1.0.0');
      const signature = parseSignatureText(String(headers['paradex-starknet-signature']));
      if (signature === undefined) throw new Error('the signature has not the form of our header');
      const timestamp = String(headers['paradex-starknet-signature-timestamp']);
      const publicKey = BigInt(key.publicKey);
      const signed = rpcHash({ account, body, timestamp });
      expect(scureCurve.verify(signed, signature.r, signature.s, publicKey)).toBe(true);
      const other = rpcHash({ account, body: body.replace('starknet_call', 'starknet_send'), timestamp });
      expect(scureCurve.verify(other, signature.r, signature.s, publicKey)).toBe(false);
    }
  });
});

const rpcRequestType: StructType<'account' | 'payload' | 'timestamp' | 'version'> = {
  name: 'Request',
  members: ['account', 'payload', 'timestamp', 'version'],
  hash: snKeccak('Request(account:felt,payload:felt,timestamp:felt,version:felt)'),
};

/** What is signed for a call to the node (docs/wire.md section 2), in the domain that GET /v1/system/config announces. */
function rpcHash({ account, body, timestamp }: { account: string; body: string; timestamp: string }): bigint {
  const hasher = createMessageHasher(scureCurve, {
    domainName: settingOf['wire.domain_name'].default,
    chainId: settingOf['wire.starknet_chain_id'].default,
  });
  const struct = hashStruct(scureCurve, rpcRequestType, {
    account: BigInt(account),
    payload: poseidonOfText(body),
    timestamp: BigInt(timestamp),
    version: feltFromText('1.0.0'),
  });
  return hasher.messageHash(feltOf(BigInt(account)), struct);
}

/** Poseidon over a Cairo ByteArray: the number of full words, the words, then the rest and its length. */
function poseidonOfText(text: string): bigint {
  const { data, pending_word, pending_word_len } = byteArray.byteArrayFromString(text);
  const rest = pending_word_len === 0 ? [] : [BigInt(pending_word), BigInt(pending_word_len)];
  return BigInt(hash.computePoseidonHashOnElements([BigInt(data.length), ...data.map(BigInt), ...rest]));
}
