// What the orders of a request ask about their signers, over the real view.
import { beforeEach, describe, expect, test } from 'vitest';
import { createOrderSigners } from '../../../src/access/signer.ts';
import { anywhere, parseAllowlist, parseIp } from '../../../src/domain/allowlist.ts';
import { accountSubject } from '../../../src/domain/credential.ts';
import { type Felt, feltOf } from '../../../src/domain/felt.ts';
import { NEVER, nanosOfSeconds, unixSeconds } from '../../../src/domain/time.ts';
import { createDenials } from '../../../src/revocation/denials.ts';
import { createView } from '../../../src/revocation/view.ts';
import type { Facts } from '../../../src/store/store.ts';

const account = feltOf(0xa11cen);
const now = nanosOfSeconds(unixSeconds(1_800_000_000));
const clock = { now: () => now, latest: () => now, monotonic: () => 0 };
const kid = 'kid-1';
const session = { credential: { account, kind: 'main', id: 'main' }, kid } as const;
const here = parseIp('192.0.2.7');

let stored: Facts;
let position: bigint;
let reads: number;
beforeEach(() => {
  stored = {
    accountKnown: true,
    accountLocked: false,
    validAfter: NEVER,
    credential: 'alive',
    expiresAt: NEVER,
    allowlist: anywhere,
    label: '',
    mainKey: feltOf(7n),
    signingKeyAlive: true,
  };
  position = 0n;
  reads = 0;
});

function setup() {
  const view = createView({
    capacity: 10,
    denials: createDenials({ clock }),
    read: async () => {
      reads += 1;
      return { facts: stored, position };
    },
  });
  return { view, signers: createOrderSigners({ view, clock }) };
}

describe('the main key of a session', () => {
  test('the main key of a session is told in the same turn and without reading a row, once the view knows the session', async () => {
    const { view, signers } = setup();
    await view.ask({ ...session.credential, kid }, () => undefined);
    const known: Felt | undefined | Promise<unknown> = signers.mainKey(session);
    expect(known).toBe(feltOf(7n));
    expect(reads).toBe(1);
  });

  test('the main key of a session is read again after a change of its account', async () => {
    const { view, signers } = setup();
    expect(await signers.mainKey(session)).toBe(feltOf(7n));
    stored = { ...stored, mainKey: feltOf(8n) };
    position = 1n;
    view.apply({ position, subjects: [accountSubject(account)] });
    expect(await signers.mainKey(session)).toBe(feltOf(8n));
    expect(reads).toBe(2);
  });
});

describe('a subkey signs for a request of its account', () => {
  const listed = parseAllowlist(['198.51.100.0/24']);
  const elsewhere = listed.ok ? listed.list : anywhere;

  test.each<[string, Partial<Facts>, string | undefined]>([
    ['while it lives', {}, undefined],
    ['unless it was revoked', { credential: 'revoked' }, 'credential_revoked'],
    ['unless it waits to be activated', { credential: 'pending' }, 'credential_pending'],
    ['unless it has expired', { expiresAt: now }, 'credential_expired'],
    ['unless its account is locked', { accountLocked: true }, 'account_locked'],
    ['unless the key of the session is retired', { signingKeyAlive: false }, 'signing_key_retired'],
    ['unless it may not be used from there', { allowlist: elsewhere }, 'ip_not_allowed'],
    ['unless its list is damaged', { allowlist: { kind: 'damaged', reason: '' } }, 'allowlist_damaged'],
    // It signs orders, not sessions: signing out everywhere is no revocation of a subkey.
    ['although everybody was signed out', { validAfter: now }, undefined],
  ])('a subkey signs for a request of its account %s', async (_when, changed, refusal) => {
    stored = { ...stored, ...changed };
    const { signers } = setup();
    expect((await signers.refusal({ account, id: '1' }, { kid, clientIp: here }))?.reason).toBe(refusal);
  });

  test('a subkey signs for no request whose address cannot be told', async () => {
    const { signers } = setup();
    expect(await signers.refusal({ account, id: '1' }, { kid, clientIp: undefined })).toMatchObject({
      reason: 'client_ip_unknown',
    });
  });
});
