// How one request of a proven credential counts, by what became of it.
import { expect, test } from 'vitest';
import type { Used, UseOutcome } from '../../../src/domain/use.ts';
import { ApiError } from '../../../src/errors.ts';
import type { RequestContext } from '../../../src/http/context.ts';
import { countForwarded, countServed } from '../../../src/http/count-use.ts';
import { alice } from '../../support/store/rows.ts';

const credential = { account: alice, kind: 'subkey', id: '1' } as const;
const byBearer = { grant: { principal: { credential } }, clientIpText: '192.0.2.1' } as RequestContext;
const bySignature = { grant: {}, proven: credential, clientIpText: '192.0.2.1' } as RequestContext;
const byNobody = { grant: {}, clientIpText: '192.0.2.1' } as RequestContext;

function counting() {
  const counted: string[] = [];
  const count = ({ credential: { kind, id } }: Used, outcome: UseOutcome, address: string) =>
    counted.push(`${kind}:${id} ${outcome} ${address}`);
  return { usage: { count }, counted };
}

test.each<[UseOutcome, readonly (number | undefined)[]]>([
  ['allowed', [200, 201, 400, 404, 409, undefined]],
  ['refused', [401, 403]],
  ['limited', [429]],
  ['failed', [500, 503]],
])('a request with a bearer that we answered counts as %s for the statuses %j', (outcome, statuses) => {
  for (const status of statuses) {
    const { usage, counted } = counting();
    countServed(usage, byBearer, status);
    expect([status, counted]).toEqual([status, [`subkey:1 ${outcome} 192.0.2.1`]]);
  }
});

test.each<[UseOutcome, readonly (number | undefined)[]]>([
  ['allowed', [200, undefined]],
  ['refused', [400, 401, 403]],
  ['limited', [429]],
  ['failed', [503]],
])('a signature that proved a key counts as %s for the statuses %j', (outcome, statuses) => {
  for (const status of statuses) {
    const { usage, counted } = counting();
    countServed(usage, bySignature, status);
    expect([status, counted]).toEqual([status, [`subkey:1 ${outcome} 192.0.2.1`]]);
  }
});

test('a request at the venue counts as allowed whatever the venue answered, unless we refused it or failed', () => {
  const { usage, counted } = counting();
  countForwarded(usage, byBearer, { kind: 'answered', status: 500 });
  countForwarded(usage, byBearer, { kind: 'client_gone' });
  countForwarded(usage, byBearer, { kind: 'cut', reason: 'credential_revoked' });
  countForwarded(usage, byBearer, { kind: 'refused', refusal: 'credential_revoked' });
  countForwarded(usage, byBearer, { kind: 'refused', refusal: new ApiError('INVALID_ORDER_SIGNATURE', 'no') });
  countForwarded(usage, byBearer, { kind: 'refused', refusal: 'upstream_unavailable' });
  countForwarded(usage, byBearer, undefined);
  expect(counted.map((text) => text.split(' ')[1])).toEqual([
    ...['allowed', 'allowed', 'allowed'],
    ...['refused', 'refused', 'failed', 'failed'],
  ]);
});

test('a request that proved nothing counts for nobody', () => {
  const { usage, counted } = counting();
  for (const status of [200, 401, undefined]) countServed(usage, byNobody, status);
  countForwarded(usage, byNobody, { kind: 'answered', status: 200 });
  expect(counted).toEqual([]);
});
