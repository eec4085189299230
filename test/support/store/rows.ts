// Rows as the contract tests write them: whole and valid, so that a test names only what it is about.
import { anywhere, parseAllowlist, type UsableAllowlist } from '../../../src/domain/allowlist.ts';
import { type AccountId, accountSubject, credentialSubject } from '../../../src/domain/credential.ts';
import type { Device } from '../../../src/domain/device.ts';
import { type Felt, feltOf } from '../../../src/domain/felt.ts';
import type { Subkey } from '../../../src/domain/subkey.ts';
import { NEVER, secondsOf, type UnixNanos, unixNanos } from '../../../src/domain/time.ts';
import { dayOf } from '../../../src/domain/use.ts';
import type {
  Account,
  AddedUse,
  AuditEntry,
  ChangeEntry,
  Explanation,
  NewSubkey,
  NewToken,
  Store,
} from '../../../src/store/store.ts';

/** Beyond 2^53, and not a multiple of anything a double could round to. */
export const T0: UnixNanos = unixNanos(1_700_000_000_123_456_789n);
export const at = (nanos: bigint): UnixNanos => unixNanos(T0 + nanos);

export const alice: AccountId = feltOf(0xa11cen);
export const bob: AccountId = feltOf(0xb0bn);
export const keyOne = feltOf(0x1111n);
export const keyTwo = feltOf(0x2222n);

export function allowlist(...entries: string[]): UsableAllowlist {
  const parsed = parseAllowlist(entries);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.list;
}

export const starkAccount = (account: AccountId): Account => ({
  account,
  signer: { type: 'starknet', publicKey: feltOf(BigInt(account) + 1n) },
  validAfter: NEVER,
  lockedAt: NEVER,
  createdAt: T0,
});

export const walletAccount = (account: AccountId): Account => ({
  ...starkAccount(account),
  signer: { type: 'eip191', ethAddress: '0x00000000000000000000000000000000000000ff' },
});

/** An ephemeral key of its own for each pending subkey: no two may share one. */
const pendingUntil = (ephPublicKey: Felt) => ({ encryptedKey: 'ciphertext', ephPublicKey, until: at(1_000_000n) });

export const subkeyOf = (account: AccountId, more: Partial<NewSubkey> = {}): NewSubkey => ({
  account,
  publicKey: keyOne,
  name: 'bot',
  state: 'active',
  allowlist: anywhere,
  expiresAt: NEVER,
  pending: more.state === 'pending' ? pendingUntil(more.publicKey ?? keyOne) : undefined,
  createdAt: at(1n),
  updatedAt: at(2n),
  revokedAt: NEVER,
  registeredBy: '',
  ...more,
});

export function tokenOf(account: AccountId, id: string, more: Partial<NewToken> = {}): NewToken {
  const { createdAt = at(3n), expiryAt = at(1_000n) } = more;
  return {
    account,
    tokenId: `tok_${id}`,
    lookupId: `lookup-${id}`,
    name: 'reader',
    kind: 'readonly',
    kid: '',
    allowlist: anywhere,
    createdAt,
    expiryAt,
    lastUpdatedAt: at(4n),
    revokedAt: NEVER,
    // As a row of an older release, which has none, is read.
    lifetimeSeconds: secondsOf(expiryAt) - secondsOf(createdAt),
    replacedBy: '',
    replaces: '',
    ...more,
  };
}

/** Made by a session of `T0`, which is its auth_time in seconds. */
export const deviceOf = (account: AccountId, id: string, more: Partial<Device> = {}): Device => ({
  account,
  deviceId: `dev_${id}`,
  name: 'browser',
  thumbprint: `0x${id.padStart(64, '0')}`,
  authTime: secondsOf(T0),
  createdAt: at(3n),
  expiresAt: at(1_000n),
  idleSeconds: 900,
  idleUntil: at(900n),
  lastUsedAt: NEVER,
  lastUsedIp: '',
  endedAt: NEVER,
  ...more,
});

export const auditOf = (account: AccountId, more: Partial<AuditEntry> = {}): AuditEntry => ({
  account,
  action: 'token.created',
  actor: 'main:main',
  subject: accountSubject(account),
  requestId: 'request-1',
  clientIp: '192.0.2.7',
  detail: {},
  ...more,
});

export const explanationOf = (account: AccountId, more: Partial<Explanation> = {}): Explanation => ({
  account,
  requestId: 'request-1',
  at: T0,
  credential: 'token:tok_1',
  reason: 'ip_not_allowed',
  route: 'GET /v1/balance',
  others: 0,
  detail: '{}',
  ...more,
});

export const changeOf = (account: AccountId, more: Partial<ChangeEntry> = {}): ChangeEntry => ({
  account,
  action: 'token.created',
  subjects: [accountSubject(account), credentialSubject({ account, kind: 'token', id: 'tok_1' })],
  narrows: false,
  ...more,
});

/** One allowed request of subkey 1. */
export const useOf = (account: AccountId, more: Partial<AddedUse> = {}): AddedUse => {
  const lastAt = more.lastAt ?? T0;
  return {
    account,
    credential: 'subkey:1',
    day: dayOf(lastAt),
    allowed: 1,
    refused: 0,
    limited: 0,
    failed: 0,
    lastAt,
    lastIp: '192.0.2.7',
    addresses: [{ address: '192.0.2.7', firstAt: lastAt, lastAt, allowed: 1, refused: 0 }],
    ...more,
  };
};

/** Inserts an account of its own for the test. */
export async function insertAccounts(store: Store, ...accounts: AccountId[]): Promise<void> {
  await store.transaction(async (tx) => {
    for (const account of accounts) await tx.insertAccount(starkAccount(account), '');
  });
}

export async function insertSubkey(store: Store, subkey: NewSubkey): Promise<Subkey> {
  const inserted = await store.transaction((tx) => tx.insertSubkey(subkey));
  if (inserted === undefined) throw new Error('the subkey was not inserted');
  return inserted;
}

export async function insertTokens(store: Store, ...tokens: NewToken[]): Promise<void> {
  await store.transaction(async (tx) => {
    for (const token of tokens) await tx.insertToken(token);
  });
}
