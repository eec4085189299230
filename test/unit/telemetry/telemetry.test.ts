// What each event counts, and the line it writes: who, where, why, and nothing that the caller wrote.
import { describe, expect, test } from 'vitest';
import { feltOf } from '../../../src/domain/felt.ts';
import type { Principal } from '../../../src/domain/principal.ts';
import { unixSeconds } from '../../../src/domain/time.ts';
import { ApiError, StoreFailure } from '../../../src/errors.ts';
import type { Outcome } from '../../../src/gateway/exchange.ts';
import { createCounters } from '../../../src/telemetry/counters.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';
import { createLineRedactor } from '../../../src/telemetry/redact.ts';
import { createTelemetry } from '../../../src/telemetry/telemetry.ts';

const principal: Principal = {
  credential: { account: feltOf(0xabcn), kind: 'subkey', id: '7' },
  permissions: new Set(['trade']),
  label: '0x123',
  kid: 'kid',
  session: 'canary-session',
  expiresAt: unixSeconds(2),
  authTime: unixSeconds(1),
  isolated: false,
  tokenUsage: undefined,
};
const request = { requestId: 'id-1', route: 'GET /v1/balance', clientIp: '192.0.2.1', principal };
const told = {
  requestId: 'id-1',
  route: 'GET /v1/balance',
  clientIp: '192.0.2.1',
  account: '0xabc',
  credential: 'subkey:7',
};

function telling() {
  const lines: string[] = [];
  const log = createLogger({
    level: 'trace',
    redact: createLineRedactor(),
    destination: { write: (line) => void lines.push(line) },
  });
  const counters = createCounters();
  return { counters, telemetry: createTelemetry(log, counters), line: () => JSON.parse(lines.join('')), lines };
}

describe('a denied request', () => {
  test('a denied request is one line of the log with request, route, address, account, credential and reason', () => {
    const { telemetry, line, counters } = telling();
    telemetry.denied(request, 'ip_not_allowed');
    const { level, time, pid, hostname, ...members } = line();
    expect([level, typeof time, typeof pid, typeof hostname]).toEqual([30, 'number', 'number', 'string']);
    expect(members).toEqual({ event: 'denied', reason: 'ip_not_allowed', ...told });
    expect(counters.decisions.pairs()).toContainEqual(['deny', 'ip_not_allowed', 1]);
    expect(counters.decisions.pairs()).toContainEqual(['allow', 'none', 0]);
  });

  test('a denied request without a proven credential names no account in the log', () => {
    const { telemetry, line } = telling();
    telemetry.denied({ ...request, principal: undefined }, 'bearer_missing');
    expect(line()).not.toHaveProperty('account');
    expect(line()).not.toHaveProperty('credential');
  });

  test('a denied request of the operator API is a line of the log and a count of its own', () => {
    const { telemetry, line, counters } = telling();
    telemetry.operatorDenied({ ...request, principal: undefined }, 'operator_token_wrong');
    expect(line()).toMatchObject({ level: 40, event: 'operator_denied', reason: 'operator_token_wrong' });
    expect(counters.operatorDenied.of('operator_token_wrong')).toBe(1);
    telemetry.operatorDenied({ ...request, principal: undefined }, 'bearer_missing');
    expect(counters.operatorDenied.of('bearer_missing')).toBe(1);
    expect(counters.decisions.pairs()).toContainEqual(['deny', 'bearer_missing', 0]);
  });
});

describe('an error', () => {
  test('an error that refuses is a line of the log without its text, which the caller may have had a part in', () => {
    const { telemetry, line, lines, counters } = telling();
    const error = new ApiError('INVALID_TIMESTAMP', 'canary');
    telemetry.erred(request, error, error);
    expect(line()).toMatchObject({ level: 30, event: 'refused', reason: 'INVALID_TIMESTAMP', ...told });
    expect(lines.join('')).not.toContain('canary');
    expect(counters.errors.of('INVALID_TIMESTAMP')).toBe(1);
  });

  test('an error that sheds load is logged as a refusal, too', () => {
    const { telemetry, line } = telling();
    const error = new ApiError('SERVICE_UNAVAILABLE', 'too many');
    telemetry.erred(request, error, error);
    expect(line()).toMatchObject({ level: 30, event: 'refused', reason: 'SERVICE_UNAVAILABLE' });
    expect(line()).not.toHaveProperty('err');
  });

  test.each([
    ['a defect', new ApiError('INTERNAL_ERROR', 'internal error'), new TypeError('x is not a function')],
    ['a store that failed', new ApiError('SERVICE_UNAVAILABLE', 'unavailable'), new StoreFailure('disk full')],
  ])('an error of ours, %s, is logged with its cause', (_what, answer, error) => {
    const { telemetry, line } = telling();
    telemetry.erred(request, answer, error);
    expect(line()).toMatchObject({ level: 50, event: 'failed', reason: answer.code, ...told });
    expect(line().err).toMatchObject({ type: error.name, message: error.message });
  });

  test('an error that carries its cause is logged with it', () => {
    const { telemetry, line } = telling();
    const error = new ApiError('SERVICE_UNAVAILABLE', 'unavailable', { cause: new StoreFailure('disk full') });
    telemetry.erred(request, error, error);
    expect(line()).toMatchObject({ level: 50, event: 'failed', err: { causes: ['StoreFailure: disk full'] } });
  });
});

