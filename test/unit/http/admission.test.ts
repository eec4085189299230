// The door without a response: each refusal, in which order they come, and what an admitted question brings along.
import { describe, expect, test } from 'vitest';
import type { AccessRequest, Decision } from '../../../src/access/authorize.ts';
import { onEveryHost } from '../../../src/access/host-routes.ts';
import { builtInTable } from '../../../src/access/own-routes.ts';
import { deny } from '../../../src/domain/decision.ts';
import { feltOf } from '../../../src/domain/felt.ts';
import type { Grant } from '../../../src/domain/grant.ts';
import type { Principal } from '../../../src/domain/principal.ts';
import { unixNanos, unixSeconds } from '../../../src/domain/time.ts';
import {
  type AdmissionDeps,
  type Admitted,
  createAdmission,
  type Question,
  type Refused,
} from '../../../src/http/admission.ts';
import { createPeers } from '../../../src/http/kit/client-ip.ts';
import { headerLines } from '../../../src/http/kit/lines.ts';
import type { AccountBucket, IpBucket, MeasuredVerdict, Verdict } from '../../../src/ratelimit/limiter.ts';
import type { RateKeys } from '../../../src/ratelimit/rate-keys.ts';

const CLIENT = '203.0.113.9';
const NOW = 1_800_000_000;

const principal: Principal = {
  credential: { account: feltOf(0xa11cen), kind: 'subkey', id: '7' },
  permissions: new Set(['account:read', 'trade']),
  label: '0x5',
  kid: 'kid',
  session: 'session',
  expiresAt: unixSeconds(NOW + 300),
  authTime: unixSeconds(NOW),
  isolated: false,
  tokenUsage: undefined,
};

const verdict = (bucket: IpBucket | AccountBucket, part: Partial<MeasuredVerdict> = {}): MeasuredVerdict => ({
  kind: 'measured',
  allowed: true,
  bucket,
  scope: 'address',
  limit: 10,
  windowSeconds: 60,
  remaining: 5,
  resetSeconds: 30,
  retryAfterSeconds: 0,
  ...part,
});
const over = { allowed: false, remaining: 0, retryAfterSeconds: 4 } as const;

/** What the door asked of its parts, in order. */
type Step =
  | readonly ['address', string, IpBucket]
  | readonly ['decision', string]
  | readonly ['caller', AccountBucket]
  | readonly ['release'];

interface World {
  readonly steps: Step[];
  readonly asked: AccessRequest[];
  ask(question?: Partial<Question> & { readonly raw?: readonly string[] }): Promise<Admitted | Refused>;
  admit: ReturnType<typeof createAdmission>;
}

function door(
  options: Partial<AdmissionDeps> & {
    readonly decide?: (grant: Grant) => Decision | Promise<Decision>;
    readonly address?: Partial<MeasuredVerdict>;
    readonly caller?: Partial<MeasuredVerdict>;
  } = {},
): World {
  const steps: Step[] = [];
  const asked: AccessRequest[] = [];
  const { decide = (grant) => grant, address, caller, ...deps } = options;
  const grant: Grant = {
    kind: 'allow',
    principal,
    refusal: () => undefined,
    onCut: () => undefined,
    headSent: () => undefined,
    release: () => void steps.push(['release']),
  };
  const admit = createAdmission({
    matcherOf: onEveryHost(builtInTable),
    authorize(request) {
      steps.push(['decision', request.method]);
      asked.push(request);
      return decide(grant);
    },
    clientIp: createPeers({ trusted: [] }).clientIp,
    limiter: {
      chargeIp(keys: RateKeys, bucket): Verdict {
        steps.push(['address', keys.narrow, bucket]);
        return verdict(bucket, address);
      },
      chargeCredential(_credential, bucket): Verdict {
        steps.push(['caller', bucket]);
        return verdict(bucket, { scope: 'account', remaining: 3, ...caller });
      },
    },
    clock: { now: () => unixNanos(BigInt(NOW) * 1_000_000_000n) },
    refuseUnsignedRoutes: false,
    maxTargetBytes: 100,
    ...deps,
  });
  return {
    steps,
    asked,
    admit,
    ask: async ({ raw = [], ...question } = {}) =>
      admit({
        method: 'GET',
        target: '/v1/balance',
        lines: headerLines(raw),
        headers: {},
        peer: { address: CLIENT, isUnixSocket: false },
        ...question,
      }),
  };
}

