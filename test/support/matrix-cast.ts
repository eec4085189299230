// Who plays in the permission matrix: every kind of caller, sound or not, with its bearer and the keys that may sign its orders.
import { expect } from 'vitest';
import type { StarkKey } from '../../src/client/stark-key.ts';
import type { AccountId } from '../../src/domain/credential.ts';
import { addDevice, deviceSession } from './devices.ts';
import { call, createToken } from './trader.ts';
import {
  addSubkey,
  ELSEWHERE,
  loginOf,
  newOwner,
  newStarkKey,
  newWalletOwner,
  postSubkey,
  postWallet,
  SUBKEYS,
  sessionIn,
  siweOf,
  subkeySession,
  TOKENS,
  type WalletOwner,
  type World,
} from './world.ts';

/** The columns of test/vectors/operations.json. */
export interface Allow {
  readonly anonymous: boolean;
  readonly readonly_token: boolean;
  readonly subkey_session: boolean;
  readonly main_or_evm_session: boolean;
}

/** The frozen table knows no devices. This is their column: what a device may do besides what anybody may. */
const ofDevices: ReadonlySet<string> = new Set([
  'GET /v1/account/keys/subkeys',
  'GET /v1/account/keys/subkeys/{public_key}',
  'PUT /v1/account/keys/subkeys/{public_key}',
  'PUT /v1/account/keys/subkeys/{public_key}/allowed-cidrs',
  'DELETE /v1/account/keys/subkeys/{public_key}',
  'GET /v1/account/tokens',
  'PUT /v1/account/tokens/{lookup_id}/allowed-cidrs',
  'DELETE /v1/account/tokens/{lookup_id}',
  'GET /countersign/v1/self',
  'GET /countersign/v1/tokens/{lookup_id}',
  'PUT /countersign/v1/tokens/{lookup_id}',
  'POST /countersign/v1/subkeys',
  'GET /countersign/v1/audit',
  'GET /countersign/v1/explain',
  'GET /countersign/v1/devices',
  'GET /countersign/v1/usage',
  'GET /countersign/v1/addresses',
  'DELETE /countersign/v1/devices/{id}',
  'POST /countersign/v1/self/revoke',
  'POST /countersign/v1/sign-out-everywhere',
  'POST /countersign/v1/revoke-all',
]);

export interface AllowWithDevices extends Allow {
  readonly device_session: boolean;
}

/** `path` as the route table has it. */
export const withDevices = (method: string, path: string, allow: Allow): AllowWithDevices => ({
  ...allow,
  device_session: allow.anonymous || ofDevices.has(`${method} ${path}`),
});

export interface Cast {
  /** The column of the frozen table that says what this caller may do. */
  readonly column: keyof AllowWithDevices;
  /** What the caller gets where somebody else would be allowed; undefined = it is a sound credential. */
  readonly flaw?: '401 UNAUTHORIZED_ERROR' | '403 IP_NOT_ALLOWED';
  /** Countersign-Credential-Kind at the venue. */
  readonly kind: string;
}

export const casts = {
  anonymous: { column: 'anonymous', flaw: '401 UNAUTHORIZED_ERROR', kind: '' },
  'garbage bearer': { column: 'anonymous', flaw: '401 UNAUTHORIZED_ERROR', kind: '' },
  'expired main session': { column: 'anonymous', flaw: '401 UNAUTHORIZED_ERROR', kind: '' },
  'expired token': { column: 'anonymous', flaw: '401 UNAUTHORIZED_ERROR', kind: '' },
  'session of a revoked subkey': { column: 'anonymous', flaw: '401 UNAUTHORIZED_ERROR', kind: '' },
  'revoked token': { column: 'anonymous', flaw: '401 UNAUTHORIZED_ERROR', kind: '' },
  // A terminal token is refused everywhere: it is no bearer.
  'terminal token': { column: 'anonymous', flaw: '401 UNAUTHORIZED_ERROR', kind: '' },
  'read-only token': { column: 'readonly_token', kind: 'token' },
  'subkey session': { column: 'subkey_session', kind: 'subkey' },
  'main session': { column: 'main_or_evm_session', kind: 'main' },
  'EVM main session': { column: 'main_or_evm_session', kind: 'evm' },
  'device session': { column: 'device_session', kind: 'device' },
  'token from a wrong IP': { column: 'readonly_token', flaw: '403 IP_NOT_ALLOWED', kind: 'token' },
  'subkey session from a wrong IP': { column: 'subkey_session', flaw: '403 IP_NOT_ALLOWED', kind: 'subkey' },
} as const satisfies Record<string, Cast>;
export type CastName = keyof typeof casts;
export const castNames = Object.keys(casts) as CastName[];

