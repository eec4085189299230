// How refusals read: the documented code for each reason, and never more than the caller has proven a right to know.
import { describe, expect, test } from 'vitest';
import { refusalError, refusalErrorOf } from '../../../src/access/refusal.ts';
import { type DenyReason, deny, denyReasons } from '../../../src/domain/decision.ts';
import { parseFelt } from '../../../src/domain/felt.ts';
import type { CredentialKind } from '../../../src/domain/kinds.ts';
import { permissionsOf } from '../../../src/domain/kinds.ts';
import type { Principal } from '../../../src/domain/principal.ts';
import { unixSeconds } from '../../../src/domain/time.ts';
import { ApiError, type ErrorCode } from '../../../src/errors.ts';

const account = parseFelt('0x5ec7e7');
if (account === undefined) throw new Error('not a felt');

const principal = (kind: CredentialKind): Principal => ({
  credential: { account, kind, id: 'the-row-id' },
  permissions: permissionsOf(kind, { tokensMayReadKeys: false }),
  label: '0x1abe1',
  kid: 'the-kid',
  session: 'the-session',
  expiresAt: unixSeconds(1_900_000_000),
  authTime: unixSeconds(1_800_000_000),
  isolated: false,
  tokenUsage: undefined,
});

/** docs/wire.md section 11, and docs/decisions.md "error details". */
const documented: Readonly<Record<DenyReason, readonly [ErrorCode, number]>> = {
  route_unknown: ['NOT_FOUND', 404],
  target_malformed: ['NOT_FOUND', 404],
  method_not_allowed: ['METHOD_NOT_ALLOWED', 405],
  rate_limited: ['RATE_LIMITED', 429],
  bearer_missing: ['UNAUTHORIZED_ERROR', 401],
  bearer_malformed: ['UNAUTHORIZED_ERROR', 401],
  bearer_repeated: ['UNAUTHORIZED_ERROR', 401],
  bearer_wrong_kind: ['UNAUTHORIZED_ERROR', 401],
  bearer_unknown_key: ['UNAUTHORIZED_ERROR', 401],
  bearer_signature: ['UNAUTHORIZED_ERROR', 401],
  bearer_claims: ['UNAUTHORIZED_ERROR', 401],
  bearer_expired: ['UNAUTHORIZED_ERROR', 401],
  signing_key_retired: ['UNAUTHORIZED_ERROR', 401],
  account_unknown: ['UNAUTHORIZED_ERROR', 401],
  account_locked: ['REQUEST_NOT_ALLOWED', 403],
  credential_unknown: ['UNAUTHORIZED_ERROR', 401],
  credential_pending: ['UNAUTHORIZED_ERROR', 401],
  credential_revoked: ['UNAUTHORIZED_ERROR', 401],
  credential_expired: ['UNAUTHORIZED_ERROR', 401],
  signed_out: ['UNAUTHORIZED_ERROR', 401],
  permission_missing: ['INVALID_TOKEN_SCOPE', 403],
  read_only_method: ['INVALID_TOKEN_SCOPE', 403],
  client_ip_unknown: ['IP_NOT_ALLOWED', 403],
  ip_not_allowed: ['IP_NOT_ALLOWED', 403],
  allowlist_damaged: ['IP_NOT_ALLOWED', 403],
  store_unavailable: ['SERVICE_UNAVAILABLE', 503],
  view_stale: ['SERVICE_UNAVAILABLE', 503],
  bearer_and_signature: ['INVALID_REQUEST_PARAMETER', 400],
  store_lost: ['SERVICE_UNAVAILABLE', 503],
  upstream_unavailable: ['SERVICE_UNAVAILABLE', 503],
  upstream_timeout: ['SERVICE_UNAVAILABLE', 503],
  request_header_refused: ['INVALID_REQUEST_PARAMETER', 400],
  order_refused: ['INVALID_ORDER_SIGNATURE', 400],
  route_unsigned: ['REQUEST_NOT_ALLOWED', 403],
};

describe.each(denyReasons)('%s', (reason) => {
  const kinds: CredentialKind[] = ['main', 'evm', 'subkey', 'token'];
  const errors = [
    refusalErrorOf(reason),
    ...kinds.map((kind) => refusalError(deny(reason, { principal: principal(kind), expiredSeconds: 7 }))),
  ];

  test('a refusal has its documented code and status for every kind of caller', () => {
    for (const error of errors) {
      expect(error).toBeInstanceOf(ApiError);
      expect([error.code, error.status]).toEqual(documented[reason]);
    }
  });

  test('a refusal says in plain words what was wrong, and nothing that identifies the credential or an allowlist', () => {
    for (const { message, data } of errors) {
      expect(message).toMatch(/^[a-z][ -~]{5,120}$/);
      expect(data).toBeNull();
      for (const secret of [account, 'the-row-id', '1abe1', 'the-kid', 'the-session', '_']) {
        expect(message).not.toContain(secret);
      }
    }
  });

  test('a refusal has Retry-After exactly when its status is 503', () => {
    for (const { status, headers } of errors) {
      expect(headers).toEqual(status === 503 ? { 'Retry-After': '1' } : {});
    }
  });

  test('a refusal has the words by which ccxt knows an authentication error exactly when it is one', () => {
    for (const { status, message } of errors) {
      expect(message.includes('missing or malformed jwt')).toBe(status === 401);
    }
  });
});

describe('an expired bearer', () => {
  test('the refusal of an expired bearer says for how long, in the words that clients match by their beginning', () => {
    const { message } = refusalError(deny('bearer_expired', { expiredSeconds: 12 }));
    expect(message).toBe('invalid bearer jwt: token is expired by 12s (missing or malformed jwt)');
  });

  test.each(denyReasons.filter((reason) => reason !== 'bearer_expired'))(
    'a refusal for %s tells no number of seconds, which only an expired bearer is told',
    (reason) => {
      expect(refusalError(deny(reason, { expiredSeconds: 12 })).message).toBe(refusalErrorOf(reason).message);
    },
  );
});

test('no refusal says who the caller is, but a missing permission is explained by the kind that was proven', () => {
  const message = (kind: CredentialKind) =>
    refusalError(deny('permission_missing', { principal: principal(kind) })).message;
  expect(message('token')).toContain('read-only token');
  expect(message('subkey')).toContain('main key');
  expect(message('main')).toContain('does not end itself');
});
