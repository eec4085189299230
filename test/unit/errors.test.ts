// What callers, dashboards and audit queries read by program only ever grows: written out here a second time, so that nothing is
// lost, renamed or given another status without somebody saying so in this file too.
import { expect, test } from 'vitest';
import { denyReasons } from '../../src/domain/decision.ts';
import { ApiError, type ErrorCode, errorStatus, StoreFailure } from '../../src/errors.ts';
import { renderError, toApiError } from '../../src/http/kit/render.ts';

test('every error code keeps its status, and a new one is added to this list', () => {
  expect(errorStatus).toEqual({
    VALIDATION_ERROR: 400,
    BINDING_ERROR: 400,
    INVALID_REQUEST_PARAMETER: 400,
    NOT_ONBOARDED: 400,
    INVALID_STARKNET_ADDRESS: 400,
    INVALID_STARKNET_SIGNATURE: 400,
    PUBLIC_KEY_INVALID: 400,
    INVALID_TIMESTAMP: 400,
    INVALID_BLOCK_EXPIRATION: 400,
    INVALID_ETHEREUM_ADDRESS: 400,
    INVALID_EVM_SIGNATURE: 400,
    INVALID_PARENT_ACCOUNT: 400,
    EVM_VAULT_OPERATORS_DISABLED: 400,
    SUBKEY_NOT_ACTIVATABLE: 400,
    SUBKEY_ALREADY_ACTIVATED: 400,
    NOT_UNIQUE: 400,
    INVALID_ORDER_SIGNATURE: 400,
    ORDER_ALREADY_SENT: 400,
    TOKEN_LIMIT_REACHED: 400,
    UNAUTHORIZED_ERROR: 401,
    STARKNET_SIGNATURE_VERIFICATION_FAILED: 401,
    EVM_SIGNATURE_VERIFICATION_FAILED: 401,
    ETHEREUM_SIGNER_MISMATCH: 401,
    INVALID_SUBKEY: 401,
    SIGNATURE_ALREADY_USED: 401,
    INVALID_TOKEN_SCOPE: 403,
    IP_NOT_ALLOWED: 403,
    REQUEST_NOT_ALLOWED: 403,
    ALLOWLIST_ENTRY_NOT_FOUND: 403,
    ISOLATED_MARKET_ACCOUNT_MISMATCH: 403,
    NOT_FOUND: 404,
    ACCOUNT_NOT_FOUND: 404,
    METHOD_NOT_ALLOWED: 405,
    REQUEST_TIMEOUT: 408,
    PAYLOAD_TOO_LARGE: 413,
    URI_TOO_LONG: 414,
    RATE_LIMITED: 429,
    ONBOARDING_RATE_LIMITED: 429,
    HEADERS_TOO_LARGE: 431,
    INTERNAL_ERROR: 500,
    SERVICE_UNAVAILABLE: 503,
  });
});

test('every reason of a denial keeps its name, and a new one is added to this list', () => {
  expect([...denyReasons].sort()).toEqual(
    [
      'route_unknown',
      'target_malformed',
      'method_not_allowed',
      'rate_limited',
      'bearer_missing',
      'bearer_malformed',
      'bearer_repeated',
      'bearer_wrong_kind',
      'bearer_unknown_key',
      'bearer_signature',
      'bearer_claims',
      'bearer_expired',
      'signing_key_retired',
      'account_unknown',
      'account_locked',
      'credential_unknown',
      'credential_pending',
      'credential_revoked',
      'credential_expired',
      'signed_out',
      'permission_missing',
      'read_only_method',
      'client_ip_unknown',
      'ip_not_allowed',
      'allowlist_damaged',
      'store_unavailable',
      'view_stale',
      'upstream_unavailable',
      'upstream_timeout',
      'request_header_refused',
      'order_refused',
      'route_unsigned',
      'store_lost',
      'bearer_and_signature',
    ].sort(),
  );
});

const codes = Object.keys(errorStatus).filter((name): name is ErrorCode => Object.hasOwn(errorStatus, name));

test('every 503 has Retry-After, and no other error has it by itself', () => {
  const causes = [undefined, { cause: new Error('x') }, { status: 503 }, { headers: { Allow: 'GET' } }];
  const errors = [
    ...codes.flatMap((code) => causes.map((options) => new ApiError(code, 'a sentence', options))),
    toApiError(new StoreFailure('x'), 'id'),
    toApiError(new Error('x'), 'id'),
  ];
  expect(errors.filter(({ status }) => status === 503).length).toBeGreaterThan(codes.length);
  for (const error of errors) {
    const { status, headers } = renderError(error, '');
    expect(headers['Retry-After'], `${error.code} ${status}`).toBe(status === 503 ? '1' : undefined);
  }
});

test('a 503 that is made with a Retry-After keeps it', () => {
  const error = new ApiError('SERVICE_UNAVAILABLE', 'a sentence', { headers: { 'Retry-After': '5' } });
  expect(renderError(error, '').headers['Retry-After']).toBe('5');
});
