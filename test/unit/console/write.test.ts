// A write whose answer may be lost: found out, never done twice, and told as it is.
import { describe, expect, test } from 'vitest';
import {
  NotMade,
  type WriteKind,
  type WriteOptions,
  type WriteState,
  write,
  writeWords,
} from '../../../console/app/connection/write.ts';
import { CountersignError, NoAnswer, WalletRefused } from '../../../src/client/errors.ts';

const said = (status: number, code: string, retryAfterSeconds?: number) =>
  new CountersignError({ status, code, message: 'x', retryAfterSeconds });
const lost = new NoAnswer('no answer in time', 'unknown');
const unsent = new NoAnswer('no answer in time', 'unsent');

async function written<T>(steps: readonly (T | Error)[], options: WriteOptions<T>) {
  const told: WriteState[] = [];
  let [calls, slept] = [0, 0];
  const work = async (): Promise<T> => {
    const step = steps[calls] as T | Error;
    calls += 1;
    if (step instanceof Error) throw step;
    return step;
  };
  const result = await write(work, options, {
    sleep: async (ms) => {
      slept += ms;
    },
    tell: (state) => told.push(state),
    noticed: () => undefined,
  });
  return { result, told: told.map(({ is }) => is), calls, slept };
}

test('what is answered is done once', async () => {
  expect(await written([7], { kind: 'make' })).toMatchObject({ result: { ok: true, value: 7 }, calls: 1, slept: 0 });
});

describe.each<WriteKind>(['delete', 'sign-out', 'change'])('a %s', (kind) => {
  test('is repeated until its answer is certain', async () => {
    const { result, told } = await written([lost, said(503, 'SERVICE_UNAVAILABLE'), unsent, 7], { kind });
    expect(result).toEqual({ ok: true, value: 7 });
    expect(told).toEqual(['busy', 'checking', 'not-yet', 'checking', 'ready']);
  });

  test('that never left is not repeated, nor is one that is refused', async () => {
    for (const error of [unsent, said(403, 'INVALID_TOKEN_SCOPE')])
      expect(await written([error], { kind })).toMatchObject({ result: { ok: false, error }, calls: 1 });
  });
});

test('only a server that could not write it down is said to have, and not whatever else answers in its place', async () => {
  for (const error of [said(502, 'HTTP_502'), said(500, 'INTERNAL_ERROR')])
    expect((await written([error, 7], { kind: 'delete' })).told).toEqual(['busy', 'checking', 'ready']);
});

test('a delete that finds nothing after its answer was lost is certain, but not the first time', async () => {
  const gone = said(404, 'NOT_FOUND');
  expect((await written([lost, gone], { kind: 'delete' })).result).toEqual({ ok: true, value: undefined });
  expect((await written([gone], { kind: 'delete' })).result).toEqual({
    ok: false,
    error: gone,
    isUncertain: false,
  });
});

test('whoever refuses to repeat a change whose answer was lost makes it no more certain, unless it is the server', async () => {
  for (const error of [new WalletRefused('the person said no', 4001), new TypeError('x')]) {
    const { result, told } = await written([lost, unsent, error], { kind: 'change' });
    expect(result).toEqual({ ok: false, error: lost, isUncertain: true });
    expect(told).toEqual(['busy', 'checking', 'checking', 'failed']);
    expect((await written([error], { kind: 'change' })).result).toEqual({ ok: false, error, isUncertain: false });
  }
  const refused = said(403, 'INVALID_TOKEN_SCOPE');
  expect((await written([lost, refused], { kind: 'change' })).result).toEqual({
    ok: false,
    error: refused,
    isUncertain: true,
  });
});

describe('what makes something', () => {
  test('is never sent again after its answer was lost: it is looked for', async () => {
    for (const error of [lost, said(500, 'INTERNAL_ERROR'), said(503, 'SERVICE_UNAVAILABLE')]) {
      const found = await written<number>([error], { kind: 'make', find: async () => 7 });
      expect(found).toMatchObject({ result: { ok: true, value: 7 }, calls: 1, told: ['busy', 'checking', 'ready'] });
      expect(await written([error], { kind: 'make' })).toMatchObject({ result: { ok: false, error }, calls: 1 });
    }
  });

  test('is told as not made where it is not there, once that is known', async () => {
    const looks = [lost, said(503, 'X'), undefined];
    const find = async () => {
      const look = looks.shift();
      if (look instanceof Error) throw look;
      return look;
    };
    const { result, calls } = await written<number>([lost], { kind: 'make', find });
    expect([calls, looks.length]).toEqual([1, 0]);
    expect(result).toEqual({ ok: false, error: expect.any(NotMade), isUncertain: false });
  });
});

test.each<WriteKind>(['delete', 'sign-out', 'change', 'make'])(
  'after too many requests a %s goes on by itself, counting',
  async (kind) => {
    const { result, told, slept } = await written([said(429, 'RATE_LIMITED', 3), 7], { kind });
    expect([result, slept]).toEqual([{ ok: true, value: 7 }, 3000]);
    expect(told).toEqual(['busy', 'waiting', 'waiting', 'waiting', 'busy', 'ready']);
    expect(writeWords({ is: 'waiting', seconds: 9 }, kind)).toBe('Too many requests. Going on in 9 s.');
  },
);

test('whoever leaves is waited for no longer, and told what is not known', async () => {
  const leaving = new AbortController();
  const options = { kind: 'delete', signal: leaving.signal } as const;
  const result = await write(
    async () => {
      leaving.abort();
      throw lost;
    },
    options,
    { sleep: async () => expect.unreachable(), tell: () => undefined, noticed: () => undefined },
  );
  expect(result).toEqual({ ok: false, error: lost, isUncertain: true });
});

test('the words of a delete that is not certain', () => {
  expect(writeWords({ is: 'checking' }, 'delete')).toBe('We do not know yet whether it was deleted. Checking…');
  expect(writeWords({ is: 'not-yet' }, 'delete')).toBe(
    'Not deleted yet. The server could not write it down, though this server refuses the key already. Trying again.',
  );
});
