// What was ended and could not be written, alone: what it does to facts and rows, what takes it back, and how much of it there can be.
import { describe, expect, test } from 'vitest';
import { anywhere } from '../../src/domain/allowlist.ts';
import type { AccountId } from '../../src/domain/credential.ts';
import { feltOf } from '../../src/domain/felt.ts';
import type { Subkey } from '../../src/domain/subkey.ts';
import { NEVER, unixNanos, unixSeconds } from '../../src/domain/time.ts';
import type { Token } from '../../src/domain/token.ts';
import type { Denial } from '../../src/revocation/denial.ts';
import { createDenials, type DenialLimits } from '../../src/revocation/denials.ts';
import type { Account, Facts, FactsQuery } from '../../src/store/store.ts';
import { deviceOf as deviceRow } from '../support/store/rows.ts';

const alice = feltOf(0xa11cen);
const bob = feltOf(0xb0bn);
const carol = feltOf(0xca401n);
const at = unixNanos;
const NOW = at(1_000n);

const facts: Facts = {
  accountKnown: true,
  accountLocked: false,
  validAfter: at(5n),
  credential: 'alive',
  expiresAt: NEVER,
  allowlist: anywhere,
  label: '0x5b',
  mainKey: undefined,
  signingKeyAlive: true,
};
const subkeyOf = (account: AccountId, id: string) => ({ account, kind: 'subkey', id }) as const;
const tokenOf = (account: AccountId, id: string) => ({ account, kind: 'token', id }) as const;
const deviceOf = (account: AccountId, id: string) => ({ account, kind: 'device', id }) as const;
const mainOf = (account: AccountId) => ({ account, kind: 'main', id: 'main' }) as const;
const asked = (ref: Omit<FactsQuery, 'kid'>, kid = 'kid-1'): FactsQuery => ({ ...ref, kid });
const revoked = (credential: ReturnType<typeof subkeyOf> | ReturnType<typeof tokenOf>): Denial => ({
  kind: 'credential',
  credential,
  label: `label-${credential.id}`,
});

function setup(limits?: DenialLimits) {
  const denials = createDenials({
    clock: { now: () => NOW, latest: () => NOW, monotonic: () => 0 },
    ...(limits && { limits }),
  });
  return {
    denials,
    over: (ref: Omit<FactsQuery, 'kid'>, kid?: string) => denials.overFacts(asked(ref, kid), facts),
    lift: (...lifted: Denial[]) => denials.lift(lifted, denials.version),
    isEnded: (ref: Omit<FactsQuery, 'kid'>) => denials.overFacts(asked(ref), facts).credential === 'revoked',
  };
}

