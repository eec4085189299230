// What the log says once and then only counts: by whom and why, within bounds, and nobody hides anybody else.
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createLogger } from '../../../src/telemetry/logger.ts';
import { createLineRedactor } from '../../../src/telemetry/redact.ts';
import { MAX_REQUEST_IDS } from '../../../src/telemetry/repeats.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

type Line = Readonly<Record<string, unknown>>;

function logging() {
  const lines: Line[] = [];
  const log = createLogger({
    level: 'trace',
    redact: createLineRedactor(),
    destination: { write: (line) => void lines.push(JSON.parse(line)) },
  });
  const refuse = (reason: string, clientIp: string, more: Line = {}) =>
    log.info({ event: 'denied', reason, requestId: `${lines.length}`, route: 'none', clientIp, ...more });
  return { log, lines, refuse };
}

const minute = () => vi.advanceTimersByTimeAsync(60_000);
/** Without what every line has, and what a test of its own is about. */
const strip = ({ pid, hostname, time, requestIds, ...line }: Line): Line => line;

test('a refusal is logged at once, its repeats are one line a minute with their count, and then it is logged at once again', async () => {
  const { lines, refuse } = logging();
  for (let i = 0; i < 1_000; i += 1) refuse('rate_limited', '192.0.2.1');
  expect(lines.map(strip)).toEqual([
    { level: 30, event: 'denied', reason: 'rate_limited', requestId: '0', route: 'none', clientIp: '192.0.2.1' },
  ]);
  await minute();
  expect(lines.slice(1).map(strip)).toEqual([
    { level: 30, event: 'denied', reason: 'rate_limited', clientIp: '192.0.2.1', count: 999 },
  ]);
  refuse('rate_limited', '192.0.2.1');
  expect(lines).toHaveLength(3);
  await minute();
  expect(lines).toHaveLength(3);
});

test('a refusal with another reason, address, /64 or gravity has a line of its own; one from another address of the /64 has none', () => {
  const { log, lines, refuse } = logging();
  refuse('rate_limited', '192.0.2.1');
  refuse('bearer_missing', '192.0.2.1');
  refuse('rate_limited', '192.0.2.2');
  log.warn({ event: 'denied', reason: 'rate_limited', clientIp: '192.0.2.1' });
  refuse('rate_limited', '2001:db8::1');
  refuse('rate_limited', '2001:db8:0:1::1');
  expect(lines).toHaveLength(6);
  refuse('rate_limited', '2001:db8::2');
  expect(lines).toHaveLength(6);
});

test('refusals of a proven credential are counted by account, credential and route, too', async () => {
  const { lines, refuse } = logging();
  const reader = { account: '0x1', credential: 'token:tok_1', route: 'GET /v1/balance' };
  for (const more of [reader, { ...reader, credential: 'token:tok_2' }, { ...reader, route: 'GET /v1/orders' }, {}]) {
    refuse('rate_limited', '192.0.2.1', more);
    refuse('rate_limited', '192.0.2.1', more);
  }
  expect(lines).toHaveLength(4);
  await minute();
  expect(lines.slice(4).map(strip)).toContainEqual({
    ...{ level: 30, event: 'denied', reason: 'rate_limited', clientIp: '192.0.2.1', count: 1 },
    ...reader,
  });
});

test('the same failure of ours is one line whichever client runs into it; another error, cause or credential is another line', async () => {
  const { log, lines } = logging();
  const fail = (text: string, i: number) =>
    log.error({ event: 'failed', reason: 'INTERNAL_ERROR', clientIp: `192.0.2.${i % 250}`, err: new TypeError(text) });
  for (let i = 0; i < 1_000; i += 1) fail('x is not a function', i);
  fail('y is not a function', 1);
  const damaged = (account: string, column: string) =>
    log.error({ event: 'denied', account, err: new Error('unavailable', { cause: new Error(column) }) });
  for (const account of ['0x1', '0x2']) for (const column of ['a', 'b']) damaged(account, column);
  expect(lines).toHaveLength(6);
  await minute();
  expect(lines.slice(6).map(strip)).toEqual([{ level: 50, event: 'failed', reason: 'INTERNAL_ERROR', count: 999 }]);
});