/** How the frozen table wants a cell refused; undefined = the caller may do it. */
export function refusalOf(allow: AllowWithDevices, cast: Cast): string | undefined {
  if (allow.anonymous) return undefined;
  // Permission is asked before the address: who may not do it anywhere does not learn about the list.
  if (cast.column !== 'anonymous' && !allow[cast.column]) return '403 INVALID_TOKEN_SCOPE';
  return cast.flaw;
}

export type Bearers = Record<CastName, string | undefined>;

/** Whose orders a caller would send, and the keys that sign them well. */
export interface Signers {
  readonly account: AccountId;
  readonly keys: Readonly<Record<string, StarkKey>>;
}

/** Needs a world with terminal tokens; moves its clock. */
export async function gather(world: World): Promise<{ bearers: Bearers; signers: Record<CastName, Signers> }> {
  const { url, clock } = world;
  const early = await newOwner(world);
  const expiredToken = await createToken(url, early.session, { expiry_duration: 60 });
  clock.advance(301);

  const owner = await newOwner(world);
  const wallet = await newWalletOwner(world);
  // Interactive, as the one operation that demands it wants them (docs/wire.md section 16).
  const headers = loginOf(world, owner.key, owner.account);
  const main = sessionIn(await call(url, 'POST', '/v1/auth?token_usage=interactive', { headers }));
  const siwe = siweOf(world, wallet, 'Paradex Auth');
  const evm = sessionIn(await postWallet(world, '/v2/auth?token_usage=interactive', wallet, siwe));
  const terminal = await call(url, 'POST', '/v1/account/terminal-token', { bearer: main });
  const subkey = await addSubkey(world, owner);
  const elsewhere = await addSubkey(world, owner);
  const fromElsewhere = await subkeySession(world, owner.account, elsewhere);
  const revoked = await addSubkey(world, owner);
  const ofRevoked = await subkeySession(world, owner.account, revoked);
  const revokedToken = await createToken(url, owner.session);
  const change = (method: string, path: string, body?: unknown) =>
    call(url, method, path, { bearer: owner.session, ...(body === undefined ? {} : { body }) });
  const done = [
    await change('PUT', `${SUBKEYS}/${elsewhere.publicKey}/allowed-cidrs`, { allowed_cidrs: ELSEWHERE }),
    await change('DELETE', `${SUBKEYS}/${revoked.publicKey}`),
    await change('DELETE', `${TOKENS}/${revokedToken.lookupId}`),
  ];
  expect(done.map(({ status }) => status)).toEqual([200, 200, 200]);
  const bearers: Bearers = {
    anonymous: undefined,
    'garbage bearer': 'eyJhbGciOiJub25lIn0.e30.',
    'expired main session': early.session,
    'expired token': expiredToken.token,
    'session of a revoked subkey': ofRevoked,
    'revoked token': revokedToken.token,
    'terminal token': terminal.json.jwt_token,
    'read-only token': (await createToken(url, owner.session)).token,
    'subkey session': await subkeySession(world, owner.account, subkey),
    'main session': main,
    'EVM main session': evm,
    'device session': await deviceSession(world, await addDevice(world, owner)),
    'token from a wrong IP': (await createToken(url, owner.session, { allowed_cidrs: ELSEWHERE })).token,
    'subkey session from a wrong IP': fromElsewhere,
  };

  const byOwner = (keys: Signers['keys'] = { 'the main key': owner.key }): Signers => ({
    account: owner.account,
    keys,
  });
  const byEarly: Signers = { account: early.account, keys: { 'the main key': early.key } };
  const signers: Record<CastName, Signers> = {
    anonymous: byOwner(),
    'garbage bearer': byOwner(),
    'expired main session': byEarly,
    'expired token': byEarly,
    'session of a revoked subkey': byOwner({ 'that subkey': revoked }),
    'revoked token': byOwner(),
    'terminal token': byOwner(),
    'read-only token': byOwner(),
    'subkey session': byOwner({ 'that subkey': subkey }),
    'main session': byOwner({ 'the main key': owner.key, 'a subkey': subkey }),
    // A wallet signs no orders.
    'EVM main session': { account: wallet.account, keys: { 'a subkey': await addSubkeyOfWallet(world, wallet) } },
    'device session': byOwner(),
    'token from a wrong IP': byOwner(),
    'subkey session from a wrong IP': byOwner({ 'that subkey': elsewhere }),
  };
  return { bearers, signers };
}

async function addSubkeyOfWallet(world: World, owner: WalletOwner): Promise<StarkKey> {
  const subkey = newStarkKey();
  const message = siweOf(world, owner, `Paradex Subkey Registration: ${subkey.publicKey}`);
  const answer = await postSubkey(world, owner.session, {
    name: 'bot',
    public_key: subkey.publicKey,
    siwe_message: message,
    evm_signature: owner.wallet.personalSign(message),
  });
  expect(answer.status, answer.text).toBe(201);
  return subkey;
}
