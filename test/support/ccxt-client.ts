// ccxt as its users have it: the pinned release, pointed at a service through its own settings and changed in nothing.
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { createStarkKey, type StarkKey } from '../../src/client/stark-key.ts';
import { createWallet } from '../../src/client/wallet.ts';
import type { AccountId } from '../../src/domain/credential.ts';
import { parseFelt } from '../../src/domain/felt.ts';
import { curve } from './curve.ts';
import { registrationProof, type StarkTrader } from './trader.ts';

export interface Order {
  readonly id: string | undefined;
  readonly clientOrderId: string | undefined;
  readonly status: string | undefined;
  readonly side: string | undefined;
  readonly type: string | undefined;
  readonly price: number | undefined;
  readonly amount: number | undefined;
  readonly filled: number | undefined;
  readonly info: { readonly id: unknown };
}

export interface NewOrder {
  readonly symbol: string;
  readonly type: string;
  readonly side: string;
  readonly amount: number;
  readonly price?: number;
}

/** What `options.paradexAccount` holds: a Stark key and the account that it signs for. */
export interface ParadexAccount {
  readonly privateKey: string;
  readonly address: string;
  readonly publicKey?: string;
}

type Params = Readonly<Record<string, unknown>>;

/** The few methods of ccxt's class that are used here. Declared, so that types can be checked before test/clients is installed. */
export interface Paradex {
  readonly options: Record<string, unknown>;
  readonly has: Readonly<Record<string, boolean | undefined>>;
  retrieveAccount(): Promise<Required<ParadexAccount>>;
  onboarding(): Promise<unknown>;
  authenticateRest(): Promise<string>;
  fetchTime(): Promise<number>;
  fetchStatus(): Promise<{ status: string }>;
  fetchMarkets(): Promise<{ id: string; symbol: string; settle: string }[]>;
  fetchTicker(symbol: string): Promise<{ bid: number; ask: number; last: number }>;
  fetchOrderBook(symbol: string): Promise<{ bids: number[][]; asks: number[][] }>;
  fetchBalance(): Promise<{ total: Readonly<Record<string, number>> }>;
  fetchPositions(): Promise<{ symbol: string; side: string; contracts: number }[]>;
  fetchMyTrades(symbol?: string): Promise<{ order: string; side: string; price: number; amount: number }[]>;
  fetchOpenOrders(symbol?: string): Promise<Order[]>;
  fetchOrders(symbol?: string): Promise<Order[]>;
  fetchOrder(id: string, symbol?: string, params?: Params): Promise<Order>;
  fetchLeverage(symbol: string): Promise<{ longLeverage: number }>;
  setLeverage(leverage: number, symbol: string): Promise<unknown>;
  createOrder(
    symbol: string,
    type: string,
    side: string,
    amount: number,
    price?: number,
    params?: Params,
  ): Promise<Order>;
  createOrders(orders: readonly NewOrder[]): Promise<Order[]>;
  editOrder(id: string, symbol: string, type: string, side: string, amount: number, price: number): Promise<Order>;
  cancelOrder(id: string, symbol?: string, params?: Params): Promise<Order>;
  cancelOrders(ids: readonly string[], symbol?: string): Promise<Order[]>;
  cancelAllOrders(symbol: string): Promise<Order[]>;
  privateGetBalance(): Promise<unknown>;
  privateGetAccountKeysSubkeys(params?: Params): Promise<{ results: { public_key: string; state: string }[] }>;
  privatePostAccountKeysSubkeys(params: Params): Promise<unknown>;
  privatePutAccountKeysSubkeysPublicKeyAllowedCidrs(params: Params): Promise<{ allowed_cidrs: string[] }>;
  privateDeleteAccountKeysSubkeysPublicKey(params: Params): Promise<{ public_key: string }>;
  privateGetAccountTokens(params?: Params): Promise<{ results: { lookup_id: string }[] }>;
  privatePostAccountTokens(params: Params): Promise<{ token: string; api_token: ApiToken }>;
  privatePutAccountTokensLookupIdAllowedCidrs(params: Params): Promise<ApiToken>;
  privateDeleteAccountTokensLookupId(params: Params): Promise<{ lookup_id: string }>;
  /** Any path of the API, under the configured base. */
  request(path: string, api: 'public' | 'private', method: string, params?: Params): Promise<unknown>;
  ethEncodeStructuredData(domain: object, types: object, message: object): string | Uint8Array;
  signMessage(message: string | Uint8Array, privateKey: string): string;
}

