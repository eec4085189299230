import { describe, expect, test } from 'vitest';
import { Aborted, CountersignError, NoAnswer, WalletRefused } from '../../../src/client/errors.ts';
import { explainInWords, refusalHeadline } from '../../../src/client/explain-in-words.ts';
import { HandOffDamaged } from '../../../src/client/hand-off.ts';
import { sentenceOf, sentenceOfTaking } from '../../../src/client/refusal-words.ts';
import type { Explanation } from '../../../src/client/shapes.ts';
import { denyReasons } from '../../../src/domain/decision.ts';
import { errorStatus } from '../../../src/domain/error-codes.ts';
import { anExplanation } from '../../support/an-explanation.ts';

const refusal = (code: string, more: Partial<CountersignError> = {}): CountersignError =>
  new CountersignError({
    status: 400,
    code,
    message: 'the words of the server',
    data: null,
    requestId: 'id',
    retryAfterSeconds: undefined,
    ...more,
  });

test.each(Object.keys(errorStatus))('%s has a sentence that ends, and says no code', (code) => {
  for (const words of [sentenceOf, sentenceOfTaking]) {
    expect(words(refusal(code))).toMatch(/^[A-Z].*\.$/);
    expect(words(refusal(code))).not.toMatch(/[A-Z]_[A-Z]|undefined|null/);
  }
});

test('every code of the server but its own mistake has a sentence of its own', () => {
  const mistake = sentenceOf(refusal('A_CODE_OF_A_LATER_RELEASE'));
  const without = Object.keys(errorStatus).filter((code) => sentenceOf(refusal(code)) === mistake);
  expect(without).toEqual(['INTERNAL_ERROR']);
});

describe('sentences with the values of the answer', () => {
  test.each([
    ['RATE_LIMITED', { retryAfterSeconds: 9 }, 'Try again in 9 s.'],
    ['TOKEN_LIMIT_REACHED', { message: 'the account has 20 live tokens, the most' }, 'You have 20 read-only keys'],
    ['VALIDATION_ERROR', { message: 'the account has 20 live subkeys, the most' }, 'You have 20 subkeys, the most'],
    ['VALIDATION_ERROR', { message: 'the account has 5 pending subkeys, the most' }, '5 subkeys that wait for a phone'],
    ['VALIDATION_ERROR', { message: 'a name is empty' }, 'The server did not accept this: a name is empty.'],
    ['IP_NOT_ALLOWED', { message: 'the client address could not be told' }, 'could not tell your address'],
    ['REQUEST_NOT_ALLOWED', { message: 'the account is locked' }, 'has locked this account'],
    ['INVALID_TIMESTAMP', { data: { wait_seconds: 12 } }, 'You can sign in again in 12 s.'],
    ['INVALID_TIMESTAMP', { data: { wait_seconds: 0 } }, 'You can sign in again now.'],
    [
      'INVALID_TIMESTAMP',
      { data: { skew_seconds: -42 } },
      "Your clock and the server's are 42 s apart, and it keeps refusing.",
    ],
    ['NOT_FOUND', { message: 'no such token' }, 'This key is gone: it was ended meanwhile.'],
    ['NOT_FOUND', { message: 'no refusal of this account' }, 'There is no refusal of this account.'],
    [
      'SUBKEY_ALREADY_ACTIVATED',
      { data: { client_ip: '198.51.100.4' } },
      'delete the key on your computer now. It was taken from 198.51.100.4.',
    ],
    ['INVALID_SUBKEY', { status: 401 }, 'it was ended, waits for its phone, or never was a subkey here.'],
    ['INVALID_SUBKEY', { message: 'the main key cannot be a subkey' }, 'The main key cannot be a subkey.'],
    ['INVALID_SUBKEY', { message: 'this key is revoked and cannot be registered again' }, 'was ended before'],
    ['HTTP_502', {}, 'The server made a mistake.'],
    [
      'ETHEREUM_SIGNER_MISMATCH',
      { message: `the signature is by 0x${'a'.repeat(40)}, and not by 0x${'b'.repeat(40)}, as the message says` },
      'You signed with another address than you chose: 0xaaaa…aaaa.',
    ],
    [
      'INVALID_EVM_SIGNATURE',
      { message: 'the signature is not 65 bytes of 0x hex with a low s' },
      'This is a smart-contract wallet. Only wallets with a key of their own can sign in.',
    ],
    ['INVALID_EVM_SIGNATURE', { message: 'the message has no statement' }, 'did not accept this: the message has'],
    ['ETHEREUM_SIGNER_MISMATCH', { message: 'unknown' }, 'You signed with another address than you chose.'],
    [
      'ETHEREUM_SIGNER_MISMATCH',
      { message: 'the message is not by the wallet of this account' },
      'This account belongs to another wallet than the one that signed.',
    ],
  ])('%s %j', (code, more, words) => {
    expect(sentenceOf(refusal(code, more))).toContain(words);
  });
});