describe('refusals come in one order, and nothing behind the first is done', () => {
  const everythingWrong = {
    method: 'GET',
    target: `/v1//balance?${'x'.repeat(100)}`,
    headers: { 'content-length': '1' },
  } as const;
  const overLimit = { address: over } as const;
  const denied = { decide: () => deny('ip_not_allowed', { principal }) } as const;

  test('admission refuses a target that is too long first, before anything is charged', async () => {
    const { ask, steps } = door({ ...overLimit, ...denied });
    const refused = await ask(everythingWrong);
    expect(refused).toMatchObject({ kind: 'refused', routeName: 'none', error: { code: 'URI_TOO_LONG', status: 414 } });
    expect(refused).toMatchObject({ deny: undefined, headers: {}, charged: { address: undefined, caller: undefined } });
    expect(refused.client).toMatchObject({ ip: undefined, text: '' });
    expect(steps).toEqual([]);
  });

  test('admission refuses an address over its limit second, also where the target has no reading', async () => {
    const { ask, steps } = door({ ...overLimit, ...denied });
    const refused = await ask({ ...everythingWrong, target: '/v1//balance' });
    expect(refused).toMatchObject({
      kind: 'refused',
      error: {
        code: 'RATE_LIMITED',
        message: 'rate limit exceeded: 10 requests per 60 s for this address; retry after 4 s',
      },
      deny: { reason: 'rate_limited' },
      headers: { 'X-RateLimit-Remaining': '0', 'X-RateLimit-Reset': `${NOW + 30}`, 'Retry-After': '4' },
      client: { text: CLIENT },
      charged: { address: { bucket: 'public', allowed: false }, caller: undefined },
    });
    expect(steps).toEqual([['address', CLIENT, 'public']]);
  });

  test('admission refuses a target with more than one reading third', async () => {
    const { ask, steps } = door(denied);
    const refused = await ask({ ...everythingWrong, target: '/v1//balance' });
    expect(refused).toMatchObject({
      error: { code: 'NOT_FOUND', message: 'the path must not contain an empty segment' },
      deny: { reason: 'target_malformed' },
      routeName: 'none',
      headers: { 'X-RateLimit-Remaining': '5' },
    });
    expect(steps).toEqual([['address', CLIENT, 'public']]);
  });

  test('admission refuses an unknown route fourth, charged as a public request', async () => {
    const { ask, steps } = door(denied);
    const refused = await ask({ ...everythingWrong, target: '/v1/nothing' });
    expect(refused).toMatchObject({
      error: { code: 'NOT_FOUND' },
      deny: { reason: 'route_unknown' },
      allow: undefined,
    });
    expect(steps).toEqual([['address', CLIENT, 'public']]);
  });

  test('admission refuses another method fifth, with those that the path does have', async () => {
    const { ask, steps } = door(denied);
    const refused = await ask({ ...everythingWrong, method: 'PATCH', target: '/v1/balance' });
    expect(refused).toMatchObject({
      error: { code: 'METHOD_NOT_ALLOWED' },
      deny: { reason: 'method_not_allowed' },
      routeName: 'none',
      allow: ['GET'],
    });
    expect(steps).toEqual([['address', CLIENT, 'public']]);
  });

  test('admission refuses a GET with a body sixth, which no rule refuses and nobody journals', async () => {
    const { ask, steps } = door(denied);
    const refused = await ask({ ...everythingWrong, target: '/v1/balance' });
    expect(refused).toMatchObject({
      error: { code: 'INVALID_REQUEST_PARAMETER', message: 'a GET request has no body' },
      deny: undefined,
      routeName: 'GET /v1/balance',
      headers: { 'X-RateLimit-Remaining': '5' },
    });
    expect(steps).toEqual([['address', CLIENT, 'private']]);
  });

  test('admission refuses by the decision seventh, with whose credential it was', async () => {
    const { ask, steps } = door({ ...denied, caller: over });
    const refused = await ask();
    expect(refused).toMatchObject({
      error: { code: 'IP_NOT_ALLOWED' },
      deny: { reason: 'ip_not_allowed', principal },
      routeName: 'GET /v1/balance',
      charged: { caller: undefined },
    });
    expect(steps).toEqual([
      ['address', CLIENT, 'private'],
      ['decision', 'GET'],
    ]);
  });

  test('admission refuses a route that trades by the bearer alone eighth, where the setting refuses it; the grant is given back', async () => {
    const { ask, steps } = door({ refuseUnsignedRoutes: true, caller: over });
    const refused = await ask({ method: 'DELETE', target: '/v1/orders' });
    expect(refused).toMatchObject({
      error: { code: 'REQUEST_NOT_ALLOWED' },
      deny: { reason: 'route_unsigned', principal },
    });
    expect(steps).toEqual([['address', CLIENT, 'private'], ['decision', 'DELETE'], ['release']]);
  });

  test('admission refuses by the limits of account and credential last; the grant is given back', async () => {
    const { ask, steps } = door({ caller: { ...over, scope: 'credential' } });
    const refused = await ask();
    expect(refused).toMatchObject({
      error: {
        code: 'RATE_LIMITED',
        message: 'rate limit exceeded: 10 requests per 60 s for this credential; retry after 4 s',
      },
      deny: { reason: 'rate_limited', principal },
      headers: { 'X-RateLimit-Remaining': '0', 'Retry-After': '4' },
      charged: { address: { allowed: true }, caller: { bucket: 'read', allowed: false } },
    });
    expect(steps).toEqual([['address', CLIENT, 'private'], ['decision', 'GET'], ['caller', 'read'], ['release']]);
  });
});

