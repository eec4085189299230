import { expect, test } from 'vitest';
import { factsOf, requestIdForm, textOf } from '../../../console/pages/activity/explanation-facts.ts';
import { buttonWords } from '../../../console/pages/activity/remedy-words.ts';
import { type Explanation, explainInWords } from '../../../src/client/main.ts';
import { denyReasons } from '../../../src/domain/decision.ts';
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
  const text = textOf(
    { ...explanation, credential: { ...explanation.credential, name } },
    'It came from 198.51.100.4.',
  );
  expect(text).toContain('Address not in the list. It came from 198.51.100.4.\n');
  expect(text).toContain('Request id: 6c1d8b0e-5b3e-4f07-9c1b-0e7a4d2f9a10');
  expect(text).toContain('.123456789');
  expect(text).toContain('(2026-11-28T14:02:51.123Z)');
  expect(text).toContain('203.0.113.0/24; 2001:db8:40::/48');
  expect(text.split('\n').filter((line) => line.startsWith('Answer: '))).toEqual(['Answer: 403 IP_NOT_ALLOWED']);
});

/** Every other reason has none. */
const buttons: Readonly<Record<string, string>> = {
  ip_not_allowed: 'Add 198.51.100.4…',
  allowlist_damaged: 'Change addresses',
  permission_missing: 'Add a subkey',
  read_only_method: 'Add a subkey',
  credential_expired: 'Add a key like it',
};

test.each(denyReasons)('what mends %s is one button, or nothing of the owner', (reason) => {
  const { remedy } = explainInWords({ ...explanation, reason, permission_needed: 'trade' });
  expect(remedy && buttonWords(remedy)).toBe(buttons[reason]);
});

test('a list that an unknown address is not in is mended by changing it, and what no subkey may is mended by none', () => {
  const mended = (more: Partial<Explanation>) => explainInWords({ ...explanation, ...more }).remedy?.kind;
  expect(mended({ reason: 'ip_not_allowed', client_ip: null })).toBe('change_addresses');
  for (const permission_needed of ['keys:manage', 'funds:transfer', null])
    expect(mended({ reason: 'permission_missing', permission_needed })).toBeUndefined();
});

test('a request id is what the server makes, and no other text of the clipboard is taken for one', () => {
  expect(requestIdForm.test(explanation.request_id)).toBe(true);
  const others = [`0x${'a'.repeat(64)}`, 'eyJhbGciOiJFUzI1NiJ9.e30.x', '', `${explanation.request_id}/..`];
  expect(others.filter((text) => requestIdForm.test(text))).toEqual([]);
});
