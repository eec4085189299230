import { expect, test } from 'vitest';
import type { Client } from '../../../src/client/create-client.ts';
import type { ActivityRow, Explanation } from '../../../src/client/shapes.ts';
import { whatEnded } from '../../../src/owner/what-ended.ts';

const token = { kind: 'token', id: 'tok_1', name: 'tax' };
const account = { kind: 'account', id: '0x1', name: '' };
const operator = { kind: 'operator', id: '', name: '' };
const { signal } = new AbortController();

const row = (at: bigint, action: string, subject: ActivityRow['subject'], more: Partial<ActivityRow> = {}) =>
  ({ id: at, at, action, actor: operator, subject, request_id: '', client_ip: '', detail: {}, ...more }) as ActivityRow;

/** The account's activity, newest first, filtered as the server does. */
const ofRows = (...rows: readonly ActivityRow[]): Pick<Client, 'activity'> => ({
  activity: {
    list: ({ action = [], to = 0n } = {}) => ({
      async page() {
        const results = rows.filter((one) => action.includes(one.action) && one.at < BigInt(String(to)));
        return { results, next: null };
      },
      async *[Symbol.asyncIterator]() {},
    }),
  },
});

const refused = (reason: string) => ({ reason, at: 100n, credential: token }) as Explanation;

test('a key that was revoked by itself ended then, whatever ended others later', async () => {
  const rows = [
    row(200n, 'token.revoked', token),
    row(90n, 'token.revoked', { ...token, id: 'tok_2' }),
    row(80n, 'account.revoked_all', account, { detail: { tokens: ['x'] } }),
    row(70n, 'token.revoked', token, { actor: { kind: 'device', id: 'dev_1', name: 'laptop' } }),
  ];
  expect(await whatEnded(ofRows(...rows), refused('credential_revoked'), signal)).toEqual({
    at: 70n,
    by: '"laptop" device:dev_1',
  });
});

test('a key that ended with all others ended when keys of its kind did', async () => {
  const rows = [
    row(90n, 'account.revoked_all', account, { detail: { tokens: [], subkeys: ['0x2'] } }),
    row(80n, 'account.revoked_all', account, { detail: { tokens: ['x'], subkeys: [] } }),
  ];
  expect(await whatEnded(ofRows(...rows), refused('credential_revoked'), signal)).toEqual({ at: 80n, by: 'operator' });
});

test('a key that has expired ended at the time that it was made for, or that its rotation left it', async () => {
  const made = row(10n, 'token.created', token, { detail: { expiry_at: 60n } });
  const rotated = row(20n, 'token.rotated', token, { detail: { ends_at: 50n } });
  expect(await whatEnded(ofRows(made), refused('credential_expired'), signal)).toEqual({ at: 60n, by: '' });
  expect(await whatEnded(ofRows(rotated, made), refused('credential_expired'), signal)).toEqual({ at: 50n, by: '' });
});

test('of a lock and a sign-out it is told when; of what has no end, of an unknown one and of a failure, nothing', async () => {
  const rows = [row(90n, 'account.locked', account), row(80n, 'account.signed_out_everywhere', account)];
  expect(await whatEnded(ofRows(...rows), refused('account_locked'), signal)).toMatchObject({ at: 90n });
  expect(await whatEnded(ofRows(...rows), refused('signed_out'), signal)).toMatchObject({ at: 80n });
  expect(await whatEnded(ofRows(...rows), refused('ip_not_allowed'), signal)).toBeUndefined();
  expect(await whatEnded(ofRows(), refused('account_locked'), signal)).toBeUndefined();
  const broken = {
    activity: {
      list: () => {
        throw new Error('no answer');
      },
    },
  };
  expect(await whatEnded(broken, refused('account_locked'), signal)).toBeUndefined();
});

test('of a refusal that nothing ended the activity is not asked, one that cannot be had is no ending, and a stop is told', async () => {
  let asked = 0;
  const failing: Pick<Client, 'activity'> = {
    activity: {
      list: () => {
        asked += 1;
        throw new Error('no activity');
      },
    },
  };
  expect(await whatEnded(failing, refused('ip_not_allowed'), signal)).toBeUndefined();
  expect(asked).toBe(0);
  expect(await whatEnded(failing, refused('credential_revoked'), signal)).toBeUndefined();
  await expect(whatEnded(failing, refused('credential_revoked'), AbortSignal.abort())).rejects.toThrow('no activity');
  const other = row(90n, 'token.revoked', { ...token, id: 'tok_2' });
  expect(await whatEnded(ofRows(other), refused('credential_revoked'), signal)).toBeUndefined();
});