describe('facts', () => {
  test.each<[string, Denial, FactsQuery, Partial<Facts>]>([
    ['a lock', { kind: 'account', account: alice }, asked(tokenOf(alice, 't')), { accountLocked: true }],
    [
      'a sign-out',
      { kind: 'sessions', account: alice, upTo: at(900n) },
      asked(subkeyOf(alice, '1')),
      { validAfter: at(900n) },
    ],
    [
      'all subkeys',
      { kind: 'every', account: alice, of: 'subkey' },
      asked(subkeyOf(alice, '1')),
      { credential: 'revoked' },
    ],
    [
      'all tokens',
      { kind: 'every', account: alice, of: 'token' },
      asked(tokenOf(alice, 't')),
      { credential: 'revoked' },
    ],
    ['a subkey', revoked(subkeyOf(alice, '1')), asked(subkeyOf(alice, '1')), { credential: 'revoked' }],
    [
      'a device',
      { kind: 'credential', credential: deviceOf(alice, 'dev_1'), label: '' },
      asked(deviceOf(alice, 'dev_1')),
      { credential: 'revoked' },
    ],
    [
      'the sessions of the main key, which made the device,',
      { kind: 'credential_sessions', credential: mainOf(alice), upTo: at(900n) },
      asked(deviceOf(alice, 'dev_1')),
      { validAfter: at(900n) },
    ],
    ['a token', revoked(tokenOf(alice, 't')), asked(tokenOf(alice, 't')), { credential: 'revoked' }],
    [
      'a subkey by its name',
      { kind: 'named', account: alice, of: 'subkey', label: '0x5b' },
      asked(subkeyOf(alice, '1')),
      { credential: 'revoked' },
    ],
    [
      'a leaked session',
      { kind: 'credential_sessions', credential: mainOf(alice), upTo: at(900n) },
      asked(mainOf(alice)),
      { validAfter: at(900n) },
    ],
    ['a signing key', { kind: 'signing_key', kid: 'kid-1' }, asked(mainOf(alice)), { signingKeyAlive: false }],
  ])('say that %s has ended, and nothing else', (_what, denial, query, changed) => {
    const { denials, lift } = setup();
    expect(denials.overFacts(query, facts)).toBe(facts);
    denials.remember([denial]);
    expect(denials.overFacts(query, facts)).toEqual({ ...facts, ...changed });
    const others = [mainOf(bob), subkeyOf(bob, '1'), tokenOf(bob, 't')].map((ref) => asked(ref, 'kid-2'));
    for (const other of others) expect(denials.overFacts(other, facts)).toEqual(facts);
    lift(denial);
    expect([denials.overFacts(query, facts), denials.stats()]).toEqual([facts, { unwritten: 0 }]);
  });

  test('facts of a credential that does not exist stay so under denials', () => {
    const { denials } = setup();
    denials.remember([{ kind: 'every', account: alice, of: 'subkey' }]);
    const unknown: Facts = { ...facts, credential: 'unknown', label: '' };
    expect(denials.overFacts(asked(subkeyOf(alice, '1')), unknown)).toEqual(unknown);
  });

  test('facts keep what ended more: a leaked session does not bring back the subkey behind it, nor an older one what a newer ended', () => {
    const { denials, over, lift } = setup();
    const leaked = (upTo: bigint): Denial => ({
      kind: 'credential_sessions',
      credential: subkeyOf(alice, '1'),
      upTo: at(upTo),
    });
    denials.remember([leaked(900n)]);
    denials.remember([leaked(800n)]);
    expect(over(subkeyOf(alice, '1'))).toEqual({ ...facts, validAfter: 900n });
    lift(leaked(800n));
    expect(over(subkeyOf(alice, '1'))).toEqual({ ...facts, validAfter: 900n });
    denials.remember([revoked(subkeyOf(alice, '1'))]);
    denials.remember([leaked(950n)]);
    lift(leaked(950n));
    expect(over(subkeyOf(alice, '1'))).toEqual({ ...facts, credential: 'revoked' });
  });
});