interface ApiToken {
  readonly lookup_id: string;
  readonly allowed_cidrs: readonly string[];
}

interface Ccxt {
  readonly version: string;
  readonly paradex: new (config: object) => Paradex;
  readonly AuthenticationError: unknown;
  readonly BadRequest: unknown;
  readonly ExchangeError: unknown;
  readonly InvalidOrder: unknown;
  readonly OperationRejected: unknown;
  readonly RateLimitExceeded: unknown;
}

/** Of the install of test/clients. */
export const ccxt: Ccxt = createRequire(new URL('../clients/package.json', import.meta.url))('ccxt');

export interface ClientConfig {
  readonly privateKey?: string;
  readonly walletAddress?: string;
  readonly options?: {
    readonly paradexAccount?: ParadexAccount;
    readonly authToken?: string;
    /** Unix seconds. */
    readonly expires?: number;
  };
}

/** ccxt's `paradex`, pointed at `url`. Its own pacing is off: these tests need no politeness. */
export const connect = (url: string, config: ClientConfig = {}): Paradex =>
  new ccxt.paradex({ enableRateLimit: false, urls: { api: { v1: `${url}/v1`, v2: `${url}/v2` } }, ...config });

/** What a user has: an Ethereum wallet, from which ccxt derives the Stark key. */
export function newWalletConfig(): Required<Pick<ClientConfig, 'privateKey' | 'walletAddress'>> {
  const privateKey = `0x${randomBytes(32).toString('hex')}`;
  return { privateKey, walletAddress: createWallet(privateKey).address };
}

/** A new user, onboarded by ccxt. */
export async function onboarded(url: string): Promise<Paradex> {
  const client = connect(url, newWalletConfig());
  await client.onboarding();
  return client;
}

/** The account and the Stark key that ccxt derived, in this project's own terms. */
export async function traderOf(client: Paradex): Promise<StarkTrader> {
  const { privateKey: hex, address } = await client.retrieveAccount();
  const privateKey = `0x${hex.replace(/^0x/, '')}`;
  return { kind: 'starknet', privateKey, key: createStarkKey(privateKey), account: accountId(address) };
}

function accountId(text: string): AccountId {
  const account = parseFelt(text);
  if (account === undefined) throw new Error(`${text} is no address`);
  return account;
}

/** Registers `subkey` through ccxt's own call, blessed by the main key that ccxt derived. */
export async function registerSubkeyWith(owner: Paradex, subkey: StarkKey, more: Params = {}): Promise<void> {
  const { key, account } = await traderOf(owner);
  await owner.authenticateRest();
  const now = Math.floor(Date.now() / 1000);
  await owner.privatePostAccountKeysSubkeys({
    name: 'bot',
    public_key: subkey.publicKey,
    ...registrationProof(curve, key, account, subkey.publicKey, { timestamp: now, expiration: now + 300 }),
    ...more,
  });
}

/** Makes a read-only token through ccxt's own call. */
export async function createTokenWith(owner: Paradex, body: Params = {}): Promise<{ token: string; lookupId: string }> {
  await owner.authenticateRest();
  const { token, api_token } = await owner.privatePostAccountTokens(body);
  return { token, lookupId: api_token.lookup_id };
}

export interface Refusal {
  /** The class of the error itself, not one that it extends. */
  readonly errorClass: unknown;
  /** `error` of the answer's body, where ccxt shows the body. */
  readonly code: string | undefined;
  readonly message: string;
}

/** The error that a call must end with. Throws when it does not. */
export async function refusalOf(asked: Promise<unknown>): Promise<Refusal> {
  const error = await asked.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Error)) throw new Error('ccxt was answered, and should have been refused');
  const code = /"error":"([A-Z_]+)"/.exec(error.message)?.[1];
  return { errorClass: error.constructor, code, message: error.message };
}
