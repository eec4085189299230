import { expect, test } from 'vitest';
import { causeOf, isEnding, whatEnded } from '../../../console/pages/activity/what-ended.ts';
import { shortExact } from '../../../console/words/times.ts';
import type { ActivityFilter, ActivityRow, Client } from '../../../src/client/main.ts';
import { anExplanation } from '../../support/an-explanation.ts';

const nanos = (iso: string): bigint => BigInt(Date.parse(iso)) * 1_000_000n;
const AT = nanos('2026-11-28T13:03:00Z');
const NOW = Date.parse('2026-11-30T12:00:00Z');

const row = (action: string, more: Partial<ActivityRow> = {}): ActivityRow => ({
  id: 1n,
  at: AT,
  action,
  actor: { kind: 'device', id: 'dev_1', name: 'Firefox' },
  subject: { kind: 'subkey', id: '42', name: 'bot' },
  request_id: 'id',
  client_ip: '198.51.100.4',
  detail: {},
  ...more,
});

const operator = { actor: { kind: 'operator', id: '', name: '' } };

test.each<[string, ActivityRow, string]>([
  ['credential_revoked', row('subkey.revoked'), 'Deleted {at} by you. Something still uses it: 198.51.100.4.'],
  ['credential_revoked', row('token.revoked', operator), 'Deleted {at} by the venue. Something'],
  ['credential_revoked', row('credential.reported_leaked'), '{at} because somebody reported it found. Something'],
  ['credential_revoked', row('credential.revoked_itself'), '{at} by a program that has it. Something'],
  ['credential_revoked', row('account.revoked_all'), 'Deleted {at} with everything else. Something'],
  ['credential_revoked', row('account.revoked_by_restore', operator), '{at} because the venue restored a backup. Some'],
  ['credential_expired', row('subkey.registered', { detail: { expires_at: AT } }), 'It ended {at}. Something'],
  ['credential_expired', row('token.created', { detail: { expiry_at: AT } }), 'It ended {at}. Something'],
  ['credential_expired', row('token.rotated', { detail: { ends_at: AT } }), 'It ended {at}. Something'],
  ['credential_expired', row('token.created', { detail: { expiry_at: 'soon' } }), 'Something still uses it'],
  [
    'signed_out',
    row('account.signed_out_everywhere'),
    'The session is older than your sign-out of {at}. The bot must sign in again.',
  ],
  ['signed_out', row('account.revoked_all'), 'older than ‘End everything’ of {at}. The bot must'],
  ['signed_out', row('credential.reported_leaked'), 'The session ended {at}, because somebody reported it found.'],
  ['signed_out', row('account.revoked_by_clock', operator), 'Sessions ended {at}, because the venue set its clock.'],
  ['account_locked', row('account.locked', operator), 'Your venue locked it {at}.'],
])('%s is told with when and how it came: %#', (reason, told, words) => {
  expect(causeOf(anExplanation({ reason }), told, NOW)).toContain(words.replace('{at}', shortExact(AT, NOW)));
});

test('a time of another year has its year, and what nothing is known of is told without', () => {
  const explanation = anExplanation({ reason: 'account_locked' });
  expect(causeOf(explanation, row('account.locked'), Date.parse('2027-01-02T12:00:00Z'))).toMatch(
    /28 Nov 2026, \d\d:03/,
  );
  for (const none of [null, undefined]) expect(causeOf(explanation, none, NOW)).toMatch(/^Your venue locked it\. /);
  for (const reason of ['ip_not_allowed', 'toString', '__proto__']) expect(isEnding({ reason })).toBe(false);
});

/** An activity of these rows, newest first. */
function activityOf(rows: readonly ActivityRow[]): { client: Pick<Client, 'activity'>; asked: ActivityFilter[] } {
  const asked: ActivityFilter[] = [];
  const list = (filter: ActivityFilter = {}) => {
    asked.push(filter);
    const { action = [], credential } = filter;
    const results = rows.filter(
      ({ action: of, subject }) =>
        action.includes(of) && (credential === undefined || credential === `${subject.kind}:${subject.id}`),
    );
    return { page: async () => ({ results, next: null }) };
  };
  return { client: { activity: { list } } as unknown as Pick<Client, 'activity'>, asked };
}

const { signal } = new AbortController();
const account = { kind: 'account', id: '', name: '' };
const another = { kind: 'subkey', id: '43', name: 'another' };

test('what ended is the row of the key that was refused, or that of its whole account', async () => {
  const revoked = row('subkey.revoked', { id: 5n });
  const all = row('account.revoked_all', { id: 7n, subject: account });
  const ofAnother = row('subkey.revoked', { id: 6n, subject: another });
  const explanation = anExplanation({ reason: 'credential_revoked' });
  expect(await whatEnded(activityOf([all, ofAnother, revoked]).client, explanation, signal)).toBe(revoked);
  expect(await whatEnded(activityOf([all, ofAnother]).client, explanation, signal)).toBe(all);
  expect(await whatEnded(activityOf([ofAnother]).client, explanation, signal)).toBeNull();
});

test('a session that is over ended with the latest of what ends sessions, and a report about another key is none', async () => {
  const out = row('account.signed_out_everywhere', { id: 5n, subject: account });
  const reported = row('credential.reported_leaked', { id: 8n });
  const ofAnother = row('credential.reported_leaked', { id: 9n, subject: another });
  const explanation = anExplanation({ reason: 'signed_out' });
  expect(await whatEnded(activityOf([ofAnother, reported, out]).client, explanation, signal)).toBe(reported);
  expect(await whatEnded(activityOf([ofAnother, out]).client, explanation, signal)).toBe(out);
  const newer = { ...out, id: 10n };
  expect(await whatEnded(activityOf([newer, ofAnother, reported]).client, explanation, signal)).toBe(newer);
});

test('what came after the refusal has not caused it, and of a reason that ends nothing nobody is asked', async () => {
  const { client, asked } = activityOf([]);
  await whatEnded(client, anExplanation({ reason: 'signed_out', at: AT }), signal);
  expect(asked.map(({ to }) => Number(to))).toEqual([Number(AT / 1_000_000n) + 1, Number(AT / 1_000_000n) + 1]);
  await whatEnded(client, anExplanation({ reason: 'ip_not_allowed' }), signal);
  expect(asked.length).toBe(2);
});
