// The rules as a pure function: each refusal by its name, alone and in order.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Asked,
  firstRefusal,
  livenessRefusal,
  loginRules,
  type ProvenCredential,
  refusalOf,
  requestRules,
  signerRules,
  verdictsOf,
} from '../../../src/access/rules.ts';
import { type Allowlist, anywhere, parseAllowlist, parseIp } from '../../../src/domain/allowlist.ts';
import { type CredentialKind, credentialKinds, permissionsOf } from '../../../src/domain/kinds.ts';
import { permissions } from '../../../src/domain/permission.ts';
import { NEVER, nanosOfSeconds, unixNanos, unixSeconds } from '../../../src/domain/time.ts';
import type { Facts } from '../../../src/store/store.ts';

const NOW = unixSeconds(1_800_000_000);
const now = nanosOfSeconds(NOW);

const facts: Facts = {
  accountKnown: true,
  accountLocked: false,
  validAfter: NEVER,
  credential: 'alive',
  expiresAt: NEVER,
  allowlist: anywhere,
  label: '',
  mainKey: undefined,
  signingKeyAlive: true,
};

const caller = (kind: CredentialKind, authTime = NOW): ProvenCredential => ({
  kind,
  permissions: permissionsOf(kind, { tokensMayReadKeys: false }),
  authTime,
});

const read: Asked = { permission: 'self:read', method: 'GET', toVenue: false, clientIp: parseIp('192.0.2.7') };

/** The first four times out of five. */
const mostly = <Value>(good: Value, ...bad: readonly Value[]) =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(good) }, { weight: 1, arbitrary: fc.constantFrom(...bad) });

function listOf(...entries: string[]): Allowlist {
  const parsed = parseAllowlist(entries);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.list;
}

describe.each(credentialKinds)('%s', (kind) => {
  test('a living credential is let in for an operation that it may call', () => {
    expect(refusalOf(caller(kind), facts, read, now)).toBeUndefined();
  });

  test.each<[string, Partial<Facts>]>([
    ['signing_key_retired', { signingKeyAlive: false }],
    ['account_unknown', { accountKnown: false }],
    ['credential_unknown', { credential: 'unknown' }],
    ['credential_pending', { credential: 'pending' }],
    ['credential_revoked', { credential: 'revoked' }],
    ['credential_expired', { expiresAt: now }],
    ['account_locked', { accountLocked: true }],
    ['allowlist_damaged', { allowlist: { kind: 'damaged', reason: 'one odd entry' } }],
    ['ip_not_allowed', { allowlist: listOf('192.0.2.8', '2001:db8::/32') }],
  ])('a request of a credential is refused with %s', (reason, changed) => {
    expect(refusalOf(caller(kind), { ...facts, ...changed }, read, now)).toBe(reason);
  });

  test('a request from an address that could not be told is refused, also when the credential may be used anywhere', () => {
    expect(refusalOf(caller(kind), facts, { ...read, clientIp: undefined }, now)).toBe('client_ip_unknown');
  });

  test('a credential expires at its moment: the nanosecond before it is alive', () => {
    expect(refusalOf(caller(kind), { ...facts, expiresAt: unixNanos(now + 1n) }, read, now)).toBeUndefined();
    expect(refusalOf(caller(kind), { ...facts, expiresAt: unixNanos(now - 1n) }, read, now)).toBe('credential_expired');
  });
});

describe('signing out everywhere', () => {
  test.each(['main', 'evm', 'subkey'] as const)(
    'signing out everywhere ends %s sessions signed at or before it',
    (kind) => {
      const validAfter = nanosOfSeconds(NOW);
      const at = (seconds: number) =>
        refusalOf(caller(kind, unixSeconds(NOW + seconds)), { ...facts, validAfter }, read, now);
      expect([at(-1), at(0), at(1)]).toEqual(['signed_out', 'signed_out', undefined]);
    },
  );

  test('signing out everywhere ends a session signed in the same second, too', () => {
    const validAfter = unixNanos(nanosOfSeconds(NOW) + 999_999_999n);
    expect(refusalOf(caller('main'), { ...facts, validAfter }, read, now)).toBe('signed_out');
  });

  test('signing out everywhere ends no read-only token: those are ended by revocation alone', () => {
    expect(refusalOf(caller('token'), { ...facts, validAfter: now }, read, now)).toBeUndefined();
  });
});

describe('permissions', () => {
  test.each(credentialKinds.flatMap((kind) => permissions.map((permission) => [kind, permission] as const)))(
    'a %s that calls GET under %s is refused exactly when its kind does not hold that permission',
    (kind, permission) => {
      const held = permissionsOf(kind, { tokensMayReadKeys: false }).has(permission);
      const refusal = refusalOf(caller(kind), facts, { ...read, permission }, now);
      expect(refusal).toBe(held ? undefined : 'permission_missing');
    },
  );

  test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'get', ''])(
    'a read-only token may not %j a path that it may GET',
    (method) => {
      expect(refusalOf(caller('token'), facts, { ...read, method }, now)).toBe('read_only_method');
      expect(refusalOf(caller('subkey'), facts, { ...read, method }, now)).toBeUndefined();
    },
  );
});

