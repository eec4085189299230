// Which forwarded requests have a line of the log, and when a line is dropped. What stands in one: test/http/request-lines.test.ts.
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { feltOf } from '../../../src/domain/felt.ts';
import { createCounters } from '../../../src/telemetry/counters.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';
import { createLineRedactor } from '../../../src/telemetry/redact.ts';
import {
  createRequestLines,
  type ForwardedRequest,
  type RequestLinesOptions,
} from '../../../src/telemetry/request-lines.ts';

function setup(options: Partial<RequestLinesOptions> = {}, level = 'info') {
  const written: string[] = [];
  const counters = createCounters();
  const log = createLogger({
    level,
    redact: createLineRedactor(),
    destination: { write: (line) => void written.push(line) },
  });
  const lines = createRequestLines({
    ...{ log, counters, requests: 'changes', perMinute: 100, hasRoom: () => true },
    ...options,
  });
  const told = (event: string) => written.map((line) => JSON.parse(line)).filter((line) => line.event === event);
  return { lines, told, count: counters.requestLines.of, flush: lines.flush };
}

let made = 0;
function requestOf(account: bigint, more: Partial<ForwardedRequest> = {}): ForwardedRequest {
  made += 1;
  return {
    requestId: `id-${made}`,
    route: 'POST /v1/orders',
    clientIp: '203.0.113.7',
    principal: { credential: { account: feltOf(account), kind: 'subkey', id: '42' } },
    outcome: { kind: 'answered', status: 201 },
    status: 201,
    ms: 12.345,
    signed: undefined,
    ...more,
  };
}

describe('which requests have a line', () => {
  test.each([
    ['changes', 'info', [false, true, true]],
    ['all', 'info', [true, true, true]],
    ['off', 'info', [false, false, false]],
    ['all', 'warn', [false, false, false]],
  ] as const)(
    'with log.requests = %s at log.level = %s, GET, POST and DELETE have a line: %j',
    (requests, level, expected) => {
      const { lines } = setup({ requests }, level);
      expect(['GET', 'POST', 'DELETE'].map(lines.covers)).toEqual(expected);
    },
  );
});

test('requests that say the same have a line each, unlike all else in the log', () => {
  const { lines, told } = setup();
  for (let i = 0; i < 5; i += 1) lines.tell(requestOf(1n));
  expect(told('forwarded')).toHaveLength(5);
});

test('a request without a credential has a line without an account', () => {
  const { lines, told } = setup();
  lines.tell(requestOf(1n, { principal: undefined }));
  expect(told('forwarded')[0]).not.toHaveProperty('account');
});

describe('the bound', () => {
  test('while the log is behind, lines are dropped and counted, and leave what room there is to others', () => {
    let isBehind = true;
    const { lines, told, count, flush } = setup({ hasRoom: () => !isBehind });
    lines.tell(requestOf(1n));
    isBehind = false;
    lines.tell(requestOf(1n));
    expect([count('written'), count('log_behind'), told('forwarded').length]).toEqual([1, 1, 1]);
    flush();
    expect(told('forwarded_lines_dropped')).toMatchObject([{ count: 1, accounts: [{ account: '0x1', count: 1 }] }]);
    flush();
    expect(told('forwarded_lines_dropped')).toHaveLength(1);
  });

  test('no account has more than half of the lines of a minute, and all of them together no more than the bound', () => {
    const { lines, count } = setup({ perMinute: 1_000 });
    for (let i = 0; i < 2_000; i += 1) lines.tell(requestOf(1n));
    expect(count('written')).toBe(500);
    for (let account = 2n; account < 102n; account += 1n)
      for (let i = 0; i < 20; i += 1) lines.tell(requestOf(account));
    expect(count('written')).toBe(1_000);
    expect(count('too_many')).toBe(1_500 + 1_500);
  });

  test('the bound is for a minute: in the next one there is room again, and what was dropped has been told with at most 20 accounts', () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { lines, told, count } = setup();
    for (let i = 0; i < 200; i += 1) lines.tell(requestOf(BigInt(i)));
    expect([count('written'), count('too_many')]).toEqual([100, 100]);
    vi.advanceTimersByTime(60_000);
    const [line, ...more] = told('forwarded_lines_dropped');
    expect([line.count, line.accounts.length, more.length]).toEqual([100, 20, 0]);
    lines.tell(requestOf(1n));
    expect(count('written')).toBe(101);
  });
});

test('a number that looks like a secret passes the redactor as account, signer and hash alone', () => {
  const { lines, told } = setup();
  const felt = feltOf((1n << 250n) + 0xabcdef0123456789n);
  const credential = { kind: 'subkey', id: '42' } as const;
  lines.tell(requestOf(1n, { route: felt, signed: [{ credential, publicKey: felt, hash: BigInt(felt) }] }));
  expect(told('forwarded')[0]).toMatchObject({
    route: '[redacted]',
    signed: [{ signer: felt, credential: 'subkey:42', hashes: [felt] }],
  });
});
