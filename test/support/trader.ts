// An owner of an account, as the tests need one: real keys, real signatures, plain fetch. Published test keys where a name is given.
import {
  loginHeaders,
  onboardingHeaders,
  registrationProof,
  type SigningWindow,
  walletHeaders,
  windowFrom,
} from '../../src/client/sign-in.ts';
import { createStarkKey, randomStarkPrivateKey, type StarkKey } from '../../src/client/stark-key.ts';
import { createWallet, siweText, type Wallet } from '../../src/client/wallet.ts';
import { settingOf } from '../../src/config/schema.ts';
import type { AccountId } from '../../src/domain/credential.ts';
import { evmAccountAddress, starknetAccountAddress } from '../../src/starknet/address.ts';
import { createMessageHasher } from '../../src/starknet/message.ts';
import { curve } from './curve.ts';
import { undocumented } from './documented.ts';

const chainId = settingOf['wire.starknet_chain_id'].default;
const classes = {
  accountHash: settingOf['wire.paraclear_account_hash'].default,
  proxyHash: settingOf['wire.paraclear_account_proxy_hash'].default,
};
export const hasher = createMessageHasher(curve, { domainName: 'Paradex', chainId });
export const SIWE_DOMAIN = 'app.testnet.paradex.trade';
export const L1_CHAIN_ID = 11_155_111;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests read members of answers whose shape is what they assert.
  readonly json: any;
}

/**
 * One request; `body` is sent as JSON when it is not a string already. Throws when a route of ours answers what docs/openapi.json does
 * not describe.
 */
export async function call(
  url: string,
  method: string,
  path: string,
  options: { bearer?: string; headers?: Record<string, string>; body?: unknown } = {},
): Promise<Answer> {
  const { bearer, headers, body } = options;
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(bearer === undefined ? {} : { Authorization: `Bearer ${bearer}` }),
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const { status } = response;
  const problem = undocumented(method, path, { status, contentType: response.headers.get('content-type'), text });
  if (problem !== undefined) throw new Error(`docs/openapi.json: ${problem}`);
  return { status, headers: response.headers, text, json: parsed(text) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export interface StarkTrader {
  readonly kind: 'starknet';
  readonly privateKey: string;
  readonly key: StarkKey;
  readonly account: AccountId;
}

export function starkTrader(privateKey: string = randomStarkPrivateKey()): StarkTrader {
  const key = createStarkKey(privateKey);
  return { kind: 'starknet', privateKey, key, account: starknetAccountAddress(curve, key.publicKey, classes) };
}

export const newWindow = (seconds = 600): SigningWindow => windowFrom(Date.now(), seconds);

export async function onboard(url: string, trader: StarkTrader): Promise<void> {
  const answer = await call(url, 'POST', '/v1/onboarding', {
    headers: onboardingHeaders(hasher, trader.key, trader.account),
    body: { public_key: trader.key.publicKey },
  });
  if (answer.status !== 200) throw new Error(`onboarding: ${answer.status} ${answer.text}`);
}

/** A main session; onboards first unless told not to. */
export async function mainSession(url: string, trader: StarkTrader): Promise<string> {
  return sessionOf(
    await call(url, 'POST', '/v1/auth', { headers: loginHeaders(hasher, trader.key, trader.account, newWindow()) }),
  );
}

/** A session of a subkey, through the path form. */
export async function subkeySession(url: string, account: AccountId, subkey: StarkKey): Promise<string> {
  const headers = loginHeaders(hasher, subkey, account, newWindow());
  return sessionOf(await call(url, 'POST', `/v1/auth/${subkey.publicKey}`, { headers }));
}

function sessionOf(answer: Answer): string {
  if (answer.status !== 200) throw new Error(`login: ${answer.status} ${answer.text}`);
  return String(answer.json.jwt_token);
}

/** Registers a fresh (or the given) subkey with the main key's signature. */
export async function registerSubkey(
  url: string,
  trader: StarkTrader,
  session: string,
  options: { subkey?: StarkKey; name?: string; allowedCidrs?: readonly string[] } = {},
): Promise<StarkKey> {
  const subkey = options.subkey ?? createStarkKey(randomStarkPrivateKey());
  const answer = await call(url, 'POST', '/v1/account/keys/subkeys', {
    bearer: session,
    body: {
      name: options.name ?? 'bot',
      public_key: subkey.publicKey,
      ...(options.allowedCidrs === undefined ? {} : { allowed_cidrs: options.allowedCidrs }),
      ...registrationProof(curve, trader.key, trader.account, subkey.publicKey, newWindow()),
    },
  });
  if (answer.status !== 201) throw new Error(`registration: ${answer.status} ${answer.text}`);
  return subkey;
}

export interface CreatedToken {
  readonly token: string;
  readonly lookupId: string;
}

export async function createToken(
  url: string,
  session: string,
  body: Record<string, unknown> = {},
): Promise<CreatedToken> {
  const answer = await call(url, 'POST', '/v1/account/tokens', { bearer: session, body });
  if (answer.status !== 200) throw new Error(`token: ${answer.status} ${answer.text}`);
  return { token: answer.json.token, lookupId: answer.json.api_token.lookup_id };
}

export interface WalletTrader {
  readonly kind: 'eip191';
  readonly wallet: Wallet;
  readonly account: AccountId;
}

export function walletTrader(
  privateKey: string = randomStarkPrivateKey().slice(2).padStart(64, '0').replace(/^/, '0x'),
): WalletTrader {
  const wallet = createWallet(privateKey);
  const evmAccountHash = settingOf['wire.paraclear_evm_account_hash'].default;
  return { kind: 'eip191', wallet, account: evmAccountAddress(curve, BigInt(wallet.address), evmAccountHash) };
}

let nonces = 0;

/** The SIWE text of one purpose, valid now, with a nonce of its own. */
export function siweFor(
  trader: WalletTrader,
  statement: string,
  options: { seconds?: number; issuedAt?: Date } = {},
): string {
  const issuedAt = options.issuedAt ?? new Date();
  nonces += 1;
  return siweText({
    domain: SIWE_DOMAIN,
    address: trader.wallet.address,
    statement,
    chainId: L1_CHAIN_ID,
    nonce: `${process.pid}x${Date.now()}x${nonces}`.padEnd(12, '0'),
    issuedAt,
    ...(options.seconds === 0
      ? {}
      : { expirationTime: new Date(issuedAt.getTime() + (options.seconds ?? 300) * 1000) }),
  });
}

export async function onboardWallet(url: string, trader: WalletTrader): Promise<void> {
  const answer = await call(url, 'POST', '/v2/onboarding', {
    headers: walletHeaders(trader.wallet, trader.account, siweFor(trader, 'Paradex Onboarding', { seconds: 0 })),
    body: { public_key: trader.wallet.publicKey },
  });
  if (answer.status !== 200) throw new Error(`wallet onboarding: ${answer.status} ${answer.text}`);
}

export async function walletSession(url: string, trader: WalletTrader): Promise<string> {
  const headers = walletHeaders(trader.wallet, trader.account, siweFor(trader, 'Paradex Auth'));
  return sessionOf(await call(url, 'POST', '/v2/auth', { headers }));
}

export { loginHeaders, onboardingHeaders, registrationProof, walletHeaders, windowFrom };
