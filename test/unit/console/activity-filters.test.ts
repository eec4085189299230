import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  askedOf,
  everything,
  type Filters,
  filtersOf,
  isFiltered,
  isMinute,
  minuteOf,
  searchOf,
} from '../../../console/pages/activity/filters.ts';
import { daysOf, entriesOf } from '../../../console/pages/activity/row-groups.ts';
import type { ActivityRow } from '../../../src/client/main.ts';

const minute = fc
  .date({ min: new Date('2000-01-01T00:00Z'), max: new Date('2261-12-31T00:00Z'), noInvalidDate: true })
  .map(minuteOf);

const filters: fc.Arbitrary<Filters> = fc.record({
  key: fc.oneof(
    fc.constantFrom('all', 'main', 'devices', 'token:tok_0a1b', 'device:dev_zz9'),
    fc.bigInt(0n, 10n ** 18n - 1n).map((id) => `subkey:${id}`),
  ),
  what: fc.constantFrom('everything', 'changes', 'sign-ins', 'refused'),
  when: fc.oneof(
    fc.constantFrom(...([1, 7, 30] as const).map((days) => ({ days }))),
    fc
      .tuple(minute, minute)
      .filter(([from, to]) => from < to)
      .map(([from, to]) => ({ from, to })),
  ),
});

test('filters written into an address and read from it are the same filters', () => {
  fc.assert(
    fc.property(filters, (some) => {
      expect(filtersOf(searchOf(some))).toEqual(some);
      expect(isFiltered(some)).toBe(searchOf(some) !== '');
    }),
  );
});

test.each([
  '',
  '?',
  '?key=subkey:42%00&what=refused%20&days=07',
  '?key=subkey:-1&what=REFUSED&days=8',
  '?key=subkey:42/../../token:1',
  '?key=evm:main&what=__proto__&days=constructor',
  '?key=<img src=x onerror=alert(1)>&days=7&days=30',
  `?key=subkey:${'9'.repeat(19)}`,
  '?from=2026-02-31T00:00Z&to=2026-03-01T00:00Z',
  '?from=2026-11-02T00:00Z&to=2026-11-01T00:00Z',
  '?from=2026-11-01T00:00Z',
  '?from=9999999-01-01T00:00Z&to=2026-11-01T00:00Z',
  '?from=2262-06-01T00:00Z&to=2300-01-01T00:00Z',
  '?%E0%A4%A&=&&&key',
])('an address with the query %s shows what is shown without one', (search) => {
  expect(filtersOf(search)).toEqual(everything);
  expect(searchOf(filtersOf(search))).toBe('');
});

test('whatever a query says, what comes of it is a filter that the server takes', () => {
  fc.assert(
    fc.property(
      fc.webQueryParameters(),
      fc.record({ key: fc.string(), what: fc.string(), days: fc.string(), from: fc.string(), to: fc.string() }),
      (query, members) => {
        for (const search of [query, new URLSearchParams(members).toString()]) {
          const { credential, from, to } = askedOf(filtersOf(search), 'starknet', 1_800_000_000_000);
          expect(credential ?? 'main:main').toMatch(/^(?:main:main|subkey:\d+|(?:token:tok|device:dev)_[0-9a-z]+)$/);
          expect(Number(from)).toBeLessThan(Number(to ?? Number.POSITIVE_INFINITY));
        }
      },
    ),
  );
});