describe('the order of refusals', () => {
  // Everything is wrong at first; each step mends what was named.
  test('a device is let in nowhere at the venue, with whatever permission', () => {
    for (const permission of permissions) {
      expect(refusalOf(caller('device'), facts, { ...read, permission, toVenue: true }, now)).toBe(
        'permission_missing',
      );
    }
    expect(
      refusalOf(caller('subkey'), facts, { ...read, permission: 'keys:read', toVenue: true }, now),
    ).toBeUndefined();
  });

  test('refusals come in this order: the credential lives, its permission, GET only, its address', () => {
    const damaged: Allowlist = { kind: 'damaged', reason: 'one odd entry' };
    let known: Facts = {
      accountKnown: false,
      accountLocked: true,
      validAfter: now,
      credential: 'revoked',
      expiresAt: now,
      allowlist: damaged,
      label: '',
      mainKey: undefined,
      signingKeyAlive: false,
    };
    let who = caller('main', unixSeconds(NOW - 1));
    let asked: Asked = { permission: 'keys:manage', method: 'POST', toVenue: true, clientIp: undefined };
    const named: (string | undefined)[] = [];
    const mend = (change: { facts?: Partial<Facts>; who?: ProvenCredential; asked?: Partial<Asked> }) => {
      named.push(refusalOf(who, known, asked, now));
      known = { ...known, ...change.facts };
      who = change.who ?? who;
      asked = { ...asked, ...change.asked };
    };
    mend({ facts: { signingKeyAlive: true } });
    mend({ facts: { accountKnown: true } });
    mend({ facts: { credential: 'alive' } });
    mend({ facts: { expiresAt: NEVER } });
    mend({ who: caller('token') });
    mend({ facts: { accountLocked: false } });
    mend({ asked: { permission: 'account:read' } });
    mend({ asked: { method: 'GET' } });
    mend({ facts: { allowlist: listOf('192.0.2.8') } });
    mend({ asked: { clientIp: parseIp('192.0.2.7') } });
    mend({ asked: { clientIp: parseIp('192.0.2.8') } });
    mend({});
    expect(named).toEqual([
      'signing_key_retired',
      'account_unknown',
      'credential_revoked',
      'credential_expired',
      'signed_out',
      'account_locked',
      'permission_missing',
      'read_only_method',
      'allowlist_damaged',
      'client_ip_unknown',
      'ip_not_allowed',
      undefined,
    ]);
  });

  test('a dead credential is refused whatever else is true', () => {
    const anyFacts = fc.record<Facts>({
      accountKnown: fc.boolean(),
      accountLocked: fc.boolean(),
      validAfter: fc.constantFrom(NEVER, now),
      credential: fc.constantFrom('unknown', 'pending', 'alive', 'revoked'),
      expiresAt: fc.constantFrom(NEVER, now, unixNanos(now + 1n)),
      allowlist: fc.constantFrom<Allowlist>(anywhere, listOf('192.0.2.0/24'), { kind: 'damaged', reason: '' }),
      label: fc.constant(''),
      mainKey: fc.constant(undefined),
      signingKeyAlive: fc.boolean(),
    });
    fc.assert(
      fc.property(
        anyFacts,
        fc.constantFrom(...credentialKinds),
        fc.constantFrom(...permissions),
        (some, kind, permission) => {
          const who = caller(kind);
          const refusal = refusalOf(who, some, { ...read, permission }, now);
          const dead = livenessRefusal(who, some, now);
          if (dead !== undefined) expect(refusal).toBe(dead);
          if (refusal !== undefined) return;
          expect(some).toMatchObject({
            accountKnown: true,
            accountLocked: false,
            credential: 'alive',
            signingKeyAlive: true,
          });
          expect(some.allowlist.kind).not.toBe('damaged');
          expect(who.permissions.has(permission)).toBe(true);
        },
      ),
    );
  });
});

describe('one liveness', () => {
  test.each<[string, Partial<Facts>]>([
    ['signing_key_retired', { signingKeyAlive: false }],
    ['account_unknown', { accountKnown: false }],
    ['credential_unknown', { credential: 'unknown' }],
    ['credential_pending', { credential: 'pending' }],
    ['credential_revoked', { credential: 'revoked' }],
    ['credential_expired', { expiresAt: now }],
    ['account_locked', { accountLocked: true }],
    ['allowlist_damaged', { allowlist: { kind: 'damaged', reason: 'one odd entry' } }],
    ['ip_not_allowed', { allowlist: listOf('192.0.2.8') }],
  ])('a request, a login and a signer of orders are refused alike with %s', (reason, changed) => {
    const some = { ...facts, ...changed };
    const by = caller('subkey');
    expect(refusalOf(by, some, read, now)).toBe(reason);
    expect(firstRefusal(loginRules, some, now, by, read)).toBe(reason);
    expect(firstRefusal(signerRules, some, now, undefined, read)).toBe(reason);
  });

  test('a login signed before a sign-out is refused as requests of its session are', () => {
    const some = { ...facts, validAfter: now };
    expect(refusalOf(caller('main'), some, read, now)).toBe('signed_out');
    expect(firstRefusal(loginRules, some, now, caller('main'), read)).toBe('signed_out');
  });

  test('a login is asked for the allowlist before the sign-out and the lock', () => {
    const some = { ...facts, validAfter: now, accountLocked: true, allowlist: listOf('192.0.2.8') };
    const next = { ...some, allowlist: anywhere };
    const askLogin = (known: Facts) => firstRefusal(loginRules, known, now, caller('subkey'), read);
    expect([askLogin(some), askLogin(next), askLogin({ ...next, validAfter: NEVER })]).toEqual([
      'ip_not_allowed',
      'signed_out',
      'account_locked',
    ]);
  });
});

