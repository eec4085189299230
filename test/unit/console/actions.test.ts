import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressChange, hasWords, type Line, type RowWords, wordsOfRow } from '../../../console/words/actions.ts';
import { kindWords, requestWords } from '../../../console/words/requests.ts';
import { builtInTable } from '../../../src/access/own-routes.ts';
import type { ActivityRow } from '../../../src/client/main.ts';
import { auditActions } from '../../../src/domain/audit-action.ts';
import { type DenyReason, denyReasons } from '../../../src/domain/decision.ts';
import { credentialKinds } from '../../../src/domain/kinds.ts';

const row = (more: Partial<ActivityRow> = {}): ActivityRow => ({
  id: 1n,
  at: 1_700_000_000_000_000_000n,
  action: 'login',
  actor: { kind: 'main', id: 'main', name: '' },
  subject: { kind: 'subkey', id: '42', name: 'market maker 1' },
  request_id: 'id',
  client_ip: '198.51.100.4',
  detail: {},
  ...more,
});

const textOf = (line: Line): string =>
  line
    .map((part) => {
      if (typeof part === 'string') return part;
      if ('name' in part) return `<${part.name}>`;
      if ('mono' in part) return part.mono;
      if ('small' in part) return part.small;
      if ('moment' in part) return `{${part.moment} to the minute}`;
      return 'time' in part ? `{${part.time}}` : `(${part.clock})`;
    })
    .join('');

const said = ({ what, lines }: RowWords): readonly string[] => [what, ...lines.map(textOf)];

