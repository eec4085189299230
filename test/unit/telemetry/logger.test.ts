// The log: every line goes through the redactor, is bounded, and tells of an error only what is named.
import { expect, test } from 'vitest';
import { createLogger, MAX_LINE } from '../../../src/telemetry/logger.ts';
import { createLineRedactor, REDACTED, type Redact } from '../../../src/telemetry/redact.ts';

const JWT = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIweDEifQ.q8fH2k_Zx91LmNopQrStUv';

function logTo(redact: Redact = createLineRedactor()) {
  const lines: string[] = [];
  const log = createLogger({ level: 'trace', redact, destination: { write: (line) => void lines.push(line) } });
  return { log, lines, only: () => JSON.parse(lines.join('')) };
}

test('one event of the log is one line of JSON', () => {
  const { log, lines, only } = logTo();
  log.info({ event: 'denied', reason: 'bearer_missing' });
  expect(lines).toHaveLength(1);
  expect(lines[0]?.endsWith('}\n')).toBe(true);
  expect(only()).toMatchObject({ level: 30, event: 'denied', reason: 'bearer_missing' });
});

test('a secret in an error, in its causes, in a message or in a member does not reach the log, and does without the redactor', () => {
  const error = new Error(`cannot parse ${JWT}`, { cause: new TypeError(`refused ${JWT}`) });
  const write = ({ log }: ReturnType<typeof logTo>): void => {
    log.error({ event: 'failed', err: error });
    log.error(error);
    log.warn(`saw ${JWT}`);
    log.info({ event: 'x', cause: `header authorization: ${JWT}`, deep: { list: [JWT] } });
    log.child({ bound: JWT }).info('hello');
  };
  const on = logTo();
  write(on);
  expect(on.lines).toHaveLength(5);
  expect(on.lines.join('')).not.toContain('eyJ');
  for (const line of on.lines) expect(JSON.stringify(JSON.parse(line))).toContain(REDACTED);

  const off = logTo((line) => line);
  write(off);
  for (const line of off.lines) expect(line).toContain(JWT);
});

test('a member that is named as a secret is taken out without the search of the line, whatever it looks like', () => {
  const { log, lines, only } = logTo((line) => line);
  log.info({
    ...{ event: 'x', token: 'canary', private_key: 'canary', masterKey: 'canary' },
    headers: { authorization: 'canary', 'set-cookie': ['canary'], accept: 'text/html' },
    request: { headers: { cookie: 'canary' } },
    body: { signature: ['canary', 'canary'], side: 'BUY' },
  });
  log.child({ bearer: 'canary' }).info('hello');
  expect(lines.join('')).not.toContain('canary');
  lines.pop();
  expect(only()).toMatchObject({
    token: REDACTED,
    headers: { authorization: REDACTED, accept: 'text/html' },
    body: { signature: REDACTED, side: 'BUY' },
  });
});

test('an error in the log has its type, message, stack, code and causes, and nothing that a library hung on it', () => {
  const { log, only } = logTo();
  const parts = [new RangeError('first part'), 'second part'];
  const error = Object.assign(new Error('it failed', { cause: new AggregateError(parts, 'both') }), {
    code: 'UND_ERR_SOCKET',
    request: { headers: { cookie: 'canary' } },
    body: 'canary',
  });
  log.error({ event: 'failed', err: error });
  const { err } = only();
  expect(Object.keys(err).sort()).toEqual(['causes', 'code', 'message', 'stack', 'type']);
  expect(err).toMatchObject({ type: 'Error', message: 'it failed', code: 'UND_ERR_SOCKET' });
  expect(err.causes).toEqual(['AggregateError: both', 'RangeError: first part', 'second part']);
  expect(err.stack).toContain('logger.test.ts');
});

const secretHeaders = [
  ...['authorization', 'proxy-authorization', 'cookie', 'set-cookie'],
  ...['paradex-starknet-signature', 'paradex-evm-signature', 'countersign-upstream-secret'],
];
const secretMembers = [
  ...['signature', 'jwt', 'jwt_token', 'token', 'access_token', 'refresh_token', 'bearer', 'secret', 'password'],
  ...['passphrase', 'mnemonic', 'seed', 'private_key', 'privateKey', 'encrypted_key', 'encryptedKey'],
  ...['master_key', 'masterKey'],
];

test.each([
  ...secretHeaders.flatMap((name) => [
    [name],
    ['headers', name],
    ['request', 'headers', name],
    ['response', 'headers', name],
  ]),
  ...secretMembers.flatMap((name) => [[name], ['body', name]]),
])('pino itself takes the secret out of a member of the log, without the search of the line: %s %s %s', (...path) => {
  const { log, lines } = logTo((line) => line);
  const members = path
    .filter((name) => name !== undefined)
    .reduceRight<unknown>((held, name) => ({ [name]: held }), 'canary');
  log.info({ event: 'x', ...Object(members) });
  expect(lines.join('')).toContain(REDACTED);
  expect(lines.join('')).not.toContain('canary');
});

test('a thrown value that is no error is in the log by its type, a text as it is', () => {
  for (const [thrown, told] of [
    ['a text', 'a text'],
    [{ body: 'canary' }, 'object'],
    [undefined, undefined],
  ]) {
    const { log, only } = logTo();
    log.error({ event: 'failed', err: thrown });
    expect(only().err).toEqual(told);
  }
});

test('a chain of causes that never ends is logged in part', () => {
  const error: Error & { cause?: unknown } = new Error('round');
  error.cause = error;
  const { log, only } = logTo();
  log.error({ event: 'failed', err: error });
  expect(only().err.causes).toHaveLength(8);
});

test('no line of the log is longer than its bound, however long the texts are, and it still says when and how bad', () => {
  const { log, lines } = logTo();
  log.error({ event: 'failed', err: new Error('x'.repeat(1_000_000)) });
  log.warn({ event: 'long', text: `${JWT} ${'y '.repeat(500_000)}` });
  expect(lines).toHaveLength(2);
  for (const line of lines) expect(line.length).toBeLessThan(MAX_LINE);
  const [error, warning] = lines.map((line) => JSON.parse(line));
  expect(error).toMatchObject({ level: 50, event: 'line_cut' });
  expect(warning).toMatchObject({ level: 40, event: 'line_cut' });
  expect(warning.length).toBeGreaterThan(1_000_000);
  expect(warning.time).toBeGreaterThan(1_700_000_000_000);
  expect(warning.start).toContain('"event":"long"');
  expect(lines.join('')).not.toContain('eyJ');
});

test('a logged error whose message is long but within the line keeps its event', () => {
  const { log, only } = logTo();
  log.error({ event: 'failed', err: new Error('x '.repeat(2_500)) }, 'it failed');
  const { event, err } = only();
  expect(event).toBe('failed');
  expect(err.message).toHaveLength(2_048 + 3);
});

test('where a text in the log is cut, no half of a secret is left', () => {
  const secret = `0x${'ab'.repeat(31)}`;
  for (const length of [2_040, 2_020, 2_000]) {
    const { log, only } = logTo();
    log.error(
      { event: 'failed', err: new Error(`${'. '.repeat(length / 2)}${secret} and more words to come`) },
      'it failed',
    );
    expect(JSON.stringify(only())).not.toContain('abab');
  }
});

test('a line of the log that the redactor fails on is not written as it is, and the caller does not notice', () => {
  const { log, lines, only } = logTo(() => {
    throw new RangeError('too deep');
  });
  log.warn({ event: 'x', text: JWT });
  expect(only()).toMatchObject({ level: 40, event: 'line_not_redacted' });
  expect(lines.join('')).not.toContain(JWT);
});