describe('a forwarded request', () => {
  const outcomes: readonly (readonly [Outcome, Record<string, unknown> | undefined, string])[] = [
    [{ kind: 'answered', status: 500 }, undefined, 'none'],
    [
      { kind: 'refused', refusal: 'upstream_timeout', cause: new Error('why') },
      { event: 'refused_while_forwarding', reason: 'upstream_timeout', cause: 'why' },
      'upstream_timeout',
    ],
    [
      { kind: 'refused', refusal: new ApiError('PAYLOAD_TOO_LARGE', 'canary') },
      { event: 'refused_while_forwarding', reason: 'PAYLOAD_TOO_LARGE' },
      'PAYLOAD_TOO_LARGE',
    ],
    [
      { kind: 'cut', reason: 'credential_revoked' },
      { event: 'cut', reason: 'credential_revoked' },
      'credential_revoked',
    ],
    [{ kind: 'truncated' }, { event: 'exchange_ended', outcome: 'truncated' }, 'none'],
    [{ kind: 'stalled' }, { event: 'exchange_ended', outcome: 'stalled' }, 'none'],
    [{ kind: 'slow_client' }, { event: 'exchange_ended', outcome: 'slow_client' }, 'none'],
    [{ kind: 'client_gone' }, { event: 'exchange_ended', outcome: 'client_gone' }, 'none'],
  ];

  test.each(outcomes)('a forwarded request is counted and logged by its outcome: %o', (outcome, line, reason) => {
    const { telemetry, lines, counters } = telling();
    telemetry.forwarded(request, outcome);
    expect(counters.exchanges.pairs()).toContainEqual([outcome.kind, reason, 1]);
    if (line === undefined) expect(lines).toEqual([]);
    else expect(JSON.parse(lines.join(''))).toMatchObject({ ...line, ...told });
    expect(lines.join('')).not.toContain('canary');
  });

  test('forwarded requests that the venue does not answer are failures in a row, until it answers one', () => {
    const { telemetry, counters } = telling();
    telemetry.forwarded(request, { kind: 'refused', refusal: 'upstream_timeout' });
    telemetry.forwarded(request, { kind: 'refused', refusal: 'upstream_unavailable' });
    telemetry.forwarded(request, { kind: 'refused', refusal: 'order_refused' });
    telemetry.forwarded(request, { kind: 'client_gone' });
    expect(counters.venueFailuresInARow).toBe(2);
    telemetry.forwarded(request, { kind: 'answered', status: 503 });
    expect(counters.venueFailuresInARow).toBe(0);
  });
});

describe('a request under way', () => {
  const total = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0);

  test('a request under way is counted until it has ended, by who answered and how', () => {
    const { telemetry, counters } = telling();
    const statuses = [200, 302, 404, 503, undefined];
    const timings = statuses.map(() => telemetry.arrived());
    expect(counters.underWay).toBe(5);
    for (const [i, timing] of timings.entries()) telemetry.ended(timing, 'ours', statuses[i]);
    expect(counters.underWay).toBe(0);
    for (const outcome of ['2xx', '3xx', '4xx', '5xx', 'broken'] as const) {
      expect(total(counters.requests.ours[outcome].read().counts), outcome).toBe(1);
      expect(total(counters.requests.door[outcome].read().counts), outcome).toBe(0);
    }
  });

  test('a request under way is timed as far as it came', () => {
    const { telemetry, counters } = telling();
    const counted = () =>
      [counters.deciding, counters.beforeVenue, counters.venueHead].map((one) => total(one.read().counts));
    telemetry.ended(telemetry.arrived(), 'door', 401);
    expect(counted()).toEqual([0, 0, 0]);

    const decided = telemetry.arrived();
    telemetry.allowed(decided);
    telemetry.ended(decided, 'ours', 200);
    expect(counted()).toEqual([1, 0, 0]);

    const unanswered = telemetry.arrived();
    telemetry.allowed(unanswered);
    unanswered.leftAt = performance.now();
    telemetry.ended(unanswered, 'venue', 503);
    expect(counted()).toEqual([2, 1, 0]);

    const answered = telemetry.arrived();
    telemetry.allowed(answered);
    answered.leftAt = performance.now();
    answered.headAt = answered.leftAt + 2_000;
    telemetry.ended(answered, 'venue', 200);
    expect(counted()).toEqual([3, 2, 1]);
    expect(counters.venueHead.read().sum).toBeCloseTo(2);
  });
});

test('a verified signature is counted as two durations', () => {
  const { telemetry, counters } = telling();
  telemetry.verified({ waitSeconds: 0.25, computeSeconds: 0.125 });
  expect([counters.verificationWait.read().sum, counters.verificationCompute.read().sum]).toEqual([0.25, 0.125]);
});