test.each(Object.keys(auditActions))('the action %s has words of its own, whatever its detail is', (action) => {
  expect(hasWords(action)).toBe(true);
  const { what, lines } = wordsOfRow(row({ action }));
  expect(what).toMatch(/^[A-Z][a-z ]+$/);
  for (const line of lines) expect(textOf(line)).not.toMatch(/undefined|null|NaN|\[object/);
});

/** What proves no credential is in nobody's activity. A new reason has words, or stands here with why it needs none. */
const inNobodysActivity: Readonly<Partial<Record<DenyReason, string>>> = {
  route_unknown: 'refused before a bearer is looked at',
  target_malformed: 'refused before a bearer is looked at',
  method_not_allowed: 'refused before a bearer is looked at',
  bearer_missing: 'there is none',
  bearer_malformed: 'what stands there is none',
  bearer_repeated: 'no one of them is looked at',
  bearer_wrong_kind: 'it is ours, and stands for no credential',
  bearer_unknown_key: 'anybody could have written it',
  bearer_signature: 'anybody could have written it',
  bearer_claims: 'it says nothing that could be somebody',
  bearer_and_signature: 'neither is looked at',
};

test.each(denyReasons.filter((reason) => inNobodysActivity[reason] === undefined))(
  'a row that was refused for %s says so in words, and not by the name of the reason',
  (reason) => {
    const { what, refused } = wordsOfRow(row({ action: 'request.refused', detail: { reason } }));
    expect(refused).toBe(true);
    expect(what).toMatch(/^[A-Z][^_]+$/);
  },
);

test('a reason that is in nobody’s activity is one that there is, and has no words', () => {
  for (const reason of Object.keys(inNobodysActivity)) {
    expect(denyReasons).toContain(reason);
    expect(wordsOfRow(row({ action: 'request.refused', detail: { reason } })).what).toBe(reason);
  }
});

test('an action, a reason, a route and a kind that this page does not know are shown by their names, though an object has members of that name', () => {
  for (const name of ['frobnicated.twice', 'toString', '__proto__', 'constructor']) {
    expect(wordsOfRow(row({ action: name }))).toEqual({ what: name, refused: false, lines: [] });
    expect(wordsOfRow(row({ action: 'request.refused', detail: { reason: name, route: name } }))).toEqual({
      what: name,
      refused: true,
      lines: [[{ mono: name }]],
    });
    expect(kindWords(name)).toBe(name);
    expect(requestWords(name)).toBeUndefined();
  }
});

test('every request that has a name here is a route of the built-in table, and every kind of credential has a name', () => {
  const routes = builtInTable.routes.map(({ name }) => name);
  expect(routes.filter((name) => requestWords(name) !== undefined).length).toBeGreaterThan(20);
  expect(new Set(credentialKinds.map(kindWords)).size).toBe(credentialKinds.length);
  expect(credentialKinds.filter((kind) => kindWords(kind) === kind)).toEqual(['subkey', 'device']);
});

const by = (kind: string, name = '') => ({ kind, id: 'x', name });

test.each<[string, Partial<ActivityRow>]>([
  ['Signed in / with the subkey', {}],
  [
    'Key added / read-only, until {5}, from anywhere',
    { action: 'token.created', detail: { expiry_at: 5n, allowed_cidrs: [], name: 'tax' } },
  ],
  [
    'Key added / subkey, without an end, from 203.0.113.0/24',
    { action: 'subkey.registered', detail: { state: 'active', expires_at: 0n, allowed_cidrs: ['203.0.113.0/24'] } },
  ],
  [
    'Key handed to a phone / subkey, until {9}, from anywhere',
    { action: 'subkey.registered', detail: { state: 'pending', expires_at: 9n, allowed_cidrs: [] } },
  ],
  ['Key taken by a device', { action: 'subkey.activated' }],
  ['Name changed / from ‘<a>’ to ‘<<b>>’', { action: 'subkey.renamed', detail: { from: 'a', to: '<b>' } }],
  ['Key replaced / the old one ends {7 to the minute}', { action: 'token.rotated', detail: { ends_at: 7n } }],
  ['Key deleted / by <Firefox>', { action: 'token.revoked', actor: by('device', 'Firefox') }],
  ['Key deleted / by the venue', { action: 'subkey.revoked', actor: by('operator') }],
  ['Key deleted / with the main key', { action: 'subkey.revoked' }],
  [
    'Everything ended / 2 subkeys, 1 read-only key ended / with the main key',
    { action: 'account.revoked_all', detail: { subkeys: ['0x1', '0x2'], tokens: ['a'], devices: [] } },
  ],
  [
    'Refused everywhere / it took 12 ms; 1 request had already reached the venue',
    { action: 'ending.receipt', detail: { ms: 12, in_flight: 1, nodes: 1 } },
  ],
  [
    'Address not in the list / Place an order · 212 times in this minute',
    { action: 'request.refused', detail: { reason: 'ip_not_allowed', route: 'POST /v1/orders', count: 212 } },
  ],
  ['The account is locked / Sign in', { action: 'login.refused', detail: { reason: 'account_locked', count: 1 } }],
  [
    'Device signed out / by itself',
    { action: 'credential.revoked_itself', subject: { kind: 'device', id: 'dev_1', name: 'x' } },
  ],
  [
    'Code used a second time / the key was taken before by 192.0.2.7 at (3)',
    { action: 'subkey.activation_repeated', detail: { activated_from: '192.0.2.7', activated_at: 3n } },
  ],
])('a row of the activity says: %s', (words, more) => {
  expect(said(wordsOfRow(row(more))).join(' / ')).toBe(words);
});

describe('what changed in addresses', () => {
  test.each<[string[], string[], readonly string[]]>([
    [['192.0.2.0/24'], ['192.0.2.0/24', '203.0.113.0/24'], ['added 203.0.113.0/24']],
    [['192.0.2.0/24', '203.0.113.0/24'], ['192.0.2.0/24'], ['removed 203.0.113.0/24']],
    [['192.0.2.1'], ['192.0.2.2'], ['added 192.0.2.2', 'removed 192.0.2.1']],
    [[], ['192.0.2.2'], ['from anywhere before', 'added 192.0.2.2']],
    [['192.0.2.2'], [], ['from anywhere now', 'removed 192.0.2.2']],
    [['damaged'], ['192.0.2.2'], ['the list was damaged', 'added 192.0.2.2']],
    [
      [],
      ['1.1.1.1', '1.1.1.2', '1.1.1.3', '1.1.1.4', '1.1.1.5', '1.1.1.6'],
      ['from anywhere before', 'added 1.1.1.1, 1.1.1.2, 1.1.1.3, 1.1.1.4 and 2 more'],
    ],
  ])('addresses that change from %j to %j are told as what was added and removed', (from, to, lines) => {
    const words = wordsOfRow(row({ action: 'token.allowlist_replaced', detail: { from, to } }));
    expect(said(words)).toEqual(['Addresses changed', ...lines]);
  });

  test('of any two lists of addresses, what was there and what was added, without what was removed, is what is there', () => {
    const list = fc.uniqueArray(fc.ipV4(), { maxLength: 20 });
    fc.assert(
      fc.property(list, list, (from, to) => {
        const { added, removed } = addressChange(from, to);
        const kept = from.filter((range) => !removed.includes(range));
        expect(new Set([...kept, ...added])).toEqual(new Set(to));
        expect(added.filter((range) => from.includes(range))).toEqual([]);
      }),
    );
  });
});

test('a detail of any shape neither throws nor says what is no word', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.keys(auditActions)),
      fc.dictionary(
        fc.constantFrom(
          'from',
          'to',
          'reason',
          'route',
          'count',
          'subkeys',
          'devices',
          'ms',
          'in_flight',
          'expires_at',
          'why',
        ),
        fc.anything(),
      ),
      (action, detail) => {
        for (const line of wordsOfRow(row({ action, detail })).lines) expect(textOf(line)).not.toContain('[object');
      },
    ),
    { numRuns: 500 },
  );
});