test('no answer, a stop, a wallet that said no and a damaged code are told apart', () => {
  const said = [
    new NoAnswer('lost', 'unknown'),
    new NoAnswer('refused', 'unsent'),
    new Aborted('unknown'),
    new WalletRefused('no', 4001),
    new WalletRefused('busy', -32002),
    new HandOffDamaged('length'),
  ].map(sentenceOf);
  expect(new Set(said).size).toBe(said.length);
});

test('a code that was used, one that ran out, a clock that is off, a damaged code and a lost connection are told apart where a key is taken', () => {
  const said = [
    refusal('SUBKEY_ALREADY_ACTIVATED'),
    refusal('SUBKEY_NOT_ACTIVATABLE'),
    refusal('NOT_FOUND'),
    refusal('INVALID_TIMESTAMP', { data: { skew_seconds: -540 } }),
    new HandOffDamaged('version'),
    new NoAnswer('refused', 'unsent'),
    new NoAnswer('no answer in time', 'unknown'),
  ].map(sentenceOfTaking);
  expect(new Set(said).size).toBe(said.length);
  expect(said[3]).toBe("This phone's clock is 9 min behind. Set it to automatic and scan again.");
});

const explanation = (reason: string, more: Partial<Explanation> = {}): Explanation =>
  anExplanation({
    credential: { kind: 'token', id: '7', name: 'dashboard' },
    reason,
    code: 'INVALID_TOKEN_SCOPE',
    ...more,
  });

/** Reasons that are found before anything is proven: nothing is kept of them. */
const unproven = /^(?:bearer_(?!expired)|route_unknown$|target_|method_not)/;

test.each(denyReasons)('the reason %s is explained in sentences', (reason) => {
  const { headline, cause } = explainInWords(explanation(reason));
  expect(headline).toMatch(/^[A-Z][^.]*$/);
  expect(cause).toMatch(/^[A-Z].*\.$/);
  expect(cause).not.toMatch(/undefined|null/);
  expect(refusalHeadline(reason) === undefined).toBe(unproven.test(reason));
});

test.each([
  ['ip_not_allowed', {}, 'came from 198.51.100.4, which is not', { kind: 'add_address', address: '198.51.100.4' }],
  [
    'permission_missing',
    { permission_needed: 'trade' },
    'Placing an order needs a subkey; this is a read-only key.',
    { kind: 'add_subkey' },
  ],
  [
    'permission_missing',
    { permission_needed: 'trade', method: 'DELETE', route: 'DELETE /v1/orders/{order_id}' },
    'Cancelling an order needs a subkey',
    { kind: 'add_subkey' },
  ],
  [
    'permission_missing',
    { permission_needed: 'trade', route: 'POST /v1/algo' },
    'Trading needs a subkey',
    { kind: 'add_subkey' },
  ],
  ['permission_missing', { permission_needed: 'keys:manage' }, 'Making or widening keys needs the main key', undefined],
  ['read_only_method', {}, 'It was a POST. Read-only keys can GET.', { kind: 'add_subkey' }],
  ['bearer_expired', { expired_seconds: 12 }, 'used one 12 s after its end', undefined],
  [
    'rate_limited',
    { limit: { bucket: 'orders', limit: 800, window_seconds: 1, retry_after_seconds: 1 } },
    '800 orders a second for this account; it tried again 1 s too early.',
    undefined,
  ],
  [
    'rate_limited',
    {
      limit: { bucket: 'toString', limit: 15_525, window_seconds: 7, retry_after_seconds: 2 },
      message: 'rate limit exceeded: 15525 requests per 7 s for this credential; retry after 2 s',
    },
    '15,525 requests in 7 s for this key; it tried again 2 s too early.',
    undefined,
  ],
  ['order_refused', { order_index: 3, message: 'sent before' }, 'Order 3 of the list: sent before.', undefined],
  ['a_reason_of_a_later_release', {}, 'The words of the server.', undefined],
])('%s is explained with the values of the request', (reason, more, words, remedy) => {
  const said = explainInWords(explanation(reason, more));
  expect(said.cause).toContain(words);
  expect(said.remedy).toEqual(remedy);
});

test.each([
  'INVALID_TIMESTAMP',
  'INVALID_BLOCK_EXPIRATION',
  'SIGNATURE_ALREADY_USED',
  'signature_dated',
  'proof_repeated',
  'device_over',
])('a login that was refused for %s after its proof is explained in sentences', (reason) => {
  const { headline, cause } = explainInWords(explanation(reason));
  expect(headline).not.toBe('It was refused');
  expect(refusalHeadline(reason)).toBe(headline);
  expect(cause).toMatch(/^[A-Z].*\.$/);
});

test('a reason that this release does not know has no headline, though an object has a member of its name', () => {
  for (const reason of ['a_reason_of_a_later_release', 'toString', '__proto__', 'constructor', '']) {
    expect(refusalHeadline(reason)).toBeUndefined();
    expect(explainInWords(explanation(reason)).headline).toBe('It was refused');
  }
});