describe('an admitted question', () => {
  test('an admitted request brings its route, its one reading, its client, its grant, every charge and the headers of the tightest', async () => {
    const { ask, steps } = door();
    const admitted = await ask({ target: '/v1/orders/by_client_id/abc/?market=BTC' });
    expect(admitted).toEqual({
      kind: 'admitted',
      routeName: 'GET /v1/orders/by_client_id/{client_id}',
      route: builtInTable.routes.find(({ name }) => name === 'GET /v1/orders/by_client_id/{client_id}'),
      params: { client_id: 'abc' },
      target: '/v1/orders/by_client_id/abc?market=BTC',
      client: {
        ip: expect.objectContaining({ text: CLIENT }),
        text: CLIENT,
        keys: { narrow: CLIENT, wide: undefined },
      },
      grant: expect.objectContaining({ kind: 'allow', principal }),
      insists: undefined,
      charged: { address: verdict('private'), caller: verdict('read', { scope: 'account', remaining: 3 }) },
      headers: {
        'X-RateLimit-Limit': '10',
        'X-RateLimit-Remaining': '3',
        'X-RateLimit-Reset': `${NOW + 30}`,
        'X-Ratelimit-Window': '60',
      },
    });
    expect(steps).not.toContainEqual(['release']);
  });

  test('a request is admitted in the same turn when its decision is made in it', () => {
    const { admit } = door();
    const question = {
      method: 'GET',
      target: '/v1/balance',
      lines: headerLines([]),
      headers: {},
      peer: { address: CLIENT, isUnixSocket: false },
    };
    expect(admit(question)).toMatchObject({ kind: 'admitted' });
    expect(door({ decide: async (grant) => grant }).admit(question)).toBeInstanceOf(Promise);
  });

  test('a request is charged and admitted alike when its decision had to wait', async () => {
    const { ask, steps } = door({ decide: async (grant) => grant });
    expect(await ask()).toMatchObject({ kind: 'admitted', charged: { caller: { bucket: 'read' } } });
    expect(steps).toEqual([
      ['address', CLIENT, 'private'],
      ['decision', 'GET'],
      ['caller', 'read'],
    ]);
  });

  test('HEAD of a route of ours is decided about as a GET', async () => {
    const { ask, asked } = door();
    const admitted = await ask({ method: 'HEAD', target: '/countersign/v1/self' });
    expect(admitted).toMatchObject({ kind: 'admitted', routeName: 'GET /countersign/v1/self' });
    expect(asked).toMatchObject([{ method: 'GET' }]);
  });

  test('every Authorization line reaches the decision, and so does the address', async () => {
    const { ask, asked } = door();
    await ask({ raw: ['Authorization', 'Bearer a', 'authorization', 'Bearer b'] });
    expect(asked).toMatchObject([
      { authorization: ['Bearer a', 'Bearer b'], clientIp: { text: CLIENT }, signed: false },
    ]);
  });
});

describe('what is counted otherwise', () => {
  test('onboarding over the limit of the address is refused by its own code', async () => {
    const { ask } = door({ address: over });
    const refused = await ask({ method: 'POST', target: '/v1/onboarding' });
    expect(refused).toMatchObject({ error: { code: 'ONBOARDING_RATE_LIMITED' }, deny: { reason: 'rate_limited' } });
  });

  const REVOKE_ALL = { method: 'POST', target: '/countersign/v1/revoke-all' } as const;

  test('an emergency route with a signature of the owner is charged as a login and asked for as signed', async () => {
    const { ask, steps, asked } = door();
    await ask({ ...REVOKE_ALL, headers: { 'paradex-evm-signature': '0x1' } });
    expect(steps).toContainEqual(['address', CLIENT, 'login']);
    expect(asked).toMatchObject([{ signed: true }]);
    // No other route takes one.
    const other = door();
    await other.ask({ headers: { 'paradex-evm-signature': '0x1' } });
    expect(other.steps).toContainEqual(['address', CLIENT, 'private']);
    expect(other.asked).toMatchObject([{ signed: false }]);
  });

  test('an emergency route goes on over the limit of the address, which is handed on', async () => {
    const { ask } = door({ address: over });
    expect(await ask(REVOKE_ALL)).toMatchObject({
      kind: 'admitted',
      insists: { bucket: 'private', allowed: false },
      headers: {},
    });
  });

  test('an emergency route that is denied over the limit of the address hears of the limit alone', async () => {
    const { ask } = door({ address: over, decide: () => deny('credential_revoked', { principal }) });
    const refused = await ask(REVOKE_ALL);
    expect(refused).toMatchObject({ error: { code: 'RATE_LIMITED' }, headers: { 'Retry-After': '4' } });
    expect(refused).toHaveProperty('deny.reason', 'rate_limited');
  });
});

test('a service that fails after the decision gives the grant back', async () => {
  let fails = false;
  const { ask, steps } = door({
    decide(grant) {
      fails = true;
      return grant;
    },
    clock: {
      now() {
        if (fails) throw new Error('the clock went back');
        return unixNanos(BigInt(NOW) * 1_000_000_000n);
      },
    },
  });
  await expect(ask()).rejects.toThrow('the clock went back');
  expect(steps.at(-1)).toEqual(['release']);
});
