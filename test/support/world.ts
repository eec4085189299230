// One whole service with clocks that only the test moves, and owners whose signatures are made at that time.
import { expect } from 'vitest';
import { createStarkKey, randomStarkPrivateKey, type StarkKey } from '../../src/client/stark-key.ts';
import { siweText } from '../../src/client/wallet.ts';
import type { AccountId } from '../../src/domain/credential.ts';
import { curve } from './curve.ts';
import { type Service, type ServiceOptions, startService } from './harness.ts';
import {
  type Answer,
  call,
  hasher,
  L1_CHAIN_ID,
  loginHeaders,
  onboard,
  registrationProof,
  SIWE_DOMAIN,
  type StarkTrader,
  starkTrader,
  type WalletTrader,
  walletHeaders,
  walletTrader,
} from './trader.ts';

export const SUBKEYS = '/v1/account/keys/subkeys';
export const TOKENS = '/v1/account/tokens';
export const SELF = '/countersign/v1/self';
/** An allowlist that no test's own address is in. */
export const ELSEWHERE = ['203.0.113.0/24'];

/** Time stands still until it is moved. The last digits of the start are lost in any number that is not exact. */
export function createTestClock(start = 1_800_000_000_123_456_789n) {
  let now = start;
  let behind = 0n;
  return {
    time: { wall: () => now - behind, monotonic: () => Number((now - start) / 1_000_000n) },
    nanos: () => now,
    seconds: () => Number(now / 1_000_000_000n),
    date: () => new Date(Number(now / 1_000_000n)),
    advance(seconds: number) {
      now += BigInt(seconds) * 1_000_000_000n;
    },
    /** The machine's wall clock says this much less than it is; time itself goes on. */
    setWallBack(seconds: number) {
      behind = BigInt(seconds) * 1_000_000_000n;
    },
    /** The machine's wall clock says this much more than it is; 0 = it is right again. */
    setWallAhead(seconds: number) {
      behind = BigInt(seconds) * -1_000_000_000n;
    },
  };
}

export type TestClock = ReturnType<typeof createTestClock>;

export interface World {
  readonly service: Service;
  readonly url: string;
  readonly port: number;
  readonly clock: TestClock;
  stop(): Promise<void>;
}

export async function startWorld(options: Omit<ServiceOptions, 'time'> = {}): Promise<World> {
  const clock = createTestClock();
  const service = await startService({ ...options, time: clock.time });
  return { service, url: service.url, port: service.port, clock, stop: () => service.stop() };
}

export const newStarkKey = (): StarkKey => createStarkKey(randomStarkPrivateKey());

/** From `age` seconds ago to `life` seconds after that. */
export function windowOf({ clock }: World, { age = 0, life = 600 }: { age?: number; life?: number } = {}) {
  const timestamp = clock.seconds() - age;
  return { timestamp, expiration: timestamp + life };
}

export const loginOf = (world: World, key: StarkKey, account: AccountId, window = windowOf(world)) =>
  loginHeaders(hasher, key, account, window);

/** POST /v1/auth, or /v1/auth/{public_key} when a key is named. */
export function postLogin(world: World, headers: Record<string, string>, publicKey?: string): Promise<Answer> {
  return call(world.url, 'POST', publicKey === undefined ? '/v1/auth' : `/v1/auth/${publicKey}`, { headers });
}

export function sessionIn(answer: Answer): string {
  if (answer.status !== 200) throw new Error(`login: ${answer.status} ${answer.text}`);
  return String(answer.json.jwt_token);
}

export const mainSession = async (world: World, { key, account }: StarkTrader): Promise<string> =>
  sessionIn(await postLogin(world, loginOf(world, key, account)));

export const subkeySession = async (world: World, account: AccountId, subkey: StarkKey): Promise<string> =>
  sessionIn(await postLogin(world, loginOf(world, subkey, account), subkey.publicKey));

export interface Owner extends StarkTrader {
  /** A main session, alive as long as the clock is not moved 300 s. */
  readonly session: string;
}

export async function newOwner(world: World, trader: StarkTrader = starkTrader()): Promise<Owner> {
  await onboard(world.url, trader);
  return { ...trader, session: await mainSession(world, trader) };
}

/** The members by which the owner's main key blesses a subkey. */
export const proofFor = (
  world: World,
  owner: StarkTrader,
  publicKey: StarkKey['publicKey'],
  window = windowOf(world),
) => registrationProof(curve, owner.key, owner.account, publicKey, window);

export function registrationBody(
  world: World,
  owner: StarkTrader,
  subkey: StarkKey,
  more: Record<string, unknown> = {},
) {
  return { name: 'bot', public_key: subkey.publicKey, ...proofFor(world, owner, subkey.publicKey), ...more };
}

export const postSubkey = (world: World, bearer: string, body: unknown): Promise<Answer> =>
  call(world.url, 'POST', SUBKEYS, { bearer, body });

export async function addSubkey(world: World, owner: Owner, more: Record<string, unknown> = {}): Promise<StarkKey> {
  const subkey = newStarkKey();
  const answer = await postSubkey(world, owner.session, registrationBody(world, owner, subkey, more));
  if (answer.status !== 201) throw new Error(`registration: ${answer.status} ${answer.text}`);
  return subkey;
}

let nonces = 0;

