// Whom a refusal is told to: the counts, the log, the audit log, and the owner who asks why.
import { expect, test } from 'vitest';
import { type DenyReason, deny } from '../../../src/domain/decision.ts';
import type { Principal } from '../../../src/domain/principal.ts';
import { ApiError } from '../../../src/errors.ts';
import type { Refused } from '../../../src/http/admission.ts';
import type { Known } from '../../../src/http/kit/known.ts';
import { tellRefused } from '../../../src/http/tell-refused.ts';
import { alice } from '../../support/store/rows.ts';

const principal = { credential: { account: alice, kind: 'subkey', id: '1' } } as Principal;

function tellersOf(reason: DenyReason, who?: Principal): readonly string[] {
  const told: string[] = [];
  tellRefused(
    {
      telemetry: {
        denied: () => told.push('log'),
        erred: () => told.push('error'),
        rateLimited: () => told.push('limit'),
      },
      journal: { refused: () => told.push('audit') },
      usage: { count: () => told.push('usage') },
      explainRefusal: () => told.push('explain'),
    },
    { requestId: 'x' } as Known,
    {
      kind: 'refused',
      routeName: 'GET /v1/balance',
      client: { text: '192.0.2.1' },
      charged: {},
      error: new ApiError('UNAUTHORIZED_ERROR', 'no'),
      deny: deny(reason, who === undefined ? {} : { principal: who }),
    } as Refused,
  );
  return told.sort();
}

test('a refusal of a proven credential is counted, logged, explained and stands in the audit log', () => {
  expect(tellersOf('ip_not_allowed', principal)).toEqual(['audit', 'explain', 'log', 'usage']);
});

test('a bearer that has run out is explained, and stands in no audit log: it goes on being one for ever', () => {
  expect(tellersOf('bearer_expired', principal)).toEqual(['explain', 'log', 'usage']);
});

test('a refusal of what proved nothing is only logged', () => {
  expect(tellersOf('bearer_signature')).toEqual(['log']);
});