describe('every verdict', () => {
  test('the list of verdicts names all rules in order, those after the first refusal too', () => {
    const some: Facts = { ...facts, accountLocked: true, allowlist: listOf('192.0.2.8') };
    const asked: Asked = { ...read, permission: 'trade', method: 'POST' };
    expect(verdictsOf(caller('token'), some, asked, now)).toEqual([
      { rule: 'signing_key_alive', refusal: undefined },
      { rule: 'account_known', refusal: undefined },
      { rule: 'credential_alive', refusal: undefined },
      { rule: 'credential_not_expired', refusal: undefined },
      { rule: 'not_signed_out', refusal: undefined },
      { rule: 'account_unlocked', refusal: 'account_locked' },
      { rule: 'permission_held', refusal: 'permission_missing' },
      { rule: 'method_allowed', refusal: 'read_only_method' },
      { rule: 'allowlist_intact', refusal: undefined },
      { rule: 'client_ip_known', refusal: undefined },
      { rule: 'client_ip_allowed', refusal: 'ip_not_allowed' },
    ]);
  });

  test('the first rule whose verdict is a refusal is what the decision refuses with', () => {
    const anything = fc.record({
      kind: fc.constantFrom(...credentialKinds),
      asked: fc.record<Asked>({
        permission: fc.constantFrom(...permissions, 'possession'),
        method: fc.constantFrom('GET', 'POST'),
        toVenue: fc.boolean(),
        clientIp: fc.constantFrom(read.clientIp, undefined),
      }),
      // Mostly good, so that every rule is once the first that refuses.
      changed: fc.record<Partial<Facts>>({
        signingKeyAlive: mostly(true, false),
        accountKnown: mostly(true, false),
        credential: mostly<Facts['credential']>('alive', 'unknown', 'pending', 'revoked'),
        expiresAt: mostly(NEVER, now),
        validAfter: mostly(NEVER, now),
        accountLocked: mostly(false, true),
        allowlist: mostly<Allowlist>(anywhere, listOf('192.0.2.8'), { kind: 'damaged', reason: '' }),
      }),
    });
    const seen = new Set<string>();
    fc.assert(
      fc.property(anything, ({ kind, asked, changed }) => {
        const some = { ...facts, ...changed };
        const first = verdictsOf(caller(kind), some, asked, now).find(({ refusal }) => refusal !== undefined);
        expect(refusalOf(caller(kind), some, asked, now)).toBe(first?.refusal);
        seen.add(first?.rule ?? 'allowed');
      }),
      { seed: 20_260_101, numRuns: 5_000 },
    );
    expect([...seen].sort()).toEqual([...requestRules.map(({ name }) => name), 'allowed'].sort());
  });
});

describe('an address', () => {
  test.each([
    ['192.0.2.7', ['192.0.2.0/24'], undefined],
    ['::ffff:192.0.2.7', ['192.0.2.0/24'], undefined],
    ['192.0.3.7', ['192.0.2.0/24'], 'ip_not_allowed'],
    ['192.0.2.7', ['::/0'], 'ip_not_allowed'],
    ['2001:db8::1', ['0.0.0.0/0'], 'ip_not_allowed'],
  ])('a subkey at %s with the allowlist %j is answered %s', (text, entries, refusal) => {
    const [asked, known] = [
      { ...read, clientIp: parseIp(text) },
      { ...facts, allowlist: listOf(...entries) },
    ];
    expect(refusalOf(caller('subkey'), known, asked, now)).toBe(refusal);
  });
});

test('possession is what a subkey or token is about itself, by any method, and a main key or wallet never', () => {
  const asked: Asked = { ...read, permission: 'possession', method: 'POST' };
  const refusals = credentialKinds.map((kind) => [kind, refusalOf(caller(kind), facts, asked, now)]);
  expect(Object.fromEntries(refusals)).toEqual({
    main: 'permission_missing',
    evm: 'permission_missing',
    subkey: undefined,
    token: undefined,
  });
  const elsewhere = { ...facts, allowlist: listOf('192.0.2.8') };
  expect(refusalOf(caller('token'), elsewhere, asked, now)).toBe('ip_not_allowed');
});