export interface SiweOptions {
  /** 0 = no Expiration Time. */
  readonly life?: number;
  readonly age?: number;
  readonly nonce?: string;
  readonly domain?: string;
  readonly chainId?: number;
  readonly uri?: string;
}

/** The EIP-4361 text of one purpose, with a nonce of its own. */
export function siweOf(world: World, trader: WalletTrader, statement: string, options: SiweOptions = {}): string {
  nonces += 1;
  const { life = 300, age = 0, nonce = `nonce${String(nonces).padStart(8, '0')}` } = options;
  const issuedAt = new Date(world.clock.date().getTime() - age * 1000);
  return siweText({
    domain: options.domain ?? SIWE_DOMAIN,
    address: trader.wallet.address,
    statement,
    chainId: options.chainId ?? L1_CHAIN_ID,
    nonce,
    issuedAt,
    ...(options.uri === undefined ? {} : { uri: options.uri }),
    ...(life === 0 ? {} : { expirationTime: new Date(issuedAt.getTime() + life * 1000) }),
  });
}

export const postWallet = (
  world: World,
  path: string,
  trader: WalletTrader,
  message: string,
  options: { body?: unknown; headers?: Record<string, string> } = {},
): Promise<Answer> =>
  call(world.url, 'POST', path, {
    headers: { ...walletHeaders(trader.wallet, trader.account, message), ...options.headers },
    ...(options.body === undefined ? {} : { body: options.body }),
  });

export interface WalletOwner extends WalletTrader {
  readonly session: string;
}

export async function newWalletOwner(world: World): Promise<WalletOwner> {
  const trader = walletTrader();
  const message = siweOf(world, trader, 'Paradex Onboarding', { life: 0 });
  const answer = await postWallet(world, '/v2/onboarding', trader, message, {
    body: { public_key: trader.wallet.publicKey },
  });
  if (answer.status !== 200) throw new Error(`wallet onboarding: ${answer.status} ${answer.text}`);
  const login = await postWallet(world, '/v2/auth', trader, siweOf(world, trader, 'Paradex Auth'));
  return { ...trader, session: sessionIn(login) };
}

/** docs/wire.md section 11: this status and code, in exactly three members, under our own headers. Returns the message. */
export function expectRefusal(answer: Answer, status: number, code: string): string {
  expect(`${answer.status} ${answer.json?.error}`, answer.text).toBe(`${status} ${code}`);
  expect(Object.keys(answer.json)).toEqual(['error', 'message', 'data']);
  expect(answer.json.message).toMatch(/\S/);
  // Wherever it is answered: who is refused by an address must learn which one was seen.
  if (code === 'IP_NOT_ALLOWED') expect(answer.json.data).toHaveProperty('client_ip');
  expectOurHeaders(answer);
  return answer.json.message;
}

const REQUEST_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export function expectOurHeaders({ headers }: Answer): void {
  expect(headers.get('Countersign-Request-Id')).toMatch(REQUEST_ID);
  expect(headers.get('Cache-Control')).toBe('no-store');
  expect(headers.get('Content-Type')).toBe('application/json; charset=utf-8');
}

/** A success of ours; `extra` are the names of further headers that this answer must have. */
export function expectSuccess(answer: Answer, status: number, extra: readonly string[] = []): void {
  expect(answer.status, answer.text).toBe(status);
  expectOurHeaders(answer);
  const usual = [
    ...['cache-control', 'connection', 'content-length', 'content-type', 'countersign-request-id', 'date'],
    'x-content-type-options',
  ];
  const names = [...answer.headers.keys()].filter((name) => name !== 'keep-alive');
  expect(names).toEqual([...usual, ...extra].sort());
}

/** Everything the account has, revoked and expired too, as text; not when it was last used, which each request changes. */
export async function keysOf(world: World, bearer: string): Promise<string> {
  const subkeys = await call(world.url, 'GET', `${SUBKEYS}?with_revoked=true&limit=500`, { bearer });
  const tokens = await call(world.url, 'GET', `${TOKENS}?with_invalid=true&limit=500`, { bearer });
  expect([subkeys.status, tokens.status]).toEqual([200, 200]);
  return `${subkeys.text}\n${tokens.text}`.replaceAll(/,"last_used_at":[0-9]+,"last_used_ip":"[^"]*"/g, '');
}

/** Asserts that the account's credentials are, to the byte, the same after `work` as before it. */
export async function changesNothing<T>(world: World, bearer: string, work: () => Promise<T>): Promise<T> {
  const before = await keysOf(world, bearer);
  const result = await work();
  expect(await keysOf(world, bearer)).toBe(before);
  return result;
}

/** The payload of a JWT, unverified, as clients read it. */
export function claimsOf(jwt: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString());
}

/** The same JWT under another signature. By its first character: the last one has bits that nobody reads, and is what it was by chance. */
export function forgedFrom(jwt: string): string {
  const [head = '', claims = '', signature = ''] = jwt.split('.');
  return `${head}.${claims}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
}

/** Whether a bearer works now: `alive`, or the status and code of the refusal. */
export async function stateOf(world: World, bearer: string): Promise<string> {
  const answer = await call(world.url, 'GET', SELF, { bearer });
  return answer.status === 200 ? 'alive' : `${answer.status} ${answer.json?.error}`;
}