test('a request id that a client was given is in the log: in the first line, or in the one that counts, of a failure of ours as of a refusal', async () => {
  const { log, lines } = logging();
  const [denied, failed] = [{ event: 'denied', reason: 'rate_limited', clientIp: '192.0.2.1' }, { event: 'failed' }];
  const ids = Array.from({ length: 5 }, () => randomUUID());
  for (const requestId of ids) {
    log.info({ ...denied, requestId });
    log.error({ ...failed, requestId, err: new Error('broken') });
  }
  await minute();
  const [first, ...others] = ids;
  expect(lines).toEqual([
    expect.objectContaining({ ...denied, requestId: first }),
    expect.objectContaining({ ...failed, requestId: first }),
    expect.objectContaining({ ...denied, count: 4, requestIds: others }),
    expect.objectContaining({ ...failed, count: 4, requestIds: others }),
  ]);
});

test('a line that counts repeats names the first request ids, and no more', async () => {
  const { log, lines, refuse } = logging();
  for (let i = 0; i < 1_000; i += 1) {
    log.info({ event: 'denied', clientIp: '192.0.2.1', requestId: String(i) });
    refuse(`reason ${i}`, '192.0.2.2');
  }
  log.info({ event: 'audit' });
  log.info({ event: 'audit' });
  const written = lines.length;
  await minute();
  const twenty = Array.from({ length: MAX_REQUEST_IDS }, (_, i) => String(i + 1));
  expect(MAX_REQUEST_IDS).toBe(20);
  expect(lines.slice(written)).toEqual([
    expect.objectContaining({ event: 'denied', count: 999, requestIds: twenty }),
    expect.objectContaining({ event: 'others', requestIds: Array(MAX_REQUEST_IDS).fill(expect.any(String)) }),
    expect.not.objectContaining({ requestIds: expect.anything() }),
  ]);
});

test('one network has a hundred lines of refusals a minute, whatever it invents; the rest is counted as of others', async () => {
  const { lines, refuse } = logging();
  // 65,536 networks are in one /48.
  for (let i = 0; i < 5_000; i += 1) refuse('rate_limited', `2001:db8:0:${i.toString(16)}::1`);
  for (let i = 0; i < 5_000; i += 1) refuse(`reason ${i}`, '192.0.2.1');
  expect(lines).toHaveLength(200);
  refuse('rate_limited', '192.0.2.2');
  expect(lines).toHaveLength(201);
  await minute();
  const others = lines.slice(201).map(strip);
  expect(others).toEqual([
    { level: 30, event: 'others', clientIp: '2001:db8:0:64::1', counts: { denied: 4_900 } },
    { level: 30, event: 'others', clientIp: '192.0.2.1', counts: { denied: 4_900 } },
  ]);
});

test('all strangers together have a thousand lines of refusals, and hide neither an owner nor a failure of ours', async () => {
  const { log, lines, refuse } = logging();
  for (let i = 0; i < 20_000; i += 1) refuse('rate_limited', `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
  expect(lines).toHaveLength(1_000);
  refuse('ip_not_allowed', '10.0.0.1', { account: '0x1', credential: 'token:tok_1' });
  log.error({ event: 'change_not_written', err: new Error('disk full') });
  expect(lines.slice(1_000).map(({ event }) => event)).toEqual(['denied', 'change_not_written']);
  await minute();
  expect(lines.slice(1_002).map(strip)).toEqual([{ level: 30, event: 'others', counts: { denied: 19_000 } }]);
});

test('one account with many credentials has a hundred lines of refusals, and another account its own', async () => {
  const { lines, refuse } = logging();
  for (let i = 0; i < 1_000; i += 1) {
    refuse('rate_limited', `192.0.2.${i % 250}`, { account: '0x1', credential: `token:tok_${i}` });
  }
  expect(lines).toHaveLength(100);
  refuse('rate_limited', '192.0.2.1', { account: '0x2', credential: 'token:tok_x' });
  expect(lines).toHaveLength(101);
  await minute();
  expect(lines.slice(101).map(strip)).toEqual([
    { level: 30, event: 'others', account: '0x1', counts: { denied: 900 } },
  ]);
});

test('repeats that were counted are told when the log is flushed, as at a stop', () => {
  const { log, lines, refuse } = logging();
  refuse('rate_limited', '192.0.2.1');
  refuse('rate_limited', '192.0.2.1');
  log.flush();
  expect(lines.slice(1).map(strip)).toEqual([
    { level: 30, event: 'denied', reason: 'rate_limited', clientIp: '192.0.2.1', count: 1 },
  ]);
  log.flush();
  expect(lines).toHaveLength(2);
});

test('a text and an error are lines of the log, too, and repeats of them are counted', () => {
  const { log, lines } = logging();
  for (let i = 0; i < 3; i += 1) {
    log.info('hello');
    log.error(new Error('broken'));
  }
  expect(lines).toHaveLength(2);
});