describe('what the server is asked', () => {
  const now = Date.parse('2026-11-28T13:00:00Z');
  test.each([
    ['', 'starknet', { from: new Date('2026-11-21T13:00:00Z') }],
    ['?key=main&days=1', 'starknet', { credential: 'main:main', from: new Date('2026-11-27T13:00:00Z') }],
    ['?key=main&days=1', 'wallet', { credential: 'evm:main', from: new Date('2026-11-27T13:00:00Z') }],
    ['?key=devices&what=sign-ins&days=1', 'starknet', { outcome: 'logins', from: new Date('2026-11-27T13:00:00Z') }],
    [
      '?key=subkey:42&what=refused&from=2026-11-01T00:00Z&to=2026-11-02T00:00Z',
      'wallet',
      { credential: 'subkey:42', outcome: 'refusals', from: new Date('2026-11-01'), to: new Date('2026-11-02') },
    ],
  ] as const)('by the query %s of a %s account', (search, account, asked) => {
    expect(askedOf(filtersOf(search), account, now)).toEqual(asked);
  });
});

test('a moment is one on the calendar, to the minute, in UTC', () => {
  expect(['2026-11-28T13:03Z', '2024-02-29T00:00Z'].every(isMinute)).toBe(true);
  const others = [
    '2026-02-29T00:00Z',
    '2026-11-28T24:00Z',
    '2026-11-28T13:60Z',
    '2026-11-28T13:03',
    '1999-01-01T00:00Z',
  ];
  expect(others.filter(isMinute)).toEqual([]);
});

const at = (text: string): bigint => BigInt(Date.parse(text)) * 1_000_000n;
let made = 100n;
const row = (action: string, when: string, more: Partial<ActivityRow> = {}): ActivityRow => ({
  id: made--,
  at: at(when),
  action,
  actor: { kind: 'subkey', id: '42', name: '' },
  subject: { kind: 'subkey', id: '42', name: '' },
  request_id: `r${made}`,
  client_ip: '203.0.113.7',
  detail: {},
  ...more,
});

test('sign-ins of one key from one address in one minute are one entry, and no others are', () => {
  const rows = [
    row('login', '2026-11-28T13:03:40Z'),
    row('login', '2026-11-28T13:03:02Z'),
    row('login', '2026-11-28T13:02:59Z'),
    row('login', '2026-11-28T13:02:58Z', { client_ip: '203.0.113.8' }),
    row('login', '2026-11-28T13:02:57Z', { subject: { kind: 'subkey', id: '43', name: '' } }),
    row('subkey.renamed', '2026-11-28T13:02:56Z'),
    row('subkey.renamed', '2026-11-28T13:02:56Z'),
  ];
  expect(entriesOf(rows).map(({ signIns }) => signIns)).toEqual([2, 1, 1, 1, 1, 1]);
});

test('a receipt stands with the change that it confirms, and by itself where that is not shown', () => {
  const receipt = (request_id: string) =>
    row('ending.receipt', '2026-11-28T13:03:41Z', { request_id, detail: { action: 'subkey.revoked', ms: 12 } });
  const revoked = row('subkey.revoked', '2026-11-28T13:03:40Z', { request_id: 'one' });
  const entries = entriesOf([receipt('two'), receipt('one'), revoked]);
  expect(entries.map(({ row: { action }, receipt: of }) => [action, of?.ms])).toEqual([
    ['ending.receipt', undefined],
    ['subkey.revoked', 12],
  ]);
});

test('days are those of the reader, also across the night when clocks change, and a late row makes no second heading', () => {
  const rows = [
    row('subkey.renamed', '2026-10-25T23:30:00Z'),
    row('login.refused', '2026-10-25T23:00:30Z', { detail: { last_at: at('2026-10-25T22:59:50Z') } }),
    row('subkey.renamed', '2026-10-25T23:00:10Z'),
    row('subkey.renamed', '2026-10-24T22:30:00Z'),
    row('subkey.renamed', '2026-10-24T21:30:00Z'),
  ];
  // Berlin is at UTC+2 until 25 October 01:00 UTC, then at UTC+1.
  const days = daysOf(entriesOf(rows), 'Europe/Berlin').map(({ entries }) => entries.length);
  expect(days).toEqual([1, 3, 1]);
  expect(daysOf(entriesOf(rows), 'UTC').map(({ entries }) => entries.length)).toEqual([3, 2]);
});
