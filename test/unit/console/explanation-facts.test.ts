import { expect, test } from 'vitest';
import {
  factsOf,
  historyOf,
  historyText,
  requestIdForm,
  textOf,
} from '../../../console/pages/activity/explanation-facts.ts';
import type { Explanation } from '../../../src/client/main.ts';
import { anExplanation } from '../../support/an-explanation.ts';

const explanation = anExplanation({
  hops: [
    { address: '10.0.0.2', trusted: true },
    { address: '1.2.3.4', trusted: false },
    { address: '', trusted: false },
  ],
  allowed_cidrs: ['203.0.113.0/24', '2001:db8:40::/48'],
});

const labels = (more: Partial<Explanation>): readonly string[] =>
  factsOf({ ...explanation, ...more }).map(([label]) => label);

test('a refusal by address says which proxies told it, and that what else was claimed is not believed', () => {
  const facts = new Map(factsOf(explanation));
  expect(facts.get('Came from')).toEqual([
    [{ mono: '198.51.100.4' }],
    ["told by your venue's proxy ", { mono: '10.0.0.2' }],
    ['also claimed: ', { mono: '1.2.3.4' }, ', not believed'],
    ['also claimed: ', 'something that is no address', ', not believed'],
  ]);
  expect(facts.get('Allowed from')).toEqual([[{ mono: '203.0.113.0/24' }], [{ mono: '2001:db8:40::/48' }]]);
  expect(facts.get('Request')).toEqual([['Place an order', ' ', { mono: 'POST /v1/orders' }]]);
  expect(facts.get('Answer')).toEqual([[{ mono: '403 IP_NOT_ALLOWED' }]]);
});

test('facts of a refusal are those that apply to it', () => {
  expect(labels({ allowed_cidrs: null })).toEqual(['Request', 'When', 'Key', 'Came from', 'Answer']);
  expect(labels({ permission_needed: 'trade', permissions_held: ['account:read'] })).toContain('Needed / has');
  const limit = { bucket: 'orders', limit: 800, window_seconds: 1, retry_after_seconds: 1 };
  expect(labels({ limit, others_in_minute: 3 })).toEqual(expect.arrayContaining(['Limit', 'Like it']));
  expect(labels({ signed_at: 1n })).toContain('Signed at');
  expect(labels({ signed_at: 1n, server_time: 2n })).toContain('Signed at / server time');
});

test('the text for support has every fact, the moment in UTC too, and a name writes no line of its own into it', () => {
  const name = 'bot\nAnswer: 200 OK';
  const text = textOf({ ...explanation, credential: { ...explanation.credential, name } }, undefined);
  expect(text).toContain('Address not in the list. It came from 198.51.100.4, which is not in this key');
  expect(text).toContain('Request id: 6c1d8b0e-5b3e-4f07-9c1b-0e7a4d2f9a10');
  expect(text).toContain('.123456789');
  expect(text).toContain('(2026-11-28T14:02:51.123Z)');
  expect(text).toContain('203.0.113.0/24; 2001:db8:40::/48');
  expect(text.split('\n').filter((line) => line.startsWith('Answer: '))).toEqual(['Answer: 403 IP_NOT_ALLOWED']);
});

test('what deleted, signed out and locked is told with its time and by whom', () => {
  const at = BigInt(Date.parse('2026-11-28T13:03:00Z')) * 1_000_000n;
  const told = (reason: string, kind: string): string | undefined => {
    const history = historyOf({ reason });
    return history === undefined ? undefined : historyText(history, at, { kind });
  };
  expect(told('credential_revoked', 'device')).toMatch(/^Deleted 28 Nov 2026, \d\d:03 by you\.$/);
  expect(told('credential_revoked', 'operator')).toMatch(/by the venue\.$/);
  expect(told('credential_revoked', 'nobody')).toMatch(/after somebody reported it\.$/);
  expect(told('signed_out', 'main')).toMatch(/^You signed out everywhere on 28 Nov 2026, \d\d:03\.$/);
  expect(told('account_locked', 'operator')).toMatch(/^Your venue locked it on 28 Nov 2026, \d\d:03\.$/);
  for (const reason of ['ip_not_allowed', 'toString', '__proto__']) expect(historyOf({ reason })).toBeUndefined();
});

test('a request id is what the server makes, and no other text of the clipboard is taken for one', () => {
  expect(requestIdForm.test(explanation.request_id)).toBe(true);
  const others = [`0x${'a'.repeat(64)}`, 'eyJhbGciOiJFUzI1NiJ9.e30.x', '', `${explanation.request_id}/..`];
  expect(others.filter((text) => requestIdForm.test(text))).toEqual([]);
});