describe('rows', () => {
  const account: Account = {
    account: alice,
    signer: { type: 'starknet', publicKey: feltOf(1n) },
    validAfter: at(5n),
    lockedAt: NEVER,
    createdAt: NEVER,
  };
  const times = { createdAt: NEVER, updatedAt: NEVER, revokedAt: NEVER };
  const subkey: Subkey = {
    account: alice,
    id: 1n,
    publicKey: feltOf(0x5bn),
    name: 'bot',
    state: 'pending',
    allowlist: anywhere,
    expiresAt: NEVER,
    ...times,
    pending: { encryptedKey: 'secret', ephPublicKey: feltOf(2n), until: at(9_000n) },
    registeredBy: '',
    activation: undefined,
  };
  const token: Token = {
    account: alice,
    tokenId: 't',
    lookupId: 'lookup',
    name: 'reader',
    kind: 'readonly',
    kid: 'kid-1',
    allowlist: anywhere,
    createdAt: NEVER,
    expiryAt: at(9_000n),
    lastUpdatedAt: NEVER,
    revokedAt: NEVER,
    lifetimeSeconds: 60,
    replacedBy: '',
    replaces: '',
  };

  test('rows of a denied account are locked and signed out, and keep the time of a lock that was written', () => {
    const { denials } = setup();
    denials.remember([
      { kind: 'account', account: alice },
      { kind: 'sessions', account: alice, upTo: at(900n) },
    ]);
    expect(denials.overAccount(account)).toEqual({ ...account, lockedAt: NOW, validAfter: 900n });
    expect(denials.overAccount({ ...account, lockedAt: at(7n) })).toMatchObject({ lockedAt: 7n });
    expect(denials.overAccount({ ...account, account: bob })).toEqual({ ...account, account: bob });
  });

  test.each<[string, Denial]>([
    ['by its row', revoked(subkeyOf(alice, '1'))],
    ['by its name', { kind: 'named', account: alice, of: 'subkey', label: '0x5b' }],
    ['with all of its kind', { kind: 'every', account: alice, of: 'subkey' }],
  ])('of a subkey that ended %s are revoked, and hand out no ciphertext', (_what, denial) => {
    const { denials } = setup();
    denials.remember([denial]);
    expect(denials.overSubkey(subkey)).toEqual({ ...subkey, state: 'revoked', revokedAt: NOW, pending: undefined });
    const written: Subkey = { ...subkey, state: 'revoked', revokedAt: at(3n), pending: undefined };
    expect(denials.overSubkey(written)).toBe(written);
    expect(denials.overSubkey({ ...subkey, account: bob })).toMatchObject({ state: 'pending' });
  });

  test.each<[string, Denial]>([
    ['by its row', { kind: 'credential', credential: deviceOf(alice, 'dev_1'), label: '' }],
    ['with all of its kind', { kind: 'every', account: alice, of: 'device' }],
    ['with the sessions of its account', { kind: 'sessions', account: alice, upTo: at(7_000_000_000n) }],
    [
      'with the sessions of the wallet that made it',
      {
        kind: 'credential_sessions',
        credential: { account: alice, kind: 'evm', id: 'main' },
        upTo: at(7_000_000_000n),
      },
    ],
  ])('of a device that ended %s are ended', (_what, denial) => {
    const { denials } = setup();
    denials.remember([denial]);
    const device = deviceRow(alice, '1', { deviceId: 'dev_1', authTime: unixSeconds(7) });
    expect(denials.overDevice(device)).toEqual({ ...device, endedAt: NOW });
    expect(denials.overDevice({ ...device, endedAt: at(3n) })).toMatchObject({ endedAt: 3n });
    expect(denials.overDevice({ ...device, account: bob })).toMatchObject({ endedAt: NEVER });
    const isByTime = denial.kind === 'sessions' || denial.kind === 'credential_sessions';
    expect(denials.overDevice({ ...device, authTime: unixSeconds(8) }).endedAt).toBe(isByTime ? NEVER : NOW);
  });

  test.each<[string, Denial]>([
    ['by its row', revoked(tokenOf(alice, 't'))],
    ['by its name', { kind: 'named', account: alice, of: 'token', label: 'lookup' }],
    ['with all of its kind', { kind: 'every', account: alice, of: 'token' }],
  ])('of a token that ended %s are revoked', (_what, denial) => {
    const { denials } = setup();
    denials.remember([denial]);
    expect(denials.overToken(token)).toEqual({ ...token, revokedAt: NOW });
    expect(denials.overToken({ ...token, revokedAt: at(3n) })).toMatchObject({ revokedAt: 3n });
    expect(denials.overToken({ ...token, account: bob })).toMatchObject({ revokedAt: NEVER });
  });

  test('rows of a token whose signing key ended are revoked, of whatever account', () => {
    const { denials } = setup();
    denials.remember([{ kind: 'signing_key', kid: token.kid }]);
    for (const row of [token, { ...token, account: bob }]) {
      expect(denials.overToken(row)).toEqual({ ...row, revokedAt: NOW });
      expect(denials.overToken({ ...row, kid: 'another' })).toMatchObject({ revokedAt: NEVER });
    }
  });
});

describe('what has been written since', () => {
  test('a denial that has been written since is taken back with everything that it ends: all of a kind, or all that was signed until then', () => {
    const { denials, isEnded, over, lift } = setup();
    const leaked: Denial = { kind: 'credential_sessions', credential: mainOf(alice), upTo: at(900n) };
    const named: Denial = { kind: 'named', account: alice, of: 'token', label: 'lookup' };
    denials.remember([revoked(subkeyOf(alice, '1')), revoked(tokenOf(alice, 't')), leaked, named]);
    lift({ kind: 'sessions', account: alice, upTo: at(950n) });
    expect(over(mainOf(alice))).toEqual(facts);
    lift({ kind: 'every', account: alice, of: 'subkey' });
    expect([isEnded(subkeyOf(alice, '1')), isEnded(tokenOf(alice, 't'))]).toEqual([false, true]);
    lift({ kind: 'every', account: alice, of: 'token' });
    expect([isEnded(tokenOf(alice, 't')), denials.stats()]).toEqual([false, { unwritten: 0 }]);
  });

  test('a denial that has been written since is taken back by its name, when its row is no more', () => {
    const { denials, isEnded, lift } = setup();
    denials.remember([revoked(subkeyOf(alice, '1')), revoked(subkeyOf(alice, '2')), revoked(tokenOf(alice, '1'))]);
    lift({ kind: 'named', account: alice, of: 'subkey', label: 'label-1' });
    const ended = [subkeyOf(alice, '1'), subkeyOf(alice, '2'), tokenOf(alice, '1')].map(isEnded);
    expect(ended).toEqual([false, true, true]);
  });

  test('a denial that has been written since does not take back what was ended only after it', () => {
    const { denials, isEnded } = setup();
    denials.remember([revoked(subkeyOf(alice, '1'))]);
    const asOf = denials.version;
    denials.remember([revoked(subkeyOf(alice, '2'))]);
    denials.lift([{ kind: 'every', account: alice, of: 'subkey' }], asOf);
    expect([isEnded(subkeyOf(alice, '1')), isEnded(subkeyOf(alice, '2'))]).toEqual([false, true]);
  });

  test('taking back written denials says of whom something was remembered since', () => {
    const { denials } = setup();
    const before = denials.version;
    denials.remember([revoked(subkeyOf(alice, '1'))]);
    expect([denials.changedSince(alice, before), denials.changedSince(bob, before)]).toEqual([true, false]);
    expect(denials.changedSince(alice, denials.version)).toBe(false);
  });
});

