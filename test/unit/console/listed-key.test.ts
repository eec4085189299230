// The one badge of a key, the order of a list, and what a search finds.
import { describe, expect, test } from 'vitest';
import { badgeOf, badges, type ListedKey, ofSubkey, ofToken, pathOf } from '../../../console/app/keys/listed-key.ts';
import { columns, firstOrder, found, nextOrder, sorted } from '../../../console/app/keys/order.ts';
import type { ApiToken, Subkey } from '../../../src/client/main.ts';

const DAY = 86_400_000_000_000n;
const now = 1_800_000_000_000_000_000n;
const at = { now, isUsageKept: true };

const token: ApiToken = {
  token_id: '12',
  lookup_id: '3f0c0000-0000-4000-8000-0000000081aa',
  name: 'dashboard',
  kind: 'readonly',
  created_at: now - 40n * DAY,
  expiry_at: now + 24n * DAY,
  last_updated_at: 0n,
  revoked_at: 0n,
  allowed_cidrs: ['203.0.113.0/24'],
  replaced_by: null,
  replaces: null,
  last_used_at: now - 1n,
  last_used_ip: '203.0.113.7',
};
const subkey: Subkey = {
  account_id: '0x1',
  public_key: '0x4c1',
  name: 'market maker 1',
  state: 'active',
  id: 42n,
  allowed_cidrs: [],
  created_at: now - 40n * DAY,
  updated_at: 0n,
  revoked_at: 0n,
  expires_at: 0n,
  last_used_at: 0n,
  last_used_ip: '',
};
const of = (change: Partial<ApiToken>): ListedKey => ofToken({ ...token, ...change }, now);

describe('the badge of a key', () => {
  const everything: Partial<ApiToken> = { revoked_at: 1n, expiry_at: now, replaced_by: 'x', last_used_at: 0n };

  test('is the first of Revoked, Expired, Waiting, Replaced, Ends soon, Never used, Active that holds', () => {
    expect(badges.map(({ words }) => words)).toEqual([
      ...['Revoked', 'Expired', 'Waiting', 'Replaced', 'Ends soon', 'Never used', 'Active'],
    ]);
    const waiting = ofSubkey({ ...subkey, state: 'pending', expires_at: now + DAY });
    const states = [
      of(everything),
      of({ ...everything, revoked_at: 0n }),
      waiting,
      of({ replaced_by: 'x', expiry_at: now + DAY, last_used_at: 0n }),
      of({ expiry_at: now + 7n * DAY, last_used_at: 0n }),
      of({ last_used_at: 0n }),
      of({}),
    ];
    expect(states.map((key) => badgeOf(key, at).words)).toEqual(badges.map(({ words }) => words));
  });

  test.each([
    ['the last nanosecond of a token', of({ expiry_at: now + 1n }), 'Ends soon'],
    ['a token at its end', of({ expiry_at: now }), 'Expired'],
    ['a token that ends in more than seven days', of({ expiry_at: now + 7n * DAY + 1n }), 'Active'],
    ['a key unused after 30 days of life', ofSubkey({ ...subkey, created_at: now - 30n * DAY }), 'Never used'],
    ['a key unused, but younger', ofSubkey({ ...subkey, created_at: now - 30n * DAY + 1n }), 'Active'],
    ['a subkey without an end', ofSubkey({ ...subkey, last_used_at: 1n }), 'Active'],
    [
      'a subkey that the server calls expired',
      ofSubkey({ ...subkey, state: 'expired', expires_at: now - 1n }),
      'Expired',
    ],
    ['a subkey that was revoked', ofSubkey({ ...subkey, state: 'revoked', revoked_at: 5n }), 'Revoked'],
  ])('of %s', (_, key, badge) => {
    expect(badgeOf(key, at).words).toBe(badge);
  });

  test('is never Never used where the venue records no use', () => {
    expect(badgeOf(of({ last_used_at: 0n }), { now, isUsageKept: false }).words).toBe('Active');
  });
});

test('a key of an answer has no zeros and no empty words, and knows its paths', () => {
  expect(ofSubkey(subkey)).toMatchObject({
    expiresAt: undefined,
    lastUsedAt: undefined,
    lastUsedIp: undefined,
    row: 'subkey:42',
  });
  expect(of({ revoked_at: 7n })).toMatchObject({ row: 'token:12', ended: { how: 'revoked', at: 7n } });
  expect(of({ expiry_at: now - 1n }).ended).toEqual({ how: 'expired', at: now - 1n });
  expect([of({}), ofSubkey(subkey)].map(pathOf)).toEqual([`/keys/read-only/${token.lookup_id}`, '/keys/subkeys/0x4c1']);
});

describe('the order of a list', () => {
  const keys = [
    of({ name: 'b10', lookup_id: '1', last_used_at: 0n, expiry_at: now + 90n * DAY, allowed_cidrs: [] }),
    of({ name: 'B9', lookup_id: '2', last_used_at: now - 5n, expiry_at: now + DAY }),
    of({ name: 'a', lookup_id: '3', last_used_at: now - 9n, allowed_cidrs: ['10.0.0.0/8', '::1/128'] }),
    of({ name: 'gone', lookup_id: '4', last_used_at: now, revoked_at: now - DAY }),
    of({ name: 'gone before', lookup_id: '5', last_used_at: now, revoked_at: now - 9n * DAY }),
  ];
  const ids = (order: Parameters<typeof sorted>[1]): string =>
    sorted(keys, order, at)
      .map(({ id }) => id)
      .join('');

  test('is last used first, never used last, and ended keys behind the others', () => {
    expect(ids(firstOrder)).toBe('23145');
    expect(ids({ by: 'used', direction: 'ascending' })).toBe('13245');
  });

  test.each([
    ['name', '32145', '12354'],
    ['state', '21345', '31245'],
    ['from', '32145', '12345'],
    ['expires', '23154', '13245'],
  ] as const)('by %s, both ways', (by, ascending, descending) => {
    expect([ids({ by, direction: 'ascending' }), ids({ by, direction: 'descending' })]).toEqual([
      ascending,
      descending,
    ]);
  });

  test('turns when its column is pressed again, and begins with the use that was last', () => {
    expect(
      columns.map((by) => nextOrder({ by: by === 'used' ? 'name' : 'used', direction: 'ascending' }, by).direction),
    ).toEqual([...['ascending', 'ascending', 'ascending', 'ascending', 'descending']]);
    expect(nextOrder(firstOrder, 'used')).toEqual({ by: 'used', direction: 'ascending' });
  });

  test('does not depend on the order in which the keys came', () => {
    const same = [of({ lookup_id: 'x' }), of({ lookup_id: 'y' })];
    expect(sorted(same, firstOrder, at)).toEqual(sorted(same.toReversed(), firstOrder, at));
  });
});

describe('a search among keys', () => {
  const keys = [of({}), of({ name: 'Tax export', allowed_cidrs: [], last_used_ip: '198.51.100.20' }), ofSubkey(subkey)];
  test.each([
    ['', 3],
    ['  ', 3],
    ['TAX', 1],
    ['81AA', 2],
    ['0x4c1', 1],
    ['203.0.113.99', 1],
    ['203.0.113.0/24', 1],
    ['198.51.100.2', 1],
    ['192.0.2.1', 0],
    ['xyz', 0],
  ])('finds by name, id, or an address that works or was used: %j finds %i', (search, count) => {
    expect(found(keys, search)).toHaveLength(count);
  });
});