describe('more than can be remembered one by one', () => {
  const many = (account: AccountId, count: number) =>
    Array.from({ length: count }, (_, i) => revoked(subkeyOf(account, `${i}`)));

  test('more denials of an account than can be remembered one by one end all of that account, its sessions until now included, and nothing of another', () => {
    const { denials, over, isEnded } = setup({ perAccount: 3, total: 100 });
    expect(denials.remember(many(alice, 3))).toEqual([]);
    expect([isEnded(subkeyOf(alice, '0')), isEnded(subkeyOf(alice, '9'))]).toEqual([true, false]);
    const late: Denial = { kind: 'credential_sessions', credential: mainOf(alice), upTo: at(1_005n) };
    expect(denials.remember([late])).toEqual([alice]);
    for (const ref of [subkeyOf(alice, '0'), subkeyOf(alice, '9'), tokenOf(alice, 't')])
      expect(isEnded(ref)).toBe(true);
    // The latest of what was denied, or now: a login dated ahead of it is no way around.
    expect(over(mainOf(alice))).toEqual({ ...facts, validAfter: 1_005n });
    expect(over(subkeyOf(bob, '0'))).toEqual(facts);
    expect(denials.stats()).toEqual({ unwritten: 3 });
  });

  test('an account with more denials than can be remembered one by one is ended until a revocation of everything is written', () => {
    const { denials, over, lift } = setup({ perAccount: 3, total: 100 });
    denials.remember(many(alice, 4));
    lift(revoked(subkeyOf(alice, '0')));
    expect(over(subkeyOf(alice, '0'))).toMatchObject({ credential: 'revoked' });
    lift(
      { kind: 'sessions', account: alice, upTo: at(1_010n) },
      { kind: 'every', account: alice, of: 'subkey' },
      { kind: 'every', account: alice, of: 'token' },
    );
    expect([over(subkeyOf(alice, '0')), denials.stats()]).toEqual([facts, { unwritten: 0 }]);
  });

  test('more denials of all accounts together than can be remembered end all of the account that has the most of them, and refuse nobody else', () => {
    const { denials, over, isEnded } = setup({ perAccount: 5, total: 6 });
    denials.remember(many(alice, 5));
    denials.remember(many(bob, 1));
    expect(denials.remember(many(carol, 1))).toEqual([alice]);
    expect([isEnded(subkeyOf(alice, '9')), isEnded(subkeyOf(bob, '9')), isEnded(subkeyOf(carol, '9'))]).toEqual([
      true,
      false,
      false,
    ]);
    expect([isEnded(subkeyOf(bob, '0')), isEnded(subkeyOf(carol, '0'))]).toEqual([true, true]);
    expect(over(mainOf(bob))).toEqual(facts);
  });

  test('never grows: what an account has widened costs the same whatever else of it ends', () => {
    const { denials } = setup({ perAccount: 3, total: 6 });
    for (let i = 0; i < 50; i += 1) denials.remember(many(alice, 3).concat(many(bob, 3), many(carol, 3)));
    // Three that are remembered one by one, of each that was not widened last, beside three of each account as a whole.
    expect(denials.stats().unwritten).toBeLessThanOrEqual(3 * 3 + 6);
  });
});
